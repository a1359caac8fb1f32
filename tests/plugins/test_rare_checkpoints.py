"""Checkpoints of rarer kinds: read as their library reads them, or refused with what they are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import checkpoints
import numpy as np
import pytest
import rare_checkpoints as rare
import torch
import transformers
from conftest import environment
from safetensors.numpy import load_file, save_file
from sentence_transformers import SentenceTransformer
from unix import ON_UNIX

import xlbench
from xlbench import DataError, EncoderError, UsageError, catalog
from xlbench.core.specs import parse
from xlbench_transformers import encoders
from xlbench_transformers.options import OPTIONS

pytestmark = pytest.mark.slow

TEXTS = [*checkpoints.sentences("eng")[:6], *checkpoints.sentences("hin")[:3], "a"]


@pytest.fixture(scope="module")
def stocked() -> catalog.Catalog:
    """What is installed."""
    return catalog.load()


@pytest.fixture
def routed(tmp_path: Path) -> Path:
    """A folder with a Router."""
    return rare.router(tmp_path / "routed")


def model_of(stocked: catalog.Catalog, folder: Path, options: str = "device=cpu") -> xlbench.Model:
    (model,) = stocked.select_models([f"{folder}?{options}"])
    return model


def _identified_and_loaded(stocked: catalog.Catalog, folder: Path) -> None:
    model = model_of(stocked, folder)
    model.identity()
    model.load()


def refused(stocked: catalog.Catalog, folder: Path) -> str:
    """The line that refuses a checkpoint, before or while it is loaded."""
    with pytest.raises(xlbench.XlbenchError) as caught:
        _identified_and_loaded(stocked, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- Routers


def test_a_router_is_read_as_its_library_reads_it(stocked, routed):
    """Queries and documents of a Router's folder get the library's vectors, without any code being trusted."""
    encoder, library = model_of(stocked, routed).load(), SentenceTransformer(str(routed), device="cpu")
    np.testing.assert_allclose(encoder.encode(TEXTS), library.encode(TEXTS), atol=1e-6)
    for role, method in (("query", library.encode_query), ("document", library.encode_document)):
        np.testing.assert_allclose(encoder.encode(TEXTS, role=role), method(TEXTS), atol=1e-6)
    assert np.abs(encoder.encode(TEXTS, role="query") - encoder.encode(TEXTS, role="document")).max() > 0.1


def test_a_routes_limit_is_told(stocked, routed):
    """Texts over the limit of the route that they take are told; an option sets it."""
    encoder = model_of(stocked, routed).load()
    long = " ".join(TEXTS)
    encoder.encode([long, "a"], role="document")
    assert encoder.truncated.tolist() == [True, False]
    encoder.encode([long, "a"], role="query")
    assert encoder.truncated.tolist() == [False, False]


@pytest.mark.parametrize("part", ["document_0_Transformer", "query_0_StaticEmbedding"])
def test_changed_weights_of_a_routers_part_are_another_model(stocked, routed, part):
    """A Router's folder whose part gets other weights is another model: no score and no vector of the first is its."""
    before = model_of(stocked, routed).identity(), model_of(stocked, routed).vectors_identity()
    rare.scaled(routed / part / "model.safetensors", 1.1)
    after = model_of(stocked, routed).identity(), model_of(stocked, routed).vectors_identity()
    assert not set(before) & set(after)


def test_every_file_of_a_routers_folder_counts(stocked, routed):
    """Whichever file of a Router's folder is changed, it is another model."""
    before = model_of(stocked, routed).identity()
    files = [file for file in routed.rglob("*") if file.suffix == ".json"]
    assert len(files) >= 9
    for file in files:
        content = file.read_bytes()
        file.write_bytes(content + b"\n")
        assert model_of(stocked, routed).identity() != before, file
        file.write_bytes(content)
    assert model_of(stocked, routed).identity() == before


def test_missing_weights_within_a_router_are_not_made_up(stocked, routed):
    """A Router's part that lacks half of its tensors is refused: the library would leave them random."""
    file = routed / "document_0_Transformer" / "model.safetensors"
    weights = load_file(file)
    save_file({name: weights[name] for name in sorted(weights)[::2]}, file, {"format": "pt"})
    assert "weights are missing" in refused(stocked, routed)


