"""Figures beside the scores: labels that a strategy saves, with intervals by resampling items and seeds, and costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench import Columns
from xlbench_tasks.protocols import label_budget_metrics as names
from xlbench_tasks.protocols.active import cells

Floats = NDArray[np.float64]

RESAMPLES = 1_000
"""How often items and seeds are drawn anew."""
LEVEL = 0.95


@dataclass(frozen=True)
class Saved:
    """How many labels a strategy needs for what random draws reach with the whole budget."""

    labels: float | None
    """Where the mean curve first reaches it; None: nowhere within the budget."""
    share: float | None
    """1 - labels / budget; None as above."""
    low: float | None
    """Of the share; None: the strategy does not reach it in so many of the resamples."""
    high: float | None


def resampled_curves(columns: Columns, seeds: int, rounds: int, weights: Floats) -> Floats:
    """Macro-F1 of resampled items, by seed and round.

    Args:
        columns: Of a cell of `label-budget`.
        seeds: How many.
        rounds: How many.
        weights: (b, n) how often each item was drawn.

    Returns:
        (b, seeds, rounds), over the classes that occur among the drawn items.
    """
    true = np.asarray(columns["true"])
    count = int(true.max()) + 1
    gold = weights @ (true[:, np.newaxis] == np.arange(count))
    found = np.empty((len(weights), seeds, rounds))
    for seed in range(seeds):
        for number in range(rounds):
            guessed = np.asarray(columns[names.predicted(seed, number)])
            is_guess = guessed[:, np.newaxis] == np.arange(count)
            hits = weights @ (is_guess & (true[:, np.newaxis] == np.arange(count)))
            total = gold + weights @ is_guess
            f1 = np.divide(2 * hits, total, out=np.zeros(total.shape), where=total > 0)
            seen = gold > 0
            found[:, seed, number] = np.where(seen, f1, 0).sum(axis=1) / seen.sum(axis=1)
    return found


def draws(clusters: Sequence[str], seeds: int, random: np.random.RandomState) -> tuple[Floats, NDArray[np.int64]]:
    """Items and seeds drawn with replacement, `RESAMPLES` times: how often each item (b, n), and which seeds (b, s)."""
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    groups = int(codes.max()) + 1
    often = random.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES).astype(np.float64)
    return often[:, codes], random.randint(0, seeds, (RESAMPLES, seeds))


@dataclass(frozen=True, eq=False)
class MeanCurves:
    """The mean over seeds of a strategy's curves, and of resamples of it."""

    labels: Floats
    """(z,) where they have corners, ascending."""
    own: Floats
    """(z,) the mean curve."""
    resampled: Floats
    """(b, z) the same of drawn items and seeds."""


def mean_curves(columns: Columns, seeds: int, rounds: int, drawn: tuple[Floats, NDArray[np.int64]]) -> MeanCurves:
    """The mean curves of a cell of `label-budget`; ``drawn`` as `draws` gives it, the same for all strategies."""
    labels, scores = cells.read_curve(columns, seeds, rounds)
    corners = np.unique(labels)
    weigh = np.stack([[names.point_weights(own, size) for size in corners] for own in labels])
    weights, chosen = drawn
    heights = np.einsum("bsr,szr->bsz", resampled_curves(columns, seeds, rounds, weights), weigh)
    picked = np.take_along_axis(heights, chosen[:, :, np.newaxis], axis=1).mean(axis=1)
    return MeanCurves(corners, np.einsum("sr,szr->z", scores, weigh) / seeds, picked)


def saved(baseline: MeanCurves, candidate: MeanCurves, budget: int) -> Saved:
    """The labels that a candidate saves, with a percentile interval of the share over items and seeds together.

    Args:
        baseline: Of random draws; where their mean curve ends is to be reached.
        candidate: Of a strategy, over the same draws.
        budget: Labels in all.
    """
    (need,) = _needed(baseline.own[np.newaxis, -1], candidate.labels, candidate.own[np.newaxis])
    needs = _needed(baseline.resampled[:, -1], candidate.labels, candidate.resampled)
    low, high = np.quantile(1 - needs / budget, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    labels = _finite(float(need))
    return Saved(labels, None if labels is None else 1 - labels / budget, _finite(low), _finite(high))


def _needed(goals: Floats, labels: Floats, heights: Floats) -> Floats:
    """Labels (b,) at which curves (b, z) first reach goals (b,), on straight lines; infinity where they do not."""
    goals = goals - 1e-12  # a curve that ends where the goal is reaches it, whatever rounding says
    reached = heights >= goals[:, np.newaxis]
    first = reached.argmax(axis=1)
    rows, before = np.arange(len(goals)), np.maximum(first - 1, 0)
    rise = heights[rows, first] - heights[rows, before]
    share = np.divide(goals - heights[rows, before], rise, out=np.ones_like(rise), where=rise > 0)
    found = labels[before] + share * (labels[first] - labels[before])
    found = np.where(first == 0, labels[0], found)
    return np.where(reached.any(axis=1), found, np.inf)


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's (1979) adjusted p-values: the i-th smallest of m times m - i + 1, none below the ones before, at most 1.

    None stays None, and counts for none.
    """
    known = sorted((value, place) for place, value in enumerate(p) if value is not None)
    found: list[float | None] = [None] * len(p)
    highest = 0.0
    for rank, (value, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * value))
        found[place] = highest
    return found
