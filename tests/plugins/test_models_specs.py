"""Specs of models: what they are called, which scheme reads them, what of them is identity, and the named models."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path

import checkpoints
import pytest
from conftest import ROOT

from xlbench import EncodingSession, Model, UsageError, catalog
from xlbench.core.specs import parse
from xlbench_transformers import encoders, named, options, schemes, transforms

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stocked() -> catalog.Catalog:
    """What is installed."""
    return catalog.load()


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A checkpoint of every make."""
    root = tmp_path_factory.mktemp("checkpoints")
    makes = ("bert", "sentence_transformer", "labse_like", "siamese", "static", "model2vec")
    return {make: getattr(checkpoints, make)(root / make) for make in makes}


def only(stocked: catalog.Catalog, spec: str) -> Model:
    (model,) = stocked.select_models([spec])
    return model


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        ("bert", "hf"),
        ("sentence_transformer", "st"),
        ("labse_like", "st"),
        ("siamese", "siamese"),
        ("static", "static"),
        ("model2vec", "static"),
    ],
)
def test_a_bare_path_is_read_as_what_lies_there(stocked, folders, make, kind):
    """A folder is read by the scheme that its files call for, which is written into the details."""
    model = only(stocked, str(folders[make]))
    assert model.details["scheme"] == kind
    assert model.name == str(folders[make])
    assert model.identity() == only(stocked, f"{kind}:{folders[make]}").identity()


def test_a_siamese_json_and_a_classifier_over_labels_are_told_apart(stocked, tmp_path):
    """`siamese.json` makes a pair of it, and an encoder within another module; a classifier that is no wider than one
    vector leaves it an encoder."""
    bare = checkpoints.siamese(tmp_path / "c", head=False)
    assert only(stocked, str(bare)).details["scheme"] == "siamese"
    plain = checkpoints.siamese(tmp_path / "a", head=False, settings={"pooling": "cls"})
    assert only(stocked, str(plain)).details["scheme"] == "siamese"
    labels = checkpoints.siamese(tmp_path / "b", prefix="bert.")
    _narrow_head(labels / "model.safetensors")
    assert only(stocked, str(labels)).details["scheme"] == "hf"


def _narrow_head(path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(path)
    weights["classifier.weight"] = weights["classifier.weight"][:, :32].copy()
    save_file(weights, path)


def test_relative_paths_and_home_are_paths(stocked, folders, tmp_path, monkeypatch):
    """`./x`, `../x` and `~/x` are folders, whatever the hub may have under such a name."""
    (tmp_path / "home").symlink_to(folders["bert"].parent)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    wanted = only(stocked, str(folders["bert"])).identity()
    assert {only(stocked, spec).identity() for spec in ("../home/bert", "~/home/bert", "hf:../home/bert")} == {wanted}


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("hf:{bert}?poling=cls", "has no option 'poling'. Did you mean 'pooling'?"),
        ("{bert}?poling=cls", "has no option 'poling'. Did you mean 'pooling'?"),
        ("{bert}?pooling=median", "{bert}?pooling=median': option pooling=median: choose one of mean, cls, max, last."),
        ("{bert}?device=cudda", "device=cudda: choose one of auto, cpu, cuda, cuda:N, mps. Did you mean 'cuda'"),
        ("{bert}?prompt=say%20{{txt}}", "prompt has {{txt}}: the place of the text is written {{text}}"),
        ("{static}?pooling=cls", "this is a checkpoint for static:, which has no option 'pooling'"),
        ("{labse_like}?layer=0", "this is a checkpoint for st:, which has no option 'layer'"),
        ("st:{labse_like}?pooling=cls", "has no option 'pooling'"),
        ("{bert}?layer=0&layers=last-two", "gives both layer and layers"),
        ("{bert}?whiten=whiten", "whiten=whiten is fitted on texts"),
        ("{bert}?name=a/b", "model name 'a/b' is not allowed"),
        ("{bert}?name=nul", "reserved on some systems"),
        ("{bert}?revision=main", "a folder has no revision 'main'"),
        ("{bert}s", "Did you mean 'bert'?"),
        ("st:{bert}", "has no modules.json, so it is no sentence-transformers checkpoint: try hf:"),
        ("hf:{static}", "has no config.json with a model_type, which hf: reads. It has a modules.json: try st:"),
        ("static:{bert}", "bert holds no static vectors"),
        ("mbert?poling=cls", "'mbert?poling=cls' has no option 'poling'. Did you mean 'pooling'?"),
        ("labse?pooling=cls", "has no option 'pooling'"),
        ("foo:org/name", "No scheme knows it either"),
        ("labs", "there is no model 'labs'. Did you mean 'labse'?"),
    ],
)
def test_wrong_specs_are_one_line(stocked, folders, spec, said):
    """A wrong option, value, kind or folder is told at once, in one line, with what may have been meant."""
    with pytest.raises(UsageError) as caught:
        stocked.select_models([spec.format(**folders)])
    assert said.format(**folders) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_and_specs_lead_back(stocked, folders):
    """A model is called as its spec is, or by `name`; its `spec`, where the name is another, gives it again."""
    bert = folders["bert"]
    plain, cls = only(stocked, f"hf:{bert}"), only(stocked, f"hf:{bert}?pooling=cls&name=bert-cls")
    assert (plain.name, plain.spec) == (f"hf:{bert}", "")
    assert (cls.name, cls.spec) == ("bert-cls", f"hf:{bert}?pooling=cls&name=bert-cls")
    assert only(stocked, cls.spec).identity() == cls.identity()


