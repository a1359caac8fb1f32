"""Alignment of parallel texts: how well cosines tell translations from other pairs, and find them.

Subsets are those of ``retrieval.py``: ``a-b`` has the texts of a as queries to the texts of b. What only asks whether
two texts are a pair is the same in both directions; ranks are not. Metrics and records only: the numbers are made in
``pairwise.py`` and ``ranking.py``.

Columns that the metrics share are described at `pairwise.compare`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Data, DataError, DataMissing, Metric, Outcome, Subset
from xlbench.core.ids import digest
from xlbench.stats.metrics import mean, share
from xlbench_tasks.protocols import retrieval
from xlbench_tasks.protocols.aligned_texts import Pair, align, check_pair
from xlbench_tasks.protocols.footnotes import notes_on_hubs, notes_on_notation, notes_on_ranks
from xlbench_tasks.protocols.retrieval_metrics import RANKS, chance_of_ranks

if TYPE_CHECKING:
    import numpy as np

    from xlbench import EncodingSession
    from xlbench.core.estimate import Direction
    from xlbench_tasks.data.splits import DataSet

VERSION = 3

OPTIONS: Mapping[str, Any] = retrieval.OPTIONS
LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = retrieval.LANGUAGE_OPTIONS

SubsetRecords = Callable[[Columns], "tuple[float, np.ndarray]"]
"""From columns to a value, and to the values without each of the items (n,)."""


def _leave_one_out(of_item: np.ndarray) -> tuple[np.float64, np.ndarray]:
    """A sum over pairs, and what it is without each item: ``of_item`` holds every pair at both of its items."""
    total: np.float64 = of_item.sum() / 2
    return total, total - of_item


def _ratio(above: str, below: str) -> SubsetRecords:
    """The mean over pairs of what ``above`` sums, both as columns that hold every pair at both of its items."""

    def parts(columns: Columns) -> tuple[float, np.ndarray]:
        sums, sums_without = _leave_one_out(columns[above])
        count, count_without = _leave_one_out(columns[below])
        return sums / count, sums_without / count_without

    return parts


def _mean(column: str) -> SubsetRecords:
    def parts(columns: Columns) -> tuple[float, np.ndarray]:
        total, n = columns[column].sum(), len(columns[column])
        return total / n, (total - columns[column]) / (n - 1)

    return parts


def _weighted(one: SubsetRecords, weight: float, other: SubsetRecords, other_weight: float) -> SubsetRecords:
    def parts(columns: Columns) -> tuple[float, np.ndarray]:
        (a, a_without), (b, b_without) = one(columns), other(columns)
        return weight * a + other_weight * b, weight * a_without + other_weight * b_without

    return parts


def _auc(columns: Columns) -> tuple[float, np.ndarray]:
    """The share of all (true pair, random pair) in which the true pair is nearer.

    Without item i go its true pair with all random pairs (``below``) and its random pairs with all true pairs
    (``above``); what is in both (``own``) goes once.
    """
    n, below = len(columns["below"]), columns["below"]
    count, count_without = _leave_one_out(columns["random_pairs"])
    total = below.sum()
    without = (total - below - columns["above"] + columns["own"]) / ((n - 1) * count_without)
    return total / (n * count), without


def _of_pairs(name: str, parts: SubsetRecords, bounds: tuple[float, float], description: str) -> Metric:
    """A metric over pairs of items, which is no sum over items: every item takes part in n - 1 pairs a side.

    An item's row is its pseudo-value, value + influence by leaving the item out with all of its pairs: their mean is
    exactly the value. Where the rest has no value, the influence is NaN, and there is no interval.
    """

    def influence(columns: Columns) -> np.ndarray:
        import numpy as np

        with np.errstate(all="ignore"):
            value, without = parts(columns)
            psi: np.ndarray = (len(without) - 1) * (value - without)
        centered: np.ndarray = psi - psi.mean()
        return centered

    def pseudo_values(columns: Columns) -> np.ndarray:
        import numpy as np

        with np.errstate(all="ignore"):
            value, _ = parts(columns)
        psi = influence(columns)
        return value + np.where(np.isfinite(psi), psi, 0.0)

    return replace(mean(name, pseudo_values, bounds, description), influence=influence)


def _cosine(
    name: str, parts: SubsetRecords, bounds: tuple[float, float], description: str, direction: Direction = "higher"
) -> Metric:
    """Means of bounded, light-tailed numbers: the t interval covers, as in retrieval."""
    return replace(_of_pairs(name, parts, bounds, description), interval="mean", direction=direction)


_TRUE = _mean("cosine_true")
_RANDOM = _ratio("random_sum", "random_pairs")
_REJECTED = _ratio("rejected", "tested")

_METRICS: tuple[Metric, ...] = (
    _of_pairs("auc", _auc, (0.0, 1.0), "how often a translation is nearer than a random pair; a tie counts half"),
    _cosine("cosine_gap", _weighted(_TRUE, 1.0, _RANDOM, -1.0), (-2.0, 2.0), "true minus random cosine"),
    _cosine("cosine_true", _TRUE, (-1.0, 1.0), "mean cosine of translations", "neither"),
    _cosine("cosine_random", _RANDOM, (-1.0, 1.0), "mean cosine of a text and another text's translation", "neither"),
    _of_pairs(
        "threshold_accuracy", _weighted(_mean("accepted"), 0.5, _REJECTED, 0.5), (0.0, 1.0),
        "share of pairs that a threshold tells rightly, on as many random pairs as translations",
    ),
    share("positive_accuracy", "accepted", "share of translations at or above the threshold"),
    _of_pairs("negative_accuracy", _REJECTED, (0.0, 1.0), "share of random pairs below the threshold"),
    *RANKS,
)  # fmt: skip

NEAR_ONE = 0.99
"""An area from here on has an interval that is known to be too narrow (docs/statistics.md has the figures)."""


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; no option changes them."""
    return _METRICS


