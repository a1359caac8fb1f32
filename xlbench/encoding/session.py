"""The encoding session: what a task asks for vectors. One model's, loaded when a vector is first needed.

Three places are asked in turn: memory, the cache on disk, the encoder. What the encoder returns is checked, counted,
timed and kept. A model's transform is applied to what is handed on, never to what is kept.
"""

from __future__ import annotations

import copy
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from xlbench.core.errors import DataMissing, EncoderError, XlbenchError, is_out_of_memory
from xlbench.encoding import checks
from xlbench.encoding.memory import Known

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.core.model import Encoder, Role, Transform
    from xlbench.encoding.cache import Cache

K = TypeVar("K", bound=Hashable)
R = TypeVar("R")

CHUNK = 1024
"""Texts handed to an encoder at once: enough for its own batching, few enough to show progress and to check early."""

WORD_CHUNK = 512
"""Sentences handed to a word encoder at once: their vectors are many times as many."""

TAKEN = 8 * CHUNK
"""Texts or sentences asked of the cache at once."""

REMEMBERED = 256
"""Results of `EncodingSession.once` that are kept: more than there are languages to learn from, in any one task."""

Sentence = tuple[str, ...]


@dataclass(frozen=True)
class WordVectors:
    """Vectors of the words of sentences, of all sentences in order: word i has ``vectors[rows[i]]``."""

    vectors: NDArray[np.float32]
    """Distinct vectors: one a word of a distinct sentence, or one a distinct word where words were encoded alone."""
    rows: NDArray[np.int64]
    contextual: bool
    """Whether the encoder saw the sentences; otherwise every distinct word was encoded alone."""


@dataclass(frozen=True)
class Keeping:
    """Where a model's vectors are kept between runs."""

    cache: Cache
    model: str
    """The identity of the vectors (`Model.vectors_identity`)."""
    label: str = ""
    """The model's name, for whoever looks into the cache."""


