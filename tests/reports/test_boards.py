"""Boards: what enters, how it is averaged and ranked, what is said about it, and what the files look like.

The golden files in ``golden_boards/`` are written anew by ``python tests/reports/test_boards.py``: look at the
difference before you commit it.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from xlbench import stats
from xlbench.builtin import xlbench_boards
from xlbench.core.record import ALIKE, LONG, LOOSE, Cell, Results, Run, Score
from xlbench.core.text import one_line
from xlbench.reports import csv_text, markup
from xlbench.reports.boards import legend, markdown, spreadsheet
from xlbench.reports.boards.averages import Entry
from xlbench.reports.boards.board import Board
from xlbench.reports.boards.models import line_of
from xlbench.reports.boards.plain import plain
from xlbench.reports.boards.standings import standings
from xlbench.runs.items import Influence

GOLDEN = Path(__file__).parent / "golden_boards"
LABELS = {
    ("pairs", "nan-eng"): {"register": "regularized", "facts": {"candidates": 97, "tie_rate": 0.0}},
    ("pairs", "eng-nan"): {"register": "regularized", "facts": {"repeated_candidates": 3, "candidates": 97}},
    ("bucc", "deu-eng"): {"register": "unregularized"},
    ("topics", "NA"): {"facts": {"test_duplicates": 3, "test_in_train": 7, "majority_accuracy": 0.4}},
    ("topics", "zho_Hans"): {"facts": {"tiny_classes": 4, "majority_accuracy": 0.5}},
}
"""What the cells of the golden world say of their data."""
PRINT = {"alpha": "a" * 64, "beta": "b" * 64, "gamma": "c" * 64}


@dataclass
class World:
    """Saved cells with the hits that they were scored from."""

    cells: list[Cell] = field(default_factory=list)
    influences: dict[str, Influence] = field(default_factory=dict)
    runs: dict[str, dict] = field(default_factory=dict)

    def add(self, model, task, subset, hits, clusters=None, *, area="retrieval", **changes) -> Cell:
        """A scored cell: its value is the mean of ``hits``, its interval (not under test) five points to each side."""
        hits = np.asarray(hits, float)
        ids = np.asarray(clusters or [f"{task}:{subset}:{i}" for i in range(len(hits))], dtype=object)
        names, codes = np.unique(ids, return_inverse=True)
        value = float(hits.mean())
        low, high = max(value - 0.05, min(hits.min(), 0)), min(value + 0.05, max(hits.max(), 1))
        score = Score(value, low, high, "percentile", 0.02, len(hits), len(names), metric="accuracy", chance=0.1)
        cell = Cell(
            model, PRINT.get(model, "f" * 64), task, area, subset, tuple(re.split("[->]", subset)), "ok",
            scores=(score,), key=f"{model} {task} {subset} {len(self.cells)}", data_fingerprint=f"{task} {subset}",
            items_digest=f"{hits.tolist()}", seconds=2.5, encode_seconds=2.0, encoded=len(hits),
        )  # fmt: skip
        cell = replace(cell, **changes)
        part = stats.part(value, hits - value, codes)
        self.influences[cell.key] = Influence(names, part.influence, part.weight, len(hits))
        self.cells.append(cell)
        return cell

    def fail(self, model, task, subset, status="error", reason="out of memory", area="retrieval") -> None:
        self.cells.append(Cell(model, PRINT.get(model, "f" * 64), task, area, subset, (subset,), status, reason))

    def results(self, order=lambda cells: cells) -> Results:
        """The cells as runs, a run a model; ``order`` shuffles cells and runs."""
        by_model: dict[tuple[str, str], list[Cell]] = {}
        for cell in order(list(self.cells)):
            by_model.setdefault((cell.model, cell.fingerprint), []).append(cell)
        runs = [Run(*model, tuple(cells), **self.runs.get(model[0], {})) for model, cells in by_model.items()]
        return Results(tuple(order(runs)))

    def board(self, title="mini", plan=None, order=lambda cells: cells) -> Board:
        return standings(self.results(order), lambda cell: self.influences[cell.key], title, plan)


def shares(count: int, n: int = 100) -> np.ndarray:
    """``n`` hits with the given number of them right, spread evenly."""
    return (np.arange(n) * 37 % n < count).astype(float)


def read_rows(board: Board, suffix: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(spreadsheet.render(board)[suffix])))


def by_name(board: Board):
    return {row.model: row for row in board.rows}


def full_world() -> World:
    """Two areas, three tasks, three models: retrieval (pairs: 2 subsets that share sentences; bucc: 1), ner (1)."""
    world = World()
    sentences = [f"s{i}" for i in range(100)]
    for model, lift in (("alpha", 0), ("beta", 10), ("gamma", 4)):
        world.add(model, "pairs", "nan-eng", shares(40 + lift), sentences)
        world.add(model, "pairs", "eng-nan", shares(60 + lift), sentences)
        world.add(model, "bucc", "deu-eng", shares(20 + lift, 50), None)
        world.add(model, "names", "hin", shares(70 + lift, 80), None, area="ner")
    return world


def golden_world() -> World:
    """What a board may have to say, in one: ties, a failure, notes, methods, twins, one name twice, odd texts."""
    world = full_world()
    hits = shares(33, 60)
    for model in ("alpha", "beta"):
        world.add(model, "topics", "NA", hits, None, area="news", notes=("3 duplicate texts | counted once",))
    notes = ("3 duplicate texts | counted once", "the model declares that it was trained on topics")
    world.add("gamma", "topics", "NA", shares(21, 60), None, area="news", notes=notes)
    small = world.add("beta", "topics", "zho_Hans", shares(9, 12), None, area="news")
    wilson = replace(small.scores[0], method="wilson", note="coverage of some 91% for so few items")
    world.cells[-1] = replace(small, scores=(wilson, replace(wilson, metric="macro-f1", value=-0.25, low=None)))
    world.add("alpha", "topics", "zho_Hans", shares(8, 12), None, area="news")
    world.cells = [replace(cell, **LABELS.get((cell.task, cell.subset), {})) for cell in world.cells]
    world.fail("gamma", "topics", "zho_Hans", reason="EncoderError: <b>NaN</b> in row 3", area="news")
    odd = {"fingerprint": "d" * 64}
    for cell in [cell for cell in world.cells if cell.model == "alpha"]:
        other = replace(cell, key="odd" + cell.key, items_digest="", **odd)
        world.influences[other.key] = world.influences[cell.key]
        world.cells.append(other)
    for model, parameters in (("alpha", None), ("beta", 1_000_000)):
        world.runs[model] = {"parameters": parameters, "provenance": {"peak_memory_bytes": 3 << 20}}
    return world


class TestAverages:
    """Subsets make a task, tasks an area, areas the overall, all with equal weights."""

    def test_by_hand(self):
        """pairs (.4 + .6)/2 = .5, with bucc .4 retrieval .45, with ner .875 overall .6625."""
        row = by_name(full_world().board())["alpha"]
        assert row.tasks["pairs"].value == pytest.approx(0.5)
        assert row.areas["retrieval"].value == pytest.approx((0.5 + 0.4) / 2)
        assert row.areas["ner"].value == pytest.approx(0.875)
        assert row.overall.value == pytest.approx((0.45 + 0.875) / 2)

    def test_standard_error_honors_shared_clusters(self):
        """The 100 sentences that two subsets share are summed before they are squared: 100 + 50 + 80 clusters,
        three sets that share none."""
        row = by_name(full_world().board())["alpha"]
        one, other = shares(40), shares(60)
        shared = ((one - 0.4) / 100 + (other - 0.6) / 100) / 8
        bucc, names = (shares(20, 50) - 0.4) / 50 / 4, (shares(70, 80) - 0.875) / 80 / 2
        assert row.overall.clusters == 230
        squares = [100 / 99 * np.sum(shared**2), 50 / 49 * np.sum(bucc**2), 80 / 79 * np.sum(names**2)]
        assert row.overall.se == pytest.approx(np.sqrt(sum(squares)))
        assert row.overall.low < row.overall.value < row.overall.high

    def test_the_board_says_what_it_would_have_seen(self):
        """Between two models, the smallest difference from the best that is found four times in five: by the standard
        error of their paired difference; a board of one model says nothing."""
        world = World()
        for model, lift in (("alpha", 0), ("beta", 6)):
            world.add(model, "pairs", "deu", np.roll(shares(50 + lift), lift))
        board = world.board()
        hits = [np.roll(shares(50 + lift), lift) for lift in (6, 0)]
        se = np.std(hits[0] - hits[1], ddof=1) / 10
        expected = (reference.t.ppf(0.975, 99) + reference.t.ppf(0.8, 99)) * se
        assert board.detectable == pytest.approx((expected, expected))
        alone = World()
        alone.add("alpha", "pairs", "deu", shares(50))
        assert alone.board().detectable is None

    def test_a_probes_training_is_said_to_be_left_out(self):
        """Where something was learned from training items, the page says what its intervals do not hold; elsewhere
        there is nothing to say."""
        world = World()
        world.add("alpha", "topics", "deu", shares(50), area="news", train_items=80)
        world.add("alpha", "pairs", "deu", shares(50))
        assert "In news a probe learns from training items." in markdown.render(world.board())[".md"]
        alone = World()
        alone.add("alpha", "pairs", "deu", shares(50))
        assert "a probe learns" not in markdown.render(alone.board())[".md"]

    def test_an_average_of_one_is_that_one(self):
        """A task with one subset, and an area with one such task, show the subset's own interval and method."""
        row = by_name(full_world().board())["alpha"]
        assert row.areas["ner"] == row.tasks["names"]
        assert (row.areas["ner"].low, row.areas["ner"].method) == (pytest.approx(0.825), "percentile")

    def test_bounds_widen_for_scores_below_zero(self):
        """The average of cosines about -0.5 keeps an interval below zero."""
        world = World()
        for subset in ("deu", "hin"):
            world.add("alpha", "cosine", subset, shares(50) - 1)
        entry = by_name(world.board())["alpha"].overall
        assert entry.value == pytest.approx(-0.5)
        assert entry.low < -0.5 < entry.high < 0

    def test_an_average_of_perfect_parts_has_a_width(self):
        """Where every item of every part is right, the interval of the average is not a point."""
        world = World()
        for subset in ("deu", "hin"):
            world.add("alpha", "pairs", subset, np.ones(40))
        entry = by_name(world.board())["alpha"].overall
        assert entry.value == 1
        assert entry.low < 0.99

    def test_a_part_of_one_cluster_leaves_no_interval(self):
        """What one cluster cannot say, the average cannot either: the value stands alone, with a note, tied."""
        world = World()
        for model, lift in (("alpha", 0), ("beta", 30)):
            world.add(model, "pairs", "deu", shares(30 + lift, 100))
            world.add(model, "pairs", "hin", shares(30 + lift, 60), ["all"] * 60)
        board = world.board()
        row = by_name(board)["alpha"]
        assert (row.overall.low, row.overall.high) == (None, None)
        assert row.overall.notes == ("no interval: one of the parts has none",)
        assert all(each.tied_with_best for each in board.rows)
        assert markup.points(row.overall.value) + " ¹" in markdown.standings_table(board)

    def test_averages_follow_the_settings_of_their_cells(self):
        """Cells that were scored with bootstrap intervals get bootstrapped averages."""
        world = full_world()
        world.cells = [replace(cell, ci="bootstrap") for cell in world.cells]
        methods = {row.overall.method for row in world.board().rows}
        assert methods == {"student"}
        assert {row.overall.method for row in full_world().board().rows} == {"cluster-t"}