@dataclass(frozen=True)
class AlignedItems:
    """The items that are scored, and those on which the threshold is chosen."""

    test: Pair
    dev: Pair | None
    """None: one half of the items gets the threshold that is best on the other."""


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """Those of retrieval, with the dev split of each where the card has one."""
    for subset in retrieval.subsets(data_set, options, data, languages):
        if subset.missing or subset.load is None:
            yield subset
        elif data_set.dev is None:
            yield replace(subset, load=_loading(subset.load, None))
        else:
            yield _with_dev(subset, data_set, is_sample=data.limit is not None)


def _with_dev(subset: Subset, data_set: DataSet, *, is_sample: bool) -> Subset:
    """The subset with its pairs of the dev split; marked as missing where they are not at hand, since a threshold from
    elsewhere would be another question."""
    source = data_set.dev
    assert source is not None
    assert subset.load is not None
    try:
        a, b = (source.read(language) for language in subset.languages)
        pair = align(a, b)
        check_pair(
            f"the dev split of {source.name}", subset.languages[0], a, subset.languages[1], b, pair, is_sample=is_sample
        )
    except DataMissing as missing:
        return Subset(subset.name, subset.languages, missing=f"no dev split for the threshold: {missing}")
    except DataError as damage:
        return Subset(subset.name, subset.languages, damaged=str(damage))
    fingerprint = digest("alignment", subset.fingerprint, a.fingerprint(), b.fingerprint())
    return replace(subset, fingerprint=fingerprint, load=_loading(subset.load, lambda: pair))


def _loading(test: Callable[[], Pair], dev: Callable[[], Pair] | None) -> Callable[[], AlignedItems]:
    return lambda: AlignedItems(test(), dev() if dev else None)


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Compare all true pairs with all random pairs, and rank every query's translation among all candidates."""
    from xlbench_tasks.protocols.numbers import pairwise, ranking

    if subset.load is None:
        raise DataMissing(subset.missing)
    aligned: AlignedItems = subset.load()
    pair = aligned.test
    queries, candidates = session.encode(pair.queries), session.encode(pair.candidates)
    ranked = ranking.rank_pairs(queries, candidates, pair.candidates)
    found = pairwise.pairs(queries, candidates, pair.queries, pair.candidates)
    parts, thresholds = _thresholds(aligned, found, session)
    columns = pairwise.compare(found, parts, thresholds)
    m, n = ranked.candidates, len(pair.ids)
    random_pairs = int(columns["random_pairs"].sum()) // 2
    if not random_pairs:
        raise DataError(f"{subset.name}: any two pairs share a text, so that there is no random pair to compare with")
    return Outcome(
        item_ids=pair.ids,
        cluster_ids=pair.clusters,
        item_texts=list(zip(pair.queries, pair.candidates, strict=True)),
        columns={**of_ranks(ranked.columns), **columns},
        chance={"auc": 0.5, "cosine_gap": 0.0, "threshold_accuracy": 0.5, **chance_of_ranks(m)},
        facts={
            "candidates": m,
            "repeated_candidates": n - m,
            "tie_rate": ranked.tie_rate,
            "random_pairs": random_pairs,
            **_threshold_facts(thresholds),
            **pair.facts,
        },
        notes=(
            *pair.notes,
            *notes_on_ranks(n - m, ranked.tie_rate),
            *notes_on_notation(pair.candidates),
            *notes_on_hubs(ranked.columns),
            *_notes(columns, shared=random_pairs < n * (n - 1), unknown=None in thresholds),
        ),
    )


def of_ranks(columns: Columns) -> Columns:
    """The columns that the metrics of ranks are made from."""
    return {name: columns[name] for name in ("rank", *(f"taken_{metric.name}" for metric in RANKS))}


def _thresholds(aligned: AlignedItems, found: Any, session: EncodingSession) -> tuple[np.ndarray, list[int | None]]:
    """Which threshold each item is held against (n,), and the thresholds: never one that the item helped to choose."""
    import numpy as np

    from xlbench_tasks.protocols.numbers import pairwise

    pair, dev = aligned.test, aligned.dev
    if dev is not None:
        vectors = session.encode(dev.queries), session.encode(dev.candidates)
        known = pairwise.pairs(*vectors, dev.queries, dev.candidates)
        return np.zeros(len(pair.ids), np.int8), [pairwise.best_threshold(known)]
    half = pairwise.halves(pair.clusters)
    return half, [pairwise.best_threshold(found.only(half != mine)) for mine in (0, 1)]


def _threshold_facts(thresholds: Sequence[int | None]) -> dict[str, float]:
    """The cosines of those that could be chosen: ``threshold``, or ``threshold_1`` and ``threshold_2``."""
    from xlbench_tasks.protocols.numbers import pairwise

    names = ["threshold"] if len(thresholds) == 1 else [f"threshold_{place}" for place in (1, 2)]
    return {name: pairwise.cosine(step) for name, step in zip(names, thresholds, strict=True) if step is not None}


def _notes(columns: Columns, *, shared: bool, unknown: bool) -> Iterator[str]:
    import numpy as np

    if shared:
        yield "two pairs with a text in common are not random pairs of each other"
    if unknown:
        yield "no threshold: it takes two different pairs to choose one, and others to test it"
    with np.errstate(all="ignore"):  # without a random pair it is NaN
        near_one = _auc(columns)[0] >= NEAR_ONE
    if near_one:
        yield "near 1 the interval of auc covers 80 to 93%, not 95%"
