"""Texts of which an encoder knows nothing, and vectors that are compared by dot products."""

from __future__ import annotations

import numpy as np
import pytest

import xlbench
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


def test_one_vector_for_all_texts_is_noted():
    """An encoder that answers a constant, in one call or over several, is scored with a note that says so; one text
    alone, zeros, and a cell after it have none."""
    note = "all texts were given one and the same vector: these scores do not hang on the texts"

    class Deaf(Letters):
        def encode(self, texts, role=None):
            return np.full((len(texts), 3), 0.5)

    for calls, encoder, noted in (
        ([["a", "b"]], Deaf(), True), ([["a"], ["b"]], Deaf(), True), ([["a", "a"], ["a"]], Deaf(), False),
        ([["x", "y"]], Letters(), False), ([["ab", "ba"], ["abc"]], Letters(), False), ([["a", "b"]], Letters(), False),
    ):  # fmt: skip
        session = EncodingSession(encoder)
        session.begin_cell()
        for texts in calls:
            session.encode(texts)
        assert (note in session.notes()) == noted, calls
        session.begin_cell()
        assert session.notes() == ()


def test_zeros_of_other_encoders_are_an_error():
    """An encoder that does not say what zeros mean is refused, with how to say it."""
    said = r"the vector of 'xyz' is all zeros: .* zero_is_unknown = True \(or vectors:DIR\?zero_is_unknown=true\)"
    with pytest.raises(EncoderError, match=said):
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


class Words(Silent):
    """Gives vectors of words, too, and says nothing of zeros."""

    def encode_words(self, sentences):
        return [self.encode(words) for words in sentences]


def test_words_that_are_not_known_are_counted(tmp_path):
    """Words may be zeros whatever their encoder says; distinct ones are counted in each cell, from the cache, too."""
    for _ in range(2):
        session = EncodingSession(Words(), cache=ModelCache(Cache(tmp_path), "b" * 64))
        session.begin_cell()
        found = session.encode_words([["ab", "xyz"], ["xyz", "c", "zz"]])
        assert found.vectors[found.rows].any(axis=1).tolist() == [True, False, False, True, False]
        assert session.cell_facts() == {"words_unknown": 2}
        note = "words of which the encoder knows nothing have a vector of zeros (how many: words_unknown)"
        assert session.notes() == (note,)
        session.begin_cell()
        session.encode_words([["ab"], ["c", "b"]])
        assert (session.cell_facts(), session.notes()) == ({}, ())


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


@pytest.mark.slow
@pytest.mark.parametrize("words", [True, False])
def test_every_area_is_scored_where_nothing_is_known(tmp_path, words):
    """An encoder that knows no text of a language has a score in each area, no hit in retrieval, and its counts."""

    class Blank(Letters):
        def encode(self, texts, role=None):
            return np.zeros((len(texts), 3))

    class BlankWords(Blank):
        def encode_words(self, sentences):
            return [np.zeros((len(sentence), 3)) for sentence in sentences]

    model = xlbench.Model("blank", load=BlankWords if words else Blank, fingerprint=lambda: "1")
    names = ["mini-words-relatedness", "mini-news", "mini-sentiment", "mini-ner", "mini-parallel"]
    (run,) = xlbench.run([model], names, languages=["tel"], results=tmp_path / "r", cache=False)
    assert {cell.task for cell in run.cells} == set(names)
    for cell in run.cells:
        assert cell.status == "ok", cell.reason
        counted = "words_unknown" if words and cell.task == "mini-ner" else "texts_unknown"
        assert cell.facts[counted] > 40, cell
        assert any(counted in note for note in cell.notes)
        assert cell.task not in ("mini-ner", "mini-parallel") or cell.main.value == 0


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
