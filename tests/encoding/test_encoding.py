"""The encoding session: every text once, every vector checked."""

import contextlib
import sqlite3
from types import MappingProxyType

import numpy as np
import pytest

from xlbench.core.errors import DataMissing, EncoderError, InconsistentEncoder
from xlbench.core.model import Transform
from xlbench.encoding import CHUNK, EncodingSession, ModelCache
from xlbench.encoding.cache import Cache
from xlbench.encoding.remembered import REMEMBERED


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
    session = EncodingSession(Lengths(), memory_bytes=64)
    many = [chr(97 + i) * (i + 1) for i in range(20)]
    first = session.encode(many)
    session.encode([text + "!" for text in many])
    assert (session.encode(many) == first).all()


def test_progress_counts_up_to_the_number_of_new_texts():
    """Progress is told of the beginning and of every chunk, and ends at the whole."""
    seen = []
    texts = [f"{row}" for row in range(CHUNK + 5)]
    EncodingSession(Lengths(), progress=lambda done, total: seen.append((done, total))).encode(texts)
    assert seen == [(0, CHUNK + 5), (CHUNK, CHUNK + 5), (CHUNK + 5, CHUNK + 5)]


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
        (lambda v: v.tolist(), "returned list, which is no array"),
        (lambda v: None, "returned NoneType, which is no array"),
        (lambda v: v.astype(str), "returned an array of <U"),
        (lambda v: v.astype(object), "returned an array of object"),
        (lambda v: v.astype(complex), "returned an array of complex128"),
        (lambda v: np.ma.masked_equal(v, ord("b")), "returned MaskedArray with masked numbers"),
        (lambda v: v.astype(np.float64) * 1e300, "the vector of 'a' holds NaN or infinity"),
        (lambda v: v * (1.0 if len(v) > 1 else 1.5), "moves by 0.5 of its length when it is encoded alone"),
    ],
)
def test_vectors_that_cannot_be_scored_are_refused(change, message):
    """NaN, infinity, zeros, a wrong count or shape, no numbers, and vectors that depend on the batch are errors."""
    with pytest.raises(EncoderError) as caught:
        EncodingSession(Lengths(change)).encode(["a", "bb", "ccc"])
    assert message in str(caught.value)


def test_a_masked_array_without_a_mask_is_an_array():
    """Nothing lies under it: the vectors are those of the plain array."""
    plain = EncodingSession(Lengths(lambda v: v)).encode(["a", "bb"])
    masked = EncodingSession(Lengths(np.ma.masked_array)).encode(["a", "bb"])
    assert type(masked) is np.ndarray
    assert np.array_equal(masked, plain)


def test_masked_vectors_of_words_are_refused():
    """As those of texts are."""

    class Masked(Padded):
        def encode_words(self, sentences):
            return [np.ma.masked_array(np.ones((len(words), 2)), mask=True) for words in sentences]

    with pytest.raises(EncoderError, match="returned MaskedArray with masked numbers"):
        EncodingSession(Masked()).encode_words([["to", "be"]])


def test_masked_flags_of_cut_texts_are_refused():
    """Whether a text was cut is known of each, or of none."""

    class Masked(Lengths):
        def encode(self, texts, role=None):
            self.truncated = np.ma.masked_array(np.zeros(len(texts), bool), mask=True)
            return super().encode(texts, role)

    with pytest.raises(EncoderError, match="truncated holds masked values"):
        EncodingSession(Masked(lambda v: v)).encode(["a", "bb"])


class Padded:
    """Averages padding in: a vector depends on the longest text that is encoded at once, ``batch`` texts at a time."""

    def __init__(self, batch=1024):
        self.batch = batch

    def encode(self, texts, role=None):
        batches = [texts[start : start + self.batch] for start in range(0, len(texts), self.batch)]
        return np.array([[len(text) / max(map(len, batch)), 1.0] for batch in batches for text in batch])

    def encode_words(self, sentences):
        longest = max(map(len, sentences))
        return [np.full((len(words), 2), len(words) / longest) for words in sentences]


def test_padding_that_is_averaged_in_is_found():
    """An encoder whose vectors depend on how far a text was padded is refused, though the longest text is not padded;
    a request of one text says nothing, and does not use the check up."""
    session = EncodingSession(Padded())
    session.encode(["zzzz"])
    with pytest.raises(InconsistentEncoder, match="the vector of 'a' moves by"):
        session.encode(["a", "bb", "cccc"])


