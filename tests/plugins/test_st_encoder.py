"""Encoders over sentence-transformers folders: equal to the library, with limits, prompts, batches and words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from sentence_transformers import SentenceTransformer

import xlbench
from xlbench.core.specs import parse
from xlbench_transformers import encoders
from xlbench_transformers.options import OPTIONS

pytestmark = pytest.mark.slow

TEXTS = [*checkpoints.sentences("eng")[:20], *checkpoints.sentences("tel")[:20], "a", ""]
LONG = " ".join(checkpoints.sentences("eng")[:20])


def spec(query: str = "", scheme: str = "st") -> xlbench.Spec:
    return parse(f"{scheme}:somewhere?{query}", OPTIONS[scheme], scheme)


def load(folder: Path, query: str = "device=cpu"):
    return encoders.load("st", folder, spec(query))


def theirs(folder: Path) -> SentenceTransformer:
    return SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function: name of a builder and its arguments -> the folder, built once."""
    home, known = tmp_path_factory.mktemp("checkpoints"), {}

    def build(name: str, **arguments) -> Path:
        key = f"{name}{sorted(arguments.items())}"
        if key not in known:
            known[key] = getattr(checkpoints, name)(home / f"{name}-{len(known)}", **arguments)
        return known[key]

    return build


@pytest.mark.parametrize("name", ["sentence_transformer", "labse_like", "static"])
def test_vectors_are_the_librarys(built, name: str) -> None:
    """Vectors are those of SentenceTransformer.encode, in the order of the texts."""
    texts = TEXTS if name != "static" else TEXTS[:-1]
    ours = load(built(name)).encode(texts)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs(built(name)).encode(texts), atol=1e-6)


def test_batches_do_not_show(built) -> None:
    """Any batch size gives the vectors of the texts alone."""
    one = load(built("sentence_transformer"), "device=cpu&batch_size=1").encode(TEXTS)
    many = load(built("sentence_transformer"), "device=cpu&batch_size=64").encode(TEXTS)
    np.testing.assert_allclose(one, many, atol=2e-6)


@pytest.mark.parametrize("name", ["sentence_transformer", "static"])
def test_half_precision_files_are_computed_in_float32(built, name: str) -> None:
    """A folder saved in float16 is computed in float32 from its first to its last module, and says so."""
    encoder = load(built(name, dtype="float16"))
    assert {parameter.dtype for parameter in encoder._model.parameters()} == {torch.float32}
    assert encoder.details["dtype"] == "float32"
    text = TEXTS[:2]
    expected = SentenceTransformer(str(built(name, dtype="float16")), device="cpu").float().encode(text)
    np.testing.assert_allclose(encoder.encode(text), expected, atol=1e-6)


def test_bfloat16_is_computed_in_bfloat16(built) -> None:
    """dtype=bfloat16 reaches every module, and moves vectors by its rounding, no more."""
    encoder = load(built("labse_like"), "device=cpu&dtype=bfloat16")
    assert {parameter.dtype for parameter in encoder._model.parameters()} == {torch.bfloat16}
    ours, exact = encoder.encode(TEXTS), load(built("labse_like")).encode(TEXTS)
    assert ours.dtype == np.float32
    assert 1e-5 < np.abs(ours - exact).max() < 0.1


PROMPTED = {"prompts": {"query": "query: ", "passage": "passage: ", "other": "other: "}, "default_prompt": "other"}


def test_the_folders_own_prompts(built) -> None:
    """Without options, roles get the prompts that encode_query and encode_document put there, and no role the default
    one; details say which."""
    folder = built("sentence_transformer", **PROMPTED)
    encoder, library = load(folder), theirs(folder)
    for role, method in (
        (None, library.encode),
        ("query", library.encode_query),
        ("document", library.encode_document),
    ):
        np.testing.assert_allclose(encoder.encode(TEXTS[:5], role=role), method(TEXTS[:5]), atol=1e-6)
    plain = load(built("sentence_transformer"))
    for role, name in ((None, "prompt"), ("query", "prompt_query"), ("document", "prompt_document")):
        prompt = encoder.details.get(name, "")
        expected = plain.encode([f"{prompt}{text}" for text in TEXTS[:5]])
        np.testing.assert_allclose(encoder.encode(TEXTS[:5], role=role), expected, atol=2e-6)
    assert encoder.details["prompt"] == "other: "
    assert encoder.details["prompt_query"] == "query: "


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("prompt=say: ", {None: "say: ", "query": "say: ", "document": "say: "}),
        ("prompt_query=ask: ", {None: "other: ", "query": "ask: ", "document": None}),
        ("prompt=say: &prompt_document=read: ", {None: "say: ", "query": "say: ", "document": "read: "}),
        ("prompt={text}", {None: "", "query": "", "document": ""}),
    ],
)
def test_prompts_of_the_spec_come_first(built, query: str, expected) -> None:
    """A role's prompt is its own option, else the option for all, else the folder's; {text} alone is none."""
    encoder = load(built("sentence_transformer", **PROMPTED), f"device=cpu&{query}")
    plain, text = load(built("sentence_transformer")), "A red cat."
    for role, prompt in expected.items():
        own = encoder.encode([text], role=role)
        if prompt is not None:
            np.testing.assert_allclose(own, plain.encode([prompt + text]), atol=2e-6)