class TestRanksWithin:
    """Ranks in areas and tasks, all models of one at once."""

    def test_an_area_and_a_task_have_the_ranks_of_a_board_of_their_own(self):
        """The rank intervals within an area or a task are those of the board that holds nothing else, whose overall it
        is."""
        board = full_world().board()
        for area, tasks in (("retrieval", ("pairs", "bucc")), ("ner", ("names",))):
            alone = World()
            alone.cells = [cell for cell in full_world().cells if cell.area == area]
            alone.influences = full_world().influences
            for row in alone.board().rows:
                found = by_name(board)[row.model].area_ranks[area]
                expected = (row.rank, row.rank_low, row.rank_high, row.tied_with_best)
                assert (found.rank, found.low, found.high, found.tied_with_best) == expected
                if len(tasks) == 1:
                    assert by_name(board)[row.model].task_ranks[tasks[0]] == found

    def test_what_ties_in_one_area_is_told_apart_in_another(self):
        """A model that is far better at one task and no better at the other is alone there and tied here."""
        world = World()
        for model, lift in (("alpha", 0), ("beta", 40)):
            world.add(model, "pairs", "deu", shares(50 + lift, 100))
            world.add(model, "names", "deu", np.roll(shares(50, 100), lift), area="ner")
        rows = by_name(world.board())
        assert [rows[m].area_ranks["retrieval"].high for m in ("beta", "alpha")] == [1, 2]
        assert not rows["alpha"].area_ranks["retrieval"].tied_with_best
        assert all(rows[m].area_ranks["ner"].tied_with_best and rows[m].area_ranks["ner"].is_open for m in rows)

    def test_a_model_without_an_overall_has_ranks_where_it_has_scores(self):
        """What fails in one task is ranked in the others, and takes no place in that one."""
        world = full_world()
        world.cells = [cell for cell in world.cells if (cell.model, cell.task) != ("beta", "names")]
        world.fail("beta", "names", "hin", area="ner")
        board = world.board()
        row = by_name(board)["beta"]
        assert row.rank is None
        assert row.area_ranks["retrieval"].rank == 1
        assert "names" not in row.task_ranks
        assert sorted(rank.rank for rank in board.task_ranks("names")) == [1, 2]

    def test_marks_stand_behind_scores_and_in_columns(self):
        """The page has the ranks in parentheses, the files have columns, and a board of one model has no marks."""
        board = golden_world().board()
        assert "(= 1–3)" in markdown.render(board)[".md"]
        rows = {(row["task"], row["fingerprint"][0]): row for row in read_rows(board, ".tasks.csv")}
        assert [rows["bucc", "a"][name] for name in ("rank", "rank_low", "rank_high", "tied_with_best")] == [
            "3", "2", "4", "false",
        ]  # fmt: skip
        assert rows["topics", "c"]["rank"] == ""
        standing = read_rows(board, ".csv")[0]
        assert (standing["news_rank_low"], standing["news_rank_high"], standing["news_tied_with_best"]) == (
            "1", "3", "true",
        )  # fmt: skip
        alone = World()
        alone.add("alpha", "pairs", "deu", shares(50))
        alone.add("alpha", "names", "deu", shares(50), area="ner")
        assert re.search(r"\((= )?1", markdown.standings_table(alone.board())) is None

    def test_json_has_every_average_with_its_rank(self):
        """Standings as plain values: areas and tasks with value, interval, chance and rank, or null."""
        board = golden_world().board()
        content = json.loads(json.dumps(plain(board)))
        first, last = content["models"][0], content["models"][-1]
        assert first["areas"]["news"]["rank"] == {"rank": 1, "low": 1, "high": 3, "tied_with_best": True}
        assert first["tasks"]["bucc"]["value"] == pytest.approx(0.6)
        assert (last["rank"], last["tasks"]["topics"]["rank"], last["overall"]["value"]) == (None, None, None)
        assert content["chance"] == pytest.approx({"overall": 0.1, "retrieval": 0.1, "news": 0.1, "ner": 0.1})


