"""Weighted averages of scores that may share items, with their intervals.

    Theta = sum_t w_t theta_t
    U_c   = sum over (t, i) in cluster c of w_t (psi_ti - mean psi_t) / n_t
    Var   = sum over connected sets S of clusters: G_S/(G_S-1) sum_{c in S} U_c^2
    df    = Var^2 / sum_S (Var_S^2 / (G*_S-1))

CR1 (Liang and Zeger, 1986), over influences that leave each cluster out (see `variances.left_out`), for each set of
clusters that scores connect; degrees of freedom by Satterthwaite (1946), from the effective number of clusters G*_S.
An area of ten documents then counts as ten, or as fewer where one of them is long, however many words another
area has. Seeds (k-means starts, training subsets) are clusters, too, in sets of their own: draws that many scores
share are one source of chance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.estimate import Estimate
from xlbench.stats import interval_methods, intervals, metrics
from xlbench.stats.bootstrap import Resampler
from xlbench.stats.rows import group
from xlbench.stats.variances import left_out, linear_sums, satterthwaite, seed_sums, set_variances


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
    sets: np.ndarray | None = None
    """(G,) integers from 0: the connected set of every cluster (those that meet in a score); None: all are one set."""
    shares: np.ndarray | None = None
    """(G,) how much of the value's weight lies in each cluster; None: as much in each."""
    seeds: np.ndarray | None = None
    """(G,) booleans: the clusters that are seeds; None: none is."""
    bias: float = 0.0
    """By how much the value is too high on average, as of a `Score`."""

    @property
    def items(self) -> np.ndarray:
        """(G,) booleans: the clusters that are no seeds."""
        return np.ones(len(self.clusters), dtype=bool) if self.seeds is None else ~self.seeds

    @property
    def count(self) -> int:
        """How many clusters of items there are."""
        return int(np.count_nonzero(self.items))

    @property
    def weight(self) -> np.ndarray:
        """(G,) how much of the value's weight lies in each cluster."""
        return np.full(len(self.clusters), 1 / max(1, len(self.clusters))) if self.shares is None else self.shares

    @property
    def connected(self) -> np.ndarray:
        """(G,) the connected set of every cluster."""
        return np.zeros(len(self.clusters), dtype=np.intp) if self.sets is None else self.sets


def part(
    value: float,
    psi: np.ndarray,
    clusters: np.ndarray,
    seed_values: np.ndarray | None = None,
    seed_codes: np.ndarray | None = None,
    bias: float = 0.0,
) -> Part:
    """A score as a part.

    Args:
        value: The score.
        psi: (n,) influences of its items.
        clusters: (n,) their integer codes.
        seed_values: (S,) the score by single seeds; None: it has none.
        seed_codes: (S,) their integer codes, which no cluster of items has.
        bias: By how much the score is too high on average.
    """
    if np.shape(psi) != np.shape(clusters) or not len(psi):
        raise UsageError(f"{np.shape(psi)} influences do not go with {np.shape(clusters)} cluster codes")
    codes, inverse = np.unique(np.asarray(clusters), return_inverse=True)
    sums, shares = linear_sums(psi, inverse), np.bincount(inverse) / len(psi)
    alone = Part(value, codes, left_out(sums, shares), len(psi), shares=shares, bias=bias)
    return alone if seed_values is None or seed_codes is None else _with_seeds(alone, seed_values, seed_codes)


def _with_seeds(alone: Part, values: np.ndarray, codes: np.ndarray) -> Part:
    """A part of items with its seeds, in the order of codes."""
    together = np.concatenate([alone.clusters, codes])
    order = np.argsort(together, kind="stable")
    seeds = order >= len(alone.clusters)
    sums, shares = np.concatenate([alone.influence, seed_sums(values)]), np.full(len(codes), 1 / len(codes))
    return Part(
        alone.value, together[order], sums[order], alone.n, sets=seeds.astype(np.intp),
        shares=np.concatenate([alone.weight, shares])[order], seeds=seeds, bias=alone.bias,
    )  # fmt: skip


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
    known = [one.influence if one.count > 1 else np.full(len(one.influence), np.nan) for one in parts]
    clusters = [one.clusters for one in parts]
    codes, sums = _merge_codes(clusters, [w * u for w, u in zip(weights, known, strict=True)])
    equal = all(one.shares is None and len(one.clusters) == len(codes) for one in parts)
    shares = (
        None if equal else _merge_codes(clusters, [abs(w) * p.weight for w, p in zip(weights, parts, strict=True)])[1]
    )
    return Part(
        sets=_connected_sets(parts, codes),
        shares=shares,
        value=math.fsum(w * one.value for w, one in zip(weights, parts, strict=True)),
        clusters=codes,
        influence=sums,
        n=sum(one.n for one in parts),
        seeds=_seeds(parts, codes),
        bias=math.fsum(w * one.bias for w, one in zip(weights, parts, strict=True)),
    )


