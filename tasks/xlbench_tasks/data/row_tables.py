"""Rows of tables, whatever file they are read from: their cells, the place of each, and cells as strings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from xlbench import DataError
from xlbench.core.text import did_you_mean

JOINT = "\n"
"""Stands between the columns of a joined text."""

_NUMBERS = {"score": (int, float), "label": (bool, int, float), "id": (int,), "cluster": (int,), "language": ()}
"""Fields that may be numbers where a file tells numbers from texts. All others are texts, and a number in the place of
one is a wrong column."""


class Table(Protocol):
    """A file whose rows are read one by one."""

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def unit(self) -> str:
        """What its rows are counted by, for errors: "line", "row"."""
        ...

    @property
    def nothing(self) -> str:
        """What it has where it has no rows: "a header and no rows"."""
        ...

    def position(self, column: str | int) -> int:
        """Where a column is in the cells of a row, from 0; `DataError` where the file does not have it."""
        ...

    def rows(self) -> Iterator[Row]:
        """The rows, once; `DataError` names the place of a broken one."""
        ...


class Row(NamedTuple):
    """One row of a table."""

    table: Table
    cells: tuple[Any, ...]
    """Strings; of files with types also numbers, None, and what says why there is no value (`Absent`)."""
    line: int
    """The physical line (row, item) on which it begins."""
    number: int
    """Which row of the file it is, from 1."""

    @property
    def place(self) -> str:
        """File and line, for errors."""
        return f"{self.table.path}, {self.at}"

    @property
    def at(self) -> str:
        """The line alone: ``line 7``."""
        return f"{self.table.unit} {self.line}"


class Absent(NamedTuple):
    """In the place of a cell: the row has no such key."""

    key: str
    keys: Sequence[str]
    """Those that it has."""

    def __str__(self) -> str:
        there_are = ", ".join(map(repr, self.keys)) or "none"
        return f"no key {self.key!r}, only {there_are}.{did_you_mean(self.key, self.keys)}"


class Unreadable(NamedTuple):
    """In the place of a cell that is there and has no value: a formula, an error, a part of merged cells."""

    what: str

    def __str__(self) -> str:
        return self.what


def text_of(cell: Any, field: str, row: Row) -> str:
    """A cell as the string of a field: "" for null.

    Raises:
        DataError: The row lacks it, or it is of another type than the field's.
    """
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, Absent):
        raise DataError(f"{row.place}: {cell}")
    if isinstance(cell, Unreadable):
        raise DataError(f"{row.place}: the {field} is {cell}")
    kinds = _NUMBERS.get(field, ())
    if isinstance(cell, kinds) and (bool in kinds or not isinstance(cell, bool)) and math.isfinite(cell):
        return plain(cell)
    what = "a number" if isinstance(cell, int | float) and not isinstance(cell, bool) else f"a {type(cell).__name__}"
    raise DataError(f"{row.place}: the {field} is {what} and no text: {str(cell)[:80]}")


def plain(cell: Any) -> str:
    """Any cell as a string that a card can ask for; "" for null and for what a row lacks."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return "" if cell is None or isinstance(cell, Absent) else str(cell)