class TestChance:
    """The chance level of the overall, and the overall above chance."""

    def world(self) -> World:
        """pairs (chance .2) and bucc (.6) are retrieval, names (.5) is ner."""
        world = full_world()
        chance = {"pairs": 0.2, "bucc": 0.6, "names": 0.5}
        world.cells = [
            replace(cell, scores=(replace(cell.scores[0], chance=chance[cell.task]),)) for cell in world.cells
        ]
        return world

    def test_by_hand(self):
        """Chance is .45 = ((.2 + .6)/2 + .5)/2; alpha's .5, .4 and .875 are .375, -.5 and .75 above it: .34375."""
        board = self.world().board()
        row = by_name(board)["alpha"]
        assert board.chances == pytest.approx({"overall": 0.45, "retrieval": 0.4, "ner": 0.5})
        assert row.chances["overall"] == pytest.approx(0.45)
        assert row.corrected.value == pytest.approx(((0.375 - 0.5) / 2 + 0.75) / 2)

    def test_the_interval_is_that_of_the_same_influences(self):
        """The standard error by hand: every task's influences over 1 - chance, clusters that tasks share added up."""
        row = by_name(self.world().board())["alpha"]
        shared = ((shares(40) - 0.4) + (shares(60) - 0.6)) / 100 / 8 / 0.8
        bucc, names = (shares(20, 50) - 0.4) / 50 / 4 / 0.4, (shares(70, 80) - 0.875) / 80 / 2 / 0.5
        squares = [100 / 99 * np.sum(shared**2), 50 / 49 * np.sum(bucc**2), 80 / 79 * np.sum(names**2)]
        assert row.corrected.se == pytest.approx(np.sqrt(sum(squares)))
        assert row.corrected.low < row.corrected.value < row.corrected.high < 1

    def test_one_chance_for_all_moves_and_stretches_the_overall(self):
        """Where all tasks have chance .1, value and ends are those of the overall, less .1, over .9; of a single task
        too."""
        one = World()
        one.add("alpha", "pairs", "deu", shares(50))
        for row in (*full_world().board().rows, *one.board().rows):
            for name in ("value", "low", "high"):
                expected = (getattr(row.overall, name) - 0.1) / 0.9
                assert getattr(row.corrected, name) == pytest.approx(expected, abs=1e-9)

    def test_a_model_is_held_against_its_own_chance(self):
        """Where chance depends on the model (permuted labels), each is corrected by its own; the page has the least."""
        world = World()
        for model, chance in (("alpha", 0.2), ("beta", 0.3)):
            cell = world.add(model, "groups", "deu", shares(60))
            world.cells[-1] = replace(cell, scores=(replace(cell.scores[0], chance=chance),))
        board = world.board()
        assert by_name(board)["alpha"].corrected.value == pytest.approx(0.4 / 0.8)
        assert by_name(board)["beta"].corrected.value == pytest.approx(0.3 / 0.7)
        assert board.chances["overall"] == pytest.approx(0.2)

    def test_a_task_without_chance_is_left_out_for_all_and_counted(self):
        """One model's unknown chance takes its task from what is above chance of every model, with a note; the overall
        then has no chance level, and bucc and names weigh a half each."""
        world = self.world()
        place = next(i for i, cell in enumerate(world.cells) if (cell.model, cell.task) == ("beta", "pairs"))
        score = replace(world.cells[place].scores[0], chance=None)
        world.cells[place] = replace(world.cells[place], scores=(score,))
        board = world.board()
        assert board.without_chance == ("pairs",)
        for row in board.rows:
            assert row.corrected.notes == ("without 1 of 3 tasks, which has no chance level: pairs",)
        assert by_name(board)["alpha"].corrected.value == pytest.approx((-0.5 + 0.75) / 2)
        text = markdown.render(board)[".md"]
        assert "without 1 of 3 tasks, which has no chance level: pairs" in text
        assert "left out of it, for all models: 1." in text
        assert by_name(board)["beta"].chances["overall"] is None

    def test_no_chance_at_all_is_said_and_takes_the_column_away(self):
        """Scores of metrics without a chance level have nothing above chance, and no row of it."""
        world = full_world()
        world.cells = [replace(cell, scores=(replace(cell.scores[0], chance=None),)) for cell in world.cells]
        board = world.board()
        assert {row.corrected.reason for row in board.rows} == {"no task has a chance level"}
        table = markdown.standings_table(board)
        assert "Above chance" not in table
        assert "*Chance*" not in table

    def test_a_missing_part_takes_what_is_above_chance_too(self):
        """Without an overall there is no overall above chance, for the same reason."""
        row = by_name(golden_world().board())["gamma"]
        assert row.corrected.value is None
        assert row.corrected.reason == row.overall.reason


class TestWhatEnters:
    """The plan, missing parts, samples, other data."""

    def test_a_missing_part_makes_every_average_above_it_missing(self):
        """Without nan-eng there is no pairs, no retrieval and no overall, each with the reason; bucc and ner stay."""
        world = full_world()
        world.cells = [cell for cell in world.cells if (cell.model, cell.subset) != ("beta", "nan-eng")]
        world.fail("beta", "pairs", "nan-eng", "skipped", "no data")
        board = world.board()
        row = by_name(board)["beta"]
        for entry in (row.tasks["pairs"], row.areas["retrieval"], row.overall):
            assert entry.value is None
            assert entry.reason == "no average, as a part has no score (pairs nan-eng: skipped: no data)"
        assert row.tasks["bucc"].value == pytest.approx(0.6)
        assert row.rank is None
        assert row.borda is None
        assert [row.model for row in board.rows] == ["gamma", "alpha", "beta"]
        assert "skipped: no data" in board.footnotes

    def test_planned_parts_that_nobody_ran_count_as_missing(self):
        """A subset, or a whole task, in the plan without any cell takes the overall from everybody."""
        plan = {"pairs": ("nan-eng", "eng-nan"), "bucc": ("deu-eng",), "names": ("hin",)}
        assert by_name(full_world().board(plan=plan))["alpha"].overall.value is not None
        for lacking in (plan | {"bucc": ("fra-eng",)}, plan | {"lexicon": ("deu",)}):
            board = full_world().board(plan=lacking)
            assert all(row.overall.value is None for row in board.rows)
            assert "not run" in by_name(board)["alpha"].overall.reason

    def test_the_plan_of_the_runs_is_used(self):
        """A run's plan for the board's suite keeps other tasks out and asks for its own from every model."""
        world = full_world()
        world.runs["alpha"] = {"plans": {"mini": {"names": ("hin", "urd")}, "big": {"bucc": ("deu-eng",)}}}
        board = world.board("mini")
        assert board.tasks == (("ner", "names"),)
        assert [line.subset for line in board.cells] == ["hin", "urd"]
        assert by_name(board)["beta"].overall.value is None

    def test_a_subset_that_one_model_has_is_asked_of_all(self):
        """Averages over different subsets never stand in one column."""
        world = full_world()
        world.add("beta", "names", "urd", shares(10, 80), area="ner")
        rows = by_name(world.board())
        assert rows["alpha"].overall.value is None
        assert rows["beta"].areas["ner"].value == pytest.approx((80 / 80 + 10 / 80) / 2)

    def test_samples_never_enter(self):
        """A cell with a limit is no score, no row of the long table, and gives way to a whole one."""
        world = full_world()
        world.add("alpha", "names", "hin", shares(1, 80), area="ner", limit=80)
        assert by_name(world.board())["alpha"].overall.value == pytest.approx(0.6625)
        world.add("delta", "names", "hin", shares(1, 80), area="ner", limit=80)
        assert "delta" not in by_name(world.board())
        world.runs["delta"] = {"plans": {"mini": {"names": ("hin",)}}}
        board = world.board()
        assert by_name(board)["delta"].overall.reason == "only a sample of the items was scored (limit 80)"
        assert not [row for row in board.scores if row["model"] == "delta"]

    def test_other_data_does_not_stand_beside(self):
        """The one model that was scored on other data loses that score; where none is usual, all do."""
        world = full_world()
        for i, cell in enumerate(world.cells):
            if (cell.model, cell.task) == ("beta", "names"):
                world.cells[i] = replace(cell, data_fingerprint="old")
        rows = by_name(world.board())
        assert "other data" in rows["beta"].areas["ner"].reason
        assert rows["alpha"].rank is not None
        world.cells = [cell for cell in world.cells if cell.model != "gamma"]
        assert all("different data" in row.areas["ner"].reason for row in world.board().rows)

    def test_other_versions_of_a_task_are_not_averaged(self):
        """A score by another protocol, option or version of the task is no score beside the others', and is told so."""
        world = full_world()
        place = next(i for i, cell in enumerate(world.cells) if (cell.model, cell.task) == ("beta", "names"))
        world.cells[place] = replace(world.cells[place], task_identity="other")
        rows = by_name(world.board())
        assert "another version of this task" in rows["beta"].areas["ner"].reason
        assert rows["alpha"].areas["ner"].value is not None

    def test_subsets_of_two_tasks_of_one_name_are_not_averaged(self):
        """Subsets of another card of that name have no score beside those of the first, and say why; two against one
        is the usual task, one against one is none."""
        world = World()
        for subset, task in (("deu-eng", "first"), ("hin-eng", "first"), ("nan-eng", "other")):
            world.add("alpha", "pairs", subset, shares(40), task_identity=task)
        reason = by_name(world.board(LOOSE))["alpha"].areas["retrieval"].reason
        assert "another task called pairs" in reason
        world.cells = world.cells[1:]
        reason = by_name(world.board(LOOSE))["alpha"].areas["retrieval"].reason
        assert "scored by different tasks or versions" in reason

    def test_the_failure_of_a_whole_task_is_not_a_subset(self):
        """One model's cell `*` explains its gaps and asks nothing of the others."""
        world = full_world()
        world.cells = [cell for cell in world.cells if (cell.model, cell.task) != ("beta", "names")]
        world.fail("beta", "names", "*", "error", "no such folder", area="ner")
        board = world.board()
        assert [line.subset for line in board.cells if line.task == "names"] == ["hin"]
        assert by_name(board)["beta"].areas["ner"].reason == "error: no such folder"
        assert by_name(board)["alpha"].rank is not None

    def test_two_runs_of_one_cell(self):
        """One of them is shown, whatever their order, and a disagreement is said."""
        world = full_world()
        world.add("alpha", "names", "hin", shares(20, 80), area="ner")
        boards = [world.board(), world.board(order=lambda cells: cells[::-1])]
        assert boards[0] == boards[1]
        assert any(
            "names hin: runs of this model differ (25.00, 87.50)" in note for note in by_name(boards[0])["alpha"].notes
        )

    def test_nothing_at_all(self):
        """No runs: a board without rows that every format can render."""
        board = World().board()
        assert board.rows == ()
        assert {suffix for form in xlbench_boards() for suffix in form.render(board)} == {
            ".md", ".costs.md", ".csv", ".tasks.csv", ".scores.csv", ".data.csv", ".models.csv", ".costs.csv",
        }  # fmt: skip


