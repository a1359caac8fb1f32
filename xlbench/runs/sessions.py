"""Opens the encoding session of a model, and checks that the model has not changed since it was planned."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING

from xlbench.core.errors import EncoderError
from xlbench.core.model import Encoder, Model, Transform, WordTagger

if TYPE_CHECKING:
    from xlbench.encoding import EncodingSession
    from xlbench.encoding.cache import Cache


def open_session(
    model: Model,
    fingerprint: str,
    vectors: str,
    transform: Transform | None,
    cache: Cache | None,
    progress: Callable[[int, int], None] | None = None,
) -> EncodingSession:
    """A session of a model that is loaded when a vector is first needed.

    Args:
        model: The model.
        fingerprint: Its identity; where it is another one when it is loaded, that is an error.
        vectors: The identity of its vectors, under which the cache keeps them.
        transform: What is done to the vectors that are handed on.
        cache: The cache; None: vectors are kept nowhere.
        progress: Told of texts encoded while a request runs.
    """
    from xlbench.encoding import EncodingSession, ModelCache

    return EncodingSession(
        load=functools.partial(load_unchanged, model, fingerprint),
        cache=ModelCache(cache, vectors, model.name) if cache else None,
        transform=transform,
        search=model.search,
        tag=tagger_of(model, fingerprint),
        progress=progress,
    )


def load_unchanged(model: Model, fingerprint: str) -> Encoder:
    """The model's encoder, of the content that the run was planned with."""
    encoder = model.load()
    check_unchanged(model, fingerprint)
    return encoder


def tagger_of(model: Model, fingerprint: str) -> Callable[[], WordTagger] | None:
    """What makes the model's own tagger, of the content that the run was planned with; None: it has none."""
    make = model.tag
    if make is None:
        return None

    def load() -> WordTagger:
        tagger = make()
        check_unchanged(model, fingerprint)
        return tagger

    return load


def check_unchanged(model: Model, fingerprint: str) -> None:
    """`EncoderError` where a model's content has changed since its fingerprint was taken: a training that goes on
    writes into the folder, say. Neither vectors nor scores may be kept under what it was before."""
    if model.identity() != fingerprint:
        raise EncoderError(
            "the model's content has changed since the run began: start it again, and it is taken for what it is now"
        )
