"""Rows of Parquet files, read batch by batch and only the columns that are wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import DataError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.classes import class_name
from xlbench_tasks.data.json_files import value_at
from xlbench_tasks.data.row_tables import Absent, Row
from xlbench_tasks.data.text import kind_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

BATCH = 4096
"""So many rows are in memory before they are cut down to what is wanted."""


class ParquetTable:
    """A file whose rows are read in batches. A column is a name, or names with dots for structs:
    ``translation.en``."""

    unit = "row"
    nothing = "no rows"

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self._columns = tuple(columns)

    def names(self) -> Sequence[str]:
        """The names of its columns, those of structs with dots."""
        with self._opened() as file:
            return list(_flat_names(file.schema_arrow))

    def position(self, column: str | int) -> int:
        """See `Table`."""
        return self._columns.index(str(column))

    def rows(self) -> Iterator[Row]:
        """The rows, once; `DataError` where the file lacks a column, or is damaged."""
        with self._opened() as file:
            names = list(_flat_names(file.schema_arrow))
            tops = {column: self._top(column, file.schema_arrow, names) for column in self._columns}
            classes = _classes(file.schema_arrow.metadata or {})
            number = 0
            for batch in self._batches(file, list(dict.fromkeys(tops.values()))):
                for values in batch:
                    number += 1
                    yield Row(
                        self, tuple(self._cell(values, column, classes) for column in self._columns), number, number
                    )

    def _cell(self, values: Mapping[str, Any], column: str, classes: Mapping[str, list[str]]) -> Any:
        """A value; classes that are stored as numbers come by their names, a number that is none of them as null."""
        value = value_at(values, column)
        if isinstance(value, Absent):  # a struct that is null has no parts
            return None
        return class_name(classes[column], value) if column in classes and value is not None else value

    def _top(self, column: str, schema: pa.Schema, names: Sequence[str]) -> str:
        """The column of the file that holds a column, which may be inside of it."""
        head = column if column in schema.names else column.partition(".")[0]
        if head not in schema.names or (head != column and column not in names):
            there_are = ", ".join(map(repr, names))
            raise DataError(f"{self.path} has no column {column!r}, only {there_are}.{did_you_mean(column, names)}")
        if schema.names.count(head) > 1:
            raise DataError(f"{self.path} has several columns {head!r}: rename all but one in the file")
        return head

    def _opened(self) -> pq.ParquetFile:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with self.path.open("rb") as file:
                head = file.read(200)
            if not head.startswith(b"PAR1"):
                raise DataError(f"{self.path} is {kind_of(head) or 'no Parquet file'}")
            return pq.ParquetFile(self.path)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.path} cannot be read as Parquet ({_first_line(error)}); get it again") from None

    def _batches(self, file: pq.ParquetFile, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
        import pyarrow as pa

        try:
            for batch in file.iter_batches(batch_size=BATCH, columns=columns):
                yield batch.to_pylist()
        except UnicodeDecodeError as error:
            raise DataError(f"{self.path}: a text that is not UTF-8 ({error}); mend the data") from None
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{self.path} is damaged ({_first_line(error)}); get it again") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]


def _flat_names(fields: Any, before: str = "") -> Iterator[str]:
    """The names of columns, those in structs with dots between them."""
    import pyarrow as pa

    for field in fields:
        if pa.types.is_struct(field.type) and field.type.num_fields:
            yield from _flat_names(field.type, f"{before}{field.name}.")
        else:
            yield f"{before}{field.name}"


def _classes(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Column -> the names of its classes, which `datasets` writes beside their numbers."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {
            name: list(one["names"])
            for name, one in features.items()
            if isinstance(one, dict) and one.get("_type") == "ClassLabel" and isinstance(one.get("names"), list)
        }
    except (ValueError, KeyError, TypeError, AttributeError):  # somebody else's metadata
        return {}
