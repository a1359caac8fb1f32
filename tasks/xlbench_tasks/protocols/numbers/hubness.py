"""Hubs, candidates that are near to everything: how unevenly queries fall on candidates, and CSLS, which allows for it.

Hubness by k-occurrence: Radovanovic, Nanopoulos and Ivanovic, 2010, "Hubs in Space". CSLS: Conneau et al., 2018, "Word
Translation Without Parallel Data", equation 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers.vector_rows import Floats, Groups, Ints

TOP = 10
"""Hubs whose share of the queries is told."""

CSLS_TIE = 1e-6
"""Values of CSLS that differ by less are equal."""


class CrossDomainScaling:
    """Whether each query's target is first by CSLS, block by block: 2 cos(x, y) - r(x) - r(y), where r is a text's mean
    cosine with the k nearest of the other side. r(x) is the same for all candidates of a query, and so is left out."""

    def __init__(self, queries: int, backward: Floats) -> None:
        """``backward`` (g,): r of each group of candidates."""
        self._backward = backward
        self._hit = np.zeros(queries, bool)
        self._blocker = np.full(queries, -1, np.int64)

    def add(self, here: slice, similar: Floats, target: Ints) -> None:
        """A block of queries: similarities (rows, g), which are overwritten, and target groups (rows,)."""
        rows = np.arange(len(target))
        similar *= 2
        similar -= self._backward
        own = similar[rows, target] - np.float32(CSLS_TIE)
        similar[rows, target] = -np.inf
        first = similar.argmax(axis=1)
        self._hit[here] = own > similar[rows, first]
        similar[rows, first] = -np.inf
        self._blocker[here] = np.where(~self._hit[here] & (own > similar.max(axis=1)), first, -1)

    def columns(self, groups: Groups) -> dict[str, NDArray[np.generic]]:
        """``csls_hit`` (n,), and ``taken_csls_accuracy`` (n,): from how many queries each item's candidate takes a hit.

        Without a candidate that alone stands before a query's target, the query would be right; r is held fixed.
        """
        alone = groups.texts[groups.of_row] == 1
        taken = np.bincount(self._blocker[alone & (self._blocker >= 0)], minlength=len(groups.texts))
        return {
            "csls_hit": self._hit & alone,
            "taken_csls_accuracy": np.where(groups.single & alone, taken[groups.of_row], 0).astype(np.int32),
        }


def facts(near_group: Ints, candidates: int) -> dict[str, float]:
    """What is told of hubs, from the k nearest groups of each query (n, k), nearest first, of ``candidates`` groups.

    Returns:
        ``hubness``, the skewness of k-occurrence (in how many queries' k nearest a candidate is): near 0 where all are
        about as often; not where all are equally often. ``hub_share``, the share of queries whose nearest candidate is
        one of the ten that are nearest to most; not where there are fewer than eleven candidates.
    """
    found = {}
    occurrence = np.bincount(near_group.ravel(), minlength=candidates).astype(np.float64)
    if (deviation := occurrence.std()) > 0:
        found["hubness"] = float(np.mean(((occurrence - occurrence.mean()) / deviation) ** 3))
    if candidates > TOP:
        nearest = np.sort(np.bincount(near_group[:, 0], minlength=candidates))
        found["hub_share"] = float(nearest[-TOP:].sum() / len(near_group))
    return found
