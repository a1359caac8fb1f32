"""Lag-1 correlation of influences: whether adjacent items are alike, with a permutation p-value.

Items that hang together, and that no cluster says so of, mostly stand side by side: the sentences of a document, the
parts of a review. Files are also sorted, by label or by source, and items of one label are alike wherever they stand.
So influences are taken from their mean within a stretch of `STRETCH` items, which ends where the value does that a
file is sorted by, and the test turns items about within their stretches alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from xlbench.core.ids import digest
from xlbench.core.task import Columns

STRETCH = 100
"""Items in a stretch: longer than most documents, and short beside the runs of a sorted file."""
FURTHEST = 3
"""Standard deviations."""
FEWEST = 10
"""Of fewer items nothing is said."""
LEVEL = 0.01
"""Up to this p items count as alike: of tests without any order, one in a hundred does."""
MATTERS = 0.15
"""From this correlation on, a standard error is a seventh or more too small: sqrt(1 + 2 r)."""
TURNS = 499
"""Random orders of a permutation test."""
CLEAR = 0.05
"""Above this p the normal approximation will do: it is not near `LEVEL`."""
MANY = 5_000
"""Of more items it will do, too: bounded numbers add up to a normal one, and random orders would take seconds."""


@dataclass(frozen=True)
class Neighbors:
    """How alike neighbors are."""

    r: float
    """The lag-1 correlation of influences, bounded and taken from the mean of their stretch."""
    p: float
    """How often items in random order would have as high a correlation: one-sided."""

    @property
    def alike(self) -> bool:
        """Whether chance does not explain it, and it is large enough to matter to an interval."""
        return self.p <= LEVEL and self.r >= MATTERS


def neighbors(psi: np.ndarray, columns: Columns, content: str) -> Neighbors | None:
    """The correlation of each item's influence psi (n,) with the next one's, items in the order of the test set.

    p is that of a permutation test (Wald and Wolfowitz, 1943), as a few large influences among many make the normal
    approximation too bold; where that one is above `CLEAR`, or of more than `MANY` items, it is taken.

    Args:
        psi: (n,) influences.
        columns: The items' columns, each (n,): they say what the items are sorted by, if by anything.
        content: What names the items: the random orders follow from it.

    Returns:
        None where nothing can be said: few items, equal influences, unknown ones.
    """
    n = len(psi)
    if n < FEWEST or not np.isfinite(psi).all():
        return None
    centered = [stretch - stretch.mean() for stretch in _stretches(_clip(psi.astype(np.float64)), columns)]
    total = float(sum(stretch @ stretch for stretch in centered))
    if total <= 1e-20 * n * float(np.square(psi).max(initial=0.0)):  # equal but for their rounding
        return None
    r = _product(centered) / total
    expected = -sum(float(stretch @ stretch) / len(stretch) for stretch in centered) / total
    p = math.erfc((r - expected) * math.sqrt(n / 2)) / 2
    if p <= CLEAR and n <= MANY:
        seed = np.random.SeedSequence(int(digest("neighbors", content), 16))
        rng = np.random.RandomState(np.random.MT19937(seed))
        turned = ((rng.permutation(stretch) for stretch in centered) for _ in range(TURNS))
        # As high but for the rounding of sums: of binary influences many orders have the very same correlation.
        p = (1 + sum(_product(one) / total >= r - 1e-12 for one in turned)) / (1 + TURNS)
    return Neighbors(r, p)


def _clip(psi: np.ndarray) -> np.ndarray:
    """The influences (n,), those further than `FURTHEST` standard deviations from their mean taken to be that far: a
    sentence with fifty entities would drown all that the others say."""
    far = FURTHEST * psi.std()
    bounded: np.ndarray = np.clip(psi, psi.mean() - far, psi.mean() + far)
    return bounded


def _stretches(psi: np.ndarray, columns: Columns) -> Iterator[np.ndarray]:
    """The items in stretches of about `STRETCH`, cut where a column changes by which they are sorted."""
    n = len(psi)
    cuts = {0, n}
    for column in columns.values():
        changes = np.flatnonzero(column[1:] != column[:-1]) + 1
        # Each value in one place alone: of many values, or in no order, that does not come about.
        if 0 < len(changes) < n // FEWEST and len(np.unique(column)) == len(changes) + 1:
            cuts.update(changes.tolist())
    for start, end in itertools.pairwise(sorted(cuts)):
        yield from np.array_split(psi[start:end], max(1, round((end - start) / STRETCH)))


def _product(stretches: Iterable[np.ndarray]) -> float:
    """Sum over the items of each one's number times the next one's."""
    numbers = np.concatenate([*stretches])
    return float(numbers[:-1] @ numbers[1:])
