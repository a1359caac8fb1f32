"""Simultaneous rank intervals of several models (Tukey), and Dunnett's tests against one."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.stats import student
from xlbench.stats.combining import Part, combine
from xlbench.stats.pairs import Pairs


@dataclass(frozen=True, eq=False)
class Ranks:
    """Per model (M,): the best and the worst rank that it may have, 1 being the best."""

    low: np.ndarray
    high: np.ndarray
    tied_with_best: np.ndarray
    """(M,) booleans: not told apart from the model with the highest value."""
    apart: np.ndarray
    """(M, M) booleans: whether two models are told apart."""


MANY = 40
"""Models from which on products of matrices tell most pairs apart."""
STEP = 0.04
"""Of the table of the range, in standard deviations: leaves a relative error of .1% in the quantile."""
POWERS = np.linspace(0.0, 1.0, 16)
"""Between two bounds of a quantile: where the distribution is looked at next."""
NODES, WEIGHTS = np.polynomial.legendre.leggauss(64)


def studentized_range(models: int, freedom: float, level: float = 0.95) -> float:
    """Quantile of the largest |t| of any two of ``models`` independent values with one standard error (Tukey, 1953).

    By numerical integration, as scipy's, which takes a second: P(R <= q s) is averaged over the distribution of s.

    Args:
        models: How many values.
        freedom: Degrees of freedom of the standard error, at least 1; infinity where it is known.
        level: Of the quantile.
    """
    widths, shares = _range_distribution(models)
    low = float(np.interp(level, shares, widths))
    if not np.isfinite(freedom):
        return low / math.sqrt(2)
    errors, weights = _standard_errors(freedom)
    high = low * (4.0 if freedom >= 3 else 1e4)
    for _ in range(3):
        tried = low * (high / low) ** POWERS
        reached = np.interp(np.outer(tried, errors), widths, shares) @ weights
        place = int(np.clip(np.searchsorted(reached, level), 1, len(tried) - 1))
        low, high = tried[place - 1], tried[place]
    found = float(np.interp(level, reached[place - 1 : place + 1], (low, high)))
    return found / math.sqrt(2)


@functools.lru_cache(maxsize=1024)
def _standard_errors(freedom: float) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors (64,) for a true one of 1, and the weight of each in an average: that of chi / sqrt(freedom)."""
    reach = 9 / math.sqrt(2 * freedom)  # nine standard deviations on both sides
    low, high = max(0.0, 1 - reach), 1 + reach
    power = 1 if low else 4  # with few degrees of freedom, what is near 0 counts most
    places = (NODES + 1) / 2
    errors = low + (high - low) * places**power
    density = (freedom - 1) * np.log(errors) - freedom * np.square(errors) / 2
    weights = WEIGHTS * places ** (power - 1) * np.exp(density - density.max())
    return errors, weights / weights.sum()


def _normal(places: np.ndarray) -> np.ndarray:
    """The distribution function of the standard normal distribution at places (P,)."""
    return np.array([math.erfc(-one / math.sqrt(2)) / 2 for one in places.tolist()])


@functools.lru_cache(maxsize=128)
def _range_distribution(models: int) -> tuple[np.ndarray, np.ndarray]:
    """Widths w (W,) and P(R <= w) of the range R of so many standard normal values:
    models * integral of phi(z) (Phi(z + w) - Phi(z))^(models - 1)."""
    places = np.arange(-8.0, 22.0, STEP)
    below = _normal(places)
    starts, widths = np.arange(round(16 / STEP)), np.arange(round(14 / STEP))
    within = below[starts + widths[:, None]] - below[starts]
    density = np.exp(-np.square(places[starts]) / 2) / math.sqrt(2 * math.pi)
    shares = models * STEP * (within ** (models - 1)) @ density
    return widths * STEP, np.minimum(shares, 1.0)


