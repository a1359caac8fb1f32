"""Paired differences of all pairs of many models at one place, at once: standard errors, half-widths, p-values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xlbench.stats import student
from xlbench.stats.combining import Part, combine
from xlbench.stats.paired import FEW_DISCORDANT, hits_of
from xlbench.stats.ranking import p_against_one
from xlbench.stats.rows import BLOCK
from xlbench.stats.variances import SetLayout, satterthwaite

FEW = 100
"""Up to so many numbers, own functions are faster than importing ``scipy.special``."""
SAME = 1e-11
"""What is no difference but for rounding."""


@dataclass(frozen=True, eq=False)
class AllPairs:
    """The differences a - b of pairs of M models, in the order of ``numpy.triu_indices(M, 1)``; NaN is what is not
    known."""

    gaps: np.ndarray
    """(P,) differences of the values."""
    errors: np.ndarray
    """(P,) their standard errors; 0 where two models differ by the same in every cluster."""
    freedoms: np.ndarray
    """(P,) degrees of freedom of these."""
    first: np.ndarray
    second: np.ndarray
    """(P,) the places of both models of every pair."""

    def half_widths(self, level: float) -> np.ndarray:
        """(P,) t_df se, half of each interval; NaN where there is none, 0 where two models are equal everywhere."""
        known = self.errors > 0
        found = np.where(np.abs(self.gaps) > SAME, np.nan, 0.0) + 0 * self.gaps
        found[known] = _quantiles(1 - (1 - level) / 2, self.freedoms[known]) * self.errors[known]
        return np.where(np.isfinite(self.errors), found, np.nan)

    def p_values(self) -> np.ndarray:
        """(P,) two-sided, of no difference; 1 where two models are equal everywhere, NaN where it is not known."""
        known = self.errors > 0
        found = np.where(np.abs(self.gaps) > SAME, np.nan, 1.0) + 0 * self.gaps
        found[known] = 2 * _tails(np.abs(self.gaps[known]) / self.errors[known], self.freedoms[known])
        return np.where(np.isfinite(self.errors), np.minimum(found, 1.0), np.nan)


def all_pairs(parts: Sequence[Part | None], one: int | None = None) -> AllPairs:
    """The paired differences of every two models by one score or average, or of ``one`` with all others.

    What two models share of a cluster's luck cancels, as in `xlbench.stats.compare`, and the standard error of a
    difference is that of the one formula (`xlbench.stats.aggregate`).

    Args:
        parts: A part a model, over the same items; None where a model has no score.
        one: The place of a model; None: every two.

    Returns:
        A value for every pair; NaN where one of the two has no score, or too few clusters.
    """
    count = len(parts)
    first, second = np.triu_indices(count, 1) if one is None else _pairs_with(one, count)
    values = np.array([np.nan if part is None else part.value for part in parts])
    gaps, errors, freedoms = values[first] - values[second], np.full(len(first), np.nan), np.full(len(first), np.nan)
    known = [part for part in parts if part is not None]
    if len(known) < 2:
        return AllPairs(gaps, errors, freedoms, first, second)
    together = combine(known)
    influences = np.full((count, len(together.clusters)), np.nan)
    for row, part in zip(influences, parts, strict=True):
        if part is not None and part.count > 1:
            row[:] = 0.0
            same = part.clusters is together.clusters
            row[slice(None) if same else np.searchsorted(together.clusters, part.clusters)] = part.influence
    layout = SetLayout(together.connected, together.weight)
    step = max(1, BLOCK // max(1, influences.shape[1]))
    for start in range(0, len(first), step):
        here = slice(start, start + step)
        moved = influences[first[here]] - influences[second[here]]
        variances = layout.variances(moved)
        errors[here] = np.sqrt(variances.sum(axis=-1))
        freedoms[here] = satterthwaite(variances, layout.freedoms)
    errors[errors <= SAME] = 0.0
    return AllPairs(gaps, errors, freedoms, first, second)


@dataclass(frozen=True, eq=False)
class Discordant:
    """Of M models with hits over the same single items, in the order of `AllPairs`: of how many items one alone has
    them right. 0 and not ``known`` where a model has something else than hits."""

    only_first: np.ndarray
    only_second: np.ndarray
    known: np.ndarray
    """(P,) booleans."""

    @property
    def few(self) -> np.ndarray:
        """(P,) booleans: whether two models disagree on too few items to tell."""
        both = self.only_first + self.only_second
        few: np.ndarray = self.known & (both > 0) & (both < FEW_DISCORDANT)
        return few

    def p_values(self) -> np.ndarray:
        """(P,) McNemar's mid-p, as `xlbench.stats.paired.mcnemar`; NaN where a pair is not known."""
        if not self.known.any():
            return np.full(len(self.known), np.nan)
        from scipy import special

        total, fewer = self.only_first + self.only_second, np.minimum(self.only_first, self.only_second)
        tail = special.bdtr(fewer, total, 0.5)
        point = tail - np.where(fewer > 0, special.bdtr(np.maximum(fewer - 1, 0), total, 0.5), 0.0)
        found = np.where(self.only_first == self.only_second, 1.0, np.minimum(1.0, 2 * tail - point))
        return np.where(self.known, found, np.nan)