def test_a_pickle_within_a_router_is_refused(stocked, routed):
    """The weights of a Router's part are no pickle, unless pickles are permitted."""
    folder = routed / "document_0_Transformer"
    weights = {name: torch.from_numpy(value) for name, value in load_file(folder / "model.safetensors").items()}
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "the weights are a pickle (document_0_Transformer/pytorch_model.bin)" in refused(stocked, routed)


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ({"own.Module": "own.Module"}, "runs code of its own (own.Module)"),
        ({"../x": "sentence_transformers.models.Pooling"}, "points out of its own folder"),
        ({}, "names no modules"),
        (3, "names no modules"),
        ({"absent": "sentence_transformers.models.Transformer"}, "absent/config.json"),
    ],
)
def test_what_a_router_names_is_looked_into(stocked, routed, types, said):
    """A Router's modules are held to the rules of all modules."""
    rare.edited(routed / "router_config.json", types=types)
    assert said in refused(stocked, routed)


def test_routers_within_routers_end(stocked, routed):
    """A Router that names itself as its part is one line."""
    kind = "sentence_transformers.base.modules.router.Router"
    rare.edited(routed / "router_config.json", types={".": kind})
    assert "Routers within Routers" in refused(stocked, routed)


# ---- every file counts


@pytest.mark.parametrize("name", ["own.json", "0/table.bin", "weights/a.pt", "README.md"])
def test_every_file_beside_code_counts(stocked, tmp_path, monkeypatch, name):
    """Where a checkpoint runs code of its own, which may read anything, every file in its folder counts."""
    monkeypatch.setenv("XLBENCH_TRUST_REMOTE_CODE", "1")
    monkeypatch.setenv("XLBENCH_ALLOW_PICKLE", "1")
    folder = checkpoints.sentence_transformer(tmp_path / "coded")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "own.Own"
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "own.py").write_text("class Own: pass\n")
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("one")
    pin = refused(stocked, folder).rpartition("?revision=")[2]
    before = model_of(stocked, folder, f"revision={pin}").identity()
    (folder / name).write_text("two")
    assert model_of(stocked, folder, f"revision={pin}").identity() != before


@pytest.mark.parametrize("place", [".hidden", "a/b/c/d", "link"])
def test_files_beside_code_that_are_not_seen_are_refused(stocked, tmp_path, monkeypatch, place):
    """A checkpoint with code of its own and a folder that no fingerprint covers is refused."""
    monkeypatch.setenv("XLBENCH_TRUST_REMOTE_CODE", "1")
    folder = checkpoints.bert(tmp_path / "coded")
    rare.edited(folder / "config.json", auto_map={"AutoModel": "own.Own"})
    if place == "link":
        (folder / place).symlink_to(tmp_path)
    else:
        (folder / place).mkdir(parents=True)
    assert "has a folder that is not looked into" in refused(stocked, folder)


