"""Fine-tuned pairs: where their encoder's weights lie, how they pool, and what their head says."""

from __future__ import annotations

import json
from pathlib import Path

import checkpoints
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import xlbench
import xlbench_transformers
from xlbench.core.specs import parse
from xlbench_transformers import encoders
from xlbench_transformers.options import OPTIONS

pytestmark = pytest.mark.slow

TEXTS = list(checkpoints.sentences("eng")[:6])


def load(folder: Path, query: str = "device=cpu", kind: str = "siamese"):
    return encoders.load(kind, folder, parse(f"{kind}:somewhere?{query}", OPTIONS[kind], kind))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The encoder of `checkpoints.siamese` as a checkpoint of its own."""
    return checkpoints.bert(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("prefix", ["", "bert.", "encoder.", "model.", "model.encoder.", "0.auto_model."])
def test_any_prefix(plain: Path, tmp_path: Path, prefix: str) -> None:
    """The encoder's weights are found under any prefix: vectors are those of the encoder alone."""
    encoder = load(checkpoints.siamese(tmp_path, prefix=prefix))
    np.testing.assert_allclose(encoder.encode(TEXTS), load(plain, kind="hf").encode(TEXTS), atol=1e-6)
    assert encoder.details["head"] == "classifier.weight: 3 classes over u, v, |u-v|"


def test_the_head_makes_no_vectors(plain: Path, tmp_path: Path) -> None:
    """With and without a head the vectors are the same, and details say which it is."""
    with_head = load(checkpoints.siamese(tmp_path / "with"))
    without = load(checkpoints.siamese(tmp_path / "without", head=False))
    np.testing.assert_array_equal(with_head.encode(TEXTS), without.encode(TEXTS))
    assert without.details["head"] == "none"
    assert with_head.parameters == without.parameters == load(plain, kind="hf").parameters


def test_probabilities_by_hand(tmp_path: Path) -> None:
    """pair_probabilities is softmax(W (u, v, |u - v|) + b), by hand."""
    folder = checkpoints.siamese(tmp_path)
    encoder, weights = load(folder), load_file(folder / "model.safetensors")
    found = encoder.pair_probabilities(TEXTS[:3], TEXTS[3:])
    for row, (a, b) in enumerate(zip(TEXTS[:3], TEXTS[3:], strict=True)):
        (u,), (v,) = encoder.encode([a]).tolist(), encoder.encode([b]).tolist()
        x = [*u, *v, *(abs(one - other) for one, other in zip(u, v, strict=True))]
        scores = [
            sum(w * value for w, value in zip(line, x, strict=True)) + bias
            for line, bias in zip(
                weights["classifier.weight"].tolist(), weights["classifier.bias"].tolist(), strict=True
            )
        ]
        powers = [np.exp(score - max(scores)) for score in scores]
        assert found[row] == pytest.approx([power / sum(powers) for power in powers], abs=1e-5)
    assert found.shape == (3, 3)


def test_probabilities_with_other_inputs(tmp_path: Path) -> None:
    """siamese.json says what the head is given, and what its classes are called."""
    head = {"inputs": ["u", "u*v", "|u-v|"], "labels": ["yes", "no", "maybe"]}
    folder = checkpoints.siamese(tmp_path, settings={"head": head})
    encoder, weights = load(folder), load_file(folder / "model.safetensors")
    u, v = encoder.encode(TEXTS[:1])[0], encoder.encode(TEXTS[1:2])[0]
    scores = weights["classifier.weight"] @ np.concatenate([u, u * v, np.abs(u - v)]) + weights["classifier.bias"]
    expected = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(encoder.pair_probabilities(TEXTS[:1], TEXTS[1:2])[0], expected, atol=1e-5)
    assert encoder.details["head"] == "classifier.weight: 3 classes (yes, no, maybe) over u, u*v, |u-v|"


def test_no_head_no_probabilities(tmp_path: Path) -> None:
    """An encoder without a head says so; texts that make no pairs are refused."""
    with pytest.raises(xlbench.EncoderError, match="no head over pairs"):
        load(checkpoints.siamese(tmp_path / "without", head=False)).pair_probabilities(TEXTS, TEXTS)
    with pytest.raises(xlbench.EncoderError, match="6 texts and 1 make no pairs"):
        load(checkpoints.siamese(tmp_path / "with")).pair_probabilities(TEXTS, TEXTS[:1])


@pytest.mark.parametrize(
    ("settings", "query", "pooling", "source"),
    [
        (None, "device=cpu", "mean", "default"),
        ({"pooling": "cls"}, "device=cpu", "cls", "siamese.json"),
        ({"pooling": "cls"}, "device=cpu&pooling=max", "max", "spec"),
        ({}, "device=cpu", "mean", "default"),
    ],
)
def test_pooling(plain: Path, tmp_path: Path, settings, query: str, pooling: str, source: str) -> None:
    """Pooling is the spec's, else that of siamese.json, else the mean; details say which and why."""
    encoder = load(checkpoints.siamese(tmp_path, settings=settings), query)
    assert (encoder.details["pooling"], encoder.details["pooling_from"]) == (pooling, source)
    expected = load(plain, f"device=cpu&pooling={pooling}", kind="hf").encode(TEXTS)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-6)


