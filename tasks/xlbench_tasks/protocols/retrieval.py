"""Cross-lingual retrieval over aligned texts: for each text in one language, find its translation in the other.

A subset ``a-b`` puts the texts of a as queries to the texts of b: one direction; each pair gives two subsets.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import Column, mean, share
from xlbench_tasks.data.text import twins
from xlbench_tasks.protocols import spelling
from xlbench_tasks.protocols.numbers.rank_metrics import OF_RANK

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench_tasks.data.records import Records
    from xlbench_tasks.data.source import Source
    from xlbench_tasks.data.splits import DataSet

VERSION = 5

COPIED = 0.95
"""From this share of equal texts on, one side is a copy of the other. The languages and countries of Unicode's CLDR are
written alike in the two written standards of Norwegian, the nearest pair of languages that was tried, to 87%."""

OPTIONS: Mapping[str, Any] = {"pairs": str}
"""``pairs``: a language code (all pairs with that language) or ``all`` (every ordered pair)."""

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"pairs": ("all",)}


def _f1_influence(columns: Columns) -> np.ndarray:
    """Influence of an item on the weighted F1 over targets, each of which is the truth of exactly one query.

    With q = 1 + (times predicted) and F = 2 hit / q per target, item i with truth t and prediction p moves the mean of
    F by F_t + F_t (q_t - 1) / q_t - F_p / q_p - mean, over n (derivative of the mean by the counts).
    """
    import numpy as np

    truth, predicted = np.asarray(columns["row"]), np.asarray(columns["mteb_row"])
    q = 1.0 + np.bincount(predicted, minlength=len(predicted))
    f1 = np.zeros(len(truth))
    f1[truth] = 2.0 * (truth == predicted) / q[truth]
    moved: np.ndarray = f1[truth] + (f1 * (q - 1) / q)[truth] - (f1 / q)[predicted]
    moved -= f1.mean()
    return moved


def _f1_share(columns: Columns) -> np.ndarray:
    """What each query adds to the weighted F1 over targets: 2 / (1 + times predicted) where it is a hit."""
    import numpy as np

    truth, predicted = np.asarray(columns["row"]), np.asarray(columns["mteb_row"])
    shares: np.ndarray = 2.0 * (truth == predicted) / (1.0 + np.bincount(predicted, minlength=len(truth))[truth])
    return shares


def _weighted_f1() -> Metric:
    base = mean("mteb_f1", _f1_share, description="mteb's weighted F1 over target indices")
    # Resampling would repeat targets, each of which has exactly one query.
    return replace(base, interval="jackknife", influence=_f1_influence, through_others=_f1_through_others)


def _f1_through_others(columns: Columns) -> np.ndarray:
    """What a row gives to the weighted F1 by being predicted: some of its queries would be right without it.

    (That others of them would then predict another wrong row, which lowers that one's F1 a little, is left out.)
    """
    import numpy as np

    truth, predicted = np.asarray(columns["row"]), np.asarray(columns["mteb_row"])
    size = 1 + max(truth.max(), predicted.max())
    gain = np.where(columns["mteb_second"], 2 / (2.0 + np.bincount(predicted, minlength=size)[truth]), 0.0)
    return shrunk(np.bincount(predicted, gain, size)[truth], float(np.mean(gain**2)))


def _accuracy_through_others(columns: Columns) -> np.ndarray:
    """Less the queries that would be right if this row, which they predict, were not there."""
    import numpy as np

    truth, predicted, late = (np.asarray(columns[name]) for name in ("row", "mteb_row", "mteb_second"))
    taken = np.bincount(predicted[late], minlength=1 + max(truth.max(), predicted.max()))[truth]
    return shrunk(taken, float(np.mean(late)))


def shrunk(taken: np.ndarray, noise: float) -> np.ndarray:
    """The influence through others, from what each candidate takes (n,): deviations from the mean, shrunk.

    What a candidate takes is a sum over those queries that happen to be there; of its variance, ``noise`` (the mean
    over queries of the squares of what is taken from each) is their chance, which the queries' own part holds already.
    Left in, it would count twice (the jackknife's bias: Efron and Stein 1981), and intervals cover up to 99.5%.
    """
    import numpy as np

    mean, variance = taken.mean(), taken.var()
    kept = np.sqrt(max(0.0, 1 - noise / variance)) if variance > 0 else 0.0
    influence: np.ndarray = -(mean + kept * (taken - mean))
    return influence


def _through_ranks(name: str) -> Callable[[Columns], np.ndarray]:
    def through_others(columns: Columns) -> np.ndarray:
        import numpy as np

        f, rank = OF_RANK[name], np.asarray(columns["rank"])
        gain = np.subtract(f(np.maximum(rank - 1, 1)), f(rank), dtype=np.float64)
        return shrunk(np.asarray(columns[f"taken_{name}"], np.float64), float(np.mean(gain**2 * (rank - 1))))

    return through_others


def _through_counts(name: str) -> Callable[[Columns], np.ndarray]:
    """A query is right or not, so what is taken from it is 1 or -1, and the square is its size."""

    def through_others(columns: Columns) -> np.ndarray:
        import numpy as np

        taken = np.asarray(columns[f"taken_{name}"], np.float64)
        return shrunk(taken, float(np.abs(taken).mean()))

    return through_others


def _of_rank(name: str, make: Callable[..., Metric], description: str) -> Metric:
    f = OF_RANK[name]
    metric = make(name, lambda columns: f(columns["rank"]), description=description)
    return replace(metric, through_others=_through_ranks(name))


def _cosine(name: str, column: Column, bounds: tuple[float, float], description: str) -> Metric:
    """A mean of bounded, light-tailed numbers: the t interval covers, and there is nothing for a bootstrap to add."""
    return replace(mean(name, column, bounds, description), interval="mean")


RANKS: tuple[Metric, ...] = (
    _of_rank("accuracy", share, "the translation comes first (P@1); ties count against"),
    _of_rank("recall_at_5", share, "the translation is among the first five"),
    _of_rank("recall_at_10", share, "the translation is among the first ten"),
    _of_rank("mrr", mean, "mean reciprocal rank of the translation"),
)
"""What follows from the rank of the translation alone."""

_METRICS: tuple[Metric, ...] = (
    *RANKS,
    replace(
        share("margin_accuracy", "margin_hit", "first by ratio margin over 4 neighbors, as in xsim"),
        through_others=_through_counts("margin_accuracy"),
    ),
    replace(
        share("csls_accuracy", "csls_hit", "first by CSLS over 10 neighbors, which allows for hubs"),
        through_others=_through_counts("csls_accuracy"),
    ),
    replace(
        share("mteb_accuracy", lambda c: c["row"] == c["mteb_row"], "mteb's accuracy: argmax over raw rows"),
        through_others=_accuracy_through_others,
    ),
    _weighted_f1(),
    _cosine("cosine_true", "cosine_true", (-1.0, 1.0), "mean cosine of translations"),
    _cosine("cosine_random", "cosine_random", (-1.0, 1.0), "mean cosine of a text and all others' translations"),
    _cosine("cosine_gap", lambda c: c["cosine_true"] - c["cosine_random"], (-2.0, 2.0), "true minus random cosine"),
)


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; no option changes them."""
    return _METRICS


@dataclass(frozen=True)
class Pair:
    """Aligned texts, queries and candidates: row i of one translates row i of the other."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    queries: tuple[str, ...]
    candidates: tuple[str, ...]
    notes: tuple[str, ...]
    facts: Mapping[str, int]


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """Both directions of every pair: those at hand, then (marked as missing) those that only the card declares."""
    source = data_set.test
    present = source.languages()
    absent = [language for language in languages if language not in present]
    pivot = options.get("pairs", "all")
    if pivot != "all" and pivot not in present:
        raise DataMissing(source.why_missing(pivot))
    for query, candidate in _pairs(pivot, present, present):
        yield _subset(source, query, candidate, is_sample=data.limit is not None)
    for query, candidate in _pairs(pivot, present, [*present, *absent]):
        gone = [language for language in (query, candidate) if language in absent]
        if gone:
            yield Subset(f"{query}-{candidate}", (query, candidate), missing=source.why_missing(gone[0]))


def _pairs(pivot: str, one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Ordered pairs with at least one language of ``one``, each once; all with the pivot unless it is ``all``."""
    for first in one if pivot == "all" else [pivot]:
        for second in other:
            if first != second:
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


def align(a: Records, b: Records) -> Pair:
    """The items that both languages have, in the order of the first; what is lost is counted, unless by design each
    language has items of its own."""
    notes, facts = tuple(dict.fromkeys((*a.notes, *b.notes))), {**a.facts, **b.facts}
    if a.ids == b.ids:
        return Pair(a.ids, a.clusters, a.fields["text"], b.fields["text"], notes, facts)
    rows = [*_rows(a, b)()]
    if min(a.shared, b.shared) > 0:
        facts |= {"lost_items": len(a.ids) + len(b.ids) - 2 * len(rows)}
        notes += ("items without a counterpart under the same id are left out (how many: Data warnings)",)
    return Pair(
        tuple(a.ids[i] for i, _ in rows),
        tuple(a.clusters[i] for i, _ in rows),
        tuple(a.fields["text"][i] for i, _ in rows),
        tuple(b.fields["text"][j] for _, j in rows),
        notes,
        facts,
    )


def check_pair(name: str, query: str, a: Records, candidate: str, b: Records, pair: Pair, *, is_sample: bool) -> None:
    """Raise `DataError` where two languages' items cannot be paired, or where every encoder would score the same.

    Args:
        name: the data set's name.
        query, a: the language of the queries, and its records; ``candidate`` and ``b`` those of the candidates.
        pair: what both have.
        is_sample: they are samples, whose ids may differ although those of the whole do not.
    """
    n, where = len(pair.ids), f"{name} {query}-{candidate}"
    for language, records in ((query, a), (candidate, b)):
        if not records.ids:
            raise DataMissing(f"{name} has no items in {language!r} in this split")
    if not n:
        raise DataError(
            f"{where}: no id in common: those of {query} begin with {a.ids[0]!r} ({a.place(0)}), those of {candidate} "
            f"with {b.ids[0]!r} ({b.place(0)})"
        )
    longer = max(len(a.ids), len(b.ids))
    if not is_sample and n < min(a.shared, b.shared) * longer:
        raise DataError(
            f"{where}: {n} ids in common, of {len(a.ids)} in {query} and {len(b.ids)} in {candidate}; without a "
            f"counterpart is {_first_alone(a, b) or _first_alone(b, a)}; mend the files, or, to score what both have, "
            f"set shared = {math.floor(10_000 * n / longer) / 10_000:g} in the card's [data]"
        )
    if n == 1:
        raise DataError(f"{where}: one item, and a single candidate is always found: there is nothing to score")
    _check_texts(where, query, a, candidate, b, pair)


def _check_texts(where: str, query: str, a: Records, candidate: str, b: Records, pair: Pair) -> None:
    """Raise `DataError` where one side is a copy of the other, or repeats one text."""
    n, rows = len(pair.ids), _rows(a, b)
    if alike := _copies(a, b, rows, n - math.ceil(COPIED * n)):
        share = f"the {n}" if alike == n else f"{alike} of the {n}"
        exact = sum(map(operator.eq, pair.queries, pair.candidates)) == alike
        but = "" if exact else " but for case, white space and notation"
        raise DataError(
            f"{where}: {share} texts of {query} and {candidate} are the same{but}: one file is a copy of the other"
        )
    for language, records, places in ((query, a, (i for i, _ in rows())), (candidate, b, (j for _, j in rows()))):
        first = next(places)
        if all(records.folded_text(place) == records.folded_text(first) for place in places):
            text = records.fields["text"][first]
            raise DataError(f"{where}: all {n} texts of {language} are the same ({text[:40]!r})")


def _rows(a: Records, b: Records) -> Callable[[], Iterator[tuple[int, int]]]:
    """Makes the rows of a and b that `align` pairs, in its order."""
    if a.ids == b.ids:
        return lambda: ((row, row) for row in range(len(a.ids)))
    row_of = {item: row for row, item in enumerate(b.ids)}
    return lambda: ((row, row_of[item]) for row, item in enumerate(a.ids) if item in row_of)


def _copies(a: Records, b: Records, rows: Callable[[], Iterator[tuple[int, int]]], spare: int) -> int:
    """How many texts are the same on both sides but for case, white space and notation; 0 as soon as more
    than ``spare`` are not."""
    alike = 0
    for i, j in rows():
        if a.folded_text(i) == b.folded_text(j):
            alike += 1
        elif (spare := spare - 1) < 0:
            return 0
    return alike


def _first_alone(a: Records, b: Records) -> str:
    """The first item of a that b does not have, and where it stands; "" where there is none."""
    others = set(b.ids)
    return next((f"{item!r} ({a.place(row)})" for row, item in enumerate(a.ids) if item not in others), "")


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Rank every query's translation among all candidates."""
    from xlbench_tasks.protocols.numbers import ranking

    if subset.load is None:
        raise DataMissing(subset.missing)
    pair: Pair = subset.load()
    queries, candidates = session.encode(pair.queries), session.encode(pair.candidates)
    ranked = ranking.rank_pairs(queries, candidates, pair.candidates, session.similarity)
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


def chance_of_ranks(m: int) -> dict[str, float]:
    """What guessing among m candidates scores by each of `RANKS`."""
    return {
        "accuracy": 1 / m,
        "recall_at_5": min(5, m) / m,
        "recall_at_10": min(10, m) / m,
        "mrr": sum(1 / rank for rank in range(1, m + 1)) / m,
    }


def notes_on_notation(texts: Iterable[str]) -> Iterator[str]:
    """A footnote on texts that look the same: what an encoder is given is never changed, and so they are several."""
    if count := twins(texts):
        differ = "1 text differs" if count == 1 else f"{count} texts differ"
        yield f"{differ} from another in notation alone (NFC, NFD): they are taken as they are, for different ones"


def notes_on_ranks(repeated: int, tie_rate: float) -> Iterator[str]:
    """Footnotes on repeated candidates and on ties, where there are any."""
    if repeated:
        yield "candidates with the same text are one target"
    if tie_rate > 0:
        yield "a rival exactly as near as the translation counts against the model (tie rate: Data warnings)"


HUBS = 1.2
"""By how much candidates raise the standard error of `accuracy` where the pool's hubs matter."""


def notes_on_hubs(columns: Columns) -> Iterator[str]:
    """A footnote where few candidates stand before many right answers: what that does to intervals was measured."""
    import numpy as np

    own, metric = np.asarray(columns["rank"]) == 1, RANKS[0]
    assert metric.through_others is not None
    if own.std() > 0 and (own + metric.through_others(columns)).std() >= HUBS * own.std():
        yield "a few candidates stand before many right answers: intervals cover 78 to 95% (docs/coverage.md)"
