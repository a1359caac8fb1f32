"""Curves: what is left of the training items at each size, cells of their own, and tables and plots off every board."""

from __future__ import annotations

import csv
import functools
import itertools
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tiny_task import one_line

from xlbench import Cell, Columns, Data, Outcome, Score, Subset, Task, UsageError, api, metrics
from xlbench.reports import curves
from xlbench.reports.render import render_curves
from xlbench.runs import store
from xlbench.runs.manifest import begin
from xlbench.runs.request import Request, prepare
from xlbench.runs.request_checks import sizes_of
from xlbench.testing import tasks
from xlbench.testing.process import ConformanceError
from xlbench_tasks.data.records import Records
from xlbench_tasks.protocols.training_sample import TrainingSample

NEWS = ["curve", "-m", "ngram", "-t", "mini-news", "-l", "hin", "--train-sizes", "8,16,32,all"]


def records(labels: str, language: str = "", prefix: str = "set:") -> Records:
    """One item a letter, its label; ids are numbers of rows."""
    ids = tuple(f"{prefix}{row}" for row in range(len(labels)))
    texts = tuple(f"{language} text {row} of {label}" for row, label in enumerate(labels))
    return Records(ids, ids, {"text": texts, "label": tuple(labels)})


def cut(train: dict[str, Records], size: int) -> dict[str, Records]:
    return TrainingSample("set", size)(train)


def taken(train: dict[str, Records], size: int) -> set[tuple[str, str]]:
    """(language, text) of what is left."""
    return {(language, text) for language, one in cut(train, size).items() for text in one.fields["text"]}


# ---- which items


LABELS = "a" * 50 + "b" * 30 + "c" * 18 + "d" * 2


@pytest.mark.parametrize("train", [{"eng": records(LABELS)}, {"eng": records(LABELS), "hin": records("abcd" * 9)}])
def test_smaller_choices_lie_within_larger_ones(train):
    """At every size there is just one item more, up to all of them."""
    total = sum(len(one.ids) for one in train.values())
    sizes = [taken(train, size) for size in range(1, total + 1)]
    assert [len(one) for one in sizes] == list(range(1, total + 1))
    assert all(less < more for less, more in itertools.pairwise(sizes))
    assert cut(train, total) == cut(train, total + 5) == train


def test_classes_keep_their_shares():
    """Every class has an item as soon as there are as many items as classes, and then about its share."""
    train = {"eng": records(LABELS)}
    for size in range(4, 101):
        counts = Counter(cut(train, size)["eng"].fields["label"])
        assert set(counts) == set("abcd")
        for label, share in zip("abc", (0.5, 0.3, 0.18), strict=True):
            assert abs(counts[label] - share * size) < 2
    assert Counter(cut(train, 50)["eng"].fields["label"]) == {"a": 25, "b": 15, "c": 9, "d": 1}


def test_languages_share_the_size():
    """All training languages together have so many items, each about its share, with items of its own."""
    train = {language: records(LABELS, language) for language in ("eng", "hin", "isl", "tel")}
    left = cut(train, 40)
    assert sum(len(one.ids) for one in left.values()) == 40
    assert all(8 <= len(one.ids) <= 12 for one in left.values())
    assert len({one.ids for one in left.values()}) == 4
    assert len(cut(train, 2)) == 2


def test_one_language_learns_from_the_items_that_another_learns_from():
    """Where languages share their ids, the items of a size are the same ones, whatever the language."""
    eng, hin = ({language: records(LABELS, language)} for language in ("eng", "hin"))
    assert cut(eng, 20)["eng"].ids == cut(hin, 20)["hin"].ids


def test_the_order_of_a_file_makes_no_difference():
    """Where ids are numbers of rows, what is taken follows from the texts."""
    there = records(LABELS, prefix="set:eng:")
    back = Records(there.ids, there.ids, {name: values[::-1] for name, values in there.fields.items()})
    assert taken({"eng": there}, 20) == taken({"eng": back}, 20)


def test_records_without_labels_are_cut_too():
    """As those of tagging are: by content alone, in the order of the file."""
    plain = records(LABELS)
    left = cut({"eng": replace(plain, fields={"text": plain.fields["text"]})}, 10)["eng"]
    assert len(left.ids) == 10
    assert list(left.ids) == sorted(left.ids, key=lambda item: int(item.split(":")[1]))


# ---- sizes


@pytest.mark.parametrize(
    ("given", "sizes"), [([8], (8,)), (["all", "32", " 8"], (8, 32, None)), (["all"], (None,)), ((100, 9), (9, 100))]
)
def test_sizes_are_sorted(given, sizes):
    """In any order, as numbers or as text; all is the last."""
    assert sizes_of(given) == sizes


