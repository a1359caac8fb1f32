"""How well an encoder's similarities tell which queries it answers badly (nAUC), and what each query does to that.

The value is mteb's own; its values without each of the queries follow exactly, in sorted order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]

RATES = np.linspace(0, 1, 11)[:-1]
"""Shares of the queries that are left unanswered, as mteb has them."""


def nauc(confidence: Doubles, scores: Doubles) -> tuple[float, Doubles]:
    """The normalized area under the abstention curve of n queries, and without each of them (n,).

    Args:
        confidence: (n,) those of the lowest are left unanswered first; of equal ones each by its part.
        scores: (n,) what answers are worth.
    """
    from mteb._evaluators import retrieval_metrics

    value = float(retrieval_metrics.nauc(confidence, scores))
    if len(scores) < 3:
        return value, np.full(len(scores), np.nan)
    own, best = _areas(confidence, scores), _areas(scores, scores)
    flat = best[1]
    room = best[0] - flat
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where all the others score the same, the areas differ by rounding alone, and there is no value.
        without = np.where(np.abs(room) > 1e-12, (own[0] - flat) / room, np.nan)
    return value, without


def _areas(confidence: Doubles, scores: Doubles) -> tuple[Doubles, Doubles]:
    """Without each query (n,): the area under the curve, and under the line at the height of its beginning."""
    curves = np.stack([_without_each(confidence, scores, rate) for rate in RATES])
    area: Doubles = np.asarray(np.trapezoid(curves, RATES, axis=0))
    return area, curves[0] * (RATES[-1] - RATES[0])


def _without_each(confidence: Doubles, scores: Doubles, rate: float) -> Doubles:
    """The mean score (n,) of the queries that are answered at a rate, without each query: of equally confident ones at
    the edge each counts with the mean of them all, as in mteb."""
    n = len(scores) - 1
    cut = min(round(float(rate) * n), n - 1)
    group = np.unique(confidence, return_inverse=True)[1].reshape(-1)
    sizes, sums = np.bincount(group), np.bincount(group, scores)
    ends = np.cumsum(sizes)
    # Of the sorted queries without one, the first that is answered is at `cut` of those before it goes, or one further.
    order = np.argsort(group, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    edge = group[order][np.where(cut < place, cut, cut + 1)]
    within = (group == edge).astype(np.int64)
    of_edge = (sums[edge] - within * scores) / (sizes[edge] - within)
    answered_of_edge = ends[edge] - (group <= edge) - cut
    above = np.cumsum(sums)[-1] - np.cumsum(sums)[edge] - np.where(group > edge, scores, 0.0)
    found: Doubles = (above + answered_of_edge * of_edge) / (n - cut)
    return found
