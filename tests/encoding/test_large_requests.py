"""Large requests of an encoding session: their vectors are handed on without a copy, and are those of small ones."""

import numpy as np
import pytest

from xlbench.core.errors import EncoderError
from xlbench.core.model import Transform
from xlbench.encoding import CHUNK, EncodingSession, ModelCache, vector_memory
from xlbench.encoding.cache import Cache

WIDTH = 8
TEXTS = [f"{'x' * (row % 7)}{row}" for row in range(3 * CHUNK)]


class Numbers:
    """Encodes a text by its content; fails at one text, where it is told to."""

    def __init__(self, bad=""):
        self.bad = bad

    def encode(self, texts, role=None):
        if self.bad in texts and self.bad:
            raise EncoderError("it fails")
        return np.array([[len(text), *text.encode().rjust(WIDTH - 1)[-(WIDTH - 1) :]] for text in texts], np.float32)


@pytest.fixture
def large(monkeypatch):
    """From 200 vectors on, a request is large."""
    monkeypatch.setattr(vector_memory, "LARGE", 200 * WIDTH * 4)


def expected(texts):
    return Numbers().encode(texts)


def test_a_large_request_is_a_view_that_cannot_be_written_to(large):
    """Its vectors lie in the order of the request, once; a small request is a copy, as ever."""
    session = EncodingSession(Numbers())
    vectors = session.encode(TEXTS)
    assert (vectors == expected(TEXTS)).all()
    assert np.shares_memory(vectors, session.encode(TEXTS))
    assert np.shares_memory(vectors, session.encode(TEXTS[100:300]))
    with pytest.raises(ValueError, match="read-only"):
        vectors[0] = 0
    few = session.encode(TEXTS[:3][::-1])
    few[:] = 0
    assert (session.encode(TEXTS) == expected(TEXTS)).all()


def test_texts_of_several_requests_are_gathered(large):
    """Repeated texts, another order, and texts of small and large requests together."""
    session = EncodingSession(Numbers())
    session.encode(["a", "bb"])
    session.encode(TEXTS[:1000])
    session.encode(TEXTS[900:2000])
    for asked in (["bb", *TEXTS[1500:500:-3], "a", "new"], [*TEXTS[:400], *TEXTS[:400]], TEXTS[1001:1300]):
        assert (session.encode(asked) == expected(asked)).all()
    assert session.encoded == 2003


def test_a_request_that_fails_leaves_what_it_has_encoded(large):
    """After an error the texts of finished chunks are known, and no other is."""
    encoder = Numbers(bad=max(TEXTS, key=lambda text: (len(text), text)))
    session = EncodingSession(encoder)
    with pytest.raises(EncoderError, match="it fails"):
        session.encode(TEXTS)
    assert session.encoded == 2 * CHUNK
    encoder.bad = ""
    assert (session.encode(TEXTS) == expected(TEXTS)).all()
    assert session.encoded == 3 * CHUNK


def test_vectors_of_the_cache_lie_in_the_order_of_the_request(large, tmp_path):
    """Those that the cache has and those that it has not are one view."""
    with Cache(tmp_path) as cache:
        kept = ModelCache(cache, "c" * 64)
        EncodingSession(Numbers(), cache=kept).encode(TEXTS[::2])
        session = EncodingSession(Numbers(), cache=kept)
        vectors = session.encode(TEXTS)
        assert (vectors == expected(TEXTS)).all()
        assert np.shares_memory(vectors, session.encode(TEXTS))
        assert (session.found, session.encoded) == (len(TEXTS) // 2, len(TEXTS) // 2)


def test_a_transform_may_write_to_what_it_is_given(large):
    """What the session remembers stays what it is."""

    def fit(_):
        def double(vectors):
            vectors *= 2
            return vectors

        return double

    session = EncodingSession(Numbers(), transform=Transform(fit))
    for _ in range(2):
        assert (session.encode(TEXTS) == 2 * expected(TEXTS)).all()
