"""Texts in aligned columns, as a table for a terminal, for markdown or for HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Form = Literal["plain", "pipe", "github", "html"]
"""For a terminal, for markdown with and without the alignment of columns, and for a notebook."""
WIDTH, HEIGHT = 80, 23
"""Of the smallest terminal: characters, and lines beside the next prompt's."""
SIDES = {"l": "left", "r": "right"}


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], alignment: str = "", form: Form = "plain") -> str:
    """A table of ready-made texts, none of which is read as a number.

    Args:
        headers: Of the k columns.
        rows: k texts each, of one line.
        alignment: k letters, ``l`` for columns of words and ``r`` for columns of numbers; none: all of words.
        form: How the table is written. A plain one has no rules, and no spaces at the ends of lines.
    """
    from tabulate import tabulate

    sides = [SIDES[side] for side in alignment or "l" * len(headers)]
    if form != "plain":
        return tabulate(rows, headers, tablefmt=form, disable_numparse=True, colalign=sides if rows else None)
    lines = [headers, *rows]  # given as headers, they would make their columns wider than their texts
    shown = tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=sides)
    return "\n".join(line.rstrip() for line in shown.splitlines())
