"""Reader of Excel workbooks (.xlsx): one sheet, whose first row names the columns or is data.

Languages, items and fields are those of `RowReading`. A text must be a string: numbers, formulas, errors, dates and
merged cells in its place are errors with their row. Rows without anything are skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from xlbench import Data, DataError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data import workbooks
from xlbench_tasks.data.row_keys import ROW_KEYS, ROW_REQUIRED, check_numbers
from xlbench_tasks.data.row_reading import RowReading
from xlbench_tasks.data.row_tables import Row
from xlbench_tasks.data.source import Home

KEYS = {
    **ROW_KEYS,
    "fields": dict[str, str | int | list[str | int] | dict[str, str | int]],
    "id": str | int,
    "cluster": str | int,
    "pivot": dict[str, str | int],
    "header": bool,
    "sheet": str,
}
"""As in `ROW_KEYS`, where a column is its name or its number from 1; and ``header``: the first row names the columns
(default; to be said where all columns are numbers); ``sheet``: its name, where a workbook has several."""
REQUIRED = ROW_REQUIRED


class Sheet:
    """A sheet as a table; of its rows the cells that are wanted."""

    nothing = "a header and no rows"

    def __init__(self, path: Path, columns: Sequence[str | int], sheet: str, *, header: bool) -> None:
        self.path = path
        self.unit = f"sheet {sheet!r}, row" if sheet else "row"
        self._columns = tuple(columns)
        self._sheet = sheet
        self._header = header

    def position(self, column: str | int) -> int:
        """See `Table`."""
        return self._columns.index(column)

    def names(self) -> Sequence[str]:
        """The names of the columns."""
        with workbooks.opened(self.path) as book:
            first = next(self._sheet_rows(book), None)
            return [str(name) for name in first.cells.values()] if first else []

    def rows(self) -> Iterator[Row]:
        """The rows, once."""
        with workbooks.opened(self.path) as book:
            rows = self._sheet_rows(book)
            first = next(rows, None)
            if first is None:
                raise DataError(f"{self.path}: the sheet is empty")
            places = [self._place(column, first) for column in self._columns]
            body = rows if self._header else chain([first], rows)
            for number, row in enumerate(body, 1):
                yield Row(self, tuple(row.cells.get(place) for place in places), row.number, number)

    def _sheet_rows(self, book: workbooks.Book) -> Iterator[workbooks.SheetRow]:
        return workbooks.sheet_rows(self.path, book, workbooks.sheet_named(self.path, book, self._sheet))

    def _place(self, column: str | int, first: workbooks.SheetRow) -> int:
        """The number of a column; `DataError` where the first row does not name it, or names it twice."""
        if isinstance(column, int):
            return column
        found = [place for place, name in first.cells.items() if str(name) == column]
        if len(found) == 1:
            return found[0]
        names = [str(name) for name in first.cells.values()]
        if found:
            raise DataError(f"{self.path} has several columns {column!r}: rename all but one, or give its number")
        there_are = ", ".join(map(repr, names))
        raise DataError(f"{self.path} has no column {column!r}, only {there_are}.{did_you_mean(column, names)}")


class Xlsx(RowReading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        check_numbers(home, self._said_columns())

    def _sheet(self, path: Path, columns: Sequence[str | int]) -> Sheet:
        table = self.home.table
        return Sheet(path, columns, table.get("sheet", ""), header=table.get("header", True))

    def _table(self, path: Path) -> Sheet:
        return self._sheet(path, self._columns())

    def _names(self, path: Path) -> Sequence[str]:
        return self._sheet(path, ()).names()


def source(home: Home, data: Data) -> Xlsx:
    """A source over workbooks."""
    return Xlsx(home, data)
