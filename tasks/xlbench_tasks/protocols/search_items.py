"""What a search scores: the queries of one language that have an answer, the documents, and who is judged for whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xlbench import DataError, ItemText
from xlbench_tasks.data.collections import Collection
from xlbench_tasks.data.scripts import other_script

COPIED = 0.95
"""From this share of equal documents on, the corpus of one language is a copy of another's."""

UNANSWERED = "queries without a relevant document in the corpus are left out (how many is in the facts)"

LEFT_OUT = "queries are documents, too: each is left out of its own list (how many is in the facts)"
BY_ID_ALONE = "some documents that are left out have a query's id, and not its text (how many is in the facts)"

Documents = Mapping[tuple[str, str], str]
"""(Language, id) -> text."""


@dataclass(frozen=True)
class SearchItems:
    """Queries, documents and judgments, by rows."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    queries: tuple[str, ...]
    documents: tuple[str, ...]
    languages: tuple[str, ...]
    """Of the documents."""
    document_ids: tuple[str, ...]
    judged: tuple[tuple[int, int, int], ...]
    """(Query, document, grade), ordered."""
    language: str
    """Of the queries."""
    notes: tuple[str, ...] = ()
    facts: Mapping[str, int] = field(default_factory=dict)
    own: tuple[int, ...] = ()
    """Of each query, the document that is the query itself, which its list is without; -1: none. Empty where no query
    is a document."""

    def item_texts(self, languages: Sequence[str]) -> Iterator[ItemText]:
        """The queries, and then the documents in one of ``languages``."""
        for item, text, cluster in zip(self.ids, self.queries, self.clusters, strict=True):
            yield ItemText(item, text, self.language, cluster=cluster)
        for item, text, language in zip(self.document_ids, self.documents, self.languages, strict=True):
            if language in languages:
                yield ItemText(item, text, language)

    def file_ids(self) -> tuple[list[str], list[str]]:
        """The ids of queries and documents as their files have them: without the data set's name. Where documents are
        in several languages, which may share ids, their language stands first."""
        queries = [item.partition(":")[2] or item for item in self.ids]
        documents = [(item.partition(":")[2] or item).removeprefix("document ") for item in self.document_ids]
        if len(set(self.languages)) > 1:
            documents = [f"{language}:{item}" for language, item in zip(self.languages, documents, strict=True)]
        return _distinct(queries, self.ids), _distinct(documents, self.document_ids)

    def answers(self) -> list[str]:
        """A relevant document of each query, the first one of the highest grade."""
        best: dict[int, tuple[int, int]] = {}
        for query, document, grade in self.judged:
            best[query] = max(best.get(query, (0, 0)), (grade, -document))
        return [self.documents[-best[query][1]] for query in range(len(self.ids))]


def _distinct(short: list[str], whole: Sequence[str]) -> list[str]:
    """The short ids, where they are as distinct as the whole ones; else the whole ones."""
    return short if len(set(short)) == len(short) else list(whole)


def search_items(
    language: str,
    asked: Collection,
    corpora: Mapping[str, Collection],
    where: str,
    own: Mapping[str, tuple[str, str]] | None = None,
) -> SearchItems:
    """The queries of one language, put to the documents of one or of several: what is relevant in any is relevant.

    Args:
        language: Of the queries.
        asked: The queries, with their judgments.
        corpora: The documents, by language.
        where: How errors begin.
        own: Query -> the document, (language, id), that is the query itself and is left out of its list.

    Raises:
        DataError: There is nothing to score.
    """
    own = own or {}
    documents = {(of, item): text for of, corpus in corpora.items() for item, text in corpus.documents.items()}
    row_of = {key: row for row, key in enumerate(documents)}
    kept, judged = _judged(asked, corpora, row_of, own)
    rows = tuple(row_of[own[query]] if query in own else -1 for query in kept) if own else ()
    _check(where, asked, documents, kept, judged, rows)
    of_own = _of_own(asked, corpora, documents, own)
    left_out = len(asked.queries) - len(kept)
    return SearchItems(
        tuple(kept),
        tuple(asked.clusters[query] for query in kept),
        tuple(asked.queries[query] for query in kept),
        tuple(documents.values()),
        tuple(of for of, _ in documents),
        tuple(item for _, item in documents),
        tuple(judged),
        language,
        tuple(dict.fromkeys((*asked.notes, *(note for one in corpora.values() for note in one.notes))))
        + (UNANSWERED,) * bool(left_out)
        + (LEFT_OUT,) * bool(own)
        + (BY_ID_ALONE,) * ("left_out_by_id_alone" in of_own),
        _facts({language: asked, **corpora}) | ({"queries_without_answer": left_out} if left_out else {}) | of_own,
        rows,
    )


def _judged(
    asked: Collection,
    corpora: Mapping[str, Collection],
    row_of: Mapping[tuple[str, str], int],
    own: Mapping[str, tuple[str, str]],
) -> tuple[list[str], list[tuple[int, int, int]]]:
    """The queries with a relevant document that is not themselves, and of these (query, document, grade), ordered."""
    kept: list[str] = []
    judged: list[tuple[int, int, int]] = []
    for query in asked.queries:
        found = {
            row_of[of, item]: grade
            for of, corpus in corpora.items()
            for item, grade in corpus.grades.get(query, {}).items()
            if own.get(query) != (of, item)
        }
        if max(found.values(), default=0) > 0:
            judged += [(len(kept), row, found[row]) for row in sorted(found)]
            kept.append(query)
    return kept, judged


def _of_own(
    asked: Collection, corpora: Mapping[str, Collection], documents: Documents, own: Mapping[str, tuple[str, str]]
) -> dict[str, int]:
    """How many queries leave a document out, how many judgments with it, and how often it is not the query's text."""
    counts = {
        "queries_left_out_of_their_lists": len(own),
        "judgments_left_out": sum(item in corpora[of].grades.get(query, {}) for query, (of, item) in own.items()),
        "left_out_by_id_alone": sum(asked.queries[query].strip() not in documents[key] for query, key in own.items()),
    }
    return {name: count for name, count in counts.items() if count}


