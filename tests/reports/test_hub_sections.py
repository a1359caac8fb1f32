"""Hubs on boards: which pairs of directions they tell apart, and the file that has them of every cell."""

import re
from dataclasses import replace

import numpy as np
import pytest
from board_world import World, frame_of, render_all, shares, subsets_page

from xlbench.builtin import xlbench_boards
from xlbench.core.record import Cell, Score
from xlbench.reports.boards import spreadsheet
from xlbench.reports.boards.hub_sections import MOST
from xlbench.reports.render import render

COLUMNS = [
    "area", "task", "subset", "model", "fingerprint", "value", "low", "high", "csls_accuracy", "hubness", "hub_share",
]  # fmt: skip


def add(world: World, subset, right, hubness, share, csls=None, model="alpha", task="pairs", **changes) -> Cell:
    """A cell with ``right`` of 100 queries right (the interval is five points to each side), its hubs and its CSLS."""
    facts = {"hubness": hubness, "hub_share": share}
    facts = {name: value for name, value in facts.items() if value is not None}
    cell = world.add(model, task, subset, shares(right), **{"facts": facts, **changes})
    scores = (*cell.scores, *([Score(csls, metric="csls_accuracy")] if csls is not None else []))
    world.cells[-1] = replace(cell, scores=scores)
    return world.cells[-1]


def a_gap(world: World, **changes) -> World:
    """To this world, English queries with 40 of 100 right and many hubs, and Maltese queries with 56 and few."""
    add(world, "eng-mlt", 40, 18.8, 0.479, 0.637, **changes)
    add(world, "mlt-eng", 56, 7.2, 0.108, 0.661, **changes)
    return world


def section(board) -> str:
    """The section on hubs, or nothing."""
    _, *rest = subsets_page(board).split("## Directions and hubs")
    return rest[0].split("\n## ")[0] if rest else ""


def rows(board) -> list[list[str]]:
    """Its table's rows, without the headers."""
    lines = [line for line in section(board).splitlines() if line.startswith("|")]
    return [re.split(r"\s+\|\s+", line.strip("| ")) for line in lines[2:]]


def test_a_gap_with_hubs_is_shown_with_both_directions():
    """The worse direction stands first, with P@1, the share that ten hubs take, and CSLS accuracy of both; the text
    says what a hub is, and how many pairs there are."""
    board = a_gap(World()).board()
    assert rows(board) == [["alpha", "pairs", "eng-mlt / mlt-eng", "40.0 / 56.0", "47.9 / 10.8", "63.7 / 66.1"]]
    assert "A hub is a candidate that is near to many queries" in section(board)
    assert "1 in all, the largest gap first." in section(board)
    assert "CSLS allows for hubs" in section(board)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ((40, 7.2, 0.108), (56, 18.8, 0.479)),  # the better one has more hubs
        ((40, 7.2, 0.108), (56, 7.2, 0.108)),
        ((40, 18.8, 0.108), (56, 7.2, 0.479)),  # by one of two measures
        ((40, 7.2, 0.479), (56, 18.8, 0.108)),
        ((40, 18.8, 0.108), (56, 7.2, 0.108)),
        ((40, 7.2, 0.479), (56, 7.2, 0.108)),
        ((40, None, 0.479), (56, 7.2, 0.108)),  # what is not known is not greater, nor less
        ((40, 18.8, 0.479), (56, None, 0.108)),
        ((40, 18.8, None), (56, 7.2, 0.108)),
        ((40, 18.8, 0.479), (56, 7.2, None)),
        ((47, 18.8, 0.479), (56, 7.2, 0.108)),  # intervals from 42 to 52 and from 51 to 61 overlap
        ((46, 18.8, 0.479), (56, 7.2, 0.108)),  # and where one begins as the other ends
    ],
)
def test_a_gap_that_hubs_do_not_explain_is_not_shown(worse, better):
    """Both measures must be greater in the worse direction, and the intervals apart: else there is no section."""
    world = World()
    add(world, "eng-mlt", *worse)
    add(world, "mlt-eng", *better)
    assert section(world.board()) == ""


