"""More than two runs: every run against a baseline at once, or all pairs, with letters for those that stay together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from xlbench import stats
from xlbench.reports.compare.differences import Judgment, Options, Verdict
from xlbench.reports.compare.matching import Place
from xlbench.stats import paired
from xlbench.stats.bootstrap import random_state
from xlbench.stats.ranking import largest_against_one, told_apart

Groups = Sequence[tuple[str, Mapping[Place, float]]]


@dataclass(frozen=True)
class LetterDisplay:
    """All pairs of runs at one place: runs that share a letter cannot be told apart."""

    name: str
    """``overall``, or the area's or task's."""
    values: tuple[float, ...]
    """Of every run."""
    letters: tuple[str, ...]
    """Of every run; ``a`` belongs to the best."""


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
        apart = told_apart(averages, options.level) | _exactly_apart(averages, options.level)
        values = np.array([one.value for one in averages])
        found.append(LetterDisplay(name, tuple(values.tolist()), tuple(compact_letters(values, apart))))
    return tuple(found)


def _exactly_apart(averages: Sequence[stats.Part], level: float) -> np.ndarray:
    """(M, M) booleans: shares of hits that differ by the same on every item, which leaves no standard error: told apart
    by McNemar's mid-p, times the number of pairs."""
    apart = np.zeros((len(averages), len(averages)), dtype=bool)
    pairs = len(averages) * (len(averages) - 1) / 2
    for one, other in combinations(range(len(averages)), 2):
        a, b = averages[one], averages[other]
        if a.value == b.value or a.influence.shape != b.influence.shape or not np.allclose(a.influence, b.influence):
            continue
        if split := paired.discordant(a, b):
            apart[one, other] = apart[other, one] = paired.mcnemar(*split) * pairs <= 1 - level
    return apart


def compact_letters(values: np.ndarray, apart: np.ndarray) -> list[str]:
    """Letters (M) such that two models share one exactly where they are not told apart (Piepho, 2004).

    Args:
        values: (M,) the best first in the alphabet.
        apart: (M, M) booleans.
    """
    columns = [frozenset(range(len(values)))]
    for one, other in np.argwhere(np.triu(apart)).tolist():
        split: list[frozenset[int]] = []
        for column in columns:
            split += [column - {one}, column - {other}] if {one, other} <= column else [column]
        distinct = list(dict.fromkeys(split))
        columns = [column for column in distinct if not any(column < larger for larger in distinct)]
    rank = {model: place for place, model in enumerate(np.argsort(-values, kind="stable").tolist())}
    columns.sort(key=lambda column: sorted(rank[model] for model in column))
    return [
        "".join(_letter(number) for number, column in enumerate(columns) if model in column)
        for model in range(len(values))
    ]


def _letter(number: int) -> str:
    """a, b, ... z, then a1, b1 ..."""
    return chr(ord("a") + number % 26) + (str(number // 26) if number >= 26 else "")


def simultaneous(overalls: Sequence[Verdict], options: Options) -> tuple[Verdict, ...]:
    """The overall differences of several candidates from one baseline, with intervals that hold together (Dunnett).

    Their degrees of freedom are the fewest of any. A candidate whose interval leaves out 0 is better or worse.
    """
    known = [one.difference.freedom for one in overalls if one.difference.freedom]
    if len(known) < 2:
        return tuple(overalls)
    critical = largest_against_one(
        len(overalls), min(known), options.level, random_state(options.seed, "against a baseline")
    )
    return tuple(_widened(one, critical) for one in overalls)


def _widened(verdict: Verdict, critical: float) -> Verdict:
    found = verdict.difference
    if found.value is None or not found.se:
        return verdict
    half = critical * found.se
    difference = replace(found, low=found.value - half, high=found.value + half, method="simultaneous-t")
    judgment: Judgment = "cannot tell" if abs(found.value) <= half else "better" if found.value > 0 else "worse"
    return replace(verdict, difference=difference, judgment=judgment, adjusted=None)  # its p is of this pair alone
