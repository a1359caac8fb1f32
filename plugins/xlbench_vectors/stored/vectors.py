"""`StoredVectors`: the vectors of a folder, opened, checked and found by text and role."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from xlbench import DataError, EncoderError
from xlbench_vectors.stored.folder import Part
from xlbench_vectors.stored.lists import ROLES, Texts, hash_of, keys_of, read_list
from xlbench_vectors.stored.tables import read_parquet_list, read_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench import Role

BLOCK = 8192
"""Vectors that are looked at at once."""
SAME = 1e-3
"""Two vectors of one text may be so far apart, relative to their length: batches round differently."""


class StoredVectors:
    """The vectors of all parts. Arrays are mapped into memory: what is not asked for is not read again."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Open and check all parts. `DataError` for what no vectors can be, with file, row and remedy."""
        self._names = [part.name for part in parts]
        opened = [_open(part) for part in parts]
        self._arrays = [vectors for _, vectors in opened]
        self._starts = np.cumsum([0, *map(len, self._arrays)])
        self.dimensions: int = self._arrays[0].shape[1]
        for name, vectors in zip(self._names, self._arrays, strict=True):
            if vectors.shape[1] != self.dimensions:
                raise DataError(
                    f"{name} has vectors of {vectors.shape[1]} dimensions, and {self._names[0]} of {self.dimensions}"
                )
            _check_finite(vectors, name)
        keys = np.concatenate([texts.keys for texts, _ in opened])
        roles = np.concatenate([texts.roles for texts, _ in opened])
        self._index = {role: self._sorted(keys, np.flatnonzero(roles == number)) for number, role in enumerate(ROLES)}

    def __len__(self) -> int:
        return sum(len(keys) for keys, _ in self._index.values())

    def find(self, texts: Sequence[str], role: Role | None) -> NDArray[np.float32]:
        """Vectors (n, d) of n texts: those of the role, else those without one.

        Raises:
            EncoderError: Some text has none.
        """
        wanted = keys_of(map(hash_of, texts))
        rows = self._rows(wanted, "")
        if role:
            own = self._rows(wanted, role)
            rows = np.where(own >= 0, own, rows)
        if (rows < 0).any():
            raise self._lacking(texts, wanted, rows, role)
        return self._take(rows)

    def _rows(self, wanted: NDArray[np.uint64], role: str) -> NDArray[np.int64]:
        """The row of each key, (n,); -1 where there is none of this role."""
        keys, rows = self._index[role]
        if not len(keys):
            return np.full(len(wanted), -1)
        places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[places] == wanted, rows[places], -1)

    def _take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        taken = np.empty((len(rows), self.dimensions), np.float32)
        owner = np.searchsorted(self._starts, rows, side="right") - 1
        for number, vectors in enumerate(self._arrays):
            own = owner == number
            with np.errstate(over="ignore"):  # what is too large for single precision is infinity, and is told as such
                taken[own] = vectors[rows[own] - self._starts[number]]
        return taken

    def _sorted(
        self, keys: NDArray[np.uint64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The keys of some rows, sorted, each once; `DataError` where a text has two vectors."""
        order = np.argsort(keys[rows], kind="stable")
        rows = rows[order]
        again = np.flatnonzero(keys[rows[1:]] == keys[rows[:-1]]) + 1
        for start in range(0, len(again), BLOCK):
            some = again[start : start + BLOCK]
            one, other = self._take(rows[some - 1]).astype(np.float64), self._take(rows[some])
            apart = np.linalg.norm(one - other, axis=1) > SAME * np.linalg.norm(one, axis=1)
            if apart.any():
                first, second = rows[some - 1][apart][0], rows[some][apart][0]
                raise DataError(
                    f"one text has two vectors: {self._place(first)} and {self._place(second)}. Where queries and "
                    "documents are encoded apart, say which is which in a field 'role'"
                )
        rows = np.delete(rows, again)
        return keys[rows], rows

    def _place(self, row: int) -> str:
        part = int(np.searchsorted(self._starts, row, side="right")) - 1
        return f"{self._names[part]} row {row - self._starts[part] + 1}"

    def _lacking(
        self, texts: Sequence[str], wanted: NDArray[np.uint64], rows: NDArray[np.int64], role: Role | None
    ) -> EncoderError:
        """The error that says how many texts have no vector, with one of them."""
        lacking = rows < 0
        example = texts[int(np.argmax(lacking))]
        elsewhere = [other for other in ROLES[1:] if other != role and (self._rows(wanted[lacking], other) >= 0).all()]
        as_role = f" as {role}" if role else ""
        hint = f" They have one as {elsewhere[0]}: another role is asked for." if elsewhere else ""
        return EncoderError(
            f"{int(lacking.sum()):,} of {len(texts):,} texts asked for{as_role} have no vector, such as "
            f"{example[:60]!r}.{hint} 'xlbench texts' writes all that a task asks for"
        )


def _open(part: Part) -> tuple[Texts, NDArray[np.float32]]:
    """A part's list and its vectors, of equal length."""
    if part.array is None:
        texts, vectors = read_table(part.texts)
    else:
        vectors = _array(part.array)
        texts = (read_parquet_list if part.texts.suffix == ".parquet" else read_list)(part.texts)
        if len(texts.keys) != len(vectors):
            raise DataError(
                f"{part.array} has {len(vectors):,} vectors, and {part.texts.name} lists {len(texts.keys):,} texts: "
                "write one vector a text, in the order of the list"
            )
    if not len(vectors):
        raise DataError(f"{part.array or part.texts} has no vector")
    return texts, vectors


def _array(path: Path) -> NDArray[np.float32]:
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path} is no array that numpy can open: {error}") from None
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        what = f"{getattr(vectors, 'shape', 'several arrays')} of {getattr(vectors, 'dtype', 'a zip file')}"
        raise DataError(f"{path} is an array of shape {what}: write one of numbers, of shape (texts, dimensions)")
    if not vectors.shape[1]:
        raise DataError(f"{path} has vectors of 0 dimensions")
    return vectors


def _check_finite(vectors: NDArray[np.float32], name: str) -> None:
    """`DataError` where a number is NaN or infinity, or is so in single precision."""
    for start in range(0, len(vectors), BLOCK):
        with np.errstate(over="ignore"):
            finite = np.isfinite(np.asarray(vectors[start : start + BLOCK]).astype(np.float32, copy=False))
        if not finite.all():
            row = start + int(np.argmin(finite.all(axis=1))) + 1
            raise DataError(f"{name} row {row}: the vector holds NaN or infinity (as float32)")