def discordant_pairs(parts: Sequence[Part | None]) -> Discordant:
    """On how many items every two models disagree, where their scores are shares of hits over the same single items."""
    hits = [None if part is None else hits_of(part) for part in parts]
    same = next((part.clusters for part, own in zip(parts, hits, strict=True) if part and own is not None), None)
    rows = np.zeros((len(parts), 0 if same is None else len(same)))
    known = np.zeros(len(parts), dtype=bool)
    for place, (part, own) in enumerate(zip(parts, hits, strict=True)):
        if part is not None and own is not None and same is not None and np.array_equal(part.clusters, same):
            rows[place], known[place] = own, True
    alone = np.rint(rows @ (1 - rows).T).astype(np.int64)
    first, second = np.triu_indices(len(parts), 1)
    both = known[first] & known[second]
    return Discordant(np.where(both, alone[first, second], 0), np.where(both, alone[second, first], 0), both)


def against_best(pairs: AllPairs, values: Sequence[float | None]) -> list[float | None]:
    """p of no difference from the best of M models, for each: all comparisons with it together (Dunnett, 1955).

    Args:
        pairs: Of the models: at least those of the best of them.
        values: (M,) their values.

    Returns:
        (M,) None for the best itself, and where it is not known.
    """
    found: list[float | None] = [None] * len(values)
    best = best_of(values)
    if best is None:
        return found
    first, second = pairs.first, pairs.second
    rows = np.flatnonzero(((first == best) | (second == best)) & (pairs.errors > 0))
    if not len(rows):
        return found
    t = np.abs(pairs.gaps[rows]) / pairs.errors[rows]
    p = p_against_one(t, sum(value is not None for value in values) - 1, float(pairs.freedoms[rows].min()))
    for row, one in zip(rows.tolist(), p.tolist(), strict=True):
        found[int(second[row] if first[row] == best else first[row])] = one
    return found


def best_of(values: Sequence[float | None]) -> int | None:
    """The place of the highest value, the first of several; None where there are no two values."""
    known = [(value, -place) for place, value in enumerate(values) if value is not None]
    return -max(known)[1] if len(known) > 1 else None


def _pairs_with(one: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The pairs of one of so many with all others, as `all_pairs` has them among all."""
    others = np.array([place for place in range(count) if place != one], dtype=np.intp)
    return np.minimum(others, one), np.maximum(others, one)


def _tails(t: np.ndarray, freedoms: np.ndarray) -> np.ndarray:
    """(P,) probabilities above t."""
    if len(t) <= FEW:
        return np.array([student.tail(*one) for one in zip(t.tolist(), freedoms.tolist(), strict=True)])
    from scipy import special

    return np.asarray(special.stdtr(freedoms, -t))


def _quantiles(p: float, freedoms: np.ndarray) -> np.ndarray:
    """(P,) the values with probability p below them; those of equal degrees of freedom are computed once."""
    distinct, places = np.unique(freedoms, return_inverse=True)
    if len(distinct) <= FEW:
        return np.array([student.quantile(p, one) for one in distinct.tolist()])[places]
    from scipy import special

    return np.asarray(special.stdtrit(distinct, p))[places]