def test_several_dimensions_are_models_that_share_vectors(stocked, folders):
    """`dimensions=8,16` is two models with their own names and fingerprints, and one identity of vectors, which is
    also that of the model without."""
    whole = only(stocked, str(folders["bert"]))
    models = stocked.select_models([f"{folders['bert']}?dimensions=8,16"])
    assert [model.name for model in models] == [f"{folders['bert']}?dimensions={size}" for size in (8, 16)]
    assert {model.vectors_identity() for model in models} == {whole.vectors_identity()}
    assert len({whole.identity(), *(model.identity() for model in models)}) == 3
    assert [model.details["dimensions"] for model in models] == ["8", "16"]
    short = stocked.select_models([f"{folders['bert']}?name=b&dimensions=8,16"])
    assert [model.name for model in short] == ["b-8", "b-16"]
    assert [only(stocked, model.spec).identity() for model in short] == [model.identity() for model in models]


OTHER = {
    "max_length": "9",
    "dtype": "float16",
    "prompt": "query: ",
    "prompt_query": "query: ",
    "prompt_document": "passage: ",
    "pooling": "cls",
    "layer": "0",
    "layers": "last-two",
    "words": "mean",
    "window": "9",
    "similarity": "dot",
    "dimensions": "8",
    "normalize": "true",
    "whiten": "abtt&whiten_on=cell",
    "whiten_on": "cell&whiten=whiten&whiten_components=3",
    "whiten_components": "2&whiten_on=cell&whiten=whiten",
}
"""Option -> a value that makes another model."""
SAME = {"name": "other", "device": "cpu", "batch_size": "3", "trained_on": "ntrex"}
"""Option -> a value that leaves the model what it is."""


def test_options_are_identity_where_they_shape_vectors(stocked, folders):
    """Every option that shapes vectors makes another fingerprint; name, device and batch size do not; nor does a
    default that is written out. Every option of the table is one or the other."""
    bert = f"hf:{folders['bert']}"
    plain = only(stocked, bert).identity()
    changed = {option: only(stocked, f"{bert}?{option}={value}").identity() for option, value in OTHER.items()}
    assert plain not in changed.values()
    assert len(set(changed.values())) == len(changed)
    assert {only(stocked, f"{bert}?{option}={value}").identity() for option, value in SAME.items()} == {plain}
    assert (
        only(
            stocked, f"{bert}?pooling=mean&layer=-1&dtype=float32&words=first&whiten=none&similarity=cosine"
        ).identity()
        == plain
    )
    assert only(stocked, f"{bert}?layers=first-last").identity() == only(stocked, f"{bert}?layer=0,-1").identity()
    assert {*OTHER, *SAME, "revision"} == {option.name for option in options.OPTIONS["hf"]}


