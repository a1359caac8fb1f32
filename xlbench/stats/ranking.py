"""Which ranks the data leaves open to each of several models, all ranks at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.stats.aggregate import Part, combine
from xlbench.stats.bootstrap import random_state
from xlbench.stats.rows import BLOCK, satterthwaite, set_variances

DRAWS = 20_000


@dataclass(frozen=True, eq=False)
class Ranks:
    """Per model (M,): the best and the worst rank that it may have, 1 being the best."""

    low: np.ndarray
    high: np.ndarray
    tied_with_best: np.ndarray
    """(M,) booleans: not told apart from the model with the highest value."""


def ranks(
    values: np.ndarray,
    influences: np.ndarray,
    seed: int = 0,
    content: str = "",
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
    Models with equal influences and values are tied, as is one with NaN with all others.

    Args:
        values: (M,) one a model.
        influences: (M, G) every model's influences over the same clusters, as in `Part`.
        seed: Of the draws for c, with
        content: that says what they are for.
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
    apart = _apart(values, influences, sets, shares, random_state(seed, content), level)
    lead = np.where(np.isfinite(values), values, -np.inf)[:, None] > values
    best = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
    tied = ~apart[best] if len(values) else np.zeros(0, dtype=bool)
    return Ranks(
        low=1 + (apart & lead).sum(axis=0),
        high=len(values) - (apart & lead).sum(axis=1),
        tied_with_best=tied,
    )


def told_apart(parts: Sequence[Part], seed: int = 0, content: str = "", level: float = 0.95) -> np.ndarray:
    """(M, M) booleans: whether the data tells two of M scores or averages apart, as for `ranks`, all pairs at once."""
    together = combine(parts)
    influences = np.zeros((len(parts), len(together.clusters)))
    for row, part in zip(influences, parts, strict=True):
        row[np.searchsorted(together.clusters, part.clusters)] = part.influence
    return _apart(
        np.array([part.value for part in parts]), influences, together.connected, together.weight,
        random_state(seed, content), level,
    )  # fmt: skip


def _apart(
    values: np.ndarray,
    influences: np.ndarray,
    sets: np.ndarray,
    shares: np.ndarray,
    random: np.random.RandomState,
    level: float,
) -> np.ndarray:
    apart = np.zeros((len(values), len(values)), dtype=bool)
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(influences).all(axis=1))
    if len(known) > 1:
        errors, freedom = _pair_errors(values[known], influences[known], sets, shares)
        critical = studentized_range(len(known), freedom, level, random)
        gaps = np.abs(values[known][:, None] - values[known])
        apart[np.ix_(known, known)] = np.where(errors > 0, gaps > critical * errors, False)
    return apart


def _pair_errors(
    values: np.ndarray, influences: np.ndarray, sets: np.ndarray, shares: np.ndarray
) -> tuple[np.ndarray, float]:
    """Standard errors (M, M) of differences, 0 where two models cannot be told apart, and the fewest degrees of freedom
    of any pair."""
    tiny = 1e-11 * max(1.0, float(np.abs(values).max()))
    errors, fewest = np.zeros((len(values), len(values))), np.inf
    for model in range(len(values) if influences.shape[1] else 0):
        variances, freedoms = set_variances(influences - influences[model], sets, shares)
        both = np.sqrt(variances.sum(axis=-1))
        known = both > tiny
        errors[model, known] = both[known]
        fewest = min(fewest, satterthwaite(variances, freedoms)[known].min(initial=np.inf))
    return errors, float(fewest)


def largest_against_one(others: int, freedom: float, level: float, random: np.random.RandomState) -> float:
    """Quantile of the largest |t| of ``others`` independent values against one that they share (Dunnett, 1955).

    Args: as of `studentized_range`.
    """
    drawn = random.standard_normal((DRAWS, others + 1))
    largest = np.abs(drawn[:, 1:] - drawn[:, :1]).max(axis=1)
    error = np.sqrt(random.chisquare(freedom, DRAWS) / freedom) if np.isfinite(freedom) else 1.0
    return float(np.quantile(largest / error, level)) / math.sqrt(2)


def studentized_range(models: int, freedom: float, level: float, random: np.random.RandomState) -> float:
    """Quantile of the largest |t| of any two of ``models`` independent values that share a standard error.

    Drawn `DRAWS` times, which leaves a relative error of half a percent; scipy's integral takes a second.

    Args:
        models: How many values.
        freedom: Degrees of freedom of the standard error; infinity where it is known.
        level: Of the quantile, as .95.
        random: The draws.
    """
    ranges = np.empty(DRAWS)
    step = max(1, BLOCK // models)
    for start in range(0, DRAWS, step):
        drawn = random.standard_normal((min(step, DRAWS - start), models))
        ranges[start : start + len(drawn)] = np.ptp(drawn, axis=1)
    error = np.sqrt(random.chisquare(freedom, DRAWS) / freedom) if np.isfinite(freedom) else 1.0
    return float(np.quantile(ranges / error, level)) / math.sqrt(2)
