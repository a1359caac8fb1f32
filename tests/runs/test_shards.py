"""`xlbench.runs.shards` and ``xlbench run --shard``: parts of a plan that together are the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from board_files import repeatable_files
from hypothesis import given
from hypothesis import strategies as st

import xlbench
from xlbench import Model, Subset, Task, UsageError, metrics
from xlbench.core.record import Cell
from xlbench.runs.planned_cells import PlannedCell
from xlbench.runs.shards import Shard

SMALL = ["run", "--model", "ngram", "--model", "random", "--task", "lexicon", "--task", "mini-parallel", "-l", "isl"]


def planned(model: str, task: str, subset: str, n: int = 1) -> PlannedCell:
    languages = tuple(subset.split("-"))
    cell = Cell(model, "f", task, "retrieval", subset, languages, "ok")
    return PlannedCell(
        Model(model, object), Task(task, "retrieval", (metrics.share("accuracy", "hit"),), list, None),
        Subset(subset, languages, n=n), cell, "todo",
    )  # fmt: skip


def work(cells) -> int:
    return sum(item.work for item in cells)


cells = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(["eng", "eng-hin", "hin-eng", "mlt"])),
    unique=True,
)


@given(cells, st.integers(1, 9), st.data())
def test_all_shards_are_the_plan_and_no_cell_is_in_two(names, count, data):
    """Every cell is in one shard, in the order of the plan, and subsets of the same languages are in the same one."""
    plan = [planned(*name, n=data.draw(st.integers(0, 1000))) for name in names]
    parts = [Shard(number, count).of(plan) for number in range(1, count + 1)]
    assert sorted(plan.index(item) for part in parts for item in part) == list(range(len(plan)))
    for part in parts:
        assert [plan.index(item) for item in part] == sorted(plan.index(item) for item in part)
    shard_of = {}
    for number, part in enumerate(parts):
        for item in part:
            group = item.model.name, item.task.name, frozenset(item.subset.languages)
            assert shard_of.setdefault(group, number) == number


def test_shards_have_about_equal_work_of_every_model():
    """Sixty-eight pairs of equal size in four shards: none has more than a group of subsets above a quarter."""
    pairs = [f"{a}-{b}" for other in range(34) for a, b in (("eng", f"x{other}"), (f"x{other}", "eng"))]
    plan = [planned(model, "ntrex", pair, n=1997) for model in ("slow", "fast") for pair in pairs]
    for number in range(1, 5):
        part = Shard(number, 4).of(plan)
        for model in ("slow", "fast"):
            its = work(item for item in part if item.model.name == model)
            assert abs(its - 68 * 1998 / 4) <= 2 * 1998


def test_many_models_of_one_cell_are_spread():
    """Four models with a cell each, in four shards: one each."""
    plan = [planned(model, "t", "eng") for model in "abcd"]
    assert [len(Shard(number, 4).of(plan)) for number in range(1, 5)] == [1, 1, 1, 1]


def test_what_is_saved_changes_no_shard():
    """A shard that goes on after a kill has the cells that it began with."""
    plan = [planned("a", "t", f"l{number}", n=number) for number in range(20)]
    later = [replace(item, state="done") for item in plan]
    for number in (1, 2, 3):
        names = [[item.cell.subset for item in Shard(number, 3).of(cells)] for cells in (plan, later)]
        assert names[0] == names[1]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "x/y", "-1/3", "1/0", "", "1/2/3", "١/٢"])
def test_what_is_no_shard_is_said(text):
    """Parts are counted from 1 to the number of parts."""
    with pytest.raises(UsageError, match="is no shard: give part/parts"):
        Shard.parse(text)


@pytest.mark.slow
def test_shards_joined_are_the_run(xlbench_cli, tmp_path):
    """The board of three shards' folders is that of one run, byte for byte; a shard writes none, and says so."""
    small = {"models": ["ngram", "random"], "tasks": ["lexicon", "mini-parallel"], "languages": ["isl"]}
    xlbench.run(**small, results=tmp_path / "whole")
    for number in (1, 2):
        xlbench.run(**small, results=tmp_path / f"r{number}", shard=f"{number}/3")
    done = xlbench_cli([*SMALL, "--shard", "3/3", "--results", "r3", "--boards", "none"])
    assert done.returncode == 0, done.stderr
    assert "shard 3/3: " in done.stderr
    assert "no board is written" in done.stderr
    assert not (tmp_path / "none").exists()
    for boards, folders in (("one", ["whole"]), ("joined", ["r1", "r2", "r3"])):
        assert xlbench_cli(["board", *folders, "--boards", boards]).returncode == 0
    assert repeatable_files(tmp_path / "joined") == repeatable_files(tmp_path / "one")


@pytest.mark.slow
def test_a_shard_alone_lacks_the_others_cells(tmp_path):
    """A suite's board of one shard says what is lacking, and has no overall: missing is never zero."""
    run = xlbench.run("random", suite="mini", results=tmp_path / "r1", shard="1/2")
    assert len(run.runs[0].cells) < 171
    first, *_ = xlbench.board([tmp_path / "r1"], suite="mini")["mini.md"].splitlines()
    assert first == "**No model has an overall score, as each lacks a part.**"
    xlbench.run("random", suite="mini", results=tmp_path / "r2", shard="2/2")
    first, *_ = xlbench.board([tmp_path / "r1", tmp_path / "r2"], suite="mini")["mini.md"].splitlines()
    assert first.startswith("**random scores 17.4, which")
