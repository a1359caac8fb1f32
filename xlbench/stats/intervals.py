"""Which interval is due for a sample, its ends by that method, and what warnings go with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.estimate import CI_METHODS
from xlbench.core.task import Metric
from xlbench.stats.bootstrap import Resampler
from xlbench.stats.interval_methods import (
    METHODS,
    Ends,
    Sample,
    jackknife,
    support,
    t_quantile,
    wilson_interval,
    wilson_over_clusters,
)

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
        ends = (wilson_interval if bounded else jackknife)(sample, resampler, level)
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


def widen(plain: Interval, sample: Sample, variance: float, level: float, effective: float | None = None) -> Interval:
    """The interval with another variance added: half-widths add up in squares, within the metric's bounds.

    Args:
        plain: The interval over items.
        sample: What it was made from.
        variance: Of seeds, or of the training set.
        level: Of the interval.
        effective: From how many draws the variance is known, for Student's t; None: as many as there are clusters.
    """
    if plain.low is None or plain.high is None or not variance > 0:
        return plain
    extra = t_quantile(level, sample.effective if effective is None else effective) * float(np.sqrt(variance))
    low = sample.value - float(np.hypot(sample.value - plain.low, extra))
    high = sample.value + float(np.hypot(plain.high - sample.value, extra))
    least, most = sample.metric.bounds
    return Interval(max(low, least), min(high, most), plain.method, plain.note)


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
