"""How many columns a text takes on a terminal, and texts cut, shortened and broken to fit: letters of some scripts take
two columns, marks none."""

from __future__ import annotations

import textwrap

PLACEHOLDER = " …"
"""Behind the last line of a text that goes on."""
_FILLER = "\ue000"
"""Stands behind a letter of two columns while lines are broken: a sign that no text has."""


def cell_width(text: str) -> int:
    """The columns that a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, room: int) -> str:
    """The beginning of a text that takes at most ``room`` columns."""
    kept = text[: max(room, 0)] if text.isascii() or cell_width(text) > room else text
    while kept and cell_width(kept) > room:
        kept = kept[:-1]
    return kept


def ended(line: str, room: int) -> str:
    """A line that takes at most ``room`` columns, with an ellipsis where it goes on."""
    return line if cell_width(line) <= room else cut(line, room - 1) + "…"


def shortened(name: str, room: int) -> str:
    """A name with its middle left out, where it takes more columns than ``room``: names differ at their ends."""
    if cell_width(name) <= room:
        return name
    begin = cut(name, room // 2)
    end = cut(name[::-1], room - 1 - cell_width(begin))[::-1]
    return f"{begin}…{end}"


def padded(text: str, room: int, *, right: bool) -> str:
    """A text with the spaces that it lacks, behind it or, for a column of numbers, before it."""
    spaces = " " * (room - cell_width(text))
    return spaces + text if right else text + spaces


def wrapped(text: str, room: int, most: int) -> list[str]:
    """A text in at most ``most`` lines of so many columns, broken between words where they fit a line."""
    filled = text if text.isascii() else "".join(one + _FILLER * (cell_width(one) > 1) for one in text)
    lines = textwrap.wrap(filled, room, max_lines=most, placeholder=PLACEHOLDER)
    return [ended(line.replace(_FILLER, ""), room) for line in lines]