class TestLooseBoards:
    """Where no suite says what belongs to a board: what no model has data for is left out, and said."""

    def skipped_by(self, *models) -> World:
        """The full world without hin of names (and a task that could not say its subsets), skipped by these models."""
        world = full_world()
        world.cells = [cell for cell in world.cells if (cell.subset, cell.model in models) != ("hin", True)]
        for model in models:
            world.add(model, "names", "urd", shares(40, 80), None, area="ner")
            world.fail(model, "names", "hin", "skipped", "no data", area="ner")
            world.fail(model, "topics", "*", "skipped", "no folder", area="news")
        return world

    def test_what_all_models_miss_alike_leaves_them_comparable(self):
        """All are ranked on the rest; each average that lacks a part has a footnote, and no other has."""
        board = self.skipped_by(*PRINT).board()
        assert [(row.model, row.rank) for row in board.rows] == [("beta", 1), ("gamma", 2), ("alpha", 3)]
        row = by_name(board)["alpha"]
        assert row.overall.value == pytest.approx((0.45 + 0.5) / 2)
        lacks = "without names hin: no model has a score there"
        assert row.tasks["names"].notes == row.areas["ner"].notes == (lacks,)
        assert row.overall.notes == ("without names hin, topics: no model has a score there",)
        assert row.areas["retrieval"].notes == ()
        assert row.areas["news"].value is None
        assert np.mean([row.borda for row in board.rows]) == pytest.approx(0.5)
        hin = next(line for line in board.cells if line.subset == "hin")
        assert hin.left_out
        assert [entry.value for entry in hin.entries] == [None] * 3
        assert "skipped: no data" in board.footnotes
        assert "unless no model has data for it" in markdown.render(board)[".md"]

    def test_models_that_miss_different_parts_are_not_ranked(self):
        """Another's score at the part makes it one that counts: who lacks it has no rank, with the reason."""
        world = self.skipped_by("alpha", "beta")
        board = world.board()
        assert all(row.rank is None for row in board.rows)
        rows = by_name(board)
        assert "names hin: skipped: no data" in rows["alpha"].overall.reason
        assert "names urd: not run" in rows["gamma"].overall.reason
        assert not any("without" in note for note in board.footnotes)

    def test_a_failure_is_never_left_out(self):
        """What a model failed at counts against it, though nobody else was scored there."""
        world = self.skipped_by(*PRINT)
        world.fail("alpha", "names", "kor", "error", "out of memory", area="ner")
        world.fail("beta", "names", "kor", "skipped", "no data", area="ner")
        assert all(row.rank is None for row in world.board().rows)

    def test_data_that_a_sample_shows_to_be_there_is_asked_for(self):
        """Who scored a sample had the data: the part is missing and not left out."""
        world = self.skipped_by(*PRINT)
        world.fail("alpha", "names", "kor", "skipped", "no data", area="ner")
        assert all(row.rank is not None for row in world.board().rows)
        world.add("beta", "names", "kor", shares(5, 9), None, area="ner", limit=9)
        assert all(row.rank is None for row in world.board().rows)

    def test_a_suite_asks_for_its_parts_all_the_same(self):
        """The same cells under a plan: nobody has an overall."""
        world = self.skipped_by(*PRINT)
        world.runs["alpha"] = {"plans": {"mini": {"names": ("hin", "urd"), "bucc": ("deu-eng",)}}}
        board = world.board("mini")
        assert all(row.overall.value is None for row in board.rows)
        assert not any(line.left_out for line in board.cells)

    def test_nothing_but_skipped_parts(self):
        """Where all is left out there is no average, no rank and no note of one."""
        world = World()
        for model in ("alpha", "beta"):
            world.fail(model, "names", "hin", "skipped", "no data", area="ner")
        board = world.board()
        assert [(row.rank, row.overall.value, row.borda) for row in board.rows] == [(None, None, None)] * 2
        assert board.rows[0].overall.reason == "skipped: no data"


