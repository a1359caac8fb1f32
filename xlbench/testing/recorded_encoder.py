"""An encoder as the kit uses it: each answer is checked by itself, and kept, to see whether it stays what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xlbench.core.model import Role
from xlbench.testing.process import ConformanceError, call

if TYPE_CHECKING:
    import numpy as np


class RecordedEncoder:
    """An encoder, and what it has returned so far: each answer is checked by itself."""

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        self._zero_is_unknown = getattr(encoder, "zero_is_unknown", False) is True
        self._answers: list[tuple[np.ndarray, np.ndarray]] = []

    def vectors(self, texts: list[str], role: Role | None) -> np.ndarray:
        """A copy of what the encoder returns."""
        import numpy as np

        given, where = list(texts), f"encode(texts, role={role!r})"
        vectors: np.ndarray = call(where, self._encoder.encode, given, role=role)
        if given != texts:
            raise ConformanceError(f"{where} changes the list that it is given: work on a copy")
        if not isinstance(vectors, np.ndarray):
            raise ConformanceError(f"{where} returns {type(vectors).__name__}: return a numpy array")
        if not np.issubdtype(vectors.dtype, np.floating):
            raise ConformanceError(f"{where} returns {vectors.dtype}: return floating point numbers")
        if not (vectors.ndim == 2 and vectors.shape[1] > 0):
            raise ConformanceError(
                f"{where} returns an array of shape {vectors.shape}: return one of (texts, dimensions)"
            )
        if len(vectors) != len(texts):
            raise ConformanceError(f"{where} returns {len(vectors)} vectors for {len(texts)} texts")
        first = self._answers[0][0] if self._answers else vectors
        if vectors.shape[1] != first.shape[1]:
            raise ConformanceError(
                f"{where} returns vectors of {vectors.shape[1]} after some of {first.shape[1]}: all must have "
                "one length"
            )
        with np.errstate(over="ignore"):
            seen = vectors.astype(np.float32)  # which is what tasks are given
        zero = np.zeros(len(seen), bool) if self._zero_is_unknown else ~seen.any(axis=1)
        for bad, what in ((~np.isfinite(seen).all(axis=1), "holds NaN or infinity"), (zero, "is all 0")):
            if bad.any():
                raise ConformanceError(f"{where}: the vector of {texts[int(bad.argmax())][:30]!r} {what} (as float32)")
        copy = vectors.copy()
        self._answers.append((vectors, copy))
        return copy

    def require_unchanged(self) -> None:
        """What was returned once belongs to the caller."""
        import numpy as np

        unchanged = all(np.array_equal(returned, copy) for returned, copy in self._answers)
        if not unchanged:
            raise ConformanceError(
                "a call of encode changes the array that an earlier one returned: return a new array"
            )


def is_near(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    """Whether every vector of a is within ``tolerance`` of its like in b, relative to that one's length (if not 0)."""
    import numpy as np

    if a.shape != b.shape:
        return False
    wide = b.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    moved = np.linalg.norm(a - wide, axis=1) / np.where(lengths == 0, 1, lengths)
    return bool((moved <= tolerance).all())
