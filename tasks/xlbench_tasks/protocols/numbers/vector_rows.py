"""Rows of vectors: scaled for comparison, and grouped where they are equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import candidate_influence

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

UNSURE = 2.0**-19
"""Cosines that differ by less are computed again in double precision before they are compared: what a product in single
precision leaves open."""

TIE = 2.0**-40
"""Cosines that differ by less, in double precision, are equal: what the order of a sum leaves open."""

ROWS = 1 << 12
"""Rows that are handled in double precision at once."""

HASHED = 1 << 11
"""Rows that are hashed at once: twice as wide as the vectors, they would fill memory otherwise."""


@dataclass(frozen=True)
class Groups:
    """Candidate rows grouped by equal vectors, in the order of first appearance."""

    of_row: Ints
    """(n,) group of each row."""
    first_row: Ints
    """(g,) first row of each group."""
    texts: Ints
    """(g,) distinct texts in each group."""
    single: NDArray[np.bool_]
    """(n,) whether no other row has the row's text."""


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1 (float32); rows of zeros stay what they are, and have cosine 0 with all others."""
    return scaled(vectors, "cosine")


def scaled(vectors: Floats, similarity: Literal["cosine", "dot"]) -> Floats:
    """Rows (n, d) whose dot products are compared: of length 1, or for ``dot`` all divided by the longest length, so
    that dot products keep their order and are within [-1, 1]. In double precision, some rows at a time.

    Zeros stay zeros; -0.0 becomes 0.0, so that equal vectors have equal bytes.
    """
    lengths = np.empty(len(vectors))
    for start in range(0, len(vectors), ROWS):
        lengths[start : start + ROWS] = np.linalg.norm(vectors[start : start + ROWS].astype(np.float64), axis=1)
    if similarity == "dot":
        lengths[:] = lengths.max()
    lengths[lengths == 0] = 1.0
    found = np.empty(vectors.shape, np.float32)
    for start in range(0, len(vectors), ROWS):
        part = slice(start, start + ROWS)
        found[part] = (vectors[part] / lengths[part, None]).astype(np.float32) + np.float32(0)
    return found


def on_one_scale(vectors: Floats) -> Floats:
    """All rows divided by the length of the longest, so that dot products keep their order and are within [-1, 1]."""
    return scaled(vectors, "dot")


def equal_rows(values: NDArray[np.generic]) -> tuple[Ints, Ints]:
    """Groups of rows (n, d) with equal bytes, in the order of first appearance: the group of each row (n,), and the
    first row of each group. Groups are found by an exact 64-bit hash: comparing similarities instead would split groups
    at the edges of blocks on some processors."""
    words = np.ascontiguousarray(values).view(np.uint32)
    factors = np.random.RandomState(0).randint(0, 2**63, words.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    hashes = np.empty(len(words), np.uint64)
    for start in range(0, len(words), HASHED):
        part = words[start : start + HASHED].astype(np.uint64)
        part ^= part >> np.uint64(15)
        part *= factors
        part.sum(axis=1, dtype=np.uint64, out=hashes[start : start + HASHED])
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place[inverse.ravel()], first[order]


def group_rows(vectors: Floats, texts: Sequence[str]) -> Groups:
    """Group equal vectors (n, d), and count the distinct texts in each group."""
    of_row, first = equal_rows(vectors)
    last = {text: row for row, text in enumerate(texts)}
    distinct = np.fromiter(last.values(), np.int64)
    single = candidate_influence.single_texts(np.fromiter((last[text] for text in texts), np.int64, len(texts)))
    return Groups(of_row, first, np.bincount(of_row[distinct], minlength=len(first)), single)
