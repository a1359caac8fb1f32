"""The largest dot products of each query: whole rows where they are few, and tile by tile where they are many.

Of many, those of a tile count that are larger than the smallest that a query has so far. After the first tiles there
are few of these, so that a search takes little longer than the products themselves.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

FEW = 16
"""To find so many of the largest, one after the other is faster than a partition."""

TILE_ROWS, TILE_COLUMNS = 512, 1 << 13
"""Dot products of a tile, 4 bytes each: what a processor's cache holds, or nearly so."""

MANY = 2 * TILE_COLUMNS
"""From more columns than this on, tiles are worth their while."""


def largest_of_rows(similar: Floats, k: int) -> tuple[Ints, Floats]:
    """Columns and values of the k largest of each row (b, g), descending; overwrites ``similar``."""
    rows = np.arange(len(similar))[:, None]
    if k > FEW:
        some = np.argpartition(similar, similar.shape[1] - k, axis=1)[:, similar.shape[1] - k :]
        order = np.lexsort((some, -similar[rows, some]), axis=1)
        some = np.take_along_axis(some, order, axis=1)
        return some, similar[rows, some]
    places, values = np.empty((len(similar), k), np.int64), np.empty((len(similar), k), np.float32)
    for rank in range(k):
        places[:, rank] = similar.argmax(axis=1)
        values[:, rank] = similar[rows[:, 0], places[:, rank]]
        similar[rows[:, 0], places[:, rank]] = -np.inf
    return places, values


def largest_products(queries: Floats, vectors: Floats, k: int) -> Iterator[tuple[slice, Ints, Floats]]:
    """Rows of queries (n, d), and of each the k vectors of (g, d) with the largest dot products and these, (b, k) each:
    descending, equal ones in the order of vectors. k is at most `TILE_COLUMNS`."""
    buffer = np.empty(TILE_ROWS * TILE_COLUMNS, np.float32)
    for start in range(0, len(queries), TILE_ROWS):
        here = slice(start, min(start + TILE_ROWS, len(queries)))
        yield here, *_largest_products(queries[here], vectors, k, buffer)


def _largest_products(queries: Floats, vectors: Floats, k: int, buffer: Floats) -> tuple[Ints, Floats]:
    """The same for a tile's rows; ``buffer`` holds the products of a tile."""
    b, g = len(queries), len(vectors)
    columns, values = largest_of_rows(np.matmul(queries, vectors[:TILE_COLUMNS].T), k)
    waiting: list[tuple[Ints, Ints, Floats]] = []
    for start in range(TILE_COLUMNS, g, TILE_COLUMNS):
        width = min(TILE_COLUMNS, g - start)
        similar = buffer[: b * width].reshape(b, width)
        np.matmul(queries, vectors[start : start + width].T, out=similar)
        larger = np.flatnonzero(similar > values[:, -1:])
        rows, own = np.divmod(larger, width)
        waiting.append((rows, own + start, similar.ravel()[larger]))
        if sum(len(one) for one, _, _ in waiting) > b * k or start + width == g:
            columns, values = _merge(columns, values, *map(np.concatenate, zip(*waiting, strict=True)))
            waiting = []
    return columns, values


def _merge(columns: Ints, values: Floats, rows: Ints, new_columns: Ints, new_values: Floats) -> tuple[Ints, Floats]:
    """The k largest of each row so far (b, k) and of others in ``rows`` (m,), whose columns come later, and ascend
    within each row."""
    b, k = values.shape
    order = np.argsort(rows.astype(np.int16), kind="stable")  # rows of a tile: short numbers are sorted in no time
    counts = np.bincount(rows, minlength=b)
    rows = rows[order]
    place = np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows] + k
    width = k + int(counts.max())
    both, where = np.full((b, width), -np.inf, np.float32), np.zeros((b, width), np.int64)
    both[:, :k], where[:, :k] = values, columns
    both[rows, place], where[rows, place] = new_values[order], new_columns[order]
    kept = np.argsort(-both, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(where, kept, axis=1), np.take_along_axis(both, kept, axis=1)