def test_padding_within_batches_of_equal_lengths_is_found():
    """Texts that are sorted and batched by length are hardly padded: the shortest is tried beside the longest."""
    texts = [letter * length for length in (1, 9) for letter in "abcdefgh"]
    with pytest.raises(InconsistentEncoder, match=r"'a' moves by .* when it is encoded beside a longer text"):
        EncodingSession(Padded(batch=8)).encode(texts)


def test_padding_of_words_is_found():
    """Vectors of words that depend on the other sentences are refused as those of texts are."""
    session = EncodingSession(Padded())
    session.encode_words([["zzzz"]])
    with pytest.raises(InconsistentEncoder, match="the vector of 'to be' moves by"):
        session.encode_words([["to", "be"], ["or", "not", "to", "be"]])


def test_vectors_are_checked_again_now_and_then():
    """An encoder that changes its mind after thousands of texts is found out."""

    class Tiring(Lengths):
        def encode(self, texts, role=None):
            self.calls = getattr(self, "calls", 0) + 1
            return super().encode(texts, role) * (1 if len(self.given) < 3 * CHUNK else self.calls)

    session = EncodingSession(Tiring())
    with pytest.raises(InconsistentEncoder):
        session.encode([f"text {number}" for number in range(5 * CHUNK)])


def test_an_inconsistent_encoder_fails_as_a_whole(tmp_path):
    """Once found out, it gives no vector any more, neither of texts that it had encoded before nor of words; nothing
    of it is in the cache, and a later session, or one with another transform, knows it without loading it."""
    session = EncodingSession(Padded(), cache=cached(tmp_path))
    session.encode(["aaaa", "bbbb"])
    with Cache(tmp_path / "cache") as cache:
        assert cache.info().entries == 2  # nothing was padded so far
    with pytest.raises(InconsistentEncoder):
        session.encode(["a", "bb", "cccc"])
    doubled = session.with_transform(Transform(fit=lambda given: lambda vectors: 2 * vectors))
    later = EncodingSession(load=never, cache=cached(tmp_path))
    for other in (session, doubled, later):
        with pytest.raises(InconsistentEncoder, match="'a' moves by"):
            other.encode(["aaaa", "bbbb"])
        with pytest.raises(InconsistentEncoder, match="'a' moves by"):
            other.encode_words([["to", "be"]])
    with pytest.raises(InconsistentEncoder, match="found in an earlier run: 'xlbench cache clear lengths' forgets it"):
        later.encode(["aaaa"])
    with Cache(tmp_path / "cache") as cache:
        assert cache.info().entries == 0
        cache.clear("lengths")
    mended = EncodingSession(Lengths(), cache=cached(tmp_path))
    assert mended.encode(["a", "bb"]).tolist() == [[2, 97], [3, 98]]


def test_vectors_that_were_not_checked_are_not_cached(tmp_path):
    """A text that was encoded alone is cached only where the encoder was found to be consistent before."""
    session = EncodingSession(Lengths(), cache=cached(tmp_path))
    session.encode(["a"])
    session.encode(["bb", "ccc"])
    session.encode(["dddd"])
    later = EncodingSession(Lengths(), cache=cached(tmp_path))
    later.encode(["a", "bb", "ccc", "dddd"])
    assert (later.found, later.encoded) == (3, 1)


def test_vectors_without_a_note_of_their_encoder_are_made_again(tmp_path):
    """Where the cache has lost what it noted of a model, its vectors tell neither parameters nor that they were
    checked: they are computed again, and noted."""

    class Learned(Lengths):
        parameters = 7

    EncodingSession(Learned(), cache=cached(tmp_path)).encode(["a", "bb"])
    with Cache(tmp_path / "cache") as cache, contextlib.closing(sqlite3.connect(cache.path)) as connection, connection:
        connection.execute("UPDATE models SET facts = '{}'")
    for found in (0, 2):
        session = EncodingSession(Learned(), cache=cached(tmp_path))
        session.encode(["a", "bb"])
        assert (session.found, session.parameters) == (found, 7)


