"""`xlbench export tables`: saved runs as two flat parquet files, and what is refused."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from saved_runs import cell_file, save_cell, save_run

import xlbench
from xlbench.cli.export.tables import tables as command
from xlbench.core.errors import INVALID, OK, ResultsError, UsageError
from xlbench.runs.items import Items
from xlbench.runs.store import Store

ONE, TWO = ("pairs", "eng-hin"), ("topics", "eng>hin")


def export(*args):
    """The exit code and what is printed; whatever is raised is raised here."""
    runner = CliRunner()
    done = runner.invoke(command, [str(arg) for arg in args], catch_exceptions=False, standalone_mode=False)
    return done.return_value, done.output


def read(folder):
    return [pq.read_table(folder / name).to_pylist() for name in ("cells.parquet", "items.parquet")]


def test_every_score_and_every_item_is_a_row(tmp_path):
    """Values, lists of languages and what the score is about; the item's own columns; the cell's number joins both."""
    save_run(tmp_path / "results", "alpha", {ONE: 30})
    cell = save_cell(Store(tmp_path / "results"), "alpha", *TWO, 45, languages=("eng", "hin"), facts={"tie_rate": 0.25})
    assert export(tmp_path / "results", "--out", tmp_path / "out")[0] == OK
    cells, items = read(tmp_path / "out")
    by_task = {row["task"]: row for row in cells}
    assert by_task["topics"]["about"] == ["hin"]
    assert by_task["pairs"]["about"] == by_task["pairs"]["languages"] == ["eng", "hin"]
    told = by_task["topics"]
    assert (told["value"], told["low"], told["metric"], told["main"], told["whole"], told["status"]) == (
        0.75, cell.scores[0].low, "accuracy", True, True, "ok"
    )  # fmt: skip
    assert json.loads(told["facts"]) == {"tie_rate": 0.25}
    own = [row for row in items if row["cell"] == told["cell"]]
    assert [row["hit"] for row in own] == [1.0] * 45 + [0.0] * 15
    assert (own[0]["item"], own[0]["cluster"], own[0]["task"]) == ("topics:eng>hin:0", "topics:eng>hin:0", "topics")
    assert own[0]["influence"] == pytest.approx(0.25)


def test_parts_and_packs_are_joined(tmp_path):
    """Two shards, one of them a pack, give the tables of the whole."""
    save_run(tmp_path / "whole", "alpha", {ONE: 30, TWO: 45})
    save_run(tmp_path / "part1", "alpha", {ONE: 30})
    (run,) = xlbench.load(tmp_path / "part1")
    packed = xlbench.pack(run, tmp_path / "part1.xlpack")
    save_run(tmp_path / "part2", "alpha", {TWO: 45})
    export(tmp_path / "whole", "--out", tmp_path / "a")
    export(packed, tmp_path / "part2", "--out", tmp_path / "b")
    assert read(tmp_path / "a") == read(tmp_path / "b")


def test_what_has_no_score_is_null_and_never_zero(tmp_path):
    """A failed cell is a row with its reason; a sample is not whole; another task's column is null."""
    store = Store(tmp_path / "results")
    save_run(tmp_path / "results", "alpha", {ONE: 30})
    save_cell(store, "alpha", "pairs", "hin-eng", 0, status="error", reason="it failed", scores=())
    save_cell(store, "alpha", *ONE, 5, 10, limit=10)
    bare = Items(["a", "b"], ["c", "c"], {"model": np.array([1, 2]), "flag": np.array([True, False])}, np.zeros(2))
    cell = save_cell(store, "alpha", "other", "hin", 1, 2)
    store.save_cell(cell, bare)
    export(tmp_path / "results", "--out", tmp_path / "out")
    cells, items = read(tmp_path / "out")
    failed = next(row for row in cells if row["status"] == "error")
    assert (failed["note"], failed["value"], failed["metric"], failed["main"]) == ("it failed", None, None, None)
    assert [(row["whole"], row["sample"]) for row in cells if row["subset"] == "eng-hin"] == [(True, None), (False, 10)]
    other = [row for row in items if row["task"] == "other"]
    assert [(row["model"], row["model_"], row["flag"], row["hit"], row["cluster"]) for row in other] == [
        ("alpha", 1, True, None, "c"), ("alpha", 2, False, None, "c")
    ]  # fmt: skip
    assert all(row["flag"] is None for row in items if row["task"] == "pairs")


def test_columns_of_one_name_have_a_type_that_holds_them_all(tmp_path):
    """Whole numbers beside fractions are fractions; beside texts, texts."""
    store = Store(tmp_path / "results")
    for task, mixed, texts in (("a", np.array([1]), np.array([7])), ("b", np.array([0.5]), np.array(["x"]))):
        cell = save_cell(store, "alpha", task, "hin", 1, 1)
        store.save_cell(cell, Items(["i"], ["i"], {"mixed": mixed, "texts": texts}, np.zeros(1)))
    export(tmp_path / "results", "--out", tmp_path / "out")
    assert [(row["mixed"], row["texts"]) for row in read(tmp_path / "out")[1]] == [(1.0, "7"), (0.5, "x")]


def test_a_file_of_another_origin_is_not_replaced(tmp_path):
    """Its own files are, by what they say of themselves; others are named, and nothing is written."""
    save_run(tmp_path / "results", "alpha", {ONE: 30})
    out = tmp_path / "out"
    export(tmp_path / "results", "--out", out)
    export(tmp_path / "results", "--out", out)
    pq.write_table(pa.table({"a": [1]}), out / "items.parquet")
    before = (out / "cells.parquet").read_bytes()
    with pytest.raises(UsageError, match=r"items\.parquet was not written by this command"):
        export(tmp_path / "results", "--out", out)
    (out / "items.parquet").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="move it away"):
        export(tmp_path / "results", "--out", out)
    assert (out / "cells.parquet").read_bytes() == before


def test_damage_is_told(tmp_path):
    """A cell that was edited is a row without a score and exit code 3; damaged items write nothing."""
    save_run(tmp_path / "results", "alpha", {ONE: 30, TWO: 45})
    path = cell_file(tmp_path / "results", "alpha", *ONE)
    path.write_text(path.read_text(encoding="utf-8").replace('"n": 60', '"n": 61'), encoding="utf-8")
    code, said = export(tmp_path / "results", "--out", tmp_path / "out")
    assert (code, "was changed after it was saved" in said) == (INVALID, True)
    assert {row["task"]: row["value"] for row in read(tmp_path / "out")[0]} == {"pairs": None, "topics": 0.75}
    next((tmp_path / "results").rglob("cells/topics*/*.parquet")).write_bytes(b"PAR1")
    with pytest.raises(ResultsError, match="is not what was saved"):
        export(tmp_path / "results", "--out", tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())
