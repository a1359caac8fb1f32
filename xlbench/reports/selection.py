"""Selects the saved runs and cells for boards, and lists what is left out."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Literal

from xlbench.core.errors import UsageError
from xlbench.core.record import LOOSE, Cell, Results, Run
from xlbench.core.text import did_you_mean, first_of
from xlbench.reports.language_sample import is_about

Over = Literal["items", "languages"]
"""What the intervals of averages are over: a sample of items, or of languages."""
Plan = Mapping[str, tuple[str, ...]]
"""The subsets of every task."""


@dataclass(frozen=True)
class Selection:
    """What boards are wanted of: names or patterns; without any, all that is there."""

    suite: str | None = None
    tasks: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    """Names, patterns, or the first digits of fingerprints."""
    languages: tuple[str, ...] = ()
    """Codes: subsets about one of these, a transfer being about the tested one."""
    areas: tuple[str, ...] = ()
    registers: tuple[str, ...] = ()
    """Kinds of text: ``regularized``, ``unregularized``."""
    metric: str = ""
    """By which metric, in the place of each task's main one; "": by the main ones."""
    over: Over = "items"
    """What intervals are over: the items of these tasks, or languages in general."""
    loose: bool = False
    """Whether cells of no suite have a board beside those of suites; otherwise they are left out, and counted."""

    @property
    def narrows(self) -> bool:
        """Whether it is of less than whole suites, or of another question: then the board is that of loose tasks, and
        replaces no suite's."""
        return bool(self.cuts or self.metric or self.over != "items")

    @property
    def cuts(self) -> bool:
        """Whether it names tasks, models, languages, areas or registers."""
        return bool(self.tasks or self.models or self.languages or self.areas or self.registers)


@dataclass(frozen=True)
class SelectedBoard:
    """A board to make."""

    name: str
    """Its title: a suite, or `LOOSE`."""
    results: Results
    whole_suite: bool
    """Whether the runs say what belongs to it."""


@dataclass(frozen=True)
class SelectedRuns:
    """The boards to make of runs."""

    boards: tuple[SelectedBoard, ...]
    left_out: tuple[str, ...]
    """What is on none of the boards: a line each kind."""


def planned(suite: str, results: Results) -> dict[str, tuple[str, ...]]:
    """The tasks and subsets that any of the runs planned for a suite."""
    union: dict[str, dict[str, None]] = {}
    for run in results:
        for task, subsets in run.plans.get(suite, {}).items():
            union.setdefault(task, {}).update(dict.fromkeys(subsets))
    return {task: tuple(subsets) for task, subsets in union.items()}


def select(runs: Sequence[Run], selection: Selection, where: str) -> SelectedRuns:
    """The runs and cells that a selection is of. `UsageError` where there are none; ``where`` they were looked for."""
    shown = [run for run in runs if any(cell.whole for cell in run.cells)]
    if not shown:
        raise UsageError(
            f"nothing in {where} belongs on a board: there are only samples (--limit), curves or runs without a cell"
        )
    suites = _suites(shown)
    if selection.suite is not None:
        check_suite(selection.suite, suites)
    if selection.narrows:
        cut = _narrow(shown, selection)
        is_planned = any(run.plans for run in cut)
        left_out = _left_out(shown, [cell for run in cut for cell in run.cells])
        return SelectedRuns((SelectedBoard(LOOSE, Results(tuple(cut)), is_planned),), left_out)
    results = Results(tuple(shown))
    if selection.suite:
        return SelectedRuns((SelectedBoard(selection.suite, results, whole_suite=True),), ())
    boards = [SelectedBoard(name, results, whole_suite=True) for name in suites]
    loose = _loose(shown, {task for name in suites for task in planned(name, results)})
    unshown = [*_never_on_boards(runs)]
    if loose and LOOSE not in suites and (selection.loose or not suites):
        boards.append(SelectedBoard(LOOSE, Results(loose), whole_suite=False))
    elif loose:
        cells = [cell for run in loose for cell in run.cells if cell.whole]
        unshown.insert(0, f"on none of these boards, as they are of no suite: {count_cells(cells)}")
    return SelectedRuns(tuple(boards), tuple(unshown))


def _loose(runs: Iterable[Run], planned_tasks: Set[str]) -> tuple[Run, ...]:
    """The runs with their cells of tasks that no suite planned, but for those without any."""
    cut = [replace(run, cells=tuple(cell for cell in run.cells if cell.task not in planned_tasks)) for run in runs]
    return tuple(run for run in cut if any(cell.whole for cell in run.cells))


def _never_on_boards(runs: Iterable[Run]) -> Iterator[str]:
    """A line each for the samples and the points of curves."""
    cells = [cell for run in runs for cell in run.cells]
    for what, left in (
        ("samples (--limit)", [cell for cell in cells if cell.limit is not None]),
        ("points of curves", [cell for cell in cells if cell.limit is None and cell.train_size is not None]),
    ):
        if left:
            yield f"{what} are on no board: {count_cells(left)}"


def check_suite(wanted: str, suites: Sequence[str]) -> None:
    """`UsageError` where the runs were made for other suites."""
    if wanted not in suites:
        raise UsageError(
            f"none of these runs was made for the suite {wanted!r}.{did_you_mean(wanted, suites)} "
            f"They were made for: {', '.join(suites) or 'no suite, but loose tasks'}"
        )


def _suites(runs: Iterable[Run]) -> tuple[str, ...]:
    """Suites that the runs were made for. `UsageError` where two would be one file on some systems."""
    names = sorted({name for run in runs for name in run.plans})
    folded = Counter(name.casefold() for name in names)
    alike = [name for name in names if folded[name.casefold()] > 1]
    if alike:
        raise UsageError(
            f"the suites {' and '.join(alike)} have one name on some systems: rename one, and run it again"
        )
    return tuple(names)


