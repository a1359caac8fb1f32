"""Reranking of mteb by our protocol: each query's own candidates in the order of their similarity to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench import Data, DataError, ItemText, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import mean
from xlbench_mteb import searched
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.data.collections import Collection

if TYPE_CHECKING:
    from xlbench import EncodingSession

OURS = 1
"""Version of our protocol."""
LEFT_OUT = (
    "queries are left out of whose candidates none, or every one, is relevant, and those with fewer than two (how many "
    "is in the facts)"
)
NOT_LISTED = "relevant documents that are no candidates are left out: no order finds them (how many is in the facts)"
OWN = "queries are documents, too: each is left out of its own candidates (how many is in the facts)"
SEARCHES = "the model searches by itself: each query's candidates are a corpus of their own"

_METRICS: tuple[Metric, ...] = (
    mean("map", "map", description="mean average precision over each query's candidates; ties count against"),
    mean("mrr", "mrr", description="mean of 1/rank of the first relevant candidate"),
    mean("ndcg_at_10", "ndcg_at_10", description="nDCG of the first ten candidates, gains as graded"),
)


@dataclass(frozen=True)
class Loaded:
    """Queries that an order of their candidates can score, and these, by rows."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    queries: tuple[str, ...]
    document_ids: tuple[str, ...]
    documents: tuple[str, ...]
    """Those that are anybody's candidates."""
    candidates: tuple[tuple[int, int], ...]
    """(Query, document), ordered."""
    judged: tuple[tuple[int, int, int], ...]
    """(Query, document, grade), ordered; each is a candidate."""
    language: str
    notes: tuple[str, ...]
    facts: Mapping[str, int]

    def answers(self) -> list[str]:
        """A relevant candidate of each query, the first one of the highest grade."""
        best: dict[int, tuple[int, int]] = {}
        for query, document, grade in self.judged:
            best[query] = max(best.get(query, (0, 0)), (grade, -document))
        return [self.documents[-best[query][1]] for query in range(len(self.ids))]


def metrics(task: NamedTask, protocol: str) -> tuple[Metric, ...]:
    """Mean average precision first."""
    return _METRICS


def subset_of(task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data) -> Subset:
    """The queries of a subset with their candidates; `DataError` for what cannot be scored."""
    where, prefix = f"{task.name} {subset.label}", f"{task.name}:{subset.name}:"
    whole = opened.splits(subset)[split]
    lists: Mapping[str, Sequence[str]] | None = whole.get("top_ranked")
    if not lists:
        raise DataError(f"{where}: no query has a list of candidates: there is no order to score")
    asked = searched.collection(task, where, prefix, whole, data.limit)
    searched.check_candidates(where, asked, lists, whole["relevant_docs"])
    language = subset.languages[0] if len(subset.languages) == 1 else subset.label
    own = {query: item for query, (_, item) in searched.own_documents(task, asked, prefix, language).items()}
    loaded = _loaded(where, prefix, language, asked, lists, own)
    if len(subset.languages) == 1:
        searched.check_script(where, language, {"candidates": loaded.documents, "queries": loaded.queries})
    content = digest(
        "mteb reranking", *loaded.ids, *loaded.clusters, *loaded.queries, *loaded.document_ids, *loaded.documents,
        *(str(number) for rows in (loaded.candidates, loaded.judged) for row in rows for number in row),
    )  # fmt: skip
    return Subset(subset.label, subset.languages, n=len(loaded.ids), fingerprint=content, load=lambda: loaded)


def _with_order(
    where: str, prefix: str, asked: Collection, lists: Mapping[str, Sequence[str]], own: Mapping[str, str]
) -> dict[str, list[str]]:
    """The queries of whose candidates some are relevant and others are not, with these, each once and without
    themselves; `DataError` where there is none. The arguments are those of `_loaded`."""
    kept: dict[str, list[str]] = {}
    for query in asked.queries:
        listed = [one for one in dict.fromkeys(lists.get(query.removeprefix(prefix), ())) if one != own.get(query)]
        if len({asked.grades[query].get(one, 0) > 0 for one in listed}) > 1:
            kept[query] = listed
    if not kept:
        raise DataError(
            f"{where}: none of the {len(asked.queries):,} queries has candidates of which some are relevant and others "
            f"are not: there is no order to score"
        )
    return kept


