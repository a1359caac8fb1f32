"""The items of many cells in one parquet file, as packs hold them."""

from __future__ import annotations

import functools
import hashlib
import io
import itertools
import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import ResultsError
from xlbench.core.record import Cell
from xlbench.runs.item_clusters import ItemClusters, KnownClusters
from xlbench.runs.items import CELL, CLUSTER_ID, INFLUENCE, ITEM_ID, Influence, codes_and_texts, influence_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

ROWS = 1 << 16
"""Items in a row group: what is decoded at once where one cell is wanted."""
COLUMNS = 512
"""Columns of items, at the most."""
LARGEST_FOOTER = 16 << 20
"""Bytes of a parquet file's description of itself."""
LEVEL = 19
"""Of Zstandard."""


def compress(content: bytes, level: int = LEVEL) -> bytes:
    """Content compressed with Zstandard."""
    import pyarrow as pa

    packed: bytes = pa.Codec("zstd", compression_level=level).compress(content, asbytes=True)
    return packed


def to_part(cells: Sequence[int], tables: Sequence[pa.Table]) -> bytes:
    """A parquet file, not compressed itself, of the items of several ``cells`` (ascending), whose tables have the same
    columns. Each column is encoded as it compresses best.

    The influences are plain, 4 bytes an item: so the size of the file bounds the number of its items.
    """
    import numpy as np
    import pyarrow as pa

    numbers = np.repeat(np.asarray(cells, np.int32), [table.num_rows for table in tables])
    whole = pa.concat_tables(tables).replace_schema_metadata(None).add_column(0, CELL, pa.array(numbers))
    encodings = {name: _encoding(whole.select([name]).slice(0, ROWS)) for name in whole.column_names}
    return _write_table(whole, encodings | {INFLUENCE: "PLAIN"})


def _encoding(column: pa.Table) -> str:
    """The encoding in which a column is smallest once compressed."""
    import pyarrow as pa

    names = ["DICTIONARY", "PLAIN"]
    kind = column.schema.field(0).type
    if kind in (pa.float32(), pa.float64(), pa.int32(), pa.int64()):
        names.append("BYTE_STREAM_SPLIT")
    sizes = {name: len(compress(_write_table(column, {column.column_names[0]: name}), 9)) for name in names}
    return min(names, key=lambda name: sizes[name])


def _write_table(table: pa.Table, encodings: dict[str, str]) -> bytes:
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    dictionaries = [name for name, encoding in encodings.items() if encoding == "DICTIONARY"]
    others = {name: encoding for name, encoding in encodings.items() if encoding != "DICTIONARY"}
    pq.write_table(
        table, sink, compression="none", row_group_size=ROWS, use_dictionary=dictionaries, column_encoding=others,
        write_statistics=False,
    )  # fmt: skip
    return sink.getvalue()


