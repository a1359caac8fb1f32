"""Retrieval and reranking of mteb: by our search over all documents, or by mteb's measures of its own runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from xlbench import (
    Columns,
    Data,
    DataError,
    DataMissing,
    EncoderError,
    FoundDocuments,
    ItemText,
    Metric,
    Outcome,
    Subset,
)
from xlbench.core.ids import digest
from xlbench.stats.metrics import mean
from xlbench_mteb import registry, scored
from xlbench_mteb.columns import complete
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.data.collections import Collection
from xlbench_tasks.data.scripts import other_script
from xlbench_tasks.protocols import search
from xlbench_tasks.protocols.search_items import SearchItems, search_items
from xlbench_tasks.protocols.similarity import of_all_pairs

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession

OURS = search.VERSION
"""Version of our protocol."""
MEASURES: Mapping[str, str] = {
    "ndcg": "ndcg_cut_{}", "map": "map_cut_{}", "recall": "recall_{}", "precision": "P_{}", "hit_rate": "success_{}",
}  # fmt: skip
"""How metrics begin -> what mteb calls them of a query; each is a mean that mteb rounds to five places."""
CONFIDENCES = ("max", "std", "diff1")
"""By what of its similarities mteb takes an encoder to be sure of a query."""
EMPTY = "queries or documents without a text are taken as they are (how many is in the facts)"
NO_ANSWER = (
    "queries without a relevant document among what they are put to score 0 whatever the encoder, as by mteb (how many "
    "is in the facts)"
)
UNKNOWN_QUERIES = "judgments of queries that the data lacks are left out (how many queries is in the facts)"
UNKNOWN = "judgments of documents that the corpus lacks are left out (how many is in the facts)"


@dataclass(frozen=True)
class Loaded:
    """The queries, documents and judgments of a subset."""

    items: SearchItems
    """For our protocol."""
    asked: Collection
    """All of it, by ids; those of queries begin with `prefix`."""
    prefix: str
    opened: Opened
    subset: SubsetOfTask
    split: str


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Ours, nDCG first; or mteb's, its main score first."""
    if protocol == "xlbench":
        return search.metrics({})
    cuts = tuple(task.mteb.k_values)
    theirs = [_rounded(f"{name}_at_{cut}", f"{name}_at_{cut}") for name in MEASURES for cut in cuts]
    theirs += [mean(f"mrr_at_{cut}", f"mrr_at_{cut}", description=f"mteb's mrr_at_{cut}") for cut in cuts]
    theirs += [_rounded("accuracy", "recall_at_1")] if 1 in cuts else []
    theirs += [
        of_all_pairs(
            f"nauc_{name}_at_{cut}_{sure}", partial(_nauc, f"{name}_at_{cut}", sure),
            (float("-inf"), float("inf")), f"how well {sure} of the similarities foretells {name}_at_{cut} (nAUC)",
        )
        for name in ("ndcg", "map", "recall", "precision", "mrr") for cut in cuts for sure in CONFIDENCES
    ]  # fmt: skip
    return tuple(sorted(theirs, key=lambda metric: metric.name != task.mteb.metadata.main_score))


def _rounded(name: str, column: str) -> Metric:
    """A mean as mteb has it: rounded to five places, which every query bears its part of."""

    def values(columns: Columns) -> np.ndarray:
        import numpy as np

        found = np.asarray(columns[column], np.float64)
        shown = round(sum(found.tolist()) / len(found), 5)
        moved: np.ndarray = found + (shown - found.mean())
        return moved

    return mean(name, values, description=f"mteb's {name}")


def _nauc(column: str, sure: str, columns: Columns) -> tuple[float, np.ndarray]:
    import numpy as np

    from xlbench_mteb import abstention

    return abstention.nauc(*(np.asarray(columns[name], np.float64) for name in (f"similarity_{sure}", column)))


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """The queries of a subset, and what they are put to; `DataError` for what cannot be scored."""
    where, prefix = f"{task.name} {subset.label}", f"{task.name}:{subset.name}:"
    language = subset.languages[0] if len(subset.languages) == 1 else subset.label
    whole = opened.splits(subset)[split]
    asked = collection(task, where, prefix, whole, data.limit)
    if whole.get("top_ranked"):
        check_candidates(where, asked, whole["top_ranked"], whole["relevant_docs"])
    items = search_items(language, asked, {language: asked}, where, own_documents(task, asked, prefix, language))
    content = digest(
        "mteb search", *items.ids, *items.clusters, *items.queries, *items.document_ids, *items.documents,
        *(str(number) for row in items.judged for number in row), *(f"own {row}" for row in items.own),
    )  # fmt: skip
    return Subset(
        subset.label, subset.languages, n=len(items.ids), fingerprint=content,
        load=lambda: Loaded(items, asked, prefix, opened, subset, split),
    )  # fmt: skip


