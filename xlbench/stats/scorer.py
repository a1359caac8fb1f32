"""`Scorer`: computes a metric's `Score` and the items' influences for one cell."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.record import Score
from xlbench.core.task import Columns, Metric
from xlbench.stats import interval_methods, intervals, rows
from xlbench.stats.bootstrap import Resampler
from xlbench.stats.rows import Grouped
from xlbench.stats.training_variance import Training
from xlbench.stats.variances import cluster_variance, effective_clusters, left_out, linear_sums, seed_sums

CURVED = ("studentized", "ratio", "f1")
"""Kinds of metrics whose bias is known from rows: smooth functions of sums. A clustering's, and a rank's among fewer
candidates, are those of another question."""

DECIMALS = 12
"""Places of an interval's ends and of standard errors that are kept: more would be noise, which no file compresses."""
LARGEST = 1000.0
"""From here on numbers are kept as they are: they have no more places than that."""


class Scorer:
    """Scores metrics over items, each with an interval.

    Random numbers depend on the seed and on ``content`` alone: all metrics and all models over the same items meet the
    same draws (common random numbers, dealt to rows in sorted order), whatever was scored before, and the order of the
    items does not matter. A scorer keeps recent draws: use one for many cells.
    """

    def __init__(self, seed: int = 0, ci: str = "auto", resamples: int = 10_000, level: float = 0.95) -> None:
        """``ci`` is one of `intervals.CI`; ``level`` lies between 0 and 1, exclusive. `UsageError` otherwise."""
        if not 0 < level < 1:
            raise UsageError(f"the level of an interval lies between 0 and 1, and {level} does not")
        if seed < 0:
            raise UsageError(f"the seed must not be negative: {seed}")
        self._ci = intervals.check_ci(ci)
        self._level = level
        self._resampler = Resampler(seed, resamples)

    def score(
        self,
        metric: Metric,
        columns: Columns,
        clusters: np.ndarray | None = None,
        content: str = "",
        chance: float | None = None,
        training: Training | None = None,
    ) -> tuple[Score, np.ndarray]:
        """The score, and psi (n,): the influence of every item, in units of the value.

        ``clusters`` are integer codes (n,), equal for items that stand or fall together; None: all are alone.
        ``content`` names the items: a digest of item and cluster ids. ``training``: what the training set adds to the
        variance; None: nothing that was asked for. psi is NaN where an item's influence cannot be
        known (n = 1, or a value that is not defined): an average that it enters then has no interval.
        """
        items = rows.metric_rows(metric, columns)
        codes = _codes(clusters, len(items))
        count = len(items) if codes is None else int(codes.max()) + 1
        if not len(items):
            return Score(metric=metric.name, chance=chance, note="no items", direction=metric.direction), np.zeros(0)
        grouped = rows.group(items)
        value = rows.value_of(metric, grouped.sums)
        if not math.isfinite(value):
            note = "the metric is not defined on these items"
            score = Score(metric=metric.name, n=len(items), clusters=count, chance=chance, note=note)
            return replace(score, direction=metric.direction), np.full(len(items), np.nan)
        rows.check_bounds(metric, value)
        own = rows.influences(metric, columns, grouped)
        psi = own + rows.others(metric, columns, len(items))
        sample = _sample(metric, value, items, grouped, psi, codes, content)
        if metric.through_others is not None:
            fixed = _sample(metric, value, items, grouped, own, codes, content).se
            sample = replace(sample, stretch=sample.se / fixed if fixed > 0 else 1.0)
        seeds = rows.seed_values(metric, columns, value)
        variance = cluster_variance(seed_sums(seeds)) if len(seeds) else 0.0
        score = self._with_interval(sample, variance, training or Training(0.0, 2))
        return replace(score, clusters=count, chance=chance, direction=metric.direction), psi

    def _with_interval(self, sample: interval_methods.Sample, variance: float, training: Training) -> Score:
        """The score of a sample; ``variance`` is that of seeds."""
        metric = sample.metric
        found = intervals.interval(sample, self._ci, self._resampler, self._level)
        found = intervals.widen(found, sample, variance, self._level)
        found = training.added_to(found, sample, self._level)
        known = math.isfinite(sample.se) and training.is_known
        se = math.sqrt(sample.se**2 + variance + training.se**2) if known else None
        curved = metric.interval in CURVED and metric.through_others is None
        return Score(
            sample.value, _round(found.low, math.floor), _round(found.high, math.ceil), found.method, _round(se, round),
            sample.n, note=found.note, metric=metric.name, seed_se=math.sqrt(variance),
            training_se=training.se if training.is_known else 0.0,
            bias=round(rows.bias(metric, sample.units), DECIMALS) if curved else 0.0,
        )  # fmt: skip


def _round(number: float | None, rounded: Callable[[float], int]) -> float | None:
    """The number with the places that are kept; an interval's ends are rounded outward, so that it holds its value."""
    if number is None or abs(number) >= LARGEST:
        return number
    kept = rounded(number * 10**DECIMALS) / 10**DECIMALS
    return min(kept, number) if rounded is math.floor else max(kept, number) if rounded is math.ceil else kept or number


def _codes(clusters: np.ndarray | None, n: int) -> np.ndarray | None:
    """Dense codes (n,), or None where all items are alone."""
    if clusters is None or (n == 0 and not len(clusters)):
        return None
    if np.shape(clusters) != (n,):
        raise UsageError(f"clusters must have shape ({n},), not {np.shape(clusters)}")
    codes = rows.dense(clusters)
    return None if codes.max() + 1 == n else codes


def _sample(
    metric: Metric,
    value: float,
    items: np.ndarray,
    grouped: Grouped,
    psi: np.ndarray,
    codes: np.ndarray | None,
    content: str,
) -> interval_methods.Sample:
    """The items as units of resampling: alone, or summed over clusters."""
    if codes is None:
        units, influence, effective = grouped, (psi - psi.mean()) / len(psi), float(len(psi))
    else:
        units = rows.group(rows.cluster_rows(items, codes, grouped.inverse))
        shares = np.bincount(codes) / len(codes)
        influence, effective = (
            left_out(linear_sums(psi, codes), shares),
            effective_clusters(shares),
        )
    return interval_methods.Sample(metric, value, units, influence, len(items), effective, content)
