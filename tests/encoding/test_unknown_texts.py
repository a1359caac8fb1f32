"""Texts of which an encoder knows nothing, and vectors that are compared by dot products."""

from __future__ import annotations

import numpy as np
import pytest

from xlbench.core.errors import EncoderError
from xlbench.core.model import Transform
from xlbench.encoding import EncodingSession, ModelCache
from xlbench.encoding.cache import Cache


class Letters:
    """Counts of a, b and c; it knows no other letters."""

    zero_is_unknown = True

    def encode(self, texts, role=None):
        return np.array([[float(text.count(letter)) for letter in "abc"] for text in texts])


class Silent(Letters):
    """The same, and does not say so."""

    zero_is_unknown = False


def test_zeros_stand_for_texts_that_are_not_known():
    """An encoder that says so may give zeros; such texts are counted in the cell, once each, with a note."""
    session = EncodingSession(Letters())
    session.begin_cell()
    vectors = session.encode(["ab", "xyz", "c", "xyz", "..."])
    assert vectors.tolist() == [[1, 1, 0], [0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    assert session.cell_facts() == {"texts_unknown": 2}
    assert (
        "texts of which the encoder knows nothing have similarity 0 to all (how many: texts_unknown)" in session.notes()
    )
    session.begin_cell()
    session.encode(["ab", "c"])
    assert session.cell_facts() == {}
    assert session.notes() == ()


def test_zeros_of_other_encoders_are_an_error():
    """An encoder that does not say what zeros mean is refused, with how to say it."""
    with pytest.raises(EncoderError, match=r"the vector of 'xyz' is all zeros: .* zero_is_unknown = True"):
        EncodingSession(Silent()).encode(["ab", "xyz"])


def test_nan_stays_an_error():
    """What is no number is no unknown text."""

    class Broken(Letters):
        def encode(self, texts, role=None):
            return super().encode(texts) / super().encode(texts).sum(axis=1, keepdims=True)

    with pytest.raises(EncoderError, match="holds NaN or infinity"), np.errstate(invalid="ignore"):
        EncodingSession(Broken()).encode(["ab", "xyz"])


def test_texts_of_which_none_is_known_are_counted():
    """A language that an encoder does not know at all is scored: its texts are all alike, and all are counted."""
    session = EncodingSession(Letters())
    session.begin_cell()
    assert not session.encode(["xyz", "..."]).any()
    assert session.cell_facts() == {"texts_unknown": 2}


def test_unknown_texts_come_out_of_the_cache_as_such(tmp_path):
    """Vectors of zeros are kept between runs, and counted again."""
    for _ in range(2):
        cache = ModelCache(Cache(tmp_path), "a" * 64)
        session = EncodingSession(Letters(), cache=cache)
        session.begin_cell()
        session.encode(["ab", "xyz"])
        assert session.cell_facts() == {"texts_unknown": 1}
    assert session.found == 2


def test_a_transform_leaves_unknown_texts_alone():
    """What is fitted on vectors does not learn from zeros, and does not change them."""
    fitted = []

    def fit(vectors):
        fitted.append(vectors.tolist())
        return lambda given: given - 5

    session = EncodingSession(Letters(), transform=Transform(fit, fit_on=("a", "xyz", "b")))
    assert session.encode(["c", "zzz"]).tolist() == [[-5, -5, -4], [0, 0, 0]]
    assert fitted == [[[1, 0, 0], [0, 1, 0]]]


def test_a_task_asks_how_vectors_are_compared():
    """The similarity is the model's; a task that does not ask for it has a note where that is not the cosine."""
    plain = EncodingSession(Letters())
    assert plain.similarity == "cosine"
    session = EncodingSession(Letters(), transform=Transform(lambda _: lambda given: given, similarity="dot"))
    session.begin_cell()
    note = "the model is compared by dot products, and this task compares by the cosine"
    assert session.notes() == (note,)
    assert session.similarity == "dot"
    assert session.notes() == ()
    session.begin_cell()
    assert session.notes() == (note,)