def ranks(
    values: np.ndarray,
    influences: np.ndarray,
    level: float = 0.95,
    sets: np.ndarray | None = None,
    shares: np.ndarray | None = None,
) -> Ranks:
    """Rank intervals that hold together with probability ``level``: Tukey's range over all pairwise differences.

    The standard error of a difference is that of the one formula, where seeds are clusters, too:

        se_ab^2 = sum_S G_S/(G_S-1) sum_{c in S} (U_ac - U_bc)^2

    Two models are told apart where their difference exceeds c standard errors; c is the ``level`` quantile of the
    range of M independent normal values over an independent standard error (Tukey, 1953; Kramer, 1956), over sqrt(2),
    with the fewest degrees of freedom of any pair. The correlations of the models do not enter: from a few documents
    they are known too badly, and a quantile drawn with them told equal models apart in 9 to 16% of boards.
    Models with equal influences and values are tied, as is one with NaN with all others; with other values they differ
    by the same in every cluster, which a sign test of all clusters judges.

    Args:
        values: (M,) one a model.
        influences: (M, G) every model's influences over the same clusters, as in `Part`.
        level: Of all intervals together.
        sets: (G,) as in `Part`: the connected set of every cluster; None: all are one.
        shares: (G,) as in `Part`: how much weight lies in each cluster; None: as much in each.
    """
    values, influences = np.asarray(values, dtype=np.float64), np.asarray(influences, dtype=np.float64)
    if influences.ndim != 2 or values.shape != influences.shape[:1]:
        raise UsageError(f"{values.shape} values do not go with {influences.shape} influences")
    clusters = influences.shape[1]
    sets = np.zeros(clusters, dtype=np.intp) if sets is None else np.asarray(sets)
    shares = np.ones(clusters) if shares is None else np.asarray(shares)
    apart = _distinguishable(values, influences, sets, shares, level)
    lead = np.where(np.isfinite(values), values, -np.inf)[:, None] > values
    best = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
    tied = ~apart[best] if len(values) else np.zeros(0, dtype=bool)
    return Ranks(
        low=1 + (apart & lead).sum(axis=0),
        high=len(values) - (apart & lead).sum(axis=1),
        tied_with_best=tied,
        apart=apart,
    )


def distinguishable(parts: Sequence[Part], level: float = 0.95) -> np.ndarray:
    """(M, M) booleans: whether the data tells two of M scores or averages apart, as for `ranks`, all pairs at once."""
    together = combine(parts)
    influences = np.zeros((len(parts), len(together.clusters)))
    for row, part in zip(influences, parts, strict=True):
        row[np.searchsorted(together.clusters, part.clusters)] = part.influence
    return _distinguishable(
        np.array([part.value for part in parts]), influences, together.connected, together.weight, level
    )


def _distinguishable(
    values: np.ndarray,
    influences: np.ndarray,
    sets: np.ndarray,
    shares: np.ndarray,
    level: float,
) -> np.ndarray:
    apart = np.zeros((len(values), len(values)), dtype=bool)
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(influences).all(axis=1))
    if len(known) > 1:
        pairs = Pairs(values[known], influences[known], sets, shares)

        def critical(freedom: float) -> float:
            return studentized_range(len(known), freedom, level)

        told = pairs.told_apart_by_products(critical, level) if len(known) >= MANY else None
        apart[np.ix_(known, known)] = pairs.told_apart(critical, level) if told is None else told
    return apart


def largest_against_one(others: int, freedom: float, level: float = 0.95) -> float:
    """Quantile of the largest |t| of ``others`` independent values against one that they share (Dunnett, 1955).

    Args: as of `studentized_range`.
    """
    low, high = 0.0, 1e6
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if _tail_probability(np.array([middle]), others, freedom)[0] > 1 - level else (low, middle)
        )
    return high


def p_against_one(t: np.ndarray, others: int, freedom: float) -> np.ndarray:
    """How often (T,) the largest |t| of ``others`` values against one that they share is |t| (T,) or more: Dunnett's p,
    between that of a single value and ``others`` times as much.

    Args: as of `studentized_range`.
    """
    alone = 2 * np.array([student.tail(one, freedom) for one in np.abs(t).tolist()])
    found: np.ndarray = np.clip(_tail_probability(np.abs(t), others, freedom), alone, np.minimum(others * alone, 1.0))
    return found


def _tail_probability(t: np.ndarray, others: int, freedom: float) -> np.ndarray:
    """(T,) probabilities that any of several |t| is larger, averaged over the distribution of their standard error."""
    widths, shares = _distribution_against_one(others)
    if not np.isfinite(freedom):
        return np.asarray(1 - np.interp(math.sqrt(2) * t, widths, shares))
    errors, weights = _standard_errors(freedom)
    found: np.ndarray = 1 - np.interp(math.sqrt(2) * np.outer(t, errors), widths, shares) @ weights
    return found


@functools.lru_cache(maxsize=128)
def _distribution_against_one(others: int) -> tuple[np.ndarray, np.ndarray]:
    """Widths w (W,) and how often all of ``others`` standard normal values lie within w of one more:
    the integral of phi(z) (Phi(z + w) - Phi(z - w))^others."""
    places, widths = np.arange(-8.0, 8.0, STEP), np.arange(0.0, 14.0, STEP)
    grid = _normal(np.arange(-22.0, 22.0, STEP))
    center, width = np.arange(len(places)) + round(14 / STEP), np.arange(len(widths))
    within = grid[center + width[:, None]] - grid[center - width[:, None]]
    density = np.exp(-np.square(places) / 2) / math.sqrt(2 * math.pi)
    return widths, np.minimum(STEP * (within**others) @ density, 1.0)
