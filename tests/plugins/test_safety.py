"""What a stranger's checkpoint may do: nothing, until the person at the keyboard has said so."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import checkpoints
import pytest
from conftest import environment
from fake_hub import serving

from xlbench import UsageError, catalog
from xlbench_transformers import layout, safety
from xlbench_transformers.st_modules import KNOWN_TYPES

pytestmark = pytest.mark.slow

COMMIT = "a" * 40

MODULE = """
    from pathlib import Path

    Path(__file__).with_name("was-run").write_text("run")
    Path({mark!r}).write_text("run")
    from sentence_transformers.sentence_transformer.modules import Pooling


    class Own(Pooling):
        pass
"""


@pytest.fixture(scope="module")
def stocked() -> catalog.Catalog:
    """What is installed."""
    return catalog.load()


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """A file that a checkpoint's code writes when it is run."""
    return tmp_path / "mark"


@pytest.fixture
def coded(tmp_path: Path, mark: Path) -> Path:
    """A sentence-transformers folder whose pooling is a class of its own."""
    folder = checkpoints.sentence_transformer(tmp_path / "coded")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = "own_pooling.Own"
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "own_pooling.py").write_text(textwrap.dedent(MODULE).format(mark=str(mark)))
    return folder


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XLBENCH_TRUST_REMOTE_CODE", "1")


def pin_of(folder: Path, *foreign: str, code: str = "own_pooling.py") -> str:
    """The pin of a folder with one file of code."""
    return safety.pin_of(layout.Layout("st", (), (), foreign=foreign or ("own_pooling.Own",), code=(code,)), folder)


def refused(stocked: catalog.Catalog, spec: str | Path) -> str:
    with pytest.raises(UsageError) as caught:
        stocked.select_models([str(spec)])[0].identity()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---- pickles


def test_pickles_are_refused_unless_allowed(stocked, tmp_path, monkeypatch):
    """Weights in a pickle alone are refused with a line that says how to allow it; allowed, they are read, and the
    details say so."""
    folder = checkpoints.pickle_only(tmp_path / "pickled")
    said = refused(stocked, folder)
    assert "the weights are a pickle (pytorch_model.bin)" in said
    assert "--allow-pickle" in said
    monkeypatch.setenv("XLBENCH_ALLOW_PICKLE", "1")
    (model,) = stocked.select_models([str(folder)])
    assert model.details["weights"] == "pickle"
    assert model.load().encode(["a text"]).shape == (1, 32)


def test_a_pickle_beside_safetensors_is_not_read(stocked, tmp_path, monkeypatch):
    """Where there are safetensors, a pickle beside them is neither read nor part of the identity, even if allowed."""
    monkeypatch.setenv("XLBENCH_ALLOW_PICKLE", "1")
    folder = checkpoints.bert(tmp_path / "bert")
    before = stocked.select_models([str(folder)])[0].identity()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'exit 3'\ntR.")
    (model,) = stocked.select_models([str(folder)])
    assert (model.identity(), model.details["weights"]) == (before, "safetensors")
    assert model.load().encode(["a text"]).shape == (1, 32)


def test_a_pickle_that_runs_code_is_not_run_even_if_allowed(stocked, tmp_path, monkeypatch, mark):
    """Allowed pickles are read by a loader that takes numbers alone: one that would run a command fails."""
    monkeypatch.setenv("XLBENCH_ALLOW_PICKLE", "1")
    folder = checkpoints.pickle_only(tmp_path / "pickled")
    (folder / "pytorch_model.bin").write_bytes(f"cos\nsystem\n(S'touch {mark}'\ntR.".encode())
    with pytest.raises(Exception, match=r"(?i)weights|pickle|load"):
        stocked.select_models([str(folder)])[0].load()
    assert not mark.exists()


