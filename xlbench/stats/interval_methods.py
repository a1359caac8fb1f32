"""The formulas of intervals, one function a method: Wilson, jackknife t, and the bootstrap's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from xlbench.core.task import Metric
from xlbench.stats import student
from xlbench.stats.bootstrap import Resampler, replicates, studentized
from xlbench.stats.rows import Grouped
from xlbench.stats.variances import cluster_variance

Ends = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Sample:
    """What an interval is made from."""

    metric: Metric
    value: float
    units: Grouped
    """What is resampled: the rows of items, or their sums over clusters."""
    influence: np.ndarray
    """(G,): by how much each unit moves the value when it is left out."""
    n: int
    """Items."""
    effective: float
    """How many units of equal size would tell as much: G, or fewer where some hold much more than others."""
    content: str
    stretch: float = 1.0
    """Standard error over that with the rows of other items held fixed: what resampled rows alone do not show."""

    @property
    def clusters(self) -> int:
        """How many units there are."""
        return len(self.influence)

    @property
    def clustered(self) -> bool:
        """Whether units are larger than an item."""
        return self.clusters < self.n

    @property
    def se(self) -> float:
        """Standard error from the influence of the units."""
        return float(np.sqrt(cluster_variance(self.influence)))

    @property
    def share(self) -> float:
        """Where between its bounds the value lies, 0 to 1; NaN where there are none."""
        low, high = self.metric.bounds
        return (self.value - low) / (high - low) if np.isfinite([low, high]).all() else float("nan")


def wilson(share: float, n: float, quantile: float) -> Ends:
    """Wilson's score interval of a share of ``n`` (which need not be whole), for a normal or t ``quantile``."""
    weight = quantile**2 / n
    center = (share + weight / 2) / (1 + weight)
    half = quantile / (1 + weight) * float(np.sqrt(max(share * (1 - share), 0.0) / n + weight / (4 * n)))
    return max(0.0, center - half), min(1.0, center + half)


def t_quantile(level: float, clusters: float) -> float:
    """Two-sided quantile of Student's t with ``clusters`` - 1 degrees of freedom, which need not be whole."""
    return student.quantile((1 + level) / 2, clusters - 1)


def scaled_wilson(share: float, n: float, quantile: float, bounds: Ends) -> Ends:
    """Wilson's interval of a value that lies at ``share`` between its bounds; NaN where there are no bounds."""
    if not np.isfinite(share):
        return float("nan"), float("nan")
    low, high = wilson(min(max(share, 0.0), 1.0), n, quantile)
    return bounds[0] + low * (bounds[1] - bounds[0]), bounds[0] + high * (bounds[1] - bounds[0])


def wilson_over_clusters(sample: Sample, level: float) -> Ends:
    """Wilson's interval with the clusters for items: the design effect taken as the mean cluster size."""
    if found := support(sample):
        return _wilson_of_support(found, sample, level)
    quantile = t_quantile(level, sample.effective) if sample.clustered else _normal_quantile(level)
    return scaled_wilson(sample.share, sample.effective, quantile, sample.metric.bounds)


@dataclass(frozen=True)
class Support:
    """The proportion behind a metric of counts: hits among what was found or was to be found."""

    share: float
    n: float
    """How many there are; items that have none say nothing about the metric."""
    units: float
    """How many units (items, or clusters) have some."""
    is_f1: bool

    def slope(self) -> float:
        """Derivative of the share by the metric."""
        return (1 + self.share) ** 2 / 2 if self.is_f1 else 1.0

    def metric(self, share: float) -> float:
        """The metric of a share: F1 = 2 J / (1 + J), for J = hits / (predicted + true - hits)."""
        return 2 * share / (1 + share) if self.is_f1 else share


def support(sample: Sample) -> Support | None:
    """What a precision, recall or F1 is made from; None for other metrics, and where nothing was counted."""
    kind = sample.metric.interval
    if kind not in ("ratio", "f1"):
        return None
    cells, counts = sample.units.cells, sample.units.counts
    of_unit = cells[:, 1] if kind == "ratio" else cells[:, 1] + cells[:, 2] - cells[:, 0]
    n, hits = float(counts @ of_unit), float(counts @ cells[:, 0])
    return Support(hits / n, n, float(counts[of_unit > 0].sum()), kind == "f1") if n > 0 else None


def _wilson_of_support(counted: Support, sample: Sample, level: float) -> Ends:
    """Wilson's interval of the proportion behind a metric, with n / deff of what was counted and Student's t."""
    simple = counted.share * (1 - counted.share) / counted.n
    effect = max(1.0, (sample.se * counted.slope()) ** 2 / simple) if simple > 0 else counted.n / counted.units
    alone = counted.units >= counted.n
    quantile = _normal_quantile(level) if alone else t_quantile(level, max(2.0, counted.units))
    low, high = wilson(min(max(counted.share, 0.0), 1.0), counted.n / effect, quantile)
    return counted.metric(low), counted.metric(high)


