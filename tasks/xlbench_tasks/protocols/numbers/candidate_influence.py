"""Influence of an item as a candidate on the ranks of other items' queries.

An item is a query and a candidate. Were it not there, every query whose right answer it stands before would have a
better rank: candidate j takes sum over queries i of ahead_ij (f(rank_i - 1) - f(rank_i)) from the sum of a metric f.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers.rank_metrics import OF_RANK

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

COARSE, FINE = 2.0**-13, 2.0**-26
"""What a better rank gains is a whole number of `FINE` units, added up in two parts: 1,024 of either have an exact sum
in single precision. So neither the order of a sum nor the edges of blocks show in any bit."""

SAVED = 2.0**-4
"""Steps in which what an item takes is saved: their rounding widens no interval by a hundredth, and fewer digits are a
smaller file."""

ROWS = 128
"""Queries whose rivals are held as numbers at once (a matrix of 4 bytes a candidate)."""


def gains(rank: Ints) -> Doubles:
    """What each query (n,) would add to the sums of `OF_RANK` (m, n) with a rank one better; 0 where it is 1."""
    better = np.maximum(rank - 1, 1)
    found = [np.subtract(f(better), f(rank), dtype=np.float64) for f in OF_RANK.values()]
    exact: Doubles = np.rint(np.stack(found) / FINE) * FINE
    return exact


class CandidateInfluence:
    """Sums over queries, block by block, of what each of g groups of candidates takes, for every metric of ranks."""

    def __init__(self, groups: int) -> None:
        self._sums = np.zeros((len(OF_RANK), groups))

    def add(self, ahead: Bools, rank: Ints) -> None:
        """A block of queries: which groups stand ahead, (rows, g), and the ranks (rows,)."""
        late = np.flatnonzero(rank > 1)
        for start in range(0, len(late), ROWS):
            some = late[start : start + ROWS]
            gain = gains(rank[some])
            coarse = np.floor(gain / COARSE) * COARSE
            fine = gain - coarse
            parts = np.flatnonzero(fine.any(axis=1))
            weights = np.concatenate([coarse, fine[parts]]).astype(np.float32)
            product = weights @ ahead[some].astype(np.float32)
            self._sums += product[: len(gain)]
            self._sums[parts] += product[len(gain) :]

    def of_items(self, rank: Ints, of_row: Ints, single: Bools) -> dict[str, NDArray[np.generic]]:
        """Columns ``taken_`` + metric (n,): what each item's candidate takes from other items' queries.

        Args:
            rank: (n,) of the items' queries, whose own candidate counts as ahead of them in the blocks.
            of_row: (n,) the group of each item's candidate.
            single: (n,) whether the candidate's text is the item's alone: otherwise it stays when the item goes.
        """
        taken = np.where(single, self._sums[:, of_row] - gains(rank), 0.0)
        kept = np.rint(taken / SAVED) * SAVED
        return {f"taken_{name}": one.astype(np.float32) for name, one in zip(OF_RANK, kept, strict=True)}


def single_texts(texts: Ints) -> Bools:
    """Which items' candidate text (codes (n,)) no other item has."""
    once: Bools = np.bincount(texts)[texts] == 1
    return once


def next_rows(nearest: Ints, near_group: Ints, of_row: Ints, first_row: Ints) -> NDArray[np.int32]:
    """The row that would be a query's nearest if its nearest were gone; -1 where there is no other.

    Args:
        nearest: (n,) the group of each query's nearest candidate, the first row of which counts as the nearest.
        near_group: (n, k >= 2) the groups that are nearest to each query, descending.
        of_row, first_row: the groups, as in `vector_rows.Groups`.
    """
    order = np.argsort(of_row, kind="stable")
    start = np.searchsorted(of_row[order], np.arange(len(first_row)))
    several = np.bincount(of_row, minlength=len(first_row)) > 1
    second = order[np.minimum(start + 1, len(order) - 1)]
    other = np.where(near_group[:, 0] == nearest, near_group[:, 1], near_group[:, 0])
    alone = np.full(len(nearest), -1) if len(first_row) == 1 else first_row[other]
    found: NDArray[np.int32] = np.where(several[nearest], second[nearest], alone).astype(np.int32)
    return found