def test_a_pickle_in_one_module_is_refused(stocked, tmp_path):
    """A chain of modules is refused for the one whose weights are a pickle."""
    folder = checkpoints.labse_like(tmp_path / "labse")
    (folder / "2_Dense" / "model.safetensors").rename(folder / "2_Dense" / "pytorch_model.bin")
    assert "2_Dense/pytorch_model.bin" in refused(stocked, folder)


@pytest.mark.parametrize("name", ["evil.pt", "evil.bin", "evil"])
def test_a_pickle_among_the_parts_is_refused(stocked, tmp_path, name):
    """An index of safetensors that names a file of another kind is no way around."""
    folder = checkpoints.bert(tmp_path / "bert")
    (folder / "model.safetensors").rename(folder / name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"weight": name}}))
    assert f"the weights are a pickle ({name})" in refused(stocked, folder)


# ---- code


def test_a_folders_code_is_not_run(stocked, coded, mark):
    """A class of the checkpoint's own is refused with a line that names it, and its file is not imported."""
    said = refused(stocked, coded)
    assert "runs code of its own (own_pooling.Own)" in said
    assert "--trust-remote-code" in said
    assert not mark.exists()


def test_a_folders_code_is_run_where_it_is_pinned(stocked, coded, mark, trusting):
    """Trusted, a folder needs a pin, which the refusing line gives; with it the code runs, and the details say so."""
    said = refused(stocked, coded)
    assert "which is not pinned" in said
    pin = said.rpartition("?revision=")[2]
    assert len(pin) == len("code:") + 16
    (model,) = stocked.select_models([f"{coded}?revision={pin}"])
    model.identity()
    assert not mark.exists()
    assert model.details["runs_code"] == "own_pooling.Own"


