"""`EncodingSession`: encodes texts for tasks, applies the model's transform, and records facts of each cell."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from xlbench.core.errors import EncoderError
from xlbench.encoding.cell_notes import CellNotes
from xlbench.encoding.checked_encoder import CheckedEncoder
from xlbench.encoding.checked_search import CheckedSearch
from xlbench.encoding.checked_tagger import CheckedTagger
from xlbench.encoding.remembered import Remembered
from xlbench.encoding.transformed import UNSCORABLE, check_transformed, nonzero
from xlbench.encoding.vector_source import VectorSource
from xlbench.encoding.words import WordTags, WordVectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.core.model import Encoder, Nearest, Role, Searcher, Transform, WordTagger
    from xlbench.encoding.vector_source import ModelCache, Progress

R = TypeVar("R")


class EncodingSession:
    """Encodes texts for one model: repeated texts once, with the vectors remembered, cached and checked. A model's
    transform is applied to what is handed on, never to what is remembered or cached."""

    def __init__(
        self,
        encoder: Encoder | None = None,
        *,
        load: Callable[[], Encoder] | None = None,
        cache: ModelCache | None = None,
        transform: Transform | None = None,
        search: Callable[[], Searcher] | None = None,
        tag: Callable[[], WordTagger] | None = None,
        memory_bytes: int = 2 << 30,
        progress: Progress | None = None,
    ) -> None:
        """Begin with nothing in memory, and nothing loaded.

        Args:
            encoder: A loaded encoder; or else
            load: makes it when a vector is first needed that is nowhere yet.
            cache: Where the model's vectors are kept between runs; None: nowhere.
            transform: What is done to the vectors that are handed on.
            search: Makes the model's own search; None: it has none.
            tag: Makes its own way to tag words; None: it has none.
            memory_bytes: Bound of the vectors in memory.
            progress: Told of texts encoded while a request runs.
        """
        self._source = VectorSource(CheckedEncoder(encoder, load), cache, memory_bytes)
        self._begin(transform, progress, search, tag)

    def _begin(
        self,
        transform: Transform | None,
        progress: Progress | None,
        search: Callable[[], Searcher] | None,
        tag: Callable[[], WordTagger] | None,
    ) -> None:
        self.dimensions = 0
        """Length of the vectors that were handed on last; 0 before the first."""
        self._transform, self._progress = transform, progress
        self._search = CheckedSearch(search) if search else None
        self._tagger = CheckedTagger(tag) if tag else None
        self._notes = CellNotes()
        self._gathered: dict[tuple[Role | None, str], None] | None = None
        self._fitted: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None
        self._results = Remembered()
        self.learned: Callable[[int, int], None] = lambda done, total: None
        """For whoever watches: told by a task that learns many times from how many of its training sets it has."""
        self.compared: Callable[[int, int], None] = lambda done, total: None
        """The same of a task that searches: how many of its queries it has compared, in all passes over them."""

    def with_transform(
        self,
        transform: Transform | None,
        progress: Progress | None = None,
        search: Callable[[], Searcher] | None = None,
        tag: Callable[[], WordTagger] | None = None,
    ) -> EncodingSession:
        """A session for a model of the same vectors and another transform, search or tags: one encoder and one memory
        serve both."""
        other = object.__new__(EncodingSession)
        other._source = self._source
        other._begin(transform, progress, search, tag)
        return other

    # ---- what is known of the encoder

    @property
    def encoder(self) -> Encoder:
        """The loaded encoder. `XlbenchError` where it cannot be loaded: tried once, told as often as it is asked."""
        return self._source.encoder.loaded

    @property
    def is_loaded(self) -> bool:
        """Whether the encoder has been loaded."""
        return self._source.encoder.is_loaded

    @property
    def encoded(self) -> int:
        """Texts that went through the encoder, or the model's own tagger, so far."""
        return self._source.encoder.encoded + (self._tagger.encoded if self._tagger else 0)

    @property
    def seconds(self) -> float:
        """Wall-clock spent inside the encoder, and the model's own search and tagger, so far."""
        return self._source.encoder.seconds + sum(one.seconds for one in (self._search, self._tagger) if one)

    @property
    def found(self) -> int:
        """Texts whose vectors were found in the cache so far."""
        return self._source.found

    @property
    def dtype(self) -> str:
        """The type of number that the encoder returned; vectors are handed on as float32."""
        return self._source.dtype

    @property
    def parameters(self) -> int | None:
        """How many numbers the encoder, or else the model's own tagger, has learned, where it says so."""
        known = self._source.parameters
        return self._tagger.parameters if known is None and self._tagger else known

    @property
    def tokens(self) -> int | None:
        """Tokens that a service has counted for the encoder so far; None where none does."""
        return self._source.encoder.tokens

    @property
    def details(self) -> Mapping[str, Any]:
        """What the encoder, and the model's own tagger, say of themselves."""
        return {**self._source.details, **(self._tagger.details if self._tagger else {})}

    @property
    def has_words(self) -> bool:
        """Whether the encoder gives vectors of words in context."""
        return self._source.has_words

    @property
    def similarity(self) -> Literal["cosine", "dot"]:
        """How the model's vectors are to be compared, for tasks that can choose; others compare by the cosine."""
        self._notes.similarity_asked = True
        return self._transform.similarity if self._transform is not None else "cosine"

    def charge(self, encoded: int, seconds: float) -> None:
        """Count texts, and the time that they took, which the same model encoded elsewhere for a task of this session:
        told more of the task than a session tells."""
        self._source.encoder.encoded += encoded
        self._source.encoder.seconds += seconds

    # ---- one cell

    @property
    def transductive(self) -> bool:
        """Whether the transform is fitted on the texts of each cell: ask for all its vectors, `fit`, ask again."""
        return self._transform is not None and self._transform.fit_on is None

    def begin_cell(self) -> None:
        """Forget what was noted about the cell before."""
        self._notes = CellNotes()
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
        if not raw and self._notes.words_asked:
            return  # vectors of words are not transformed, and there are no others
        if not raw:
            raise EncoderError("a transform that is fitted on the scored texts needs texts; the task asked for none")
        self._fitted = self._transform.fit(nonzero(np.concatenate(raw)))

    def notes(self) -> tuple[str, ...]:
        """What a reader of the cell's scores has to know."""
        return self._notes.lines(self._transform, fitted=self.transductive and self._fitted is not None)

    def cell_facts(self) -> dict[str, int]:
        """Counts to stand beside the cell's scores."""
        return self._notes.facts()

    @property
    def is_gathering(self) -> bool:
        """Whether texts are only being collected for a transform: what is made of these vectors is thrown away."""
        return self._gathered is not None

    def once(self, key: Hashable, make: Callable[[], R]) -> R:
        """``make()``, or what it gave before for an equal ``key``: for what many cells learn from the same vectors.

        ``key`` says all that the result follows from besides the model: the task's kind, texts, labels, settings. The
        last `REMEMBERED` results are kept; none, where a transform gives every cell vectors of its own.
        """
        if self.transductive:
            return make()
        return self._results.once(key, make)

    # ---- vectors

    def encode(self, texts: Sequence[str], role: Role | None = None) -> NDArray[np.float32]:
        """Vectors of n texts: float32 (n, d), finite. Equal texts get equal bytes. Many may be what the session itself
        remembers, and cannot be written to then.

        A row of zeros is that of a text of which the encoder knows nothing, where the encoder says that it gives such
        (``zero_is_unknown``). Raises `EncoderError` where the encoder returns something that cannot be scored.
        """
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        if self._gathered is not None:
            self._gathered.update(dict.fromkeys((role, text) for text in texts))
        vectors = self._raw(texts, role)
        if self._transform is not None and self._gathered is None:
            vectors = self._apply_transform(vectors)
        self.dimensions = vectors.shape[1]
        return vectors

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> WordVectors:
        """Vectors of all words of n sentences: from the encoder's ``encode_words``, else from each distinct word alone.

        Raises `EncoderError` where the encoder returns something that cannot be scored.
        """
        if not len(sentences) or not all(map(len, sentences)):
            raise EncoderError("there is nothing to encode: no sentence, or one without words")
        if not self.has_words:
            number: dict[str, int] = {}
            numbers = [number.setdefault(word, len(number)) for sentence in sentences for word in sentence]
            return WordVectors(self.encode(list(number)), np.array(numbers, np.int64), contextual=False)
        self._notes.words_asked = True
        vectors, rows = self._source.words([tuple(sentence) for sentence in sentences], self._progress)
        if (zero := np.flatnonzero(~vectors.any(axis=1))).size:
            words = (word for sentence in sentences for word in sentence)
            self._notes.unknown_words.update(compress(words, np.isin(rows, zero)))
        if self._transform is not None and self._transform.words is not None:
            vectors = check_transformed(self._transform.words(vectors), len(vectors))
        self.dimensions = vectors.shape[1]
        return WordVectors(vectors, rows, contextual=True)

    @property
    def has_tags(self) -> bool:
        """Whether the model tags words in a way of its own."""
        return self._tagger is not None

    def tag_words(self, sentences: Sequence[Sequence[str]], types: Sequence[str]) -> WordTags:
        """The tags that the model itself gives the words of n sentences, of ``types``: see `WordTagger`.

        Raises `EncoderError` where it fails, or returns what are no tags of these words.
        """
        assert self._tagger is not None
        return self._tagger.tag_words([tuple(sentence) for sentence in sentences], tuple(types), self._progress)

    @property
    def has_search(self) -> bool:
        """Whether the model searches in a way of its own."""
        return self._search is not None

    def search(
        self, queries: Sequence[str], documents: Sequence[str], depth: int, nearest: Nearest
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """What the model's own search finds, where it has one: see `Searcher`.

        Raises `EncoderError` where it fails, or returns what are no lists of documents.
        """
        assert self._search is not None
        return self._search.search(queries, documents, depth, nearest)

    def _raw(self, texts: Sequence[str], role: Role | None) -> NDArray[np.float32]:
        """Vectors as the encoder gives them."""
        vectors, truncated = self._source.texts(texts, role, self._progress)
        self._notes.truncated |= truncated
        self._notes.see(texts, vectors)
        return vectors

    def _apply_transform(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        assert self._transform is not None
        if self._fitted is None:
            texts = self._transform.fit_on or ()
            fit_on = self._source.texts(texts, None)[0] if texts else vectors[:0]
            self._fitted = self._transform.fit(nonzero(fit_on))
        known = vectors.any(axis=1)
        own = vectors if vectors.flags.writeable else vectors.copy()
        changed = np.array(check_transformed(self._fitted(own), len(vectors)))
        if not changed[known].any(axis=1).all():
            raise EncoderError(UNSCORABLE)
        changed[~known] = 0
        return changed
