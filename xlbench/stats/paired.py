"""Differences of two models over the same clusters of items: deterministic, from influences."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from xlbench.stats import intervals
from xlbench.stats.aggregate import Part, combine, standard_error


@dataclass(frozen=True)
class Difference:
    """a - b with its interval; what cannot be known is None, and ``note`` says why."""

    value: float
    se: float | None
    low: float | None
    high: float | None
    p: float | None
    """Two-sided, of no difference."""
    clusters: int
    note: str = ""


def compare(a: Part, b: Part, level: float = 0.95) -> Difference:
    """a - b, paired: what the two share of a cluster's luck cancels, theta +- t_{G-1} se.

    Equal in every cluster: difference 0, p = 1. No spread and yet a difference: neither p nor interval.
    """
    both = combine([a, b], [1.0, -1.0])
    count, se = len(both.clusters), standard_error(both)
    value = a.value - b.value
    constant = intervals.is_constant(both.influence, value) and not both.seed_variance
    if constant and abs(value) <= 1e-12:
        return Difference(0.0, 0.0, None, None, 1.0, count, "equal in every cluster")
    if count < 2 or not math.isfinite(se):
        return Difference(value, None, None, None, None, count, "no interval: too few clusters")
    if constant:
        return Difference(value, 0.0, None, None, None, count, "the same difference in every cluster")
    half = intervals.t_quantile(level, count) * se
    p = float(2 * special.stdtr(count - 1, -abs(value) / se))
    return Difference(value, se, value - half, value + half, min(p, 1.0), count)
