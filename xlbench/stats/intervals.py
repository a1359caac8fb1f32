"""From a value, its influences and its resamples to an interval: which method is due, its formula, its warning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.estimate import CI_METHODS
from xlbench.core.task import Metric
from xlbench.stats import student
from xlbench.stats.bootstrap import Resampler, replicates, studentized
from xlbench.stats.rows import Grouped, cluster_variance

CI = CI_METHODS
"""What may be asked for."""

MIDDLE = (0.05, 0.95)
"""Where a share's bootstrap intervals cover what they promise, given `ENOUGH` items."""
ENOUGH = 200
MANY = 20_000
"""With more distinct rows than this, a t interval stands in for a bootstrap by default: 10,000 resamples of so many
take 3 s, and of more in proportion; t held the truth of 94.6% of tests of 10,000 log-normal numbers (sigma 1)."""
FEW_MISSES = 3
"""Of fewer hits or misses than this a Wilson interval covers 84 to 98%; of more, 93 to 97%."""
FEW_CLUSTERS = 10
"""The fewest clusters with which the clustered bootstrap was shown to cover what it promises; fewer are pointed out."""

FEW_PAIRS = 10
"""Of fewer pairs a correlation has no interval: the jackknife's covers 78 to 91% of 4 to 8 pairs (87 to 92% of 10, 91
to 97% of 20 to 50) where it is not all from -1 to 1, and has no width where some orders are perfect."""

HUBS = 1.2
"""From this ratio of standard errors on (see `Sample.stretch`) coverage was measured to fall below 93%."""
HUB_NOTE = "few items move many others: the interval covers 78 to 95%"

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


@dataclass(frozen=True)
class Interval:
    """An interval, how it was made, and what has to be said about it; the ends are None where there is none."""

    low: float | None
    high: float | None
    method: str
    note: str = ""


def check_ci(ci: str) -> str:
    """Return ``ci`` where it is one of `CI`; `UsageError` otherwise."""
    if ci not in CI:
        raise UsageError(f"there is no interval {ci!r}: choose from {', '.join(CI)}")
    return ci


def interval(sample: Sample, ci: str, resampler: Resampler, level: float = 0.95) -> Interval:
    """The interval that ``ci`` asks for, clipped to the metric's bounds; never one of no width."""
    if sample.clusters < 2:
        return Interval(None, None, "", "no interval: one item" if sample.n < 2 else "no interval: one cluster")
    if _is_correlation(sample.metric) and sample.clusters < FEW_PAIRS:
        kind = "clusters" if sample.clustered else "items"
        return Interval(None, None, "", f"no interval: {sample.clusters} {kind} are too few for a correlation's")
    if not np.isfinite(sample.se):
        return Interval(None, None, "", "no interval: without one of the items the metric is not defined")
    if sample.metric.interval in ("ratio", "f1") and support(sample) is None:
        return Interval(None, None, "", "no interval: nothing was found or to be found, and the value is a convention")
    if is_constant(sample.influence, sample.value):
        same = "cluster" if sample.clustered else "item"
        return _over_clusters(sample, level, f"every {same} scores the same")
    method, notes = choose(sample, ci)
    ends = _stretch(METHODS[method](sample, resampler, level), sample, method)
    if not np.isfinite(ends).all():
        bounded = np.isfinite(sample.share)
        ends = (_wilson if bounded else jackknife)(sample, resampler, level)
        method, notes = "wilson" if bounded else "jackknife", ["too few distinct items to resample"]
    clipped, widened = finish(ends, sample.value, sample.metric.bounds)
    if clipped is None or not clipped[0] < clipped[1]:
        return _over_clusters(sample, level, f"a {method} interval has no width here")
    return Interval(*clipped, method, "; ".join([*notes, *widened, *warnings(sample, method)]))


def _stretch(ends: Ends, sample: Sample, method: str) -> Ends:
    """The ends of a bootstrap moved from the value by ``sample.stretch``; other methods go by influences already."""
    if sample.stretch == 1.0 or method in ("jackknife", "wilson"):
        return ends
    return tuple(sample.value + (end - sample.value) * sample.stretch for end in ends)  # type: ignore[return-value]


def widen(found: Interval, sample: Sample, variance: float, level: float, effective: float | None = None) -> Interval:
    """The interval with another variance added: half-widths add up in squares, within the metric's bounds.

    Args:
        found: The interval over items.
        sample: What it was made from.
        variance: Of seeds, or of the training set.
        level: Of the interval.
        effective: From how many draws the variance is known, for Student's t; None: as many as there are clusters.
    """
    if found.low is None or found.high is None or not variance > 0:
        return found
    extra = t_quantile(level, sample.effective if effective is None else effective) * float(np.sqrt(variance))
    low = sample.value - float(np.hypot(sample.value - found.low, extra))
    high = sample.value + float(np.hypot(found.high - sample.value, extra))
    least, most = sample.metric.bounds
    return Interval(max(low, least), min(high, most), found.method, found.note)


def _over_clusters(sample: Sample, level: float, why: str) -> Interval:
    """What stands in for an interval of no width, where the metric is like a share of something."""
    if _is_correlation(sample.metric):
        return Interval(None, None, "", f"no interval: {why}")
    clipped, _ = finish(wilson_over_clusters(sample, level), sample.value, sample.metric.bounds)
    if clipped is None:
        return Interval(None, None, "", f"no interval: {why}")
    return Interval(*clipped, "wilson", "; ".join([why, *warnings(sample, "wilson")]))


