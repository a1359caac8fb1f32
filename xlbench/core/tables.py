"""Texts in aligned columns, as a table for a terminal, for markdown or for HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from xlbench.core.columns import cell_width, padded

Form = Literal["plain", "pipe", "github", "html"]
"""For a terminal, for markdown with and without the alignment of columns, and for a notebook."""
WIDTH, HEIGHT = 80, 23
"""Of the smallest terminal: characters, and lines beside the next prompt's."""
GAP = 2
"""Spaces between two columns."""
SIDES = {"l": "left", "r": "right"}


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], alignment: str = "", form: Form = "plain") -> str:
    """A table of ready-made texts, none of which is read as a number.

    Args:
        headers: Of the k columns.
        rows: k texts each, of one line.
        alignment: k letters, ``l`` for columns of words and ``r`` for columns of numbers; none: all of words.
        form: How the table is written. A plain one has no rules, and no spaces at the ends of lines.
    """
    alignment = alignment or "l" * len(headers)
    if form == "plain":
        return _plain([headers, *rows], alignment)
    from tabulate import tabulate

    sides = [SIDES[side] for side in alignment]
    return tabulate(rows, headers, tablefmt=form, disable_numparse=True, colalign=sides if rows else None)


def _plain(lines: Sequence[Sequence[str]], alignment: str) -> str:
    """Columns with a gap between; tabulate counts letters, where a terminal gives some of them two columns."""
    rooms = [max(map(cell_width, column)) for column in zip(*lines, strict=True)]
    columns = [*zip(rooms, alignment, strict=True)]
    shown = ([padded(text, room, right=side == "r") for text, (room, side) in zip(line, columns, strict=True)]
             for line in lines)  # fmt: skip
    return "\n".join((" " * GAP).join(texts).rstrip() for texts in shown)
