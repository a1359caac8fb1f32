"""The check of a metric: rows, values, gradients and influences that agree with each other."""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xlbench.core.task import Columns, Metric
from xlbench.testing.process import ConformanceError, call, run_check

if TYPE_CHECKING:
    import numpy as np


def check_metric(metric: Metric, columns: Columns, where: str = "") -> None:
    """Check that rows give the metric: one row an item, and a value within the bounds that neither the order nor the
    number of items changes, found for many sums at once. ``gradient`` and ``influence``, where the metric has them,
    have to be what small changes of the sums, and leaving items out, do to the value (the latter only where no row
    hangs on other items).

    Args:
        metric: The metric.
        columns: Columns of an outcome, each of shape (n,).
        where: What the message begins with, such as the name of a subset.

    Raises:
        ConformanceError: The metric breaks a rule; the message says which, and what to do.
    """
    import numpy as np

    from xlbench.stats.rows import seed_values

    where = f"{where}, metric {metric.name}" if where else f"metric {metric.name}"
    kinds = typing.get_args(typing.get_type_hints(Metric, localns={"np": np})["interval"])
    if metric.interval not in kinds:
        raise ConformanceError(f"{where}: interval {metric.interval!r} is none of {', '.join(kinds)}")
    rows = check_rows(metric, columns, where)
    if not np.isfinite(rows).all():
        raise ConformanceError(f"{where}: rows() gives NaN or infinity: a row is what an item adds to sums")
    value = _check_value(metric, rows.sum(axis=0), where)
    _check_many(metric, rows, where)
    for seed in range(5):  # one order may give the same value by chance
        order = np.random.RandomState(seed).permutation(len(rows))
        shuffled = check_rows(metric, {name: column[order] for name, column in columns.items()}, where)
        if not _is_close(value_of_rows(metric, shuffled.sum(axis=0), where), value):
            raise ConformanceError(
                f"{where}: the value changes when the items come in another order: make each row of its own item alone"
            )
    if metric.gradient is not None:
        _check_gradient(metric, metric.gradient, rows, where)
    if metric.influence is not None and len(rows) > 1:
        _check_influence(metric, metric.influence, columns, rows, where)
    _call_check(where, lambda one, given: seed_values(one, given, float(value)), metric, columns)


def metric_functions(metric: Metric) -> tuple[Callable[..., Any] | None, ...]:
    """The functions that a metric is made of; None for those that it has not."""
    return metric.rows, metric.value, metric.gradient, metric.influence, metric.seeds


def check_rows(metric: Metric, columns: Columns, where: str) -> np.ndarray:
    """The metric's rows, float64 (n, columns); `ConformanceError` where scoring would refuse them."""
    import numpy as np

    from xlbench.stats.rows import metric_rows

    rows: np.ndarray = _call_check(where, metric_rows, metric, columns)
    return rows.astype(np.float64)


def _call_check(where: str, check: Callable[..., Any], metric: Metric, given: Any) -> Any:
    """What one of the checks of scoring returns; its sentence, which begins with the metric, goes on from ``where``."""
    return run_check(where.removesuffix(f"metric {metric.name}"), check, metric, given)


def _check_value(metric: Metric, sums: np.ndarray, where: str) -> np.ndarray:
    import numpy as np

    value = value_of_rows(metric, sums, where)
    if value.shape != ():
        raise ConformanceError(f"{where}: value() of one vector of sums has shape {value.shape}: give one number")
    if not np.isfinite(value):
        raise ConformanceError(f"{where}: the value of all items is {float(value)}: mend value(), or give more data")
    from xlbench.stats.rows import check_bounds

    _call_check(where, check_bounds, metric, float(value))
    return value


def value_of_rows(metric: Metric, sums: np.ndarray, where: str) -> np.ndarray:
    """The metric's value of sums of shape (..., columns), shape (...); `ConformanceError` where it raises."""
    import numpy as np

    with np.errstate(all="ignore"):
        return _require_unmasked(where, "value()", call(f"{where}: value()", metric.value, sums)).astype(np.float64)


def _require_unmasked(where: str, what: str, given: object) -> np.ndarray:
    import numpy as np

    if np.ma.is_masked(given):
        raise ConformanceError(f"{where}: {what} gives masked numbers: give NaN where there is no value")
    return np.asarray(given)


def _is_close(a: np.ndarray, b: np.ndarray) -> bool:
    import numpy as np

    return a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)


def _check_many(metric: Metric, rows: np.ndarray, where: str) -> None:
    """Many sums at once, and the same items several times."""
    import numpy as np

    some = np.stack([rows.sum(axis=0), _weighted_sums(rows, 1), _weighted_sums(rows, 2)])
    one_by_one = np.array([value_of_rows(metric, sums, where) for sums in some])
    for sums, expected in ((some, one_by_one), (some[:, np.newaxis], one_by_one[:, np.newaxis])):
        found = value_of_rows(metric, sums, where)
        if not _is_close(found, expected):
            raise ConformanceError(
                f"{where}: value() of sums of shape {sums.shape} is not what it is of each: compute along the last axis"
            )
    if not _is_close(value_of_rows(metric, 3 * some[0], where), one_by_one[0]):
        raise ConformanceError(
            f"{where}: the value changes when every item is counted three times: divide by a count (a column of ones)"
        )