def test_settings_that_nobody_knows_count_and_cards_do_not(stocked, tmp_path):
    """A file of settings of whatever name is part of what a model is; cards, pictures and other formats are not."""
    folder = checkpoints.labse_like(tmp_path / "model")
    before = model_of(stocked, folder).identity()
    for name in (
        "README.md",
        "LICENSE",
        ".gitattributes",
        "plot.png",
        "tf_model.h5",
        "onnx/model.onnx",
        "optimizer.pt",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("something")
    assert model_of(stocked, folder).identity() == before
    for name in ("new_settings.json", "2_Dense/more.txt", "pieces.vocab", "additional_chat_templates/a.jinja"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("something")
        assert model_of(stocked, folder).identity() != before, name
        (folder / name).unlink()


# ---- weights that are not all used


def test_fewer_layers_than_there_are_weights_is_an_error(stocked, tmp_path):
    """A configuration that leaves layers of the weights out is refused, as `hf:` and as `st:`."""
    bert = checkpoints.bert(tmp_path / "bert")
    rare.edited(bert / "config.json", num_hidden_layers=1)
    said = refused(stocked, bert)
    assert "16 of the checkpoint's weights are not used by a BertModel" in said
    assert "encoder.layer.1." in said
    chain = checkpoints.sentence_transformer(tmp_path / "chain")
    rare.edited(chain / "config.json", num_hidden_layers=1)
    assert "16 of the checkpoint's weights are not used" in refused(stocked, chain)


def test_fewer_layers_under_a_prefix_is_an_error(stocked, tmp_path):
    """The same for an encoder whose tensors lie under a prefix, beside a head."""
    pair = checkpoints.siamese(tmp_path / "pair", prefix="towers.shared.")
    rare.edited(pair / "config.json", num_hidden_layers=1)
    assert "16 of the checkpoint's weights are not used" in refused(stocked, pair)


@pytest.mark.parametrize(
    "name",
    ["BertForMaskedLM", "BertForSequenceClassification", "BertForPreTraining", "BertForQuestionAnswering"],
)
def test_heads_over_an_encoder_may_be_left_out(stocked, tmp_path, name):
    """A pooler and the heads of the library's own classes are no part of an encoder."""
    folder = checkpoints.bert(tmp_path / "bert")
    plain = model_of(stocked, folder).load().encode(TEXTS)
    headed = getattr(transformers, name)(transformers.BertConfig.from_pretrained(folder))
    missing, _ = headed.bert.load_state_dict(
        {key: torch.from_numpy(value) for key, value in load_file(folder / "model.safetensors").items()}, strict=False
    )
    assert not missing
    headed.save_pretrained(folder)
    assert any(not key.startswith("bert.") for key in load_file(folder / "model.safetensors"))
    np.testing.assert_allclose(model_of(stocked, folder, "device=cpu").load().encode(TEXTS), plain, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "model"),
    [("ModernBert", "ForMaskedLM"), ("Electra", "ForPreTraining"), ("DebertaV2", "ForMaskedLM"),
     ("FNet", "ForPreTraining"), ("Roberta", "ForMaskedLM"), ("MPNet", "ForMaskedLM"),
     ("RemBert", "ForMaskedLM"), ("Qwen2", "ForCausalLM")],
)  # fmt: skip
def test_heads_of_other_architectures_may_be_left_out(stocked, tmp_path, config, model):
    """Checkpoints that were saved with a head load as encoders, whatever their architecture calls it, and have the
    vectors of transformers' own encoder."""
    tokenizer = checkpoints.wordpiece()
    sizes = rare.TINY | {"vocab_size": len(tokenizer), "pad_token_id": 0}
    sizes |= {"num_key_value_heads": 2} if config == "Qwen2" else {}
    settings = getattr(transformers, f"{config}Config")(**sizes)
    rare.drawn(getattr(transformers, f"{config}{model}")(settings)).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    encoder = model_of(stocked, tmp_path, "device=cpu&pooling=mean").load()
    theirs, cut = (auto.from_pretrained(tmp_path) for auto in (transformers.AutoModel, transformers.AutoTokenizer))
    theirs.eval()
    for text in (text[:30] for text in TEXTS[-4:]):  # none is cut
        with torch.no_grad():
            states = theirs(**cut(text, return_tensors="pt")).last_hidden_state[0]
        np.testing.assert_allclose(encoder.encode([text])[0], states.mean(dim=0).numpy(), atol=1e-5)


def test_vectors_of_a_pooler_without_weights_are_refused(stocked, tmp_path):
    """A folder whose vectors are the output of a pooler that it does not hold is refused: they would be random."""
    folder = checkpoints.sentence_transformer(tmp_path / "pooled")
    weights = load_file(folder / "model.safetensors")
    kept = {name: value for name, value in weights.items() if "pooler" not in name}
    assert len(kept) < len(weights)
    way = {"text": {"method": "forward", "method_output_name": "pooler_output"}}
    rare.edited(folder / "sentence_bert_config.json", modality_config=way, module_output_name="sentence_embedding")
    modules = json.loads((folder / "modules.json").read_text())
    (folder / "modules.json").write_text(json.dumps(modules[:1]))
    whole = model_of(stocked, folder).load().encode(TEXTS)
    np.testing.assert_allclose(whole, SentenceTransformer(str(folder), device="cpu").encode(TEXTS), atol=1e-6)
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    assert "whose weights are missing (pooler.dense" in refused(stocked, folder)


# ---- other kinds of models


@pytest.mark.parametrize("kind", ["cross_encoder", "sparse_encoder", "multi_vector_encoder"])
def test_other_models_of_sentence_transformers_are_refused(stocked, tmp_path, kind):
    """A folder of another kind of model is refused with what it is, whichever scheme reads it."""
    folder = getattr(rare, kind)(tmp_path / "model")
    name = "".join(part.capitalize() for part in kind.split("_"))
    for scheme in ("", "st:", "hf:"):
        with pytest.raises(UsageError, match=rf"is a {name} of sentence-transformers: "):
            stocked.select_models([f"{scheme}{folder}"])


def test_a_cross_encoder_of_an_older_version_is_refused(stocked, tmp_path):
    """Older CrossEncoders say so in their config.json alone."""
    folder = checkpoints.bert(tmp_path / "bert")
    activation = {"activation_fn": "torch.nn.modules.activation.Sigmoid", "version": "4.1.0"}
    rare.edited(folder / "config.json", sentence_transformers=activation)
    assert "is a CrossEncoder of sentence-transformers" in refused(stocked, folder)


@pytest.mark.parametrize("more", [{}, {"config.json": {"model_type": "bert"}}])
def test_an_adapter_says_how_to_merge_it(stocked, tmp_path, more):
    """A folder with an adapter alone is refused with what it is an adapter of, and how to merge it."""
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "org/base"}))
    for name, content in more.items():
        (tmp_path / name).write_text(json.dumps(content))
    said = refused(stocked, tmp_path)
    assert "is an adapter to another checkpoint (of org/base): merge it into that one" in said
    assert "merge_and_unload()" in said


