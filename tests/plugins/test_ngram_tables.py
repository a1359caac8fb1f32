"""Static encoders of hashed n-grams: features, tables, folders, and the same as a module of sentence-transformers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import xlbench
from xlbench_train.static import encoder, files
from xlbench_train.static.features import NgramFeatures
from xlbench_train.static.table import packed

BUCKETS, DIMENSIONS = 4096, 16
FEATURES = NgramFeatures(BUCKETS)
TABLE = np.random.default_rng(3).standard_normal((BUCKETS, DIMENSIONS)).astype(np.float32)
ENCODER = encoder.StaticEncoder(TABLE)
MIXED = [
    "",
    " ",
    "...",
    "a",
    "Straße strasse",
    "Москва moskva",
    "नेपाल",
    "中国人",
    "ไทย",
    "서울",
    "👍🏽 ok",
    "\ud800x",
    "x" * 5000,
]

GOLDEN_STARTS = [0, 7, 24, 50, 50]
GOLDEN_IDS = [21351, 53106, 9183, 36885, 39824, 10955, 22181]
GOLDEN_SUM = 1553207


def buckets_of(text: str) -> list[int]:
    ids, _ = FEATURES.ids([text])
    return sorted(ids.tolist())


def saved(folder: Path, bits: int = 32) -> Path:
    """The table in a folder."""
    folder.mkdir(exist_ok=True)
    files.save(folder, packed(TABLE, bits), files.Settings(BUCKETS, DIMENSIONS, bits))
    return folder


# Features


def test_a_word_has_its_ngrams_and_itself() -> None:
    """Of "abc" with its ends there are three 3-grams, two 4-grams and one 5-gram, and the word as a whole."""
    assert len(buckets_of("abc")) == 3 + 2 + 1 + 1


def test_a_word_of_another_script_is_also_counted_as_it_is_written() -> None:
    """A Russian word shares all but one of its features with its Latin spelling."""
    own, latin = buckets_of("Москва"), buckets_of("moskva")
    assert len(own) == len(latin) + 1
    assert set(latin) < set(own)


def test_dense_scripts_are_counted_by_character() -> None:
    """Of three Han characters there are three 1-grams, two 2-grams and one 3-gram more than of their Latin spelling."""
    assert len(buckets_of("中国人")) == len(buckets_of("zhongguoren")) + 1 + 3 + 2 + 1


def test_case_notation_and_punctuation_make_no_difference() -> None:
    """Texts that differ in case, Unicode notation and punctuation alone have equal features."""
    assert buckets_of("Naïve, CAFÉ!") == buckets_of("nai\u0308ve cafe\u0301")


def test_features_are_the_same_on_every_machine() -> None:
    """What the buckets of some texts are is written here: a table is of no use with others."""
    ids, starts = NgramFeatures(65536).ids(["abc", "Москва", "中国", ""])
    assert starts.tolist() == GOLDEN_STARTS
    assert ids[:7].tolist() == GOLDEN_IDS
    assert int(ids.sum()) == GOLDEN_SUM


def test_empty_texts_are_empty_bags() -> None:
    """Texts without a word have no features, and neither has no text at all."""
    ids, starts = FEATURES.ids(["", " ", "...", "\n"])
    assert (ids.size, starts.tolist()) == (0, [0, 0, 0, 0, 0])
    assert FEATURES.ids([])[1].tolist() == [0]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=20), max_size=6))
def test_a_text_has_the_same_features_among_others(texts: list[str]) -> None:
    """Features of a text depend on nothing but the text."""
    ids, starts = FEATURES.ids(texts)
    assert len(starts) == len(texts) + 1
    for text, first, last in zip(texts, starts, starts[1:], strict=False):
        assert sorted(ids[first:last].tolist()) == buckets_of(text)


# The encoder


def test_vectors_by_hand() -> None:
    """A word is the sum of its rows over the root of their number; a text the sum of its words, of length one."""
    text = "the cat the"
    sums = [TABLE[buckets_of(word)].sum(axis=0) / np.sqrt(len(buckets_of(word))) for word in text.split()]
    expected = np.sum(sums, axis=0)
    np.testing.assert_allclose(ENCODER.encode([text])[0], expected / np.linalg.norm(expected), atol=1e-6)


def test_a_text_without_words_is_unknown() -> None:
    """Its vector is zero, which the encoder says; all others are of length one."""
    lengths = np.linalg.norm(ENCODER.encode(MIXED), axis=1)
    assert ENCODER.zero_is_unknown
    np.testing.assert_allclose(lengths, [0, 0, 0] + [1] * (len(MIXED) - 3), atol=1e-6)


def test_words_have_no_context() -> None:
    """A word's vector is the sum of its rows wherever it stands; a sentence without words has none."""
    (found, none) = ENCODER.encode_words([["Anna", "lives", "Anna", "?"], []])
    expected = [TABLE[buckets_of(word)].sum(axis=0) / np.sqrt(len(buckets_of(word))) for word in ("Anna", "lives")]
    np.testing.assert_allclose(found, [*expected, expected[0], np.zeros(DIMENSIONS)], atol=1e-5)
    assert none.shape == (0, DIMENSIONS)
    assert ENCODER.encode_words([[], []])[1].shape == (0, DIMENSIONS)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many texts are taken at a time, their vectors are the same."""
    whole = ENCODER.encode(MIXED)
    monkeypatch.setattr(encoder, "BLOCK", 2)
    np.testing.assert_array_equal(ENCODER.encode(MIXED), whole)


def test_nothing_to_encode() -> None:
    """No texts are an error of one line."""
    for encode in (ENCODER.encode, ENCODER.encode_words):
        with pytest.raises(xlbench.EncoderError, match="nothing to encode"):
            encode([])


# Tables and folders


@pytest.mark.parametrize(("bits", "nearest"), [(32, 1.0), (8, 0.9999), (4, 0.98)])
def test_rounding_keeps_directions(bits: int, nearest: float) -> None:
    """Vectors of a rounded table lie near those of the table: a cosine of .9999 with 8 bits, .98 with 4."""
    texts = ["a short text", "Москва", "中国人", "one two three four five six seven eight"]
    exact, rounded = ENCODER.encode(texts), encoder.StaticEncoder(packed(TABLE, bits).unpacked()).encode(texts)
    assert (exact * rounded).sum(axis=1).min() >= nearest - 1e-6


def test_rows_of_zeros_stay_zeros() -> None:
    """A row of zeros, whose scale is zero, is one of zeros after rounding."""
    for bits in (4, 8):
        assert not packed(np.zeros((3, 4), np.float32), bits).unpacked().any()


@pytest.mark.parametrize(("table", "bits"), [(np.ones((2, 3)), 4), (np.ones((2, 4)), 5), (np.full((2, 4), np.nan), 8)])
def test_what_cannot_be_packed(table: np.ndarray, bits: int) -> None:
    """An odd width with 4 bits, other bits, and numbers that are not finite are refused."""
    with pytest.raises(ValueError, match=r"bits|finite"):
        packed(table.astype(np.float32), bits)


@pytest.mark.parametrize("bits", [4, 8, 32])
def test_a_folder_holds_its_table(tmp_path: Path, bits: int) -> None:
    """What is saved comes back to the bit."""
    table, read = files.load(saved(tmp_path, bits))
    assert read == files.Settings(BUCKETS, DIMENSIONS, bits)
    np.testing.assert_array_equal(table.unpacked(), packed(TABLE, bits).unpacked())


def _settings(**changes: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / files.SETTINGS
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

    return change


def _tensors(name: str, value: np.ndarray) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        save_file({**load_file(folder / files.WEIGHTS), name: value}, folder / files.WEIGHTS)

    return change


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda folder: (folder / files.SETTINGS).unlink(), xlbench.UsageError, "there is no .*config.json"),
        (lambda folder: (folder / files.WEIGHTS).unlink(), xlbench.UsageError, "there is no .*model.safetensors"),
        (lambda folder: (folder / files.WEIGHTS).write_bytes(b"x" * 20), xlbench.DataError, "damaged"),
        (lambda folder: (folder / files.SETTINGS).write_text("[" * 100_000), xlbench.DataError, "does not describe"),
        (_settings(buckets="many"), xlbench.DataError, "whole numbers"),
        (_settings(bits=5), xlbench.DataError, "whole numbers"),
        (_settings(features=99), xlbench.UsageError, "version 99"),
        (_settings(buckets=BUCKETS * 2), xlbench.DataError, "does not hold the table"),
        (_tensors(files.TABLE, np.zeros((2, 2), np.int8)), xlbench.DataError, "does not hold the table"),
        (_tensors("another", np.zeros(2, np.int8)), xlbench.DataError, "does not hold the table"),
        (_tensors(files.SCALES, np.full(BUCKETS, np.inf, np.float16)), xlbench.DataError, "not finite"),
    ],
)
def test_damaged_folders(
    tmp_path: Path, change: Callable[[Path], None], error: type[xlbench.XlbenchError], message: str
) -> None:
    """What is missing, damaged or of another version is refused in one line that names the file."""
    folder = saved(tmp_path, 8)
    change(folder)
    with pytest.raises(error, match=message) as caught:
        encoder.load(folder)
    assert "\n" not in str(caught.value)


# As a module of sentence-transformers


@pytest.mark.slow
def test_sentence_transformers_reads_and_writes_the_same_folder(tmp_path: Path) -> None:
    """A new model has the vectors of the static encoder, trained or not, saved in 32 bits or in 4, and empty texts."""
    from sentence_transformers import SentenceTransformer

    from xlbench_train.training.ngram_module import new_ngram_model

    model = new_ngram_model(BUCKETS, DIMENSIONS, seed=3)
    for bits in (32, 4):
        model[0].bits = bits
        model.save(str(tmp_path / str(bits)), create_model_card=False)
        again = SentenceTransformer(str(tmp_path / str(bits)), trust_remote_code=True)
        vectors = encoder.load(tmp_path / str(bits)).encode(MIXED)
        np.testing.assert_allclose(again.encode(MIXED), vectors, atol=1e-5)
    table = model[0].embedding.weight.detach().numpy()
    np.testing.assert_allclose(model.encode(MIXED), encoder.StaticEncoder(table).encode(MIXED), atol=1e-5)
    assert not model.encode(["", " "]).any()
    with pytest.raises(xlbench.UsageError, match="at least one bucket"):
        new_ngram_model(0, 4, seed=0)
