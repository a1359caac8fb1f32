"""Cosines of true pairs against those of random pairs, in blocks of bounded memory: the numbers behind the alignment
protocol.

A random pair is a query with another item's candidate. Nothing is drawn: all of them are counted, but for those that
share a text on either side, since the one's translation may be the other's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench.core.ids import digest
from xlbench_tasks.protocols.numbers.vector_rows import unit

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

STEPS = 1 << 20
"""Cosines are compared in steps of 2^-20, about a millionth: what the rounding of a matrix product leaves open decides
nothing, and counting needs a table in place of a sort."""

_BINS = 2 * STEPS + 1

BLOCK_CELLS = 1 << 21
"""Pairs held at once (about 40 bytes each). Fixed, because block edges change the last bits of a product."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Aligned vectors: row i of one belongs to row i of the other."""

    queries: Floats
    """(n, d), rows of length 1."""
    candidates: Floats
    """(n, d), rows of length 1."""
    query_texts: Ints
    """(n,) equal for equal texts."""
    candidate_texts: Ints
    """(n,) equal for equal texts."""

    def true(self) -> Doubles:
        """(n,): the cosine of every item's own pair."""
        cosines: Doubles = np.einsum("ij,ij->i", self.queries, self.candidates, dtype=np.float64)
        return cosines

    def only(self, wanted: Bools) -> Pairs:
        """The items for which ``wanted`` (n,) is true."""
        return Pairs(
            self.queries[wanted], self.candidates[wanted], self.query_texts[wanted], self.candidate_texts[wanted]
        )

    def blocks(self) -> Iterator[tuple[slice, Floats, Bools]]:
        """Rows of queries, their cosines with all candidates, and which of these are random pairs: (b, n) each."""
        n = len(self.queries)
        step = max(16, BLOCK_CELLS // n)
        for start in range(0, n, step):
            here = slice(start, min(start + step, n))
            random = self.query_texts[here, None] != self.query_texts
            random &= self.candidate_texts[here, None] != self.candidate_texts
            yield here, self.queries[here] @ self.candidates.T, random


def pairs(queries: Floats, candidates: Floats, query_texts: Sequence[str], candidate_texts: Sequence[str]) -> Pairs:
    """Pairs of vectors (n, d) that are not yet normalized, and of their texts."""
    return Pairs(unit(queries), unit(candidates), _codes(query_texts), _codes(candidate_texts))


def _codes(texts: Sequence[str]) -> Ints:
    codes: dict[str, int] = {}
    return np.fromiter((codes.setdefault(text, len(codes)) for text in texts), np.int64, len(texts))


def steps(cosines: NDArray[np.floating]) -> NDArray[np.int32]:
    """Cosines as whole numbers of steps above -1: 0 to 2 `STEPS`."""
    found: NDArray[np.int32] = np.rint(cosines * cosines.dtype.type(STEPS)).astype(np.int32)
    return np.clip(found, -STEPS, STEPS, out=found) + np.int32(STEPS)


def cosine(step: int) -> float:
    """The cosine that a number of steps stands for."""
    return step / STEPS - 1


def best_threshold(aligned: Pairs) -> int | None:
    """The step from which on pairs are best called translations; None where there is no random pair to tell them from.

    Best is the highest mean of two shares: of true pairs at or above it, and of random pairs below it (what accuracy
    is on as many random as true pairs). Of equally good steps that follow each other the middle one is taken, of
    separate such runs the lowest.
    """
    random = np.zeros(_BINS, np.int64)
    for _, cosines, is_random in aligned.blocks():
        random += np.bincount(steps(cosines[is_random]), minlength=_BINS)
    total = int(random.sum())
    if not total:
        return None
    true = np.bincount(steps(aligned.true()), minlength=_BINS)
    occurring = np.flatnonzero(random + true)
    # By how many of the occurring steps lie below the threshold; whole numbers, so that equally good ones are equal.
    accepted = len(aligned.queries) - np.concatenate([[0], np.cumsum(true[occurring])])
    rejected = np.concatenate([[0], np.cumsum(random[occurring])])
    right = accepted * total + rejected * len(aligned.queries)
    first = int(right.argmax())
    worse = np.flatnonzero(right[first:] != right[first])
    last = first + int(worse[0]) - 1 if len(worse) else len(occurring)
    above, below = np.append(occurring, _BINS - 1), np.append(-1, occurring)
    return int(below[first] + 1 + above[last]) // 2


def halves(clusters: Sequence[str]) -> NDArray[np.int8]:
    """0 or 1 for every item (n,): whole clusters, dealt out by a hash of their ids so that both get as many items."""
    size: dict[str, int] = {}
    for cluster in clusters:
        size[cluster] = size.get(cluster, 0) + 1
    filled, half = [0, 0], {}
    for cluster in sorted(size, key=lambda cluster: digest("halves", cluster)):
        half[cluster] = int(filled[1] < filled[0])
        filled[half[cluster]] += size[cluster]
    return np.fromiter((half[cluster] for cluster in clusters), np.int8, len(clusters))


def compare(
    aligned: Pairs, parts: NDArray[np.int8], thresholds: Sequence[int | None]
) -> dict[str, NDArray[np.generic]]:
    """What the metrics need: columns (n,), from one pass over all pairs.

    ``parts`` (n,) says which of the ``thresholds`` an item is held against; random pairs are tested within a part.
    Counts of pairs hold every pair at both of its items; a tie counts half.

    - ``cosine_true``; ``random_pairs`` with the item, and ``random_sum``, the sum of their cosines;
    - ``below``: random pairs of any items that are less near than the item's true pair;
    - ``above``: over the item's random pairs, the true pairs of any items that are nearer;
    - ``own``: the item's random pairs that are less near than its own true pair;
    - ``accepted``: whether its true pair reaches the threshold; ``tested`` random pairs, of which ``rejected`` do not.
      NaN (and 0 tested) where a threshold is None.
    """
    n, true = len(aligned.queries), aligned.true()
    own = steps(true)
    counts = np.bincount(own, minlength=_BINS)
    nearer = (n - np.cumsum(counts) + counts / 2).astype(np.float32)  # exact up to 8 million items
    known = None not in thresholds
    level = np.array([one or 0 for one in thresholds], np.int32)[parts]
    random = np.zeros(_BINS, np.int64)
    names = ("random_pairs", "random_sum", "above", "own", "tested", "rejected")
    columns: dict[str, Doubles] = {name: np.zeros(n) for name in names}
    for here, cosines, is_random in aligned.blocks():
        at = steps(cosines)
        random += np.bincount(at[is_random], minlength=_BINS)
        _count(columns["random_pairs"], here, is_random)
        _count(columns["random_sum"], here, cosines * is_random)
        _count(columns["above"], here, nearer[at] * is_random)
        for side, mine in ((0, own[here, None]), (1, own)):
            _count_side(columns["own"], here, (at < mine) & is_random, side, 0.5)
            _count_side(columns["own"], here, (at <= mine) & is_random, side, 0.5)
        if known:
            is_tested = is_random & (parts[here, None] == parts)
            _count(columns["tested"], here, is_tested)
            _count(columns["rejected"], here, is_tested & (at < level[here, None]))
    below = np.concatenate([[0], np.cumsum(random)])
    return columns | {
        "cosine_true": true,
        "below": (below[own] + below[own + 1]) / 2,
        "accepted": (own >= level).astype(np.float64) if known else np.full(n, np.nan),
    }


def _count(column: Doubles, here: slice, values: NDArray[np.generic]) -> None:
    """Add a block's values (b, n) to both items of every pair."""
    _count_side(column, here, values, 0)
    _count_side(column, here, values, 1)


def _count_side(column: Doubles, here: slice, values: NDArray[np.generic], side: int, weight: float = 1.0) -> None:
    """Add a block's values (b, n) to the query's item (side 0) or to the candidate's (side 1)."""
    if side == 0:
        column[here] += weight * values.sum(axis=1, dtype=np.float64)
    else:
        column += weight * values.sum(axis=0, dtype=np.float64)
