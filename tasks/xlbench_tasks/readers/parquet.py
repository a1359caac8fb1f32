"""Reader of Parquet files.

Languages, items and fields are those of `RowReading`; a column is a name, or names with dots between them for structs
(``translation.{language}``). Texts, labels and ids are of the types that `readers.jsonl` takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xlbench import Data
from xlbench_tasks.data.label_sets import LIST_KEYS
from xlbench_tasks.data.parquet_files import ParquetTable
from xlbench_tasks.data.row_keys import ROW_KEYS, ROW_REQUIRED
from xlbench_tasks.data.row_reading import RowReading
from xlbench_tasks.data.source import Home

KEYS = {**ROW_KEYS, **LIST_KEYS}
"""See `ROW_KEYS` and `LIST_KEYS`."""
REQUIRED = ROW_REQUIRED


class Parquet(RowReading):
    """See the module."""

    def _table(self, path: Path) -> ParquetTable:
        return ParquetTable(path, [str(column) for column in self._columns()])

    def _names(self, path: Path) -> Sequence[str]:
        return ParquetTable(path, ()).names()


def source(home: Home, data: Data) -> Parquet:
    """A source over files of Parquet."""
    return Parquet(home, data)
