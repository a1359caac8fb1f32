"""Lists of what a search has found, in the order in which its scores count documents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers.judgments import Ints, Judgments


def without(places: Ints, scores: NDArray[np.floating], own: Ints | None) -> tuple[Ints, NDArray[np.floating]]:
    """Lists and their scores, (n, k) each, without each query's own document (n,), -1 or None: none. The others move
    up, and a list that had it ends in -1."""
    if own is None:
        return places, scores
    is_own = (places == own[:, None]) & (places >= 0)
    order = np.argsort(is_own, axis=1, kind="stable")
    gone = np.take_along_axis(is_own, order, axis=1)
    kept = np.where(gone, -1, np.take_along_axis(places, order, axis=1))
    return kept, np.where(gone, -np.inf, np.take_along_axis(scores, order, axis=1))


def as_scored(near: Ints, judgments: Judgments, ranks: Ints, depth: int) -> Ints:
    """Which documents stand first, (n, min(depth, K)), -1 at the end of shorter lists.

    Judged documents stand at their ranks, which among equals are the worst ones. In the places between them stand the
    others, the nearest first.

    Args:
        near: (n, K) the nearest documents in any order of equals, -1 where a list is shorter: at least ``depth`` that
            were not judged, or all that were found.
        judgments: Of the n queries.
        ranks: (j,) of judged documents; 0: not found.
        depth: How many of each list are kept at most.
    """
    n, width = near.shape
    kept = min(depth, width)
    rows = np.arange(n)[:, None]
    judged = np.isin(rows * judgments.documents + near, judgments.query * judgments.documents + judgments.document)
    is_other = (near >= 0) & ~judged
    order = np.argsort(~is_other, axis=1, kind="stable")
    others = np.where(is_other[rows, order], near[rows, order], -1)
    places: NDArray[np.int64] = np.full((n, kept), -1, np.int64)
    first = (ranks > 0) & (ranks <= kept)
    places[judgments.query[first], ranks[first] - 1] = judgments.document[first]
    free = places < 0
    at = np.minimum(np.cumsum(free, axis=1) - 1, width - 1)
    return np.where(free, others[rows, np.maximum(at, 0)], places)
