"""The encoding session: every text once, every vector checked."""

import numpy as np
import pytest

from xlbench.encoding import CHUNK, EncodingSession
from xlbench.errors import EncoderError


class Lengths:
    """Encodes a text as its length and its first code point; counts what it is given."""

    def __init__(self, change=None):
        self.given = []
        self.change = change or (lambda vectors: vectors)

    def encode(self, texts, role=None):
        self.given += texts
        return self.change(np.array([[len(text) + 1.0, ord(text[0])] for text in texts]))


def test_vectors_come_back_in_the_order_of_the_texts():
    """Sorting by length is the session's own affair: row i belongs to text i."""
    vectors = EncodingSession(Lengths()).encode(["ccc", "a", "bb"])
    assert vectors.tolist() == [[4, ord("c")], [2, ord("a")], [3, ord("b")]]
    assert vectors.dtype == np.float32


def test_every_text_is_encoded_once():
    """A repeated text, in one request or in a later one, does not go through the encoder again."""
    encoder = Lengths()
    session = EncodingSession(encoder)
    session.encode(["a", "bb", "a"])
    session.encode(["bb", "ccc"])
    assert session.encoded == 3
    assert sorted(set(encoder.given)) == ["a", "bb", "ccc"]


def test_roles_are_kept_apart():
    """A text as a query and the same text as a document are two vectors."""

    class Asymmetric:
        def encode(self, texts, role=None):
            return np.full((len(texts), 2), {"query": 1.0, "document": 2.0, None: 3.0}[role])

    session = EncodingSession(Asymmetric())
    assert [session.encode(["a"], role)[0, 0] for role in ("query", "document", None)] == [1, 2, 3]


def test_forgotten_vectors_are_made_again():
    """Beyond its memory the session forgets, and still answers every request in full."""
    session = EncodingSession(Lengths(), known_bytes=64)
    many = [chr(97 + i) * (i + 1) for i in range(20)]
    first = session.encode(many)
    session.encode([text + "!" for text in many])
    assert (session.encode(many) == first).all()


def test_progress_counts_up_to_the_number_of_new_texts():
    """Progress is told of every chunk, and ends at the whole."""
    seen = []
    texts = [f"{row}" for row in range(CHUNK + 5)]
    EncodingSession(Lengths(), progress=lambda done, total: seen.append((done, total))).encode(texts)
    assert seen == [(CHUNK, CHUNK + 5), (CHUNK + 5, CHUNK + 5)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: np.where(v == ord("b"), np.nan, v), "the vector of 'bb' holds NaN or infinity"),
        (lambda v: np.where(v == ord("b"), np.inf, v), "the vector of 'bb' holds NaN or infinity"),
        (lambda v: v * (v[:, 1:] != ord("b")), "the vector of 'bb' is all zeros"),
        (lambda v: v[:-1] if len(v) > 1 else v, "2 vectors for 3 texts"),
        (lambda v: v.ravel(), "an array of shape (6,)"),
        (lambda v: v[:, :0], "an array of shape (3, 0)"),
        (lambda v: "nothing", "returned str, which is no array"),
        (lambda v: [[1.0], [1.0, 2.0], [3.0]], "returned list, which is no array"),
        (lambda v: v * (1.0 if len(v) > 1 else 1.5), "moves by 0.5 of its length when it is encoded alone"),
    ],
)
def test_vectors_that_cannot_be_scored_are_refused(change, message):
    """NaN, infinity, zeros, a wrong count or shape, no numbers, and vectors that depend on the batch are errors."""
    with pytest.raises(EncoderError) as caught:
        EncodingSession(Lengths(change)).encode(["a", "bb", "ccc"])
    assert message in str(caught.value)


def test_vectors_of_another_length_later_are_refused():
    """All vectors of a model have one length."""

    class Growing:
        def encode(self, texts, role=None):
            return np.ones((len(texts), max(map(len, texts))))

    session = EncodingSession(Growing())
    session.encode(["a", "b"])
    with pytest.raises(EncoderError, match="vectors of 2 after some of 1"):
        session.encode(["bb"])


def test_nothing_to_encode_is_an_error():
    """An empty request has no answer of a known shape."""
    with pytest.raises(EncoderError, match="nothing to encode"):
        EncodingSession(Lengths()).encode([])