def _facts(collections: Mapping[str, Collection]) -> dict[str, int]:
    """What readers have counted, with the language where there are several."""
    return {
        name if len(collections) == 1 or name.endswith(f"({language})") else f"{name} ({language})": count
        for language, one in collections.items()
        for name, count in one.facts.items()
    }


def _check(
    where: str,
    asked: Collection,
    documents: Documents,
    kept: Sequence[str],
    judged: Sequence[tuple[int, int, int]],
    own: Sequence[int],
) -> None:
    """Raise `DataError` where every encoder would score the same."""
    candidates = [len(documents) - (row >= 0) for row in own or [-1] * len(kept)]
    if len(documents) < 2:
        raise DataError(f"{where}: {len(documents)} documents: what is looked for is always found, or never")
    if not kept:
        raise DataError(
            f"{where}: none of the {len(asked.queries):,} queries has a relevant document among the "
            f"{len(documents):,}; do the judgments name the queries by the same ids?"
        )
    relevant = sum(grade > 0 for _, _, grade in judged)
    if relevant == sum(candidates):
        raise DataError(f"{where}: every document is relevant to every query: there is nothing to find")
    texts = set(documents.values())
    if len(texts) == 1:
        raise DataError(f"{where}: all {len(documents):,} documents are the same ({next(iter(texts))[:40]!r})")


def check_language(where: str, language: str, texts: Sequence[str], kind: str) -> None:
    """Raise `DataError` where texts are plainly not in the language that the card says: in another script."""
    if script := other_script(texts, language):
        raise DataError(
            f"{where}: the {kind} are written in {script} letters, and so in another language than the card says "
            f"({language}); mend the files, or say the script in its languages ({language}_Xxxx)"
        )


def check_copies(where: str, one: str, a: Collection, other: str, b: Collection) -> None:
    """Raise `DataError` where the corpora of two languages are the same."""
    texts = set(a.documents.values())
    alike = sum(text in texts for text in b.documents.values())
    if a.documents and alike >= COPIED * max(len(b.documents), 1):
        raise DataError(
            f"{where}: {alike} of the {len(b.documents)} documents of {other} are those of {one}: one file is a copy "
            f"of the other"
        )