def test_trusted_code_makes_vectors(coded, mark, tmp_path):
    """A process that trusts a pinned folder runs its code; one that does not gives the line alone."""
    code = (
        "import sys, xlbench.catalog as c; print(c.load().select_models([sys.argv[1]])[0].load().encode(['x']).shape)"
    )
    pin = pin_of(coded)

    def run(**more: str) -> subprocess.CompletedProcess[str]:
        env = environment((), {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", **more})
        command = [sys.executable, "-c", code, f"{coded}?revision={pin}"]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=120)

    done = run()
    assert "UsageError" in done.stderr
    assert not mark.exists()
    done = run(XLBENCH_TRUST_REMOTE_CODE="1")
    assert done.stdout.strip() == "(1, 32)", done.stderr
    assert mark.exists()


def test_changed_code_needs_another_pin(stocked, coded, trusting):
    """A pin is of the code that was read: any edit, and any file that comes in, is refused under it. Weights are not
    code: they may change."""
    pin = refused(stocked, coded).rpartition("?revision=")[2]
    spec = f"{coded}?revision={pin}"
    before = stocked.select_models([spec])[0].identity()
    (coded / "helper.py").write_text("x = 1\n")
    assert f"is not the code of {pin}" in refused(stocked, spec)
    (coded / "helper.py").unlink()
    assert stocked.select_models([spec])[0].identity() == before
    (coded / "own_pooling.py").write_text("class Own: pass\n")
    assert f"is not the code of {pin}" in refused(stocked, spec)


def test_code_is_identity(stocked, coded, trusting):
    """Another code is another model."""
    first = stocked.select_models([f"{coded}?revision={pin_of(coded)}"])[0].identity()
    (coded / "own_pooling.py").write_text("class Own: pass\n")
    again = stocked.select_models([f"{coded}?revision={pin_of(coded)}"])[0].identity()
    assert first != again


@pytest.mark.parametrize(
    ("file", "key", "value", "named"),
    [
        ("config.json", "auto_map", {"AutoModel": "modeling.Own"}, "modeling.Own"),
        ("config.json", "auto_map", {"AutoModel": "org/code--modeling.Own"}, "org/code--modeling.Own"),
        ("tokenizer_config.json", "auto_map", {"AutoTokenizer": ["tok.Slow", None]}, "tok.Slow"),
        ("2_Dense/config.json", "activation_function", "own.Activation", "own.Activation"),
        ("2_Dense/config.json", "activation_function", "torch.hub.load", "torch.hub.load"),
        ("config.json", "_attn_implementation", "org/kernel", "_attn_implementation=org/kernel"),
        ("sentence_bert_config.json", "model_args", {"weights_only": False}, "model_args.weights_only=False"),
        ("sentence_bert_config.json", "model_kwargs", {"use_safetensors": 0}, "model_kwargs.use_safetensors=0"),
        (
            "sentence_bert_config.json",
            "config_args",
            {"attn_implementation": "org/kernel"},
            "config_args.attn_implementation=org/kernel",
        ),
        ("config.json", "text_config", {"auto_map": {"AutoModel": "modeling.Own"}}, "modeling.Own"),
        ("config.json", "parts", [{"attn_implementation": "org/kernel"}], "attn_implementation=org/kernel"),
        ("processor_config.json", "auto_map", {"AutoProcessor": "processing.Own"}, "processing.Own"),
        ("preprocessor_config.json", "auto_map", {"AutoProcessor": "processing.Own"}, "processing.Own"),
        (
            "sentence_bert_config.json",
            "modality_config",
            {"text": {"method": "push_to_hub", "method_output_name": "x"}},
            "modality_config.text.method=push_to_hub",
        ),
    ],
)
def test_every_way_to_name_code_is_seen(stocked, tmp_path, file, key, value, named):
    """Code is refused wherever a checkpoint's settings name it."""
    folder = checkpoints.labse_like(tmp_path / "labse")
    settings = json.loads((folder / file).read_text()) if (folder / file).is_file() else {}
    (folder / file).write_text(json.dumps(settings | {key: value}))
    assert f"runs code of its own ({named})" in refused(stocked, folder)


def test_plain_arguments_are_not_code(stocked, tmp_path):
    """Arguments such as a dtype, and attention that the library computes itself, are nothing to refuse."""
    folder = checkpoints.labse_like(tmp_path / "labse")
    path = folder / "sentence_bert_config.json"
    more = {"model_args": {"torch_dtype": "float16", "attn_implementation": "sdpa"}}
    path.write_text(json.dumps(json.loads(path.read_text()) | more))
    (model,) = stocked.select_models([str(folder)])
    assert "runs_code" not in model.details
    assert model.load().encode(["a text"]).dtype == "float32"


def test_code_of_another_repository_cannot_be_pinned(stocked, tmp_path, trusting):
    """Code that lies in another repository is not covered by any pin, so it is refused even where code is trusted."""
    folder = checkpoints.bert(tmp_path / "bert")
    settings = json.loads((folder / "config.json").read_text()) | {"auto_map": {"AutoModel": "org/code--m.Own"}}
    (folder / "config.json").write_text(json.dumps(settings))
    pin = refused(stocked, folder).rpartition("?revision=")[2]
    assert "code that lies elsewhere (org/code--m.Own)" in refused(stocked, f"{folder}?revision={pin}")


@pytest.mark.parametrize("name", ["{beside}/evil.Own", "__pycache__/evil.Own", "../evil/evil.Own"])
def test_code_outside_of_what_is_pinned_is_refused(stocked, coded, tmp_path, trusting, name):
    """A class in a file that the pin does not cover is refused even where code is trusted and pinned."""
    (tmp_path / "evil").mkdir()
    (tmp_path / "evil" / "evil.py").write_text("class Own: pass\n")
    modules = json.loads((coded / "modules.json").read_text())
    modules[1]["type"] = name.format(beside=tmp_path / "evil")
    (coded / "modules.json").write_text(json.dumps(modules))
    pin = refused(stocked, coded).rpartition("?revision=")[2]
    assert "code that lies elsewhere" in refused(stocked, f"{coded}?revision={pin}")


def test_a_kernel_of_the_hub_cannot_be_pinned(stocked, tmp_path, trusting):
    """Attention that would be computed by code of the hub is refused even where the folder's code is trusted."""
    folder = checkpoints.bert(tmp_path / "bert")
    edit(folder / "config.json", _attn_implementation="org/kernel")
    pin = refused(stocked, folder).rpartition("?revision=")[2]
    assert "code that lies elsewhere (_attn_implementation=org/kernel)" in refused(stocked, f"{folder}?revision={pin}")


# ---- what two checkpoints could be confused by


def edit(file: Path, **settings: object) -> None:
    """Change settings in a JSON file."""
    known = json.loads(file.read_text()) if file.is_file() else {}
    file.write_text(json.dumps(known | settings))


def test_weights_under_another_name_are_refused(stocked, tmp_path):
    """A config that has its weights read from a file that no identity covers is one line."""
    folder = checkpoints.bert(tmp_path / "bert")
    edit(folder / "config.json", transformers_weights="other.safetensors")
    assert "names other.safetensors as its weights" in refused(stocked, folder)


@pytest.mark.parametrize(
    ("file", "key", "value", "named"),
    [
        ("tokenizer_config.json", "fast_tokenizer_files", ["../x/tokenizer.0.json"], "../x/tokenizer.0.json"),
        ("tokenizer_config.json", "fast_tokenizer_files", 3, "3"),
        ("sentence_bert_config.json", "tokenizer_name_or_path", "/elsewhere", "/elsewhere"),
    ],
)
def test_a_tokenizer_from_elsewhere_is_refused(stocked, tmp_path, file, key, value, named):
    """Settings that take the tokenizer from outside of the folder are one line."""
    folder = checkpoints.sentence_transformer(tmp_path / "st")
    edit(folder / file, **{key: value})
    assert f"take the tokenizer from {named}" in refused(stocked, folder)


def test_a_tokenizer_for_another_version_is_identity(stocked, tmp_path):
    """Where the folder has tokenizers for versions of transformers, each is part of what the model is."""
    folder = checkpoints.bert(tmp_path / "bert")
    edit(folder / "tokenizer_config.json", fast_tokenizer_files=["tokenizer.4.0.json"])
    shutil.copy(folder / "tokenizer.json", folder / "tokenizer.4.0.json")
    before = stocked.select_models([str(folder)])[0].identity()
    edit(folder / "tokenizer.4.0.json", truncation={"max_length": 3, "strategy": "LongestFirst", "stride": 0})
    assert stocked.select_models([str(folder)])[0].identity() != before


@pytest.mark.parametrize("place", [".hidden", "a/b/c/d", "link"])
def test_a_module_that_is_not_looked_into_is_refused(stocked, tmp_path, place):
    """A pooling in a folder whose files are not part of the identity is one line: hidden, deep, or behind a link."""
    folder = checkpoints.sentence_transformer(tmp_path / "st")
    pooling = tmp_path / "elsewhere" if place == "link" else folder / place
    pooling.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder / "1_Pooling", pooling)
    if place == "link":
        (folder / "link").symlink_to(pooling)
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["path"] = place
    (folder / "modules.json").write_text(json.dumps(modules))
    assert f"there is no {place}/config.json, which Pooling needs" in refused(stocked, folder)


