"""Cross-lingual retrieval over aligned texts: for each text in one language, find its translation in the other.

A subset ``a-b`` puts the texts of a as queries to the texts of b: one direction; each pair gives two subsets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataError, DataMissing, Outcome, Subset
from xlbench.core.ids import digest
from xlbench_tasks.protocols import spelling
from xlbench_tasks.protocols.aligned_texts import Pair as Pair
from xlbench_tasks.protocols.aligned_texts import align, check_pair
from xlbench_tasks.protocols.footnotes import notes_on_hubs, notes_on_notation, notes_on_ranks
from xlbench_tasks.protocols.retrieval_metrics import chance_of_ranks
from xlbench_tasks.protocols.retrieval_metrics import metrics as metrics

if TYPE_CHECKING:
    from xlbench import EncodingSession
    from xlbench_tasks.data.source import Source
    from xlbench_tasks.data.splits import DataSet

VERSION = 5

OPTIONS: Mapping[str, Any] = {"pairs": str}
"""``pairs``: a language code (all pairs with that language) or ``all`` (every ordered pair)."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"pairs": ("all",)}


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """Both directions of every pair with a wanted language: those at hand, then (marked as missing) those that only the
    card declares. Other pairs are not read."""
    source = data_set.test
    present = source.languages()
    absent = [language for language in languages if language not in present]
    pivot = options.get("pairs", "all")
    if pivot != "all" and pivot not in present:
        raise DataMissing(source.why_missing(pivot))
    wanted = data.languages
    for query, candidate in _pairs(pivot, present, present, wanted):
        yield _subset(source, query, candidate, is_sample=data.limit is not None)
    for query, candidate in _pairs(pivot, present, [*present, *absent], wanted):
        gone = [language for language in (query, candidate) if language in absent]
        if gone:
            yield Subset(f"{query}-{candidate}", (query, candidate), missing=source.why_missing(gone[0]))


def _pairs(pivot: str, one: Sequence[str], other: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Ordered pairs with at least one language of ``one`` and, where any is ``wanted``, one of those, each once; all
    with the pivot unless it is ``all``."""
    for first in one if pivot == "all" else [pivot]:
        for second in other:
            if first != second and (not wanted or first in wanted or second in wanted):
                yield first, second
                if second not in one or pivot != "all":
                    yield second, first


def _subset(source: Source, query: str, candidate: str, *, is_sample: bool) -> Subset:
    try:
        a, b = source.read(query), source.read(candidate)
        pair = align(a, b)
        check_pair(source.name, query, a, candidate, b, pair, is_sample=is_sample)
    except DataError as damage:
        return Subset(f"{query}-{candidate}", (query, candidate), damaged=str(damage))
    except DataMissing as missing:  # a file with nothing in it
        return Subset(f"{query}-{candidate}", (query, candidate), missing=str(missing))
    return Subset(
        f"{query}-{candidate}",
        (query, candidate),
        n=len(pair.ids),
        fingerprint=digest(a.fingerprint(), b.fingerprint()),
        load=lambda: pair,
    )


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Rank every query's translation among all candidates."""
    from xlbench_tasks.protocols.numbers import ranking

    if subset.load is None:
        raise DataMissing(subset.missing)
    pair: Pair = subset.load()
    queries, candidates = session.encode(pair.queries), session.encode(pair.candidates)
    ranked = ranking.rank_pairs(queries, candidates, pair.candidates, session.similarity, session.compared)
    m, n = ranked.candidates, len(pair.ids)
    repeated = n - m
    return Outcome(
        item_ids=pair.ids,
        cluster_ids=pair.clusters,
        item_texts=list(zip(pair.queries, pair.candidates, strict=True)),
        columns=ranked.columns,
        chance={**chance_of_ranks(m), "margin_accuracy": 1 / m, "csls_accuracy": 1 / m, "mteb_accuracy": 1 / n},
        facts={
            "candidates": m,
            "repeated_candidates": repeated,
            "tie_rate": ranked.tie_rate,
            **ranked.hubs,
            **spelling.facts(pair.queries, pair.candidates),
            **pair.facts,
        },
        notes=(
            *pair.notes,
            *notes_on_ranks(repeated, ranked.tie_rate),
            *notes_on_notation(pair.candidates),
            *notes_on_hubs(ranked.columns),
        ),
    )
