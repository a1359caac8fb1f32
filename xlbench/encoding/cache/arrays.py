"""Vectors as arrays and as rows of the table of entries: one into the other, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench.encoding.cache import tables
from xlbench.encoding.cache.tables import Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class CachedVectors:
    """What the cache had of the keys that were asked for, in the order of the keys."""

    positions: NDArray[np.int64]
    """(k,) places of the found keys among those asked for, ascending."""
    counts: NDArray[np.int64]
    """(k,) rows of each: 1 for a text, one a word for words."""
    vectors: NDArray[np.float32]
    """(sum of counts, d); (0, 0) where nothing was found."""
    truncated: NDArray[np.bool_]
    """(k,) whether the encoder had cut the text at its length limit."""


def as_arrays(
    keys: Sequence[bytes], vectors: NDArray[Any], counts: ArrayLike | None, truncated: ArrayLike | None
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """What `Cache.put` is given, as little-endian (sum of counts, d), (n,) and (n,).

    Raises:
        ValueError: Where the shapes do not fit together.
    """
    import numpy as np

    sizes = np.ones(len(keys), np.int64) if counts is None else np.asarray(counts, np.int64)
    cut = np.zeros(len(keys), bool) if truncated is None else np.asarray(truncated, bool)
    matrix = np.ascontiguousarray(vectors, "<f4")
    fits = matrix.ndim == 2 and sizes.shape == cut.shape == (len(keys),)
    if not fits or (sizes < 0).any() or sizes.sum() != len(matrix):
        raise ValueError(f"{len(keys)} keys, vectors {matrix.shape}, counts {sizes.shape}, truncated {cut.shape}")
    return matrix, sizes, cut


def to_rows(
    salt: int, keys: Sequence[bytes], matrix: NDArray[np.float32], sizes: NDArray[np.int64], cut: NDArray[np.bool_]
) -> list[tuple[bytes, int, int, memoryview]]:
    """Rows to insert, one a key: key, shape, checksum, and the bytes of its vectors (a view of the matrix)."""
    import numpy as np

    width = matrix.shape[1] * 4
    data = matrix.reshape(-1).view(np.uint8).data
    ends = (np.cumsum(sizes) * width).tolist()
    blobs = [data[end - size : end] for end, size in zip(ends, (sizes * width).tolist(), strict=True)]
    shapes = (sizes << 1 | cut).tolist()
    return [
        (key, shape, tables.checksum(salt, key, shape, blob), blob)
        for key, shape, blob in zip(keys, shapes, blobs, strict=True)
    ]


def from_rows(keys: Sequence[bytes], rows: Mapping[bytes, Row]) -> CachedVectors:
    """The vectors of those keys that have a row, in the order of the keys."""
    import numpy as np

    positions = np.array([number for number, key in enumerate(keys) if key in rows], np.int64)
    chosen = [rows[keys[number]] for number in positions.tolist()]
    shapes = np.array([row[2] for row in chosen], np.int64)
    counts = shapes >> 1
    flat = np.frombuffer(bytearray().join([row[4] for row in chosen]), "<f4").astype(np.float32, copy=False)
    vectors = flat.reshape(int(counts.sum()), -1) if flat.size else np.empty((0, 0), np.float32)
    return CachedVectors(positions, counts, vectors, (shapes & 1).astype(bool))
