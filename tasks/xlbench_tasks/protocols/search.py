"""Document search: for each query, find the documents that were judged to be relevant, among all of a corpus.

A subset ``hin`` puts the queries of hin to the documents of hin; ``eng-hin`` those of eng to the documents of hin. With
``pooled``, a subset ``hin`` puts the queries of hin to the documents of all languages together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataError, DataMissing, FoundDocuments, Metric, Outcome, Subset, UsageError
from xlbench.core.ids import digest
from xlbench.stats.metrics import mean, share
from xlbench_tasks.data.collections import Collection, collection_of
from xlbench_tasks.data.text import twins
from xlbench_tasks.protocols.language_pairs import WORDS, crossing_name, crossings
from xlbench_tasks.protocols.search_items import SearchItems, check_copies, check_language, search_items

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.source import Source
    from xlbench_tasks.data.splits import DataSet
    from xlbench_tasks.protocols.numbers.searches import Found

VERSION = 1

OPTIONS: Mapping[str, Any] = {"pairs": list[str], "pooled": bool}
"""``pairs``: which queries are put to which documents: ``within`` (each language's to its own), ``all`` (to those of
every other language), or language codes (from and to these); ``pooled``: all documents are one corpus, in place of
pairs."""

FIRST = 10
"""So many documents are looked at for their languages."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"pairs": WORDS}

_METRICS: tuple[Metric, ...] = (
    mean(
        "ndcg_at_10", "ndcg_at_10", description="nDCG of the first ten documents, gains as graded; ties count against"
    ),
    mean("mrr_at_10", "mrr_at_10", description="mean of 1/rank of the first relevant document, 0 beyond the tenth"),
    mean("recall_at_10", "recall_at_10", description="share of the relevant documents among the first ten"),
    mean("recall_at_100", "recall_at_100", description="share of the relevant documents among the first hundred"),
    mean("map", "map", description="mean average precision, over all documents"),
    share("precision_at_1", "precision_at_1", "share of queries whose first document is relevant"),
    mean("precision_at_10", "precision_at_10", description="relevant documents among the first ten, over ten"),
    mean("judged_at_10", "judged_at_10", description="share of the first ten documents that anybody has judged"),
)

_OF_LANGUAGES: tuple[Metric, ...] = (
    mean("own_language_at_10", "own_at_10", description="share of the first ten documents in the query's language"),
    replace(
        mean("language_bias", lambda columns: columns["own_at_10"] - columns["own_share"], (-1.0, 1.0)),
        interval="mean",
        description="that share less the share of all documents that are in the query's language",
    ),
)
"""Of documents in several languages together."""


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first."""
    if not options.get("pooled"):
        return _METRICS
    if options.get("pairs"):
        raise UsageError("pooled puts every language's queries to all documents: leave pairs out")
    return (*_METRICS, *_OF_LANGUAGES)


class _Collections:
    """The collections of a source, each made and looked through once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._known: dict[str, Collection] = {}

    def of(self, language: str) -> Collection:
        """The collection of a language; `DataError` where it is in the script of another."""
        if language not in self._known:
            where = f"{self.source.name} {language}"
            found = collection_of(self.source.read(language), where)
            check_language(where, language, list(found.documents.values()), "documents")
            check_language(where, language, list(found.queries.values()), "queries")
            self._known[language] = found
        return self._known[language]

    def fingerprint(self, *languages: str) -> str:
        """Identity of what a subset is made from."""
        return digest("search", *(self.source.read(language).fingerprint() for language in languages))


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """The subsets at hand, then (marked as missing) those that only the card declares."""
    source = data_set.test
    collections, present = _Collections(source), source.languages()
    for query, corpora in _asked(options, [language for language in languages if language in present]):
        if (subset := _subset(collections, query, corpora)) is not None:
            yield subset
    for query, corpora in _asked(options, languages):
        gone = [language for language in (query, *corpora) if language not in present]
        if gone and (len(corpora) == 1 or query in gone):
            yield Subset(_name(query, corpora), _languages(query, corpora), missing=source.why_missing(gone[0]))


