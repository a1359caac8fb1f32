"""Reader of delimited tables (TSV, CSV), with or without a header.

Languages, items and fields are those of `RowReading`. Values are strings: "NA", "null" and "nan" too. Blank lines are
skipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xlbench import Data, UsageError
from xlbench_tasks.data.delimited_files import DelimitedTable
from xlbench_tasks.data.packed import plain_name
from xlbench_tasks.data.row_keys import ROW_KEYS, ROW_REQUIRED, check_numbers
from xlbench_tasks.data.row_reading import RowReading
from xlbench_tasks.data.source import Home

KEYS = {
    **ROW_KEYS,
    "fields": dict[str, str | int | list[str | int] | dict[str, str | int]],
    "id": str | int,
    "cluster": str | int,
    "pivot": dict[str, str | int],
    "header": bool,
    "delimiter": str,
    "quoting": ("csv", "none"),
    "quote": str,
    "keep_line_end": bool,
}
"""As in `ROW_KEYS`, where a column is its name or its number from 1; and ``header``: the first line names the columns
(default; to be said where all columns are numbers); ``delimiter``: default tab for .tsv, comma otherwise; ``quoting``:
``csv`` (default) or ``none``, where a quote is a character; ``quote``: with ``csv``, which character is one (default
``"``); ``keep_line_end``: with ``none``, a carriage return at a line's end is part of the text."""
REQUIRED = ROW_REQUIRED


class Delimited(RowReading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        self._check()

    def _check(self) -> None:
        """What the types of the keys cannot say."""
        table, where = self.home.table, self.home.where
        check_numbers(self.home, self._said_columns())
        quote = table.get("quote", '"')
        if len(quote) != 1 or quote in "\r\n":
            raise UsageError(f"{where} quote: {quote!r} is not one character that can stand around a cell")
        if "quote" in table and table.get("quoting") == "none":
            raise UsageError(f"{where} quote: with quoting = 'none', a quote is a character of the text; remove one")
        if len(self._delimiter) != 1 or self._delimiter in f"{quote}\r\n":
            raise UsageError(f"{where} delimiter: {self._delimiter!r} is not one character that can separate columns")
        if table.get("keep_line_end") and table.get("quoting") != "none":
            raise UsageError(f"{where} keep_line_end: only with quoting = 'none'; in CSV the quotes say what is text")

    @property
    def _delimiter(self) -> str:
        given: str | None = self.home.table.get("delimiter")
        return given if given is not None else "\t" if plain_name(self._patterns[0]).endswith(".tsv") else ","

    def _table(self, path: Path) -> DelimitedTable:
        return DelimitedTable(path, self._delimiter, self.home.table)

    def _names(self, path: Path) -> Sequence[str]:
        return self._table(path).columns


def source(home: Home, data: Data) -> Delimited:
    """A source over delimited files."""
    return Delimited(home, data)