def test_arithmetic_after_encoding_shares_vectors(stocked, folders):
    """Models that differ in their transform alone share vectors; any other difference that counts is another set."""
    bert = f"hf:{folders['bert']}"
    vectors = only(stocked, bert).vectors_identity()
    for option, value in OTHER.items():
        same = only(stocked, f"{bert}?{option}={value}").vectors_identity() == vectors
        assert same == (option in options.TRANSFORM), option


def test_a_pair_pools_as_its_own_file_says_unless_told(stocked, tmp_path):
    """`pooling=mean` is another model than a pair whose `siamese.json` says cls, although mean is the option's
    default."""
    pair = checkpoints.siamese(tmp_path / "pair", settings={"pooling": "cls"})
    told = only(stocked, f"siamese:{pair}?pooling=mean")
    assert told.identity() != only(stocked, f"siamese:{pair}").identity()


def test_a_prompt_may_be_percent_encoded(stocked, folders):
    """What a shell or a spec could not hold is written with %XX, and is the same prompt."""
    spec = f"hf:{folders['bert']}?prompt="
    assert only(stocked, f"{spec}a: %26 b").identity() == only(stocked, f"{spec}a%3A%20%26%20b").identity()


def test_models_can_be_pickled(stocked, folders):
    """An engine may send a model to another process: it is the same there."""
    model = only(stocked, f"{folders['bert']}?dimensions=8&normalize")
    again = pickle.loads(pickle.dumps(model))
    assert again.identity() == model.identity()
    assert dict(again.details) == dict(model.details)
    assert again.transform().fit_on == ()


@pytest.mark.parametrize("make", ["bert", "labse_like", "siamese", "static", "model2vec"])
def test_a_spec_becomes_vectors(stocked, folders, make):
    """What a spec names can be loaded and encodes texts: a finite vector each."""
    import numpy as np

    texts = checkpoints.sentences("eng")[:5]
    vectors = only(stocked, str(folders[make])).load().encode(list(texts))
    assert vectors.shape == (5, 32)
    assert np.isfinite(vectors).all()
    session = EncodingSession(only(stocked, str(folders[make])).load())
    np.testing.assert_allclose(session.encode(list(texts)), vectors, atol=1e-5)


def test_encoders_get_the_spec_with_presets_resolved(stocked, folders, monkeypatch):
    """An encoder is given the folder, every option of its table with its value, and no foreign code."""
    given = []
    monkeypatch.setattr(encoders, "load", lambda *arguments, **named: given.append((*arguments, named)))
    only(stocked, f"{folders['bert']}?layers=first-last&max_length=7").load()
    kind, folder, spec, named_arguments = given[0]
    assert (kind, folder, named_arguments) == ("hf", folders["bert"], {"trust_remote_code": False})
    assert (spec["layer"], spec["max_length"], spec["pooling"]) == ((0, -1), 7, "mean")
    assert {option.name for option in options.OPTIONS["hf"]} <= set(spec.values)


# ---- named models


def test_named_models_are_thin_entries():
    """Every entry has a scheme's spec, a full commit, a license and a description, and no revision in its spec."""
    assert {"mbert", "xlm-r", "xlm-r-large", "labse", "multilingual-e5-small", "bge-m3"} <= set(named.entries())
    for name, entry in named.entries().items():
        spec = parse(entry.spec, options.OPTIONS[entry.kind], entry.kind)
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", spec.target), name
        assert re.fullmatch(r"[0-9a-f]{40}", entry.revision), name
        assert entry.license, name
        assert entry.description.endswith("."), name
        assert "revision" not in spec.given, name
        assert transforms.transform_of(spec) is None, name


def test_a_named_model_is_its_spec(stocked, folders, monkeypatch):
    """A named model is the model of its spec and revision; options after its name take the place of the entry's."""
    entry = named.NamedCheckpoint(f"st:{folders['labse_like']}?prompt=query: &prompt_document=passage: ", None)
    monkeypatch.setattr(schemes, "entries", lambda: {"e5": entry})
    (plain,) = schemes._of_name("e5")
    assert plain.identity() == only(stocked, f"{entry.spec}").identity()
    (other,) = schemes._of_name("e5?prompt=text: &dimensions=8")
    wanted = f"st:{folders['labse_like']}?prompt=text: &prompt_document=passage: &dimensions=8"
    assert (other.name, other.identity()) == ("e5?prompt=text: &dimensions=8", only(stocked, wanted).identity())


