"""Several tests at once: adjusted p-values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values (T,) that keep the chance of any false finding (Holm, 1979); NaN is no test, and stays."""
    return _stepwise(p, lambda sorted_p: np.maximum.accumulate(sorted_p * np.arange(len(sorted_p), 0, -1)))


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values (T,) that keep the share of false findings (Benjamini and Hochberg, 1995); NaN stays."""

    def adjusted(sorted_p: np.ndarray) -> np.ndarray:
        count = len(sorted_p)
        scaled = sorted_p * count / np.arange(1, count + 1)
        falling: np.ndarray = np.minimum.accumulate(scaled[::-1])[::-1]
        return falling

    return _stepwise(p, adjusted)


def _stepwise(p: np.ndarray, adjust: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """``adjust`` applied to the sorted p-values that are known, at most 1, in their old places."""
    values = np.asarray(p, dtype=np.float64)
    found = np.full(len(values), np.nan)
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(values[known], kind="stable")]
    if len(order):
        found[order] = np.minimum(adjust(values[order]), 1.0)
    return found