def test_what_is_known_of_an_encoder_outlives_damage_to_the_cache(tmp_path):
    """A cache that is damaged and begun anew while a model is being scored holds what is known of the model, too."""

    class Learned(Lengths):
        parameters = 7

    own = cached(tmp_path)
    session = EncodingSession(Learned(), cache=own)
    session.encode(["a", "bb"])
    own.cache.close()
    (tmp_path / "cache" / "vectors-2.sqlite").write_bytes(b"no database" * 999)
    session.encode(["ccc", "dddd"])
    assert "was set aside" in own.cache.warnings[0]
    later = EncodingSession(load=never, cache=cached(tmp_path))
    later.encode(["ccc", "dddd"])
    assert (later.found, later.parameters) == (2, 7)


@pytest.mark.parametrize(("dtype", "moves"), [("float32", True), ("float16", True), ("bfloat16", False)])
def test_half_precision_may_move_by_its_rounding(dtype, moves):
    """A vector that is 0.02 off alone is refused in float32 and float16; it is what bfloat16 is like."""

    class Rounded(Lengths):
        details = MappingProxyType({"dtype": dtype})

    session = EncodingSession(Rounded(lambda vectors: vectors * (1.0 if len(vectors) > 1 else 1.02)))
    if moves:
        with pytest.raises(EncoderError, match=r"moves by 0\.02"):
            session.encode(["a", "bb"])
    else:
        assert len(session.encode(["a", "bb"])) == 2


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


def never():
    raise AssertionError("the encoder must not be loaded")


def cached(tmp_path, model="a" * 64):
    return ModelCache(Cache(tmp_path / "cache"), model, "lengths")


def test_nothing_is_loaded_where_all_vectors_are_kept(tmp_path):
    """A second session finds texts, words, and what is known of the encoder, in the cache."""

    class Words(Lengths):
        parameters = 7
        details = MappingProxyType({"pooling": "none"})

        def encode_words(self, sentences):
            return [np.array([[len(word), 1.0] for word in words]) for words in sentences]

    sentences = [["to", "be"], ["or"], ["to", "be"]]
    first = EncodingSession(Words(), cache=cached(tmp_path))
    vectors, words = first.encode(["ccc", "a", "bb", "a"]), first.encode_words(sentences)
    again = EncodingSession(load=never, cache=cached(tmp_path))
    assert again.encode(["ccc", "a", "bb", "a"]).tolist() == vectors.tolist()
    found = again.encode_words(sentences)
    assert found.vectors[found.rows].tolist() == words.vectors[words.rows].tolist() == [[2, 1]] * 5
    assert found.contextual
    assert (again.encoded, again.found, again.parameters, dict(again.details)) == (0, 5, 7, {"pooling": "none"})
    assert again.dtype == first.dtype == "float64"
    assert not again.is_loaded


def test_words_that_were_never_encoded_are_encoded(tmp_path):
    """Where the cache has texts of a model alone, what it knows says that the encoder gives words, and it is loaded
    for them; an encoder without words is not loaded to find that out."""

    class Words(Lengths):
        def encode_words(self, sentences):
            return [np.array([[len(word), 1.0] for word in words]) for words in sentences]

    for kind, model in ((Words, "a" * 64), (Lengths, "b" * 64)):
        EncodingSession(kind(), cache=cached(tmp_path, model)).encode(["to", "be"])
    session = EncodingSession(load=Words, cache=cached(tmp_path))
    assert session.has_words
    assert not session.is_loaded
    found = session.encode_words([["to", "be"]])
    assert found.contextual
    assert found.vectors[found.rows].tolist() == [[2, 1]] * 2
    without = EncodingSession(load=never, cache=cached(tmp_path, "b" * 64))
    assert not without.encode_words([["to", "be"]]).contextual


def test_models_never_share_vectors(tmp_path):
    """What is kept under one identity is not found under another."""
    EncodingSession(Lengths(), cache=cached(tmp_path)).encode(["a"])
    other = EncodingSession(Lengths(lambda vectors: 2 * vectors), cache=cached(tmp_path, "b" * 64))
    assert other.encode(["a"]).tolist() == [[4, 2 * ord("a")]]
    assert other.found == 0


