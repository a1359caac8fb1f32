"""The vectors of one model while it is being scored, in memory. Nothing here encodes, and nothing is written."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

K = TypeVar("K", bound=Hashable)


class Known(Generic[K]):
    """Keys (texts, or sentences of words) and their vectors, in one growing matrix.

    A key has one row, or as many rows in a row as it has words.
    """

    def __init__(self) -> None:
        self.start: dict[K, int] = {}
        """The first row of a key."""
        self.cut: set[K] = set()
        """Keys whose texts were cut at the encoder's length limit."""
        self.filled = 0
        self._matrix: NDArray[np.float32] = np.empty((0, 0), np.float32)

    @property
    def nbytes(self) -> int:
        """Bytes that the vectors take."""
        return self._matrix.nbytes

    def reserve(self, rows: int, dimensions: int) -> None:
        """Make room for so many more rows: at least doubled, so that adding bit by bit stays linear in all."""
        needed = self.filled + rows
        if needed > len(self._matrix):
            # From nothing, exactly what is asked for: one large request is held once, not twice.
            grown = np.empty((max(needed, 2 * self.filled), dimensions), np.float32)
            if self.filled:
                grown[: self.filled] = self._matrix[: self.filled]
            self._matrix = grown

    def add(
        self,
        keys: Sequence[K],
        vectors: NDArray[np.float32],
        counts: NDArray[np.int64] | None = None,
        cut: NDArray[np.bool_] | None = None,
    ) -> None:
        """Remember keys that are not known yet: vectors (rows, d), ``counts`` rows each (None: one each)."""
        self.reserve(len(vectors), vectors.shape[1])
        self._matrix[self.filled : self.filled + len(vectors)] = vectors
        ends = np.arange(1, len(keys) + 1) if counts is None else np.cumsum(counts)
        starts = np.concatenate([[0], ends[:-1]]) + self.filled
        self.start.update(zip(keys, starts.tolist(), strict=True))
        self.filled += len(vectors)
        if cut is not None and cut.any():
            self.cut.update(keys[place] for place in np.flatnonzero(cut).tolist())

    def rows(self, keys: Sequence[K]) -> NDArray[np.int64]:
        """The first row of every key."""
        return np.fromiter(map(self.start.__getitem__, keys), np.int64, len(keys))

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """A copy of the vectors of some rows."""
        return self._matrix[rows]

    def all(self) -> NDArray[np.float32]:
        """All vectors, uncopied."""
        return self._matrix[: self.filled]