def collection(task: NamedTask, where: str, prefix: str, found: Mapping[str, Any], limit: int | None) -> Collection:
    """Queries with judgments, documents, and grades, as mteb reads them."""
    documents = _by_id(where, "documents", found["corpus"], "document")
    queries = _by_id(where, "queries", found["queries"], "query")
    judged = {query: grades for query, grades in found["relevant_docs"].items() if query in queries and grades}
    kept = [query for query in queries if query in judged][:limit]
    row_of = {document: row for row, document in enumerate(documents)}
    grades = {
        query: {document: max(0, int(grade)) for document, grade in judged[query].items() if document in documents}
        for query in kept
    }
    lost = sum(len(judged[query]) - len(grades[query]) for query in kept)
    of_unknown = sum(bool(its) and query not in queries for query, its in found["relevant_docs"].items())

    def cluster(query: str) -> str:
        """By the first relevant document, which questions on one passage share: its row in translated data."""
        right = [document for document, grade in grades[query].items() if grade > 0]
        if not right:
            return f"{task.name}:{digest(queries[query])[:16]}"
        first = min(right, key=row_of.__getitem__)
        return f"{task.name}:{row_of[first] + 1 if task.is_translated else digest(documents[first])[:16]}"

    counts = {
        "judgments_of_unknown_documents": lost,
        "judged_queries_unknown": of_unknown,
        "empty_queries": sum(not queries[query].strip() for query in kept),
        "empty_documents": sum(not text.strip() for text in documents.values()),
    }
    has_empty = counts["empty_queries"] or counts["empty_documents"]
    return Collection(
        {f"{prefix}{query}": queries[query] for query in kept}, {f"{prefix}{query}": cluster(query) for query in kept},
        documents, {f"{prefix}{query}": its for query, its in grades.items()},
        (UNKNOWN,) * bool(lost) + (UNKNOWN_QUERIES,) * bool(of_unknown) + (EMPTY,) * bool(has_empty),
        {name: count for name, count in counts.items() if count},
    )  # fmt: skip


def check_candidates(
    where: str, asked: Collection, lists: Mapping[str, Sequence[str]], judged: Mapping[str, Mapping[str, int]]
) -> None:
    """Raise `DataError` where the lists of queries have unknown documents, or leave nothing to be found."""
    for query, its in lists.items():
        if lacking := next((document for document in its if document not in asked.documents), None):
            raise DataError(f"{where}: the query {query!r} has the candidate {lacking!r}, which the corpus lacks")
    if all(len(set(its)) < 2 for its in lists.values()):
        raise DataError(f"{where}: no query has two candidates: there is no order to score")
    if all(_is_lost(query, judged, its) for query, its in lists.items()):
        raise DataError(f"{where}: no query has a relevant document among its candidates: there is nothing to find")


def _is_lost(query: str, judged: Mapping[str, Mapping[str, int]], among: Container[str]) -> bool:
    """Whether no document that is relevant to a query is among some."""
    return not any(grade > 0 and document in among for document, grade in judged.get(query, {}).items())


