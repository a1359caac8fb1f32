"""Comparisons of more than two runs: many against one baseline (Dunnett), or all pairs with letters (Tukey)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xlbench import stats
from xlbench.reports.compare.differences import Options, Verdict, judged_again
from xlbench.reports.compare.matching import Place
from xlbench.stats import multiple_tests, paired, student
from xlbench.stats.letters import letters
from xlbench.stats.paired import Difference
from xlbench.stats.ranking import distinguishable, largest_against_one, p_against_one

Groups = Sequence[tuple[str, Mapping[Place, float]]]


@dataclass(frozen=True)
class LetterDisplay:
    """All pairs of runs at one place."""

    name: str
    """``overall``, or the area's or task's."""
    values: tuple[float, ...]
    """Of every run."""
    letters: tuple[str, ...]
    """Of every run, as on boards: two share one exactly where they cannot be told apart; none of a run that is told
    from all others."""


def letters_of(
    parts: Sequence[Mapping[Place, stats.Part]], groups: Groups, options: Options
) -> tuple[LetterDisplay, ...]:
    """For every group the runs' averages, with letters by Tukey's range: all pairs of a group at once.

    Args:
        parts: Of every run, its cells.
        groups: Names, and what each place weighs.
        options: How differences are judged.
    """
    found = []
    for name, weights in groups:
        averages = [stats.combine([own[place] for place in weights], list(weights.values())) for own in parts]
        values = np.array([one.value for one in averages])
        above = (values[None, :] > values[:, None]).sum(axis=1)
        ties = letters(distinguishable(averages, options.level), above.tolist())
        found.append(LetterDisplay(name, tuple(values.tolist()), tuple(ties)))
    return tuple(found)


def simultaneous(of_candidates: Sequence[Sequence[Verdict]], options: Options) -> list[tuple[Verdict, ...]]:
    """The differences of several candidates from one baseline, at every place held together by Dunnett's test.

    Args:
        of_candidates: Of each candidate its verdicts, the same places in the same order.
        options: How differences are judged.

    Returns:
        The same with intervals that hold for all candidates of a place, and p for all candidates and all places of a
        level. Degrees of freedom are the fewest of any candidate's at the place.
    """
    found: list[list[Verdict]] = [[] for _ in of_candidates]
    places = [*zip(*of_candidates, strict=True)]
    for level in dict.fromkeys(place[0].level for place in places):
        own = [place for place in places if place[0].level == level]
        widened = [_simultaneous_intervals(place, options) for place in own]
        if options.explore:
            raw = np.array([[_nan_if_none(one.difference.p) for one in place] for place in own])
            adjusted = multiple_tests.benjamini_hochberg(raw.ravel()).reshape(raw.shape)
        else:
            adjusted = multiple_tests.holm_of_families(np.array([p for _, p in widened]))
        for (differences, _), place, p_values in zip(widened, own, adjusted.tolist(), strict=True):
            for verdicts, verdict, difference, p in zip(found, place, differences, p_values, strict=True):
                verdicts.append(_judge_again(verdict, difference, None if np.isnan(p) else p, options))
    return [tuple(verdicts) for verdicts in found]


def _simultaneous_intervals(place: Sequence[Verdict], options: Options) -> tuple[list[Difference], np.ndarray]:
    """The candidates' differences at a place with simultaneous intervals, and their p (C,) for all candidates."""
    differences = [one.difference for one in place]
    p = np.array([_nan_if_none(one.p) for one in differences])
    freedoms = [one.freedom for one in differences if one.freedom]
    if not freedoms:
        return differences, np.minimum(p * len(p), 1.0)
    fewest = min(freedoms)
    critical = largest_against_one(len(place), fewest, options.level)
    own = np.array([one.freedom or fewest for one in differences])
    # A p that is not of Student's t (McNemar's) counts as the t that it would be of.
    as_t = np.array([_t_of_p(one, freedom) for one, freedom in zip(p.tolist(), own.tolist(), strict=True)])
    together = p_against_one(as_t, len(place), fewest)
    together = np.where(p == 1, 1.0, together)
    return [_widen(one, critical, fewest) for one in differences], together


def _t_of_p(p: float, freedom: float) -> float:
    """The |t| of a two-sided p; infinite where p is 0."""
    return math.inf if p == 0 else abs(student.quantile(p / 2, freedom))


def _nan_if_none(p: float | None) -> float:
    return np.nan if p is None else p


def _widen(difference: Difference, critical: float, freedom: float) -> Difference:
    if difference.value is None or not difference.se:
        return difference
    half = critical * difference.se
    seen = half + student.quantile(paired.POWER, freedom) * difference.se
    return replace(
        difference, low=difference.value - half, high=difference.value + half, method="simultaneous-t", detectable=seen,
    )  # fmt: skip


def _judge_again(verdict: Verdict, difference: Difference, p: float | None, options: Options) -> Verdict:
    again = replace(verdict, difference=difference, adjusted=p)
    return again if verdict.judgment == "identical" else judged_again(again, options)