def test_a_stopped_run_resumes_with_the_same_chunks(tmp_path):
    """Chunks are kept whole, so the encoder is handed the same chunks whether or not it was stopped in between."""

    class Stopped(Lengths):
        def encode(self, texts, role=None):
            if len(self.given) == CHUNK + 3:  # one chunk, and the texts that are encoded again
                raise KeyboardInterrupt
            return super().encode(texts, role)

    texts = [f"text {i}" for i in range(3 * CHUNK)]
    whole, stopped, resumed = Lengths(), Stopped(), Lengths()
    EncodingSession(whole).encode(texts)
    with pytest.raises(KeyboardInterrupt):
        EncodingSession(stopped, cache=cached(tmp_path)).encode(texts)
    EncodingSession(resumed, cache=cached(tmp_path)).encode(texts)
    begin = CHUNK + 3  # after the first chunk of a session, its first text alone, and beside its last
    assert stopped.given[:CHUNK] == whole.given[:CHUNK]
    assert resumed.given[:CHUNK] == whole.given[begin : begin + CHUNK]


def test_texts_that_were_cut_are_counted_in_each_cell(tmp_path):
    """A text over the length limit is noted in every cell that asks for it, from the encoder or from the cache."""

    class Short(Lengths):
        def encode(self, texts, role=None):
            self.truncated = [len(text) > 3 for text in texts]
            return super().encode(texts, role)

    for session in (
        EncodingSession(Short(), cache=cached(tmp_path)),
        EncodingSession(load=never, cache=cached(tmp_path)),
    ):
        session.begin_cell()
        session.encode(["a", "long one", "other", "long one"])
        assert session.cell_facts() == {"texts_cut": 2}
        session.begin_cell()
        session.encode(["a", "other"])
        assert session.cell_facts() == {"texts_cut": 1}
        assert session.notes() == ("texts longer than the encoder's limit were cut (how many: Models)",)
        session.begin_cell()
        session.encode(["a"])
        assert (session.cell_facts(), session.notes()) == ({}, ())


def test_flags_of_another_length_are_an_error():
    """An encoder that says less or more about cutting than it was asked is told so."""

    class Odd(Lengths):
        truncated = (True,)

    with pytest.raises(EncoderError, match=r"truncated has shape \(1,\) after a call with 2 texts"):
        EncodingSession(Odd()).encode(["a", "bb"])


def test_chunks_are_halved_where_memory_runs_out():
    """An encoder that can take three texts at once gets no more, and one that can take none is one clear line."""

    class Small(Lengths):
        room = 3

        def encode(self, texts, role=None):
            if len(texts) > self.room:
                raise RuntimeError("CUDA error: out of memory")
            return super().encode(texts, role)

    encoder = Small()
    vectors = EncodingSession(encoder).encode([chr(97 + i) for i in range(10)])
    assert vectors[:, 1].tolist() == [97 + i for i in range(10)]
    encoder.room = 0
    with pytest.raises(EncoderError, match="out of memory, even for 'z' alone"):
        EncodingSession(encoder).encode(["z"])


def test_sentences_are_halved_where_memory_runs_out():
    """The same for sentences of words; what is no list of arrays is one clear line, too."""

    class Small(Lengths):
        room = 3

        def encode_words(self, sentences):
            if len(sentences) > self.room:
                raise MemoryError
            return [np.array([[len(word), 1.0] for word in words]) for words in sentences] if self.room < 9 else None

    encoder = Small()
    sentences = [("a" * (i + 1), "b") for i in range(10)]
    words = EncodingSession(encoder).encode_words(sentences)
    assert words.vectors[words.rows][:, 0].tolist() == [length for i in range(10) for length in (i + 1, 1)]
    encoder.room = 0
    with pytest.raises(EncoderError, match="out of memory, even for 'a b' alone"):
        EncodingSession(encoder).encode_words(sentences)
    encoder.room = 9
    with pytest.raises(EncoderError, match="encode_words returned NoneType"):
        EncodingSession(encoder).encode_words(sentences[:2])


def test_an_encoder_that_cannot_be_loaded_is_tried_once():
    """Its reason is one line, told for every request; data that is missing stays what it is."""
    tries = []

    def failing():
        tries.append(1)
        raise OSError("no such\nfile")

    session = EncodingSession(load=failing)
    for _ in range(2):
        with pytest.raises(EncoderError, match="the model cannot be loaded: OSError: no such file"):
            session.encode(["a"])
    assert len(tries) == 1

    def absent():
        raise DataMissing("the checkpoint is not here")

    with pytest.raises(DataMissing, match="not here"):
        EncodingSession(load=absent).encode(["a"])


