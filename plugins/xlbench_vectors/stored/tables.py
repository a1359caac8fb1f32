"""Reads parquet files: lists of texts, and tables that hold texts and vectors."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import DataError
from xlbench_vectors.stored.lists import HASH, ID, ROLE, TEXT, Texts, texts_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NUMBERED = re.compile(r"(.*?)(\d+)")
_ROWS = 4096
"""Rows that are read at once."""


def read_parquet_list(path: Path) -> Texts:
    """The list of texts in a parquet file."""
    with _opened(path) as file:
        return texts_of(_rows(file, path), str(path))


def read_table(path: Path) -> tuple[Texts, NDArray[np.float32]]:
    """The list of texts in a parquet file, and their vectors (n, d), which lie in a temporary file and not in memory.

    Vectors are one column of lists of numbers, or columns of numbers that are called alike and numbered (v0, v1 ...).

    Raises:
        DataError: There are no such columns, several of them, or rows of other lengths.
    """
    import numpy as np

    with _opened(path) as file:
        texts = texts_of(_rows(file, path), str(path))
        columns, width = _vector_columns(file, path)
        home = tempfile.TemporaryFile()  # noqa: SIM115 - it goes when the array does
        vectors = np.memmap(home, np.float32, "w+", shape=(file.metadata.num_rows, width))
        start = 0
        for batch in file.iter_batches(_ROWS, columns=columns):
            vectors[start : start + len(batch)] = _numbers(batch, width, f"{path}, rows from {start + 1}")
            start += len(batch)
    return texts, vectors


def _opened(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is no parquet file that can be read: {error}") from None


def _rows(file: Any, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows with their numbers and fields, without vectors."""
    columns = [name for name in (TEXT, HASH, ID, ROLE) if name in file.schema_arrow.names]
    if not {TEXT, HASH, ID} & {*columns}:
        raise DataError(f"{path} has no column text, hash or id, but {', '.join(file.schema_arrow.names[:8])}")
    number = 0
    for batch in file.iter_batches(_ROWS, columns=columns):
        for row in batch.to_pylist():
            number += 1
            yield number, row


def _vector_columns(file: Any, path: Path) -> tuple[list[str], int]:
    """The columns of the vectors, in order, and how many dimensions there are (0 rows have none)."""
    import pyarrow as pa

    kinds = {field.name: field.type for field in file.schema_arrow if field.name not in (TEXT, HASH, ID, ROLE)}
    lists = [
        name for name, kind in kinds.items()
        if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ]  # fmt: skip
    if len(lists) == 1:
        first = next(file.iter_batches(1, columns=lists), None)
        width = len(first.column(0)[0]) if first and first.column(0)[0].is_valid else 0
        if width:
            return lists, width
        raise DataError(f"{path}: the first vector (column {lists[0]}) is empty")
    numbered = {
        name: match.groups() for name, kind in kinds.items()
        if (pa.types.is_floating(kind) or pa.types.is_integer(kind)) and (match := _NUMBERED.fullmatch(name))
    }  # fmt: skip
    if lists or len({stem for stem, _ in numbered.values()}) != 1:
        found = ", ".join(lists or list(kinds)[:8]) or "nothing else"
        raise DataError(
            f"{path}: vectors are to be one column of lists of numbers, or numbered columns (v0, v1 ...); "
            f"there is {found}"
        )
    columns = sorted(numbered, key=lambda name: int(numbered[name][1]))
    return columns, len(columns)


def _numbers(batch: Any, width: int, where: str) -> NDArray[np.float32]:
    """The vectors (n, width) of a batch."""
    import numpy as np
    import pyarrow as pa

    if batch.num_columns > 1 or not hasattr(batch.column(0), "flatten"):
        if any(column.null_count for column in batch.columns):
            raise DataError(f"{where}: a number of a vector is missing")
        return np.stack([np.asarray(column.to_numpy(zero_copy_only=False)) for column in batch.columns], axis=1)
    column = batch.column(0)
    if pa.types.is_fixed_size_list(column.type):
        column = column.cast(pa.list_(column.type.value_type))
    lengths = column.value_lengths().to_pylist()
    flat = column.flatten()
    if column.null_count or flat.null_count:
        raise DataError(f"{where}: a vector, or a number of one, is missing")
    if {*lengths} != {width}:
        other = next(length for length in lengths if length != width)
        raise DataError(f"{where}: a vector has {other} dimensions, and the first {width}")
    if not (pa.types.is_floating(flat.type) or pa.types.is_integer(flat.type)):
        raise DataError(f"{where}: vectors are lists of {flat.type}: write numbers")
    return np.asarray(flat.to_numpy(zero_copy_only=False), np.float32).reshape(len(lengths), width)
