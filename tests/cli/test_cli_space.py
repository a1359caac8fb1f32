"""`xlbench plot space` and `xlbench export projector` as processes: models of runs and specs, and what is refused."""

import json
import shutil

import pytest
from tiny_task import one_line, tiny

pytestmark = pytest.mark.slow

PAIR = ["-t", "mini-parallel", "-l", "eng", "-l", "hin", "--limit", "6"]


def test_an_export_is_of_the_model_of_a_run(xlbench_cli, tmp_path):
    """A run's folder, its pack and its name lead to the same files; a run of a model that has changed is refused."""
    options = tiny(tmp_path)
    assert xlbench_cli(["run", "-m", "ngram", *options, "--no-cache", "-q"]).returncode == 0
    (folder,) = (tmp_path / "results").glob("ngram-*")
    texts = [*options, "-l", "eng", "-l", "deu", "--limit", "5"]
    done = xlbench_cli(["export", "projector", folder, *texts])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("10 texts of 5 items (20 there are), ")
    first = {path.name: path.read_bytes() for path in (tmp_path / "projector").iterdir()}
    xlbench_cli(["pack", folder, "--out", "one.xlpack"])
    for given, out in (("ngram", "a"), ("one.xlpack", "b"), ("results", "c")):
        assert xlbench_cli(["export", "projector", given, *texts, "--out", out]).returncode == 0
        assert {path.name: path.read_bytes() for path in (tmp_path / out).iterdir()} == first
    lines = first["metadata.tsv"].decode().splitlines()
    assert [line.split("\t")[0] for line in lines] == ["language", *["deu"] * 5, *["eng"] * 5]
    shutil.copytree(folder, tmp_path / "results" / "again")
    assert "holds several runs" in one_line(xlbench_cli(["export", "projector", "results", *texts]), 2)


def test_a_run_of_another_content_is_refused(xlbench_cli, tmp_path):
    """A class that was edited since it was scored is another model: one line says so."""
    options = tiny(tmp_path)
    code = (
        "import numpy as np\nclass Own:\n    def encode(self, texts, role=None):\n"
        "        return np.array([[len(t), {}] for t in texts])\n"
    )
    (tmp_path / "own.py").write_text(code.format(1.0))
    assert xlbench_cli(["run", "-m", "own.py:Own", *options, "-q"]).returncode == 0
    (folder,) = (path.parent for path in (tmp_path / "results").glob("*/run.json"))
    (tmp_path / "own.py").write_text(code.format(2.0))
    line = one_line(xlbench_cli(["export", "projector", folder, *options]), 2)
    assert "was scored with another" in line
    assert "score it again" in line


def test_pictures_of_two_models_stand_beside_each_other(xlbench_cli, tmp_path):
    """Two dimensions and three, PNG and SVG; distances are told, and that a picture is no evidence."""
    pytest.importorskip("matplotlib")
    done = xlbench_cli(["plot", "space", "ngram", "ngram-translit", *PAIR, "--method", "pca", "--json"])
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    names = [f"mini-parallel.eng-hin.{size}d.{form}" for size in (2, 3) for form in ("png", "svg")]
    assert told["files"] == [f"plots/{name}" for name in names]
    assert (told["items"], told["available"], told["texts"]) == (6, 300, 12)
    assert [one["model"] for one in told["models"]] == ["ngram", "ngram-translit"]
    assert all(0 < one["distances"]["translations"] < 2 for one in told["models"])
    assert "no evidence" in told["note"]
    (tmp_path / "plots" / names[0]).write_bytes(b"a picture of mine")
    line = one_line(xlbench_cli(["plot", "space", "ngram", *PAIR, "--method", "pca"]), 2)
    assert "was not written by this command" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["plot", "space", "ngram", "ngram", *PAIR], "one model is given twice"),
        (["plot", "space", "ngram", *PAIR, "--color", "label"], "have no labels"),
        (["plot", "space", "ngrm", *PAIR], "Did you mean 'ngram'?"),
        (["plot", "space", "results/none", *PAIR, "--offline"], "no such run or folder here; as a model: "),
        (["export", "projector", "ngram", "-t", "mini-*"], "tasks: name one"),
        (["plot", "space", "ngram", *PAIR, "-t", "mini-news"], "one at a time, not mini-parallel and mini-news"),
        (["export", "projector", "n*", "-t", "mini-parallel"], "name one"),
        (["export", "projector", "ngram", "-t", "ntrex", "-l", "eng", "--offline"], "ntrex is not at hand"),
    ],
)
def test_what_cannot_be_drawn_is_one_line(arguments, said, xlbench_cli, tmp_path):
    """Whatever is wrong ends with one line and exit code 2, and leaves no file."""
    assert said in one_line(xlbench_cli(arguments), 2)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_without_matplotlib_the_extra_is_named(xlbench_cli, tmp_path):
    """One line says what to install; the export needs nothing more."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import sys\nsys.modules['matplotlib'] = None\n")
    line = one_line(xlbench_cli(["plot", "space", "ngram", *PAIR], [tmp_path / "site"]), 2)
    assert line == "xlbench: a plot needs matplotlib: pip install 'xlbench[plots]'"
    assert xlbench_cli(["export", "projector", "ngram", *PAIR, "-q"], [tmp_path / "site"]).returncode == 0