def _loaded(
    where: str,
    prefix: str,
    language: str,
    asked: Collection,
    lists: Mapping[str, Sequence[str]],
    own: Mapping[str, str],
) -> Loaded:
    """What is scored. A query whose candidates are all relevant, or none of them, scores the same whatever the order.

    Args:
        where: How errors begin.
        prefix: How the ids of queries begin.
        language: Of the texts.
        asked: Queries, documents and grades.
        lists: Candidates of queries, as mteb's data has them.
        own: Query -> the document that it is itself.
    """
    kept = _with_order(where, prefix, asked, lists, own)
    named = {one for its in kept.values() for one in its}
    row_of = {one: row for row, one in enumerate(one for one in asked.documents if one in named)}
    texts = tuple(asked.documents[one] for one in row_of)
    if len(set(texts)) == 1:
        raise DataError(f"{where}: all {len(texts):,} candidates are the same ({texts[0][:40]!r})")
    pairs = sorted((number, row_of[one], query) for number, (query, its) in enumerate(kept.items()) for one in its)
    ids = tuple(row_of)
    judged = tuple(
        (number, row, asked.grades[query][ids[row]]) for number, row, query in pairs if ids[row] in asked.grades[query]
    )
    relevant = sum(grade > 0 for query in kept for one, grade in asked.grades[query].items() if one != own.get(query))
    counts = {
        "queries_without_order": len(asked.queries) - len(kept),
        "relevant_but_no_candidates": relevant - sum(grade > 0 for *_, grade in judged),
        "queries_left_out_of_their_lists": sum(
            item in lists.get(query.removeprefix(prefix), ()) for query, item in own.items()
        ),
    }
    notes = zip((LEFT_OUT, NOT_LISTED, OWN), counts.values(), strict=True)
    return Loaded(
        tuple(kept), tuple(asked.clusters[query] for query in kept), tuple(asked.queries[query] for query in kept),
        ids, texts, tuple((number, row) for number, row, _ in pairs), judged, language,
        (*asked.notes, *(note for note, count in notes if count)),
        {**asked.facts, **{name: count for name, count in counts.items() if count}},
    )  # fmt: skip


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The queries, then the candidates."""
    return [*_texts(loaded)]


def _texts(loaded: Loaded) -> Iterator[ItemText]:
    for item, text, cluster in zip(loaded.ids, loaded.queries, loaded.clusters, strict=True):
        yield ItemText(item, text, loaded.language, cluster=cluster)
    for item, text in zip(loaded.document_ids, loaded.documents, strict=True):
        yield ItemText(item, text, loaded.language)


def evaluate(task: NamedTask, protocol: str, subset: Subset, session: EncodingSession) -> Outcome:
    """Where the relevant candidates of every query stand among all of its candidates."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import candidate_lists, judgments

    assert subset.load is not None
    loaded: Loaded = subset.load()
    lists = candidate_lists.Lists(*np.array(loaded.candidates, np.int64).T)
    judged = judgments.of_rows(loaded.judged, len(loaded.ids), len(loaded.documents))
    ranks, ties = candidate_lists.ranks(loaded.queries, loaded.documents, lists, judged, session)
    sizes = lists.sizes(len(loaded.ids))
    tied = judged.per_query((ties > 0) & (judged.grade > 0)) > 0
    return Outcome(
        item_ids=loaded.ids, cluster_ids=loaded.clusters,
        item_texts=list(zip(loaded.queries, loaded.answers(), strict=True)),
        columns=candidate_lists.measures(judged, ranks), chance=candidate_lists.chance(judged, sizes),
        facts={
            "candidates": round(float(sizes.mean())), "judged": len(loaded.judged), "tie_rate": float(tied.mean()),
            **loaded.facts,
        },
        notes=(*loaded.notes, *(SEARCHES,) * session.has_search),
    )  # fmt: skip
