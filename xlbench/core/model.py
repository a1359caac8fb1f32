"""Models and encoders: a `Model` is what a plugin offers; an `Encoder` is a model that has been loaded."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from xlbench.core.download import Download
from xlbench.core.errors import UsageError
from xlbench.core.ids import digest
from xlbench.core.one_or_more import OneOrMore, as_list

if TYPE_CHECKING:
    import numpy as np

Role = Literal["query", "document"]


@runtime_checkable
class Encoder(Protocol):
    """Texts in, one vector each out. It is never told which task is asking."""

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        """Encode n texts.

        ``role`` is "query" or "document" in an asymmetric search and None elsewhere. Returns an array of shape (n, d),
        finite, with no row of zeros unless it has ``zero_is_unknown``.

        An encoder may have attributes besides: ``parameters`` (int: how many numbers it has learned), ``details``
        (mapping of short texts and numbers: what is known of it once it is loaded, such as its length limit) and
        ``truncated`` (n booleans: which of the texts of the last call were cut at that limit), ``zero_is_unknown``
        (True: a row of zeros is that of a text of which it knows nothing, such as words out of its vocabulary) and
        ``tokens`` (int: those that a service has counted for all calls so far; they stand with the costs).
        """
        ...


@runtime_checkable
class WordEncoder(Protocol):
    """What an encoder may offer besides: vectors of words where they stand."""

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> Sequence[np.ndarray]:
        """Encode sentences that are split into words: one array (words of the sentence, d) each, finite."""
        ...


@runtime_checkable
class WordTagger(Protocol):
    """Tags of words in a way of its own, in place of those that a probe learns from vectors.

    It may have the attributes ``parameters`` and ``details`` of an `Encoder`.
    """

    def read_as(self, types: Sequence[str]) -> Mapping[str, str]:
        """How its own types of entities are read where a task asks for ``types``: own type -> one of these, or "" for
        none, whose entities are left out. What has no key is no type of its own."""
        ...

    def tag_words(self, sentences: Sequence[Sequence[str]], types: Sequence[str]) -> Sequence[Sequence[str]]:
        """Tag sentences that are split into words: one list of tags a sentence, as long as the sentence, of ``O``,
        ``B-TYPE`` and ``I-TYPE``, where TYPE is one of ``types`` (IOB2; an I- that continues nothing counts for
        nothing where entities are read strictly)."""
        ...


Nearest = Callable[[int], "tuple[np.ndarray, np.ndarray]"]
"""From a depth to the documents whose vectors are nearest to each query's, and their similarities, as in `Searcher`."""


