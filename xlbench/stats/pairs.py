"""Which of many models the data tells apart: the standard errors of all pairwise differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xlbench.stats.rows import BLOCK
from xlbench.stats.variances import SetLayout, satterthwaite

MARGIN = 1e-6
"""How near to its critical value, relatively, a difference is looked at again by itself."""
NOISE = 1e-9
"""Up to which relative error the variances of products of matrices are believed."""
Critical = Callable[[float], float]
"""The critical value of a difference in standard errors, for the fewest degrees of freedom of any pair."""


class Pairs:
    """All pairs of M models over the same clusters."""

    def __init__(self, values: np.ndarray, influences: np.ndarray, sets: np.ndarray, shares: np.ndarray) -> None:
        """
        Args:
            values: (M,) finite.
            influences: (M, G) finite, as in `Part`.
            sets: (G,) the connected set of every cluster.
            shares: (G,) how much weight lies in each cluster.
        """
        self._values, self._influences, self._clusters = values, influences, int(np.count_nonzero(shares))
        self._sets, self._layout = sets, SetLayout(sets, shares)
        self._tiny = 1e-11 * max(1.0, float(np.abs(values).max()))
        """What is 0 but for rounding."""
        self._gaps = np.abs(values[:, None] - values)

    def told_apart(self, critical: Critical, level: float) -> np.ndarray:
        """(M, M) booleans: whether two models are told apart, one pair after the other."""
        first, second = np.triu_indices(len(self._values), 1)
        found, freedoms = self._errors(first, second)
        fewest = float(freedoms.min(initial=np.inf))
        errors = np.zeros_like(self._gaps)
        errors[first, second] = errors[second, first] = found
        return self._told(errors, critical(fewest), level)

    def told_apart_by_products(self, critical: Critical, level: float) -> np.ndarray | None:
        """The same in much less time where there are many models; None where rounding might change it.

        sum (U_a - U_b)^2 is sum U_a^2 + sum U_b^2 - 2 sum U_a U_b: all pairs are one product of matrices. What this
        loses in rounding matters where two models are nearly the same, and where a difference is very near to its
        critical value: these are looked at one by one.
        """
        if not self._influences.shape[1]:
            return None
        variances, freedoms, noise = self._products()
        first, second = np.triu_indices(len(self._values), 1)
        blurred = noise[first, second] > NOISE * variances[first, second]
        if 2 * np.count_nonzero(blurred) > len(first):
            return None
        exact, own = self._errors(first[blurred], second[blurred])
        errors = np.sqrt(variances)
        errors[first[blurred], second[blurred]] = errors[second[blurred], first[blurred]] = exact
        fewest = min(own.min(initial=np.inf), freedoms[first, second][~blurred].min(initial=np.inf))
        threshold = critical(float(fewest))
        limits = threshold * errors[first, second]
        near = ~blurred & (np.abs(self._gaps[first, second] - limits) <= MARGIN * limits)
        exact, _ = self._errors(first[near], second[near])
        errors[first[near], second[near]] = errors[second[near], first[near]] = exact
        limits = threshold * errors[first, second]
        doubtful = (limits > 0) & (np.abs(self._gaps[first, second] - limits) <= 100 * NOISE * limits)
        return None if doubtful.any() else self._told(errors, threshold, level)

    def _told(self, errors: np.ndarray, critical: float, level: float) -> np.ndarray:
        # Without an error the two differ by the same in every cluster: a sign test of all clusters, for all pairs.
        pairs = len(self._values) * (len(self._values) - 1) / 2
        always = (self._gaps > self._tiny) & (pairs * 0.5 ** (self._clusters - 1) <= 1 - level)
        found: np.ndarray = np.where(errors > 0, self._gaps > critical * errors, always)
        return found

    def _errors(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Standard errors (P,) of the differences of pairs, 0 where two models differ by the same everywhere; and the
        degrees of freedom of the others."""
        errors, freedoms = np.zeros(len(first)), [np.zeros(0)]
        if not self._influences.shape[1]:
            return errors, freedoms[0]
        step = max(1, BLOCK // self._influences.shape[1])
        for start in range(0, len(first), step):
            here = slice(start, start + step)
            moved = self._influences[first[here]] - self._influences[second[here]]
            variances = self._layout.variances(moved)
            both = np.sqrt(variances.sum(axis=-1))
            known = both > self._tiny
            errors[here][known] = both[known]
            freedoms.append(satterthwaite(variances, self._layout.freedoms)[known])
        return errors, np.concatenate(freedoms)

    def _products(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Of every pair (M, M) the variance of its difference, its degrees of freedom, and by how much rounding may
        have moved the variance."""
        count = len(self._values)
        total, spent, noise = np.zeros((count, count)), np.zeros((count, count)), np.zeros((count, count))
        order = self._layout.order
        ordered = self._influences if order is None else self._influences[:, order]
        ends = np.cumsum(self._layout.sizes)
        for size, end, freedom in zip(self._layout.sizes.tolist(), ends.tolist(), self._layout.freedoms, strict=True):
            if size < 2:
                return np.full_like(total, np.nan), total, noise
            own = ordered[:, end - size : end]
            products = own @ own.T
            squares = np.diag(products)
            both = squares[:, None] + squares
            factor = size / (size - 1)
            variance = np.maximum(both - 2 * products, 0.0) * factor
            total += variance
            spent += np.square(variance) / freedom
            noise += both * (factor * 4 * (4 + np.sqrt(size)) * np.finfo(float).eps)
        with np.errstate(divide="ignore", invalid="ignore"):
            return total, np.square(total) / spent, noise
