"""Where checkpoints lie and what they are: content as identity, damage, and a hub that is asked as little as can be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import checkpoints
import pytest
from conftest import environment
from fake_hub import Hub, serving

from xlbench import DataMissing, UsageError, catalog
from xlbench_transformers import checkpoint, weights

pytestmark = pytest.mark.slow

OLD, NEW = "a" * 40, "b" * 40


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints that no test changes."""
    root = tmp_path_factory.mktemp("made")
    for make in ("bert", "labse_like", "static", "model2vec", "siamese", "pickle_only"):
        getattr(checkpoints, make)(root / make)
    checkpoints.bert(root / "other", seed=1)
    return root


@pytest.fixture
def copied(made: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function: a copy of a checkpoint that a test may change."""

    def copy(make: str, folder: str = "copy") -> Path:
        return Path(shutil.copytree(made / make, tmp_path / folder))

    return copy


@pytest.fixture(scope="module")
def stocked() -> catalog.Catalog:
    """What is installed."""
    return catalog.load()


def identity(stocked: catalog.Catalog, spec: str | Path) -> str:
    (model,) = stocked.select_models([str(spec)])
    return model.identity()


# ---- identity is content


def test_two_folders_of_one_name_are_two_models(stocked, copied):
    """Different weights are different models, whatever their folders are called."""
    one, other = copied("bert", "x/checkpoint"), copied("other", "y/checkpoint")
    assert identity(stocked, one) != identity(stocked, other)


def test_a_renamed_or_described_folder_is_the_same_model(stocked, copied):
    """Neither a folder's name, nor a model card, nor weights in other formats beside the ones that are read count."""
    folder = copied("labse_like")
    before = identity(stocked, folder)
    moved = folder.rename(folder.parent / "moved")
    assert identity(stocked, moved) == before
    for name in ("README.md", ".gitattributes", "pytorch_model.bin", "onnx/model.onnx", "2_Dense/pytorch_model.bin"):
        (moved / name).parent.mkdir(exist_ok=True)
        (moved / name).write_bytes(b"anything")
    (moved / "checkpoint-500").mkdir()
    shutil.copy(moved / "model.safetensors", moved / "checkpoint-500" / "model.safetensors")
    assert identity(stocked, moved) == before


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "modules.json",
        "config_sentence_transformers.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
        "2_Dense/config.json",
        "2_Dense/model.safetensors",
    ],
)
def test_an_edit_of_what_shapes_vectors_is_another_model(stocked, copied, name):
    """One changed byte in weights, settings, tokenizer or pooling is another model, in the same folder."""
    folder = copied("labse_like")
    before = identity(stocked, folder)
    path = folder / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]) if name.endswith(".safetensors") else content + b"\n")
    assert identity(stocked, folder) != before


@pytest.mark.parametrize(
    ("make", "files"),
    [
        ("bert", {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}),
        ("model2vec", {"config.json", "model.safetensors", "modules.json", "tokenizer.json"}),
        ("static", {"config_sentence_transformers.json", "model.safetensors", "modules.json", "tokenizer.json"}),
    ],
)
def test_the_files_that_count(made, make, files):
    """What is hashed are the weights, the settings and the tokenizer."""
    located = checkpoint.Checkpoint(str(made / make), None, None, make).located()
    assert set(located.content()) == files


def test_weights_in_parts_count_whole(stocked, copied):
    """A checkpoint in several files is read through its index, of which every part must be there and counts."""
    folder = copied("bert")
    _in_two_parts(folder)
    before = identity(stocked, folder)
    located = checkpoint.Checkpoint(str(folder), None, None, "x").located()
    assert located.layout.weights == ("model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json")
    _edit_last_byte(folder / "model-2.safetensors")
    assert identity(stocked, folder) != before
    (folder / "model-2.safetensors").unlink()
    with pytest.raises(UsageError, match=r"lack model-2\.safetensors, which model\.safetensors\.index\.json names"):
        identity(stocked, folder)