def test_a_transform_is_applied_after_keeping(tmp_path):
    """Two models that differ in their transform share one encoding, and each hands on its own vectors."""
    first = Transform(fit=lambda given: lambda vectors: vectors[:, :1], words=lambda vectors: vectors[:, :1])
    doubled = Transform(fit=lambda given: lambda vectors: 2 * vectors)
    cut = EncodingSession(Lengths(), cache=cached(tmp_path), transform=first)
    assert cut.encode(["a", "bb"]).tolist() == [[2], [3]]
    assert cut.dimensions == 1
    other = EncodingSession(load=never, cache=cached(tmp_path), transform=doubled)
    assert other.encode(["a", "bb"]).tolist() == [[4, 2 * 97], [6, 2 * 98]]


def test_a_transform_is_fitted_on_the_texts_that_it_names():
    """Given texts are encoded for it, whatever is scored."""
    centered = Transform(fit=lambda given: lambda vectors: vectors - given.mean(0) + 1, fit_on=("a", "aaa"))
    assert EncodingSession(Lengths(), transform=centered).encode(["aaaaa"]).tolist() == [[4, 1]]


def test_texts_that_a_transform_is_fitted_on_are_not_the_cells():
    """A text that is cut and only fitted on is not counted among the cell's, whichever cell comes first."""

    class Short(Lengths):
        def encode(self, texts, role=None):
            self.truncated = [len(text) > 3 for text in texts]
            return super().encode(texts, role)

    centered = Transform(fit=lambda given: lambda vectors: vectors - given.mean(0) + 1, fit_on=("a", "aaaaa"))
    session = EncodingSession(Short(), transform=centered)
    session.begin_cell()
    session.encode(["bb", "dddd"])
    assert session.cell_facts() == {"texts_cut": 1}


def test_a_transductive_transform_is_fitted_on_each_cell():
    """All the texts of the cell, asked for in one request or in two, and no others; the cell is marked."""
    centered = Transform(fit=lambda given: lambda vectors: vectors - given.mean(0) + 1, fit_on=None)
    session = EncodingSession(Lengths(), transform=centered)
    for texts, expected in ((["a", "aaa"], [[0, 1], [2, 1]]), (["aaaaa"], [[1, 1]])):
        session.begin_cell()
        for text in texts:
            session.encode([text])
        session.fit()
        assert session.encode(texts).tolist() == expected
        assert any("transductive" in note for note in session.notes())


def test_words_are_spared_a_transform_that_is_fitted_on_texts():
    """A cell of words alone is scored without it, and says so; it is no transductive score then."""

    class Words(Lengths):
        def encode_words(self, sentences):
            return [np.array([[len(word), 1.0] for word in words]) for words in sentences]

    for fit_on in (None, ("a", "aaa")):
        centered = Transform(fit=lambda given: lambda vectors: vectors - given.mean(0) + 1, fit_on=fit_on)
        session = EncodingSession(Words(), transform=centered)
        session.begin_cell()
        session.encode_words([("a", "bb")])
        if session.transductive:
            session.fit()
        words = session.encode_words([("a", "bb")])
        assert words.vectors[words.rows].tolist() == [[1, 1], [2, 1]]
        assert session.notes() == ("the transform that is fitted on texts was not applied to vectors of words",)
        session.begin_cell()
        assert not any("words" in note for note in session.notes())


def test_what_cells_learn_from_the_same_vectors_is_learned_once():
    """An equal key has the earlier answer, another one its own; a transform that is fitted on each cell keeps none."""
    made = []

    def learn():
        made.append(len(made))
        return made[-1]

    session = EncodingSession(Lengths())
    assert [session.once(key, learn) for key in (("eng", 1), ("hin", 1), ("eng", 1))] == [0, 1, 0]
    changing = Transform(fit=lambda given: lambda vectors: vectors, fit_on=None)
    session = EncodingSession(Lengths(), transform=changing)
    assert session.once("key", learn) != session.once("key", learn)


def test_results_that_are_kept_are_bounded():
    """Of many keys the ones asked for last are kept."""
    session = EncodingSession(Lengths())
    for key in [*range(REMEMBERED), 0, REMEMBERED]:
        session.once(key, lambda key=key: key)
    again = [key for key in (0, REMEMBERED, 1) if session.once(key, lambda: "made again") == "made again"]
    assert again == [1]