class TestRegisters:
    """Averages of edited and unedited text, and their difference."""

    def world(self, models=("alpha", "beta")) -> World:
        """Sentiment: reviews (edited; two subsets) and tweets, over some of the same items; news: edited alone."""
        world = World()
        items = [f"s{i}" for i in range(100)]
        plain, rough = {"register": "regularized"}, {"register": "unregularized"}
        for i, model in enumerate(models):
            world.add(model, "reviews", "deu", shares(70 + 5 * i), items, area="sentiment", **plain)
            world.add(model, "reviews", "hin", shares(60), items, area="sentiment", **plain)
            world.add(model, "tweets", "hin", shares(50), items, area="sentiment", **rough)
            world.add(model, "topics", "hin", shares(80), None, area="news", **plain)
            world.add(model, "lexicon", "hin", shares(30), None, area="clustering")
        return world

    def test_by_hand(self):
        """(.7 + .6)/2 = .65 less .5 is .15, over 100 clusters whose sums are subtracted before they are squared."""
        lines = {(line.area, line.register): line for line in self.world(["alpha"]).board().registers}
        assert [(line, len(lines[line].tasks)) for line in lines] == [
            (("news", "regularized"), 1), (("sentiment", "regularized"), 1), (("sentiment", "unregularized"), 1),
            (("sentiment", "difference"), 0),
        ]  # fmt: skip
        assert lines["sentiment", "regularized"].entries[0].value == pytest.approx(0.65)
        (found,) = lines["sentiment", "difference"].entries
        psi = [(shares(count) - count / 100) / 100 for count in (70, 60, 50)]
        sums = (psi[0] + psi[1]) / 2 - psi[2]
        assert found.value == pytest.approx(0.15)
        assert found.clusters == 100
        assert found.se == pytest.approx(np.sqrt(100 / 99 * np.sum(sums**2)))
        assert found.high - found.value == pytest.approx(1.9842 * found.se, rel=1e-4)
        assert found.method == "cluster-t"

    def test_an_average_of_one_register_is_that_of_its_tasks(self):
        """The line of a register of one task is the task's own number, for every model in the board's order."""
        board = self.world().board()
        (line,) = [line for line in board.registers if line.register == "unregularized"]
        assert line.entries == tuple(row.tasks["tweets"] for row in board.rows)

    def test_over_areas_only_those_with_both_enter(self):
        """With two such areas there is their mean, from which news, which has one register, stays away."""
        world = self.world(["alpha"])
        assert not any(line.area == "areas with both" for line in world.board().registers)
        for task, count, register in (("bucc", 40, "regularized"), ("posts", 20, "unregularized")):
            world.add("alpha", task, "hin", shares(count), None, register=register)
        both = {line.register: line for line in world.board().registers if line.area == "areas with both"}
        values = {register: line.entries[0].value for register, line in both.items()}
        assert values == pytest.approx({"regularized": 0.525, "unregularized": 0.35, "difference": 0.175})
        assert both["regularized"].tasks == ("bucc", "reviews")

    def test_one_register_is_no_section(self):
        """Nothing to set beside each other: no lines, no file, no table."""
        world = self.world()
        world.cells = [replace(cell, register="regularized") for cell in world.cells]
        board = world.board()
        assert board.registers == ()
        assert ".registers.csv" not in spreadsheet.render(board)
        assert "By register" not in markdown.render(board)[".md"]

    def test_registers_of_different_areas_are_not_subtracted(self):
        """Where no area has both registers there are averages, no difference, and a word on that."""
        world = self.world()
        world.cells = [cell for cell in world.cells if cell.task != "reviews"]
        board = world.board()
        assert [(line.area, line.register) for line in board.registers] == [
            ("news", "regularized"), ("sentiment", "unregularized"),
        ]  # fmt: skip
        assert "within areas that have both: here, none has." in markdown.render(board)[".md"]

    def test_a_missing_part_is_missing_in_the_difference(self):
        """beta has no tweets: its average and its difference have a reason; alpha's stay."""
        world = self.world()
        world.cells = [cell for cell in world.cells if (cell.model, cell.task) != ("beta", "tweets")]
        world.fail("beta", "tweets", "hin", area="sentiment")
        board = world.board()
        (line,) = [line for line in board.registers if line.register == "difference"]
        found = dict(zip([row.model for row in board.rows], line.entries, strict=True))
        assert found["alpha"].value == pytest.approx(0.15)
        assert found["beta"].value is None
        assert "tweets hin: error: out of memory" in found["beta"].reason

    def test_cells_from_before_there_were_registers(self):
        """One model's cell says what the task is; two that disagree say nothing."""
        world = self.world()
        world.cells = [replace(cell, register="") if cell.model == "alpha" else cell for cell in world.cells]
        assert world.board().registers == self.world().board().registers
        world.cells = [
            replace(cell, register="unregularized") if cell.model == "alpha" else cell for cell in world.cells
        ]
        assert world.board().registers == ()

    def test_as_csv(self):
        """A row an area, register and model, with numbers as everywhere."""
        frame = read(spreadsheet.render(self.world().board())[".registers.csv"])
        row = frame[(frame.register == "difference") & (frame.model == "alpha")].iloc[0]
        assert (row.area, row.value, row.clusters, row.method) == ("sentiment", "0.15000000", "100", "cluster-t")
        assert len(frame) == 2 * 4


class TestData:
    """Counts of what is odd about the data, beside the scores."""

    def world(self) -> World:
        """Two models on two subsets; alpha was saved before duplicates were counted."""
        world = World()
        facts = {"test_in_train": 588, "test_duplicates": 12, "tiny_classes": 1}
        world.add("alpha", "topics", "hin", shares(500, 1519), None, area="news", facts={"test_in_train": 588})
        world.add("beta", "topics", "hin", shares(600, 1519), None, area="news", facts=facts)
        for model, rate in (("alpha", 0.0), ("beta", 0.031)):
            found = {"candidates": 98, "repeated_candidates": 2, "tie_rate": rate}
            world.add(model, "pairs", "deu-eng", shares(50), facts=found)
            world.add(model, "pairs", "eng-deu", shares(50), facts={"candidates": 100, "tie_rate": 0.0})
        return world

    def test_counts_are_taken_from_the_facts(self):
        """Known counts stand for all models, ties from the fewest to the most, and what nobody counted is None."""
        lines = {line.subset: line for line in self.world().board().data}
        hin = lines["hin"]
        assert (hin.n, hin.test_in_train, hin.test_duplicates, hin.tiny_classes) == (1519, 588, 12, 1)
        assert hin.train_duplicates is hin.candidates is hin.tie_rate_high is None
        assert (lines["deu-eng"].tie_rate_low, lines["deu-eng"].tie_rate_high) == (0.0, 0.031)

    def test_what_is_no_number_is_no_count(self):
        """A stranger's fact of the same name that is a text, or true, is not shown."""
        world = World()
        world.add("alpha", "pairs", "deu", shares(50), facts={"test_in_train": "many", "test_duplicates": True})
        (line,) = world.board().data
        assert (line.test_in_train, line.test_duplicates, line.is_odd) == (None, None, False)

    def test_cells_that_do_not_count_say_nothing(self):
        """Facts of other data, or of a failed cell, are not those of this board's."""
        world = self.world()
        world.add("gamma", "topics", "hin", shares(500, 1519), None, area="news", data_fingerprint="old",
                  facts={"test_in_train": 1519})  # fmt: skip
        assert {line.subset: line.test_in_train for line in world.board().data}["hin"] == 588

    def test_the_table_has_the_odd_subsets_and_the_file_has_all(self):
        """ "588 of 1,519" beside n; a subset without a count above 0 is in the CSV alone."""
        files = render_all(self.world().board())
        section = files[".md"].split("## Data warnings")[1].split("\n## ")[0]
        rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")]
        assert rows[0] == ["Task", "Subset", "n", "Overlap", "Duplicates", "Tiny classes", "Candidates", "Tie rate, %"]
        assert rows[2:] == [
            ["pairs", "deu-eng", "100", "—", "—", "—", "98 (+ 2 repeated)", "0.00–3.10"],
            ["topics", "hin", "1,519", "588 of 1,519", "12", "1", "—", "—"],
        ]
        assert "Of 3 subsets, those where a count is above 0: 2." in section
        frame = read(files[".data.csv"]).set_index("subset")
        assert list(frame.index) == ["deu-eng", "eng-deu", "hin"]
        assert (frame.loc["hin"].test_in_train, frame.loc["hin"].train_duplicates) == ("588", "")
        assert (frame.loc["eng-deu"].repeated_candidates, frame.loc["deu-eng"].tie_rate_high) == ("", "0.03100000")

    def test_lost_items_have_a_column_where_there_are_any(self):
        """Items that one language of a pair lacks are counted on the board and in the file."""
        world = World()
        world.add("alpha", "pairs", "eng-deu", shares(50), facts={"candidates": 50, "lost_items": 12})
        files = render_all(world.board())
        section = files[".md"].split("## Data warnings")[1].split("\n## ")[0]
        assert "Lost items: those of two languages that the other lacks." in section
        assert re.search(r"\| +Lost items +\|", section)
        assert re.search(r"\| pairs .* 12 \|", section)
        assert read(files[".data.csv"]).set_index("subset").loc["eng-deu"].lost_items == "12"

    def test_neighbors_that_are_alike_have_a_footnote_and_their_correlation(self):
        """The highest of the models that it is no chance for, on the board and in the file; of others there is none."""
        world = World()
        for model, subset, r, notes in (
            ("alpha", "hin", 0.264, (ALIKE,)), ("beta", "hin", 0.291, (ALIKE,)), ("alpha", "tel", 0.3, ()),
        ):  # fmt: skip
            world.add(model, "tags", subset, shares(100, 384), None, area="ner", facts={"lag_one": r}, notes=notes)
        files = render_all(world.board())
        section = files[".md"].split("## Data warnings")[1].split("\n## ")[0]
        assert "Lag-1 r: how alike items next to each other are" in section
        assert re.search(r"\| tags +\| hin .* 0\.29 \|", section)
        assert not re.search(r"\| tags +\| tel ", section)
        assert "items next to each other are alike (lag-1 r: Data warnings)" in files[".md"].split("## Footnotes")[1]
        frame = read(files[".data.csv"]).set_index("subset")
        assert (frame.loc["hin"].lag_one, frame.loc["tel"].lag_one) == ("0.29100000", "")

    def test_repairs_and_entities_left_out_stand_beside_the_score(self):
        """What a reader put right, and the entities whose types the card does not count, are columns of their own."""
        world = World()
        facts = {"repairs": 0, "train_repairs": 1145, "entities": 549, "entities_dropped": 3}
        world.add("alpha", "tags", "tel", shares(100, 384), None, area="ner", facts=facts)
        world.add("alpha", "tags", "hin", shares(100, 384), None, area="ner", facts=dict.fromkeys(facts, 0))
        files = render_all(world.board())
        section = files[".md"].split("## Data warnings")[1].split("\n## ")[0]
        rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")]
        assert rows[0] == ["Task", "Subset", "n", "Repairs", "Training repairs", "Entities left out"]
        assert rows[2:] == [["tags", "tel", "384", "0", "1,145", "3 of 549"]]
        frame = read(files[".data.csv"]).set_index("subset")
        assert dict(frame.loc["tel", list(facts)]) == {name: str(n) for name, n in facts.items()}

    def test_clean_data_has_no_table(self):
        """Nothing to be warned of: no section."""
        assert "Data warnings" not in markdown.render(full_world().board())[".md"]