# ---- tokenizers


@pytest.mark.parametrize("kind", ["canine", "byt5"])
def test_tokenizers_without_a_file_are_loaded(stocked, tmp_path, kind):
    """Encoders of characters and bytes have no tokenizer's file by design; a batch makes no difference."""
    encoder = model_of(stocked, getattr(rare, kind)(tmp_path / kind)).load()
    vectors = encoder.encode(TEXTS)
    for text, vector in zip(TEXTS, vectors, strict=True):
        alone = encoder.encode([text])[0]
        assert np.linalg.norm(vector - alone) < 1e-5 * np.linalg.norm(vector)
    assert [len(words) for words in encoder.encode_words([["two", "words"], ["नमस्ते"]])] == [2, 1]


def test_canine_is_the_librarys_with_padding_behind(stocked, tmp_path):
    """CANINE's vectors are those of transformers for a text that is padded, as the original pads every text."""
    folder = rare.canine(tmp_path / "canine")
    model = transformers.CanineModel.from_pretrained(folder).eval()
    inputs = transformers.CanineTokenizer.from_pretrained(folder)(
        [TEXTS[0]], padding="max_length", max_length=256, return_tensors="pt"
    )
    with torch.no_grad():
        states = model(**inputs).last_hidden_state[0]
    expected = states[: int(inputs["attention_mask"].sum())].mean(dim=0).numpy()
    (found,) = model_of(stocked, folder).load().encode(TEXTS[:1])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_byt5_is_the_librarys(stocked, tmp_path):
    """ByT5's vectors are those of transformers' encoder class."""
    folder = rare.byt5(tmp_path / "byt5")
    model = transformers.T5EncoderModel.from_pretrained(folder).eval()
    inputs = transformers.ByT5Tokenizer.from_pretrained(folder)([TEXTS[-2]], return_tensors="pt")
    with torch.no_grad():
        expected = model(**inputs).last_hidden_state[0].mean(dim=0).numpy()
    np.testing.assert_allclose(model_of(stocked, folder).load().encode([TEXTS[-2]])[0], expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["xlm_roberta_of_pieces", "mt5_of_pieces"])
def test_a_sentencepiece_model_is_tokenizer_enough(stocked, tmp_path, kind):
    """A folder whose tokenizer is a SentencePiece model alone is loaded, and cuts texts into that model's pieces."""
    import sentencepiece

    folder = getattr(rare, kind)(tmp_path / "model")
    encoder = model_of(stocked, folder).load()
    assert encoder.encode(TEXTS).shape == (len(TEXTS), 32)
    (file,) = folder.glob("*.model")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(file)).encode(TEXTS[0], out_type=str)
    found = encoder._tokenizer.convert_ids_to_tokens(
        encoder._tokenizer(TEXTS[0], add_special_tokens=False)["input_ids"]
    )
    assert found == pieces


def test_a_decoder_without_a_padding_token_in_a_chain(stocked, tmp_path):
    """A decoder that names no padding token has the same vectors as a sentence-transformers folder as under `hf:`."""
    chain = rare.decoder_chain(tmp_path / "chain")
    assert transformers.AutoTokenizer.from_pretrained(chain).pad_token is None
    ours = model_of(stocked, chain).load().encode(TEXTS)
    (plain,) = stocked.select_models([f"hf:{tmp_path / 'chain-inner'}?device=cpu"])
    np.testing.assert_allclose(ours, plain.load().encode(TEXTS), atol=1e-5)


