"""What stands between a task and an encoder: every text is encoded once, every vector is checked.

Knows no model and no task. Vectors live in memory, for one model at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from xlbench.errors import EncoderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.model import Encoder, Role, WordEncoder

CHUNK = 2048
"""Texts handed to an encoder at once: enough for its own batching, few enough to show progress and to check early."""

WORD_CHUNK = 512
"""Sentences handed to a word encoder at once: their vectors are many times as many."""

ALONE_TOLERANCE = 1e-3
"""How far (relative to its length) a vector may move when its text is encoded alone rather than in a batch."""


@dataclass(frozen=True)
class WordVectors:
    """Vectors of the words of sentences, of all sentences in order: word i has ``vectors[rows[i]]``."""

    vectors: NDArray[np.float32]
    """Distinct vectors: one a word of a distinct sentence, or one a distinct word where words were encoded alone."""
    rows: NDArray[np.int64]
    contextual: bool
    """Whether the encoder saw the sentences; otherwise every distinct word was encoded alone."""


class EncodingSession:
    """Encodes texts for one model: repeated texts once, sorted by length, in chunks, with the vectors remembered.

    ``known_bytes`` bounds the remembered vectors: beyond it they are forgotten and made again when asked for.
    ``progress(done, total)`` is told of texts encoded while a request runs.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        known_bytes: int = 2 << 30,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self.encoder = encoder
        self.encoded = 0
        """Texts that went through the encoder so far."""
        self.seconds = 0.0
        """Wall-clock spent inside the encoder so far."""
        self.dimensions = 0
        """Length of a vector; 0 before the first."""
        self.dtype = ""
        """The type of number that the encoder returned; vectors are handed on as float32."""
        self._progress = progress
        self._known_bytes = known_bytes
        self._known: dict[Role | None, _Known] = {}
        self._checked_alone = False

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Vectors of n texts: float32 (n, d), finite, no zero row. Equal texts get equal bytes.

        Raises `EncoderError` where the encoder returns something that cannot be scored.
        """
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        known = self._known.setdefault(role, _Known())
        new = sorted({text for text in texts if text not in known.rows}, key=lambda text: (len(text), text))
        if known.nbytes + len(new) * max(self.dimensions, 1) * 4 > self._known_bytes:
            known = self._known[role] = _Known()
            new = sorted(set(texts), key=lambda text: (len(text), text))
        for chunk, vectors in self._encode_new(new, role):
            known.add(chunk, vectors)
        return known.take(texts)

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> WordVectors:
        """Vectors of all words of n sentences: from the encoder's ``encode_words``, else from each distinct word alone.

        Equal sentences are encoded once, but are not remembered: there are as many vectors as words. Raises
        `EncoderError` where the encoder returns something that cannot be scored.
        """
        if not len(sentences) or not all(map(len, sentences)):
            raise EncoderError("there is nothing to encode: no sentence, or one without words")
        if not hasattr(self.encoder, "encode_words"):
            place: dict[str, int] = {}
            rows = [place.setdefault(word, len(place)) for sentence in sentences for word in sentence]
            return WordVectors(self.encode(list(place)), np.array(rows, np.int64), contextual=False)
        order = dict.fromkeys(map(tuple, sentences), 0)
        distinct = sorted(order, key=lambda words: (sum(map(len, words)), words))
        starts = np.cumsum([0, *map(len, distinct)])
        order.update(zip(distinct, starts[:-1].tolist(), strict=True))
        spans = [np.arange(order[words], order[words] + len(words)) for words in map(tuple, sentences)]
        matrix = self._encode_sentences(cast("WordEncoder", self.encoder), distinct, int(starts[-1]))
        return WordVectors(matrix, np.concatenate(spans), contextual=True)

    def _encode_sentences(
        self, encoder: WordEncoder, sentences: list[tuple[str, ...]], words: int
    ) -> NDArray[np.float32]:
        """One matrix of the vectors of all words, filled chunk by chunk so that it is held once."""
        matrix: NDArray[np.float32] | None = None
        filled = 0
        for start in range(0, len(sentences), WORD_CHUNK):
            chunk = sentences[start : start + WORD_CHUNK]
            started = time.perf_counter()
            returned = encoder.encode_words([list(words) for words in chunk])
            self.seconds += time.perf_counter() - started
            self.encoded += len(chunk)
            if len(returned) != len(chunk):
                raise EncoderError(f"the encoder returned words of {len(returned)} sentences for {len(chunk)}")
            for sentence, answer in zip(chunk, returned, strict=True):
                vectors = self._checked_words(sentence, answer)
                if matrix is None:
                    matrix = np.empty((words, vectors.shape[1]), np.float32)
                matrix[filled : filled + len(vectors)] = vectors
                filled += len(vectors)
            if self._progress:
                self._progress(start + len(chunk), len(sentences))
        assert matrix is not None
        return matrix

    def _checked_words(self, sentence: Sequence[str], returned: object) -> NDArray[np.float32]:
        """The vectors of a sentence's words as float32 (words, d); unlike a text's, a word's may be all zeros."""
        vectors = self._as_matrix(returned)
        if len(vectors) != len(sentence):
            raise EncoderError(f"the encoder returned {len(vectors)} vectors for {len(sentence)} words")
        self._check_numbers(vectors, sentence)
        return vectors

    def _encode_new(self, texts: list[str], role: Role | None) -> Iterator[tuple[list[str], NDArray[np.float32]]]:
        for start in range(0, len(texts), CHUNK):
            chunk = texts[start : start + CHUNK]
            vectors = self._call(chunk, role)
            if not self._checked_alone:
                self._check_alone(chunk[-1], vectors[-1], role)
            yield chunk, vectors
            if self._progress:
                self._progress(start + len(chunk), len(texts))

    def _call(self, texts: list[str], role: Role | None) -> NDArray[np.float32]:
        started = time.perf_counter()
        returned = self.encoder.encode(texts, role=role)
        self.seconds += time.perf_counter() - started
        self.encoded += len(texts)
        return self._checked(texts, returned)

    def _checked(self, texts: list[str], returned: object) -> NDArray[np.float32]:
        """The encoder's answer as float32 (n, d), or an `EncoderError` that says what is wrong with it."""
        vectors = self._as_matrix(returned)
        if len(vectors) != len(texts):
            raise EncoderError(f"the encoder returned {len(vectors)} vectors for {len(texts)} texts")
        self._check_numbers(vectors, texts)
        zero = ~vectors.any(axis=1)
        if zero.any():
            raise EncoderError(f"the vector of {_quote(texts[int(np.argmax(zero))])} is all zeros")
        return vectors

    def _as_matrix(self, returned: object) -> NDArray[np.float32]:
        """An answer as float32 with two dimensions, of the type that is noted."""
        try:
            array = np.asarray(returned)
            if array.dtype.kind not in "fiub":
                raise TypeError(f"it holds {array.dtype}, not numbers")
            vectors = array.astype(np.float32, copy=False)
        except (TypeError, ValueError) as error:
            raise EncoderError(f"the encoder returned {type(returned).__name__}, which is no array: {error}") from None
        if vectors.ndim != 2 or not vectors.shape[-1]:
            raise EncoderError(f"the encoder returned an array of shape {vectors.shape}; expected (texts, dimensions)")
        self.dtype = str(array.dtype)
        return vectors

    def _check_numbers(self, vectors: NDArray[np.float32], texts: Sequence[str]) -> None:
        """As many dimensions as ever, and every number finite."""
        if self.dimensions not in (0, vectors.shape[1]):
            raise EncoderError(f"the encoder returned vectors of {vectors.shape[1]} after some of {self.dimensions}")
        self.dimensions = vectors.shape[1]
        finite = np.isfinite(vectors).all(axis=1)
        if not finite.all():
            raise EncoderError(f"the vector of {_quote(texts[int(np.argmin(finite))])} holds NaN or infinity")

    def _check_alone(self, text: str, vector: NDArray[np.float32], role: Role | None) -> None:
        """The same text on its own must give the same vector: padding and dropout are the usual reasons why not."""
        self._checked_alone = True
        alone = self._checked([text], self.encoder.encode([text], role=role))[0]
        moved = float(np.linalg.norm(alone - vector) / np.linalg.norm(vector))
        if moved > ALONE_TOLERANCE:
            raise EncoderError(
                f"the vector of {_quote(text)} moves by {moved:.2g} of its length when it is encoded alone: "
                f"is dropout on, or padding averaged in?"
            )


class _Known:
    """Texts and their vectors, one growing matrix."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self._matrix: NDArray[np.float32] = np.empty((0, 0), np.float32)

    @property
    def nbytes(self) -> int:
        return self._matrix.nbytes

    def add(self, texts: list[str], vectors: NDArray[np.float32]) -> None:
        """Remember the vectors (n, d) of n texts that are not known yet."""
        filled = len(self.rows)
        needed = filled + len(texts)
        if needed > len(self._matrix):  # doubled, so that adding stays linear in all
            grown = np.empty((max(needed, 2 * len(self._matrix)), vectors.shape[1]), np.float32)
            if filled:
                grown[:filled] = self._matrix[:filled]
            self._matrix = grown
        self._matrix[filled:needed] = vectors
        self.rows.update(zip(texts, range(filled, needed), strict=True))

    def take(self, texts: Sequence[str]) -> NDArray[np.float32]:
        index = np.fromiter(map(self.rows.__getitem__, texts), np.int64, len(texts))
        return self._matrix[index]


def _quote(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