def _by_id(where: str, kind: str, table: Any, role: str) -> dict[str, str]:
    """Id -> text, as mteb hands it to encoders."""
    ids = list(map(str, table["id"]))
    if len(set(ids)) < len(ids):
        twice, times = Counter(ids).most_common(1)[0]
        raise DataError(f"{where}: {times:,} {kind} have the id {twice!r}: mend the data")
    if "text" not in table.column_names:
        raise DataError(f"{where}: its {kind} are no texts, for which there is no protocol here")
    complete(f"{where}, {kind}", "text", table["text"])
    return dict(zip(ids, registry.texts_of_search(table, role), strict=True))


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The queries, then the documents."""
    return list(loaded.items.item_texts((loaded.items.language,)))


def own_documents(task: NamedTask, asked: Collection, prefix: str, language: str) -> dict[str, tuple[str, str]]:
    """Query -> the document of the same id, which mteb leaves out of its list; none where the task does not ask so."""
    if not task.mteb.ignore_identical_ids:
        return {}
    named = ((query, query.removeprefix(prefix)) for query in asked.queries)
    return {query: (language, item) for query, item in named if item in asked.documents}


def check_script(where: str, language: str, texts: Mapping[str, Sequence[str]]) -> None:
    """Raise `DataError` where texts, by what they are, are plainly not in the one language that mteb says: in another
    script."""
    for kind, its in texts.items():
        if script := other_script(its, language):
            raise DataError(
                f"{where}: the {kind} are written in {script} letters, and so in another language than mteb says "
                f"({language}): mend the data, or say ?protocol=mteb"
            )


def _check_ours(task: NamedTask, loaded: Loaded) -> None:
    """Raise `DataError` where texts are in another script than their language's, and where mteb leaves out whatever is
    found first, which no id tells from an answer."""
    where = f"{task.name} {loaded.subset.label}"
    if len(loaded.subset.languages) == 1:
        of_kinds = {"documents": loaded.items.documents, "queries": loaded.items.queries}
        check_script(where, loaded.items.language, of_kinds)
    if task.mteb.skip_first_result:
        raise DataError(
            f"{where}: mteb leaves out of each list what is found first, whatever it is, for "
            f"which there is no protocol of ours: say ?protocol=mteb"
        )


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """The search protocol's outcome, or mteb's measures of every query in its own run."""
    import numpy as np

    assert subset.load is not None
    loaded: Loaded = subset.load()
    if protocol == "xlbench":
        _check_ours(task, loaded)
        return search.evaluate(replace(subset, load=lambda: loaded.items), session, {})
    if session.has_search:
        raise EncoderError("the model searches by itself, and protocol=mteb compares vectors: use protocol=xlbench")
    ready = loaded.opened.ready(loaded.subset)
    found = scored.score(ready, loaded.subset, loaded.split, session)
    whole = loaded.opened.splits(loaded.subset)[loaded.split]
    judged, lists = whole["relevant_docs"], whole.get("top_ranked")
    told = registry.measures_of_search(ready, found.predictions, judged)
    columns = {
        f"{name}_at_{cut}": np.array([told.of_query[query][key.format(cut)] for query in told.run])
        for name, key in MEASURES.items() for cut in ready.k_values
    }  # fmt: skip
    columns |= {f"mrr_at_{cut}": np.array(told.mrr[f"MRR@{cut}"]) for cut in ready.k_values}
    columns |= {f"similarity_{name}": np.array([sure[name] for sure in told.sure]) for name in CONFIDENCES}
    if not any(len(set(near.values())) > 1 for near in told.run.values()):
        raise EncoderError("the encoder finds all documents of a query equally near: their order is none of its own")
    scored.check(metrics(task, protocol), columns, found.scores, f"{task.name} {loaded.subset.name}")
    ids = [f"{loaded.prefix}{query}" for query in told.run]
    every = loaded.asked.documents
    lost = sum(_is_lost(query, judged, lists.get(query, ()) if lists else every) for query in told.run)
    return Outcome(
        item_ids=ids, cluster_ids=[loaded.asked.clusters[item] for item in ids], columns=columns,
        item_texts=[(loaded.asked.queries[item],) for item in ids],
        notes=(*loaded.asked.notes, *(NO_ANSWER,) * bool(lost)),
        facts={"candidates": len(every), **loaded.asked.facts,
               **({"queries_without_answer": lost} if lost else {}),
               **scored.facts_of(task, loaded.subset, loaded.split)},
    )  # fmt: skip


def find(task: NamedTask, subset: Subset, session: EncodingSession, depth: int) -> FoundDocuments:
    """The first ``depth`` documents of every query by our protocol, with the ids of mteb's data."""
    if subset.load is None:
        raise DataMissing(subset.missing or subset.damaged)
    loaded: Loaded = subset.load()
    _check_ours(task, loaded)
    found = search.find(replace(subset, load=lambda: loaded.items), session, depth)
    queries = [item.removeprefix(loaded.prefix) for item in loaded.items.ids]
    return replace(found, queries=queries, documents=loaded.items.document_ids)
