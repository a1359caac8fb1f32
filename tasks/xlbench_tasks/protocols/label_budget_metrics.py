"""Metrics of the protocol `label-budget`: macro-F1 along a curve of labels, its area and its ends.

A cell has, for every seed s and round r, a column ``predicted_s_r`` with label codes and a column ``labels_s_r`` with
the number of labels then paid for (the same for all items). The score of a seed is a weighted sum of the macro-F1 of
its rounds, and a metric the mean of the seeds' scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from xlbench import Columns, Metric
from xlbench.stats.metrics.means import ratio_gradient, ratio_value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAIN, LAST, FULL = "f1_area", "macro_f1", "macro_f1_full"
AT = "macro_f1_at_"
"""How the names of metrics begin that are the macro-F1 at a number of labels."""
FULL_COLUMN = "predicted_full"

AT_COLUMN = "at"
"""The column of a point of a curve that says at how many labels it is read."""
Weights = Callable[["NDArray[np.float64]", Columns], "NDArray[np.float64]"]
"""From the labels after each round (R,), and all columns, to what each round's score weighs (R,)."""


def predicted(seed: int, number: int) -> str:
    """The column of what a seed says of the test after a round, both counted from 0."""
    return f"predicted_{seed}_{number}"


def paid(seed: int, number: int) -> str:
    """The column of how many labels it then had."""
    return f"labels_{seed}_{number}"


