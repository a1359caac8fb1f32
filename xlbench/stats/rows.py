"""Rows of items: grouping identical ones, sums over clusters, and what each item does to a metric's value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.task import Columns, Metric
from xlbench.core.text import reason_of

T = TypeVar("T")

BLOCK = 1 << 20
"""Numbers in one temporary array (8 MB in double precision): what keeps memory bounded."""


@dataclass(frozen=True, eq=False)
class Grouped:
    """Rows with identical ones merged: whatever treats equal rows alike needs to look at the cells only."""

    cells: np.ndarray
    """(K, p) floats: the distinct rows, in an order that depends on their content alone."""
    counts: np.ndarray
    """(K,) integers: how many rows each cell stands for."""
    inverse: np.ndarray
    """(n,) integers: the cell of every row."""

    @property
    def n(self) -> int:
        """How many rows were merged."""
        return len(self.inverse)

    @property
    def sums(self) -> np.ndarray:
        """(p,): the sum of all rows."""
        total: np.ndarray = self.counts @ self.cells
        return total


def metric_rows(metric: Metric, columns: Columns) -> np.ndarray:
    """The metric's rows (n, p), checked; `UsageError` where a metric fails or returns something else."""
    n = len(next(iter(columns.values())))
    rows = unmasked(metric, "rows()", _call_plugin(metric, "rows()", metric.rows, columns))
    if rows.ndim != 2 or len(rows) != n or rows.dtype.kind not in "biuf" or not rows.shape[1]:
        raise UsageError(
            f"metric {metric.name}: rows() gives {rows.dtype} of shape {rows.shape}: "
            f"give numbers, a row for each of {n} items"
        )
    return rows


def unmasked(metric: Metric, what: str, given: object) -> np.ndarray:
    """What a metric's function gave as an array; `UsageError` where some of it is masked: what lies under a mask is no
    number that anybody meant."""
    if np.ma.is_masked(given):
        raise UsageError(
            f"metric {metric.name}: {what} gives masked numbers: leave items out, or give NaN for no value"
        )
    return np.asarray(given)


def check_bounds(metric: Metric, value: float) -> None:
    """`UsageError` where a finite value lies outside of the metric's bounds."""
    low, high = metric.bounds
    slack = 1e-6 * max(1.0, abs(value))  # for rounding, in single precision too: a cosine may come out as 1 + 1e-7
    if not low - slack <= value <= high + slack:
        raise UsageError(
            f"metric {metric.name}: the value {value:g} is outside of its bounds, {low:g} to {high:g}: mend one of them"
        )


def _call_plugin(metric: Metric, what: str, function: Callable[[Columns], T], columns: Columns) -> T:
    """What a metric's function gives; `UsageError` where it fails: it may read a column that is not there."""
    try:
        return function(columns)
    except Exception as error:
        raise UsageError(f"metric {metric.name}: {what} fails: {reason_of(error)}") from error


def seed_values(metric: Metric, columns: Columns, value: float) -> np.ndarray:
    """The metric's values (S,) by single seeds; none where there are not two, which say nothing about each other.

    `UsageError` where they are no numbers, or ``value`` is not their mean.
    """
    if metric.seeds is None:
        return np.zeros(0)
    found = np.asarray(_call_plugin(metric, "seeds()", metric.seeds, columns))
    if found.ndim != 1 or found.dtype.kind not in "biuf" or not np.isfinite(found).all():
        raise UsageError(
            f"metric {metric.name}: seeds() gives {found.dtype} of shape {found.shape}: give a finite number a seed"
        )
    if len(found) < 2:
        return np.zeros(0)
    if abs(found.mean() - value) > 1e-6 * max(1.0, abs(value)):
        raise UsageError(f"metric {metric.name}: seeds() have the mean {found.mean():g}, and the value is {value:g}")
    return found.astype(np.float64)


def group(rows: np.ndarray) -> Grouped:
    """Merge identical rows of (n, p). Time is that of hashing the rows, then of sorting n integers."""
    rows = rows + 0.0 if rows.dtype.kind == "f" else rows  # -0.0 becomes 0.0: they differ in their bytes
    keys = _hash(rows)
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    cells = rows[first]
    if not np.array_equal(cells[inverse], rows):  # two rows with one hash, or NaN
        cells, first, inverse, counts = np.unique(
            rows, axis=0, return_index=True, return_inverse=True, return_counts=True
        )
    # Sorted by content, so that the order of the items does not show in any random draw; hashes break rare ties.
    order = np.lexsort((keys[first], *cells[:, :8].T[::-1]))
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return Grouped(cells[order].astype(np.float64), counts[order], rank[inverse.reshape(-1)])


def _hash(rows: np.ndarray) -> np.ndarray:
    """64 bits a row, in integer arithmetic: equal rows get equal hashes on every machine."""
    raw = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)
    spare = -raw.shape[1] % 8
    words = (np.pad(raw, ((0, 0), (0, spare))) if spare else raw).view(np.uint64)
    factors = np.random.SeedSequence(words.shape[1]).generate_state(words.shape[1], np.uint64) | np.uint64(1)
    mixed: np.ndarray = ((words ^ (words >> np.uint64(31))) * factors).sum(axis=1, dtype=np.uint64)
    return mixed


