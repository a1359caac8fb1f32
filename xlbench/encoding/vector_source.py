"""`VectorSource`: vectors of one model from memory, from the cache on disk, or from its encoder."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from xlbench.core.errors import InconsistentEncoder
from xlbench.encoding.cache import keys_of, keys_of_words
from xlbench.encoding.checked_encoder import CheckedEncoder, Sentence
from xlbench.encoding.vector_memory import VectorMemory

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.core.model import Role
    from xlbench.encoding.cache import Cache, CachedVectors

K = TypeVar("K", bound=Hashable)
W = TypeVar("W")

Progress = Callable[[int, int], None]
"""Told how many of a request's texts are encoded, and of how many."""

CHUNK = 1024
"""Texts handed to an encoder at once: enough for its own batching, few enough to show progress and to check early."""

WORD_CHUNK = 512
"""Sentences handed to a word encoder at once: their vectors are many times as many."""

CACHE_CHUNK = 8 * CHUNK
"""Texts or sentences asked of the cache at once."""


@dataclass(frozen=True)
class ModelCache:
    """The part of the cache that holds one model's vectors."""

    cache: Cache
    identity: str
    """Of the vectors (`Model.vectors_identity`)."""
    label: str = ""
    """The model's name, for whoever looks into the cache."""


class VectorSource:
    """Vectors of texts and of words, each distinct one encoded once, in chunks from the shortest to the longest.

    Chunks follow from the texts of a request that are not known, in order of length, and are cached whole: a run that
    is stopped and resumed hands the encoder the same chunks as one that was not.

    The cache holds vectors of encoders that passed the check alone. Those of one that fails it are removed, and the
    finding stays in their place.
    """

    def __init__(self, encoder: CheckedEncoder, cache: ModelCache | None, memory_bytes: int) -> None:
        """``memory_bytes`` bounds the vectors in memory: beyond it they are forgotten and found or made again."""
        self.encoder = encoder
        self.found = 0
        """Texts whose vectors were found in the cache so far."""
        self._cache, self._memory_bytes = cache, memory_bytes
        self._texts: dict[Role | None, VectorMemory[str]] = {}
        self._words: VectorMemory[Sentence] = VectorMemory()
        self._facts: dict[str, Any] = {}
        """What an earlier run has noted of the encoder; empty where none did, or the note is damaged."""
        if cache is not None:
            self._facts = dict(cache.cache.facts(cache.identity) or {})
            if why := str(self._facts.get("inconsistency", "")):
                forget = f"'xlbench cache clear {cache.label or cache.identity[:12]}' forgets it"
                encoder.inconsistency = InconsistentEncoder(why, forget)

    # ---- what is known of the encoder, without loading it where an earlier run has noted it

    @property
    def dtype(self) -> str:
        """The type of number that the encoder returned; vectors are handed on as float32."""
        return self.encoder.dtype or str(self._facts.get("dtype", ""))

    @property
    def parameters(self) -> int | None:
        """How many numbers the encoder has learned, where it says so."""
        if self.encoder.is_loaded:
            return self.encoder.parameters
        parameters = self._facts.get("parameters")
        return parameters if isinstance(parameters, int) and not isinstance(parameters, bool) else None

    @property
    def details(self) -> Mapping[str, Any]:
        """What the encoder says of itself."""
        if self.encoder.is_loaded:
            return self.encoder.details
        noted: Mapping[str, Any] = json.loads(str(self._facts.get("details", "{}")))
        return noted

    @property
    def has_words(self) -> bool:
        """Whether the encoder gives vectors of words in context."""
        if not self.encoder.is_loaded and "has_words" in self._facts:
            return bool(self._facts["has_words"])
        return self.encoder.has_words

    # ---- vectors

    def texts(
        self, texts: Sequence[str], role: Role | None, progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], set[str]]:
        """Vectors (n, d) of n texts, and those of the texts that the encoder cut at its length limit."""
        self.encoder.require_consistent()
        known = self._texts.setdefault(role, VectorMemory())
        new = list(dict.fromkeys(text for text in texts if text not in known.start))
        if self._forget_for(len(new)):
            known = self._texts[role] = VectorMemory()
            new = list(dict.fromkeys(texts))
        room = _Room(known, new)
        left = self._texts_from_cache(room, role or "")
        if progress and left:
            progress(0, len(left))
        for start in range(0, len(left), CHUNK):
            places = left[start : start + CHUNK]
            chunk = [new[place] for place in places]
            with self._forgetting():
                vectors, truncated = self.encoder.texts(chunk, role)
            room.add(places, vectors, truncated)
            self._to_cache(role or "", chunk, vectors, None, truncated)
            if progress:
                progress(start + len(chunk), len(left))
        truncated_texts = known.truncated.intersection(texts) if known.truncated else set()
        return known.take(known.rows(texts)), truncated_texts

    def words(
        self, sentences: Sequence[Sentence], progress: Progress | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Vectors (v, d) of words, and for each word of n sentences, in order, its row among them."""
        self.encoder.require_consistent()
        known = self._words
        new = sorted({words for words in sentences if words not in known.start}, key=_by_letters)
        if self._forget_for(sum(map(len, new))):
            known = self._words
            new = sorted(set(sentences), key=_by_letters)
        new = self._from_cache(known, new, "words")
        left = sum(map(len, new))
        if progress and new:
            progress(0, len(new))
        for start in range(0, len(new), WORD_CHUNK):
            chunk = new[start : start + WORD_CHUNK]
            with self._forgetting():
                vectors, counts = self.encoder.words(chunk)
            if not start:
                known.reserve(left, vectors.shape[1])
            known.add(chunk, vectors, counts)
            self._to_cache("words", chunk, vectors, counts, None)
            if progress:
                progress(start + len(chunk), len(new))
        return _rows_of(known, sentences)

    def _forget_for(self, rows: int) -> bool:
        """Whether all vectors in memory were forgotten, since so many more would not fit beside them."""
        held = self._words.nbytes + sum(known.nbytes for known in self._texts.values())
        if held + rows * max(self.encoder.dimensions, 1) * 4 <= self._memory_bytes:
            return False
        self._texts.clear()
        self._words = VectorMemory()
        return True

    # ---- the cache

    def _texts_from_cache(self, room: _Room, kind: str) -> list[int]:
        """Move what the cache has of texts into memory; returns the places of the others, the shortest text first."""
        order = sorted(range(len(room.texts)), key=lambda place: _by_length(room.texts[place]))
        left: list[int] = []
        for places, cached in self._cached(order, lambda chunk: [room.texts[place] for place in chunk], kind):
            if cached is None:
                left += places
                continue
            found = cached.positions.tolist()
            if found:
                room.add([places[position] for position in found], cached.vectors, cached.truncated)
            left += [places[position] for position in sorted(set(range(len(places))).difference(found))]
        return left

    def _from_cache(self, memory: VectorMemory[K], new: list[K], kind: str) -> list[K]:
        """Move what the cache has into memory; returns what it has not."""
        left: list[K] = []
        for chunk, cached in self._cached(new, lambda chunk: chunk, kind):
            if cached is None:
                left += chunk
                continue
            found = cached.positions.tolist()
            if found:
                memory.add([chunk[position] for position in found], cached.vectors, cached.counts, cached.truncated)
            left += [chunk[position] for position in sorted(set(range(len(chunk))).difference(found))]
        return left

    def _cached(
        self, wanted: list[W], named: Callable[[list[W]], Sequence[Any]], kind: str
    ) -> Iterator[tuple[list[W], CachedVectors | None]]:
        """What is wanted, some at a time, with what the cache has of it; None where there is no cache.

        Vectors without a note of their encoder are as good as none: it may not have passed the check.
        """
        if self._cache is not None and wanted:
            self._facts = self._facts or dict(self._cache.cache.facts(self._cache.identity) or {})
        for start in range(0, len(wanted), CACHE_CHUNK):  # what is read at once is held twice for a moment
            chunk = wanted[start : start + CACHE_CHUNK]
            if self._cache is None or not self._facts:
                yield chunk, None
                continue
            cached = self._cache.cache.take(self._cache.identity, kind, _keys(named(chunk)))
            if len(cached.positions):
                self.encoder.dimensions = cached.vectors.shape[1]
                self.found += len(cached.positions)
            yield chunk, cached

    def _to_cache(
        self,
        kind: str,
        chunk: Sequence[str] | Sequence[Sentence],
        vectors: NDArray[np.float32],
        counts: NDArray[np.int64] | None,
        truncated: NDArray[np.bool_] | None,
    ) -> None:
        """Cache a chunk of a checked encoder, and what is known of that one beside it."""
        if self._cache is None or not self.encoder.is_checked(kind):
            return
        self._facts = {
            "label": self._cache.label,
            "parameters": self.parameters,
            "dtype": self.dtype,
            "dimensions": self.encoder.dimensions,
            "has_words": self.has_words,
            "details": json.dumps(dict(self.details), ensure_ascii=False),
        }
        # noted every time: the file may have been replaced, since it was damaged
        self._cache.cache.remember(self._cache.identity, self._facts)
        self._cache.cache.put(self._cache.identity, kind, _keys(chunk), vectors, counts, truncated)

    @contextlib.contextmanager
    def _forgetting(self) -> Iterator[None]:
        """Where the model is found to be inconsistent, none of its vectors stays in the cache, and the finding does."""
        try:
            yield
        except InconsistentEncoder as error:
            if self._cache is not None:
                noted = {"label": self._cache.label, "inconsistency": error.why}
                self._cache.cache.forget(self._cache.identity, noted)
            raise


class _Room:
    """Where the texts of one request, each once, have their vectors in memory: in the order of the request."""

    def __init__(self, memory: VectorMemory[str], texts: list[str]) -> None:
        self.texts = texts
        self._memory = memory
        self._rows: NDArray[np.int64] | None = None

    def add(self, places: Sequence[int], vectors: NDArray[np.float32], truncated: NDArray[np.bool_]) -> None:
        """Vectors (n, d) of the texts at n places."""
        if self._rows is None:
            self._rows = self._memory.rows_for(len(self.texts), vectors.shape[1])
        keys = [self.texts[place] for place in places]
        self._memory.add(keys, vectors, truncated=truncated, at=self._rows[np.asarray(places)])


def _rows_of(
    memory: VectorMemory[Sentence], sentences: Sequence[Sentence]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors of words in memory, and the row of each word of the sentences; a copy where memory holds others too."""
    lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows: NDArray[np.int64] = np.repeat(memory.rows(sentences), lengths) + within
    if len(set(sentences)) == len(memory.start):
        return memory.all(), rows
    own, narrowed = np.unique(rows, return_inverse=True)
    return memory.take(own), narrowed.astype(np.int64, copy=False)


def _keys(chunk: Sequence[Any]) -> list[bytes]:
    """What texts, or sentences of words, are called in the cache."""
    return keys_of(chunk) if isinstance(chunk[0], str) else keys_of_words(chunk)


def _by_length(text: str) -> tuple[int, str]:
    return len(text), text


def _by_letters(words: Sentence) -> tuple[int, Sentence]:
    return sum(map(len, words)), words
