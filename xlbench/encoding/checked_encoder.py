"""`CheckedEncoder`: a model's encoder, loaded on first use; checks and times every answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xlbench.core.errors import DataMissing, EncoderError, InconsistentEncoder, XlbenchError, is_out_of_memory
from xlbench.core.text import reason_of
from xlbench.encoding import checks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.core.model import Encoder, Role

Sentence = tuple[str, ...]
"""A sentence that is split into words."""

CHECK_EVERY = 1024
"""Texts after which some are encoded a second time, to see that they get the same vectors."""


class CheckedEncoder:
    """An encoder whose answers can be scored: `EncoderError` is raised for any that cannot.

    A model whose vectors depend on the other texts of a call fails as a whole: from the moment that it is found out,
    every call raises `InconsistentEncoder`.
    """

    def __init__(self, encoder: Encoder | None = None, load: Callable[[], Encoder] | None = None) -> None:
        """``encoder`` is a loaded one, or ``load`` makes it. `TypeError` unless exactly one of them is given."""
        if (encoder is None) == (load is None):
            raise TypeError("a session needs an encoder, or a function that loads one")
        self.encoded = 0
        """Texts that went through the encoder so far."""
        self.seconds = 0.0
        """Wall-clock spent inside the encoder so far."""
        self.dtype = ""
        """The type of number of the last answer; "" before the first."""
        self.dimensions = 0
        """Length of its vectors; 0 before the first are known."""
        self.inconsistency: InconsistentEncoder | None = None
        """Why the model as a whole cannot be scored; None as long as it can."""
        self._encoder, self._load = encoder, load
        self._load_failure: XlbenchError | None = None
        self._checked: dict[str, tuple[int, int]] = {}
        """Of each kind that was checked: texts since then, and by how many characters checked texts differed at most.
        """

    # ---- what is known of it

    @property
    def loaded(self) -> Encoder:
        """The loaded encoder. `XlbenchError` where it cannot be loaded, which is tried once, or need not be."""
        if self._load_failure is not None:
            raise self._load_failure
        if self._encoder is None:
            self.require_consistent()
            try:
                self._encoder = self._load_encoder()
            except XlbenchError as failure:
                self._load_failure = failure
                raise
        return self._encoder

    @property
    def is_loaded(self) -> bool:
        """Whether it has been loaded."""
        return self._encoder is not None

    @property
    def parameters(self) -> int | None:
        """How many numbers it has learned, where it says so."""
        parameters = getattr(self.loaded, "parameters", None)
        return parameters if isinstance(parameters, int) and not isinstance(parameters, bool) else None

    @property
    def tokens(self) -> int | None:
        """Tokens that a service has counted so far, where it is one that counts; nothing is loaded to know them."""
        tokens = getattr(self._encoder, "tokens", None)
        return tokens if isinstance(tokens, int) and not isinstance(tokens, bool) else None

    @property
    def details(self) -> Mapping[str, str | int | float | bool]:
        """What it says of itself, as far as that is short texts and numbers."""
        details = getattr(self.loaded, "details", None)
        if not isinstance(details, Mapping):
            return {}
        return {str(name): value for name, value in details.items() if isinstance(value, str | int | float | bool)}

    @property
    def has_words(self) -> bool:
        """Whether it gives vectors of words in context."""
        return callable(getattr(self.loaded, "encode_words", None))

    def is_checked(self, kind: str) -> bool:
        """Whether vectors of a kind (a role, "" or "words") were found to be the same among other texts."""
        return kind in self._checked

    # ---- vectors

    def texts(self, texts: Sequence[str], role: Role | None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Vectors (n, d) of n texts, and (n,) whether each was cut at the length limit.

        Args:
            texts: From the shortest to the longest.
            role: What they are in an asymmetric search.
        """
        self.require_consistent()
        vectors, truncated = self._texts(texts, role)
        self._check_kind(role or "", texts, vectors[:1], vectors[-1:], lambda some: self._texts(some, role)[0])
        return vectors, truncated

    def words(self, sentences: Sequence[Sentence]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Vectors (words, d) of all words of n sentences, from the shortest to the longest, and (n,) words of each."""
        self.require_consistent()
        vectors, counts = self._words(sentences)
        first, last = vectors[: counts[0]], vectors[len(vectors) - counts[-1] :]
        self._check_kind("words", sentences, first, last, lambda some: self._words(some)[0])
        return vectors, counts

    def require_consistent(self) -> None:
        """`InconsistentEncoder` where the model was found to be that."""
        if self.inconsistency is not None:
            raise self.inconsistency.with_traceback(None)

    def _texts(self, texts: Sequence[str], role: Role | None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """One call; where memory runs out, two calls of half as many."""
        encoder = self.loaded
        returned, fits = self._answer(lambda: encoder.encode(list(texts), role=role), texts)
        if not fits:
            half = len(texts) // 2
            halves = self._texts(texts[:half], role), self._texts(texts[half:], role)
            return np.concatenate([part[0] for part in halves]), np.concatenate([part[1] for part in halves])
        truncated = checks.cut_texts(getattr(encoder, "truncated", None), len(texts))
        self.encoded += len(texts)
        vectors = self._measure(returned)
        zero_is_unknown = getattr(encoder, "zero_is_unknown", False) is True
        checks.check_texts(vectors, texts, zero_is_unknown=zero_is_unknown)
        return vectors, truncated

    def _words(self, sentences: Sequence[Sentence]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The same for words of sentences."""
        encode_words = getattr(self.loaded, "encode_words")  # noqa: B009 - the protocol is WordEncoder's
        returned, fits = self._answer(lambda: encode_words([list(words) for words in sentences]), sentences)
        if not fits:
            half = len(sentences) // 2
            halves = self._words(sentences[:half]), self._words(sentences[half:])
            return np.concatenate([part[0] for part in halves]), np.concatenate([part[1] for part in halves])
        self.encoded += len(sentences)
        if not hasattr(returned, "__len__"):
            raise EncoderError(f"encode_words returned {type(returned).__name__}: return a list of an array a sentence")
        if len(returned) != len(sentences):
            raise EncoderError(f"the encoder returned words of {len(returned)} sentences for {len(sentences)}")
        parts = []
        for words, answer in zip(sentences, returned, strict=True):
            parts.append(self._measure(answer))
            checks.check_words(parts[-1], words)
        return np.concatenate(parts), np.fromiter(map(len, sentences), np.int64, len(sentences))

    def _answer(self, call: Callable[[], Any], items: Sequence[str | Sentence]) -> tuple[Any, bool]:
        """What the encoder returns, and whether there was memory enough; `EncoderError` if not even for one text."""
        started = time.perf_counter()
        try:
            return call(), True
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if len(items) == 1:
                raise EncoderError(f"out of memory, even for {checks.quote(_describe(items[0]))} alone") from error
        finally:
            self.seconds += time.perf_counter() - started
        return None, False  # halving begins out of the except block, whose traceback holds what takes up the memory

    def _measure(self, returned: object) -> NDArray[np.float32]:
        """An answer as a matrix, with as many dimensions as ever."""
        vectors, self.dtype = checks.as_matrix(returned)
        if self.dimensions not in (0, vectors.shape[1]):
            raise EncoderError(f"the encoder returned vectors of {vectors.shape[1]} after some of {self.dimensions}")
        self.dimensions = vectors.shape[1]
        return vectors

    def _check_kind(
        self,
        kind: str,
        items: Sequence[Any],
        first: NDArray[np.float32],
        last: NDArray[np.float32],
        encode: Callable[[Sequence[Any]], NDArray[np.float32]],
    ) -> None:
        """Encode the shortest text alone, where nothing pads it, and beside the longest, which pads it most.

        Not at every call: at the first, after `CHECK_EVERY` texts, and where lengths differ twice as much as ever. One
        text alone tells nothing.
        """
        spread = len(_describe(items[-1])) - len(_describe(items[0]))
        since, checked = self._checked.get(kind, (CHECK_EVERY, -1))
        since += len(items)
        if len(items) == 1 or (since < CHECK_EVERY and spread <= 2 * checked):
            if kind in self._checked:
                self._checked[kind] = since, checked
            return
        encoded, dtype = self.encoded, str(self.details.get("dtype", self.dtype))
        try:
            checks.check_same(_describe(items[0]), first, encode([items[0]]), "alone", dtype)
            both = encode([items[0], items[-1]])
            checks.check_same(_describe(items[0]), first, both[: len(first)], "beside a longer text", dtype)
            checks.check_same(_describe(items[-1]), last, both[len(first) :], "beside a shorter text", dtype)
        except InconsistentEncoder as error:
            self.inconsistency = error
            raise
        finally:
            self.encoded = encoded  # none of these is a new text
        self._checked[kind] = 0, max(spread, checked)

    def _load_encoder(self) -> Encoder:
        """The encoder; whatever its plugin raises is one line of `EncoderError`, our own errors pass as they are."""
        assert self._load is not None
        try:
            encoder = self._load()
        except (KeyboardInterrupt, DataMissing):
            raise
        except BaseException as error:  # a SystemExit, or what a library in Rust raises
            raise EncoderError(f"the model cannot be loaded: {reason_of(error)}") from error
        if not callable(getattr(encoder, "encode", None)):
            kind = type(encoder).__name__
            raise EncoderError(f"the model is no encoder: {kind} has no method encode(texts, role=None)")
        return encoder


def _describe(item: str | Sentence) -> str:
    return item if isinstance(item, str) else " ".join(item)