def test_without_an_interval_nobody_can_tell():
    """A direction without an interval is in no pair."""
    world = a_gap(World())
    cell = world.cells[-1]
    world.cells[-1] = replace(cell, scores=(replace(cell.scores[0], low=None, high=None), *cell.scores[1:]))
    assert section(world.board()) == ""


def test_pairs_are_found_by_their_languages():
    """Subsets of any names whose languages are the other way round are a pair; names that only look so are none, nor
    are three languages, those of another model, or another task."""
    world = World()
    add(world, "to-Maltese", 40, 18.8, 0.479, languages=("eng", "mlt"))
    add(world, "to-English", 56, 7.2, 0.108, languages=("mlt", "eng"))
    add(world, "a-b", 40, 18.8, 0.479, languages=("hin", "urd"))
    add(world, "b-a", 56, 7.2, 0.108, languages=("hin", "nep"))
    add(world, "deu-eng", 40, 18.8, 0.479, model="beta")
    add(world, "eng-deu", 56, 7.2, 0.108, model="gamma")
    add(world, "deu-isl", 40, 18.8, 0.479, task="one")
    add(world, "isl-deu", 56, 7.2, 0.108, task="other")
    add(world, "c", 40, 18.8, 0.479, languages=("deu", "isl", "swa"))
    add(world, "d", 56, 7.2, 0.108, languages=("swa", "isl", "deu"))
    add(world, "e", 40, 18.8, 0.479, task="odd", languages=("tur", "fin"))
    add(world, "f", 56, 7.2, 0.108, task="odd", languages=("pol", "rus"))
    add(world, "f", 56, 7.2, 0.108, task="odd", languages=("fin", "tur"), model="beta")
    assert [row[2] for row in rows(world.board())] == ["to-Maltese / to-English"]


@pytest.mark.parametrize("languages", [("eng", "mlt"), ("mlt", "eng")])
def test_two_subsets_of_the_same_languages_are_in_no_pair(languages):
    """Where two subsets have the same languages, nobody can tell which is the other's direction: even where a model
    has no score in one of them."""
    world = a_gap(World())
    world.fail("alpha", "pairs", "formal")
    world.cells[-1] = replace(world.cells[-1], languages=languages)
    assert section(world.board()) == ""
    assert len(world.board().hubs) == 2


def test_the_largest_gaps_are_shown_and_all_are_counted():
    """Of 25 pairs, the 20 with the largest gaps, the largest first; equal gaps by model, task and subset."""
    world = World()
    names = [f"x{chr(97 + i)}" for i in range(25)]
    for i, name in enumerate(reversed(names)):
        add(world, f"eng-{name}", 40, 9.0, 0.5)
        add(world, f"{name}-eng", 52 + i // 2, 3.0, 0.1)
    found = rows(world.board())
    assert len(found) == MOST == 20
    assert "25 in all, of which the 20 with the largest gaps are shown." in section(world.board())
    gaps = [float(row[3].split(" / ")[1]) - 40 for row in found]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] == 24
    assert [row[2].split(" / ")[0] for row in found[:3]] == ["eng-xa", "eng-xb", "eng-xc"]


def test_the_order_of_runs_changes_nothing():
    """Any order of cells and runs gives the same bytes."""
    world = World()
    for model in ("gamma", "alpha", "beta"):
        for task in ("pairs", "others"):
            a_gap(world, model=model, task=task)
    expected = render_all(world.board())
    assert "6 in all" in section(world.board())
    assert ".hubs.csv" in expected
    for seed in range(5):
        random = np.random.RandomState(seed)
        board = world.board(order=lambda found, r=random: [found[i] for i in r.permutation(len(found))])
        assert render_all(board) == expected


def test_hostile_names_are_escaped():
    """Names that are markup, a row or a formula are shown as they are, in one cell of the table and of the file."""
    world = World()
    task = "=cmd()|<script>"
    add(world, "a|`rm`\n| 100 |", 40, 18.8, 0.479, model="<img>|x", task=task, languages=("eng", "mlt"))
    add(world, "*b*", 56, 7.2, 0.108, model="<img>|x", task=task, languages=("mlt", "eng"))
    board = world.board()
    assert not re.search("<script|<img", section(board))
    (row,) = [line for line in section(board).splitlines() if line.startswith("| ")][1:]
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    assert r"/ \*b\*" in row
    text = spreadsheet.render(board)[".hubs.csv"]
    assert len(text.splitlines()) == 3
    assert set(frame_of(text).task) == {"'" + task}