class TestBaselines:
    """Chance and the majority class, beside the scores."""

    def world(self) -> World:
        """One classification task with two subsets, and a retrieval task without a majority."""
        world = World()
        for subset, share in (("deu", 0.2), ("hin", 0.3)):
            facts = {"majority_accuracy": share, "majority_macro_f1": 0.01}
            world.add("alpha", "topics", subset, shares(50), None, area="news", facts=facts)
        world.add("alpha", "pairs", "deu", shares(50))
        return world

    def test_they_stand_beside_subsets_and_tasks(self):
        """That of the main metric; a task's is the mean over its subsets; where there is none there is a dash."""
        board = self.world().board()
        assert [(line.task, line.chance, line.majority) for line in board.cells] == [
            ("pairs", 0.1, None), ("topics", 0.1, 0.2), ("topics", 0.1, 0.3),
        ]  # fmt: skip
        assert board.baseline("topics", "majority") == pytest.approx(0.25)
        assert board.baseline("pairs", "majority") is None
        text = markdown.render(board)[".md"]
        assert re.search(r"\| Area +\| Task +\| +Chance \| +Majority \|", text)
        assert re.search(r"\| news +\| topics +\| +10.0 \| +25.0 \|", text)
        assert re.search(r"\| topics +\| hin +\| accuracy +\| +100 \| +100 \| +10.0 \| +30.0 \|", text)
        assert re.search(r"\| pairs +\| deu .*\| +10.0 \| +— \|", text)
        assert "Majority is what always giving the most frequent label scores" in text

    def test_a_task_with_a_subset_without_baseline_has_none(self):
        """An average over what is there would not stand beside the score's."""
        world = self.world()
        world.cells = [replace(cell, facts={}) if cell.subset == "hin" else cell for cell in world.cells]
        assert world.board().baseline("topics", "majority") is None

    def test_what_is_no_number_is_no_baseline(self):
        """A stranger's fact of the same name that is a text, or true, is not shown."""
        for odd in ("much", True):
            world = World()
            world.add("alpha", "topics", "deu", shares(50), facts={"majority_accuracy": odd})
            assert world.board().cells[0].majority is None

    def test_the_long_table_has_them(self):
        """The baseline of each metric beside its value, and an empty cell where there is none."""
        frame = read(spreadsheet.render(self.world().board())[".scores.csv"]).set_index(["task", "subset"])
        assert frame.loc[("topics", "hin")].majority == "0.30000000"
        assert frame.loc[("pairs", "deu")].majority == ""


class TestRanks:
    """Order, ties, Borda."""

    def test_best_first(self):
        """Higher overall, lower rank; each rank lies in its interval."""
        board = full_world().board()
        assert [(row.model, row.rank) for row in board.rows] == [("beta", 1), ("gamma", 2), ("alpha", 3)]
        assert all(1 <= row.rank_low <= row.rank <= row.rank_high <= 3 for row in board.rows)

    def test_equal_models_share_a_rank(self):
        """Two models with the same answers have the same rank, are tied with the best, and stand in name order."""
        world = World()
        for model in ("beta", "alpha"):
            world.add(model, "pairs", "deu", shares(50))
        world.add("gamma", "pairs", "deu", shares(2))
        board = world.board()
        assert [(row.model, row.rank) for row in board.rows] == [("alpha", 1), ("beta", 1), ("gamma", 3)]
        assert [row.tied_with_best for row in board.rows] == [True, True, False]
        table = markdown.standings_table(board)
        assert "= 1 (1–2)" in table
        assert re.search(r"\|\s+3 \| gamma", table)

    def test_one_model(self):
        """Alone, a model is first, beats nobody, and is tied with nobody."""
        world = World()
        world.add("alpha", "pairs", "deu", shares(50))
        (row,) = world.board().rows
        assert (row.rank, row.rank_low, row.rank_high, row.borda) == (1, 1, 1, None)
        assert "=" not in markdown.standings_table(world.board())

    def test_borda_by_hand(self):
        """alpha beats one of two in hin and ties one in deu: (1/2 + 1/4)/2; equal scores count half."""
        world = World()
        counts = {"deu": (50, 50, 70), "hin": (50, 40, 60)}
        for subset, per_model in counts.items():
            for model, count in zip(PRINT, per_model, strict=True):
                world.add(model, "pairs", subset, shares(count))
        rows = by_name(world.board())
        assert rows["alpha"].borda == pytest.approx((1 / 4 + 1 / 2) / 2)
        assert rows["beta"].borda == pytest.approx((1 / 4 + 0) / 2)
        assert rows["gamma"].borda == pytest.approx(1)

    @settings(max_examples=20, deadline=None)
    @given(st.lists(st.integers(0, 30), min_size=2, max_size=4))
    def test_borda_is_conserved(self, counts):
        """Whatever the scores, the models' Borda scores have mean one half."""
        world = World()
        for i, count in enumerate(counts):
            world.add(f"m{i}", "pairs", "deu", shares(count, 30), fingerprint=f"{i}" * 64)
        assert np.mean([row.borda for row in world.board().rows]) == pytest.approx(0.5)