@pytest.mark.parametrize("given", [["0"], ["-1"], ["ten"], [""], ["1.5"], [True], ["8", "08"], ["all", "all"], []])
def test_wrong_sizes_are_refused(given):
    """What is no whole number above 0, and what is given twice."""
    with pytest.raises(UsageError, match="training size"):
        sizes_of(given)


# ---- tables and plots of given cells


def cell(subset: str, size: int | None, value: float | None, model: str = "m", **changes) -> Cell:
    """A cell whose score has an interval of 0.1 to both sides."""
    score = Score(value, None if value is None else value - 0.1, None if value is None else value + 0.1,
                  method="student", n=60, clusters=60, metric="f1", chance=0.25)  # fmt: skip
    name = subset if size is None else f"{subset}@{size}"
    made = Cell(model, "0" * 64, "news", "news", name, (subset,), "ok", scores=(score,), train_size=size,
                train_items=80 if size is None else size)  # fmt: skip
    return replace(made, **changes)


def curve(*values: float | None) -> curves.Curve:
    """Sizes 10, 20, ..., and last all."""
    sizes = [*(10 * place for place in range(1, len(values))), None]
    (made,) = curves.curves_of(cell("hin", size, value) for size, value in zip(sizes, values, strict=True))
    return made


@pytest.mark.parametrize(
    ("values", "enough"),
    [((0.3, 0.5, 0.6), 20), ((0.5, 0.5, 0.6), 10), ((0.6, 0.4, 0.6), "all"), ((0.3, 0.9, 0.6), 20),
     ((0.5, None, 0.6), "all"), ((0.3, 0.3, 0.3), None), ((0.3, 0.3, None), None)],
)  # fmt: skip
def test_enough_is_where_the_scores_stay_within_reach_of_the_whole(values, enough):
    """The first size from which on all scores are at or above the lower end; none where that is not above chance."""
    found = curve(*values).enough
    assert (found and curves.size_of(found)) == enough


def test_a_size_beyond_the_whole_is_marked_in_the_table():
    """It is that same score, and not one that is missing."""
    cells = [cell("hin", 100, 0.5), cell("hin", None, 0.6), cell("isl", None, 0.7), cell("tel", 100, 0.5)]
    lines = curves.table(curves.curves_of(cells), str).splitlines()
    rows = {line.split("|")[1].strip(): [part.strip() for part in line.split("|")[4:6]] for line in lines[2:]}
    assert rows == {
        "hin": ["50.0 [40.0, 60.0]", "60.0 [50.0, 70.0] (80)"],
        "isl": ["=", "70.0 [60.0, 80.0] (80)"],
        "tel": ["50.0 [40.0, 60.0]", "—"],
    }


def test_what_strangers_wrote_does_not_break_the_page():
    """Names and reasons are escaped in markdown, and are no mathematics in a plot."""
    failed = cell("eng>hin", 20, None, scores=(), status="error", reason="<b>$x$ | y</b>")
    cells = [cell("eng>hin", 10, 0.4, model="a|b$c$"), replace(failed, model="a|b$c$")]
    made = curves.Curves("news", curves.curves_of(cells))
    page = curves.markdown(made)
    assert "a\\|b\\$c\\$" in page
    assert "<b>" not in page
    assert "error: &lt;b&gt;" in page
    assert b"mathdefault" not in render_curves(made)["news.svg"]


def test_plots_are_of_what_there_is():
    """A picture a task with a score, the same bytes twice; a score without interval and a size alone are drawn, too."""
    bare = replace(cell("hin", 20, 0.5), scores=(Score(0.5, metric="f1"),))
    alone = [cell("isl", None, 0.5), cell("hin", 10, 0.4), bare, cell("hin", 30, None)]
    nothing = [replace(cell("hin", 10, None), task="ner")]
    made = curves.Curves("curves", curves.curves_of([*alone, *nothing]))
    files = render_curves(made)
    assert sorted(files) == ["curves.csv", "curves.md", "news.png", "news.svg"]
    assert files["news.png"].startswith(b"\x89PNG\r\n\x1a\n")
    assert b"</svg>" in files["news.svg"]
    assert files == render_curves(made)