def _edit_last_byte(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def _in_two_parts(folder: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    names = sorted(weights)
    parts = {"model-1.safetensors": names[::2], "model-2.safetensors": names[1::2]}
    for part, of_part in parts.items():
        save_file({name: weights[name] for name in of_part}, folder / part)
    index = {"weight_map": {name: part for part, of_part in parts.items() for name in of_part}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "model.safetensors").unlink()


# ---- what is wrong with a folder


@pytest.mark.parametrize(
    ("make", "change", "kind", "said"),
    [
        ("bert", {"config.json": None}, UsageError, "is no checkpoint that is known here: it has no modules.json"),
        ("bert", {"tokenizer.json": None}, UsageError, "has no tokenizer: no tokenizer.json, vocab.txt"),
        (
            "bert",
            {"model.safetensors": None},
            UsageError,
            "no weights, neither model.safetensors nor pytorch_model.bin",
        ),
        ("bert", {"config.json": b"{"}, UsageError, "config.json is not JSON"),
        ("bert", {"config.json": b"[]"}, UsageError, "config.json holds no settings"),
        ("bert", {"model.safetensors": 500}, UsageError, "model.safetensors is damaged: it was cut off"),
        ("bert", {"model.safetensors": 5}, UsageError, "model.safetensors is damaged: it was cut off"),
        ("bert", {"model.safetensors": b"version https://git-lfs"}, UsageError, "is damaged: it was cut off, or is no"),
        ("bert", {"adapter_config.json": b"{}"}, UsageError, "is an adapter to another checkpoint: merge it"),
        ("labse_like", {"2_Dense/model.safetensors": None}, UsageError, "2_Dense: no weights"),
        ("labse_like", {"modules.json": b'{"type": 1}'}, UsageError, "modules.json is no list of modules"),
        ("model2vec", {"tokenizer.json": None}, UsageError, "has no tokenizer"),
    ],
)
def test_a_damaged_folder_is_one_line(stocked, copied, make, change, kind, said):
    """What is missing, cut off or no checkpoint is told in one line with the folder, before anything is loaded."""
    folder = copied(make)
    for name, content in change.items():
        path = folder / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:content] if isinstance(content, int) else content)
    with pytest.raises(kind) as caught:
        identity(stocked, folder)
    assert said in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_of_another_format_are_named(stocked, copied):
    """Weights that are not read are named, with what to do about them."""
    folder = copied("bert")
    (folder / "model.safetensors").rename(folder / "weights.pt")
    with pytest.raises(UsageError, match=r"weights\.pt is not read: save it as model\.safetensors"):
        identity(stocked, folder)


def test_modules_may_not_point_out_of_their_folder(stocked, copied):
    """A `modules.json` that reads another folder's files is refused."""
    folder = copied("labse_like")
    for path in ("../other", "a/../../other", "/etc", "C:/x", "..\\other"):
        modules = json.loads((folder / "modules.json").read_text())
        modules[1]["path"] = path
        (folder / "modules.json").write_text(json.dumps(modules))
        with pytest.raises(UsageError, match="points out of its own folder"):
            identity(stocked, folder)


def test_the_header_of_safetensors_is_read_as_the_library_reads_it(made):
    """Names and shapes of the tensors are those that safetensors gives."""
    from safetensors.numpy import load_file

    path = made / "siamese" / "model.safetensors"
    assert weights.tensor_shapes(path) == {name: values.shape for name, values in load_file(path).items()}


# ---- the hub

ASK = """
    import json, sys
    from xlbench import catalog

    found = []
    for model in catalog.load().select_models(sys.argv[1:]):
        try:
            found.append({"identity": model.identity(), "folder": model.download.fetch(), **model.details})
        except Exception as error:
            found.append({"error": type(error).__name__, "said": str(error)})
    print(json.dumps(found))
"""

