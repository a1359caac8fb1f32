"""Files of JSON and of Parquet, and workbooks: their rows as those of a table, with names of columns at the top."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from xlbench import DataError
from xlbench_tasks.data import text, workbooks
from xlbench_tasks.data.json_files import JsonTable
from xlbench_tasks.data.parquet_files import ParquetTable
from xlbench_tasks.data.row_tables import Table, plain
from xlbench_tasks.draft.dialect import MOST_ROWS, QUOTINGS, Cells, Dialect

PARQUET = b"PAR1"
DEEP = 3
"""A list of rows is looked for in objects in so many others."""


def look(path: Path) -> Dialect | None:
    """The rows of a file of JSON objects, of Parquet or of a workbook; None for any other. `DataError` for one that is
    damaged."""
    if path.suffix.lower() == ".xlsx":
        return _workbook(path)
    if _begins_with(path, PARQUET):
        return _dialect(ParquetTable(path, ()).names(), lambda names: ParquetTable(path, names), "parquet")
    if not _is_json(path):
        return None
    place = "" if path.name.removesuffix(".gz").endswith("l") else _list_of(path)
    return _dialect(JsonTable(path, (), place).names(), lambda names: JsonTable(path, names, place), "jsonl", place)


def _workbook(path: Path) -> Dialect:
    """The rows of the largest sheet of a workbook."""
    found: dict[str, list[Cells]] = {}
    with workbooks.opened(path) as book:
        for sheet, part in workbooks.sheets(path, book).items():
            cells = [row.cells for row in islice(workbooks.sheet_rows(path, book, part), MOST_ROWS)]
            width = max((max(row) for row in cells), default=0)
            found[sheet] = [tuple(_shown(row.get(place)) for place in range(1, width + 1)) for row in cells]
    largest = max(found, key=lambda sheet: len(found[sheet]), default="")
    if not found.get(largest):
        raise DataError(f"{path} has no sheet with rows")
    rows = found[largest]
    return Dialect("", {QUOTINGS[0]: rows}, reader="xlsx", inside=largest if len(found) > 1 else "")


def _begins_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _is_json(path: Path) -> bool:
    suffixes = {suffix.lower() for suffix in path.suffixes[-2:]}
    if suffixes & {".json", ".jsonl", ".ndjson"}:
        return True
    first = next((line for line in islice(text.lines(path), 10) if line.strip()), "")
    if not first.startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def _list_of(path: Path) -> str:
    """The keys, with dots, of the longest list of objects in a file that is one object; "" for any other file."""
    try:
        whole = json.loads(text.read_text(path))
    except (ValueError, RecursionError):  # JSON lines, or what the reader says more of
        return ""
    lists = dict(_lists(whole, "", DEEP)) if isinstance(whole, dict) else {}
    if isinstance(whole, dict) and not lists and "\n{" in text.read_text(path):
        return ""
    return max(lists, key=lambda place: lists[place], default="")


def _lists(value: dict[str, Any], before: str, deep: int) -> Iterator[tuple[str, int]]:
    for key, inner in value.items():
        if isinstance(inner, list) and inner and all(isinstance(one, dict) for one in inner):
            yield f"{before}{key}", len(inner)
        elif isinstance(inner, dict) and deep:
            yield from _lists(inner, f"{before}{key}.", deep - 1)


def _dialect(names: Sequence[str], table_of: Any, reader: str, list_at: str = "") -> Dialect:
    """The rows below a row of names; values that are lists show nothing."""
    table: Table = table_of(names)
    rows: list[Cells] = [tuple(names)]
    lists: dict[str, Counter[str]] = {name: Counter() for name in names}
    for row in islice(table.rows(), MOST_ROWS):
        rows.append(tuple(map(_shown, row.cells)))
        for name, cell in zip(names, row.cells, strict=True):
            if name in lists and cell is not None:
                if _is_set(cell):
                    lists[name].update(map(plain, cell))
                else:
                    del lists[name]
    lists = {name: counts for name, counts in lists.items() if counts}
    if len(rows) < 2:
        raise DataError(f"{table.path} has {table.nothing}")
    return Dialect("", dict.fromkeys(QUOTINGS[:1], rows), reader=reader, inside=list_at, lists=lists)


def _is_set(cell: Any) -> bool:
    """Whether a cell is a list of different texts or whole numbers."""
    return isinstance(cell, list) and all(isinstance(one, str | int) for one in cell) and len({*cell}) == len(cell)


def _shown(cell: Any) -> str:
    return "" if isinstance(cell, list | dict) else plain(cell)
