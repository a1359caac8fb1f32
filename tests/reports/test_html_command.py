"""``xlbench report``: one page of saved runs, with items and texts where they are asked for."""

from __future__ import annotations

import json
import re

import pytest
from checkout import ROOT
from saved_runs import save_run

from xlbench.cli import main
from xlbench.core.item_texts import item_texts

PACKS = ROOT / "leaderboards" / "runs"


def report(*arguments: object) -> int:
    """The exit code of ``xlbench report``."""
    with pytest.raises(SystemExit) as stop:
        main(["report", *map(str, arguments)])
    return int(stop.value.code or 0)


def data_of(path) -> dict:
    """The data of a page."""
    found = re.search(r'<script type="application/json" id="board">(.*?)</script>', path.read_text(encoding="utf-8"))
    assert found is not None
    return json.loads(found[1])


def two_models(root):
    """Two runs of three subsets of one task; beta has the first ten items of each right that alpha lacks."""
    for model, hits in (("alpha", 30), ("beta", 40)):
        save_run(root, model, {("pairs", "eng-hin"): hits, ("pairs", "hin-eng"): hits, ("pairs", "eng-deu"): 50})
    return root


def test_a_report_is_one_file_and_says_the_verdict(tmp_path, capsys):
    """The page is written where --out says, the verdict printed; without --items it has none."""
    out = tmp_path / "pages" / "two.html"
    assert report(two_models(tmp_path / "results"), "--out", out) == 0
    assert capsys.readouterr().out.startswith("beta ")
    assert data_of(out)["items"] is None
    assert [path.name for path in out.parent.iterdir()] == ["two.html"]


def test_items_are_those_on_which_models_differ(tmp_path):
    """Of every subset the items that one model alone has right, by id, with a bit a model; no others, and no texts."""
    out = tmp_path / "two.html"
    assert report(two_models(tmp_path / "results"), "--out", out, "--items", 5, "-q") == 0
    items = data_of(out)["items"]
    assert (items["n"], items["whole"], items["texts"]) == (5, True, [])
    assert {one["subset"] for one in items["sets"]} == {"eng-hin", "hin-eng"}
    for one in items["sets"]:
        assert [items["ids"][number] for number in one["ids"]] == [f"pairs:{one['subset']}:{i}" for i in range(30, 40)]
        assert "texts" not in one
        assert one["bits"] == ["/wM=", "AAA="]  # beta is first: ten ones, and ten zeros


def test_a_report_narrows_as_a_board_does(tmp_path, capsys):
    """--task, --model and --language narrow the page; a name that is not there is an error that says what is."""
    root, out = two_models(tmp_path / "results"), tmp_path / "two.html"
    assert report(root, "--out", out, "-m", "alpha", "-l", "hin", "-q") == 0
    data = data_of(out)
    assert [model["l"] for model in data["models"]] == ["alpha"]
    assert [one["n"] for one in data["cols"] if one["k"] == "cell"] == ["eng-hin", "hin-eng"]
    assert report(root, "--out", out, "-m", "alpa") == 2
    assert "alpha" in capsys.readouterr().err


def test_a_page_shows_one_board(tmp_path, capsys):
    """Runs of several suites need --suite; and the page's name ends in .html; texts are those of items."""
    save_run(tmp_path / "results", "alpha", {("pairs", "eng-hin"): 30},
             plans={"one": {"pairs": ("eng-hin",)}, "two": {"pairs": ("eng-hin",)}})  # fmt: skip
    root = tmp_path / "results"
    assert report(root, "--out", tmp_path / "x.html") == 2
    assert "--suite (one, two)" in capsys.readouterr().err
    assert report(root, "--out", tmp_path / "x.html", "--suite", "two", "-q") == 0
    assert report(root, "--out", tmp_path / "x.md", "--suite", "two") == 2
    assert report(root, "--out", tmp_path / "y.html", "--suite", "two", "--with-texts") == 2
    assert not (tmp_path / "y.html").exists()


def test_texts_that_cannot_be_had_are_named(tmp_path, capsys):
    """Where no plugin offers the task, the page has ids alone, and one line says so."""
    out = tmp_path / "two.html"
    assert report(two_models(tmp_path / "results"), "--out", out, "--items", 5, "--with-texts") == 0
    assert capsys.readouterr().err.count("pairs: no texts of items: no plugin that is installed offers the task") == 1
    assert data_of(out)["items"]["texts"] == []


@pytest.mark.slow
def test_texts_are_those_of_the_items(tmp_path):
    """With --with-texts, the embedded suite's items have both texts of their pair, and the page has its sources."""
    from xlbench import catalog
    from xlbench.core.task import Data

    out = tmp_path / "mini.html"
    assert (
        report(PACKS, "--suite", "mini", "--out", out, "--items", 5, "--with-texts", "-t", "mini-parallel", "-q") == 0
    )
    items = data_of(out)["items"]
    one = next(one for one in items["sets"] if one["subset"] == "eng-hin")
    task = catalog.load().tasks["mini-parallel"]
    subset = next(found for found in task.subsets(Data(tmp_path)) if found.name == "eng-hin")
    texts: dict[str, set[str]] = {}
    for text in item_texts(task, subset):
        texts.setdefault(text.item, set()).add(" ".join(text.text.split())[:60])
    for number, told in zip(one["ids"][:20], one["texts"], strict=False):
        assert {items["texts"][text][:60] for text in told} == texts[items["ids"][number]]
    assert f">{task.license}<" in out.read_text(encoding="utf-8")
    assert out.stat().st_size < 1_000_000
