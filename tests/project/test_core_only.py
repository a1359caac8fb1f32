"""The core alone: with nothing installed but what xlbench itself requires, what needs no more works, and what needs
more says in one line what to install."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT, SOURCES
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xlbench
from xlbench.core.errors import EXTRAS, MissingExtraError, explain_import, require_extra
from xlbench.core.text import reason_of

pytestmark = pytest.mark.slow

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORTED_AS = {"sentence-transformers": "sentence_transformers", "huggingface-hub": "huggingface_hub", "protobuf": ""}
"""Distribution -> the module that it installs, where the two differ; "": not imported by us."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def core_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import from, that holds links to the core's dependencies and to theirs, and to nothing else."""
    site = tmp_path_factory.mktemp("core")
    for name in core():
        distribution = metadata.distribution(name)
        tops = {
            Path(*file.parts[:1]) for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")
        }
        for top in tops:
            (site / top).symlink_to(str(distribution.locate_file(top)))
    info = site / f"xlbench-{xlbench.__version__}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: xlbench\nVersion: {xlbench.__version__}\n")
    points = "\n".join(f"{name} = {module}" for name, module in PROJECT["entry-points"]["xlbench"].items())
    (info / "entry_points.txt").write_text(f"[xlbench]\n{points}\n")
    return site


def core() -> set[str]:
    """The distributions that the core requires, and those that they require."""
    found: set[str] = set()
    left = [Requirement(text) for text in PROJECT["dependencies"]]
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        left += map(Requirement, metadata.requires(name) or ())
    return found


@pytest.fixture(scope="module")
def interpreter(request: pytest.FixtureRequest) -> tuple[list[str], list[Path]]:
    """A Python and what it is to import from beside its own: that of the virtual environment XLBENCH_CORE, into which
    somebody has installed xlbench without extras; by default this one without its site-packages."""
    if environment := os.environ.get("XLBENCH_CORE"):
        folder, suffix = ("Scripts", ".exe") if sys.platform == "win32" else ("bin", "")
        return [str(Path(environment).absolute() / folder / f"python{suffix}")], []
    return [sys.executable, "-S"], [*SOURCES, request.getfixturevalue("core_only")]


@pytest.fixture
def really_installed(scale: int) -> None:
    """Skips what takes long where the core is not installed by itself; continuous integration installs it."""
    if scale == 1 and not os.environ.get("XLBENCH_CORE"):
        pytest.skip(
            "XLBENCH_CORE names no environment with the core alone, and this takes long: `make campaign` has it"
        )


