"""Reads the answers of a service: a vector for every text, in the order of their numbers, and what it counted."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import numpy as np

from xlbench import EncoderError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def vectors_of(answer: Any, n: int) -> NDArray[np.float32]:
    """The vectors (n, d) of n texts, in the order in which these were sent.

    Raises:
        EncoderError: The answer has no vector for some text or two for one, or vectors that are none.
    """
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise EncoderError("the service's answer has no list 'data' of embeddings: is it one in the way of OpenAI?")
    if len(data) != n:
        raise EncoderError(f"the service returned {len(data)} vectors for {n} texts")
    indices = [one.get("index") for one in data]
    if any(isinstance(one, bool) or not isinstance(one, int) for one in indices) or {*indices} != {*range(n)}:
        raise EncoderError(
            f"the service numbers {n} vectors {str(indices[:5])[1:-1]} ..., and not 0 to {n - 1}, each once: it is not "
            "known of which text each is"
        )
    rows: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * n
    for index, one in zip(indices, data, strict=True):
        rows[index] = _vector(one.get("embedding"))
    widths = {len(row) for row in rows}
    if len(widths) > 1:
        raise EncoderError(f"the service returned vectors of {min(widths)} and of {max(widths)} dimensions at once")
    vectors = np.stack(rows)
    if not np.isfinite(vectors).all():
        raise EncoderError("the service returned a vector that holds NaN or infinity")
    return vectors


def _vector(given: Any) -> NDArray[np.float32]:
    """A vector that is written as a list of numbers, or as its float32 bytes in base64."""
    try:
        if isinstance(given, str):
            vector = np.frombuffer(base64.b64decode(given, validate=True), "<f4").astype(np.float32)
        elif isinstance(given, list) and all(type(number) in (int, float) for number in given):
            with np.errstate(over="ignore"):  # infinity then, which is told as such
                vector = np.array(given, np.float64).astype(np.float32)
        else:  # its type alone is told: what a service puts there may be what it was sent, key and all
            parts = given if isinstance(given, list) else [given]
            kind = next(type(one).__name__ for one in parts if type(one) not in (int, float))
            raise EncoderError(f"the service returned a vector that is neither numbers nor base64: {kind}")
    except (ValueError, OverflowError, binascii.Error) as error:
        raise EncoderError(f"the service returned a vector that cannot be read: {error}") from None
    if not len(vector):
        raise EncoderError("the service returned a vector without a number")
    return vector


def tokens_of(answer: Any) -> int | None:
    """The tokens that the service counted for a request; None where it does not say."""
    usage = answer.get("usage") if isinstance(answer, dict) else None
    if not isinstance(usage, dict):
        return None
    for name in ("total_tokens", "prompt_tokens"):
        count = usage.get(name)
        if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
            return count
    return None
