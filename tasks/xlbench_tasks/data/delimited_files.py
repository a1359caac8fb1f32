"""Tables in text files with delimiters (TSV, CSV), read row by row with the line of each."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from xlbench import DataError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import text
from xlbench_tasks.data.row_tables import Row
from xlbench_tasks.data.text import visible

_NAMES = {"\t": "a tab", ",": "','", ";": "';'", "|": "'|'"}
"""Usual delimiters, in words."""


def _count(n: int) -> str:
    return f"{n} column{'s' if n != 1 else ''}"


_BARE_RETURN = re.compile(r"\r(?!\Z)")
_ESCAPE = "\ue000"
"""`csv` would end a row at a bare carriage return, which is a character of the text here: this and an r stand in."""
_LARGEST = 2**31 - 1
"""So many characters may a cell have; `csv` itself allows 131,072."""


class DelimitedTable:
    """A file whose rows, all of one width, are read one by one."""

    unit = "line"
    nothing = "a header and no rows"

    def __init__(self, path: Path, delimiter: str, options: Mapping[str, object]) -> None:
        """Read the header. ``options`` are those of the card's table.

        Raises:
            DataError: there is nothing to read, or it is damaged.
        """
        self.path = path
        self._delimiter = delimiter
        records = _records(path, delimiter, options)
        self._records = ((line, tuple(row)) for line, row in records if row not in ([], [""]))
        self._first = next(self._records, None)
        if self._first is None:
            raise DataError(f"{path} holds nothing but blank lines")
        self._has_header = bool(options.get("header", True))
        self.columns = self._first[1] if self._has_header else ()
        """Names from the header; empty without one."""

    def rows(self) -> Iterator[Row]:
        """The rows, once; `DataError` names the physical line of one with another number of columns."""
        assert self._first is not None
        first_line, first = self._first
        body = self._records if self._has_header else chain([self._first], self._records)
        for number, (line, cells) in enumerate(body, 1):
            if len(cells) != len(first):
                unseen = len(cells) == 1 and not visible(cells[0])
                raise DataError(
                    f"{self.path}, line {line}: {_count(len(cells))} where line {first_line} has {len(first)} "
                    + (f"(the line is {text.empty(cells[0])}; remove it)" if unseen else self._delimiter_is(first))
                )
            yield Row(self, cells, line, number)

    def position(self, column: str | int) -> int:
        """Where a column is, from 0; `DataError` where the file does not have it (or has it twice)."""
        if isinstance(column, int):
            assert self._first is not None
            if column > (width := len(self._first[1])):
                hint = self._delimiter_is(self._first[1])
                raise DataError(f"{self.path} has {_count(width)}, so none with number {column} {hint}")
            return column - 1
        names = ", ".join(map(repr, self.columns))
        if self.columns.count(column) > 1:
            places = " and ".join(str(place) for place, name in enumerate(self.columns, 1) if name == column)
            raise DataError(
                f"{self.path} has several columns {column!r} (numbers {places} of {names}): rename all but one in the "
                f"file, or give the number of the one that is meant"
            )
        if column not in self.columns:
            delimiter = f" {self._delimiter_is(self.columns)}"
            near = "" if "would split" in delimiter else did_you_mean(column, self.columns)
            raise DataError(f"{self.path} has no column {column!r}, only {names}{f'.{near}' if near else delimiter}")
        return self.columns.index(column)

    def _delimiter_is(self, cells: Sequence[str]) -> str:
        """Which delimiter was used, and which other one would split a line's only cell, in brackets."""
        said = f"the delimiter is {_NAMES.get(self._delimiter, repr(self._delimiter))}"
        counts = {other: cells[0].count(other) for other in _NAMES} if len(cells) == 1 else {}
        if not any(counts.values()):
            return f"({said})"
        best = max(counts, key=lambda other: counts[other])
        split = f"{_NAMES[best]} would split {cells[0][:60]!r} into {_count(counts[best] + 1)}"
        return f"({said}, and {split}: set delimiter = {json.dumps(best)} in the card)"


def _records(path: Path, delimiter: str, options: Mapping[str, object]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file as it quotes them, each with the physical line on which it begins."""
    if options.get("quoting") != "none":
        yield from _read_quoted(path, delimiter, str(options.get("quote", '"')))
        return
    for number, line in enumerate(text.lines(path, keep_line_end=bool(options.get("keep_line_end"))), 1):
        yield number, line.split(delimiter)


def _read_quoted(path: Path, delimiter: str, quote: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with CSV quoting."""
    lines = map(_escape, text.lines(path, keep_line_end=True))
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
    while True:
        begins = reader.line_num + 1
        try:
            row = _next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{path}, line {begins}: the quoting of the row that begins here is broken ({error}); "
                f"where quotes are plain characters, set quoting = 'none' in the card"
            ) from None
        if delimiter == "\t" and any("\n" in cell and "\t" in cell for cell in row):
            raise DataError(
                f"{path}, line {begins}: a cell in quotes that begins here ends on line {reader.line_num} and holds "
                f"whole rows; where quotes are plain characters, set quoting = 'none' in the card"
            )
        yield begins, [_unescape(cell) for cell in row]


def _next(reader: Iterator[list[str]]) -> list[str]:
    """The next row, whatever the size of its cells; the limit of `csv`, which is the process's, stays what it was."""
    usual = csv.field_size_limit(_LARGEST)
    try:
        return next(reader)
    finally:
        csv.field_size_limit(usual)


def _escape(line: str) -> str:
    if _ESCAPE in line or "\r" in line:
        line = _BARE_RETURN.sub(f"{_ESCAPE}r", line.replace(_ESCAPE, f"{_ESCAPE}e"))
    return f"{line}\n"


def _unescape(cell: str) -> str:
    return cell.replace(f"{_ESCAPE}r", "\r").replace(f"{_ESCAPE}e", _ESCAPE) if _ESCAPE in cell else cell