class EncodingSession:
    """Encodes texts for one model: repeated texts once, sorted by length, in chunks, with the vectors remembered.

    ``encoder`` is a loaded one, or ``load`` makes it when a vector is first needed that is kept nowhere.
    ``known_bytes`` bounds the vectors in memory: beyond it they are forgotten and found or made again when asked for.
    ``progress(done, total)`` is told of texts encoded while a request runs.

    Chunks follow from the texts of a request that are not known, in order of length, and are kept whole: a run that
    is stopped and resumed hands the encoder the same chunks as one that was not.
    """

    def __init__(
        self,
        encoder: Encoder | None = None,
        *,
        load: Callable[[], Encoder] | None = None,
        keeping: Keeping | None = None,
        transform: Transform | None = None,
        known_bytes: int = 2 << 30,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        if (encoder is None) == (load is None):
            raise TypeError("a session needs an encoder, or a function that loads one")
        self.encoded = 0
        """Texts that went through the encoder so far."""
        self.found = 0
        """Texts whose vectors were found in the cache so far."""
        self.seconds = 0.0
        """Wall-clock spent inside the encoder so far."""
        self.dimensions = 0
        """Length of the vectors that were handed on last; 0 before the first."""
        self._encoder, self._load = encoder, load
        self._failure: XlbenchError | None = None
        self._keeping, self._transform, self._progress = keeping, transform, progress
        self._known_bytes = known_bytes
        self._known: dict[Role | None, Known[str]] = {}
        self._words: Known[Sentence] = Known()
        facts = keeping.cache.facts(keeping.model) if keeping else None
        self._facts: dict[str, Any] = dict(facts or {})
        self._dtype = ""
        self._raw_dimensions = 0
        self._checked_alone = False
        self._cut: set[str] = set()
        self._words_asked = False
        self._gathered: dict[tuple[Role | None, str], None] | None = None
        self._fitted: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None
        self._results: OrderedDict[Hashable, Any] = OrderedDict()

    def with_transform(
        self, transform: Transform | None, progress: Callable[[int, int], None] | None = None
    ) -> EncodingSession:
        """A session for a model of the same vectors and another transform: one encoder and one memory serve both.

        Use one of the two at a time.
        """
        other = copy.copy(self)
        other._transform, other._progress = transform, progress
        other._cut, other._gathered, other._fitted, other._results = set(), None, None, OrderedDict()
        return other

    # ---- what is known of the encoder

    @property
    def encoder(self) -> Encoder:
        """The loaded encoder. `XlbenchError` where it cannot be loaded: tried once, told as often as it is asked."""
        if self._failure is not None:
            raise self._failure
        if self._encoder is None:
            try:
                self._encoder = self._loaded()
            except XlbenchError as failure:
                self._failure = failure
                raise
        return self._encoder

    @property
    def is_loaded(self) -> bool:
        """Whether the encoder has been loaded."""
        return self._encoder is not None

    @property
    def dtype(self) -> str:
        """The type of number that the encoder returned; vectors are handed on as float32."""
        return self._dtype or str(self._facts.get("dtype", ""))

    @property
    def parameters(self) -> int | None:
        """How many numbers the encoder has learnt, where it says so."""
        learnt = getattr(self._encoder, "parameters", None) if self.is_loaded else self._facts.get("parameters")
        return learnt if isinstance(learnt, int) and not isinstance(learnt, bool) else None

    @property
    def details(self) -> Mapping[str, Any]:
        """What the encoder says of itself."""
        if not self.is_loaded:
            kept: Mapping[str, Any] = json.loads(str(self._facts.get("details", "{}")))
            return kept
        said = getattr(self._encoder, "details", None)
        if not isinstance(said, Mapping):
            return {}
        return {str(name): value for name, value in said.items() if isinstance(value, str | int | float | bool)}

    @property
    def has_words(self) -> bool:
        """Whether the encoder gives vectors of words in context."""
        if not self.is_loaded and "has_words" in self._facts:
            return bool(self._facts["has_words"])
        return callable(getattr(self.encoder, "encode_words", None))

    # ---- one cell

    @property
    def transductive(self) -> bool:
        """Whether the transform is fitted on the texts of each cell: ask for all its vectors, `fit`, ask again."""
        return self._transform is not None and self._transform.fit_on is None

    def begin_cell(self) -> None:
        """Forget what was noted about the cell before."""
        self._cut.clear()
        self._words_asked = False
        if self.transductive:
            self._fitted, self._gathered = None, {}

    def fit(self) -> None:
        """Fit a transductive transform on all the texts that were asked for since `begin_cell`."""
        assert self._transform is not None
        assert self._gathered is not None
        texts = sorted(self._gathered, key=lambda pair: (pair[1], pair[0] or ""))
        self._gathered = None
        by_role = {role: [text for of, text in texts if of == role] for role, _ in texts}
        raw = [self._raw(asked, role) for role, asked in by_role.items() if asked]
        if not raw and self._words_asked:
            return  # vectors of words are not transformed, and there are no others
        if not raw:
            raise EncoderError("a transform that is fitted on the scored texts needs texts; the task asked for none")
        self._fitted = self._transform.fit(np.concatenate(raw))

    def notes(self) -> tuple[str, ...]:
        """What a reader of the cell's scores has to know."""
        cut = ("texts longer than the encoder's limit were cut (how many: Models)",) if self._cut else ()
        fitted = ("transductive: the vectors were transformed by a fit on the scored texts",)
        words = ("the transform that is fitted on texts was not applied to vectors of words",)
        return (
            *cut,
            *(fitted if self.transductive and self._fitted is not None else ()),
            *(words if self._words_asked and self._transform is not None and self._transform.fit_on != () else ()),
        )

    def cell_facts(self) -> dict[str, int]:
        """Counts to stand beside the cell's scores."""
        return {"texts_cut": len(self._cut)} if self._cut else {}

    def once(self, key: Hashable, make: Callable[[], R]) -> R:
        """``make()``, or what it gave before for an equal ``key``: for what many cells learn from the same vectors.

        ``key`` says all that the result follows from besides the model: the task's kind, texts, labels, settings. The
        last `REMEMBERED` results are kept; none, where a transform gives every cell vectors of its own.
        """
        if self.transductive:
            return make()
        if key not in self._results:
            self._results[key] = make()
            if len(self._results) > REMEMBERED:
                self._results.popitem(last=False)
        self._results.move_to_end(key)
        result: R = self._results[key]
        return result

    # ---- vectors of texts

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Vectors of n texts: float32 (n, d), finite, no zero row. Equal texts get equal bytes.

        Raises `EncoderError` where the encoder returns something that cannot be scored.
        """
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        if self._gathered is not None:
            self._gathered.update(dict.fromkeys((role, text) for text in texts))
        vectors = self._raw(texts, role)
        if self._transform is not None and self._gathered is None:
            vectors = self._transformed(vectors)
        self.dimensions = vectors.shape[1]
        return vectors

    def _transformed(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        assert self._transform is not None
        if self._fitted is None:
            texts, cut = self._transform.fit_on or (), set(self._cut)
            fit_on = self._raw(texts, None) if texts else vectors[:0]
            self._cut = cut  # these texts are not the cell's
            self._fitted = self._transform.fit(fit_on)
        changed = np.asarray(self._fitted(vectors), np.float32)
        if changed.shape[0] != len(vectors) or not np.isfinite(changed).all() or not changed.any(axis=1).all():
            raise EncoderError("the model's transform gives vectors that cannot be scored (NaN, zeros or too few)")
        return changed

    def _raw(self, texts: Sequence[str], role: Role | None) -> NDArray[np.float32]:
        """Vectors as the encoder gives them."""
        known = self._known.setdefault(role, Known())
        new = sorted({text for text in texts if text not in known.start}, key=_by_length)
        if self._forgot_for(len(new)):
            known = self._known[role] = Known()
            new = sorted(set(texts), key=_by_length)
        new = self._from_cache(known, new, role or "")
        for start in range(0, len(new), CHUNK):
            chunk = new[start : start + CHUNK]
            vectors, cut = self._call(chunk, role)
            if not start:
                known.reserve(len(new), vectors.shape[1])
            known.add(chunk, vectors, cut=cut)
            self._keep(role or "", chunk, vectors, None, cut)
            if self._progress:
                self._progress(start + len(chunk), len(new))
        if known.cut:
            self._cut.update(known.cut.intersection(texts))
        return known.take(known.rows(texts))

    def _call(self, texts: list[str], role: Role | None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """What the encoder says to a chunk, checked; where memory runs out, to its halves."""
        encoder = self.encoder
        returned, fits = self._answer(lambda: encoder.encode(texts, role=role), texts)
        if not fits:
            half = len(texts) // 2
            halves = self._call(texts[:half], role), self._call(texts[half:], role)
            return np.concatenate([one[0] for one in halves]), np.concatenate([one[1] for one in halves])
        cut = checks.cut_texts(getattr(encoder, "truncated", None), len(texts))
        self.encoded += len(texts)
        vectors = self._measured(returned)
        checks.check_texts(vectors, texts)
        self._check_alone(texts, vectors, role)
        return vectors, cut

    def _answer(self, call: Callable[[], Any], asked: Sequence[str | Sentence]) -> tuple[Any, bool]:
        """What the encoder returns, timed, and whether there was memory enough; `EncoderError` if not even for one."""
        started = time.perf_counter()
        try:
            return call(), True
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if len(asked) == 1:
                text = asked[0] if isinstance(asked[0], str) else " ".join(asked[0])
                raise EncoderError(f"out of memory, even for {checks.quote(text)} alone") from error
        finally:
            self.seconds += time.perf_counter() - started
        return None, False  # halving begins out of the except block, whose traceback holds what takes up the memory

    def _check_alone(self, texts: list[str], vectors: NDArray[np.float32], role: Role | None) -> None:
        """Once a session: the shortest text of a chunk, alone. The longest is never padded, so that it tells less."""
        if not self._checked_alone and len(texts) > 1:
            self._checked_alone = True
            alone = self._measured(self.encoder.encode(texts[:1], role=role))
            checks.check_texts(alone, texts[:1])
            checks.check_alone(texts[0], vectors[0], alone[0], str(self.details.get("dtype", self._dtype)))

    # ---- vectors of words

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> WordVectors:
        """Vectors of all words of n sentences: from the encoder's ``encode_words``, else from each distinct word alone.

        Raises `EncoderError` where the encoder returns something that cannot be scored.
        """
        if not len(sentences) or not all(map(len, sentences)):
            raise EncoderError("there is nothing to encode: no sentence, or one without words")
        if not self.has_words:
            place: dict[str, int] = {}
            places = [place.setdefault(word, len(place)) for sentence in sentences for word in sentence]
            return WordVectors(self.encode(list(place)), np.array(places, np.int64), contextual=False)
        self._words_asked = True
        asked: list[Sentence] = [tuple(sentence) for sentence in sentences]
        known = self._known_words(asked)
        lengths = np.fromiter(map(len, asked), np.int64, len(asked))
        within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        rows: NDArray[np.int64] = np.repeat(known.rows(asked), lengths) + within
        vectors = known.all()
        if len(set(asked)) < len(known.start):  # there are others: the task gets its own
            own, narrowed = np.unique(rows, return_inverse=True)
            vectors, rows = known.take(own), narrowed.astype(np.int64, copy=False)
        if self._transform is not None and self._transform.words is not None:
            vectors = np.asarray(self._transform.words(vectors), np.float32)
        self.dimensions = vectors.shape[1]
        return WordVectors(vectors, rows, contextual=True)

    def _known_words(self, asked: Sequence[Sentence]) -> Known[Sentence]:
        """Memory with all the sentences in it: those that are new come from the cache, or from the encoder."""
        known = self._words
        new = sorted({words for words in asked if words not in known.start}, key=_by_letters)
        if self._forgot_for(sum(map(len, new))):
            known = self._words
            new = sorted(set(asked), key=_by_letters)
        new = self._from_cache(known, new, "words")
        left = sum(map(len, new))
        for start in range(0, len(new), WORD_CHUNK):
            chunk = new[start : start + WORD_CHUNK]
            vectors, counts = self._call_words(chunk)
            if not start:
                known.reserve(left, vectors.shape[1])
            known.add(chunk, vectors, counts)
            self._keep("words", chunk, vectors, counts, None)
            if self._progress:
                self._progress(start + len(chunk), len(new))
        return known

    def _call_words(self, sentences: list[Sentence]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What the encoder says to some sentences, checked, one under the other; where memory runs out, to halves."""
        encode_words = getattr(self.encoder, "encode_words")  # noqa: B009 - the protocol is WordEncoder's
        returned, fits = self._answer(lambda: encode_words([list(words) for words in sentences]), sentences)
        if not fits:
            half = len(sentences) // 2
            halves = self._call_words(sentences[:half]), self._call_words(sentences[half:])
            return np.concatenate([one[0] for one in halves]), np.concatenate([one[1] for one in halves])
        self.encoded += len(sentences)
        if not hasattr(returned, "__len__"):
            raise EncoderError(f"encode_words returned {type(returned).__name__}: return a list of an array a sentence")
        if len(returned) != len(sentences):
            raise EncoderError(f"the encoder returned words of {len(returned)} sentences for {len(sentences)}")
        parts = []
        for words, answer in zip(sentences, returned, strict=True):
            parts.append(self._measured(answer))
            checks.check_words(parts[-1], words)
        return np.concatenate(parts), np.fromiter(map(len, sentences), np.int64, len(sentences))

    # ---- loading, measuring, keeping

    def _loaded(self) -> Encoder:
        """The encoder; whatever its plugin raises is one line of `EncoderError`, our own kinds of trouble pass."""
        assert self._load is not None
        try:
            encoder = self._load()
        except (KeyboardInterrupt, GeneratorExit, DataMissing):
            raise
        except BaseException as error:  # a SystemExit, or what a library in Rust raises
            text = " ".join(str(error).split())
            why = text if isinstance(error, XlbenchError) else f"{type(error).__name__}: {text}".removesuffix(": ")
            raise EncoderError(f"the model cannot be loaded: {why}") from error
        if not callable(getattr(encoder, "encode", None)):
            kind = type(encoder).__name__
            raise EncoderError(f"the model is no encoder: {kind} has no method encode(texts, role=None)")
        return encoder

    def _forgot_for(self, rows: int) -> bool:
        """Whether all vectors in memory were forgotten, since so many more would not fit beside them."""
        held = self._words.nbytes + sum(known.nbytes for known in self._known.values())
        if held + rows * max(self._raw_dimensions, 1) * 4 <= self._known_bytes:
            return False
        self._known.clear()
        self._words = Known()
        return True

    def _measured(self, returned: object) -> NDArray[np.float32]:
        """An answer as a matrix, with as many dimensions as ever."""
        vectors, self._dtype = checks.as_matrix(returned)
        if self._raw_dimensions not in (0, vectors.shape[1]):
            raise EncoderError(
                f"the encoder returned vectors of {vectors.shape[1]} after some of {self._raw_dimensions}"
            )
        self._raw_dimensions = vectors.shape[1]
        return vectors

    def _from_cache(self, known: Known[K], new: list[K], kind: str) -> list[K]:
        """Move what the cache has into memory; returns what it has not."""
        if self._keeping is None or not new:
            return new
        left: list[K] = []
        for start in range(0, len(new), TAKEN):  # what is taken at once is held twice for a moment
            asked = new[start : start + TAKEN]
            taken = self._keeping.cache.take(self._keeping.model, kind, _keys(asked))
            there = taken.positions.tolist()
            if there:
                self._raw_dimensions = taken.vectors.shape[1]
                known.add([asked[place] for place in there], taken.vectors, taken.counts, taken.truncated)
                self.found += len(there)
            found = set(there)
            left += [key for place, key in enumerate(asked) if place not in found]
        return left

    def _keep(
        self,
        kind: str,
        asked: Sequence[str] | Sequence[Sentence],
        vectors: NDArray[np.float32],
        counts: NDArray[np.int64] | None,
        cut: NDArray[np.bool_] | None,
    ) -> None:
        """Put a chunk into the cache, and what is known of the encoder beside it."""
        if self._keeping is None:
            return
        facts = {
            "label": self._keeping.label,
            "parameters": self.parameters,
            "dtype": self.dtype,
            "dimensions": self._raw_dimensions,
            "has_words": self.has_words,
            "details": json.dumps(dict(self.details), ensure_ascii=False),
        }
        if facts != self._facts:
            self._facts = facts
            self._keeping.cache.remember(self._keeping.model, facts)
        self._keeping.cache.put(self._keeping.model, kind, _keys(asked), vectors, counts, cut)


def _keys(asked: Sequence[Any]) -> list[bytes]:
    """Under which texts, or sentences of words, are kept."""
    from xlbench.encoding.cache import keys_of, keys_of_words

    return keys_of(asked) if isinstance(asked[0], str) else keys_of_words(asked)


def _by_length(text: str) -> tuple[int, str]:
    return len(text), text


def _by_letters(words: Sentence) -> tuple[int, Sentence]:
    return sum(map(len, words)), words