def test_a_template_goes_around_the_text(built) -> None:
    """A prompt that holds {text} is put around it."""
    encoder = load(built("sentence_transformer"), "device=cpu&prompt=This sentence: '{text}' means {text}")
    plain = load(built("sentence_transformer"))
    expected = plain.encode(["This sentence: 'a cat' means a cat"])
    np.testing.assert_allclose(encoder.encode(["a cat"]), expected, atol=1e-6)


def test_a_prompt_that_the_folder_leaves_out_of_pooling_stays_out(built, tmp_path: Path) -> None:
    """Where pooling leaves the prompt out (as INSTRUCTOR's), that holds for the spec's prompt, too."""
    folder = built("sentence_transformer")
    model = theirs(folder)
    model.set_pooling_include_prompt(False)
    model.save(str(tmp_path / "out"), create_model_card=False)
    ours = load(tmp_path / "out", "device=cpu&prompt=say: ").encode(TEXTS[:3])
    np.testing.assert_allclose(ours, model.encode(TEXTS[:3], prompt="say: "), atol=1e-6)
    assert np.abs(ours - load(folder, "device=cpu&prompt=say: ").encode(TEXTS[:3])).max() > 1e-3


def test_length_limit(built) -> None:
    """max_length is the library's max_seq_length, and the encoder says which texts were cut at it."""
    folder = built("sentence_transformer")
    library = theirs(folder)
    library.max_seq_length = 8
    encoder = load(folder, "device=cpu&max_length=8")
    np.testing.assert_allclose(encoder.encode(TEXTS), library.encode(TEXTS), atol=1e-6)
    counts = np.array([len(ids) for ids in library.tokenizer(TEXTS)["input_ids"]])
    assert encoder.truncated.tolist() == (counts > 8).tolist()
    assert encoder.details["max_length"] == 8
    assert 0 < encoder.truncated.sum() < len(TEXTS)


def test_truncated_is_told_at_the_folders_own_limit(built) -> None:
    """Texts over the folder's own limit are told, in the order of the texts; one of exactly the limit is not cut."""
    encoder = load(built("sentence_transformer"))
    tokenizer = encoder._model.tokenizer
    words = "a " * (checkpoints.MAX_LENGTH - 2)
    assert len(tokenizer(words)["input_ids"]) == checkpoints.MAX_LENGTH
    encoder.encode(["short", LONG, words, f"{words} a"])
    assert encoder.truncated.tolist() == [False, True, False, True]


def test_a_prompt_counts_toward_the_limit(built) -> None:
    """The prompt's tokens count: a text that fits alone is cut with a prompt before it."""
    words = "a " * (checkpoints.MAX_LENGTH - 3)
    encoder = load(built("sentence_transformer"), "device=cpu&prompt_query=the the ")
    encoder.encode([words])
    assert encoder.truncated.tolist() == [False]
    encoder.encode([words], role="query")
    assert encoder.truncated.tolist() == [True]


@pytest.mark.parametrize(("length", "message"), [(100, "positions for 64"), (2, "leaves none for the text")])
def test_impossible_limits(built, length: int, message: str) -> None:
    """A limit beyond the positions, or without room for a token, is refused."""
    with pytest.raises(xlbench.UsageError, match=message):
        load(built("sentence_transformer"), f"device=cpu&max_length={length}")


