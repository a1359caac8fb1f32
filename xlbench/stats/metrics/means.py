"""Metrics that are means and ratios of columns, and the mean of metrics over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.core.task import Columns, Metric
from xlbench.stats.metrics.columns import Column, values_of

if TYPE_CHECKING:
    import numpy as np


def share(name: str, column: Column, description: str = "") -> Metric:
    """The share of items for which ``column`` (a name, or a function of the columns) is true: accuracy, P@1, R@k."""
    return Metric(name, mean_rows(values_of(column)), ratio_value, "proportion", (0.0, 1.0), ratio_gradient,
                  description=description)  # fmt: skip


def mean(name: str, column: Column, bounds: tuple[float, float] = (0.0, 1.0), description: str = "") -> Metric:
    """The mean of a column over items: MRR from reciprocal ranks, a mean cosine with ``bounds=(-1, 1)``."""
    return Metric(name, mean_rows(values_of(column)), ratio_value, "studentized", bounds, ratio_gradient,
                  description=description)  # fmt: skip


def ratio(name: str, hits: Column, count: Column, description: str = "") -> Metric:
    """The share of hits among something of which items have any number: hits / count, both summed over the items.

    Not defined (NaN) where no item has any.
    """
    parts = values_of(hits), values_of(count)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        return np.stack([np.asarray(part(columns), dtype=np.float64) for part in parts], axis=-1)

    return Metric(name, rows, ratio_value, "ratio", (0.0, 1.0), ratio_gradient, description=description)


def mean_rows(column: Callable[[Columns], Any]) -> Callable[[Columns], np.ndarray]:
    """What makes rows (value, 1) of a column: their sums give its mean."""

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        values = np.asarray(column(columns), dtype=np.float64)
        return np.stack([values, np.ones_like(values)], axis=-1)

    return rows


def ratio_value(sums: np.ndarray) -> np.ndarray:
    """Sum of the values over number of items."""
    ratio: np.ndarray = sums[..., 0] / sums[..., 1]
    return ratio


def ratio_gradient(sums: np.ndarray) -> np.ndarray:
    """Derivative of `ratio_value` by the sums."""
    import numpy as np

    return np.stack([1 / sums[..., 1], -sums[..., 0] / sums[..., 1] ** 2], axis=-1)


def averaged(name: str, parts: Sequence[Metric], description: str = "") -> Metric:
    """The mean of metrics over the same items, one a seed (k-means starts, training subsets).

    An item's row is its pseudo-value, mean value + mean influence: its mean is the mean of the values, and its spread
    that of the mean influence. The values by single seeds are ``seeds``.
    Every part needs a gradient.
    """

    def values(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        """The parts' values (S,) and their mean influence (n,)."""
        import numpy as np

        found, influence = [], 0.0
        for part in parts:
            rows = np.asarray(part.rows(columns), dtype=np.float64)
            sums = rows.sum(axis=0)
            assert part.gradient is not None, f"metric {part.name} has no gradient"
            with np.errstate(all="ignore"):  # a value that is not defined is NaN, and then so are all rows
                found.append(float(part.value(sums)))
                influence = influence + len(rows) * (rows @ part.gradient(sums)) / len(parts)
        return np.array(found), np.asarray(influence)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        found, influence = values(columns)
        return np.stack([found.mean() + influence - influence.mean(), np.ones_like(influence)], axis=-1)

    def seeds(columns: Columns) -> np.ndarray:
        return values(columns)[0]

    first = parts[0]
    # The rows are no counts any more.
    interval = "studentized" if first.interval in ("ratio", "f1") else first.interval
    return Metric(name, rows, ratio_value, interval, first.bounds, ratio_gradient, seeds=seeds,
                  description=description or first.description)  # fmt: skip
