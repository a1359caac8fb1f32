"""The tests of a gate: paired differences of the suite, of tasks and of languages, each against its margin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from xlbench import stats
from xlbench.core.record import Cell
from xlbench.core.text import count_text
from xlbench.reports.compare.differences import Options, difference_at, judged_group, weights_of
from xlbench.reports.compare.matching import Matched, Place
from xlbench.reports.gate.flips import item_flips
from xlbench.reports.gate.policy import Policy, Role
from xlbench.reports.gate.verdict import Finding, GateTest
from xlbench.stats import multiple_tests, paired, student
from xlbench.stats.paired import FEW_DISCORDANT, POWER, Difference

if TYPE_CHECKING:
    import pyarrow as pa


ReadTable = Callable[[Cell, Path], "pa.Table"]
"""The saved items of a cell whose run lies in a folder or pack."""


SUITE = "suite"
ROUNDING = 1e-12
NOISE = 1e-8
"""A standard error that is not above it is that of rounded influences, and tells of no spread."""
IDENTICAL = "identical, item by item"


@dataclass(frozen=True, eq=False)
class PairedTests:
    """Two paired runs and a policy: tests of the suite, of tasks and of critical languages."""

    matched: Matched
    baseline: Mapping[Place, stats.Part]
    candidate: Mapping[Place, stats.Part]
    policy: Policy
    alpha: float
    floor: float = 0.0
    """The smallest margin: what rounding may do."""
    read_items: ReadTable | None = None
    """The saved items of a cell; None: items in clusters are not counted one by one."""
    folders: tuple[Path, Path] = (Path(), Path())
    """Where the baseline and the candidate lie."""

    @cached_property
    def apart(self) -> Mapping[Place, stats.Part]:
        """candidate - baseline at every place."""
        return {place: difference_at(self.candidate[place], self.baseline[place]) for place in self.matched.places}

    def run(self) -> tuple[GateTest, ...]:
        """All tests: the suite first, then the tasks as they stand in their areas, then languages of critical rules."""
        roles = {place: self.policy.role_of(cell) for place, cell in self.matched.cells[0].items()}
        judged = [place for place, role in roles.items() if role != "advisory"]
        by_task: dict[str, list[Place]] = {task: [] for tasks in self.matched.areas.values() for task in tasks}
        for place in roles:
            by_task[place[0]].append(place)
        own = {task: [place for place in places if roles[place] != "advisory"] for task, places in by_task.items()}
        family = sum(map(bool, own.values()))
        tasks = [self._task(task, own[task] or by_task[task], roles, family) for task in by_task]
        suite = self._test("suite", SUITE, "supporting", judged, self.policy.margin, 1) if judged else None
        return (
            *([_with_finding(suite, suite.p, self.alpha)] if suite else []),
            *_adjust_p(tasks, self.alpha),
            *self._languages(),
        )

    def _task(self, task: str, places: Sequence[Place], roles: Mapping[Place, Role], family: int) -> GateTest:
        """The test of a task, of those of its subsets that are not advisory where it has such."""
        rules = [self.policy.task_rule_of(self.matched.cells[0][place]) for place in places]
        margins = {rule.margin for rule in rules if rule and rule.margin is not None and not rule.languages}
        role: Role = "advisory" if all(roles[place] == "advisory" for place in places) else "supporting"
        if role == "supporting" and any(rule is not None and rule.role == "critical" for rule in rules):
            role = "critical"
        margin = min(margins) if margins else self.policy.task_margin
        return self._test("task", task, role, places, margin, family)

    def _languages(self) -> list[GateTest]:
        """The languages of critical and advisory rules: the first fail by their margin, the others are shown."""
        found = []
        cells = self.matched.cells[0]
        for rule in self.policy.rules:
            for language in rule.languages if rule.role != "supporting" else ():
                places = [
                    place
                    for place, cell in cells.items()
                    if language in cell.languages and self.policy.counts(rule, cell)
                ]
                if places:
                    margin = self.policy.task_margin if rule.margin is None else rule.margin
                    test = self._test("language", language, rule.role, places, margin, 1)
                    found.append(_with_finding(test, test.p, self.alpha))
        return found

    def _test(
        self, level: Literal["suite", "task", "language"], name: str, role: Role, places: Sequence[Place],
        margin: float, family: int,
    ) -> GateTest:  # fmt: skip
        """The difference over places with its one-sided p, not yet adjusted; ``margin`` in points."""
        weights = weights_of(self.matched, places)
        before, after = (
            float(sum(weight * parts[place].value for place, weight in weights.items()))
            for parts in (self.baseline, self.candidate)
        )
        if all(self._same(place) for place in places):
            n = sum(self.baseline[place].n for place in places)
            difference, note = Difference(0.0, se=0.0, n=n, clusters=n, note=IDENTICAL, p=1.0), ""
        else:
            options = Options(level=1 - self.alpha)
            difference, note = judged_group(name, weights, self.apart, self.baseline, self.candidate, options)
        lone = difference.clusters < 2  # of a share of hits, McNemar has a p for one item, too
        note = difference.note if lone else note or difference.note
        least = max(margin / 100, self.floor)
        one_sided = self.alpha / 2 / max(1, family)
        flips, seen = self._flips(places), detectable(difference, least, one_sided)
        if seen is not None and _is_few(flips):  # fewer items than these are never told from chance
            seen = max(seen, FEW_DISCORDANT * max(weight / self.baseline[place].n for place, weight in weights.items()))
        return GateTest(
            level, name, role, before, after, difference, least, None if lone else difference.one_sided(),
            seen, flips, "not tested", note,
        )  # fmt: skip

    def _same(self, place: Place) -> bool:
        one, other = self.baseline[place], self.candidate[place]
        near = abs(one.value - other.value) <= ROUNDING and one.influence.shape == other.influence.shape
        return near and np.allclose(one.influence, other.influence, rtol=0.0, atol=ROUNDING, equal_nan=True)

    def _flips(self, places: Iterable[Place]) -> tuple[int, int] | None:
        """Items that only the candidate, and that only the baseline has right."""
        splits = [self._split(place) for place in places]
        known = [split for split in splits if split is not None]
        if len(known) < len(splits):
            return None
        return sum(won for won, _ in known), sum(lost for _, lost in known)

    def _split(self, place: Place) -> tuple[int, int] | None:
        """`_flips` of one place; of items in clusters and of retrieval, from the items that were saved."""
        if place not in self._splits:
            own = paired.discordant(self.candidate[place], self.baseline[place])
            if own is None and self.read_items is not None:
                cells = [cells[place] for cells in self.matched.cells]
                tables = [self.read_items(cell, where) for cell, where in zip(cells, self.folders, strict=True)]
                own = item_flips((cells[1], tables[1]), (cells[0], tables[0]))
            self._splits[place] = own
        return self._splits[place]

    @cached_property
    def _splits(self) -> dict[Place, tuple[int, int] | None]:
        """What was counted already: the suite and its task ask for the same places."""
        return {}


def detectable(difference: Difference, margin: float, alpha: float) -> float | None:
    """The smallest loss that a test finds four times in five: significant at ``alpha`` (one-sided), and beyond the
    margin."""
    if difference.se is None or difference.se <= NOISE or difference.freedom is None:
        return None
    beyond = student.quantile(POWER, difference.freedom) * difference.se
    return max(student.quantile(1 - alpha, difference.freedom) * difference.se, margin) + beyond


def _adjust_p(tasks: Sequence[GateTest], alpha: float) -> list[GateTest]:
    """Tasks with their p adjusted for one another (Holm); advisory ones are no part of that."""
    family = [one.role != "advisory" for one in tasks]
    worse = multiple_tests.holm(
        np.array([_p_for_holm(one) if own else np.nan for one, own in zip(tasks, family, strict=True)])
    )
    better = multiple_tests.holm(
        np.array([_p_of_no_gain(one) if own else np.nan for one, own in zip(tasks, family, strict=True)])
    )
    found = []
    for one, own, down, up in zip(tasks, family, worse, better, strict=True):
        if not own:
            found.append(_with_finding(one, one.p, alpha))
        else:
            found.append(
                _with_finding(replace(one, p=None if one.p is None else float(down)), float(down), alpha, float(up))
            )
    return found


def _p_for_holm(one: GateTest) -> float:
    """The p that Holm's steps count; of what cannot be resolved or tested, 1."""
    return 1.0 if one.p is None or _is_few(one.flips) else one.p


