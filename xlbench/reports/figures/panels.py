"""Panels of a board: its overall, and below that its areas or tasks, with the same models in the same order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xlbench.core.errors import UsageError
from xlbench.reports.boards.averages import OVERALL, Entry
from xlbench.reports.boards.ranks import Rank
from xlbench.reports.figures.grid import grid
from xlbench.reports.figures.lettering import Lettering

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xlbench.reports.boards.board import Board, Row

By = Literal["overall", "area", "task"]
"""What has a panel beside the overall."""


@dataclass(frozen=True)
class Panel:
    """One average of all models."""

    name: str
    """As a headline."""
    entries: tuple[Entry, ...]
    """A model each, in the order of the board's rows."""
    ranks: tuple[Rank | None, ...]
    chance: float | None


def panels_of(board: Board, by: By) -> list[Panel]:
    """The overall, then areas or tasks; what no model has a score of is left out. `UsageError` where nothing is left.

    With one area alone, or one task, that is the overall, and called by its name.
    """
    of_rows = _rows_of(board, lambda row: (row.overall, _overall_rank(row)))
    overall = Panel(heading(OVERALL), *of_rows, board.chances.get(OVERALL))
    if by == "task":
        parts = [_of_task(board, task) for _, task in board.tasks]
    else:
        parts = [_of_area(board, area) for area in board.areas]
    shown = [overall] if by == "overall" else parts if len(parts) == 1 else [overall, *parts]
    there = [panel for panel in shown if any(entry.value is not None for entry in panel.entries)]
    if not there:
        why = next((entry.reason for panel in shown for entry in panel.entries if entry.reason), "it has no model")
        more = "" if by == "task" else f"; draw what there is by {'area' if by == 'overall' else 'task'}"
        raise UsageError(f"nothing of the board {board.title} can be drawn: {why}{more}")
    return there


def _of_area(board: Board, area: str) -> Panel:
    of_rows = _rows_of(board, lambda row: (row.areas.get(area, Entry()), row.area_ranks.get(area)))
    return Panel(heading(area), *of_rows, board.chances.get(area))


def _of_task(board: Board, task: str) -> Panel:
    of_rows = _rows_of(board, lambda row: (row.tasks.get(task, Entry()), row.task_ranks.get(task)))
    return Panel(task, *of_rows, board.baseline(task, "chance"))


def _rows_of(
    board: Board, entry_and_rank: Callable[[Row], tuple[Entry, Rank | None]]
) -> tuple[tuple[Entry, ...], tuple[Rank | None, ...]]:
    found = [entry_and_rank(row) for row in board.rows]
    return tuple(entry for entry, _ in found), tuple(rank for _, rank in found)


def _overall_rank(row: Row) -> Rank | None:
    if row.rank is None or row.rank_low is None or row.rank_high is None:
        return None
    return Rank(row.rank, row.rank_low, row.rank_high, row.tied_with_best)


def texts_of(board: Board) -> list[str]:
    """All names that a picture of a board may show."""
    tasks = [text for line in board.tasks for text in line]
    return [board.title, *(row.label for row in board.rows), *board.areas, *tasks]


def axes_of(
    board: Board, panels: Sequence[Panel], below: str, width: float, letters: Lettering
) -> tuple[Figure, list[Axes]]:
    """A figure with axes for every panel, and a line for every model."""
    return grid([row.label for row in board.rows], [panel.name for panel in panels], below, width, letters)


def heading(area: str) -> str:
    """An area as a headline."""
    return "NER" if area == "ner" else area[:1].upper() + area[1:]
