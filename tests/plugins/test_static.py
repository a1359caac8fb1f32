"""Static vectors: tables of model2vec and of sentence-transformers, averaged over a text's pieces."""

from __future__ import annotations

from pathlib import Path

import checkpoints
import numpy as np
import pytest
from model2vec import StaticModel
from safetensors.numpy import load_file
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

import xlbench
from xlbench.core.specs import parse
from xlbench_transformers import encoders
from xlbench_transformers.options import OPTIONS

pytestmark = pytest.mark.slow

TEXTS = [*checkpoints.sentences("eng")[:20], *checkpoints.sentences("hin")[:20], "a"]
LONG = " ".join(checkpoints.sentences("eng")) * 5
UNKNOWN = "\u3402"  # a character that is in no embedded sentence


def load(folder: Path, query: str = "device=cpu"):
    return encoders.load("static", folder, parse(f"static:somewhere?{query}", OPTIONS["static"], "static"))


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.static(tmp_path_factory.mktemp("static"))


@pytest.fixture(scope="module")
def model2vec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoints.model2vec(tmp_path_factory.mktemp("model2vec"))


def by_hand(folder: Path, text: str, name: str) -> np.ndarray:
    """The mean of the table's rows of the text's pieces."""
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text, add_special_tokens=False).ids
    return load_file(folder / "model.safetensors")[name][ids].astype(np.float64).mean(axis=0)


def test_a_table_of_sentence_transformers(static: Path) -> None:
    """Vectors are the library's, and the mean of the pieces' rows by hand."""
    ours = load(static).encode(TEXTS)
    np.testing.assert_allclose(ours, SentenceTransformer(str(static), device="cpu").encode(TEXTS), atol=1e-6)
    np.testing.assert_allclose(ours[0], by_hand(static, TEXTS[0], "embedding.weight"), atol=1e-6)


def test_a_table_of_model2vec(model2vec: Path) -> None:
    """Vectors are the library's, and by hand the mean of the pieces' rows, of unit length as the folder wants it."""
    encoder = load(model2vec)
    ours = encoder.encode(TEXTS)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, StaticModel.from_pretrained(model2vec).encode(TEXTS), atol=1e-6)
    expected = by_hand(model2vec, TEXTS[0], "embeddings")
    np.testing.assert_allclose(ours[0], expected / np.linalg.norm(expected), atol=1e-6)
    assert encoder.details["unit_length"] is True
    assert encoder.parameters == load_file(model2vec / "model.safetensors")["embeddings"].size


@pytest.mark.parametrize("name", ["static", "model2vec"])
def test_half_precision_tables_are_computed_in_float32(tmp_path: Path, name: str) -> None:
    """Of a float16 table the mean is taken in float32: vectors are those of its numbers, not rounded once more."""
    folder = getattr(checkpoints, name)(tmp_path / name, dtype="float16")
    table = "embedding.weight" if name == "static" else "embeddings"
    expected = by_hand(folder, TEXTS[0], table)
    expected = expected / np.linalg.norm(expected) if name == "model2vec" else expected
    ours = load(folder).encode(TEXTS[:1])
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours[0], expected, atol=1e-6)
    assert np.abs(ours - ours.astype(np.float16)).max() > 1e-6


@pytest.mark.parametrize("name", ["static", "model2vec"])
def test_words_have_no_context(request: pytest.FixtureRequest, name: str) -> None:
    """A word has one vector wherever it stands: that of the word as a text. One of unknown pieces alone is no error."""
    encoder = load(request.getfixturevalue(name))
    first, second = encoder.encode_words([["red", "cat", UNKNOWN], ["cat"]])
    assert first.shape == (3, 32)
    np.testing.assert_array_equal(first[1], second[0])
    np.testing.assert_allclose(first[:2], encoder.encode(["red", "cat"]), atol=1e-6)
    assert np.isfinite(first).all()


def test_pieces_that_model2vec_does_not_know(model2vec: Path) -> None:
    """model2vec leaves unknown pieces out: such a word is all zeros, and such a text, which the session counts."""
    encoder = load(model2vec)
    session = xlbench.EncodingSession(encoder)
    session.begin_cell()
    assert session.encode(["a red cat", UNKNOWN]).any(axis=1).tolist() == [True, False]
    assert session.cell_facts() == {"texts_unknown": 1}
    assert not encoder.encode_words([[UNKNOWN]])[0].any()
    assert not encoder.encode([UNKNOWN]).any()


@pytest.mark.parametrize("name", ["static", "model2vec"])
def test_limits(request: pytest.FixtureRequest, name: str) -> None:
    """max_length cuts pieces, and the encoder says of which texts."""
    folder = request.getfixturevalue(name)
    encoder = load(folder, "device=cpu&max_length=3")
    ours = encoder.encode(["a", TEXTS[0], LONG])
    assert encoder.truncated.tolist() == [False, True, True]
    assert encoder.details["max_length"] == 3
    pieces = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(TEXTS[0], add_special_tokens=False).ids[:3]
    table = load_file(folder / "model.safetensors")
    expected = next(value for key, value in table.items() if "embedding" in key)[pieces].mean(axis=0)
    cosine = ours[1] @ expected / np.linalg.norm(ours[1]) / np.linalg.norm(expected)
    if name == "static":
        assert cosine == pytest.approx(1, abs=1e-6)
    else:  # cuts characters first, at a multiple of the median piece
        same = StaticModel.from_pretrained(folder, max_length=3).encode([TEXTS[0]])[0]
        np.testing.assert_allclose(ours[1], same, atol=1e-6)


def test_model2vecs_own_limit(model2vec: Path) -> None:
    """Without an option the folder's own limit counts: 512 pieces."""
    encoder = load(model2vec)
    encoder.encode(["a", LONG])
    assert encoder.truncated.tolist() == [False, True]
    assert encoder.details["max_length"] == 512


@pytest.mark.parametrize("name", ["static", "model2vec"])
def test_prompts(request: pytest.FixtureRequest, name: str) -> None:
    """A prompt is put before the text, by role, and before no word."""
    folder = request.getfixturevalue(name)
    encoder, plain = load(folder, "device=cpu&prompt_query=ask: "), load(folder)
    np.testing.assert_allclose(encoder.encode(["a cat"], role="query"), plain.encode(["ask: a cat"]), atol=1e-6)
    np.testing.assert_allclose(encoder.encode(["a cat"]), plain.encode(["a cat"]), atol=1e-6)
    np.testing.assert_allclose(encoder.encode_words([["cat"]])[0], plain.encode(["cat"]), atol=1e-6)


@pytest.mark.parametrize(("query", "message"), [("device=cuda", "on the processor"), ("dtype=float16", "in float32")])
def test_what_model2vec_cannot(model2vec: Path, query: str, message: str) -> None:
    """A setting that model2vec cannot follow is refused."""
    with pytest.raises(xlbench.UsageError, match=message):
        load(model2vec, query)


def test_no_static_vectors(tmp_path: Path) -> None:
    """A folder whose first module is a Transformer holds no static vectors, and the line says what to try."""
    with pytest.raises(xlbench.EncoderError, match="no static vectors, its first module is Transformer: try st:"):
        load(checkpoints.sentence_transformer(tmp_path / "st"))