class PackPart:
    """One such file, read; `ResultsError` where it is none that `to_part` has made."""

    def __init__(self, content: bytes) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        limits = {"thrift_string_size_limit": LARGEST_FOOTER, "thrift_container_size_limit": 1 << 20}
        if int.from_bytes(content[-8:-4], "little") > LARGEST_FOOTER:
            raise ResultsError("the description of its items is too large")
        found = pq.ParquetFile(pa.BufferReader(content), **limits)
        _check_bounds(found.metadata, len(content))
        self._names = found.schema_arrow.names
        texts = _texts(found.schema_arrow)
        # As dictionaries, a text is in memory once, however many items have it.
        self._file = pq.ParquetFile(pa.BufferReader(content), metadata=found.metadata, read_dictionary=texts, **limits)
        self.rows: int = found.metadata.num_rows
        cells = _numbers(self._file.read([CELL], use_threads=False), CELL)
        if not len(cells) or bool(np.any(np.diff(cells) < 0)):
            raise ResultsError("its items are not in the order of their cells")
        edges = [0, *(np.flatnonzero(np.diff(cells)) + 1).tolist(), len(cells)]
        self._rows = {int(cells[low]): (low, high) for low, high in itertools.pairwise(edges)}
        """Cell -> its first row, and the one after its last."""
        self._read: tuple[range, Any] | None = None
        """The row groups that were read last, and what they hold."""

    def influences(self, cells: Sequence[Cell], known: KnownClusters) -> Iterator[tuple[int, Influence]]:
        """Of each cell in the file, its number among ``cells`` and its influence; ``known``: clusters of others."""
        import numpy as np

        ids = CLUSTER_ID if CLUSTER_ID in self._names else ITEM_ID
        table = self._file.read([ids, INFLUENCE], use_threads=False)
        codes, names = codes_and_texts(_without_nulls(table, ids).column(ids))
        texts = np.asarray(names, dtype=object)
        home = hashlib.sha256(json.dumps(names).encode()).digest()
        psi = _numbers(table, INFLUENCE)
        if not np.isfinite(psi).all():
            raise ResultsError("an item's influence is no number")
        for number, (low, high) in self._rows.items():
            if not 0 <= number < len(cells):
                raise ResultsError(f"it holds items of a cell {number}, and there is none")
            own = codes[low:high]
            clusters = known.of(home + own.tobytes(), functools.partial(_clusters, own, texts))
            yield number, influence_of(cells[number], clusters, psi[low:high])

    def table(self, number: int) -> pa.Table:
        """The items of a cell; texts are encoded as dictionaries."""
        low, high = self._rows[number]
        groups = range(low // ROWS, (high - 1) // ROWS + 1)
        if self._read is None or self._read[0] != groups:
            wanted = [name for name in self._names if name != CELL]
            table = self._file.read_row_groups([*groups], wanted, use_threads=False)
            self._read = groups, _without_nulls(table, ITEM_ID, CLUSTER_ID)
        return self._read[1].slice(low - groups.start * ROWS, high - low)


def _check_bounds(metadata: Any, size: int) -> None:
    """Raise `ResultsError` where more would be decoded than the file's size accounts for."""
    rows, groups = metadata.num_rows, metadata.num_row_groups
    if metadata.num_columns > COLUMNS or not 0 < rows <= size // 4 or groups != math.ceil(rows / ROWS):
        raise ResultsError(f"its items are none of a pack: {rows:,} in {metadata.num_columns} columns, {size:,} bytes")
    for number in range(groups):
        group = metadata.row_group(number)
        if group.num_rows != min(ROWS, rows - number * ROWS):
            raise ResultsError("its items are cut into parts otherwise than in a pack")
        if any(group.column(place).compression != "UNCOMPRESSED" for place in range(metadata.num_columns)):
            raise ResultsError("its items are compressed otherwise than in a pack")


def _texts(schema: Any) -> list[str]:
    """The columns of texts; `ResultsError` where the columns are none of items."""
    import pyarrow as pa

    kinds = {field.name: field.type for field in schema}
    expected = {CELL: pa.int32(), ITEM_ID: pa.string(), INFLUENCE: pa.float32()}
    if len(kinds) != len(schema) or any(kinds.get(name) != kind for name, kind in expected.items()):
        raise ResultsError("its items lack a cell, an id or an influence")
    texts = [name for name, kind in kinds.items() if pa.types.is_string(kind)]
    for name, kind in kinds.items():
        plain = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
        if name not in texts and (not plain or name == CLUSTER_ID):
            raise ResultsError(f"its column {name[:80]!r} is {str(kind)[:80]}, and not of numbers or texts")
    return texts


def _without_nulls(table: pa.Table, *names: str) -> pa.Table:
    for name in names:
        if name in table.column_names:
            chunks = table.column(name).chunks
            if any(chunk.null_count or chunk.dictionary.null_count for chunk in chunks):
                raise ResultsError(f"an {name} is lacking")
    return table


def _numbers(table: pa.Table, name: str) -> NDArray[Any]:
    """A column of numbers, without pandas."""
    import numpy as np

    found = table.column(name)
    if found.null_count:
        raise ResultsError(f"its column {name} lacks a number")
    return np.concatenate([np.from_dlpack(chunk) for chunk in found.chunks])


def _clusters(codes: NDArray[np.integer], texts: NDArray[np.object_]) -> ItemClusters:
    """The clusters of items whose ids are the ``texts`` that codes stand for, in the order of their first place."""
    distinct, places = _by_first_place(codes)
    return ItemClusters(texts[distinct], places)


def _by_first_place(codes: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """The distinct codes in the order of their first place, and each item's place among them."""
    import numpy as np

    distinct, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return distinct[order], place[inverse.ravel()]