def _is_correlation(metric: Metric) -> bool:
    """Whether a metric is no sum over items and no share of anything: it can be below 0."""
    return metric.interval == "jackknife" and metric.bounds[0] < 0


def is_constant(influence: np.ndarray, value: float) -> bool:
    """Whether influences (G,) are 0 but for rounding."""
    return bool(np.sqrt(influence @ influence) <= 1e-11 * max(abs(value), 1.0))


def finish(ends: Ends, value: float, bounds: Ends) -> tuple[Ends | None, list[str]]:
    """Clip the ends to the bounds, and widen the interval where it leaves the value out; None where an end is not
    a finite number."""
    low, high = max(ends[0], bounds[0]), min(ends[1], bounds[1])
    if not np.isfinite([low, high]).all():
        return None, []
    slack = 1e-9 * max(abs(value), 1.0)
    widened = low > value + slack or high < value - slack
    notes = ["widened to hold the value, which its resamples lie beside"] if widened else []
    return (min(low, value), max(high, value)), notes


def choose(sample: Sample, ci: str) -> tuple[str, list[str]]:
    """The method that ``ci`` comes to for this sample, and notes on the choice. Defaults go by measured coverage."""
    kind = sample.metric.interval
    if ci == "auto":
        return _default(sample), []
    if ci == "wilson" and kind not in ("proportion", "ratio", "f1"):
        method = _default(sample)
        return method, [] if method == "wilson" else ["a Wilson interval is for shares of hits"]
    return (_bootstrap(sample) if ci == "bootstrap" else ci), []


def _default(sample: Sample) -> str:
    """The method of ``auto``."""
    kind, counted, metric = sample.metric.interval, support(sample), sample.metric
    if counted is not None:
        held, method = counted.n >= ENOUGH and MIDDLE[0] <= counted.share <= MIDDLE[1], "student"
    elif metric.through_others is not None:
        bounded = kind != "jackknife" and np.isfinite(metric.bounds).all()
        return "wilson" if bounded else "jackknife"
    elif kind == "proportion":
        held, method = sample.n >= ENOUGH and MIDDLE[0] <= sample.share <= MIDDLE[1], _bootstrap(sample)
    else:
        held, method = True, "student" if kind == "studentized" else "jackknife"
    if held and len(sample.units.cells) > MANY:
        return "jackknife"
    return method if held else "wilson"


def _bootstrap(sample: Sample) -> str:
    """The bootstrap that suits the kind of metric."""
    by_kind = {"proportion": "student" if sample.clustered else "percentile", "jackknife": "centered"}
    return by_kind.get(sample.metric.interval, "student")


def warnings(sample: Sample, method: str) -> list[str]:
    """What is known against this method for this sample."""
    kind, found = sample.metric.interval, []
    inside = MIDDLE[0] <= sample.share <= MIDDLE[1]
    if method == "wilson" and kind == "proportion" and 0 < _misses(sample) < FEW_MISSES:
        found.append(f"of fewer than {FEW_MISSES} hits or misses a Wilson interval covers 84 to 98%, not 95%")
    if kind == "proportion" and method in ("percentile", "bca", "student", "jackknife"):
        if not inside:
            found.append(f"near a bound a {method} interval covers 85 to 100%, not 95%")
        elif sample.n < ENOUGH:
            found.append(f"below {ENOUGH} items a {method} interval can cover less than 95% (purity at 50 items: 47%)")
    if kind in ("studentized", "ratio", "f1") and method in ("percentile", "bca"):
        found.append(f"a {method} interval of this metric covers 80 to 95%")
    if kind == "jackknife" and method in ("percentile", "bca", "student"):
        found.append(f"a {method} interval can miss this metric's value nearly always: resampling shifts it")
    if kind == "jackknife" and method in ("jackknife", "centered"):
        found.append("the interval is for a test of this size")
    if sample.stretch >= HUBS:
        found.append(HUB_NOTE)
    if sample.clustered and sample.clusters < FEW_CLUSTERS:
        found.append(f"only {sample.clusters} clusters")
    return found


def _misses(sample: Sample) -> float:
    """Items (clusters, where items are clustered) that are right, or wrong, whichever are fewer."""
    return min(sample.share, 1 - sample.share) * sample.clusters


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


def _wilson_of_support(found: Support, sample: Sample, level: float) -> Ends:
    """Wilson's interval of the proportion behind a metric, with n / deff of what was counted and Student's t."""
    simple = found.share * (1 - found.share) / found.n
    effect = max(1.0, (sample.se * found.slope()) ** 2 / simple) if simple > 0 else found.n / found.units
    alone = found.units >= found.n
    quantile = _normal_quantile(level) if alone else t_quantile(level, max(2.0, found.units))
    low, high = wilson(min(max(found.share, 0.0), 1.0), found.n / effect, quantile)
    return found.metric(low), found.metric(high)


def _wilson(sample: Sample, _: Resampler, level: float) -> Ends:
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
    "jackknife": jackknife, "wilson": _wilson,
}  # fmt: skip