# ---- what never ends, or fills the memory

REFUSE = """
    import resource, sys, time
    from xlbench import catalog
    stocked = catalog.load()
    begin = time.process_time()
    stocked.select_models([sys.argv[1]])[0].identity()
    usual = time.process_time() - begin
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.process_time()
    try:
        (model,) = stocked.select_models([sys.argv[2]])
        model.identity()
        model.load()
    except Exception as error:
        print(type(error).__name__, error)
    seconds = time.process_time() - begin
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    print(grown, "torch" in sys.modules, usual, seconds)
"""


def _pipe(folder: Path, name: str) -> None:
    (folder / name).unlink()
    os.mkfifo(folder / name)


def _device(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")


def _nowhere(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to(folder / "nothing")


def _many_tensors(folder: Path, name: str) -> None:
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"encoder.layer.{i}.weight": entry for i in range(300_000)}).encode()
    (folder / name).write_bytes(len(header).to_bytes(8, "little") + header)


def _long_header(folder: Path, name: str) -> None:
    with (folder / name).open("wb") as file:
        file.write((10**9).to_bytes(8, "little"))
        file.truncate(10**9 + 8)


def _large(folder: Path, name: str) -> None:
    with (folder / name).open("wb") as file:
        file.truncate(10**9)


def _brackets(folder: Path, name: str) -> None:
    (folder / name).write_text("[" * 200_000)


HOSTILE = [
    *(
        pytest.param(spoil, name, marks=ON_UNIX)
        for spoil in (_pipe, _device, _nowhere)
        for name in ("config.json", "model.safetensors", "tokenizer.json")
    ),
    (_many_tensors, "model.safetensors"), (_long_header, "model.safetensors"), (_large, "config.json"),
    (_brackets, "config.json"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "name"), HOSTILE)
def test_hostile_files_are_refused_before_anything_is_loaded(stocked, tmp_path, spoil, name):
    """Pipes, devices, broken links, huge settings and huge headers are one line that names the file."""
    folder = checkpoints.bert(tmp_path / "hostile")
    spoil(folder, name)
    with pytest.raises((DataError, UsageError)) as caught:
        stocked.select_models([str(folder)])[0].identity()
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_hidden_layers": 100_000},
        {"num_labels": 10**8},
        {"vocab_size": 10**12},
        {"hidden_size": 10**9},
        {"text_config": {"num_layers": 10**7}},
        {"intermediate_size": 2**40},
    ],
)
def test_sizes_that_fill_the_memory_are_refused(stocked, tmp_path, settings):
    """A configuration that asks for more than any model has, or than its weights hold, is one line."""
    folder = checkpoints.bert(tmp_path / "hostile")
    rare.edited(folder / "config.json", **settings)
    with pytest.raises(UsageError, match=r"config.json has \w+ = [0-9,]+"):
        stocked.select_models([str(folder)])[0].identity()


def test_a_model_larger_than_its_weights_is_not_made(stocked, tmp_path):
    """Sizes that are plausible one by one, and too large for the weights, are refused before memory is taken."""
    folder = checkpoints.bert(tmp_path / "hostile")
    rare.edited(folder / "config.json", hidden_size=8192, intermediate_size=32768, num_hidden_layers=24)
    with pytest.raises(EncoderError, match="they do not belong together"):
        stocked.select_models([str(folder)])[0].load()


@ON_UNIX
@pytest.mark.parametrize(
    ("spoil", "name"), [(_many_tensors, "model.safetensors"), (_large, "config.json"), (_device, "model.safetensors")]
)
def test_a_hostile_checkpoint_takes_no_memory_and_no_time(tmp_path, spoil, name):
    """A hostile checkpoint is refused within 200 MB, in a time like that of reading a good one's identity, and torch is
    not so much as imported for it."""
    good, folder = checkpoints.bert(tmp_path / "good"), checkpoints.bert(tmp_path / "hostile")
    spoil(folder, name)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(REFUSE), str(good), str(folder)],
        env=environment((), {}), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    said, _, rest = done.stdout.rpartition("\n" + done.stdout.splitlines()[-1])
    grown, torch_loaded, usual, seconds = done.stdout.splitlines()[-1].split()
    assert "Error" in said + rest, done.stderr
    assert int(grown) < 200
    assert torch_loaded == "False"
    assert float(seconds) < 5 * float(usual) + 1


