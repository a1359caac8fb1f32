"""Saved runs made into boards and curves, and these into the content of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.errors import UsageError
from xlbench.core.record import LOOSE, Cell, Results, Run
from xlbench.core.text import did_you_mean, reason_of
from xlbench.reports import curves
from xlbench.runs import store

if TYPE_CHECKING:
    from xlbench.catalog.hooks import BoardFormat
    from xlbench.reports.boards.standings import Board


def standings(name: str, results: Results, whole_suite: bool) -> Board:
    """The board of results; of a suite it holds the suite's tasks alone, and what was planned of them."""
    from xlbench.reports.boards.standings import standings

    folders = {(run.model, run.fingerprint): Path(run.folder) for run in results}

    def influence(cell: Cell) -> store.Influence:
        return store.influence(folders[cell.model, cell.fingerprint], cell)

    return standings(results, influence, name, _union(name, results) if whole_suite else None)


def _union(suite: str, results: Results) -> dict[str, tuple[str, ...]]:
    """The tasks and subsets that any of the runs planned for a suite."""
    union: dict[str, dict[str, None]] = {}
    for run in results:
        for task, subsets in run.plans.get(suite, {}).items():
            union.setdefault(task, {}).update(dict.fromkeys(subsets))
    return {task: tuple(subsets) for task, subsets in union.items()}


def render(board: Board, formats: Iterable[BoardFormat]) -> dict[str, str]:
    """The files of a board in every format, by file name.

    A format that fails takes no other with it: in the place of its files stands one that says why.
    """
    files: dict[str, str] = {}
    for form in formats:
        try:
            rendered = dict(form.render(board))
        except Exception as error:  # noqa: BLE001 - a format is a plugin: the others are written
            rendered = {f".{form.name}.failed.txt": f"board format {form.name}: {reason_of(error)}\n"}
        files |= {board.title + suffix: content for suffix, content in rendered.items()}
    return files


def curves_of(results: Results, learning: Sequence[str], idle: Sequence[str]) -> curves.Curves:
    """The curves of results on the tasks that learn, named after the one task or "curves"; ``idle`` learn nothing."""
    cells = [cell for run in results for cell in run.cells]
    name = learning[0] if len(learning) == 1 else "curves"
    return curves.Curves(name, curves.curves_of(cells), tuple(idle))


def render_curves(made: curves.Curves, *, plots: bool = True) -> dict[str, str | bytes]:
    """The files of curves by name: ``<name>.md`` and ``<name>.csv``, and ``<task>.png`` and ``<task>.svg``.

    ``plots``: False leaves the latter out; they need matplotlib.
    """
    if not plots:
        return dict(curves.tables(made))
    from xlbench.reports.plots import render as drawn

    return {**curves.tables(made), **drawn(made)}


def boards_of(folders: Sequence[str | Path], suite: str | None = None) -> list[Board]:
    """The boards that saved runs give, one a suite. `UsageError` where there is nothing to show."""
    runs = [saved for folder in folders for saved in store.find_runs(Path(folder)) if _is_shown(saved)]
    if not runs:
        named = ", ".join(map(str, folders))
        raise UsageError(
            f"nothing in {named} belongs on a board: there are only samples (--limit), curves or runs without a cell"
        )
    unique: dict[tuple[str, str], Run] = {}
    for saved in runs:
        other = unique.setdefault((saved.model, saved.fingerprint), saved)
        if other.folder != saved.folder and _values(other) != _values(saved):
            raise UsageError(f"{saved.folder} and {other.folder} are other runs of the same model: leave one out")
    runs = list(unique.values())
    results = Results(tuple(runs))
    known = sorted({name for saved in runs for name in saved.plans})
    if suite is not None and suite not in known:
        raise UsageError(
            f"none of these runs was made for the suite {suite!r}.{did_you_mean(suite, known)} "
            f"They were made for: {', '.join(known) or 'no suite, but loose tasks'}"
        )
    names = [suite] if suite else known
    return [standings(name, results, True) for name in names] or [standings(LOOSE, results, False)]


def _is_shown(run: Run) -> bool:
    """Whether a run has a cell that is for boards: one of samples alone would be empty, and replace a good one."""
    return any(cell.whole for cell in run.cells)


def _values(run: Run) -> dict[tuple[str, str], tuple[float | None, ...]]:
    """What a run scored, by task and subset: the same model in two folders is the same run where this is equal."""
    return {(cell.task, cell.subset): tuple(score.value for score in cell.scores) for cell in run.cells}