def test_named_models_name_data_that_cards_have(stocked):
    """Data that a named model was trained on and that a card measures is spelled as the card spells it."""
    data = {task.data for task in stocked.tasks.values()}
    folded = {name.casefold().replace("-", ""): name for name in data}
    for entry in named.entries().values():
        for name in entry.trained_on:
            assert folded.get(name.casefold().replace("-", ""), name) == name


def test_e5_gets_the_prompts_that_its_card_demands(stocked):
    """Multilingual E5 puts `query: ` before every text and `passage: ` before a document."""
    details = stocked.models["multilingual-e5-small"].details
    assert details["prompt"] == "query: "
    assert details["prompts_not_applied"] == "document 'passage: '"


# ---- the list of options


def test_options_are_listed_by_scheme(xlbench_cli):
    """`list models --options` has a table for each scheme, or for those that are named, and JSON for programs."""
    table = xlbench_cli(["list", "models", "--options", "hf"])
    assert table.returncode == 0, table.stderr
    lines = table.stdout.splitlines()
    assert lines[0].startswith("hf: Any Hugging Face encoder")
    assert lines[2].split() == ["option", "kind", "default", "choices", "description"]
    assert [line.split()[0] for line in lines[3:]] == [option.name for option in options.OPTIONS["hf"]]
    printed = json.loads(xlbench_cli(["list", "models", "--options", "--json"]).stdout)
    by_name = {scheme["name"]: scheme for scheme in printed["schemes"]}
    assert set(by_name) >= {"checkpoint", "hf", "named", "siamese", "st", "static"}
    pooling = next(option for option in by_name["hf"]["options"] if option["option"] == "pooling")
    assert (pooling["kind"], pooling["default"], pooling["choices"]) == (
        "choice",
        "mean",
        ["mean", "cls", "max", "last"],
    )


def test_a_named_model_is_listed_with_where_it_lies(xlbench_cli):
    """For programs: the repository, the commit and the declared training data; the table has what a line holds."""
    done = xlbench_cli(["list", "models", "multilingual-e5-small", "--json"])
    (model,) = json.loads(done.stdout)["models"]
    entry = named.entries()["multilingual-e5-small"]
    assert model["origin"] == "https://huggingface.co/intfloat/multilingual-e5-small"
    assert (model["revision"], tuple(model["trained_on"])) == (entry.revision, entry.trained_on)
    assert entry.revision not in xlbench_cli(["list", "models"]).stdout


def test_options_and_named_models_are_documented():
    """docs/models.md has a row for every option with the schemes that have it, and names every named model."""
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    rows = [re.fullmatch(r"\| (.+?) \| (.+?) \| .+ \|", line) for line in text.splitlines()]
    documented = {
        name: set(options.OPTIONS) if row[2] == "all" else set(row[2].split(", "))
        for row in rows
        if row
        for name in re.findall(r"`(\w+)`", row[1])
    }
    having: dict[str, set[str]] = {}
    for kind, able in options.OPTIONS.items():
        for option in able:
            having.setdefault(option.name, set()).add(kind)
    assert {name: documented.get(name) for name in having} == having
    assert not [name for name in named.entries() if f"`{name}`" not in text]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["models", "--options", "hff"], "Did you mean 'hf'?"), (["tasks", "--options"], "only models have options")],
)
def test_options_of_what_has_none_are_one_line(xlbench_cli, arguments, said):
    """A scheme that there is not, and options of tasks, are a wrong command."""
    done = xlbench_cli(["list", *arguments])
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_run_with_a_folder_and_two_dimensions(checkpoint_cli, folders, tmp_path):
    """The command line scores a folder: two sizes are two rows of the board, from one encoding."""
    spec = f"{folders['bert']}?dimensions=8,16&name=tiny"
    arguments = ["run", "--model", spec, "--task", "lexicon", "--language", "hin", "--results", tmp_path / "r"]
    done = checkpoint_cli(arguments)
    assert done.returncode == 0, done.stderr
    assert "tiny-8" in done.stdout
    assert "tiny-16" in done.stdout