# ---- what it was trained on


@pytest.mark.parametrize(
    ("files", "option", "expected"),
    [
        ({}, "", ()),
        ({}, "&trained_on=ntrex,sib200", ("ntrex", "sib200")),
        ({"xlbench.toml": 'trained_on = ["ntrex"]'}, "", ("ntrex",)),
        ({"xlbench.toml": 'trained_on = ["ntrex"]', "README.md": "---\ndatasets: [x]\n---\n"}, "", ("ntrex",)),
        ({"README.md": "---\nlanguage: hi\ndatasets:\n- mteb/NTREX\n- sib200\ntags:\n- x\n---\n# A card\n"}, "",
         ("mteb/NTREX", "ntrex", "sib200")),
        ({"README.md": "---\ndatasets: ntrex\n---\n"}, "&trained_on=flores", ("flores", "ntrex")),
        ({"README.md": "# No front matter\n\ndatasets:\n- ntrex\n"}, "", ()),
        ({"README.md": "---\ndatasets: [unclosed\n---\n"}, "", ()),
    ],
)  # fmt: skip
def test_what_a_checkpoint_was_trained_on_is_declared(stocked, tmp_path, files, option, expected):
    """The spec's option, an `xlbench.toml` in the folder or its model card say what a checkpoint was trained on; the
    model stays what it is."""
    folder = checkpoints.bert(tmp_path / "bert")
    before = model_of(stocked, folder).identity()
    for name, content in files.items():
        (folder / name).write_text(content)
    model = model_of(stocked, folder, f"device=cpu{option}")
    assert model.trained_on == expected
    assert model.identity() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [("trained_on = 3", "is a list of names"), ("trainedon = []", "no key 'trainedon'"), ("[", "is no TOML")],
)
def test_a_wrong_declaration_is_one_line(stocked, tmp_path, content, said):
    """An `xlbench.toml` that says nothing that can be read is an error, not nothing."""
    folder = checkpoints.bert(tmp_path / "bert")
    (folder / "xlbench.toml").write_text(content)
    assert said in refused(stocked, folder)


def test_a_folder_names_the_texts_that_it_was_trained_on(stocked, tmp_path):
    """`trained_on_texts` in an `xlbench.toml` is a file of keys beside it; what is none is one line when it is read."""
    folder = checkpoints.bert(tmp_path / "bert")
    assert model_of(stocked, folder).trained_on_texts is None
    before = model_of(stocked, folder).identity()
    keys = np.unique(xlbench.text_keys(["one", "two"]))
    np.save(folder / "texts.npy", keys)
    (folder / "xlbench.toml").write_text('trained_on_texts = "texts.npy"')
    assert model_of(stocked, folder).trained_on_texts().tolist() == keys.tolist()
    assert model_of(stocked, folder).identity() == before
    np.save(folder / "texts.npy", keys.astype(float))
    with pytest.raises(DataError, match=r"texts\.npy holds no keys"):
        model_of(stocked, folder).trained_on_texts()
    (folder / "texts.npy").write_text("none")
    with pytest.raises(DataError, match=r"texts\.npy, which xlbench\.toml names, cannot be read"):
        model_of(stocked, folder).trained_on_texts()
    (folder / "xlbench.toml").write_text('trained_on_texts = "../texts.npy"')
    assert "is a file beside it" in refused(stocked, folder)


# ---- prompts and similarity


PROMPTED = {"prompts": {"query": "query: ", "passage": "passage: "}}


def test_prompts_that_were_not_applied_are_told_as_such(stocked, tmp_path):
    """Of a folder with prompts for roles and no default one, texts without a role get none; the details say which
    prompts were not applied, until texts of that role are encoded."""
    folder = checkpoints.sentence_transformer(tmp_path / "model", **PROMPTED)
    bare = checkpoints.sentence_transformer(tmp_path / "bare")
    model = model_of(stocked, folder)
    encoder, plain = model.load(), model_of(stocked, bare).load()
    np.testing.assert_allclose(encoder.encode(TEXTS), plain.encode(TEXTS), atol=1e-6)
    told = {**model.details, **encoder.details}
    assert not {"prompt", "prompt_query", "prompt_document"} & set(told)
    assert told["prompts_not_applied"] == "query 'query: ', passage 'passage: '"
    encoder.encode(TEXTS, role="query")
    assert encoder.details["prompt_query"] == "query: "
    assert encoder.details["prompts_not_applied"] == "passage 'passage: '"