NO_NETWORK = """
    import socket

    def refuse(*_):
        open(REPORT, "a").write("connected\\n")
        raise OSError("a connection was tried")

    socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


@pytest.fixture
def hub(made: Path) -> Iterator[Hub]:
    """A hub with two commits of one repository, and others of one."""
    with serving() as running:
        running.add("org/bert", made / "bert", OLD)
        running.add("org/bert", made / "other", NEW)
        running.add("org/labse", made / "labse_like", OLD)
        running.add("org/pickled", made / "pickle_only", OLD)
        yield running


@pytest.fixture
def ask(hub: Hub, tmp_path: Path) -> Callable[..., list[dict[str, str]]]:
    """A function: specs -> what a process of its own finds out about the models, with this hub and an empty cache."""

    def run(*specs: str, pythonpath: tuple[Path, ...] = (), **more: str | None) -> list[dict[str, str]]:
        env = {"HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": None} | more
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(ASK), *specs],
            env=environment(pythonpath, env), capture_output=True, text=True, timeout=120, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found: list[dict[str, str]] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run


def test_a_pinned_model_is_downloaded_once(stocked, ask, hub, made):
    """A pinned revision is downloaded: those files alone that are needed; it is the same model as the same files in a
    folder; and once it is there, the hub is not asked again."""
    (first,) = ask(f"org/bert?revision={OLD}")
    assert first["identity"] == identity(stocked, made / "bert")
    assert (first["revision"], first["scheme"]) == (OLD, "hf")
    assert "note" not in first
    assert sorted(hub.files_served()) == ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]
    hub.requests.clear()
    assert ask(f"org/bert?revision={OLD}") == [first]
    assert [request for request in hub.requests if "org/bert" in request] == []


def test_what_is_not_needed_is_not_downloaded(ask, hub, made, tmp_path):
    """Pickles, onnx, a model card and other weights stay where they are; parts of a chain of modules are fetched."""
    crowded = Path(shutil.copytree(made / "labse_like", tmp_path / "crowded"))
    for name in ("README.md", "pytorch_model.bin", "tf_model.h5", "onnx/model.onnx", "2_Dense/pytorch_model.bin"):
        (crowded / name).parent.mkdir(exist_ok=True)
        (crowded / name).write_bytes(b"large")
    hub.add("org/crowded", crowded, OLD)
    ask("org/crowded", "org/labse")
    served = hub.files_served()
    assert sorted(served) == sorted(2 * list(set(served)))
    assert "2_Dense/model.safetensors" in served
    assert not {"README.md", "pytorch_model.bin", "tf_model.h5", "onnx/model.onnx"} & set(served)


def test_an_unpinned_model_is_resolved_and_says_so(stocked, ask, hub, made):
    """Without a revision, `main` is taken: which commit that was is recorded, with a note; offline, it is that one."""
    (found,) = ask("hf:org/bert")
    assert found["revision"] == NEW
    assert found["identity"] == identity(stocked, made / "other")
    assert found["note"] == f"not pinned: main of the hub was {NEW[:12]}"
    hub.requests.clear()
    (offline,) = ask("hf:org/bert", HF_HUB_OFFLINE="1")
    assert offline == found
    assert hub.requests == []


REFUSED = [
    ("org/nothing", "UsageError", "there is no model 'org/nothing' on the hub"),
    ("hf:nothing", "UsageError", "there is no model 'nothing' on the hub"),
    (f"org/bert?revision={'c' * 40}", "UsageError", "has no revision 'cccccccccccccccccccccccccccccccccccccccc'"),
    ("org/bert?revision=v9", "UsageError", "org/bert has no revision 'v9' on the hub"),
    ("org/bert?revision=code:12", "UsageError", "code: pins a folder; on the hub, pin a commit"),
    ("hf:org/na me", "UsageError", "'org/na me' is neither a name on the hub (org/name) nor a path (./folder)"),
    ("hf:org/a/b", "UsageError", "'org/a/b' is neither a name on the hub"),
    ("st:org/bert", "UsageError", "org/bert has no modules.json"),
    ("org/pickled", "UsageError", "the weights are a pickle (pytorch_model.bin)"),
    ("org/labse?pooling=cls", "UsageError", "this is a checkpoint for st:, which has no option 'pooling'"),
]
"""A spec, and with what it is refused: all but the last before any weights are looked for."""


def test_what_the_hub_does_not_have_is_one_line(ask, hub):
    """Names, revisions and kinds that are wrong are told in one line each, and no weights are downloaded for them."""
    specs = [spec for spec, _, _ in REFUSED]
    found = ask(*specs[:-1])
    assert not [name for name in hub.files_served() if name.endswith((".safetensors", ".bin"))]
    found += ask(specs[-1])
    for (spec, kind, said), one in zip(REFUSED, found, strict=True):
        assert one["error"] == kind, spec
        assert said in one["said"], spec
        assert "\n" not in one["said"], spec


@pytest.mark.parametrize("spec", ["hf:org/bert", f"hf:org/bert?revision={OLD}", "labse"])
def test_offline_means_no_request(ask, hub, spec, tmp_path):
    """Offline, no connection is so much as tried; what is missing is missing data, with how to get it."""
    site, report = tmp_path / "site", tmp_path / "report"
    site.mkdir()
    (site / "sitecustomize.py").write_text(f"REPORT = {str(report)!r}\n" + textwrap.dedent(NO_NETWORK))
    (found,) = ask(spec, pythonpath=(site,), XLBENCH_OFFLINE="1")
    assert found["error"] == "DataMissing"
    assert f"get it with xlbench fetch --model '{spec}', or give a local folder" in found["said"]
    assert not report.exists()
    assert hub.requests == []
    ask(spec, pythonpath=(site,))
    assert report.exists()  # so the report would have been written


def test_a_hub_that_cannot_be_reached_is_missing_data(ask):
    """A dead network is told at once, with what to do; it is not an error of the model."""
    (found,) = ask("org/bert", HF_ENDPOINT="http://127.0.0.1:9")
    assert found["error"] == "DataMissing"
    assert "org/bert is not on this machine (and cannot be downloaded now: " in found["said"]


def test_a_name_that_is_also_a_folder_here_is_pointed_out(ask, tmp_path):
    """`org/name` is on the hub, even where a folder of that name is here: the line says how to mean the folder."""
    (tmp_path / "my" / "model").mkdir(parents=True)
    (found,) = ask("my/model", HF_HUB_OFFLINE="1")
    assert found["said"].endswith("or give the folder that is here, as ./my/model")
    (found,) = ask("my/model")
    assert found["said"].endswith("a folder is given as ./my/model")


def test_half_a_snapshot_is_not_taken_for_whole(ask, hub, tmp_path):
    """Where a download was cut off, offline says so, and online fetches what is missing."""
    spec = f"org/labse?revision={OLD}"
    (whole,) = ask(spec)
    lost = Path(whole["folder"]) / "2_Dense" / "model.safetensors"
    lost.unlink()
    (offline,) = ask(spec, HF_HUB_OFFLINE="1")
    assert offline["error"] == "DataMissing"
    assert "2_Dense/model.safetensors is missing" in offline["said"]
    assert ask(spec) == [whole]
    assert lost.is_file()


def test_a_cell_of_a_model_that_is_not_at_hand_is_skipped(xlbench_cli, tmp_path):
    """A run offline skips what it would have to download, and scores the others."""
    env = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hf")}
    arguments = ["run", "--model", "labse", "--model", "random", "--task", "lexicon", "--language", "hin", "--json"]
    done = xlbench_cli([*arguments, "--results", tmp_path / "r"], env=env)
    assert done.returncode == 0, done.stderr
    cells = {cell["model"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert (cells["labse"]["status"], cells["random"]["status"]) == ("skipped", "ok")
    assert "get it with xlbench fetch --model 'labse'" in cells["labse"]["reason"]


def test_missing_is_data_missing(monkeypatch, tmp_path):
    """The Python interface raises the same: missing data, once and for every question."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    (model,) = catalog.load().select_models(["mbert"])
    for question in (model.identity, model.vectors_identity, model.download.fetch, model.load):
        with pytest.raises(DataMissing, match=r"google-bert/bert-base-multilingual-cased at 3f076fdb1ab6 is not on"):
            question()
    assert model.details["pooling"] == "mean"
    assert "revision" not in model.details
