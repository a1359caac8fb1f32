"""Paired differences of two models over the same items: intervals, p-values, detectable differences."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.estimate import Estimate
from xlbench.stats import aggregate, interval_methods, intervals, student
from xlbench.stats.aggregate import degrees_of_freedom, standard_error
from xlbench.stats.bootstrap import random_state
from xlbench.stats.combining import Part, combine
from xlbench.stats.rows import BLOCK

Method = Literal["t", "bootstrap", "randomization"]
POWER = 0.8
"""How often a difference of the smallest size that is called detectable is found."""
FLIPS = 10_000
"""Random signs of a randomization test; below `EXACT` clusters, all of them."""
EXACT = 13
FEW_DISCORDANT = 6
"""Items on which two models disagree, below which no p-value of theirs can be below .05 / 2."""


@dataclass(frozen=True)
class Difference(Estimate):
    """a - b with its interval; what cannot be known is None, and ``note`` says why."""

    p: float | None = None
    """Two-sided, of no difference."""
    freedom: float | None = None
    """Degrees of freedom of ``se``."""
    detectable: float | None = None
    """The smallest difference that such a comparison finds in `POWER` of cases: (t.975 + t.80) se."""

    @property
    def more(self) -> float | None:
        """How many times as many items (or documents, of a clustered score) would show a difference of this size, were
        it the true one; None where that is not known."""
        if not self.value or not self.detectable:
            return None
        return float((self.detectable / abs(self.value)) ** 2)

    def one_sided(self) -> float | None:
        """p of "a is no worse than b", small where a is worse."""
        if self.p is None or self.value is None:
            return None
        return 1.0 if self.p == 1 and not self.value else (self.p / 2 if self.value < 0 else 1 - self.p / 2)


def compare(a: Part, b: Part, level: float = 0.95) -> Difference:
    """a - b, paired: what the two share of a cluster's luck cancels, theta +- t_df se.

    Equal in every cluster: difference 0, p = 1. No spread and yet a difference: neither p nor interval.
    """
    return judge(replace(combine([a, b], [1.0, -1.0]), n=max(a.n, b.n)), level)


def judge(both: Part, level: float = 0.95, method: Method = "t", seed: int = 0, content: str = "") -> Difference:
    """The difference that a part holds, with interval and p.

    Args:
        both: Of a difference, or of a sum of differences.
        level: Of the interval.
        method: "t", theta +- t_df se with its p; "bootstrap", the studentized bootstrap over clusters for the interval
            and t for p; "randomization", the interval of t, and p by turning the signs of the clusters' differences.
        seed: Of random numbers, with
        content: that says what they are for.
    """
    count, se, value, n = both.count, standard_error(both), both.value, both.n
    constant = intervals.is_constant(both.influence, value)
    if constant and abs(value) <= 1e-12:
        return Difference(0.0, se=0.0, n=n, clusters=count, note="equal in every cluster", p=1.0)
    if count < 2 or not math.isfinite(se):
        return Difference(value, n=n, clusters=count, note="no interval: too few clusters")
    if constant:
        return Difference(value, se=0.0, n=n, clusters=count, note="the same difference in every cluster")
    freedom = degrees_of_freedom(both)
    half = interval_methods.t_quantile(level, freedom + 1) * se
    p = min(2 * student.tail(abs(value) / se, freedom), 1.0)
    found = Difference(
        value, value - half, value + half, "paired-t", se, n, count, p=p, freedom=freedom,
        detectable=(interval_methods.t_quantile(level, freedom + 1) + student.quantile(POWER, freedom)) * se,
    )  # fmt: skip
    if method == "bootstrap":
        drawn = aggregate.estimate(both, (-math.inf, math.inf), "bootstrap", seed, content, level)
        return replace(found, low=drawn.low, high=drawn.high, method=f"paired-{drawn.method}")
    if method == "randomization":
        return replace(found, p=randomization(both, seed, content), method="paired-t, p by randomization")
    return found


def randomization(both: Part, seed: int = 0, content: str = "") -> float:
    """Two-sided p of no difference: how often the clusters' differences, with random signs, add up to as much.

    Every cluster's part of the difference is theta_c = share * theta + U_c (Fisher, 1935). All signs below `EXACT`
    clusters, `FLIPS` random ones (and the one that was seen) otherwise. `UsageError` where seeds move the difference:
    their part has no items to turn.
    """
    if both.seeds is not None:
        raise UsageError("a randomization test turns items, and this score also moves with its seeds: use --method t")
    weight = both.weight / both.weight.sum()
    parts = weight * both.value + both.influence
    count, seen = len(parts), abs(float(parts.sum()))
    slack = 1e-12 * max(1.0, float(np.abs(parts).sum()))
    if count < EXACT:
        signs = 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
        return float(np.mean(np.abs(signs @ parts) >= seen - slack))
    random, beyond, step = random_state(seed, f"randomization {content}"), 1, max(1, BLOCK // count)
    for start in range(0, FLIPS, step):
        signs = 1.0 - 2.0 * random.randint(0, 2, (min(step, FLIPS - start), count))
        beyond += int(np.count_nonzero(np.abs(signs @ parts) >= seen - slack))
    return beyond / (FLIPS + 1)


def discordant(a: Part, b: Part) -> tuple[int, int] | None:
    """Items that only a has right, and that only b has right; None unless both are shares of hits over single items.

    A share's influence is x_i - mean, over n: what an item scored can be read off it.
    """
    first, second = hits_of(a), hits_of(b)
    if first is None or second is None or not np.array_equal(a.clusters, b.clusters):
        return None
    return int(np.count_nonzero(first & ~second)), int(np.count_nonzero(second & ~first))


def hits_of(one: Part) -> np.ndarray | None:
    """(n,) which items are right, in the order of the clusters; None unless it is a share of hits over single items."""
    if one.seeds is not None or len(one.clusters) != one.n:
        return None
    x = one.influence * one.n + one.value
    if np.abs(x - x.round()).max(initial=0.0) > 1e-3 or not np.isin(x.round(), (0, 1)).all():
        return None
    return np.asarray(x.round().astype(bool))


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided mid-p of McNemar's test (Fagerland, Lydersen and Laake, 2013), from the items on which two models
    disagree: exact, without the conservatism of the exact test."""
    total, fewer = only_a + only_b, min(only_a, only_b)
    if only_a == only_b:
        return 1.0
    from scipy import special  # takes longer to import than most comparisons, few of which come here

    tail = float(special.bdtr(fewer, total, 0.5))
    point = float(special.bdtr(fewer, total, 0.5) - (special.bdtr(fewer - 1, total, 0.5) if fewer else 0.0))
    return min(1.0, 2 * tail - point)