@pytest.fixture
def run(interpreter: tuple[list[str], list[Path]], tmp_path: Path) -> Run:
    """A function that runs the command line where the core alone is installed, in a process and an empty folder of its
    own; or, where the first argument is ``-c``, Python code."""
    python, paths = interpreter

    def started(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        ours = {name for name in os.environ if name.startswith("XLBENCH_") and name != "XLBENCH_CACHE"}
        kept = {name: value for name, value in os.environ.items() if name not in {*ours, "PYTHONPATH"}}
        more = {"PYTHONPATH": os.pathsep.join(map(str, paths))} if paths else {}
        module = [] if str(arguments[0]) == "-c" else ["-m", "xlbench"]
        return subprocess.run(
            [*python, *module, *map(str, arguments)],
            env={**kept, **more, "PYTHONUTF8": "1"}, cwd=tmp_path,
            capture_output=True, text=True, encoding="utf-8", timeout=300,
        )  # fmt: skip

    return started


def lines(done: subprocess.CompletedProcess[str]) -> str:
    """What was printed, where it holds no traceback."""
    printed = done.stdout + done.stderr
    assert "Traceback" not in printed, printed
    assert "internal error" not in printed, printed
    return printed


def test_no_extra_can_be_imported_there(run):
    """The tests below would say nothing if torch and the others were there."""
    names = [name for libraries in EXTRAS.values() for name in libraries]
    code = f"from importlib.util import find_spec; print([name for name in {names} if find_spec(name)])"
    assert run("-c", code).stdout.strip() == "[]"


def test_commands_that_list_need_the_core_alone(run):
    """Models, tasks and suites of every first-party plugin are listed, and no plugin is broken."""
    for kind in ("models", "tasks", "suites"):
        done = run("list", kind, "--json")
        assert done.returncode == 0, lines(done)
        assert len(json.loads(done.stdout)) >= 1
    plugins = json.loads(run("plugins", "--json").stdout)
    assert plugins["broken"] == []
    assert {plugin["plugin"] for plugin in plugins["plugins"]} >= set(PROJECT["entry-points"]["xlbench"])


@pytest.mark.usefixtures("really_installed")
def test_the_suite_is_scored_and_rendered(run, tmp_path):
    """Every area of the embedded suite in one language, a board of the saved run, and the other commands."""
    first = run("run", "--suite", "mini", "-m", "ngram", "-l", "isl", "--json")
    assert first.returncode == 0, lines(first)
    cells = json.loads(first.stdout)["cells"]
    assert {cell["status"] for cell in cells} == {"ok"}
    assert len({cell["task"] for cell in cells}) == 7
    board = run("board", "results", "--boards", "boards")
    assert board.returncode == 0, lines(board)
    assert list((tmp_path / "boards").glob("*.md"))
    for arguments in (["cache", "info"], ["cache", "verify"], ["fetch", "--task", "lexicon"]):
        done = run(*arguments)
        assert done.returncode == 0, lines(done)


def test_the_python_interface_needs_the_core_alone(run):
    """Tasks, models and results of a program are as they are with everything installed."""
    code = (
        "import xlbench; found = xlbench.run(models=['ngram'], tasks=['lexicon'], languages=['mlt']); "
        "print(found.to_frame().status.unique().tolist())"
    )
    done = run("-c", code)
    assert done.stdout.strip() == "['ok']", done.stderr


@pytest.mark.usefixtures("really_installed")
def test_a_checkpoint_needs_an_extra(run, tmp_path):
    """Cells of models that need torch are errors that say what to install; those of other models are scored."""
    import checkpoints

    made = {
        "hf": checkpoints.bert(tmp_path / "bert"),
        "st": checkpoints.sentence_transformer(tmp_path / "sentences"),
        "siamese": checkpoints.siamese(tmp_path / "pair"),
        "static": checkpoints.static(tmp_path / "table"),
    }
    models = [option for kind, folder in made.items() for option in ("-m", f"{kind}:./{folder.name}")]
    done = run("run", *models, "-m", "ngram", "-t", "mini-news", "-l", "isl", "--json")
    assert done.returncode == 1, lines(done)
    cells = {cell["model"].partition(":")[0]: cell for cell in json.loads(done.stdout)["cells"]}
    assert cells.pop("ngram")["status"] == "ok"
    assert set(cells) == set(made)
    for kind, cell in cells.items():
        assert cell["status"] == "error"
        assert re.search(rf"a checkpoint for {kind}: needs .*: pip install 'xlbench\[hf\]'$", cell["reason"])


def test_a_checkpoint_of_the_hub_needs_an_extra(run):
    """A model that would be downloaded says what to install, whether it is run or fetched."""
    for command in (["run", "-t", "mini-news", "-l", "isl"], ["fetch"]):
        done = run(*command, "--model", "labse")
        assert done.returncode == 1
        assert "needs huggingface_hub: pip install 'xlbench[hf]'" in lines(done)


def test_data_of_the_hub_needs_an_extra(run, tmp_path):
    """A data set of the hub is not at hand without its libraries; neither is a copy of it in the hub's layout."""
    for command in (["run", "-m", "ngram"], ["fetch"]):
        done = run(*command, "--task", "afrisenti")
        assert "needs datasets and huggingface_hub: pip install 'xlbench[hub]'" in lines(done)
    card = tomllib.loads((ROOT / "tasks/xlbench_tasks/cards/in22-gen.toml").read_text(encoding="utf-8"))
    (tmp_path / "data" / card["data"]["repo"]).mkdir(parents=True)
    done = run("run", "-m", "ngram", "--task", "in22-gen", "--data", "data")
    assert "needs datasets and huggingface_hub: pip install 'xlbench[hub]'" in lines(done)


@pytest.mark.usefixtures("really_installed")
def test_curves_without_plots(run, tmp_path):
    """Curves are computed and their tables written; that plots need an extra is said before."""
    done = run("curve", "-m", "ngram", "-t", "mini-news", "-l", "isl", "--train-sizes", "16,all")
    assert done.returncode == 0
    assert "tables alone: a plot needs matplotlib: pip install 'xlbench[plots]'" in lines(done)
    assert {path.suffix for path in (tmp_path / "curves").iterdir()} == {".md", ".csv"}


@pytest.mark.usefixtures("really_installed")
def test_plots_say_what_they_need(run, tmp_path):
    """A picture of saved runs is refused in one line, with the command that installs what it needs."""
    done = run("plot", "standings", "--out", "standings.svg")
    assert done.returncode == 2
    assert lines(done) == "xlbench: a plot needs matplotlib: pip install 'xlbench[plots]'\n"
    assert not (tmp_path / "standings.svg").exists()


def test_extras_are_those_of_the_project():
    """The libraries that messages name are what the extras of pyproject.toml install, and nothing is left out."""
    named = {
        extra: {
            IMPORTED_AS.get(name, name) for name in (canonicalize_name(Requirement(text).name) for text in requirements)
        } - {"", "xlbench"}
        for extra, requirements in PROJECT["optional-dependencies"].items()
        if extra != "all"
    }  # fmt: skip
    assert {extra: set(libraries) for extra, libraries in EXTRAS.items()} == named


def test_require_names_what_is_missing(monkeypatch):
    """What is installed is not named; an import hook that refuses a library counts as its absence."""
    monkeypatch.setitem(sys.modules, "torch", None)
    require_extra("hf", "it", "tokenizers")
    with pytest.raises(MissingExtraError, match=r"^it needs torch: pip install 'xlbench\[hf\]'$"):
        require_extra("hf", "it", "tokenizers", "torch")


def test_an_import_that_failed_is_explained(monkeypatch):
    """A missing optional library has its line; any other, and one that is there but broken, has not."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    told = explain_import(ModuleNotFoundError("No module named 'matplotlib.figure'", name="matplotlib.figure"))
    assert told == "this needs matplotlib: pip install 'xlbench[plots]'"
    assert reason_of(ModuleNotFoundError("No module named 'matplotlib'", name="matplotlib")) == told
    assert explain_import(ModuleNotFoundError("No module named 'torch.x'", name="torch.x")) is None
    assert explain_import(ModuleNotFoundError("No module named 'other'", name="other")) is None
