"""Reads saved runs for pictures: the one board, or the curves, that are meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.errors import UsageError
from xlbench.reports.curves import Curves, curves_of
from xlbench.reports.render import Boards, boards_of
from xlbench.reports.selection import Selection, narrowed
from xlbench.runs.store import Reader

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board


def read_board(folders: Sequence[Path], selection: Selection) -> tuple[Board, Boards]:
    """The one board of saved runs, and what is to be said beside it.

    Raises:
        UsageError: There is nothing to show, or there are several boards.
        ResultsError: All that there is was refused.
    """
    boards = boards_of(folders, selection)
    if len(boards.boards) > 1:
        names = ", ".join(board.title for board in boards.boards)
        raise UsageError(f"these runs make several boards ({names}): a picture is of one, name it with --suite")
    return boards.boards[0], boards


def read_curves(folders: Sequence[Path], selection: Selection) -> tuple[Curves, tuple[str, ...]]:
    """The saved curves, and the files that were refused, a line each: scores by training size, and those of all items.

    What has no score by size is no curve and is left out.

    Raises:
        UsageError: There are no runs, or nothing that is called as the selection says.
    """
    reader = Reader()
    runs = [run for folder in folders for run in reader.find_runs(folder)]
    cells = [cell for run in narrowed(runs, selection) for cell in run.cells if cell.limit is None]
    found = [one for one in curves_of(cells) if any(cell.train_size is not None for cell in one.cells)]
    troubles = tuple(dict.fromkeys(trouble for run in runs for trouble in run.troubles))
    return Curves("curves", tuple(found)), troubles
