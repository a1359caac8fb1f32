"""Reader of JSON: an object a line (JSON lines), or a list of objects.

Languages, items and fields are those of `RowReading`; a column is a key, or keys with dots between them for objects in
objects (``translation.{language}``). A text must be a string; labels, ids and clusters can be whole numbers, and labels
any number or true and false.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xlbench import Data, UsageError
from xlbench_tasks.data.json_files import JsonTable
from xlbench_tasks.data.label_sets import LIST_KEYS
from xlbench_tasks.data.row_keys import ROW_KEYS, ROW_REQUIRED
from xlbench_tasks.data.row_reading import RowReading
from xlbench_tasks.data.source import Home

KEYS = {**ROW_KEYS, **LIST_KEYS, "list": str}
"""As in `ROW_KEYS` and `LIST_KEYS`; and ``list``: of files that are one object, the key of the list of rows."""
REQUIRED = ROW_REQUIRED


class Jsonl(RowReading):
    """See the module."""

    def __init__(self, home: Home, data: Data) -> None:
        super().__init__(home, data)
        if home.table.get("list") == "":
            raise UsageError(f"{home.where} list: name the key of the list that holds the rows, or remove it")

    def _table(self, path: Path) -> JsonTable:
        return JsonTable(path, [str(column) for column in self._columns()], self.home.table.get("list", ""))

    def _names(self, path: Path) -> Sequence[str]:
        return JsonTable(path, (), self.home.table.get("list", "")).names()


def source(home: Home, data: Data) -> Jsonl:
    """A source over files of JSON."""
    return Jsonl(home, data)