def test_half_the_batch_where_memory_ends(built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory ends, the batch is halved until it fits, the vectors are the same, and the size is kept."""
    encoder = load(built("sentence_transformer"), "device=cpu&batch_size=32")
    expected = encoder.encode(TEXTS)
    forward, sizes = encoder._model[0].forward, []

    def crowded(features, **more):
        sizes.append(len(features["input_ids"]))
        if sizes[-1] > 5:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
        return forward(features, **more)

    monkeypatch.setattr(encoder._model[0], "forward", crowded)
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=2e-6)
    assert sizes[:4] == [32, 16, 8, 4]
    sizes.clear()
    encoder.encode(TEXTS)
    assert max(sizes) == 4


def test_words_are_the_transformers(built) -> None:
    """Vectors of words are those of their first pieces in the Transformer's last layer."""
    folder = built("labse_like")
    encoder, library = load(folder), theirs(folder)
    sentence = ["My", "grandmother", "keeps", "spices"]
    (ours,) = encoder.encode_words([sentence])
    inputs = library.tokenizer([sentence], is_split_into_words=True, return_tensors="pt")
    with torch.inference_mode():
        states = library[0].model(**inputs).last_hidden_state[0].numpy()
    firsts = [inputs.word_ids(0).index(word) for word in range(len(sentence))]
    np.testing.assert_allclose(ours, states[firsts], atol=1e-5)


def test_a_table_has_no_words_in_context(built) -> None:
    """Where the first module is no Transformer there is no encode_words, and no limit to set but a tokenizer's own."""
    encoder = load(built("static"))
    assert not hasattr(encoder, "encode_words")
    assert encoder.details["max_length"] == "none"
    encoder.encode([LONG])
    assert encoder.truncated.tolist() == [False]


def test_a_tables_limit(built) -> None:
    """max_length cuts the pieces that a table averages."""
    encoder = load(built("static"), "device=cpu&max_length=3")
    tokenizer, table = encoder._model[0].tokenizer, encoder._model[0].embedding.weight.detach().numpy()
    texts = ["a", LONG]
    expected = [table[tokenizer.encode(text, add_special_tokens=False).ids[:3]].mean(axis=0) for text in texts]
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=1e-6)
    assert encoder.truncated.tolist() == [False, True]


def test_details_and_parameters(built) -> None:
    """Details name the modules with their pooling; parameters are all numbers that the modules have."""
    encoder = load(built("labse_like"))
    assert encoder.details["modules"] == "Transformer, Pooling (cls), Dense, Normalize"
    assert encoder.details["device"] == "cpu"
    files = [built("labse_like") / "model.safetensors", built("labse_like") / "2_Dense" / "model.safetensors"]
    assert encoder.parameters == sum(values.size for file in files for values in load_file(file).values())


def test_halves_of_surrogate_pairs(built) -> None:
    """Texts that are no UTF-8 are encoded, not refused."""
    assert load(built("sentence_transformer")).encode(["a\ud800b"]).shape == (1, 32)


def test_missing_weights_are_not_made_up(built, tmp_path: Path) -> None:
    """A folder that lacks weights of its Transformer is refused: the library would leave them random."""
    folder = checkpoints.sentence_transformer(tmp_path / "broken")
    weights = load_file(folder / "model.safetensors")
    weights.pop("encoder.layer.1.output.dense.weight")
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(xlbench.EncoderError, match=r"1 of the encoder's \d+ weights are missing"):
        load(folder)


def test_weights_with_the_prefix_of_their_class(built, tmp_path: Path) -> None:
    """Weights that were saved under ``bert.`` are the same weights."""
    folder = checkpoints.sentence_transformer(tmp_path / "prefixed")
    weights = load_file(folder / "model.safetensors")
    save_file({f"bert.{name}": value for name, value in weights.items()}, folder / "model.safetensors")
    np.testing.assert_allclose(load(folder).encode(TEXTS), load(built("sentence_transformer")).encode(TEXTS), atol=1e-6)


def test_a_damaged_folder_is_one_line(tmp_path: Path) -> None:
    """A folder that the library cannot load is an error of one line with its name."""
    folder = checkpoints.sentence_transformer(tmp_path / "damaged")
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"embedding_dimension": 32, "pooling_mode": "best"}))
    with pytest.raises(xlbench.EncoderError, match=f"{folder}: the model cannot be loaded: .*best") as caught:
        load(folder)
    assert "\n" not in str(caught.value)


def test_loading_is_silent(built, capfd: pytest.CaptureFixture[str]) -> None:
    """Loading and encoding print nothing: no bar, no report."""
    built("labse_like")
    capfd.readouterr()
    load(built("labse_like")).encode(TEXTS)
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
