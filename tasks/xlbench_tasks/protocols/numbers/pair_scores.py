"""Similarities of pairs of texts against what people said of them: correlations, average precision, thresholds.

Every value comes with what it is without each of the pairs, exactly and in sorted order, so that a jackknife of n pairs
costs little more than one value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers.nearest import Similarity
from xlbench_tasks.protocols.numbers.pairwise import STEPS
from xlbench_tasks.protocols.numbers.vector_rows import scaled

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]

WithoutEach = tuple[float, Doubles]
"""A value of n pairs, and its values without each of them (n,)."""

BLOCK_CELLS = 1 << 22
"""Pairs of pairs that are compared at once."""


def similarities(first: Floats, second: Floats, similarity: Similarity) -> Doubles:
    """(n,): how near the texts of each pair are, from vectors (n, d), in steps of 2^-20: what the rounding of a sum
    leaves open makes no two of them different."""
    if similarity == "cosine":
        one, other = scaled(first, "cosine"), scaled(second, "cosine")
    else:
        both = scaled(np.concatenate([first, second]), "dot")
        one, other = both[: len(first)], both[len(first) :]
    near = np.einsum("ij,ij->i", one, other, dtype=np.float64)
    steps: Doubles = np.rint(near * STEPS) / STEPS
    return steps


def pearson(x: Doubles, y: Doubles) -> WithoutEach:
    """The product-moment correlation; NaN where one side does not vary."""
    n, (x, y) = len(x), (x - x.mean(), y - y.mean())
    sums = [part.sum() for part in (x, y, x * x, y * y, x * y)]
    without = [total - part for total, part in zip(sums, (x, y, x * x, y * y, x * y), strict=True)]
    return float(_correlation(n, *map(np.asarray, sums))), _correlation(n - 1, *without)


def _correlation(n: int, x: Doubles, y: Doubles, xx: Doubles, yy: Doubles, xy: Doubles) -> Doubles:
    """From n values' sums, of their squares and products."""
    spread_x, spread_y = xx - x * x / n, yy - y * y / n
    varies = (spread_x > 1e-12 * np.abs(xx)) & (spread_y > 1e-12 * np.abs(yy))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Doubles = np.where(varies, (xy - x * y / n) / np.sqrt(spread_x * spread_y), np.nan)
    return np.clip(found, -1.0, 1.0)


def spearman(x: Doubles, y: Doubles) -> WithoutEach:
    """The correlation of ranks, equal values sharing the mean of theirs.

    Without pair i, the rank r_j of another becomes r_j - a_ij, where a_ij is 1 if x_j > x_i and 1/2 if they are equal;
    so does that of y with b_ij. The sums of r - a, of its square and of the product follow from sums over what is
    sorted, and the sum of a_ij b_ij from counting.
    """
    n, r, s = len(x), ranks(x), ranks(y)
    of_x, of_y = _Above(x), _Above(y)
    value = pearson(r, s)[0]
    sum_r, sum_s = r.sum() - of_x.count, s.sum() - of_y.count
    squares = [(one * one).sum() - 2 * of.sum(one) + of.squares for one, of in ((r, of_x), (s, of_y))]
    products = (r * s).sum() - of_y.sum(r) - of_x.sum(s) + _both_above(x, y)
    # The sums over all j still hold j = i, whose a and b are 1/2.
    own_r, own_s = r - 0.5, s - 0.5
    parts = (sum_r - own_r, sum_s - own_s, squares[0] - own_r**2, squares[1] - own_s**2, products - own_r * own_s)
    # Ranks are large numbers of like size: their mean goes first, or digits are lost.
    mean = n / 2
    x_, y_, xx, yy, xy = parts
    shifted = (
        x_ - (n - 1) * mean,
        y_ - (n - 1) * mean,
        xx - 2 * mean * x_ + (n - 1) * mean**2,
        yy - 2 * mean * y_ + (n - 1) * mean**2,
        xy - mean * (x_ + y_) + (n - 1) * mean**2,
    )
    return value, _correlation(n - 1, *shifted)