def test_the_file_has_every_cell_with_a_fact_of_hubs():
    """A row a subset and model, with all columns; what a cell lacks is empty, and cells without these facts are not
    there."""
    world = a_gap(World())
    add(world, "eng-isl", 30, None, 0.5)
    add(world, "isl-eng", 30, 1.5, None, 0.25, model="beta")
    add(world, "eng-deu", 50, None, None)
    world.fail("beta", "pairs", "eng-deu")
    frame = frame_of(spreadsheet.render(world.board())[".hubs.csv"])
    assert list(frame.columns) == COLUMNS
    numbers = COLUMNS[5:]
    found = {(row.subset, row.model): [row[name] for name in numbers] for _, row in frame.iterrows()}
    assert found == {
        ("eng-isl", "alpha"): ["0.30000000", "0.25000000", "0.35000000", "", "", "0.50000000"],
        ("eng-mlt", "alpha"): [
            "0.40000000", "0.35000000", "0.45000000", "0.63700000", "18.80000000", "0.47900000",
        ],
        ("isl-eng", "beta"): ["0.30000000", "0.25000000", "0.35000000", "0.25000000", "1.50000000", ""],
        ("mlt-eng", "alpha"): [
            "0.56000000", "0.51000000", "0.61000000", "0.66100000", "7.20000000", "0.10800000",
        ],
    }  # fmt: skip
    assert (frame.area[0], frame.task[0], frame.fingerprint[0]) == ("retrieval", "pairs", "a" * 64)


def test_the_file_is_there_only_where_it_says_something():
    """A board without these facts has no such file, and one that an earlier rendering left is removed."""
    world = World()
    world.add("alpha", "pairs", "eng-mlt", shares(50))
    rendered = render(world.board(), xlbench_boards())
    assert not rendered.failures
    assert "mini.hubs.csv" not in rendered.files
    assert "mini.hubs.csv" in rendered.stale
    rendered = render(a_gap(World()).board(), xlbench_boards())
    assert not rendered.failures
    assert "mini.hubs.csv" in rendered.files
    assert "mini.hubs.csv" not in rendered.stale


@pytest.mark.parametrize(
    "facts",
    [
        {"hubness": "high", "hub_share": True},
        {"hub_share": 7},
        {"hub_share": -0.5},
        {"hub_share": 10**400},
    ],
)
def test_what_is_no_number_is_no_fact_of_hubs(facts):
    """A stranger's fact of the same name that is a text, or true, or no share, is not shown."""
    world = World()
    for subset, right in (("eng-mlt", 40), ("mlt-eng", 56)):
        add(world, subset, right, None, None, facts=facts)
    assert world.board().hubs == ()
    assert ".hubs.csv" not in render_all(world.board())


def test_another_main_metric_is_no_accuracy():
    """A stranger's cell with these facts and another main metric has no line: its value is no P@1."""
    world = a_gap(World())
    world.cells = [replace(cell, scores=(replace(cell.scores[0], metric="auc"),)) for cell in world.cells]
    assert world.board().hubs == ()


def test_cells_that_do_not_count_say_nothing():
    """A sample, and a cell of other data than most models', have no line, and are in no pair."""
    world = World()
    for model in ("alpha", "beta", "gamma"):
        old = {"data_fingerprint": "old"} if model == "gamma" else {}
        add(world, "eng-mlt", 40, 18.8, 0.479, model=model, **old)
        add(world, "mlt-eng", 56, 7.2, 0.108, model=model, limit=100 if model == "beta" else None)
    assert [(line.model, line.subset) for line in world.board().hubs] == [
        ("alpha", "eng-mlt"), ("beta", "eng-mlt"), ("alpha", "mlt-eng"), ("gamma", "mlt-eng"),
    ]  # fmt: skip
    assert [row[0] for row in rows(world.board())] == ["alpha"]
