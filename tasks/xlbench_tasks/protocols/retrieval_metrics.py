"""Metrics of retrieval: where the translation stands among all candidates, and how near it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench import Columns, Metric
from xlbench.stats.metrics import Column, mean, share
from xlbench_tasks.protocols.numbers.rank_metrics import OF_RANK

if TYPE_CHECKING:
    import numpy as np

    from xlbench.core.estimate import Direction


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


def _cosine(
    name: str, column: Column, bounds: tuple[float, float], description: str, direction: Direction = "higher"
) -> Metric:
    """A mean of bounded, light-tailed numbers: the t interval covers, and there is nothing for a bootstrap to add."""
    return replace(mean(name, column, bounds, description), interval="mean", direction=direction)


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
    _cosine("cosine_true", "cosine_true", (-1.0, 1.0), "mean cosine of translations", "neither"),
    _cosine(
        "cosine_random", "cosine_random", (-1.0, 1.0), "mean cosine of a text and all others' translations", "neither"
    ),
    _cosine("cosine_gap", lambda c: c["cosine_true"] - c["cosine_random"], (-2.0, 2.0), "true minus random cosine"),
)


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; no option changes them."""
    return _METRICS


def chance_of_ranks(m: int) -> dict[str, float]:
    """What guessing among m candidates scores by each of `RANKS`."""
    return {
        "accuracy": 1 / m,
        "recall_at_5": min(5, m) / m,
        "recall_at_10": min(10, m) / m,
        "mrr": sum(1 / rank for rank in range(1, m + 1)) / m,
    }