# ---- the command


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "curves" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_curve_has_tables_and_plots_and_no_board(xlbench_cli, tmp_path):
    """Every size has its cell, every cell is saved, nothing is computed twice; boards show what learned from all."""
    done = xlbench_cli(NEWS)
    assert done.returncode == 0, done.stderr
    main = [row for row in rows(tmp_path, "mini-news") if row["metric"] == "macro_f1"]
    assert [(row["subset"], row["train_size"], row["train_items"]) for row in main] == [
        (subset, size, items) for subset in ("hin", "eng>hin")
        for size, items in (("8", "8"), ("16", "16"), ("32", "32"), ("all", "302"))
    ]  # fmt: skip
    assert all(float(row["low"]) <= float(row["value"]) <= float(row["high"]) for row in main)
    assert len({row["value"] for row in main}) > 4
    assert (tmp_path / "curves" / "mini-news.png").read_bytes().startswith(b"\x89PNG")
    assert "</svg>" in (tmp_path / "curves" / "mini-news.svg").read_text(encoding="utf-8")
    assert "| eng&gt;hin |" in (tmp_path / "curves" / "mini-news.md").read_text(encoding="utf-8")
    assert "eng>hin" in done.stdout
    assert not (tmp_path / "leaderboards").exists()

    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("cells/*/*")}
    assert len(before) == 16
    again = xlbench_cli([*NEWS, "--json"])
    shown = json.loads(again.stdout)
    assert (shown["exit_code"], shown["idle"], len(shown["files"])) == (0, [], 4)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("cells/*/*")} == before

    planned = xlbench_cli(["run", "-m", "ngram", "-t", "mini-news", "-l", "hin", "--dry-run", "--json"])
    assert [(each["subset"], each["state"]) for each in json.loads(planned.stdout)["cells"]] == [
        ("hin", "done"), ("eng>hin", "done"),
    ]  # fmt: skip
    board = xlbench_cli(["board", "results", "--print"])
    assert board.returncode == 0, board.stderr
    assert "@" not in board.stdout


@pytest.mark.slow
def test_a_curve_without_its_end_is_on_no_board(xlbench_cli, tmp_path):
    """There is nothing to render; and a suite's board is the same before and after a curve."""
    assert xlbench_cli([*NEWS[:-1], "8"]).returncode == 0
    line = one_line(xlbench_cli(["board", "results"]), 2)
    assert "curves" in line
    run = ["run", "-m", "ngram", "-t", "mini-news", "-l", "hin", "-q"]
    assert xlbench_cli([*run, "--results", "clean", "--boards", "clean-boards"]).returncode == 0
    assert xlbench_cli([*run, "--boards", "boards"]).returncode == 0
    for name in ("run.md", "run.csv", "run.scores.csv"):
        assert (tmp_path / "boards" / name).read_bytes() == (tmp_path / "clean-boards" / name).read_bytes()
    rendered = xlbench_cli(["board", "results", "--print"])
    assert rendered.returncode == 0, rendered.stderr
    assert rendered.stdout.strip() == (tmp_path / "boards" / "run.md").read_text(encoding="utf-8").strip()


def test_a_size_beyond_the_whole_is_the_whole(xlbench_cli, tmp_path):
    """It is computed once, under the whole's name, whether or not all was asked for."""
    done = xlbench_cli([*NEWS[:-1], "8,302,303,1000", "--dry-run", "--json"])
    cells = json.loads(done.stdout)["cells"]
    assert [(each["subset"], each["train_items"]) for each in cells] == [
        ("hin@8", 8), ("hin", 302), ("eng>hin@8", 8), ("eng>hin", 302),
    ]  # fmt: skip


@pytest.mark.campaign
@pytest.mark.slow
def test_tagging_learns_curves(xlbench_cli, tmp_path):
    """Sentences are items there; a suite's tasks that learn nothing are told of, and left out."""
    done = xlbench_cli(["curve", "-m", "ngram", "-t", "mini-ner", "-t", "mini-parallel", "-l", "isl",
                        "--train-sizes", "5,20,all", "--out", "curves"])  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mini-parallel learns nothing, and has no curve" in done.stderr
    main = [row for row in rows(tmp_path, "mini-ner") if row["metric"] == "entity_f1" and row["subset"] == "eng>isl"]
    assert [row["train_items"] for row in main] == ["5", "20", "201"]
    assert (tmp_path / "curves" / "mini-ner.png").stat().st_size > 1000


