"""The ratio margin, as in xsim: cosines over how near both texts are to their nearest (Artetxe and Schwenk 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers.vector_rows import TIE, Floats, Groups, Ints

MARGIN_TIE = 1e-6
"""Ratio margins that differ by less are equal."""


def hits(near: Floats, near_group: Ints, backward: Floats, groups: Groups) -> NDArray[np.bool_]:
    """Whether the target has the largest ratio margin among the query's k nearest (Artetxe and Schwenk 2019):
    cos(x, y) over the mean of both sides' average similarity to their k nearest. A level rival wins."""
    denominator = (near.mean(axis=1, keepdims=True) + backward[near_group]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.nan_to_num(near / denominator, nan=-np.inf, posinf=-np.inf, neginf=-np.inf)
    is_target = near_group == groups.of_row[:, None]
    target = np.where(is_target, margin, -np.inf).max(axis=1)
    rival = np.where(is_target, -np.inf, margin).max(axis=1)
    hits: NDArray[np.bool_] = target > rival + MARGIN_TIE
    return hits


def taken_by_items(
    near: Floats, near_group: Ints, backward: Floats, groups: Groups, hit: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """How many queries each item's candidate (n,) takes a margin hit from, less those that it gives one to.

    Without one of its k nearest candidates, a query's k + 1st comes in (near: (n, k + 1)); the averages of the
    candidates' sides are held fixed, and all is 0 where there is no k + 1st.
    """
    k, taken = near.shape[1] - 1, np.zeros(len(groups.first_row), np.int64)
    if len(taken) <= k:
        return np.zeros(len(near), np.int32)
    target = groups.of_row[:, None]
    for gone in range(k):
        rest = np.arange(k + 1) != gone
        without = hits(near[:, rest], near_group[:, rest], backward, groups)
        without &= groups.texts[groups.of_row] == 1
        change = without.astype(np.int64) - hit
        change[near_group[:, gone] == target[:, 0]] = 0  # the query's own answer goes with the query
        np.add.at(taken, near_group[:, gone], change)
    return np.where(groups.single & (groups.texts[groups.of_row] == 1), taken[groups.of_row], 0).astype(np.int32)


def hits_of_level(cosines: NDArray[np.float64], k: int, backward: Floats, target: Ints) -> NDArray[np.bool_]:
    """The same for queries (r,) with several candidates level at the k-th place, from cosines with all (r, g): each of
    them is a rival."""
    rows, last = np.arange(len(cosines)), cosines.shape[1] - k
    largest = np.partition(cosines, last, axis=1)[:, last:]
    denominator = (largest.mean(axis=1, keepdims=True) + backward) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.nan_to_num(cosines / denominator, nan=-np.inf, posinf=-np.inf, neginf=-np.inf)
    margin[cosines < largest.min(axis=1, keepdims=True) - TIE] = -np.inf
    own = margin[rows, target]
    margin[rows, target] = -np.inf
    hits: NDArray[np.bool_] = own > margin.max(axis=1) + MARGIN_TIE
    return hits
