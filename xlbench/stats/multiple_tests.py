"""Adjusted p-values for multiple tests: Holm, Benjamini-Hochberg."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values (T,) that keep the chance of any false finding (Holm, 1979); NaN is no test, and stays."""
    return _stepwise(p, lambda sorted_p: np.maximum.accumulate(sorted_p * np.arange(len(sorted_p), 0, -1)))


def holm_of_families(p: np.ndarray) -> np.ndarray:
    """Adjusted p-values (T, C) of T families of C tests, each p adjusted within its family already; NaN stays.

    Holm's steps over families: a p counts as often as there are families with a p that is no smaller. The chance of any
    false finding is kept whatever the families' dependence: before the first one, no family that can make one is done.
    """
    values = np.asarray(p, dtype=np.float64)
    families = np.repeat(np.arange(values.shape[0]), values.shape[1])

    def adjusted(sorted_p: np.ndarray) -> np.ndarray:
        known = np.flatnonzero(np.isfinite(values.ravel()))
        order = known[np.argsort(values.ravel()[known], kind="stable")]
        last = np.full(len(values), -1)
        np.maximum.at(last, families[order], np.arange(len(order)))
        left = (last >= 0).sum() - np.searchsorted(np.sort(last[last >= 0]), np.arange(len(order)))
        steps: np.ndarray = np.maximum.accumulate(sorted_p * left)
        return steps

    return _stepwise(values.ravel(), adjusted).reshape(values.shape)


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
