"""Which ranks the data leaves open to each of several models, all ranks at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.stats.bootstrap import random_state
from xlbench.stats.rows import BLOCK

DRAWS = 10_000


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
    seed_variances: np.ndarray | None = None,
    sets: np.ndarray | None = None,
) -> Ranks:
    """Rank intervals that hold together with probability ``level``: max-|t| over all pairwise differences.

    ``values`` (M,), ``influences`` (M, G): every model's sums over the same clusters, as in `Part`; a column of zeros
    is no cluster. ``sets`` (G,), as in `Part`: the connected set of every cluster (None: all are one).
    ``seed_variances`` (M,), as in `Part` too: None is 0 for all. Starts of two models are independent, so both of a
    pair's add to the square of its standard error:

        se_ab^2 = sum_S G_S/(G_S-1) sum_{c in S} (U_ac - U_bc)^2 + seed variance of a + seed variance of b
        Sigma   = sum_S G_S/(G_S-1) U_S U_S^T + diag(seed variances)

    Two models are told apart where their difference exceeds c standard errors; c is the ``level`` quantile of the
    largest |t| of any pair: differences drawn from MVN(0, Sigma), over standard errors in which every set's variance
    is as uncertain as a chi-square over its G_S - 1 degrees of freedom. Models with equal influences and values are
    tied, as is one with NaN with all others.
    """
    values, influences = np.asarray(values, dtype=np.float64), np.asarray(influences, dtype=np.float64)
    if influences.ndim != 2 or values.shape != influences.shape[:1]:
        raise UsageError(f"{values.shape} values do not go with {influences.shape} influences")
    seeds = np.zeros(len(values)) if seed_variances is None else np.asarray(seed_variances, dtype=np.float64)
    if seeds.shape != values.shape or (seeds < 0).any():
        raise UsageError(f"{values.shape} values need as many variances of seeds, none below 0, not {seeds.shape}")
    apart = np.zeros((len(values), len(values)), dtype=bool)
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(influences).all(axis=1) & np.isfinite(seeds))
    if len(known) > 1:
        connected = np.zeros(influences.shape[1], dtype=np.intp) if sets is None else sets
        found = _apart(values[known], influences[known], seeds[known], connected, random_state(seed, content), level)
        apart[np.ix_(known, known)] = found
    lead = np.where(np.isfinite(values), values, -np.inf)[:, None] > values
    best = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
    tied = ~apart[best] if len(values) else np.zeros(0, dtype=bool)
    return Ranks(
        low=1 + (apart & lead).sum(axis=0),
        high=len(values) - (apart & lead).sum(axis=1),
        tied_with_best=tied,
    )


def _apart(
    values: np.ndarray,
    influences: np.ndarray,
    seeds: np.ndarray,
    sets: np.ndarray,
    random: np.random.RandomState,
    level: float,
) -> np.ndarray:
    """(M, M) booleans: whether the data tells two models apart."""
    used = np.any(influences != 0, axis=0)
    influences, sets = influences[:, used], np.unique(sets[used], return_inverse=True)[1]
    sizes = np.bincount(sets)
    gaps = np.abs(values[:, None] - values)
    if not len(sizes) or sizes.min() < 2:
        return np.zeros_like(gaps, dtype=bool)
    influences = influences * np.sqrt(sizes / (sizes - 1))[sets]  # the one formula is a sum of squares of these
    tiny = 1e-11 * max(1.0, float(np.abs(values).max()))
    items = _pair_errors(influences)
    errors = np.sqrt(items**2 + seeds[:, None] + seeds)
    # Copies of one model share their starts: their difference is 0, whatever the seeds.
    spread = (errors > tiny) & ((items > tiny) | (gaps > tiny))
    critical = _critical(influences, seeds, sets, errors, spread, random, level)
    return np.where(spread, gaps > critical * errors, False)


def _pair_errors(influences: np.ndarray) -> np.ndarray:
    """Standard errors (M, M) of differences by items alone, from differences: exactly 0 for equal influences."""
    squares = [np.einsum("mg,mg->m", off, off) for row in influences for off in [influences - row]]
    errors: np.ndarray = np.sqrt(np.array(squares))
    return errors


def _critical(
    influences: np.ndarray,
    seeds: np.ndarray,
    sets: np.ndarray,
    errors: np.ndarray,
    spread: np.ndarray,
    random: np.random.RandomState,
    level: float,
) -> float:
    """Quantile ``level`` of the largest |t| over all pairs with some spread; 0 where there is none."""
    first, second = np.nonzero(np.triu(spread))
    if not len(first):
        return 0.0
    scales, axes = np.linalg.eigh(influences @ influences.T + np.diag(seeds))
    roots = axes * np.sqrt(np.maximum(scales, 0.0))
    scores = random.standard_normal((DRAWS, len(influences))) @ roots.T
    freedoms = np.bincount(sets) - 1
    scatter = random.chisquare(freedoms, (DRAWS, len(freedoms))) / freedoms
    by_set = [influences[:, sets == one] for one in range(len(freedoms))]
    largest = np.zeros(DRAWS)
    step = max(1, BLOCK // DRAWS)
    for start in range(0, len(first), step):
        one, other = first[start : start + step], second[start : start + step]
        variances = np.array([np.square(part[one] - part[other]).sum(axis=1) for part in by_set])
        estimated = scatter @ variances + (seeds[one] + seeds[other])
        t = np.abs(scores[:, one] - scores[:, other]) / np.sqrt(estimated)
        np.maximum(largest, t.max(axis=1), out=largest)
    return float(np.quantile(largest, level))
