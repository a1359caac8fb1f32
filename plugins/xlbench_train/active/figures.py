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


def saved(
    baseline: Columns,
    candidate: Columns,
    seeds: int,
    rounds: int,
    budget: int,
    drawn: tuple[Floats, NDArray[np.int64]],
) -> Saved:
    """The labels that a candidate saves, with a percentile interval of the share over items and seeds together.

    Args:
        baseline: The columns of random draws; where their mean curve ends is to be reached.
        candidate: The columns of a strategy with the same seeds.
        seeds: How many.
        rounds: How many.
        budget: Labels in all.
        drawn: As `draws` gives them; the same for all strategies.
    """
    n = len(np.asarray(baseline["true"]))
    curves = [(one, cells.read_curve(one, seeds, rounds)) for one in (baseline, candidate)]
    need = _needed([scores for _, (_, scores) in curves], [labels for _, (labels, _) in curves])
    weights, chosen = drawn
    assert weights.shape[1] == n
    both = [resampled_curves(one, seeds, rounds, weights) for one, _ in curves]
    labels = [of[0] for _, of in curves]
    needs = [
        _needed([one[number][pick] for one in both], [of[pick] for of in labels]) for number, pick in enumerate(chosen)
    ]
    shares = np.array([-np.inf if one is None else 1 - one / budget for one in needs])
    low, high = np.quantile(shares, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
    return Saved(need, None if need is None else 1 - need / budget, _finite(low), _finite(high))


def _needed(scores: Sequence[Floats], labels: Sequence[Floats]) -> float | None:
    """Labels (of the second) that reach the end of the mean curve (of the first)."""
    goal = float(cells.mean_curve(labels[0], scores[0])[1][-1])
    return cells.labels_to_reach(goal - 1e-12, *cells.mean_curve(labels[1], scores[1]))


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
