"""Boards: pure renderings of saved runs. `standings` makes the description, one file a format renders it.

Nothing here reads or writes files, and nothing slow is imported before a board is rendered: this module lists the
built-in formats and leaves their code to the first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlbench.hooks import BoardFormat

if TYPE_CHECKING:
    from xlbench.boards.standings import Board


def _markdown(board: Board) -> Mapping[str, str]:
    from xlbench.boards.markdown import render

    return render(board)


def _csv(board: Board) -> Mapping[str, str]:
    from xlbench.boards.csv_ import render

    return render(board)


FORMATS: tuple[BoardFormat, ...] = (
    BoardFormat("markdown", _markdown, "Tables for people: the board, its parts, footnotes; costs apart."),
    BoardFormat(
        "csv", _csv, "Tables for programs: a row a model, a score, a subset's data, a register, a model's costs."
    ),
)
