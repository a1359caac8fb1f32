"""The vectors of one model in memory while it is being scored."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

K = TypeVar("K", bound=Hashable)


class VectorMemory(Generic[K]):
    """Texts (or sentences split into words) and their vectors, in one growing matrix.

    A text has one row; a sentence has one row a word, one after the other.
    """

    def __init__(self) -> None:
        self.start: dict[K, int] = {}
        """The first row of a key."""
        self.truncated: set[K] = set()
        """Keys whose texts were cut at the encoder's length limit."""
        self.filled = 0
        """Rows in use."""
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
        truncated: NDArray[np.bool_] | None = None,
    ) -> None:
        """Add keys that are not there yet.

        Args:
            keys: n of them.
            vectors: (rows, d), in the order of the keys.
            counts: (n,) rows of each key; None: one each.
            truncated: (n,) whether the encoder cut the text; None: none was.
        """
        self.reserve(len(vectors), vectors.shape[1])
        self._matrix[self.filled : self.filled + len(vectors)] = vectors
        ends = np.arange(1, len(keys) + 1) if counts is None else np.cumsum(counts)
        starts = np.concatenate([[0], ends[:-1]]) + self.filled
        self.start.update(zip(keys, starts.tolist(), strict=True))
        self.filled += len(vectors)
        if truncated is not None and truncated.any():
            self.truncated.update(keys[number] for number in np.flatnonzero(truncated).tolist())

    def rows(self, keys: Sequence[K]) -> NDArray[np.int64]:
        """The first row (n,) of each of n keys."""
        return np.fromiter(map(self.start.__getitem__, keys), np.int64, len(keys))

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """A copy of the vectors of k rows, (k, d)."""
        return self._matrix[rows]

    def all(self) -> NDArray[np.float32]:
        """All vectors, (rows so far, d): a view."""
        return self._matrix[: self.filled]
