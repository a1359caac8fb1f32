"""The one formula: weighted averages of scores, with an interval that knows which items they share.

    Theta = sum_t w_t theta_t
    U_c   = sum over (t, i) in cluster c of w_t (psi_ti - mean psi_t) / n_t
    Var   = sum over connected sets S of clusters: G_S/(G_S-1) sum_{c in S} U_c^2   +   seed variance
    df    = Var^2 / sum_S (Var_S^2 / (G*_S-1))

CR1 (Liang and Zeger, 1986), over influences that leave each cluster out (see `xlbench.stats.rows.left_out`), for each
set of clusters that scores connect; degrees of freedom by Satterthwaite (1946), from the effective number of clusters
G*_S. An area of ten documents then counts as ten, or as fewer where one of them is long, however many words another
area has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.estimate import Estimate
from xlbench.stats import intervals, metrics
from xlbench.stats.bootstrap import Resampler
from xlbench.stats.rows import group, left_out, linear_sums, satterthwaite, set_variances


@dataclass(frozen=True, eq=False)
class Part:
    """A value and how much each cluster of items moves it: what averages and differences are made from."""

    value: float
    clusters: np.ndarray
    """(G,) integer codes, each once, comparable with those of other parts."""
    influence: np.ndarray
    """(G,) by how much each cluster moves the value when it is left out; NaN where that is not known."""
    n: int
    """Items; in an average, those of all parts together."""
    seed_variance: float = 0.0
    """Variance of the value from random starts: s^2 / S for S seeds; in an average, sum of w^2 s^2 / S."""
    sets: np.ndarray | None = None
    """(G,) integers from 0: the connected set of every cluster (those that meet in a score); None: all are one set."""
    shares: np.ndarray | None = None
    """(G,) how much of the value's weight lies in each cluster; None: as much in each."""

    @property
    def weight(self) -> np.ndarray:
        """(G,) how much of the value's weight lies in each cluster."""
        return np.full(len(self.clusters), 1 / max(1, len(self.clusters))) if self.shares is None else self.shares

    @property
    def connected(self) -> np.ndarray:
        """(G,) the connected set of every cluster."""
        return np.zeros(len(self.clusters), dtype=np.intp) if self.sets is None else self.sets


def part(value: float, psi: np.ndarray, clusters: np.ndarray, seed_variance: float = 0.0) -> Part:
    """A score as a part: psi (n,) of its items, and their cluster codes (n,)."""
    if np.shape(psi) != np.shape(clusters) or not len(psi):
        raise UsageError(f"{np.shape(psi)} influences do not go with {np.shape(clusters)} cluster codes")
    codes, inverse = np.unique(np.asarray(clusters), return_inverse=True)
    sums, shares = linear_sums(psi, inverse), np.bincount(inverse) / len(psi)
    return Part(value, codes, left_out(sums, shares), len(psi), seed_variance, shares=shares)


def combine(parts: Sequence[Part], weights: Sequence[float] | None = None) -> Part:
    """The weighted sum of parts (None: their mean), merged over the clusters that they share.

    A part with a single cluster says nothing about its own error; it makes the influence of the whole NaN.
    """
    if not parts:
        raise UsageError("an average needs at least one part")
    if weights is None:
        weights = [1 / len(parts)] * len(parts)
    if len(weights) != len(parts):
        raise UsageError(f"{len(weights)} weights do not go with {len(parts)} parts")
    known = [one.influence if len(one.clusters) > 1 else np.full(len(one.influence), np.nan) for one in parts]
    clusters = [one.clusters for one in parts]
    codes, sums = _merge(clusters, [w * u for w, u in zip(weights, known, strict=True)])
    equal = all(one.shares is None and len(one.clusters) == len(codes) for one in parts)
    shares = None if equal else _merge(clusters, [abs(w) * p.weight for w, p in zip(weights, parts, strict=True)])[1]
    return Part(
        sets=_connected(parts, codes),
        shares=shares,
        value=math.fsum(w * one.value for w, one in zip(weights, parts, strict=True)),
        clusters=codes,
        influence=sums,
        n=sum(one.n for one in parts),
        seed_variance=math.fsum(w**2 * one.seed_variance for w, one in zip(weights, parts, strict=True)),
    )


