"""What enters a board: the plan, missing parts, samples, other data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from board_world import (
    PRINT,
    World,
    by_name,
    full_world,
    shares,
    subsets_page,
)

from xlbench.builtin import xlbench_boards
from xlbench.core.record import LOOSE


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
            ".md", ".subsets.md", ".costs.md", ".csv", ".tasks.csv", ".scores.csv", ".data.csv", ".models.csv",
            ".costs.csv", ".html", ".tex", ".json",
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
        assert "unless no model has data for it" in subsets_page(board)

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
