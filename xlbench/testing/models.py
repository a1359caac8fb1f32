"""The check of a model: identity, late loading, and vectors that depend on the text alone."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError
from xlbench.core.model import Encoder, Model, Role
from xlbench.testing.process import (
    ConformanceError,
    ask_process,
    call,
    heavy_imports,
    import_paths,
    pickle_or_none,
    require_light,
    require_name,
    run_check,
)

if TYPE_CHECKING:
    import numpy as np


TEXTS = (
    "a",
    "?!",
    "👍🏽",
    "A short sentence.",
    "नमस्ते, तपाईंलाई कस्तो छ?",
    "これは少し長い文です。",
    "Words, words and more words: " * 12,
    "Zwei Sätze.\nDer zweite ist länger als der erste.",
    "مرحبا بالعالم",
)
"""Texts of several scripts and very different lengths, so that padding shows; without letters, and of two lines."""

LONG = "Words, words and more words: " * 120
"""More than most encoders read of a text."""

ROLES: tuple[Role | None, ...] = (None, "query", "document")


def check_model(model: Model, texts: Sequence[str] = TEXTS, tolerance: float = 1e-4) -> None:
    """Check that a model loads late, has a stable identity, and that its encoder takes every role and gives finite
    vectors of one length: in the order of the texts, the same every time, the same for a text alone as in any batch,
    and the same when the model is loaded again.

    Where ``load`` and ``fingerprint`` can be pickled (functions of a module, `functools.partial`), vectors and
    fingerprint have to be the same in another process, too.

    Args:
        model: The model.
        texts: Different texts to encode, two at the least.
        tolerance: Up to which two vectors are the same, relative to a vector's length: last bits may differ, and in
            half precision more than these (float16: give 0.01, bfloat16: 0.05).

    Raises:
        ConformanceError: The model breaks a rule; the message says which, and what to do.
        UsageError: ``texts`` are equal or fewer than two.
    """
    if len(set(texts)) != len(texts) or len(texts) < 2:
        raise UsageError("check_model needs texts that differ, two at the least")
    if not isinstance(model, Model):
        raise ConformanceError(f"expected a Model, not {type(model).__name__}: wrap the encoder in one")
    require_name("model", model.name)
    trained_on = model.trained_on
    if not (isinstance(trained_on, tuple) and all(isinstance(name, str) for name in trained_on)):
        raise ConformanceError("trained_on must be a tuple of names of data sets: ('ntrex',), with the comma")
    identity = _identity(model)
    vectors = _check_encoder(_load(model), list(texts), tolerance)
    again = _RecordedEncoder(_load(model)).vectors(list(texts), None)
    if not _is_near(again, vectors, tolerance):
        raise ConformanceError(
            "the model gives other vectors when it is loaded again: seed what is random, from the model's content"
        )
    if _identity(model) != identity:
        raise ConformanceError("the fingerprint changes from call to call: make it of content alone")
    _check_model_elsewhere(model, identity, list(texts), vectors, tolerance)


def _identity(model: Model) -> str:
    what = "identity()" if model.fingerprint is None else "fingerprint()"
    identity: str = call(what, lambda: run_check("", model.identity))
    return identity


def _load(model: Model) -> Any:
    encoder = call("load()", model.load)
    if not isinstance(encoder, Encoder):
        raise ConformanceError(
            f"load() returns {type(encoder).__name__}: return an object with a method encode(texts, role=None)"
        )
    return encoder


def _check_encoder(encoder: Any, texts: list[str], tolerance: float) -> np.ndarray:
    """Check the encoder in every role, and return its vectors without a role."""
    recorded = _RecordedEncoder(encoder)
    vectors = {role: _check_role(recorded, texts, role, tolerance) for role in ROLES}[None]
    first = recorded.vectors([texts[0], LONG], None)[:1]
    if not _is_near(first, vectors[:1], tolerance):
        raise ConformanceError(
            f"the vector of {texts[0][:30]!r} is another beside a much longer text: leave padding out of it"
        )
    recorded.require_unchanged()
    return vectors


def _check_role(recorded: _RecordedEncoder, texts: list[str], role: Role | None, tolerance: float) -> np.ndarray:
    """The same vectors every time, in the order of the texts, and whatever else is in the batch."""
    vectors, where = recorded.vectors(texts, role), f"encode(texts, role={role!r})"
    if not _is_near(recorded.vectors(texts, role), vectors, tolerance):
        raise ConformanceError(
            f"{where} gives other vectors for the same texts the second time: is dropout on, or "
            "something drawn at random?"
        )
    if not _is_near(recorded.vectors(texts[::-1], role)[::-1], vectors, tolerance):
        raise ConformanceError(
            f"{where} gives other vectors when the texts come in another order: return them in the order of the texts"
        )
    for row, text in enumerate(texts):
        if not _is_near(recorded.vectors([text], role), vectors[row : row + 1], tolerance):
            raise ConformanceError(
                f"{where} gives {text[:30]!r} another vector alone than in a batch: leave padding and "
                "neighbors out of it"
            )
    return vectors


class _RecordedEncoder:
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


def _is_near(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    """Whether every vector of a is within ``tolerance`` of its like in b, relative to that one's length (if not 0)."""
    import numpy as np

    if a.shape != b.shape:
        return False
    wide = b.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1)
    moved = np.linalg.norm(a - wide, axis=1) / np.where(lengths == 0, 1, lengths)
    return bool((moved <= tolerance).all())


def _check_model_elsewhere(
    model: Model, identity: str, texts: list[str], vectors: np.ndarray, tolerance: float
) -> None:
    """In a fresh process: nothing heavy is imported before it is needed, and the content is the same."""
    identified = model if model.fingerprint is None else replace(model, load=_no_encoder)
    places = import_paths([model.load, model.fingerprint])
    there = ask_process(
        _model_elsewhere, places, pickle_or_none(identified.identity), pickle_or_none(model.load), texts
    )
    require_light(there["heavy"])
    if there["identity"] not in (None, identity):
        raise ConformanceError(
            "the fingerprint is another in another process: make it of content alone, without hash() and id()"
        )
    if not (there["vectors"] is None or _is_near(there["vectors"], vectors, tolerance)):
        raise ConformanceError(
            "the vectors are others in another process: seed by content, and leave out hash() and the order of sets"
        )


def _no_encoder() -> Encoder:
    """Stands for a ``load`` that cannot be sent to another process and is not needed there."""
    raise NotImplementedError


def _model_elsewhere(
    places: Mapping[str, str], identity: bytes | None, load: bytes | None, texts: list[str]
) -> dict[str, Any]:
    """In a fresh process: what is imported, the identity and the vectors; None for what could not be sent here."""
    return {
        "heavy": heavy_imports(places),
        "identity": None if identity is None else pickle.loads(identity)(),
        "vectors": None if load is None else pickle.loads(load)().encode(texts, role=None),
    }