def _asked(options: Mapping[str, Any], languages: Sequence[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """A language of queries, and those of the documents that they are put to."""
    if options.get("pooled"):
        yield from ((query, tuple(languages)) for query in languages)
        return
    for query, corpus in crossings(options.get("pairs", ["within"]), languages):
        yield query, (corpus,)


def _name(query: str, corpora: Sequence[str]) -> str:
    return query if len(corpora) > 1 else crossing_name(query, corpora[0])


def _languages(query: str, corpora: Sequence[str]) -> tuple[str, ...]:
    """Those of a subset; where documents are in all languages, that of the queries alone."""
    return (query,) if len(corpora) > 1 else tuple(dict.fromkeys((query, corpora[0])))


def _subset(collections: _Collections, query: str, corpora: Sequence[str]) -> Subset | None:
    """The subset; None where there are no queries, or no documents, in its languages."""
    name, languages = _name(query, corpora), _languages(query, corpora)
    try:
        asked = collections.of(query)
        found = {language: one for language in corpora if (one := collections.of(language)).documents}
        if not asked.queries or not found:
            return None
        if len(corpora) > 1 and len(found) < 2:
            raise DataMissing(f"{collections.source.name} has documents in {', '.join(found)} alone: none to pool")
        where = f"{collections.source.name} {name}"
        for language, corpus in found.items():
            if language != query:
                check_copies(where, query, asked, language, corpus)
        items = search_items(query, asked, found, where)
    except DataError as damage:
        return Subset(name, languages, damaged=str(damage))
    except DataMissing as missing:  # a file with nothing in it
        return Subset(name, languages, missing=str(missing))
    return Subset(
        name,
        languages,
        n=len(items.ids),
        fingerprint=collections.fingerprint(query, *corpora),
        load=lambda: items,
    )


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Rank the judged documents of every query among all."""
    from xlbench_tasks.protocols.numbers import judgments, searches

    if subset.load is None:
        raise DataMissing(subset.missing)
    items: SearchItems = subset.load()
    judged = judgments.of_rows(items.judged, len(items.queries), len(items.documents), items.own)
    found = searches.search_of(items.queries, items.documents, session, judged.own)
    ranks, ties = found.ranks(judged)
    own = _of_languages(items, found) if options.get("pooled") else OfLanguages()
    tie_rate = float((judged.per_query((ties > 0) & (judged.grade > 0)) > 0).mean())
    repeated = len(items.documents) - len(set(items.documents))
    return Outcome(
        item_ids=items.ids,
        cluster_ids=items.clusters,
        item_texts=list(zip(items.queries, items.answers(), strict=True)),
        columns={**judgments.measures(judged, ranks), **own.columns},
        chance={**judgments.chance(judged), **own.chance},
        facts={
            "candidates": len(items.documents),
            "repeated_candidates": repeated,
            "tie_rate": tie_rate,
            "judged": len(items.judged),
            **own.facts,
            **items.facts,
        },
        notes=(*items.notes, *_notes(items, repeated, tie_rate), *found.notes()),
    )


def find(subset: Subset, session: EncodingSession, depth: int) -> FoundDocuments:
    """The first ``depth`` documents of every query, in the order that `evaluate` scores. Ids are those of the files; of
    documents in several languages, with the language before them (``hin:d7``)."""
    from xlbench_tasks.protocols.numbers import judgments, searches

    if subset.load is None:
        raise DataMissing(subset.missing or subset.damaged)
    items: SearchItems = subset.load()
    judged = judgments.of_rows(items.judged, len(items.queries), len(items.documents), items.own)
    found = searches.search_of(items.queries, items.documents, session, judged.own)
    places, scores = found.first(depth, judged)
    queries, documents = items.file_ids()
    return FoundDocuments(items.ids, queries, documents, places, scores, items.judged)


@dataclass(frozen=True)
class OfLanguages:
    """What is to be said of the languages of the first ten documents; nothing, where all are in one."""

    columns: dict[str, np.ndarray] = field(default_factory=dict)
    chance: dict[str, float] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)


def _of_languages(items: SearchItems, search: Found) -> OfLanguages:
    """The share of each language among the first documents found, and of all documents, those of the query's language.
    Of a query that finds nothing it is as of all."""
    import numpy as np

    names = list(dict.fromkeys(items.languages))
    codes = np.array([names.index(language) for language in items.languages])
    of_all = np.bincount(codes, minlength=len(names)) / len(codes)
    shares = search.shares(FIRST, codes, len(names))
    shares = np.where(np.isnan(shares), of_all, shares).T
    own = names.index(items.language) if items.language in names else None
    in_own, share = (np.zeros(len(items.ids)), 0.0) if own is None else (shares[own], float(of_all[own]))
    return OfLanguages(
        {"own_at_10": in_own, "own_share": np.full(len(items.ids), share)},
        {"own_language_at_10": share, "language_bias": 0.0},
        {f"share_at_10:{name}": float(shares[code].mean()) for code, name in enumerate(names)},
    )


def _notes(items: SearchItems, repeated: int, tie_rate: float) -> Iterator[str]:
    if repeated:
        yield "documents with the same text are several, of which those that are not judged stand first"
    if tie_rate > 0:
        yield "a document exactly as near as a relevant one counts against the model (tie rate: Data warnings)"
    if count := twins(items.documents):
        yield f"{count} documents differ from another in notation alone (NFC, NFD): they are taken as they are"
