"""`CheckedTagger`: a model's own way to tag words, loaded on first use; checks, times and remembers every answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import DataMissing, EncoderError, XlbenchError, is_out_of_memory
from xlbench.core.text import reason_of
from xlbench.encoding.vector_source import WORD_CHUNK
from xlbench.encoding.words import WordTags

if TYPE_CHECKING:
    from xlbench.core.model import WordTagger
    from xlbench.encoding.checked_encoder import Sentence
    from xlbench.encoding.vector_source import Progress

Types = tuple[str, ...]


class CheckedTagger:
    """A tagger whose tags can be scored: `EncoderError` is raised for any that cannot.

    Each distinct sentence is tagged once for a list of types, in chunks from the shortest to the longest.
    """

    def __init__(self, load: Callable[[], WordTagger]) -> None:
        """``load`` makes the tagger, once."""
        self.seconds = 0.0
        """Wall-clock spent inside the tagger so far."""
        self.encoded = 0
        """Sentences that it has tagged so far."""
        self._load = load
        self._tagger: WordTagger | None = None
        self._failure: XlbenchError | None = None
        self._known: dict[Types, dict[Sentence, tuple[str, ...]]] = {}

    @property
    def parameters(self) -> int | None:
        """How many numbers it has learned, where it is loaded and says so."""
        parameters = getattr(self._tagger, "parameters", None)
        return parameters if isinstance(parameters, int) and not isinstance(parameters, bool) else None

    @property
    def details(self) -> Mapping[str, str | int | float | bool]:
        """What it says of itself once it is loaded, as far as that is short texts and numbers."""
        details = getattr(self._tagger, "details", None)
        if not isinstance(details, Mapping):
            return {}
        return {str(name): value for name, value in details.items() if isinstance(value, str | int | float | bool)}

    def tag_words(self, sentences: Sequence[Sentence], types: Types, progress: Progress | None = None) -> WordTags:
        """The tags of all words of n sentences, and how the tagger's own types are read."""
        tagger = self._loaded()
        read_as = check_reading(self._timed(lambda: tagger.read_as(types)), types)
        known = self._known.setdefault(types, {})
        new = sorted(set(sentences) - known.keys(), key=lambda words: (sum(map(len, words)), words))
        for start in range(0, len(new), WORD_CHUNK):
            if progress:
                progress(start, len(new))
            chunk = new[start : start + WORD_CHUNK]
            known |= zip(chunk, self._tags(tagger, chunk, types), strict=True)
        if progress and new:
            progress(len(new), len(new))
        return WordTags([tag for words in sentences for tag in known[words]], read_as)

    def _tags(self, tagger: WordTagger, chunk: Sequence[Sentence], types: Types) -> list[tuple[str, ...]]:
        """The tags of some sentences: one call; where memory runs out, two calls of half as many."""
        try:
            given = self._timed(lambda: tagger.tag_words([list(words) for words in chunk], types))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if len(chunk) == 1:
                raise EncoderError("out of memory, even for one sentence to tag") from error
            given = None
        if given is None and len(chunk) > 1:
            half = len(chunk) // 2
            return [*self._tags(tagger, chunk[:half], types), *self._tags(tagger, chunk[half:], types)]
        tags = check_tags(given, chunk, types)
        self.encoded += len(chunk)
        return tags

    def _timed(self, call: Callable[[], Any]) -> Any:
        """What the tagger returns; whatever it raises, but for want of memory, is one line of `EncoderError`."""
        started = time.perf_counter()
        try:
            return call()
        except (KeyboardInterrupt, XlbenchError):
            raise
        except BaseException as error:  # a SystemExit, or what a library in Rust raises
            if is_out_of_memory(error):
                raise
            raise EncoderError(f"the model's own tagger fails: {reason_of(error)}") from error
        finally:
            self.seconds += time.perf_counter() - started

    def _loaded(self) -> WordTagger:
        """The tagger; one that cannot be loaded is tried once."""
        if self._failure is not None:
            raise self._failure.with_traceback(None)
        if self._tagger is None:
            try:
                self._tagger = self._load()
            except (KeyboardInterrupt, DataMissing):
                raise
            except XlbenchError as error:
                self._failure = error
                raise
            except BaseException as error:
                self._failure = EncoderError(f"the model's own tagger cannot be loaded: {reason_of(error)}")
                raise self._failure from error
        return self._tagger


def check_reading(given: Any, types: Sequence[str]) -> Mapping[str, str]:
    """How own types are read, if it is told as `WordTagger.read_as` tells it; `EncoderError` otherwise.

    A tagger that has none of the types could find nothing, whatever it is asked: that is an error, too.
    """
    if not isinstance(given, Mapping):
        raise EncoderError(f"read_as(types) returned {type(given).__name__}: return own types, each with one of types")
    for own, kind in given.items():
        if not isinstance(own, str) or kind not in ("", *types):
            raise EncoderError(f"read_as(types) reads {own!r} as {kind!r}, which is none of {', '.join(types)}")
    if not any(given.values()):
        own = ", ".join(given) or "none"
        raise EncoderError(
            f"none of the model's own types ({own}) is one of the types that are asked for ({', '.join(types)}): say "
            f"which are: ?map=OWN=TYPE,..."
        )
    return {own: str(kind) for own, kind in given.items()}


def check_tags(given: Any, sentences: Sequence[Sequence[str]], types: Sequence[str]) -> list[tuple[str, ...]]:
    """Tags of every word of some sentences, if they are such; `EncoderError` otherwise."""
    allowed = {"O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")}
    if isinstance(given, str) or not hasattr(given, "__len__") or len(given) != len(sentences):
        count = len(given) if hasattr(given, "__len__") else type(given).__name__
        raise EncoderError(f"tag_words returned {count} for {len(sentences)} sentences: return a list of tags for each")
    for words, tags in zip(sentences, given, strict=True):
        if isinstance(tags, str) or not hasattr(tags, "__len__") or len(tags) != len(words):
            count = len(tags) if hasattr(tags, "__len__") and not isinstance(tags, str) else type(tags).__name__
            raise EncoderError(f"tag_words returned {count} tags for a sentence of {len(words)} words")
        for tag in tags:
            if tag not in allowed:
                raise EncoderError(f"tag_words returned the tag {tag!r}: give O, or B- or I- and one of the types")
    return [tuple(tags) for tags in given]
