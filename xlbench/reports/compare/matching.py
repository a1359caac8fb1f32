"""Matches the cells of several runs: same items, same question, scored by all."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from xlbench.core.errors import UsageError
from xlbench.core.record import LOOSE, Cell, Results, Run
from xlbench.core.task import AREAS
from xlbench.core.text import did_you_mean
from xlbench.reports.language_sample import is_about
from xlbench.reports.selection import check_suite, planned

Place = tuple[str, str]
"""Task and subset."""
SHOWN = 3
"""How many places a line names before it counts the rest."""


OTHER_DATA = "other data"
"""How the reason begins where runs scored a place on other data."""


@dataclass(frozen=True)
class Unmatched:
    """A place that cannot be compared."""

    task: str
    subset: str
    why: str
    items: int
    """How many items it has, in the run that has most."""


@dataclass(frozen=True)
class Matched:
    """Cells that can be paired."""

    cells: tuple[Mapping[Place, Cell], ...]
    """Of every run, its cell at each place, in the order of tasks and subsets."""
    unmatched: tuple[Unmatched, ...]
    apart: Mapping[Place, tuple[Cell, ...]] = field(default_factory=dict)
    """Of the places that are not matched: those that all runs scored alike, on other data."""

    @property
    def places(self) -> tuple[Place, ...]:
        """The places that all runs have."""
        return tuple(self.cells[0])

    @property
    def share(self) -> float:
        """The share of items that can be compared."""
        kept = sum(cell.main.n for cell in self.cells[0].values() if cell.main)
        lost = sum(one.items for one in self.unmatched)
        return kept / (kept + lost) if kept + lost else 0.0

    @property
    def areas(self) -> Mapping[str, tuple[str, ...]]:
        """Area -> its tasks, areas in their usual order."""
        area_of = {cell.task: cell.area for cell in self.cells[0].values()}
        order = [area for area in AREAS if area in area_of.values()]
        order += sorted(set(area_of.values()) - set(AREAS))
        return {area: tuple(task for task in area_of if area_of[task] == area) for area in order}


@dataclass(frozen=True)
class CellFilter:
    """What is to be compared; without names, all."""

    tasks: tuple[str, ...] = ()
    """Names or patterns."""
    languages: tuple[str, ...] = ()
    """Codes: subsets about one of these, a transfer being about the tested one."""
    suite: str = ""
    """What any of the runs planned for it."""

    def holds(self, cell: Cell) -> bool:
        """Whether a cell is of one of these tasks, and about one of these languages; the suite is the runs' to know."""
        named = not self.tasks or any(fnmatch.fnmatchcase(cell.task, pattern) for pattern in self.tasks)
        return named and is_about(cell.subset, cell.languages, self.languages)


def match(runs: Sequence[Run], labels: Sequence[str], wanted: CellFilter | None = None) -> Matched:
    """Pair the whole cells of all runs: points of curves and samples are left out, unless all there is are samples.

    A place is matched where every run has scored it, on the same data, by the same version of the task.

    Args:
        runs: Two or more.
        labels: What they are called.
        wanted: Of which tasks, languages and suite; `UsageError` for a name that no run knows.
    """
    wanted = wanted or CellFilter()
    _check_names(wanted, [cell for run in runs for cell in run.cells])
    plan = _plan(wanted.suite, runs)
    sampled = all(cell.limit is not None for run in runs for cell in run.cells if cell.train_size is None)
    of_run = [
        {
            (cell.task, cell.subset): cell
            for cell in run.cells
            if cell.train_size is None
            and (cell.limit is not None) == sampled
            and wanted.holds(cell)
            and (plan is None or cell.subset in plan.get(cell.task, ()))
        }
        for run in runs
    ]
    places = sorted({place for cells in of_run for place in cells})
    mixed = [_with_several_sizes(run) if sampled else set() for run in runs]
    reasons = {place: _why_unmatched(place, of_run, labels, mixed) for place in places}
    matched = tuple({place: cells[place] for place in places if not reasons[place]} for cells in of_run)
    unmatched = tuple(
        Unmatched(*place, why, max(_items(cells.get(place)) for cells in of_run))
        for place, why in reasons.items()
        if why
    )
    apart = {
        place: cells
        for place in places
        if reasons[place].startswith(OTHER_DATA) and _same_question(cells := tuple(own[place] for own in of_run))
    }
    return Matched(matched, unmatched, apart)