def _seeds(parts: Sequence[Part], codes: np.ndarray) -> np.ndarray | None:
    """(G,) booleans: which of all parts' clusters are seeds; None where none is."""
    if all(one.seeds is None for one in parts):
        return None
    seeds = np.zeros(len(codes), dtype=bool)
    for one in parts:
        if one.seeds is not None:
            seeds[np.searchsorted(codes, one.clusters[one.seeds])] = True
    return seeds


def _merge_codes(codes: Sequence[np.ndarray], sums: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Add up sums that belong to the same code: sorted codes (G,) and totals (G,)."""
    if all(np.array_equal(one, codes[0]) for one in codes[1:]) and bool(np.all(np.diff(codes[0]) > 0)):
        return np.asarray(codes[0]), np.sum(sums, axis=0)  # many languages over the same sentences
    together, inverse = np.unique(np.concatenate(codes), return_inverse=True)
    return together, np.bincount(inverse, weights=np.concatenate(sums), minlength=len(together))


def _connected_sets(parts: Sequence[Part], codes: np.ndarray) -> np.ndarray | None:
    """The connected sets of the clusters ``codes`` (G,) of all parts together: sets that share a cluster are one."""
    if all(one.sets is None and len(one.clusters) == len(codes) for one in parts):
        return None  # all have the same clusters, and each is one set
    first_sets = parts[0].connected
    if all(np.array_equal(one.clusters, codes) and np.array_equal(one.connected, first_sets) for one in parts):
        return first_sets if first_sets.any() else None  # models over the same scores
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
    """sqrt(CR1 of every connected set); NaN where it is not known."""
    variances, _ = set_variances(part.influence, part.connected, part.weight)
    return math.sqrt(float(variances.sum()))


def degrees_of_freedom(part: Part) -> float:
    """Satterthwaite's, over connected sets."""
    return float(satterthwaite(*set_variances(part.influence, part.connected, part.weight)))


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
    effective number of items, Theta (1 - Theta) / se^2, for a value within finite bounds. Theta is the value less its
    bias: what is lost in each of many small tests adds up, while chance does not.
    """
    ci = intervals.check_ci(ci)
    count = part.count
    se = standard_error(part)
    if count < 2 or not math.isfinite(se):
        reason = "no interval: one cluster" if count < 2 else "no interval: one of the parts has none"
        return Estimate(part.value, n=part.n, clusters=count, note=reason)
    sample = _linear(part, bounds, content)
    if intervals.is_constant(part.influence, part.value):
        ends, method = interval_methods.wilson_over_clusters(sample, level), "wilson"
        note = "every cluster scores the same"
    else:
        ends, method, note = _ends(sample, part, se, ci, seed, level)
    ends = ends[0] - part.bias, ends[1] - part.bias
    clipped, _ = intervals.finish(ends, part.value, bounds)
    if clipped is None:
        note = "no interval: every cluster scores the same"
        return Estimate(part.value, se=se, n=part.n, clusters=count, note=note)
    return Estimate(part.value, *clipped, method, se, part.n, count, note)


def _linear(part: Part, bounds: tuple[float, float], content: str) -> interval_methods.Sample:
    """The part as a plain mean of G numbers, value + G U_c, whose variance is the one formula (without seeds)."""
    metric = metrics.mean("linear", "value", bounds)
    influence = part.influence[part.items]
    rows = metric.rows({"value": part.value + len(influence) * influence})
    effective = degrees_of_freedom(part) + 1
    return interval_methods.Sample(metric, part.value, group(rows), influence, part.n, effective, content)


def _ends(
    sample: interval_methods.Sample, part: Part, se: float, ci: str, seed: int, level: float
) -> tuple[tuple[float, float], str, str]:
    """Ends, method and note of an average with some spread."""
    half = interval_methods.t_quantile(level, sample.effective) * se
    plain = (part.value - half, part.value + half)
    if ci in ("auto", "jackknife"):
        return plain, "cluster-t", ""
    if ci == "wilson":
        return _effective_wilson(sample, se, level, plain)
    method = "student" if ci == "bootstrap" else ci
    low, high = interval_methods.METHODS[method](sample, Resampler(seed), level)
    if not np.isfinite([low, high]).all() and not np.isfinite(sample.metric.bounds).all():
        return plain, "cluster-t", "too few clusters for a bootstrap"
    # The seeds' variance is not among the clusters: it stretches what the clusters gave.
    stretch = se / sample.se if sample.se > 0 else 1.0
    ends = part.value - (part.value - low) * stretch, part.value + (high - part.value) * stretch
    return ends, method, ""


def _effective_wilson(
    sample: interval_methods.Sample, se: float, level: float, plain: tuple[float, float]
) -> tuple[tuple[float, float], str, str]:
    """Wilson's interval for as many items as would have this standard error."""
    low, high = sample.metric.bounds
    simple = sample.share * (1 - sample.share)
    if not simple > 0:
        return plain, "cluster-t", "a Wilson interval is for shares"
    quantile = interval_methods.t_quantile(level, sample.effective)
    effective = simple / (se / (high - low)) ** 2
    return interval_methods.scaled_wilson(sample.share, effective, quantile, sample.metric.bounds), "wilson", ""