def ranks(values: Doubles) -> Doubles:
    """Ranks (n,) from 1, equal values sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Doubles = ((last - counts + 1 + last) / 2)[inverse]
    return shared


class _Above:
    """For every i, sums over j weighted by whether value j is above value i: 1, or 1/2 where they are equal."""

    def __init__(self, values: Doubles) -> None:
        _, self._place, counts = np.unique(values, return_inverse=True, return_counts=True)
        above = len(values) - np.cumsum(counts)
        self.count = (above + counts / 2)[self._place]
        """(n,) sum of the weights."""
        self.squares = (above + counts / 4)[self._place]
        """(n,) sum of their squares."""

    def sum(self, of: Doubles) -> Doubles:
        """(n,): weighted sums of ``of`` (n,)."""
        totals = np.bincount(self._place, of)
        found: Doubles = (of.sum() - np.cumsum(totals) + totals / 2)[self._place]
        return found


def _both_above(x: Doubles, y: Doubles) -> Doubles:
    """(n,): for every i, the sum over j of both weights' product."""
    n = len(x)
    found = np.empty(n)
    step = max(1, BLOCK_CELLS // n)
    for start in range(0, n, step):
        here = slice(start, start + step)
        weights = [np.sign(side - side[here, None]).astype(np.float32) + 1 for side in (x, y)]
        found[here] = np.einsum("ij,ij->i", *weights, dtype=np.float64) / 4
    return found


def average_precision(scores: Doubles, positive: Bools) -> WithoutEach:
    """The mean over positive pairs of the precision among all with a score at or above theirs, as in scikit-learn.

    With P positive pairs, and T and N the positive and all pairs at or above a score: without a positive pair, those of
    its score and below have (T - 1) / (N - 1); without another, T / (N - 1). NaN where no positive pair would be left.
    """
    levels, place = np.unique(-scores, return_inverse=True)
    at = np.bincount(place, positive, len(levels))
    hits, all_above = np.cumsum(at), np.cumsum(np.bincount(place, minlength=len(levels)))
    total = float(positive.sum())

    def summed(values: Doubles) -> tuple[Doubles, Doubles]:
        """Of the positive pairs: sums of a value over those of higher levels, and over those of this and lower ones."""
        upward = np.cumsum(at * values)
        return upward - at * values, upward[-1] - upward + at * values

    fewer = np.maximum(all_above - 1, 1)
    higher, _ = summed(hits / all_above)
    _, without_positive = summed((hits - 1) / fewer)
    _, without_other = summed(hits / fewer)
    own = ((hits - 1) / fewer)[place]
    with np.errstate(divide="ignore", invalid="ignore"):
        of_positive = (higher[place] + without_positive[place] - own) / (total - 1)
        of_other = (higher + without_other)[place] / total
        value = float((at * hits / all_above).sum() / total) if total else float("nan")
    return value, np.where(positive, of_positive, of_other)


def best_threshold(scores: Doubles, positive: Bools) -> float:
    """The score from which on pairs are best called positive: most of them rightly. Of equally good ones that follow
    each other the middle one, of separate such runs the lowest."""
    levels, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, positive, len(levels))
    negatives = np.bincount(place, minlength=len(levels)) - positives
    right = positives.sum() - np.concatenate([[0], np.cumsum(positives)]) + np.concatenate([[0], np.cumsum(negatives)])
    first = int(right.argmax())
    worse = np.flatnonzero(right[first:] != right[first])
    last = first + int(worse[0]) - 1 if len(worse) else len(levels)
    edges = np.concatenate([[levels[0] - 2 / STEPS], levels, [levels[-1] + 2 / STEPS]])
    return float(edges[first] + edges[last + 1]) / 2


def crossed_hits(scores: Doubles, positive: Bools, parts: NDArray[np.int8]) -> Bools:
    """Whether each pair (n,) is told rightly by the threshold that is best on the other of two parts, 0 and 1."""
    hits = np.zeros(len(scores), bool)
    for mine in (0, 1):
        here = parts == mine
        hits[here] = (scores[here] >= best_threshold(scores[~here], positive[~here])) == positive[here]
    return hits
