"""Selects the saved runs and cells for boards, and lists what is left out."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from xlbench.core.errors import UsageError
from xlbench.core.record import LOOSE, Cell, Results, Run
from xlbench.core.text import did_you_mean

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

    @property
    def narrows(self) -> bool:
        """Whether it is of less than whole suites: then the board is that of loose tasks, and replaces no suite's."""
        return bool(self.tasks or self.models or self.languages)


@dataclass(frozen=True)
class SelectedRuns:
    """Runs, and the boards to make of them."""

    results: Results
    names: tuple[str, ...]
    """Titles of the boards: suites, or `LOOSE`."""
    is_planned: bool
    """Whether the runs say what belongs to a board of loose tasks."""
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
        _check_suite(selection.suite, suites)
    if selection.narrows:
        cut = _narrow(shown, selection)
        is_planned = any(run.plans for run in cut)
        left_out = _left_out(shown, [cell for run in cut for cell in run.cells], "the selection leaves out")
        return SelectedRuns(Results(tuple(cut)), (LOOSE,), is_planned, left_out)
    names = (selection.suite,) if selection.suite else suites or (LOOSE,)
    results = Results(tuple(shown))
    tasks = {task for name in names for task in planned(name, results)}
    on_boards = [cell for run in shown for cell in run.cells if LOOSE in names or cell.task in tasks]
    why = "" if selection.suite else "on none of these boards, as they are of no suite"
    return SelectedRuns(results, names, LOOSE in suites, _left_out(shown, on_boards, why) if why else ())


def _check_suite(wanted: str, suites: Sequence[str]) -> None:
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


def _left_out(runs: Iterable[Run], on_boards: Iterable[Cell], why: str) -> tuple[str, ...]:
    """A line that counts the whole cells which are on no board, and names their tasks."""
    there = {id(cell) for cell in on_boards}
    tasks = Counter(cell.task for run in runs for cell in run.cells if cell.whole and id(cell) not in there)
    if not tasks:
        return ()
    names = sorted(tasks)
    named = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    hint = " (see them with --task)" if why.startswith("on none") else ""
    count = tasks.total()
    return (f"{why}: {count} saved cell{'s' * (count != 1)} of {named}{hint}",)


def narrowed(runs: Sequence[Run], selection: Selection) -> tuple[Run, ...]:
    """The runs with the selected cells alone, samples and curves among them. `UsageError` where there are none.

    Whole suites stay what they are: a board of fewer models is still the suite's.
    """
    if not (selection.suite or selection.tasks or selection.languages):
        return tuple(_models(runs, selection.models))
    if selection.suite:
        _check_suite(selection.suite, _suites(runs))
    found = [run for run in _cut(runs, selection) if run.cells]
    if not found:
        raise UsageError("no cell is of all that was selected: leave out a part of it")
    if selection.suite and not (selection.tasks or selection.languages):
        return tuple(replace(run, plans={selection.suite: run.plans.get(LOOSE, {})}) for run in found)
    return tuple(found)


def _narrow(runs: Sequence[Run], selection: Selection) -> list[Run]:
    """The runs with the selected cells alone, of which at least one can stand on a board."""
    cut = _cut(runs, selection)
    if not any(cell.whole for run in cut for cell in run.cells):
        raise UsageError("no saved cell is of all that was selected: leave out one of --task, --model, --language")
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
    return chosen if selection.tasks else known


def _of_languages(runs: Sequence[Run], wanted: Sequence[str]) -> Callable[[str, str], bool]:
    """Whether a subset of a task involves one of the languages; a subset without a cell says so by its name."""
    languages = {(cell.task, cell.subset): set(cell.languages) for run in runs for cell in run.cells if cell.languages}
    known = {language for codes in languages.values() for language in codes}
    for language in wanted:
        if language not in known:
            raise UsageError(f"none of these runs has the language {language!r}.{did_you_mean(language, known)}")

    def is_wanted(task: str, subset: str) -> bool:
        """Whether a subset involves a wanted language; all do where none is named."""
        codes = languages.get((task, subset)) or set(re.split("[->]", subset))
        return not wanted or bool(codes & set(wanted))

    return is_wanted
