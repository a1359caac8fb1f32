"""Checks of what an encoder returns: shape, finite numbers, zero vectors, and equal vectors for equal texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from xlbench.core.errors import EncoderError, InconsistentEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALONE_TOLERANCE = 1e-3
"""How far (relative to its length) a vector may move when its text is encoded alone, or among other texts."""

HALF_TOLERANCE = {"float16": 1e-2, "bfloat16": 5e-2}
"""The same where an encoder computes in half precision: its rounding alone moves vectors by about a fifth of this."""


def as_matrix(returned: object) -> tuple[NDArray[np.float32], str]:
    """An answer as float32 (n, d), and the type of number that it had; `EncoderError` where it cannot be made that."""
    kind = type(returned).__name__
    if returned is None or isinstance(returned, list | tuple | str):
        raise EncoderError(f"the encoder returned {kind}, which is no array: return one of shape (texts, dimensions)")
    if np.ma.is_masked(returned):  # `np.asarray` would lay bare what is under the mask
        raise EncoderError(f"the encoder returned {kind} with masked numbers: return an array with all of its numbers")
    try:
        array = np.asarray(returned)
        if array.dtype.kind not in "fiub":
            raise EncoderError(f"the encoder returned an array of {array.dtype}: return one of floating point numbers")
        with np.errstate(over="ignore"):  # what is too large becomes infinity, and is told as such
            vectors = array.astype(np.float32, copy=False)
    except (TypeError, ValueError) as error:
        raise EncoderError(f"the encoder returned {kind}, which is no array: {error}") from None
    if vectors.ndim != 2 or not vectors.shape[-1]:
        raise EncoderError(f"the encoder returned an array of shape {vectors.shape}; expected (texts, dimensions)")
    return vectors, str(array.dtype)


def check_texts(vectors: NDArray[np.float32], texts: Sequence[str], *, zero_is_unknown: bool = False) -> None:
    """One vector a text, every number finite, and no vector without a direction.

    ``zero_is_unknown``: the encoder gives zeros to a text of which it knows nothing, and says so.
    """
    if len(vectors) != len(texts):
        raise EncoderError(f"the encoder returned {len(vectors)} vectors for {len(texts)} texts")
    check_finite(vectors, texts)
    zero = ~vectors.any(axis=1)
    if zero.any() and not zero_is_unknown:
        raise EncoderError(
            f"the vector of {quote(texts[int(np.argmax(zero))])} is all zeros: if that means a text of which it knows "
            f"nothing, give the encoder an attribute zero_is_unknown = True (or vectors:DIR?zero_is_unknown=true)"
        )


def check_words(vectors: NDArray[np.float32], words: Sequence[str]) -> None:
    """One vector a word, every number finite; unlike a text's, a word's may be all zeros."""
    if len(vectors) != len(words):
        raise EncoderError(f"the encoder returned {len(vectors)} vectors for {len(words)} words")
    check_finite(vectors, words)


def check_finite(vectors: NDArray[np.float32], texts: Sequence[str]) -> None:
    """Every number of every text's vector is finite."""
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise EncoderError(f"the vector of {quote(texts[int(np.argmin(finite))])} holds NaN or infinity")


def check_same(text: str, vectors: NDArray[np.float32], again: NDArray[np.float32], how: str, dtype: str = "") -> None:
    """Vectors that are computed again must be the same: padding and dropout are the usual reasons why not.

    Args:
        text: What was encoded, for the message.
        vectors: (k, d) the text's vector, or those of a sentence's words.
        again: (k, d) the same, computed among other texts.
        how: Among which others, for the message.
        dtype: The type of number that the encoder computes in.

    Raises:
        InconsistentEncoder: Where one of them has moved by more than rounding does.
    """
    length = float(np.sqrt(np.square(vectors, dtype=np.float64).sum(axis=1).mean()))
    moved = float(np.linalg.norm(again.astype(np.float64) - vectors, axis=1).max()) / (length or 1.0)
    if not moved <= HALF_TOLERANCE.get(dtype, ALONE_TOLERANCE):
        raise InconsistentEncoder(
            f"the vector of {quote(text)} moves by {moved:.2g} of its length when it is encoded {how}: "
            f"is dropout on, or padding averaged in?"
        )


def cut_texts(flags: object, n: int) -> NDArray[np.bool_]:
    """An encoder's ``truncated`` for its last call of n texts, (n,); all False where it has none.

    Raises:
        EncoderError: It is masked, or of another shape.
    """
    if flags is None:
        return np.zeros(n, bool)
    cut = np.asarray(flags)
    if np.ma.is_masked(flags):
        raise EncoderError("the encoder's attribute truncated holds masked values: give true or false for every text")
    if cut.shape != (n,):
        raise EncoderError(f"the encoder's attribute truncated has shape {cut.shape} after a call with {n} texts")
    return cut.astype(bool)


def quote(text: str) -> str:
    """A text for a message: its first 40 characters at most."""
    return repr(text if len(text) <= 40 else text[:39] + "…")