def _merge(codes: Sequence[np.ndarray], sums: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Add up sums that belong to the same code: sorted codes (G,) and totals (G,)."""
    if all(np.array_equal(one, codes[0]) for one in codes[1:]) and bool(np.all(np.diff(codes[0]) > 0)):
        return np.asarray(codes[0]), np.sum(sums, axis=0)  # many languages over the same sentences
    together, inverse = np.unique(np.concatenate(codes), return_inverse=True)
    return together, np.bincount(inverse, weights=np.concatenate(sums), minlength=len(together))


def _connected(parts: Sequence[Part], codes: np.ndarray) -> np.ndarray | None:
    """The connected sets of the clusters ``codes`` (G,) of all parts together: sets that share a cluster are one."""
    if all(one.sets is None and len(one.clusters) == len(codes) for one in parts):
        return None  # all have the same clusters, and each is one set
    places = [np.searchsorted(codes, one.clusters) for one in parts]
    first = np.cumsum([0, *(int(one.connected.max(initial=0)) + 1 for one in parts)])
    of_part = [one.connected + start for one, start in zip(parts, first[:-1], strict=True)]
    links = np.unique(np.column_stack([np.concatenate(places), np.concatenate(of_part)]), axis=0)
    # Two sets of parts that hold the same cluster follow each other among the links, which are in order of cluster.
    same = links[1:, 0] == links[:-1, 0]
    root = list(range(first[-1]))
    for one, other in np.unique(np.column_stack([links[:-1, 1], links[1:, 1]])[same], axis=0).tolist():
        root[_root_of(root, one)] = _root_of(root, other)
    roots = np.array([_root_of(root, one) for one in range(first[-1])])
    of_cluster = np.empty(len(codes), dtype=np.intp)
    of_cluster[links[:, 0]] = roots[links[:, 1]]
    _, sets = np.unique(of_cluster, return_inverse=True)
    return None if not sets.any() else sets


def _root_of(root: list[int], one: int) -> int:
    """The set that a set was joined to in the end; the path there is shortened."""
    while root[one] != one:
        root[one] = root[root[one]]
        one = root[one]
    return one


def standard_error(part: Part) -> float:
    """sqrt(CR1 of every connected set + seed variance); NaN where it is not known."""
    variances, _ = set_variances(part.influence, part.connected, part.weight)
    return math.sqrt(float(variances.sum()) + part.seed_variance)


def degrees_of_freedom(part: Part) -> float:
    """Satterthwaite's, over connected sets; the seeds' variance is taken as known."""
    variances, freedoms = set_variances(part.influence, part.connected, part.weight)
    variance, freedom = float(variances.sum()), float(satterthwaite(variances, freedoms))
    return freedom * (1 + part.seed_variance / variance) ** 2 if variance > 0 else freedom


def estimate(
    part: Part,
    bounds: tuple[float, float] = (0.0, 1.0),
    ci: str = "auto",
    seed: int = 0,
    content: str = "",
    level: float = 0.95,
) -> Estimate:
    """The interval of a part or an average: Theta +- t_df se ("cluster-t"), clipped to ``bounds``.

    Where every cluster says the same, Wilson's interval over clusters. ``ci``: "bootstrap" and "student", "percentile",
    "bca" resample the clusters' linear sums, with draws that depend on ``seed`` and ``content``; "wilson" takes the
    effective number of items, Theta (1 - Theta) / se^2, for a value within finite bounds.
    """
    ci = intervals.check_ci(ci)
    count = len(part.clusters)
    se = standard_error(part)
    if count < 2 or not math.isfinite(se):
        reason = "no interval: one cluster" if count < 2 else "no interval: one of the parts has none"
        return Estimate(part.value, n=part.n, clusters=count, note=reason)
    sample = _linear(part, bounds, content)
    if intervals.is_constant(part.influence, part.value) and not part.seed_variance:
        ends, method = intervals.wilson_over_clusters(sample, level), "wilson"
        note = "every cluster scores the same"
    else:
        ends, method, note = _ends(sample, part, se, ci, seed, level)
    clipped, _ = intervals.finish(ends, part.value, bounds)
    if clipped is None:
        note = "no interval: every cluster scores the same"
        return Estimate(part.value, se=se, n=part.n, clusters=count, note=note)
    return Estimate(part.value, *clipped, method, se, part.n, count, note)


def _linear(part: Part, bounds: tuple[float, float], content: str) -> intervals.Sample:
    """The part as a plain mean of G numbers, value + G U_c, whose variance is the one formula."""
    metric = metrics.mean("linear", "value", bounds)
    rows = metric.rows({"value": part.value + len(part.influence) * part.influence})
    effective = degrees_of_freedom(part) + 1
    return intervals.Sample(metric, part.value, group(rows), part.influence, part.n, effective, content)


def _ends(
    sample: intervals.Sample, part: Part, se: float, ci: str, seed: int, level: float
) -> tuple[tuple[float, float], str, str]:
    """Ends, method and note of an average with some spread."""
    half = intervals.t_quantile(level, sample.effective) * se
    plain = (part.value - half, part.value + half)
    if ci in ("auto", "jackknife"):
        return plain, "cluster-t", ""
    if ci == "wilson":
        return _effective_wilson(sample, se, level, plain)
    method = "student" if ci == "bootstrap" else ci
    low, high = intervals.METHODS[method](sample, Resampler(seed), level)
    if not np.isfinite([low, high]).all() and not np.isfinite(sample.metric.bounds).all():
        return plain, "cluster-t", "too few clusters for a bootstrap"
    # The seeds' variance is not among the clusters: it stretches what the clusters gave.
    stretch = se / sample.se if sample.se > 0 else 1.0
    ends = part.value - (part.value - low) * stretch, part.value + (high - part.value) * stretch
    return ends, method, ""


def _effective_wilson(
    sample: intervals.Sample, se: float, level: float, plain: tuple[float, float]
) -> tuple[tuple[float, float], str, str]:
    """Wilson's interval for as many items as would have this standard error."""
    low, high = sample.metric.bounds
    simple = sample.share * (1 - sample.share)
    if not simple > 0:
        return plain, "cluster-t", "a Wilson interval is for shares"
    quantile = intervals.t_quantile(level, sample.effective)
    effective = simple / (se / (high - low)) ** 2
    return intervals.scaled_wilson(sample.share, effective, quantile, sample.metric.bounds), "wilson", ""