@pytest.mark.parametrize(
    "modules",
    [{"a": 1}, "x", ["x"], [{"type": "x"}], [{"type": "x", "path": None}], [{"type": "x", "path": 3}], [{"path": ""}]],
)
def test_a_list_of_modules_that_is_none_is_one_line(stocked, tmp_path, modules):
    """Whatever modules.json holds in place of its list, one line says so."""
    folder = checkpoints.sentence_transformer(tmp_path / "st")
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(UsageError, match=r"modules.json is no list of modules with a type and a path"):
        stocked.select_models([str(folder)])


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/etc", "..\\x", "C:\\x"])
def test_a_module_outside_of_the_folder_is_refused(stocked, tmp_path, path):
    """A module's folder that is not within the checkpoint is one line."""
    folder = checkpoints.sentence_transformer(tmp_path / "st")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["path"] = path
    (folder / "modules.json").write_text(json.dumps(modules))
    assert "modules.json points out of its own folder" in refused(stocked, folder)


def test_an_adapter_within_a_module_is_refused(stocked, tmp_path):
    """An adapter takes its weights from another checkpoint, wherever in the folder it lies."""
    folder = checkpoints.labse_like(tmp_path / "labse")
    edit(folder / "2_Dense" / "adapter_config.json", base_model_name_or_path="org/other")
    assert "2_Dense is an adapter to another checkpoint" in refused(stocked, folder)


