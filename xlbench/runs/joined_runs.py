"""`JoinedRuns`: the parts of one run that lie in several places, such as its shards, as one run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xlbench.core.errors import ResultsError
from xlbench.core.record import TOLERANCE, Cell, Run
from xlbench.runs.run_folder import GONE, without_scores

Place = tuple[str, str, int | None]
"""Task, subset and limit: at one place a run has one cell."""
Placed = dict[Place, tuple[Cell, Run]]


class JoinedRuns:
    """Runs of one model whose cells lie in several folders or packs, and where each of these cells lies."""

    def __init__(self) -> None:
        self._folders: dict[Path, dict[Place, Path]] = {}

    def join(self, runs: Iterable[Run]) -> list[Run]:
        """The runs, those of a model with the same content as one: its folder is called by those of all its parts.

        A cell that several parts have counts once; one with scores goes before one without.

        Raises:
            ResultsError: Two parts contradict each other: the message names the cell and both values.
        """
        parts: dict[tuple[str, ...], list[Run]] = {}
        for run in runs:
            # A damaged manifest does not say which content it is of.
            key = (run.model, run.fingerprint) if run.fingerprint else (run.folder,)
            parts.setdefault(key, []).append(run)
        return [own[0] if len(own) == 1 else self._joined(own) for own in parts.values()]

    def folder_of(self, cell: Cell, folder: Path) -> Path:
        """Where a cell of a run really lies, whose folder is called ``folder``."""
        known = self._folders.get(folder)
        return folder if known is None else known[place_of(cell)]

    def _joined(self, runs: Sequence[Run]) -> Run:
        placed = joined_cells(sorted(runs, key=_order_of_run), same_within_tolerance)
        run = joined_manifest(runs, [cell for cell, _ in placed.values()])
        folder = " + ".join(one.folder for one in runs)
        self._folders[Path(folder)] = {place: Path(of.folder) for place, (_, of) in placed.items()}
        troubles = tuple(dict.fromkeys(trouble for one in runs for trouble in one.troubles))
        return replace(run, folder=folder, troubles=troubles)


def place_of(cell: Cell) -> Place:
    """Where in a run a cell stands."""
    return cell.task, cell.subset, cell.limit


def joined_cells(runs: Iterable[Run], same: Callable[[Cell, Cell], bool]) -> Placed:
    """The cells of all parts by their place.

    Args:
        runs: The parts; of equal cells the first one counts.
        same: Whether two scored cells are the same.

    Raises:
        ResultsError: Two parts have different scores of one cell.
    """
    found: Placed = {}
    for run in runs:
        for cell in run.cells:
            place = place_of(cell)
            if place not in found:
                found[place] = cell, run
                continue
            other, its_run = found[place]
            if cell.status == other.status == "ok":
                if not same(cell, other):
                    raise ResultsError(_contradiction(cell, run, other, its_run))
            elif cell.status == "ok" or (other.reason == GONE and cell.reason != GONE):
                found[place] = cell, run
    return found


def same_to_the_bit(one: Cell, other: Cell) -> bool:
    """Whether two cells have equal items and equal intervals."""
    return _identity(one) == _identity(other)


def same_within_tolerance(one: Cell, other: Cell) -> bool:
    """Whether two cells are of one question on the same data, with intervals of one kind, and their main scores differ
    by no more than those of two processors do (`TOLERANCE`)."""
    if same_to_the_bit(one, other):
        return True
    kinds = [(cell.key, cell.ci, cell.ci_training, cell.scoring) for cell in (one, other)]
    values = [cell.main.value for cell in (one, other) if cell.main and cell.main.value is not None]
    return kinds[0] == kinds[1] and len(values) == 2 and abs(values[0] - values[1]) <= TOLERANCE


def _identity(cell: Cell) -> tuple[Any, ...]:
    """What equal scores with equal intervals have in common."""
    return cell.key, cell.items_digest, cell.seed, cell.ci, cell.ci_training, cell.scoring


def _contradiction(one: Cell, its_run: Run, other: Cell, other_run: Run) -> str:
    """The line that says that two parts disagree: nobody can tell here which of them is meant."""
    values = [cell.main.value if cell.main else None for cell in (one, other)]
    shown = " and ".join(
        f"{'no value' if value is None else f'{100 * value:.4f}'} in {run.folder}"
        for value, run in zip(values, (its_run, other_run), strict=True)
    )
    return (
        f"{one.model} {one.task} {one.subset} was scored twice, with different items, intervals of another kind, or "
        f"another version of the task: {shown}. Leave one of the two out, or prune it"
    )


def joined_manifest(runs: Sequence[Run], cells: Sequence[Cell]) -> Run:
    """The run that some parts are of, with these cells; where one part says that the model as a whole cannot be scored,
    none of them has scores."""
    first = max(runs, key=lambda run: len(run.cells))
    failure = next((run.failure for run in runs if run.failure), "")
    own = tuple(without_scores(cell, failure) if failure else cell for cell in cells)
    return replace(
        first, cells=own, plans=_joined_plans(runs), complete=all(run.complete for run in runs), failure=failure,
        provenance={**first.provenance, "parts": [dict(run.provenance) for run in runs]},
    )  # fmt: skip


def _joined_plans(runs: Iterable[Run]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Suite -> task -> subsets, as all parts together have them."""
    plans: dict[str, dict[str, dict[str, None]]] = {}
    for run in runs:
        for suite, tasks in run.plans.items():
            for task, subsets in tasks.items():
                plans.setdefault(suite, {}).setdefault(task, {}).update(dict.fromkeys(subsets))
    return {suite: {task: tuple(names) for task, names in tasks.items()} for suite, tasks in plans.items()}


def _order_of_run(run: Run) -> tuple[int, list[tuple[str, str, str]]]:
    """Most scores first, then by content: what counts depends neither on folders nor on their order."""
    scored = [cell for cell in run.cells if cell.whole and cell.status == "ok"]
    return -len(scored), sorted((cell.task, cell.subset, cell.items_digest) for cell in scored)
