"""The field's metrics as functions of summed rows, for protocols and for plugin authors.

Constructors of `Metric` only; numpy is imported when rows are made, not when a task is listed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xlbench.task import Columns, Metric

if TYPE_CHECKING:
    import numpy as np

Column = str | Callable[[Columns], Any]


def _column(column: Column) -> Callable[[Columns], Any]:
    return column if callable(column) else lambda columns: columns[column]


def share(name: str, column: Column, description: str = "") -> Metric:
    """The share of items for which ``column`` (a name, or a function of the columns) is true: accuracy, P@1, R@k."""
    return Metric(name, _mean_rows(_column(column)), _ratio, "proportion", (0.0, 1.0), _ratio_gradient,
                  description=description)  # fmt: skip


def mean(name: str, column: Column, bounds: tuple[float, float] = (0.0, 1.0), description: str = "") -> Metric:
    """The mean of a column over items: MRR from reciprocal ranks, a mean cosine with ``bounds=(-1, 1)``."""
    return Metric(name, _mean_rows(_column(column)), _ratio, "studentized", bounds, _ratio_gradient,
                  description=description)  # fmt: skip


def _mean_rows(column: Callable[[Columns], Any]) -> Callable[[Columns], np.ndarray]:
    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        values = np.asarray(column(columns), dtype=np.float64)
        return np.stack([values, np.ones_like(values)], axis=-1)

    return rows


def _ratio(sums: np.ndarray) -> np.ndarray:
    """Sum of the values over number of items."""
    ratio: np.ndarray = sums[..., 0] / sums[..., 1]
    return ratio


def _ratio_gradient(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.stack([1 / sums[..., 1], -sums[..., 0] / sums[..., 1] ** 2], axis=-1)