def _plan(suite: str, runs: Sequence[Run]) -> Mapping[str, Collection[str]] | None:
    """What belongs to a suite; None where none is named. `UsageError` where no run was made for it."""
    if not suite:
        return None
    check_suite(suite, sorted({name for run in runs for name in run.plans} - {LOOSE}))
    return planned(suite, Results(tuple(runs)))


def _same_question(cells: Sequence[Cell]) -> bool:
    """Whether scored cells answer one question, of whatever items."""
    return len({(cell.task_identity, cell.main.metric if cell.main else "", cell.limit) for cell in cells}) == 1


def _check_names(wanted: CellFilter, cells: Sequence[Cell]) -> None:
    """`UsageError` for a task or a language that no run has."""
    tasks = {cell.task for cell in cells}
    languages = {language for cell in cells for language in cell.languages}
    for pattern in wanted.tasks:
        if not any(fnmatch.fnmatchcase(task, pattern) for task in tasks):
            raise UsageError(f"no run has a task {pattern!r}.{did_you_mean(pattern, tasks)}")
    for language in wanted.languages:
        if language not in languages:
            raise UsageError(f"no run has the language {language!r}.{did_you_mean(language, languages)}")


def training_set_differences(matched: Matched) -> list[tuple[Place, tuple[int, ...]]]:
    """Places where the runs differ in how much of the training set their intervals hold, with each run's
    ``--ci-training``."""
    found = []
    for place in matched.places:
        cells = [of_run[place] for of_run in matched.cells]
        if len({(cell.ci_training, tuple(cell.training)) for cell in cells}) > 1:
            found.append((place, tuple(cell.ci_training for cell in cells)))
    return found


def require_whole(matched: Matched, least: float | None) -> None:
    """`UsageError` where runs cannot be compared: nothing is matched, or less than all and less than ``least``.

    Args:
        matched: What can be paired.
        least: The share of items that suffices; None: all.
    """
    lost = matched.unmatched
    if not matched.places:
        raise UsageError(
            f"the runs have no cell in common: {_list_unmatched(lost) or 'they have no cells with scores'}"
        )
    if not lost or (least is not None and matched.share >= least):
        return
    share = f"{100 * matched.share:.1f}% of the items can be compared"
    advice = (
        f"--allow-intersection {max(0.0, int(100 * matched.share) / 100):.2f} compares what is left"
        if least is None
        else f"fewer than --allow-intersection {least:g} asks for"
    )
    raise UsageError(f"the runs do not have the same cells: {_list_unmatched(lost)}. {share}; {advice}")


def _list_unmatched(lost: Sequence[Unmatched]) -> str:
    """The first of the places that cannot be compared, and how many more there are."""
    shown = "; ".join(f"{one.task} {one.subset}: {one.why}" for one in lost[:SHOWN])
    return shown + (f"; and {len(lost) - SHOWN} more" if len(lost) > SHOWN else "")


def _items(cell: Cell | None) -> int:
    return cell.main.n if cell is not None and cell.main is not None else 0


def _with_several_sizes(run: Run) -> set[Place]:
    """Places of which a run holds samples of several sizes: nobody can tell which is meant."""
    limits: dict[Place, set[int | None]] = {}
    for cell in run.cells:
        if cell.train_size is None:
            limits.setdefault((cell.task, cell.subset), set()).add(cell.limit)
    return {place for place, sizes in limits.items() if len(sizes) > 1}


def _why_unmatched(
    place: Place, of_run: Sequence[Mapping[Place, Cell]], labels: Sequence[str], mixed: Sequence[set[Place]]
) -> str:
    """Why a place cannot be compared, or the empty string."""
    cells = [cells.get(place) for cells in of_run]
    for label, several in zip(labels, mixed, strict=True):
        if place in several:
            return f"{label} has samples of several sizes (--limit)"
    for label, cell in zip(labels, cells, strict=True):
        if cell is None:
            return f"{label} has not run it"
        if cell.status != "ok":
            return f"{label} has no score ({cell.status}: {cell.reason or 'no reason was recorded'})"
        if cell.main is None or cell.main.value is None:
            return f"{label} has no score"
    scored = [cell for cell in cells if cell is not None]
    if len({cell.data_fingerprint for cell in scored}) > 1:
        counts = {_items(cell) for cell in scored}
        return OTHER_DATA + (
            f" ({' and '.join(f'{count:,}' for count in sorted(counts))} items)" if len(counts) > 1 else ""
        )
    if len({cell.task_identity for cell in scored}) > 1 or len({cell.main.metric for cell in scored if cell.main}) > 1:
        return "another version of the task"
    if len({cell.limit for cell in scored}) > 1:
        return "samples of other sizes"
    return ""
