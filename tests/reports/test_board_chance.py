"""What guessing scores, and the overall above it."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from board_world import (
    World,
    by_name,
    frame_of,
    full_world,
    golden_world,
    shares,
    subsets_page,
)

from xlbench.reports.boards import front_sections, spreadsheet


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
        text = subsets_page(board)
        assert "without 1 of 3 tasks, which has no chance level: pairs" in text
        assert "left out of it, for all models: 1." in text
        assert by_name(board)["beta"].chances["overall"] is None

    def test_no_chance_at_all_is_said_and_takes_the_column_away(self):
        """Scores of metrics without a chance level have nothing above chance, and no row of it."""
        world = full_world()
        world.cells = [replace(cell, scores=(replace(cell.scores[0], chance=None),)) for cell in world.cells]
        board = world.board()
        assert {row.corrected.reason for row in board.rows} == {"no task has a chance level"}
        table = front_sections.standings(board, 1)
        assert "Above chance" not in table
        assert "*Chance*" not in table

    def test_a_missing_part_takes_what_is_above_chance_too(self):
        """Without an overall there is no overall above chance, for the same reason."""
        row = by_name(golden_world().board())["gamma"]
        assert row.corrected.value is None
        assert row.corrected.reason == row.overall.reason


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
        text = subsets_page(board)
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
        frame = frame_of(spreadsheet.render(self.world().board())[".scores.csv"]).set_index(["task", "subset"])
        assert frame.loc[("topics", "hin")].majority == "0.30000000"
        assert frame.loc[("pairs", "deu")].majority == ""
