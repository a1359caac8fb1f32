"""The board section with figures of other programs, beside the measured scores of the same cells; never ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlbench.reports.boards.front_sections import number
from xlbench.reports.markup import MISSING, escape, points, table

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board
    from xlbench.reports.published import Figure


def shown_on(board: Board, imported: Sequence[Figure]) -> tuple[Figure, ...]:
    """The figures that are of a board's cells, by the main metric."""
    places = {(line.task, line.subset, line.metric) for line in board.cells}
    return tuple(one for one in imported if (one.task, one.subset, one.metric) in places)


def section(board: Board, decimals: int) -> str:
    """A table of the cells that somebody else has a number for: measured scores with intervals, then these numbers."""
    if not board.imported:
        return ""
    values = {(one.task, one.subset, one.model): one.value for one in board.imported}
    others = sorted({one.model for one in board.imported})
    lines = [line for line in board.cells if any((line.task, line.subset, other) in values for other in others)]
    measured = [escape(row.label) for row in board.rows]
    headers = ["Task", "Subset", "Metric", *measured, *(f"{escape(other)} (imported, no interval)" for other in others)]
    rows = []
    for line in lines:
        theirs = [values.get((line.task, line.subset, other)) for other in others]
        rows.append([
            escape(line.task), escape(line.subset), escape(line.metric),
            *(number(entry, decimals) for entry in line.entries),
            *(MISSING if value is None else points(value, decimals) for value in theirs),
        ])  # fmt: skip
    words = (
        "Numbers that others have measured, as they were imported: they have no interval, are in no average, and are "
        "not ranked. Whether data, version and protocol are the same is not checked."
    )
    return f"## Imported values\n\n{words}\n\n" + table(headers, rows, "lll" + "r" * (len(headers) - 3))
