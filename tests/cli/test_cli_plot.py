"""``xlbench plot`` as a real process: pictures of saved runs, what is chosen of them, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT
from saved_runs import PRINTS, cell_file, save_cell, save_run
from tiny_task import one_line

from xlbench import Run
from xlbench.reports.figures import draw
from xlbench.reports.figures.saved import read_curves
from xlbench.reports.selection import Selection
from xlbench.runs.store import Store

pytestmark = pytest.mark.slow
pytest.importorskip("matplotlib")

RUNS = ROOT / "leaderboards" / "runs"
BEGINNINGS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


@pytest.fixture
def plot(xlbench_cli):
    """A function that draws with these arguments."""
    return lambda *args: xlbench_cli(["plot", *map(str, args)])


def pack(name: str) -> Path:
    return next(RUNS.glob(f"{name}-*.xlpack"))


@pytest.mark.parametrize("kind", ["standings", "languages", "ranks"])
def test_pictures_of_a_board(plot, tmp_path, kind):
    """One call writes every form that is asked for, by its ending, in folders that are made, and says where."""
    files = [tmp_path / "new" / f"{kind}{ending}" for ending in BEGINNINGS]
    done = plot(kind, RUNS, "--width", "column", *(f"--out={path}" for path in files))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [f"wrote {path}" for path in files]
    assert [path.read_bytes()[:4] for path in files] == [begins[:4] for begins in BEGINNINGS.values()]
    assert b"xlbench plot" in files[1].read_bytes()


def test_a_part_of_the_runs(plot, tmp_path):
    """Models, tasks and languages choose as for a board: the picture changes, what is left out is said; -q is quiet."""
    whole, part = tmp_path / "whole.svg", tmp_path / "part.svg"
    assert plot("standings", RUNS, "--out", whole, "-q").stderr == ""
    done = plot("standings", RUNS, "-m", "ngram*", "-t", "mini-news", "-l", "hin", "--by", "task", "--out", part)
    assert done.returncode == 0, done.stderr
    assert "the selection leaves out" in done.stderr
    assert whole.read_bytes() != part.read_bytes()
    assert "Did you mean 'ngram'" in one_line(plot("ranks", RUNS, "-m", "ngrm", "--out", part), 2)


def test_comparisons(plot, tmp_path):
    """Two packs are drawn against each other; one alone is refused."""
    done = plot("compare", pack("random"), pack("ngram-translit"), "--by", "language", "--out", tmp_path / "a.svg")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.svg").read_bytes().startswith(b"<?xml")
    assert "two runs at least" in one_line(plot("compare", "--out", tmp_path / "b.svg"), 2)


def test_curves_that_are_saved(plot, tmp_path):
    """The saved scores by training size are drawn, and those of all items beside them; what is no curve is left out."""
    store = Store(tmp_path / "results")
    whole = [save_cell(store, "alpha", task, "hin", 40, train_items=80) for task in ("news", "other")]
    store.save_manifest(Run("alpha", PRINTS["alpha"], tuple(whole)))
    refused = one_line(plot("curve", "results", "--out", "curve.svg"), 2)
    assert "no score by training size" in refused
    cut = [
        save_cell(store, "alpha", "news", f"hin@{size}", hits, languages=("hin",), train_size=size, train_items=size)
        for size, hits in ((10, 20), (20, 30))
    ]
    store.save_manifest(Run("alpha", PRINTS["alpha"], (*whole, *cut)))
    done = plot("curve", "results", "-l", "hin", "--out", "curve.svg")
    assert done.returncode == 0, done.stderr
    made, troubles = read_curves([tmp_path / "results"], Selection(tasks=("news",)))
    assert not troubles
    draw("curve", made, tmp_path / "same.svg")
    assert (tmp_path / "curve.svg").read_bytes() == (tmp_path / "same.svg").read_bytes()
    (line,) = made
    assert [(cell.train_size, score.value) for cell, score in line.points] == [(10, 1 / 3), (20, 0.5), (None, 2 / 3)]


def test_several_boards_are_told(plot, tmp_path):
    """Of runs of two suites, one has to be named: the line says which there are."""
    for suite, task in (("one", "a"), ("two", "b")):
        save_run(tmp_path / "results", suite, {(task, "eng-deu"): 30}, plans={suite: {task: ("eng-deu",)}})
    refused = one_line(plot("standings", "results", "--out", "x.svg"), 2)
    assert "several boards (one, two)" in refused
    assert "--suite" in refused
    assert plot("standings", "results", "--suite", "two", "--out", "x.svg").returncode == 0


def test_what_is_wrong_is_said_before_anything_is_read(plot, tmp_path):
    """A file of no form, a width of no number, or no file at all: one line each, and nothing is written."""
    assert "a picture is written as .png, .svg, .pdf" in one_line(plot("standings", "nowhere", "--out", "x.jpg"), 2)
    assert "a width is column or page" in one_line(plot("ranks", "nowhere", "--out", "x.png", "--width", "wide"), 2)
    assert plot("standings", RUNS).stderr.endswith("Missing option '--out'.\n")
    assert not [*tmp_path.glob("x.*")]


def test_a_damaged_run_among_others(plot, tmp_path):
    """What is refused is said, the rest is drawn, and the exit code tells."""
    save_run(tmp_path / "results", "alpha", {("task", "eng-deu"): 30})
    save_run(tmp_path / "results", "beta", {("task", "eng-deu"): 40})
    cell_file(tmp_path / "results", "beta", "task", "eng-deu").write_text("{", encoding="utf-8")
    done = plot("standings", "results", "--out", "x.png")
    assert done.returncode == 3
    assert (tmp_path / "x.png").is_file()
    assert re.search(r"xlbench: .*beta", done.stderr)