@pytest.mark.parametrize(
    "name",
    [
        "os.system",
        "sentence_transformers.util.misc.import_from_string",
        "sentence_transformers.models.WordEmbeddings",
        "sentence_transformers.models.RouterEvil",
        "sentence_transformers.models.Transformer.load",
        "sentence_transformers_evil.models.Pooling",
        "sentence_transformers.models.x.y.Pooling",
    ],
)
def test_module_types_outside_the_list_are_foreign(stocked, tmp_path, name):
    """Only modules that load nothing but numbers are taken for granted, not whatever lies in the library's name."""
    folder = checkpoints.sentence_transformer(tmp_path / "st")
    modules = json.loads((folder / "modules.json").read_text())
    modules[1]["type"] = name
    (folder / "modules.json").write_text(json.dumps(modules))
    assert f"runs code of its own ({name})" in refused(stocked, folder)


def test_the_modules_on_the_list_are_the_librarys(tmp_path):
    """Every type that the library writes for a module on the list, now and in older versions, is on it."""
    from sentence_transformers.sentence_transformer import modules as parts

    for name in ("Transformer", "Pooling", "Dense", "Normalize", "LayerNorm", "Dropout", "StaticEmbedding", "Router"):
        module = getattr(parts, name)
        assert KNOWN_TYPES.fullmatch(f"{module.__module__}.{module.__name__}"), module
        assert KNOWN_TYPES.fullmatch(f"sentence_transformers.models.{name}")


def test_code_on_the_hub_needs_a_commit(coded, tmp_path, mark):
    """On the hub, trusted code needs a full commit; its files are downloaded, and nothing runs before it is loaded."""
    with serving() as hub:
        hub.add("org/coded", coded, COMMIT)

        def ask(spec: str, **more: str) -> str:
            code = "import sys, xlbench.catalog as c; print(c.load().select_models([sys.argv[1]])[0].download.fetch())"
            env = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": None, **more}
            command = [sys.executable, "-c", code, spec]
            done = subprocess.run(command, env=environment((), env), capture_output=True, text=True, timeout=120)
            return done.stdout.strip() or done.stderr.splitlines()[-1]

        trusted = {"XLBENCH_TRUST_REMOTE_CODE": "1"}
        assert "allow it with --trust-remote-code" in ask(f"org/coded?revision={COMMIT}")
        assert "pin what you have read, with ?revision=COMMIT" in ask("org/coded", **trusted)
        assert "pin what you have read" in ask("org/coded?revision=main", **trusted)
        assert "own_pooling.py" not in hub.files_served()
        folder = Path(ask(f"org/coded?revision={COMMIT}", **trusted))
        assert (folder / "own_pooling.py").is_file()
    assert not mark.exists()


def test_the_pin_is_of_what_is_imported_and_of_its_code(tmp_path):
    """A pin changes with what is imported, with a file's content and with its name, and not with the folder's."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").write_text("1")
    before = pin_of(tmp_path / "a", "x.Own", code="x.py")
    assert before == pin_of(tmp_path / "b", "x.Own", code="x.py")
    shutil.move(tmp_path / "b" / "x.py", tmp_path / "b" / "y.py")
    others = {pin_of(tmp_path / "b", "x.Own", code="y.py"), pin_of(tmp_path / "a", "x.Other", code="x.py")}
    (tmp_path / "a" / "x.py").write_text("2")
    others.add(pin_of(tmp_path / "a", "x.Own", code="x.py"))
    assert len(others | {before}) == 4