def wilson_interval(sample: Sample, _: Resampler, level: float) -> Ends:
    """Wilson's interval; where items are clustered, or move the rows of others, with n / deff items and t. The design
    effect of hits is at least 1. That of other numbers is what their spread makes it: n / deff hits would have the same
    standard error, and the interval is as skewed near a bound as the numbers are."""
    if found := support(sample):
        return _wilson_of_support(found, sample, level)
    hits = sample.metric.interval == "proportion"
    if hits and not sample.clustered and sample.metric.through_others is None:
        return scaled_wilson(sample.share, sample.n, _normal_quantile(level), sample.metric.bounds)
    low, high = sample.metric.bounds
    simple = sample.share * (1 - sample.share) / sample.n
    effect = (sample.se / (high - low)) ** 2 / simple if simple > 0 else sample.n / sample.effective
    effect = max(1.0, effect) if hits else effect
    quantile = t_quantile(level, sample.effective)
    return scaled_wilson(sample.share, sample.n / effect, quantile, sample.metric.bounds)


def _normal_quantile(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


def jackknife(sample: Sample, _: Resampler, level: float) -> Ends:
    """theta +- t se, with G* - 1 degrees of freedom, for the effective number G* of units."""
    half = t_quantile(level, sample.effective) * sample.se
    return sample.value - half, sample.value + half


def _percentile(sample: Sample, resampler: Resampler, level: float) -> Ends:
    return _quantiles(_finite(replicates(sample.metric, sample.units, resampler, sample.content)), _tails(level))


def _centered_percentile(sample: Sample, resampler: Resampler, level: float) -> Ends:
    """The percentile interval, moved so that the resamples' mean lies at the value.

    Clustering metrics rise when items are drawn twice. What is left of the resamples without that shift is their
    spread: an interval for a test of this size, as the jackknife's.
    """
    drawn = _finite(replicates(sample.metric, sample.units, resampler, sample.content))
    return _quantiles(drawn - (drawn.mean() if len(drawn) else 0.0) + sample.value, _tails(level))


def _bca(sample: Sample, resampler: Resampler, level: float) -> Ends:
    """Bias-corrected and accelerated (Efron, 1987), with the acceleration from the influence of the units."""
    drawn = _finite(replicates(sample.metric, sample.units, resampler, sample.content))
    if not len(drawn):
        return float("nan"), float("nan")
    from scipy import special  # takes longer to import than reading a board's cells, which does not come here

    slack = 1e-12 * max(abs(sample.value), 1.0)
    below = np.mean(drawn < sample.value - slack) / 2 + np.mean(drawn <= sample.value + slack) / 2
    bias = special.ndtri(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn)))
    influence = sample.influence - sample.influence.mean()
    acceleration = (influence**3).sum() / (6 * (influence**2).sum() ** 1.5)
    shifted = bias + special.ndtri(_tails(level))
    return _quantiles(drawn, special.ndtr(bias + shifted / (1 - acceleration * shifted)))


def _student(sample: Sample, resampler: Resampler, level: float) -> Ends:
    """theta - t* se for the quantiles of t* over resamples; infinite where too many resamples have no spread."""
    drawn, se = studentized(sample.metric, sample.units, resampler, sample.content)
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn) or not se > 0:
        return float("-inf"), float("inf")
    low, high = _quantiles(drawn, _tails(level))
    return sample.value - high * se, sample.value - low * se


def _tails(level: float) -> np.ndarray:
    return np.array([(1 - level) / 2, (1 + level) / 2])


def _finite(drawn: np.ndarray) -> np.ndarray:
    finite: np.ndarray = drawn[np.isfinite(drawn)]
    return finite


def _quantiles(drawn: np.ndarray, shares: np.ndarray) -> Ends:
    """Quantiles by linear interpolation, infinite where infinite numbers take part; NaN where nothing was drawn."""
    if not len(drawn):
        return float("nan"), float("nan")
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(drawn, shares)
    # Between a number and infinity, interpolation gives NaN: the outer neighbor is meant.
    return (float("-inf") if np.isnan(low) else float(low)), (float("inf") if np.isnan(high) else float(high))


METHODS: dict[str, Callable[[Sample, Resampler, float], Ends]] = {
    "percentile": _percentile, "centered": _centered_percentile, "bca": _bca, "student": _student,
    "jackknife": jackknife, "wilson": wilson_interval,
}  # fmt: skip
