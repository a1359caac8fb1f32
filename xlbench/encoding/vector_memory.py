"""The vectors of one model in memory while it is being scored."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

K = TypeVar("K", bound=Hashable)


LARGE = 64 << 20
"""Bytes of a request's vectors from which they have a matrix of their own, in the order of the request: so they are
handed on without a copy."""

_OWN = 40
"""Rows of the matrix number m that a large request has are numbered from m << _OWN; m is 0 for the growing matrix."""


class VectorMemory(Generic[K]):
    """Texts (or sentences split into words) and their vectors: in one growing matrix, and one for each large request.

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
        self._own: list[NDArray[np.float32]] = []
        """The matrices of large requests."""

    @property
    def nbytes(self) -> int:
        """Bytes that the vectors take."""
        return self._matrix.nbytes + sum(own.nbytes for own in self._own)

    def rows_for(self, rows: int, dimensions: int) -> NDArray[np.int64]:
        """Room for so many texts of one request, and their rows, one after the other: to be filled by `add`."""
        if rows * dimensions * 4 >= LARGE:
            self._own.append(np.empty((rows, dimensions), np.float32))
            return (len(self._own) << _OWN) + np.arange(rows)
        self.reserve(rows, dimensions)
        self.filled += rows
        return np.arange(self.filled - rows, self.filled)

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
        at: NDArray[np.int64] | None = None,
    ) -> None:
        """Add keys that are not there yet.

        Args:
            keys: n of them.
            vectors: (rows, d), in the order of the keys.
            counts: (n,) rows of each key; None: one each.
            truncated: (n,) whether the encoder cut the text; None: none was.
            at: (n,) rows that `rows_for` gave, for keys of one row each; None: behind all others.
        """
        if at is None:
            self.reserve(len(vectors), vectors.shape[1])
            ends = np.arange(1, len(keys) + 1) if counts is None else np.cumsum(counts)
            starts = np.concatenate([[0], ends[:-1]]) + self.filled
            self._matrix[self.filled : self.filled + len(vectors)] = vectors
            self.filled += len(vectors)
        else:
            starts, number = at, int(at[0]) >> _OWN
            matrix = self._own[number - 1] if number else self._matrix
            matrix[at - (number << _OWN)] = vectors
        self.start.update(zip(keys, starts.tolist(), strict=True))
        if truncated is not None and truncated.any():
            self.truncated.update(keys[number] for number in np.flatnonzero(truncated).tolist())

    def rows(self, keys: Sequence[K]) -> NDArray[np.int64]:
        """The first row (n,) of each of n keys."""
        return np.fromiter(map(self.start.__getitem__, keys), np.int64, len(keys))

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of k rows, (k, d): a copy, but of a large request's rows in their order a view that cannot be
        written to."""
        numbers = rows >> _OWN
        first = int(numbers[0]) if len(rows) else 0
        if not (numbers == first).all():
            return self._gather(rows, numbers)
        if not first:
            return self._matrix[rows]
        own, places = self._own[first - 1], rows - (first << _OWN)
        if (np.diff(places) != 1).any():
            return own[places]
        view = own[places[0] : places[-1] + 1]
        view.flags.writeable = False
        return view

    def _gather(self, rows: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """The vectors of rows of several matrices."""
        taken = np.empty((len(rows), self._own[0].shape[1]), np.float32)
        for number in np.unique(numbers).tolist():
            here = numbers == number
            taken[here] = (self._own[number - 1] if number else self._matrix)[rows[here] - (number << _OWN)]
        return taken

    def all(self) -> NDArray[np.float32]:
        """All vectors of the growing matrix, (rows so far, d): a view."""
        return self._matrix[: self.filled]
