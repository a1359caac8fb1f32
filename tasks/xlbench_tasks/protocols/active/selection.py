"""Which texts are chosen, from how much each is wanted and from the groups they are in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def best(scores: Floats, order: Ints, count: int, clusters: Ints | None = None) -> Ints:
    """The ``count`` most wanted of n texts, the most wanted first.

    With clusters, each gives its best text before any gives its second, and so on; texts of one such turn come by their
    scores.

    Args:
        scores: (n,) the higher, the sooner.
        order: (n,) the place of each text in a random order, which decides among equal scores.
        count: How many; all n where there are no more.
        clusters: (n,) the cluster of each; None: no clusters.

    Returns:
        (min(count, n),) places among the texts.
    """
    ranked = np.lexsort((order, -scores))
    if clusters is not None:
        ranked = ranked[np.argsort(_turns(clusters[ranked]), kind="stable")]
    chosen: Ints = ranked[:count]
    return chosen


def _turns(clusters: Ints) -> Ints:
    """How many texts of the same cluster come before each of n texts (n,)."""
    by_cluster = np.argsort(clusters, kind="stable")
    own = clusters[by_cluster]
    starts = np.searchsorted(own, own)
    turns = np.empty(len(clusters), np.int64)
    turns[by_cluster] = np.arange(len(clusters)) - starts
    return turns


def furthest(vectors: Floats, known: Floats, order: Ints, count: int, clusters: Ints | None = None) -> Ints:
    """Texts one after the other, each the furthest from all that are known or chosen before it.

    Farthest-first traversal (Gonzalez, 1985), which is the greedy k-center of core-sets (Sener and Savarese, 2018,
    arXiv 1708.00489); distances are Euclidean. Where nothing is known yet, the first is that which comes first in the
    random order. With clusters, they take turns, in the order of their numbers.

    Args:
        vectors: (n, d) of the texts to choose from.
        known: (m, d) of those that are chosen already; m may be 0.
        order: (n,) the place of each text in a random order, which decides among equal distances.
        count: How many; all n where there are no more.
        clusters: (n,) the cluster of each; None: no clusters.

    Returns:
        (min(count, n),) places among the texts, in the order in which they were chosen.
    """
    n = len(vectors)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    nearest = np.full(n, np.inf)
    step = max(1, (1 << 22) // max(n, 1))
    for start in range(0, len(known), step):
        block = known[start : start + step]
        lengths = np.einsum("ij,ij->i", block, block)
        apart = squares[:, np.newaxis] + lengths - 2 * vectors @ block.T
        nearest = np.minimum(nearest, apart.min(axis=1))
    free = np.ones(n, dtype=bool)
    chosen: list[int] = []
    while len(chosen) < min(count, n):
        for members in _groups(clusters, free):
            if len(chosen) == count:
                break
            ahead = members[nearest[members] == nearest[members].max()]
            new = int(ahead[order[ahead].argmin()])
            chosen.append(new)
            free[new] = False
            nearest = np.minimum(nearest, squares + squares[new] - 2 * vectors @ vectors[new])
    return np.array(chosen, dtype=np.int64)


def _groups(clusters: Ints | None, free: NDArray[np.bool_]) -> list[Ints]:
    """The free texts of every cluster that has any; all of them as one where there are no clusters."""
    left = np.flatnonzero(free)
    if clusters is None:
        return [left]
    return [left[clusters[left] == code] for code in np.unique(clusters[left])]