def _p_of_no_gain(one: GateTest) -> float:
    """The p of "no better", not adjusted; 1 too where nothing differs, since a test of nothing finds nothing."""
    return 1.0 if one.p is None or _is_few(one.flips) or (one.difference.se or 0.0) <= NOISE else 1 - one.p


def _is_few(flips: tuple[int, int] | None) -> bool:
    return flips is not None and 0 < sum(flips) < FEW_DISCORDANT


def _with_finding(one: GateTest, p: float | None, alpha: float, better: float | None = None) -> GateTest:
    """The test with what it found."""
    value = one.difference.value or 0.0
    finding: Finding
    if one.difference.note == IDENTICAL:
        finding = "identical"
    elif one.role == "critical" and value < -ROUNDING and value <= -one.margin + ROUNDING:
        finding = "regression"
    elif one.p is None or p is None:
        finding = "not tested"
    elif _is_few(one.flips):
        few = f"the models disagree on {count_text(sum(one.flips or ()), 'item')}"
        return replace(one, finding="cannot be resolved", note=few)
    elif p <= alpha / 2 and value < 0:
        finding = "regression" if value <= -one.margin + ROUNDING and one.role != "advisory" else "worse"
    else:
        finding = "better" if (_p_of_no_gain(one) if better is None else better) <= alpha / 2 else "cannot tell"
    if finding == "regression" and one.level == "language" and one.role != "critical":
        finding = "worse"
    return replace(one, finding=finding)