def grid(budget: int, rounds: int) -> tuple[int, ...]:
    """Numbers of labels at which curves are read: those of rounds of equal size."""
    first = max(1, budget // rounds)
    return tuple(dict.fromkeys(first + round((budget - first) * place / max(rounds - 1, 1)) for place in range(rounds)))


def metrics(budget: int, rounds: int, seeds: int, *, full: bool = True) -> tuple[Metric, ...]:
    """All metrics, the main one first.

    Args:
        budget: Labels after the last round.
        rounds: How many rounds.
        seeds: How many seeds.
        full: Whether a column says what is predicted with all labels of the pool (`FULL_COLUMN`).
    """
    sizes = grid(budget, rounds)
    whole = f"macro-F1 between {sizes[0]} and {budget} labels, a mean over that stretch of the curve"
    made = [
        over_curves(MAIN, seeds, rounds, lambda labels, _: area_weights(labels, sizes[0], budget), whole),
        over_curves(
            LAST, seeds, rounds, lambda labels, _: point_weights(labels, budget), f"macro-F1 at {budget} labels"
        ),
    ]
    if full:
        made.append(_full())
    for size in sizes:
        text = f"macro-F1 at {size} labels, on a straight line between rounds"
        made.append(over_curves(f"{AT}{size}", seeds, rounds, _at(size), text))
    return tuple(made)


def point_metrics(rounds: int, seeds: int) -> tuple[Metric, ...]:
    """The metric of one point of a curve, which is read where the column `AT_COLUMN` says."""
    return (over_curves(LAST, seeds, rounds, _where_said, "macro-F1, on a straight line between rounds"),)


def _where_said(labels: NDArray[np.float64], columns: Columns) -> NDArray[np.float64]:
    return point_weights(labels, float(columns[AT_COLUMN][0]))


def _at(size: int) -> Weights:
    return lambda labels, _: point_weights(labels, size)


def point_weights(labels: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    """What each round's score weighs in the curve's height at ``size`` labels, on straight lines between rounds.

    Before the first round the curve has its first height, after the last one its last; of several rounds with equally
    many labels, the last counts.

    Args:
        labels: (R,) labels after each round, ascending.
        size: Where the curve is read.

    Returns:
        (R,) weights, 0 or more, whose sum is 1.
    """
    import numpy as np

    last = np.concatenate([labels[1:] > labels[:-1], [True]])
    places = np.flatnonzero(last)
    found = np.zeros(len(labels))
    rights = np.interp(size, labels[places], np.arange(len(places)))
    low = int(np.floor(rights))
    found[places[low]] = 1 - (rights - low)
    if rights > low:
        found[places[low + 1]] = rights - low
    return found


def area_weights(labels: NDArray[np.float64], first: float, last: float) -> NDArray[np.float64]:
    """What each round's score weighs in the mean height of the curve from ``first`` to ``last`` labels.

    The area under the straight lines between rounds (trapezoids), over its width; the height at ``last`` where that is
    no larger than ``first``.

    Args:
        labels: (R,) labels after each round, ascending.
        first: Where the stretch begins.
        last: Where it ends.

    Returns:
        (R,) weights, 0 or more, whose sum is 1.
    """
    import numpy as np

    if last <= first:
        return point_weights(labels, last)
    inner = labels[(labels > first) & (labels < last)]
    knots = np.unique(np.concatenate([[first], inner, [last]]))
    heights = np.stack([point_weights(labels, knot) for knot in knots])
    widths = np.diff(knots)
    areas: NDArray[np.float64] = (widths[:, np.newaxis] * (heights[1:] + heights[:-1]) / 2).sum(axis=0)
    return areas / (last - first)


def over_curves(name: str, seeds: int, rounds: int, weigh: Weights, description: str) -> Metric:
    """A metric that is the mean over seeds of weighted sums over rounds."""

    def curves(columns: Columns) -> Iterator[NDArray[np.float64]]:
        """Pseudo-values (n,) of every seed's score."""
        import numpy as np

        for seed in range(seeds):
            labels = np.array([float(np.mean(columns[paid(seed, number)])) for number in range(rounds)])
            weights = weigh(labels, columns)
            used = [(number, weight) for number, weight in enumerate(weights.tolist()) if weight]
            yield sum_of([(weight, pseudo_values(columns, predicted(seed, number))) for number, weight in used])

    return _metric(name, curves, description, several=seeds > 1)


def _full() -> Metric:
    def curves(columns: Columns) -> Iterator[NDArray[np.float64]]:
        yield pseudo_values(columns, FULL_COLUMN)

    return _metric(FULL, curves, "macro-F1 with the labels of the whole pool", several=False)


def sum_of(parts: Sequence[tuple[float, NDArray[np.float64]]]) -> NDArray[np.float64]:
    """The weighted sum of arrays."""
    import numpy as np

    total: NDArray[np.float64] = np.sum([weight * values for weight, values in parts], axis=0)
    return total


def pseudo_values(columns: Columns, column: str) -> NDArray[np.float64]:
    """Macro-F1 plus the influence of every item on it (n,), over the classes that occur among the true codes."""
    import numpy as np

    from xlbench.stats.metrics import macro_f1
    from xlbench_tasks.protocols.numbers import classes

    true, guessed = np.asarray(columns["true"]), np.asarray(columns[column])
    labels = int(max(true.max(), guessed.max())) + 1
    return classes.pseudo_values(macro_f1, labels, true, guessed)


def _metric(
    name: str,
    curves: Callable[[Columns], Iterator[NDArray[np.float64]]],
    description: str,
    *,
    several: bool,
) -> Metric:
    """The mean over seeds; its rows are pseudo-values, whose mean is the value and whose spread that of influences.

    Its interval is the t interval of that mean: a studentized bootstrap of pseudo-values, which know nothing of how the
    metric curves, ends within .001 of it (1,042 items, five seeds) and takes ten times as long.
    """

    def rows(columns: Columns) -> NDArray[np.float64]:
        import numpy as np

        values = np.mean(list(curves(columns)), axis=0)
        return np.stack([values, np.ones_like(values)], axis=-1)

    def seeds(columns: Columns) -> NDArray[np.float64]:
        import numpy as np

        return np.array([values.mean() for values in curves(columns)])

    return Metric(
        name, rows, ratio_value, "mean", (0.0, 1.0), ratio_gradient, seeds=seeds if several else None,
        description=description,
    )  # fmt: skip
