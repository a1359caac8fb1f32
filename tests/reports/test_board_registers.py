"""Averages of edited and unedited text on a board."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from board_world import (
    World,
    frame_of,
    shares,
    subsets_page,
)

from xlbench.reports.boards import spreadsheet


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
        assert "By register" not in subsets_page(board)

    def test_registers_of_different_areas_are_not_subtracted(self):
        """Where no area has both registers there are averages, no difference, and a word on that."""
        world = self.world()
        world.cells = [cell for cell in world.cells if cell.task != "reviews"]
        board = world.board()
        assert [(line.area, line.register) for line in board.registers] == [
            ("news", "regularized"), ("sentiment", "unregularized"),
        ]  # fmt: skip
        assert "within areas that have both: here, none has." in subsets_page(board)

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
        frame = frame_of(spreadsheet.render(self.world().board())[".registers.csv"])
        row = frame[(frame.register == "difference") & (frame.model == "alpha")].iloc[0]
        assert (row.area, row.value, row.clusters, row.method) == ("sentiment", "0.15000000", "100", "cluster-t")
        assert len(frame) == 2 * 4