@pytest.mark.slow
def test_a_size_that_cannot_be_learned_from_fails_alone(xlbench_cli, tmp_path):
    """One item has one label: that cell says so, and the others stand."""
    done = xlbench_cli([*NEWS[:-1], "1,8"])
    assert done.returncode == 1
    assert "error: mini-news hin@1 (ngram): mini-news hin (all but fold 1 of 10): all 1 training items" in done.stderr
    assert {row["status"] for row in rows(tmp_path, "mini-news") if row["train_size"] == "8"} == {"ok"}
    assert "two labels to learn from" in (tmp_path / "curves" / "mini-news.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-t", "mini-news", "--train-sizes", "0,8"], "'0' is no training size"),
        (["-t", "mini-news", "--train-sizes", "eight"], "'eight' is no training size"),
        (["-t", "mini-news", "--train-sizes", "16,8,16"], "16 is given twice"),
        (["-t", "mini-parallel"], "mini-parallel learns nothing"),
        (["-t", "mini-news", "--out", "file"], "cannot write curves to file"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(xlbench_cli, tmp_path, options, message):
    """Before anything is computed, with exit code 2."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert message in one_line(xlbench_cli(["curve", "-m", "ngram", *options]), 2)
    assert not list(tmp_path.rglob("cells"))


# ---- from Python, and tasks of others


@pytest.mark.slow
def test_every_size_has_a_key_and_a_place_of_its_own(tmp_path):
    """In the results folder, and in what a key is made from; a model's cells learn from the same items."""
    made = api.curve(["ngram", "random"], ["mini-news"], train_sizes=(8, 9, "all"), languages=["tel"], results=tmp_path)
    assert len(made.cells) == 12
    assert len({one.key for one in made.cells}) == 12
    assert len(list(tmp_path.rglob("cells/*/*.json"))) == 12
    by_subset: dict[str, set[str]] = {}
    for one in made.cells:
        by_subset.setdefault(one.subset, set()).add(one.data_fingerprint)
    assert all(len(found) == 1 for found in by_subset.values())
    assert len(set.union(*by_subset.values())) == 6
    frame = made.to_frame()
    assert tuple(frame.columns) == curves.LONG
    assert set(frame["train_size"]) == {8, 9, "all"}


def _subsets(data: Data, *, heeds: bool) -> list[Subset]:
    items = data.train_size if data.train_size is not None and heeds else 100
    scored = min(4, data.limit or 4)
    fingerprint = f"learned from {items}, scored {scored}"
    return [Subset("eng", ("eng",), scored, fingerprint, load=functools.partial(int, items), train_items=items)]


def _evaluate(subset: Subset, session: object) -> Outcome:
    import numpy as np

    hits = np.arange(subset.n) < subset.load() / 25
    return Outcome([f"item {n}" for n in range(subset.n)], {"hit": hits.astype(int)})


def _hit(columns: Columns) -> Any:
    return columns["hit"]


def _task(heeds: bool) -> Task:
    subsets = functools.partial(_subsets, heeds=heeds)
    return Task("theirs", "news", (metrics.share("accuracy", _hit),), subsets, _evaluate, languages=("eng",))


def test_a_task_of_others_has_a_curve(tmp_path):
    """It says how many items it learns from, and heeds `Data.train_size`."""
    made = api.curve(["random"], [_task(True)], train_sizes=(25, 50, 200), results=tmp_path)
    assert [(one.subset, one.train_items, one.main.value) for one in made.cells] == [
        ("eng@25", 25, 0.25), ("eng@50", 50, 0.5), ("eng", 100, 1.0),
    ]  # fmt: skip
    tasks.check_task(_task(True))


def test_a_task_that_does_not_heed_the_size_is_found_out(tmp_path):
    """Its curve would be one score again and again."""
    made = api.curve(["random"], [_task(False)], train_sizes=(25, "all"), results=tmp_path)
    assert [(one.subset, one.status) for one in made.cells] == [("eng@25", "error"), ("eng", "ok")]
    assert "does not heed" in made.cells[0].reason
    with pytest.raises(ConformanceError, match="train_size"):
        tasks.check_task(_task(False))


def test_a_curve_completes_no_run_that_was_stopped(tmp_path):
    """What a stopped run lacks is still known as missing after a curve of the same model."""
    results = store.Store(tmp_path)
    stopped = prepare(Request(["random"], ["mini-news"], results=tmp_path))
    begin(stopped.planned, results)
    fingerprint = stopped.planned[0].cell.fingerprint
    before = results.manifest("random", fingerprint)
    made = api.curve(["random"], ["mini-news"], train_sizes=(8, "all"), languages=["tel"], results=tmp_path)
    assert {one.status for one in made.cells} == {"ok"}
    after = results.manifest("random", fingerprint)
    assert not before.complete
    assert (after.complete, after.plans) == (before.complete, before.plans)