@runtime_checkable
class Searcher(Protocol):
    """A search in a way of its own, in place of comparing the vectors of queries and documents alone."""

    def search(
        self, queries: Sequence[str], documents: Sequence[str], depth: int, nearest: Nearest
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find documents for n queries, ``depth`` for each at the most.

        Returns the documents' places, whole numbers of shape (n, k), and their scores, (n, k), in descending order; a
        list that is shorter ends in places of -1. ``nearest(depth)`` gives, in the same form, what the model's vectors
        say, for whoever wants to start from that; texts are encoded only then.
        """
        ...


@dataclass(frozen=True)
class Transform:
    """Post-processing of vectors: cutting dimensions, whitening, the similarity by which they are compared.

    The cache keeps vectors as the encoder gave them, so that several transforms share one encoding. ``fit`` is given
    the vectors (m, d) of the texts ``fit_on`` and returns what turns vectors (n, d) into (n, k).
    """

    fit: Callable[[np.ndarray], Callable[[np.ndarray], np.ndarray]]
    fit_on: tuple[str, ...] | None = ()
    """Texts to fit on: given ones, none where there is nothing to fit, or None for all the texts of the cell that is
    being scored (transductive: the score is marked as such)."""
    words: Callable[[np.ndarray], np.ndarray] | None = None
    """Post-processing of vectors of words, (n, d) -> (n, k); None: none."""
    similarity: Literal["cosine", "dot"] = "cosine"
    """How vectors are compared in tasks that have the choice."""


@dataclass(frozen=True)
class Model:
    """A named way to get an encoder.

    ``load`` is called once, when the first cell of the model is due; whatever is slow to import belongs inside it.
    ``fingerprint`` returns the identity of the model's content (weights, tokenizer, pooling, prompt, dtype, length
    limit), without loading it: results are kept under it. Where it is None, the identity is the source code of the
    module in which ``load`` was written, so that an edit there is a new model. A ``load`` that carries values (a
    closure, a partial, a method) needs a fingerprint.
    """

    name: str
    load: Callable[[], Encoder]
    fingerprint: Callable[[], str] | None = None
    description: str = ""
    license: str = ""
    trained_on: tuple[str, ...] = ()
    """Names of the data sets (a card's ``data`` name) that the model has seen; boards mark its scores there."""
    trained_on_texts: Callable[[], np.ndarray] | None = None
    """Gives the keys (`text_keys`) of the texts that it was trained on: boards count them among the scored items."""
    in_suites: bool = False
    """Whether a run that names no model includes this one: for small models that come with their plugin."""
    spec: str = ""
    """What to give to ``--model`` to get it again, where that is not its name."""
    details: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """What shapes its vectors, for a reader of the results: revision, pooling, dtype, length limit ..."""
    transform: Callable[[], Transform] | None = None
    """Post-processing of its vectors; part of the fingerprint."""
    vectors: Callable[[], str] | None = None
    """Identity of the vectors before the transform, where models that differ in it alone share them; None: the
    model's own."""
    search: Callable[[], Searcher] | None = None
    """Makes its own way to search, for tasks that look for documents; part of the fingerprint. None: its vectors are
    compared."""
    cached: bool = True
    """Whether its vectors are worth keeping on disk: not where computing them is as quick as reading them."""
    download: Download[[]] | None = None
    """How to download its files before a run; None: there is nothing to download."""
    tag: Callable[[], WordTagger] | None = None
    """Makes its own way to tag words, for tasks that look for entities; part of the fingerprint. None: a probe learns
    tags from its vectors."""

    def identity(self) -> str:
        """The fingerprint as 64 hex digits; equal for equal content, whatever the model is called."""
        if self.fingerprint is not None:
            return digest("model", _content("fingerprint()", self.fingerprint()))
        module = getattr(self.load, "__module__", None)
        if not module:
            raise UsageError(f"model {self.name!r} needs a fingerprint: its load function belongs to no module")
        if _carries_values(self.load):
            raise UsageError(
                f"model {self.name!r} needs a fingerprint: its load function carries values that are not in its code"
            )
        return digest("model", code_fingerprint(module), getattr(self.load, "__qualname__", ""))

    def vectors_identity(self) -> str:
        """Under which its vectors are kept: equal for models that differ in their transform alone."""
        return digest("vectors", _content("vectors()", self.vectors())) if self.vectors is not None else self.identity()


def _carries_values(load: Callable[[], Any]) -> bool:
    """Whether a function is more than its code: it was made around variables, of an object, or with arguments."""
    names = ("__closure__", "__self__", "__defaults__", "__kwdefaults__")
    return not hasattr(load, "__qualname__") or (
        not isinstance(load, type) and any(getattr(load, name, None) is not None for name in names)
    )


def _content(what: str, content: object) -> str:
    """What a model's function says of its content; `UsageError` where that is no text."""
    if not isinstance(content, str) or not content:
        raise UsageError(f"{what} returns {content!r}: return a text that is equal for equal content alone")
    return content


def code_fingerprint(*modules: str, distributions: OneOrMore[str] = ()) -> str:
    """Identity of code: the source files of ``modules`` (which are found, not imported) and versions of libraries.

    What a weight-free encoder computes is given by its code and by the libraries that it leans on.
    """
    parts: list[str | bytes] = []
    for name in modules:
        source = _source_of(name)
        if source is None or not source.is_file():
            raise UsageError(f"no source file for module {name!r}: give the model a fingerprint of its own")
        parts += [name, source.read_bytes()]
    for distribution in as_list(distributions):
        parts += [distribution, metadata.version(distribution)]
    return digest(*parts)


def _source_of(module: str) -> Path | None:
    """The file of a module; that of the script for ``__main__``, which a notebook does not have."""
    if module == "__main__":
        script = getattr(sys.modules[module], "__file__", None)
        return Path(script) if script else None
    spec = importlib.util.find_spec(module)
    return Path(spec.origin) if spec and spec.origin else None