class TestNotes:
    """What a reader is warned of, and where the mark stands."""

    def test_notes_of_the_data_stand_beside_the_subset(self):
        """What all models' cells say is said once, at the subset; a declared leak stays with its model."""
        board = golden_world().board()
        (line,) = [line for line in board.cells if line.subset == "NA"]
        assert line.notes == ("3 duplicate texts | counted once",)
        leak = "the model declares that it was trained on topics"
        assert leak in by_name(board)["gamma"].notes
        assert [leak in entry.notes for entry in line.entries] == [row.model == "gamma" for row in board.rows]

    def test_identical_results_are_flagged(self):
        """Two models with the same rows are named, unless all rows are right, as then all good models agree."""
        world = World()
        for model in ("alpha", "beta"):
            world.add(model, "pairs", "deu", shares(50))
            world.add(model, "pairs", "hin", np.ones(60))
        note = "alpha and beta have identical results, item by item, in 1 of 2 subsets"
        assert all(row.notes == (note,) for row in world.board().rows)
        world.cells = [cell for cell in world.cells if cell.subset == "hin"]
        assert all(row.notes == () for row in world.board().rows)

    def test_equal_fingerprints_are_flagged(self):
        """One model under two names is told."""
        world = World()
        for model in ("one", "two"):
            world.add(model, "pairs", "deu", shares(50))
        assert world.board().rows[0].notes == ("one and two are one and the same model (equal fingerprints)",)

    def test_many_copies_are_one_note(self):
        """18 names of one content: one note that lists them, in place of one a pair; the same for equal results."""
        world = World()
        for i in range(18):
            world.add(f"m{i:02}", "pairs", "deu", shares(50))
        notes = {note for row in world.board().rows for note in row.notes}
        names = ", ".join(f"m{i:02}" for i in range(17))
        assert notes == {f"{names} and m17 are one and the same model (equal fingerprints)"}
        world.cells = [replace(cell, fingerprint=f"{i:064x}") for i, cell in enumerate(world.cells)]
        notes = {note for row in world.board().rows for note in row.notes}
        assert notes == {f"{names} and m17 have identical results, item by item, in 1 of 1 subsets"}

    def test_the_board_says_what_its_ranks_are(self):
        """A reader learns that ranks hold for all models at once, and where a pair is told apart."""
        text = markdown.render(full_world().board())[".md"]
        assert "All models of this board are compared at once" in text
        assert "two models alone (`xlbench board --model`) may be told apart where they are not here" in text

    def test_one_name_for_two_models(self):
        """Two checkpoints of one name keep their rows, told apart by their fingerprints."""
        world = World()
        for digit, count in (("1", 50), ("2", 30)):
            world.add("alpha", "pairs", "deu", shares(count), fingerprint=digit * 64)
        assert [row.label for row in world.board().rows] == ["alpha (11111111)", "alpha (22222222)"]

    def test_small_samples_are_flagged(self):
        """Fewer than 50 items: said once beside the subset."""
        world = World()
        for model in ("alpha", "beta"):
            world.add(model, "pairs", "deu", shares(20, 49))
            world.add(model, "pairs", "hin", shares(20, 50))
        small, large = world.board().cells
        assert ["fewer than 50" in note for note in small.notes] == [True]
        assert large.notes == ()

    def test_every_mark_has_its_footnote(self):
        """Footnotes are numbered from 1 without a gap, and every one of them is used."""
        text = golden_world().board()
        rendered = markdown.render(text)[".md"]
        above, below = rendered.split("## Footnotes")
        numbers = [int(number) for number in re.findall(r"^(\d+)\. ", below, re.MULTILINE)]
        used = {
            int(mark.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
            for mark in re.findall("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", above)
        }
        assert numbers == list(range(1, len(text.footnotes) + 1))
        assert used == set(numbers)


class TestMarkdown:
    """Layout, numbers and escaping."""

    def test_numbers(self):
        """Points with one decimal; more where the interval would have no width; none where there is no interval."""
        world = World()
        world.add("alpha", "pairs", "deu", shares(41))
        board = world.board()
        shown = legend.Legend.of(board, 1)
        assert shown.number(Entry(0.41234, 0.3981, 0.4261)) == "41.2 [39.8, 42.6]"
        assert shown.number(Entry(0.41234, 0.412336, 0.412341)) == "41.2340 [41.2336, 41.2341]"
        assert shown.number(Entry(0.41234, 0.41234, 0.41234)) == "41.2"
        assert shown.number(Entry(0.0, 0.0, 0.0369)) == "0.0 [0.0, 3.7]"
        assert shown.number(Entry(-0.00001, -0.2, 0.1)) == "0.0 [-20.0, 10.0]"
        assert shown.number(Entry(0.5)) == "50.0"
        assert shown.number(Entry()) == "—"
        assert "41.00 [" in markdown.standings_table(board, decimals=2)

    def test_a_score_of_zero_is_shown_as_a_score(self):
        """0.0 is a result; a dash is none."""
        world = World()
        world.add("alpha", "pairs", "deu", np.zeros(60))
        world.cells[0] = replace(world.cells[0], scores=(replace(world.cells[0].scores[0], low=0.0),))
        assert "0.0 [0.0, 5.0]" in markdown.standings_table(world.board())

    def test_methods_that_are_no_bootstrap_are_marked(self):
        """A Wilson interval carries a raised w, and the legend says what that is."""
        text = markdown.render(golden_world().board())[".md"]
        assert "75.0 [70.0, 80.0]ʷ" in text
        assert "ʷ wilson" in text

    def test_marks_of_many_footnotes(self):
        """All of them, three or more in a row as a range."""
        assert markup.superscript([1, 2, 4, 5, 6, 10]) == "¹ ² ⁴⁻⁶ ¹⁰"
        assert markup.superscript([]) == ""

    def test_one_area_is_one_column(self):
        """With a single area its name heads the overall, which is not printed twice."""
        world = full_world()
        world.cells = [cell for cell in world.cells if cell.area == "ner"]
        header = markdown.standings_table(world.board()).splitlines()[0]
        assert header.count("NER") == 1
        assert "Overall" not in header

    def test_every_subset_is_there(self):
        """90 subsets: 90 lines."""
        world = World()
        for i in range(90):
            world.add("alpha", "pairs", f"l{i:02}", shares(50))
        text = markdown.render(world.board())[".md"]
        assert len(re.findall(r"\| l\d\d ", text)) == 90

    def test_costs_stand_apart(self):
        """Twice the seconds: other costs, the same board to the byte."""
        world = golden_world()
        slow = golden_world()
        slow.cells = [replace(cell, seconds=99.0, encode_seconds=77.0) for cell in slow.cells]
        one, other = (render_all(each.board()) for each in (world, slow))
        assert {suffix for suffix in one if one[suffix] != other[suffix]} == {".costs.md", ".costs.csv"}

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("a|b", r"a\|b"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("`x`", r"\`x\`"),
            ("two\nlines\u2028and\rmore", "two lines and more"),
            ("![i](javascript:x)", r"\!\[i\](javascript:x)"),
            ("a\u202eb\u200bc\x1b[31m\x00", r"abc\[31m"),
            ("AT&T & <b>", "AT&amp;T &amp; &lt;b&gt;"),
            ("see https://x.y", "see https:&#47;&#47;x.y"),
            ("snake_case _em_ **b**", r"snake_case \_em\_ \*\*b\*\*"),
            ("\\|", r"\\\|"),
            ("lone \ud800 surrogate", "lone surrogate"),
            ("- item", r"\- item"),
            ("+ item", r"\+ item"),
            ("---", r"\---"),
            ("1. item", r"1\. item"),
            ("12) item", r"12\) item"),
            ("1.5 points", "1.5 points"),
            ("# title", r"\# title"),
            ("a - b + 1. c", "a - b + 1. c"),
        ],
    )
    def test_escaping(self, text, shown):
        """What strangers write is shown and does nothing."""
        assert markup.escape(text) == shown

    @settings(max_examples=200, deadline=None)
    @given(st.text(max_size=40))
    def test_escaped_text_is_one_harmless_cell(self, text):
        """Any text: no bare pipe, no bracket of HTML, no backtick, no break; it can be encoded."""
        safe = markup.escape(text)
        bare = re.sub(r"\\.", "", safe)
        assert not set(bare) & set("|<>`[]*")
        assert len((safe + ".").splitlines()) == 1
        safe.encode()

    @pytest.mark.parametrize(
        "text", ["- a", "-", "---", "+ a", "1. a", "1.", "7) a", "# a", "###### a", "> a", "=== a", "* a", "1. - a"]
    )
    def test_no_text_begins_a_block(self, text):
        """A CommonMark parser finds nothing but text at the start of a line, of a list's item and of a table's cell."""
        parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")
        safe = markup.escape(text)
        for page, blocks in {
            safe: ["paragraph"],
            f"1. {safe}": ["ordered_list", "list_item", "paragraph"],
            f"| a |\n|:--|\n| {safe} |": ["table", "thead", "tr", "th", "tbody", "tr", "td"],
        }.items():
            tokens = parser.parse(page)
            assert [token.type.removesuffix("_open") for token in tokens if token.nesting == 1] == blocks
            (shown,) = [token for token in tokens if token.type == "inline"][-1:]
            assert "".join(child.content for child in shown.children) == text

    def test_hostile_names_do_not_break_the_table(self):
        """Every line of a table has as many cells as its header, whatever models, reasons and notes are called."""
        world = World()
        for i, name in enumerate(("a|b", "=cmd()", "<script>", "x\u202ey", "n\nl")):
            world.add(name, "pairs", "deu", shares(50 + i), fingerprint=f"{i}" * 64, notes=(f"{name} | <img>",))
            world.fail(name, "pairs", "hin", reason=f"{name}|`rm`\n| 100 |")
        text = markdown.render(world.board())[".md"]
        assert not re.search("<script|<img|\u202e", text)
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