def _weighted_sums(rows: np.ndarray, seed: int) -> np.ndarray:
    """Sums in which items count differently, none less than half: near those of the items, and without ties."""
    import numpy as np

    weights: np.ndarray = 0.5 + np.random.RandomState(seed).random_sample(len(rows))
    total: np.ndarray = weights @ rows
    return total


def _check_gradient(metric: Metric, gradient: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, where: str) -> None:
    """Against central differences where sums are not 0, at weighted sums: a tie has no derivative."""
    import numpy as np

    some = np.stack([_weighted_sums(rows, 1), _weighted_sums(rows, 2)])
    with np.errstate(all="ignore"):
        given = _require_unmasked(where, "gradient()", call(f"{where}: gradient()", gradient, some)).astype(np.float64)
    if given.shape != some.shape:
        raise ConformanceError(f"{where}: gradient() of sums {some.shape} has shape {given.shape}: give one a sum")
    step = 1e-6
    for sums, slopes in zip(some, given, strict=True):
        moves = step * np.diag(sums)
        change = value_of_rows(metric, sums + moves, where) - value_of_rows(metric, sums - moves, where)
        expected, scaled = change / (2 * step), slopes * sums  # per relative change: free of the sums' units
        known = np.isfinite(expected) & (sums != 0)
        right = np.abs(scaled - expected) <= 1e-5 * max(1.0, np.abs(expected[known]).max(initial=0))
        for place in np.flatnonzero(known & ~right)[:1]:
            raise ConformanceError(
                f"{where}: gradient() gives {slopes[place]:g} for sum {place}, where a small change of it gives "
                f"{expected[place] / sums[place]:g}: mend it, or leave it out"
            )


def _check_influence(
    metric: Metric, influence: Callable[[Columns], np.ndarray], columns: Columns, rows: np.ndarray, where: str
) -> None:
    """Against leaving items out, where an item's row does not hang on other items: else that tells another thing."""
    import numpy as np

    with np.errstate(all="ignore"):
        given = _require_unmasked(where, "influence()", call(f"{where}: influence()", influence, columns))
    if not (given.shape == (len(rows),) and given.dtype.kind in "biuf" and bool(np.isfinite(given).all())):
        raise ConformanceError(
            f"{where}: influence() has shape {given.shape} or no finite numbers: give {len(rows)}, one an item"
        )
    if not _item_by_item(metric, columns, rows, where):
        return
    found = _left_out(metric, rows, where)
    low, high = np.fmin.reduce(found), np.fmax.reduce(found)
    slack = 0.02 * np.abs(found[np.isfinite(found)]).max(initial=0) + 1e-6
    for place in np.flatnonzero((given < low - slack) | (given > high + slack))[:1]:
        raise ConformanceError(
            f"{where}: influence() gives {given[place]:g} for item {place}, where leaving it out gives "
            f"{found[0, place]:g}: mend it, or leave influence away"
        )


def _item_by_item(metric: Metric, columns: Columns, rows: np.ndarray, where: str) -> bool:
    """Whether items have the rows by themselves that they have among all others (of many items, 500 are asked)."""
    import numpy as np

    try:
        for i in range(0, len(rows), 1 + len(rows) // 500):
            alone = check_rows(metric, {name: column[i : i + 1] for name, column in columns.items()}, where)
            if not np.array_equal(alone, rows[i : i + 1]):
                return False
    except ConformanceError:
        return False
    return True


def _left_out(metric: Metric, rows: np.ndarray, where: str) -> np.ndarray:
    """(4, n): what leaving an item out does, in units of the value, or a part of it; and what leaving it out of many
    copies of all items, and adding it to them, does.

    The first is the jackknife, the second what metrics of classes have (a class keeps its only item), the others are
    one-sided derivatives, of which a tie has two: an influence may be any, or lie between them.
    """
    import numpy as np

    from xlbench.stats.rows import PART

    n, copies, sums = len(rows), 10_000, rows.sum(axis=0)
    value, many, block = value_of_rows(metric, sums, where), copies * n, max(1, (1 << 20) // rows.shape[1])
    kinds = []
    for part in (rows[start : start + block] for start in range(0, n, block)):
        once = (n - 1) * (value - value_of_rows(metric, sums - part, where))
        partly = (n - PART) / PART * (value - value_of_rows(metric, sums - PART * part, where))
        less = (many - 1) * (value - value_of_rows(metric, copies * sums - part, where))
        more = (many + 1) * (value_of_rows(metric, copies * sums + part, where) - value)
        kinds.append(np.stack([once, partly, less, more]))
    return np.concatenate(kinds, axis=1)