def test_the_prompt_of_texts_without_a_role(stocked, tmp_path):
    """Texts without a role get the option's prompt, else the folder's default one."""
    folder = checkpoints.sentence_transformer(tmp_path / "model", **PROMPTED, default_prompt="query")
    bare = model_of(stocked, checkpoints.sentence_transformer(tmp_path / "bare")).load()
    for options, prompt in (("device=cpu", "query: "), ("device=cpu&prompt=say: ", "say: ")):
        encoder = model_of(stocked, folder, options).load()
        np.testing.assert_allclose(encoder.encode(TEXTS), bare.encode([prompt + text for text in TEXTS]), atol=2e-6)
        assert encoder.details["prompt"] == prompt


@pytest.mark.parametrize("kind", ["bert", "model2vec"])
def test_prompts_of_options_are_told_alike(stocked, tmp_path, kind):
    """Every kind of encoder tells which prompts of its spec it has applied."""
    folder = getattr(checkpoints, kind)(tmp_path / kind)
    encoder = model_of(stocked, folder, "device=cpu&prompt_query=ask: ").load()
    encoder.encode(TEXTS[:2])
    assert encoder.details["prompts_not_applied"] == "query 'ask: '"
    encoder.encode(TEXTS[:2], role="query")
    assert (encoder.details["prompt_query"], encoder.details["prompts_not_applied"]) == ("ask: ", "")


def test_a_folder_that_compares_by_another_similarity_says_so(stocked, tmp_path):
    """A folder made for dot products is scored by the cosine with a note, unless its vectors have unit length or the
    spec asks for dot products."""
    folder = checkpoints.sentence_transformer(tmp_path / "model")
    rare.edited(folder / "config_sentence_transformers.json", similarity_fn_name="dot")
    note = model_of(stocked, folder).load().details["similarity_of_folder"]
    assert note == "dot, scored by cosine: similarity=dot takes it where the task can"
    assert "similarity_of_folder" not in model_of(stocked, folder, "device=cpu&similarity=dot").load().details
    unit = checkpoints.sentence_transformer(tmp_path / "unit", normalize=True)
    rare.edited(unit / "config_sentence_transformers.json", similarity_fn_name="dot")
    assert "similarity_of_folder" not in model_of(stocked, unit).load().details


def test_a_copy_of_a_folder_with_a_router_is_the_same_model(stocked, routed, tmp_path):
    """A copy under another name, with another card, is the same model."""
    shutil.copytree(routed, tmp_path / "copy")
    (tmp_path / "copy" / "README.md").write_text("another")
    assert model_of(stocked, tmp_path / "copy").identity() == model_of(stocked, routed).identity()


def test_retrieval_ranks_by_dot_products_where_the_spec_says_so(tmp_path):
    """`similarity=dot` finds for every query the candidate with the largest dot product, with one encoding for both
    similarities."""
    folder = checkpoints.bert(tmp_path / "bert")
    specs = [f"hf:{folder}?device=cpu&name=cosine", f"hf:{folder}?device=cpu&name=dot&similarity=dot"]
    results = xlbench.run(specs, ["mini-parallel"], languages=["hin"], results=tmp_path / "results", seed=1)
    found = {run.model: {cell.subset: cell for cell in run.cells}["eng-hin"] for run in results.runs}
    encoder = encoders.load("hf", folder, parse("hf:x?device=cpu", OPTIONS["hf"], "hf"))
    a, b = (encoder.encode(checkpoints.sentences(code)).astype(np.float64) for code in ("eng", "hin"))
    for name, queries, candidates in (
        ("dot", a, b),
        ("cosine", a / np.linalg.norm(a, axis=1, keepdims=True), b / np.linalg.norm(b, axis=1, keepdims=True)),
    ):
        products = queries @ candidates.T
        first = ((products >= products.diagonal()[:, None]).sum(axis=1) == 1).mean()
        assert found[name].main.value == pytest.approx(first, abs=1e-9), name
    assert found["dot"].notes == found["cosine"].notes
    assert found["dot"].scores != found["cosine"].scores
