"""How a board averages: subsets make a task, tasks an area, areas the overall."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from board_world import (
    World,
    by_name,
    full_world,
    shares,
    subsets_page,
)
from scipy import stats as reference

from xlbench.reports import markup
from xlbench.reports.boards import front_sections, markdown


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
        assert f" {markup.points(row.overall.value)}\u00a0a |" in front_sections.standings(board, 1)
        assert f"{markup.points(row.overall.value)}\u00a0a\u00a0¹" in subsets_page(board)

    def test_averages_follow_the_settings_of_their_cells(self):
        """Cells that were scored with bootstrap intervals get bootstrapped averages."""
        world = full_world()
        world.cells = [replace(cell, ci="bootstrap") for cell in world.cells]
        methods = {row.overall.method for row in world.board().rows}
        assert methods == {"student"}
        assert {row.overall.method for row in full_world().board().rows} == {"cluster-t"}