def _left_out(runs: Iterable[Run], on_boards: Iterable[Cell]) -> tuple[str, ...]:
    """A line that counts the whole cells which a selection leaves out, and names their tasks."""
    there = {id(cell) for cell in on_boards}
    left = [cell for run in runs for cell in run.cells if cell.whole and id(cell) not in there]
    return (f"the selection leaves out: {count_cells(left)}",) if left else ()


def count_cells(cells: Sequence[Cell]) -> str:
    """``6 saved cells of tiny``: how many, and of which tasks."""
    return f"{len(cells)} saved cell{'s' * (len(cells) != 1)} of {first_of(sorted({cell.task for cell in cells}), 6)}"


def narrowed(runs: Sequence[Run], selection: Selection) -> tuple[Run, ...]:
    """The runs with the selected cells alone, samples and curves among them. `UsageError` where there are none.

    Whole suites stay what they are: a board of fewer models is still the suite's.
    """
    if not (selection.suite or replace(selection, models=()).cuts):
        return tuple(_models(runs, selection.models))
    if selection.suite:
        check_suite(selection.suite, _suites(runs))
    found = [run for run in _cut(runs, selection) if run.cells]
    if not found:
        raise UsageError("no cell is of all that was selected: leave out a part of it")
    if selection.suite and not replace(selection, models=()).cuts:
        return tuple(replace(run, plans={selection.suite: run.plans.get(LOOSE, {})}) for run in found)
    return tuple(found)


def _narrow(runs: Sequence[Run], selection: Selection) -> list[Run]:
    """The runs with the selected cells alone, of which at least one can stand on a board."""
    cut = _cut(runs, selection)
    if not any(cell.whole for run in cut for cell in run.cells):
        raise UsageError("no saved cell is of all that was selected: leave out a part of it")
    return cut


def _cut(runs: Sequence[Run], selection: Selection) -> list[Run]:
    """The runs with the selected cells alone, and what was planned of these as the plan of a board of loose tasks."""
    chosen = _models(runs, selection.models)
    tasks = _tasks(chosen, selection)
    is_wanted = _of_languages(chosen, selection.languages)
    cut = []
    for run in chosen:
        plan: dict[str, tuple[str, ...]] = {}
        for one in [run.plans.get(selection.suite, {})] if selection.suite else run.plans.values():
            for task, subsets in one.items():
                wanted = [subset for subset in subsets if is_wanted(task, subset)]
                if task in tasks and wanted:
                    plan[task] = tuple(dict.fromkeys((*plan.get(task, ()), *wanted)))
        cells = tuple(cell for cell in run.cells if cell.task in tasks and is_wanted(cell.task, cell.subset))
        cut.append(replace(run, cells=cells, plans={LOOSE: plan} if plan else {}))
    return cut


def _models(runs: Sequence[Run], wanted: Sequence[str]) -> list[Run]:
    names = {run.model for run in runs}
    for pattern in wanted:
        if not any(_is_model(run, pattern) for run in runs):
            raise UsageError(f"none of these runs is of a model {pattern!r}.{did_you_mean(pattern, names)}")
    return [run for run in runs if not wanted or any(_is_model(run, pattern) for pattern in wanted)]


def _is_model(run: Run, pattern: str) -> bool:
    digits = re.fullmatch("[0-9a-f]{6,64}", pattern)
    return fnmatch.fnmatchcase(run.model, pattern) or bool(digits and run.fingerprint.startswith(pattern))


def _tasks(runs: Sequence[Run], selection: Selection) -> set[str]:
    """The tasks that are wanted: of the suite, where one is named, and of the patterns."""
    known = {cell.task for run in runs for cell in run.cells} | {
        task for run in runs for plan in run.plans.values() for task in plan
    }
    if selection.suite:
        known = set(planned(selection.suite, Results(tuple(runs))))
    chosen = set()
    for pattern in selection.tasks:
        matching = fnmatch.filter(known, pattern)
        if not matching:
            raise UsageError(f"none of these runs has a task {pattern!r}.{did_you_mean(pattern, known)}")
        chosen.update(matching)
    found = chosen if selection.tasks else known
    found &= _with_label(runs, "area", selection.areas, known)
    return found & _with_label(runs, "register", selection.registers, known)


def _with_label(
    runs: Iterable[Run], name: Literal["area", "register"], wanted: Sequence[str], tasks: Set[str]
) -> Set[str]:
    """The tasks whose cells have one of the wanted labels; all where none is named."""
    labels = {cell.task: str(getattr(cell, name)) for run in runs for cell in run.cells if getattr(cell, name)}
    for label in wanted:
        if label not in labels.values():
            known = sorted(set(labels.values()))
            raise UsageError(
                f"none of these runs has a task of the {name} {label!r}.{did_you_mean(label, known)} "
                f"There are: {', '.join(known) or 'none'}"
            )
    return {task for task in tasks if labels.get(task) in wanted} if wanted else tasks


def _of_languages(runs: Sequence[Run], wanted: Sequence[str]) -> Callable[[str, str], bool]:
    """Whether a subset of a task is about one of the languages, as averages by language have it."""
    languages = {(cell.task, cell.subset): cell.languages for run in runs for cell in run.cells if cell.languages}
    known = {language for codes in languages.values() for language in codes}
    for language in wanted:
        if language not in known:
            raise UsageError(f"none of these runs has the language {language!r}.{did_you_mean(language, known)}")
    return lambda task, subset: is_about(subset, languages.get((task, subset), ()), wanted)
