"""Ranks, ties and Borda scores of a board, overall and within areas and tasks."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from board_world import (
    PRINT,
    World,
    by_name,
    full_world,
    golden_world,
    read_rows,
    shares,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from xlbench.reports.boards import front_sections, markdown
from xlbench.reports.boards.plain import plain


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
        table = front_sections.standings(board, 1)
        assert "1\u00a0[1,\u00a02] |" in table
        assert re.search(r"\|\s+3 \| gamma", table)

    def test_one_model(self):
        """Alone, a model is first, beats nobody, and is tied with nobody."""
        world = World()
        world.add("alpha", "pairs", "deu", shares(50))
        (row,) = world.board().rows
        assert (row.rank, row.rank_low, row.rank_high, row.borda) == (1, 1, 1, None)
        assert not re.search(r"\d[\u00a0 ][a-z]", front_sections.standings(world.board(), 1))

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
        """The page has letters for ties, the files have columns, and a board of one model has no marks."""
        board = golden_world().board()
        assert "ab |" in markdown.render(board)[".md"]
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
        assert re.search(r"\d[\u00a0 ][a-z]", front_sections.standings(alone.board(), 1)) is None

    def test_json_has_every_average_with_its_rank(self):
        """Standings as plain values: areas and tasks with value, interval, chance and rank, or null."""
        board = golden_world().board()
        content = json.loads(json.dumps(plain(board)))
        first, last = content["models"][0], content["models"][-1]
        assert first["areas"]["news"]["rank"] == {
            "rank": 1, "low": 1, "high": 3, "tied_with_best": True, "letters": "a",
        }  # fmt: skip
        assert first["tasks"]["bucc"]["value"] == pytest.approx(0.6)
        assert (last["rank"], last["tasks"]["topics"]["rank"], last["overall"]["value"]) == (None, None, None)
        assert content["chance"] == pytest.approx({"overall": 0.1, "retrieval": 0.1, "news": 0.1, "ner": 0.1})
