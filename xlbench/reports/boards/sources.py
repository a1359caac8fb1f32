"""Attaches to a board where its tasks' data comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from xlbench.core.task import Task
from xlbench.reports.boards.board import Board, Source


def with_sources(board: Board, tasks: Mapping[str, Task]) -> Board:
    """The board with data, license, home and citation of those of its tasks that are among ``tasks``, by name."""
    own = [found for _, name in board.tasks if (found := tasks.get(name)) is not None]
    return replace(
        board, sources={task.name: Source(task.data, task.license, task.home, task.citation) for task in own}
    )
