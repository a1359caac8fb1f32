"""`xlbench pack`, and every command that reads runs, on packs."""

import csv
import json
import shutil
from collections import Counter

import pytest
from conftest import ROOT
from saved_runs import PRINTS, save_cell, save_run

from xlbench.runs.packs.read import Pack
from xlbench.runs.store import Store

pytestmark = pytest.mark.slow

PLACES = {("pairs", "eng-deu"): 30, ("topics", "hin"): 20}


@pytest.fixture
def root(tmp_path):
    """./results with two models."""
    for model in PRINTS:
        save_run(tmp_path / "results", model, PLACES)
    return tmp_path / "results"


def one_line(done, code):
    """The only line on standard error of a command that ended with ``code``."""
    assert done.returncode == code, done.stderr
    assert not done.stdout
    (line,) = done.stderr.splitlines()
    return line


def test_one_run_is_packed_by_its_folder_or_its_model(root, xlbench_cli, tmp_path):
    """Both ways give the same file, and say its size and its hash; nothing else is written."""
    folder = next(root.glob("alpha-*"))
    done = xlbench_cli(["pack", folder, "--out", "packs/a.xlpack"])
    assert (done.returncode, done.stderr) == (0, "")
    made = Pack(tmp_path / "packs" / "a.xlpack")
    assert done.stdout.startswith("wrote packs/a.xlpack: alpha, 2 cells, 120 items, ")
    assert done.stdout.endswith(f"sha256 {made.digest}\n")
    done = xlbench_cli(["pack", "-m", "alpha", "-o", "b.xlpack", "-q"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "b.xlpack").read_bytes() == made.path.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.xlpack", "packs", "results"]
    assert [path.name for path in made.path.parent.iterdir()] == ["a.xlpack"]


def test_all_runs_are_packed_into_a_folder(root, xlbench_cli, tmp_path):
    """A pack a run, each named after its model; --json says the same to programs."""
    done = xlbench_cli(["pack", "results", "--all", "--out", "packs", "--json"])
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"]) == (0, 0)
    assert {one["model"]: one["path"] for one in told["packs"]} == {
        path.name.split("-")[0]: f"packs/{path.name}" for path in (tmp_path / "packs").iterdir()
    }
    assert {path.stem for path in (tmp_path / "packs").iterdir()} == {path.name for path in root.iterdir()}


def test_which_of_several_runs_is_to_be_said(root, xlbench_cli, tmp_path):
    """Without a name, with a wrong one, or with two ways at once: one line, code 2, and no file."""
    said = {
        ("results",): "results holds several runs, name one with --model or take --all: alpha, beta",
        ("results", "-m", "alfa"): "results holds no run of 'alfa'. Did you mean 'alpha'? It holds: alpha, beta",
        ("results", "-m", "alpha", "--all"): "leave out one of them",
        ("nowhere",): "there is no folder nowhere",
        ("nowhere.xlpack",): "there is no pack nowhere.xlpack",
    }
    for arguments, line in said.items():
        assert line in one_line(xlbench_cli(["pack", *arguments, "-o", "a.xlpack"]), 2)
    assert "ends in .xlpack" in one_line(xlbench_cli(["pack", "-m", "alpha", "-o", "a.zip"]), 2)
    (tmp_path / "file").write_text("")
    assert "cannot write packs to file" in one_line(xlbench_cli(["pack", "-m", "alpha", "-o", "file/a.xlpack"]), 2)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["file"]
    done = xlbench_cli(["pakc"])
    assert "Did you mean 'pack' or 'unpack'?" in done.stderr


def test_a_damaged_run_is_not_packed_and_stops_no_other(root, xlbench_cli, tmp_path):
    """Its file is named, code 3; with --all the others are there."""
    path = sorted(next(root.glob("alpha-*")).glob("cells/*/*.json"))[0]
    path.write_bytes(path.read_bytes()[:-9])
    line = one_line(xlbench_cli(["pack", "-m", "alpha", "-o", "a.xlpack"]), 3)
    assert str(path.relative_to(tmp_path)) in line
    assert "not packed" in line
    done = xlbench_cli(["pack", "--all", "-o", "packs"])
    assert done.returncode == 3
    assert "a run that is damaged is not packed" in done.stderr
    assert [made.name.split("-")[0] for made in (tmp_path / "packs").iterdir()] == ["beta"]
    assert not (tmp_path / "a.xlpack").exists()


def test_boards_of_packs_and_folders_together(root, xlbench_cli, tmp_path):
    """A pack beside a results folder is one more model; a board from packs has the bytes of one from folders."""
    assert xlbench_cli(["pack", "--all", "-o", "packs"]).returncode == 0
    for where, boards in (("packs", "b1"), ("results", "b2")):
        assert xlbench_cli(["board", where, "--boards", boards]).returncode == 0
    names = {path.name for path in (tmp_path / "b2").iterdir()}
    assert {"run.md", "run.csv", "run.costs.csv"} <= names == {path.name for path in (tmp_path / "b1").iterdir()}
    for name in names:
        assert (tmp_path / "b1" / name).read_bytes() == (tmp_path / "b2" / name).read_bytes()
    (beta,) = (tmp_path / "packs").glob("beta*")
    shutil.rmtree(next(root.glob("beta-*")))
    assert xlbench_cli(["board", "results", beta, "--boards", "b3"]).returncode == 0
    assert (tmp_path / "b3" / "run.md").read_bytes() == (tmp_path / "b2" / "run.md").read_bytes()


def test_a_damaged_pack_ends_with_code_3(root, xlbench_cli, tmp_path):
    """`board`, `results verify`, `published` and `pack` each name it on one line; a board shows the others."""
    assert xlbench_cli(["pack", "--all", "-o", "packs"]).returncode == 0
    (tmp_path / "figures.csv").write_text("model,task,subset,metric,value\nalpha,pairs,eng-deu,accuracy,0.5\n")
    good = xlbench_cli(["published", "figures.csv", "packs"])
    assert (good.returncode, good.stderr) == (0, "")
    (alpha,) = (tmp_path / "packs").glob("alpha*")
    content = bytearray(alpha.read_bytes())
    content[len(content) // 2] ^= 4
    alpha.write_bytes(content)
    name = str(alpha.relative_to(tmp_path))
    done = xlbench_cli(["board", "packs", "--boards", "b"])
    assert done.returncode == 3
    with (tmp_path / "b" / "run.csv").open(encoding="utf-8", newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["beta"]
    commands = (["results", "verify", "packs"], ["published", "figures.csv", "packs"], ["pack", name, "-o", "x.xlpack"])
    for arguments in (*commands, ["board", name]):
        again = xlbench_cli(arguments)
        assert again.returncode == 3, arguments
        (line,) = [line for line in again.stderr.splitlines() if name in line]
        assert f"{name} is refused: " in line
        assert line.endswith("make it again with `xlbench pack`")
    (line,) = [line for line in done.stderr.splitlines() if name in line]
    assert not (tmp_path / "x.xlpack").exists()


def test_packs_may_lie_in_a_results_folder(xlbench_cli, tmp_path):
    """Runs go on in a folder that holds packs, and boards of it show both."""
    run = ["run", "-t", "lexicon", "-l", "mlt", "-m", "random", "--no-cache"]
    assert xlbench_cli([*run[:-3], "-m", "ngram", "--no-cache", "--results", "other"]).returncode == 0
    assert xlbench_cli(["pack", "other", "-o", "results/theirs.xlpack"]).returncode == 0
    assert xlbench_cli(run).returncode == 0
    done = xlbench_cli(["board", "results", "--print"])
    assert done.returncode == 0
    assert "| ngram" in done.stdout
    assert "| random" in done.stdout


def test_a_pack_is_made_without_plugins_and_shown_without_control_characters(tmp_path, xlbench_cli):
    """A model's name with odd letters is a label; nothing but the run is read."""
    store = Store(tmp_path / "results")
    cell = save_cell(store, "ünï/../x", "pairs", "eng-deu", 3)
    assert cell.model == "ünï/../x"
    done = xlbench_cli(["pack", "--all", "-o", "packs"])
    assert done.returncode == 0, done.stderr
    (made,) = (tmp_path / "packs").iterdir()
    assert made.name.startswith("uni-x-")
    assert "ünï/../x, 1 cell, 60 items" in done.stdout


def test_packs_become_folders_again(root, xlbench_cli, tmp_path):
    """Each pack is its run's folder; a second time nothing is replaced, and a damaged one stops no other."""
    assert xlbench_cli(["pack", "--all", "-o", "packs"]).returncode == 0
    first, second = sorted(path.name for path in (tmp_path / "packs").iterdir())
    done = xlbench_cli(["unpack", f"packs/{first}", f"packs/{second}", "--results", "again", "--json"])
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"], [one["cells"] for one in told["runs"]]) == (0, 0, [2, 2])
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == sorted(path.name for path in root.iterdir())
    assert "is there already" in one_line(xlbench_cli(["unpack", f"packs/{first}", "-r", "again"]), 2)
    (tmp_path / "packs" / first).write_bytes(b"PK")
    done = xlbench_cli(["unpack", f"packs/{first}", f"packs/{second}", "-r", "third"])
    assert done.returncode == 3
    assert done.stdout.startswith(f"wrote third/{second.removesuffix('.xlpack')}: ")
    assert f"packs/{first} is refused" in done.stderr


def test_the_published_runs_are_of_this_checkout(xlbench_cli, tmp_path):
    """Written back, they leave a run of the built-in suite nothing to compute: their models, tasks and data are those
    that are here."""
    published = sorted((ROOT / "leaderboards" / "runs").iterdir())
    assert xlbench_cli(["unpack", *published, "-q"]).returncode == 0
    done = xlbench_cli(["run", "--dry-run", "--json"])
    assert done.returncode == 0, done.stderr
    states = Counter((cell["model"], cell["state"]) for cell in json.loads(done.stdout)["cells"])
    assert {state for _, state in states} == {"done"}, states
