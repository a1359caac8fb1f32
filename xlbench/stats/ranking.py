"""Which ranks the data leaves open to each of several models. Random numbers are those of `bootstrap`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xlbench.errors import UsageError
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


def ranks(values: np.ndarray, influences: np.ndarray, seed: int = 0, content: str = "", level: float = 0.95) -> Ranks:
    """Rank intervals that hold together with probability ``level``: max-|t| over all pairwise differences.

    ``values`` (M,), ``influences`` (M, G): every model's sums over the same clusters, as in `Part`; a column of zeros
    is no cluster. Two models are told apart where their difference exceeds c standard errors; c is the ``level``
    quantile of the largest |t| of any pair, drawn from MVN(0, Sigma), divided by the root of a chi-square over its
    G - 1 degrees of freedom. Models with equal influences and values are tied, as is one with NaN with all others.
    """
    values, influences = np.asarray(values, dtype=np.float64), np.asarray(influences, dtype=np.float64)
    if influences.ndim != 2 or values.shape != influences.shape[:1]:
        raise UsageError(f"{values.shape} values do not go with {influences.shape} influences")
    apart = np.zeros((len(values), len(values)), dtype=bool)
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(influences).all(axis=1))
    if len(known) > 1:
        apart[np.ix_(known, known)] = _apart(values[known], influences[known], seed, content, level)
    lead = np.where(np.isfinite(values), values, -np.inf)[:, None] > values
    best = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
    tied = ~apart[best] if len(values) else np.zeros(0, dtype=bool)
    return Ranks(
        low=1 + (apart & lead).sum(axis=0),
        high=len(values) - (apart & lead).sum(axis=1),
        tied_with_best=tied,
    )


def _apart(values: np.ndarray, influences: np.ndarray, seed: int, content: str, level: float) -> np.ndarray:
    """(M, M) booleans: whether the data tells two models apart."""
    influences = influences[:, np.any(influences != 0, axis=0)]
    count = influences.shape[1]
    gaps = np.abs(values[:, None] - values)
    if count < 2:
        return np.zeros_like(gaps, dtype=bool)
    errors = _pair_errors(influences)
    spread = errors > 1e-11 * max(1.0, float(np.abs(values).max()))
    critical = _critical(influences, errors, spread, random_state(seed, content), level)
    return np.where(spread, gaps > critical * errors, False)


def _pair_errors(influences: np.ndarray) -> np.ndarray:
    """Standard errors (M, M) of differences, from differences: exactly 0 for equal influences."""
    count = influences.shape[1]
    squares = [np.einsum("mg,mg->m", off, off) for row in influences for off in [influences - row]]
    errors: np.ndarray = np.sqrt(count / (count - 1) * np.array(squares))
    return errors


def _critical(
    influences: np.ndarray, errors: np.ndarray, spread: np.ndarray, random: np.random.RandomState, level: float
) -> float:
    """Quantile ``level`` of the largest |t| over all pairs with some spread; 0 where there is none."""
    first, second = np.nonzero(np.triu(spread))
    if not len(first):
        return 0.0
    models, count = influences.shape
    scales, axes = np.linalg.eigh(count / (count - 1) * influences @ influences.T)
    roots = axes * np.sqrt(np.maximum(scales, 0.0))
    scores = random.standard_normal((DRAWS, models)) @ roots.T
    scores /= np.sqrt(random.chisquare(count - 1, DRAWS) / (count - 1))[:, np.newaxis]
    largest = np.zeros(DRAWS)
    step = max(1, BLOCK // DRAWS)
    for start in range(0, len(first), step):
        one, other = first[start : start + step], second[start : start + step]
        t = np.abs(scores[:, one] - scores[:, other]) / errors[one, other]
        np.maximum(largest, t.max(axis=1), out=largest)
    return float(np.quantile(largest, level))
