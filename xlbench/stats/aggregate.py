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

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.core.estimate import Estimate
from xlbench.stats import interval_methods, intervals, metrics
from xlbench.stats.bootstrap import Resampler
from xlbench.stats.combining import Part
from xlbench.stats.rows import group
from xlbench.stats.variances import SetLayout, left_out, linear_sums, satterthwaite, seed_sums


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


def standard_error(part: Part) -> float:
    """sqrt(CR1 of every connected set); NaN where it is not known."""
    return math.sqrt(float(SetLayout(part.connected, part.weight).variances(part.influence).sum()))


def degrees_of_freedom(part: Part) -> float:
    """Satterthwaite's, over connected sets."""
    sets = SetLayout(part.connected, part.weight)
    return float(satterthwaite(sets.variances(part.influence), sets.freedoms))


def estimate(
    part: Part,
    bounds: tuple[float, float] = (0.0, 1.0),
    ci: str = "auto",
    seed: int = 0,
    content: str = "",
    level: float = 0.95,
    sets: SetLayout | None = None,
) -> Estimate:
    """The interval of a part or an average: Theta +- t_df se ("cluster-t"), clipped to ``bounds``.

    Where every cluster says the same, Wilson's interval over clusters. ``ci``: "bootstrap" and "student", "percentile",
    "bca" resample the clusters' linear sums, with draws that depend on ``seed`` and ``content``; "wilson" takes the
    effective number of items, Theta (1 - Theta) / se^2, for a value within finite bounds. Theta is the value less its
    bias: what is lost in each of many small tests adds up, while chance does not. ``sets`` are the part's own, where
    they are known already (`Combiner.sets_of`).
    """
    ci = intervals.check_ci(ci)
    count = part.count
    sets = sets or SetLayout(part.connected, part.weight)
    variances = sets.variances(part.influence)
    se = math.sqrt(float(variances.sum()))
    if count < 2 or not math.isfinite(se):
        reason = "no interval: one cluster" if count < 2 else "no interval: one of the parts has none"
        return Estimate(part.value, n=part.n, clusters=count, note=reason)
    effective = float(satterthwaite(variances, sets.freedoms)) + 1
    half = interval_methods.t_quantile(level, effective) * se
    plain = (part.value - half, part.value + half)
    if intervals.is_constant(part.influence, part.value):
        sample = _linear(part, effective, bounds, content)
        ends, method = interval_methods.wilson_over_clusters(sample, level), "wilson"
        note = "every cluster scores the same"
    elif ci in ("auto", "jackknife"):
        ends, method, note = plain, "cluster-t", ""
    else:
        sample = _linear(part, effective, bounds, content)
        ends, method, note = _ends(sample, part, se, ci, seed, level, plain)
    ends = ends[0] - part.bias, ends[1] - part.bias
    clipped, _ = intervals.finish(ends, part.value, bounds)
    if clipped is None:
        note = "no interval: every cluster scores the same"
        return Estimate(part.value, se=se, n=part.n, clusters=count, note=note)
    return Estimate(part.value, *clipped, method, se, part.n, count, note)


def _linear(part: Part, effective: float, bounds: tuple[float, float], content: str) -> interval_methods.Sample:
    """The part as a plain mean of G numbers, value + G U_c, whose variance is the one formula (without seeds)."""
    metric = metrics.mean("linear", "value", bounds)
    influence = part.influence[part.items]
    rows = metric.rows({"value": part.value + len(influence) * influence})
    return interval_methods.Sample(metric, part.value, group(rows), influence, part.n, effective, content)


def _ends(
    sample: interval_methods.Sample,
    part: Part,
    se: float,
    ci: str,
    seed: int,
    level: float,
    plain: tuple[float, float],
) -> tuple[tuple[float, float], str, str]:
    """Ends, method and note of an average with some spread, by Wilson's interval or a bootstrap; ``plain`` are t's."""
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
