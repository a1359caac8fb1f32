"""Differences of two models over the same clusters of items: deterministic, from influences."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from xlbench.core.estimate import Estimate
from xlbench.stats import intervals
from xlbench.stats.aggregate import Part, combine, degrees_of_freedom, standard_error


@dataclass(frozen=True)
class Difference(Estimate):
    """a - b with its interval; what cannot be known is None, and ``note`` says why."""

    p: float | None = None
    """Two-sided, of no difference."""


def compare(a: Part, b: Part, level: float = 0.95) -> Difference:
    """a - b, paired: what the two share of a cluster's luck cancels, theta +- t_df se.

    Equal in every cluster: difference 0, p = 1. No spread and yet a difference: neither p nor interval.
    """
    both = combine([a, b], [1.0, -1.0])
    count, se = len(both.clusters), standard_error(both)
    value, n = a.value - b.value, max(a.n, b.n)
    constant = intervals.is_constant(both.influence, value) and not both.seed_variance
    if constant and abs(value) <= 1e-12:
        return Difference(0.0, se=0.0, n=n, clusters=count, note="equal in every cluster", p=1.0)
    if count < 2 or not math.isfinite(se):
        return Difference(value, n=n, clusters=count, note="no interval: too few clusters")
    if constant:
        return Difference(value, se=0.0, n=n, clusters=count, note="the same difference in every cluster")
    freedom = degrees_of_freedom(both)
    half = intervals.t_quantile(level, freedom + 1) * se
    p = float(2 * special.stdtr(freedom, -abs(value) / se))
    return Difference(value, value - half, value + half, "paired-t", se, n, count, p=min(p, 1.0))