def dense(codes: np.ndarray) -> np.ndarray:
    """Cluster codes (n,) as 0 .. G-1, in their own order."""
    inverse: np.ndarray = np.unique(np.asarray(codes), return_inverse=True)[1]
    return inverse.reshape(-1)


def cluster_rows(rows: np.ndarray, codes: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Rows (n, p) summed over clusters: (G, p), for dense codes (n,).

    ``cells`` (n,), the cell of every row, fixes the order of summation, so that the order of the items leaves no
    trace, not even in the last bit.
    """
    order = np.lexsort((cells, codes))
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    total: np.ndarray = np.add.reduceat(rows[order], starts, axis=0, dtype=np.float64)
    return total


def value_of(metric: Metric, sums: np.ndarray) -> float:
    """The metric's value at one vector of sums (p,); NaN where it is not defined."""
    with np.errstate(all="ignore"):
        return float(unmasked(metric, "value()", metric.value(sums)))


def influences(metric: Metric, columns: Columns, grouped: Grouped) -> np.ndarray:
    """psi (n,) = (n-1)(theta - theta_without_i), or what ``metric.influence`` says; NaN where n is 1. The rows of
    other items are held fixed: what an item does to those is in `others`.

    The jackknife runs over distinct cells: 0.03 ms where they are few, at any n.
    """
    if grouped.n < 2:
        return np.full(grouped.n, np.nan)
    if metric.influence is None:
        return jackknife(metric, grouped)
    with np.errstate(all="ignore"):
        given = unmasked(metric, "influence()", metric.influence(columns)).astype(np.float64)
    if given.shape != (grouped.n,):
        raise UsageError(f"metric {metric.name!r}: influence must have shape ({grouped.n},), not {given.shape}")
    return given


def others(metric: Metric, columns: Columns, n: int) -> np.ndarray:
    """What every item (n,) does to the value through the rows of others; `UsageError` where that is no such array."""
    if metric.through_others is None:
        return np.zeros(n)
    given = np.asarray(_call_plugin(metric, "through_others()", metric.through_others, columns))
    if given.shape != (n,) or given.dtype.kind not in "biuf" or not np.isfinite(given).all():
        raise UsageError(
            f"metric {metric.name}: through_others() gives {given.dtype} of shape {given.shape}: "
            f"give a finite number for each of {n} items"
        )
    return given.astype(np.float64)


def jackknife(metric: Metric, grouped: Grouped, part: float = 1.0) -> np.ndarray:
    """psi (n,) by leaving one row of every cell out, or a ``part`` of it: (n - part) / part (theta - theta_without)."""
    value = value_of(metric, grouped.sums)
    of_cell = (grouped.n - part) / part * (value - _values_without(metric, grouped, part))
    psi: np.ndarray = of_cell[grouped.inverse]
    return psi


def _values_without(metric: Metric, grouped: Grouped, part: float) -> np.ndarray:
    """The values (K,) without a part of one row of each cell."""
    sums, step = grouped.sums, max(1, BLOCK // grouped.cells.shape[1])
    with np.errstate(all="ignore"):
        values = [
            unmasked(metric, "value()", metric.value(sums - part * grouped.cells[start : start + step]))
            for start in range(0, len(grouped.cells), step)
        ]
    without: np.ndarray = np.concatenate(values).astype(np.float64)
    return without


PART = 0.75
"""How much of a row is left out where a class may have but one: without it, the class would leave the average. (All of
it would follow the curve of a ratio best; halves find 90% of the bias of macro-F1 on 61 items.)"""


def bias(metric: Metric, units: Grouped) -> float:
    """By how much tests of n such units score too high on average, against one without end; 0 where that is not known.

    The jackknife's (Quenouille, 1956), with a `PART` of each unit left out: (n - part)^2 / (part^2 (n - 1)) times the
    mean of theta_without - theta.
    """
    n = units.n
    if n < 2:
        return 0.0
    with np.errstate(all="ignore"):
        moved = float(units.counts @ (_values_without(metric, units, PART) - value_of(metric, units.sums)))
    found = ((n - PART) / PART) ** 2 / (n * (n - 1)) * moved
    return found if np.isfinite(found) else 0.0


def gradient(metric: Metric, sums: np.ndarray) -> np.ndarray:
    """Derivative of the value by the sums, (b, p) -> (b, p): the metric's own, or by differences.

    Differences are central with relative steps, and forward where a sum is 0: counts do not go below it.
    """
    if metric.gradient is not None:
        return unmasked(metric, "gradient()", metric.gradient(sums)).astype(np.float64)
    slope = np.empty_like(sums, dtype=np.float64)
    scale = np.abs(sums).max(axis=-1)
    for column in range(sums.shape[-1]):
        here = sums[..., column]
        step = np.where(here == 0, 1e-6 * scale, 6e-6 * np.abs(here))
        up, down = np.array(sums, dtype=np.float64), np.array(sums, dtype=np.float64)
        up[..., column] += step
        down[..., column] -= np.where(here == 0, 0.0, step)
        slope[..., column] = (metric.value(up) - metric.value(down)) / (up[..., column] - down[..., column])
    return slope