def test_a_folder_of_sentence_transformers(tmp_path: Path) -> None:
    """A pair saved by sentence-transformers is encoded as its own folder says, and leaves pooling alone."""
    folder = checkpoints.labse_like(tmp_path / "labse")
    encoder = load(folder)
    np.testing.assert_array_equal(encoder.encode(TEXTS), load(folder, kind="st").encode(TEXTS))
    assert encoder.details["head"] == "none"
    assert encoder.details["modules"] == "Transformer, Pooling (cls), Dense, Normalize"
    with pytest.raises(xlbench.UsageError, match=r"pooling is the folder's own"):
        load(folder, "device=cpu&pooling=cls")


def test_words_and_limits_are_the_encoders(plain: Path, tmp_path: Path) -> None:
    """Vectors of words, the length limit and what was cut at it are those of the encoder."""
    encoder, alone = load(checkpoints.siamese(tmp_path), "device=cpu&max_length=8"), load(plain, "max_length=8", "hf")
    words = [text.split() for text in TEXTS]
    for ours, theirs in zip(encoder.encode_words(words), alone.encode_words(words), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_allclose(encoder.encode([*TEXTS, "a"]), alone.encode([*TEXTS, "a"]), atol=1e-6)
    assert encoder.truncated.tolist() == [True] * len(TEXTS) + [False]
    assert encoder.details["max_length"] == 8


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"poling": "cls"}, "no setting 'poling'. Did you mean 'pooling'"),
        ({"pooling": "clss"}, "pooling 'clss'.* Did you mean 'cls'"),
        ({"head": {"inputs": ["u", "w"]}}, "no input 'w'"),
        ([], "no object"),
        ({"head": "classifier"}, "no object"),
        ({"head": {"weight": "clasifier.weight"}}, "no tensor 'clasifier.weight'.* Did you mean 'classifier.weight'"),
        ({"head": {"weight": "classifier.weight", "inputs": ["u", "v"]}}, r"has shape \(3, 96\); .*\(classes, 64\)"),
        ({"head": {"labels": ["a", "b"]}}, "2 labels for the 3 classes"),
        ({"head": {"bias": "nothing"}}, "no tensor 'nothing' for the head's bias"),
    ],
)
def test_bad_settings_are_one_line(tmp_path: Path, settings, message: str) -> None:
    """What siamese.json gets wrong is one line with the file's name and what there is."""
    folder = checkpoints.siamese(tmp_path, settings=settings)
    with pytest.raises(xlbench.XlbenchError, match=message) as caught:
        load(folder)
    assert str(folder / "siamese.json") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_broken_settings_are_one_line(tmp_path: Path) -> None:
    """A siamese.json that is no JSON is one line."""
    folder = checkpoints.siamese(tmp_path)
    (folder / "siamese.json").write_text("{pooling: cls}")
    with pytest.raises(xlbench.DataError, match=r"siamese.json: no JSON"):
        load(folder)


def test_two_heads_need_a_choice(tmp_path: Path) -> None:
    """Of two matrices that could be the head one has to be named."""
    folder = checkpoints.siamese(tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "other.weight": weights["classifier.weight"]}, folder / "model.safetensors")
    with pytest.raises(xlbench.EncoderError, match=r"classifier.weight and other.weight could be the head"):
        load(folder)
    (folder / "siamese.json").write_text(json.dumps({"head": {"weight": "other.weight"}}))
    encoder = load(folder)
    assert encoder.details["head"] == "other.weight: 3 classes over u, v, |u-v|"
    assert not encoder.head.bias.any()


def test_another_models_weights_are_refused(tmp_path: Path) -> None:
    """Tensors that are none of the encoder's, or lack some, are refused instead of random."""
    folder = checkpoints.siamese(tmp_path)
    weights = load_file(folder / "model.safetensors")
    save_file({f"x.{number}": value for number, value in enumerate(weights.values())}, folder / "model.safetensors")
    with pytest.raises(xlbench.EncoderError, match=r"no tensor is one of a BertModel: the first is x\.0"):
        load(folder)
    weights.pop("encoder.encoder.layer.0.output.dense.weight")
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(xlbench.EncoderError, match="weights are missing"):
        load(folder)


def siamese_models(spec: str) -> list[xlbench.Model]:
    (scheme,) = (scheme for scheme in xlbench_transformers.xlbench_schemes() if scheme.name == "siamese")
    return list(scheme.model(spec))


def test_identity_of_a_folder_of_sentence_transformers(tmp_path: Path) -> None:
    """Identity covers all modules of such a folder: another dense layer is another model."""
    folder = checkpoints.labse_like(tmp_path / "labse")
    (before,) = siamese_models(f"siamese:{folder}")
    identity = before.identity()
    weights = load_file(folder / "2_Dense" / "model.safetensors")
    save_file({name: value + 1 for name, value in weights.items()}, folder / "2_Dense" / "model.safetensors")
    (after,) = siamese_models(f"siamese:{folder}")
    assert after.identity() != identity


@pytest.mark.parametrize("settings", [None, {"pooling": "cls"}])
def test_identity_of_a_checkpoint(tmp_path: Path, settings) -> None:
    """Identity follows siamese.json and the spec's pooling."""
    folder = checkpoints.siamese(tmp_path, settings=settings)
    found = {model.identity() for query in ("", "?pooling=max") for model in siamese_models(f"siamese:{folder}{query}")}
    (folder / "siamese.json").write_text(json.dumps({"pooling": "last"}))
    found |= {model.identity() for model in siamese_models(f"siamese:{folder}")}
    assert len(found) == 3