class TestCsv:
    """Files for programs, safe for spreadsheets."""

    def test_columns_of_the_long_table(self):
        """The long table has exactly the record's columns, and a line a metric, sorted."""
        text = spreadsheet.render(golden_world().board())[".scores.csv"]
        frame = read(text)
        assert tuple(frame.columns) == LONG
        keys = list(zip(*(frame[name] for name in ("model", "fingerprint", "area", "task", "subset")), strict=True))
        assert keys == sorted(keys)
        both = frame[(frame.model == "beta") & (frame.subset == "zho_Hans")]
        assert list(both.metric) == ["accuracy", "macro-f1"]

    def test_negative_numbers_stay_numbers(self):
        """-0.25 is a number with eight decimals and no quote before it; None is an empty cell."""
        frame = read(spreadsheet.render(golden_world().board())[".scores.csv"])
        row = frame[frame.metric == "macro-f1"].iloc[0]
        assert (row.value, row.low) == ("-0.25000000", "")

    def test_decimals_and_types(self):
        """Scores have eight decimals, counts none."""
        row = read(spreadsheet.render(full_world().board())[".csv"]).iloc[0]
        assert re.fullmatch(r"0\.\d{8}", row.overall)
        assert (row["rank"], row.n, row.clusters, row.status) == ("1", "330", "230", "ranked")
        assert float(row.overall_low) < float(row.overall) < float(row.overall_high)

    def test_languages_named_like_missing_values(self):
        """The subsets nan-eng, NA and the language nan come back as they were."""
        world = golden_world()
        world.add("beta", "lang", "nan", shares(50))
        frame = read(spreadsheet.render(world.board())[".scores.csv"])
        assert {"nan-eng", "NA", "nan"} <= set(frame.subset)

    @pytest.mark.parametrize("text", ["=cmd()", "+1", "-x", "@sum", "\tx", "\rx", "\x00=cmd()", "\u202e=cmd()"])
    def test_formulas_are_defused(self, text):
        """Text that a spreadsheet would run gets a quote before it, also behind characters that are not shown."""
        assert csv_text.cell(text)[0] == "'"

    @pytest.mark.parametrize("mark", ["\r", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
    def test_a_row_is_one_line_whatever_a_text_holds(self, mark):
        """Whatever a reader takes for the end of a row: a description begins no second row that holds a formula."""
        world = World()
        world.add("alpha", "pairs", "deu", shares(50), notes=(f"nice{mark}=1+1",))
        world.runs["alpha"] = {"description": f"nice{mark}=1+1"}
        for text in spreadsheet.render(world.board()).values():
            assert len(text.splitlines()) == 2
            assert not [line for line in text.splitlines() if line.startswith("=")]

    def test_an_area_of_a_plugin_stands_behind_the_five(self):
        """Areas are open: the five in their order, then others by name."""
        world = full_world()
        for area in ("qa", "parsing"):
            world.add("alpha", f"{area}-task", "hin", shares(50), None, area=area)
        assert world.board().areas == ("retrieval", "ner", "parsing", "qa")

    def test_hostile_names_come_back_as_one_field(self):
        """A name with quotes, commas and a break is one field on one line; the row has all its columns."""
        world = World()
        world.add('a",=b\n"', "pairs", "deu", shares(50))
        for suffix, text in spreadsheet.render(world.board()).items():
            header, row = csv.reader(io.StringIO(text))
            assert len(header) == len(row)
            assert suffix == ".data.csv" or row[header.index("model")] == 'a",=b "'

    def test_missing_scores_are_empty_cells(self):
        """A model without an overall has no rank and no number, but its reason."""
        world = full_world()
        world.fail("delta", "pairs", "nan-eng", reason="broken")
        row = read(spreadsheet.render(world.board())[".csv"]).set_index("model").loc["delta"]
        assert (row["rank"], row.overall, row.borda, row.tied_with_best, row.status) == ("", "", "", "", "incomplete")
        assert "broken" in row.notes

    def test_costs(self):
        """beta: six cells of 2.5 seconds, 2 of them encoding; 402 texts in 12 seconds are 33.5 a second."""
        frame = read(spreadsheet.render(golden_world().board())[".costs.csv"]).set_index("model")
        row = frame.loc["beta"]
        assert (row.cells, row.seconds, row.encode_seconds) == ("6", "15.00000000", "12.00000000")
        assert (row.encoded, row.sentences_per_second) == ("402", "33.50000000")
        assert (row.parameters, row.peak_memory_bytes) == ("1000000", str(3 << 20))

    def test_memory_that_is_not_known_is_no_number(self):
        """Where the system did not tell a run's peak, the page has a dash and the file nothing: never 0."""
        world = golden_world()
        world.runs["beta"] = {"provenance": {"peak_memory_bytes": None}}
        files = render_all(world.board())
        assert read(files[".costs.csv"]).set_index("model").loc["beta"].peak_memory_bytes == ""
        (line,) = [line for line in files[".costs.md"].splitlines() if line.startswith("| beta ")]
        assert line.rstrip(" |").endswith("—")


class TestDeterminism:
    """Equal results give equal bytes."""

    def test_the_order_of_runs_and_cells_does_not_matter(self):
        """Any order of cells and runs: the same board, the same files."""
        world = golden_world()
        expected = render_all(world.board())
        for seed in range(5):
            random = np.random.RandomState(seed)
            board = world.board(order=lambda found, r=random: [found[i] for i in r.permutation(len(found))])
            assert render_all(board) == expected

    @pytest.mark.parametrize(
        "suffix", [".md", ".csv", ".tasks.csv", ".scores.csv", ".data.csv", ".models.csv", ".registers.csv"]
    )
    def test_golden(self, suffix):
        """The files are those that were looked at (``python tests/reports/test_boards.py`` writes them anew)."""
        expected = (GOLDEN / f"mini{suffix}").read_bytes().decode()
        assert render_all(golden_world().board())[suffix] == expected

    def test_listing_the_formats_imports_nothing_heavy(self):
        """numpy, pandas and tabulate wait until a board is rendered."""
        code = (
            "import sys, xlbench.builtin as b; list(b.xlbench_boards()); "
            "print([m for m in ('numpy', 'pandas', 'tabulate') if m in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"

    def test_one_line(self):
        """Breaks become spaces, invisible characters go, and letters of every script stay."""
        assert one_line(" हिन्दी \t 中文\u2029x\u2066y ") == "हिन्दी 中文 xy"


def read(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def render_all(board: Board) -> dict[str, str]:
    return dict(itertools.chain.from_iterable(form.render(board).items() for form in xlbench_boards()))


def write_golden() -> None:
    """Write the golden files anew."""
    GOLDEN.mkdir(exist_ok=True)
    for suffix, text in render_all(golden_world().board()).items():
        if ".costs" not in suffix:
            (GOLDEN / f"mini{suffix}").write_bytes(text.encode())


if __name__ == "__main__":
    write_golden()


class TestModels:
    """What the models of a board are."""

    def test_a_line_says_how_to_get_the_model_again(self):
        """Spec, revision and what shapes the vectors; the device it ran on says nothing about the model."""
        world = World()
        world.add("alpha", "pairs", "eng-hin", shares(50))
        (run,) = world.results()
        details = {"pooling": "cls", "revision": "abc", "device": "cuda", "whiten": False}
        line = line_of(
            "alpha", ("alpha", "f"), [replace(run, spec="hf:x?pooling=cls", details=details, parameters=12)], ()
        )
        assert (line.spec, line.parameters, line.dimensions) == ("hf:x?pooling=cls", 12, None)
        assert line.settings == "revision=abc, pooling=cls, whiten=false"

    def test_a_line_for_every_row(self):
        """The section and the file have the models of the board, in its order; one without a spec is its name."""
        board = golden_world().board()
        assert [line.label for line in board.models] == [row.label for row in board.rows]
        frame = read(spreadsheet.render(board)[".models.csv"])
        assert list(frame["spec"]) == [row.model for row in board.rows]
        assert "## Models" in markdown.render(board)[".md"]
