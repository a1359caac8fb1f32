"""What a board says about data and models."""

from __future__ import annotations

import re
from dataclasses import replace

from board_world import (
    World,
    frame_of,
    full_world,
    golden_world,
    render_all,
    shares,
    subsets_page,
)

from xlbench.core.record import ALIKE
from xlbench.reports.boards import spreadsheet
from xlbench.reports.boards.models import line_of


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
        section = files[".subsets.md"].split("## Data warnings")[1].split("\n## ")[0]
        rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")]
        assert rows[0] == ["Task", "Subset", "n", "Overlap", "Duplicates", "Tiny classes", "Candidates", "Tie rate, %"]
        assert rows[2:] == [
            ["pairs", "deu-eng", "100", "—", "—", "—", "98 (+ 2 repeated)", "0.00–3.10"],
            ["topics", "hin", "1,519", "588 of 1,519", "12", "1", "—", "—"],
        ]
        assert "Of 3 subsets, those where a count is above 0: 2." in section
        frame = frame_of(files[".data.csv"]).set_index("subset")
        assert list(frame.index) == ["deu-eng", "eng-deu", "hin"]
        assert (frame.loc["hin"].test_in_train, frame.loc["hin"].train_duplicates) == ("588", "")
        assert (frame.loc["eng-deu"].repeated_candidates, frame.loc["deu-eng"].tie_rate_high) == ("", "0.03100000")

    def test_lost_items_have_a_column_where_there_are_any(self):
        """Items that one language of a pair lacks are counted on the board and in the file."""
        world = World()
        world.add("alpha", "pairs", "eng-deu", shares(50), facts={"candidates": 50, "lost_items": 12})
        files = render_all(world.board())
        section = files[".subsets.md"].split("## Data warnings")[1].split("\n## ")[0]
        assert "Lost items: those of two languages that the other lacks." in section
        assert re.search(r"\| +Lost items +\|", section)
        assert re.search(r"\| pairs .* 12 \|", section)
        assert frame_of(files[".data.csv"]).set_index("subset").loc["eng-deu"].lost_items == "12"

    def test_neighbors_that_are_alike_have_a_footnote_and_their_correlation(self):
        """The highest of the models that it is no chance for, on the board and in the file; of others there is none."""
        world = World()
        for model, subset, r, notes in (
            ("alpha", "hin", 0.264, (ALIKE,)), ("beta", "hin", 0.291, (ALIKE,)), ("alpha", "tel", 0.3, ()),
        ):  # fmt: skip
            world.add(model, "tags", subset, shares(100, 384), None, area="ner", facts={"lag_one": r}, notes=notes)
        files = render_all(world.board())
        section = files[".subsets.md"].split("## Data warnings")[1].split("\n## ")[0]
        assert "Lag-1 r: how alike items next to each other are" in section
        assert re.search(r"\| tags +\| hin .* 0\.29 \|", section)
        assert not re.search(r"\| tags +\| tel ", section)
        assert (
            "items next to each other are alike (lag-1 r: Data warnings)"
            in files[".subsets.md"].split("## Footnotes")[1]
        )
        frame = frame_of(files[".data.csv"]).set_index("subset")
        assert (frame.loc["hin"].lag_one, frame.loc["tel"].lag_one) == ("0.29100000", "")

    def test_repairs_and_entities_left_out_stand_beside_the_score(self):
        """What a reader put right, and the entities whose types the card does not count, are columns of their own."""
        world = World()
        facts = {"repairs": 0, "train_repairs": 1145, "entities": 549, "entities_dropped": 3}
        world.add("alpha", "tags", "tel", shares(100, 384), None, area="ner", facts=facts)
        world.add("alpha", "tags", "hin", shares(100, 384), None, area="ner", facts=dict.fromkeys(facts, 0))
        files = render_all(world.board())
        section = files[".subsets.md"].split("## Data warnings")[1].split("\n## ")[0]
        rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in section.splitlines() if line.startswith("|")]
        assert rows[0] == ["Task", "Subset", "n", "Repairs", "Training repairs", "Entities left out"]
        assert rows[2:] == [["tags", "tel", "384", "0", "1,145", "3 of 549"]]
        frame = frame_of(files[".data.csv"]).set_index("subset")
        assert dict(frame.loc["tel", list(facts)]) == {name: str(n) for name, n in facts.items()}

    def test_clean_data_has_no_table(self):
        """Nothing to be warned of: no section."""
        assert "Data warnings" not in subsets_page(full_world().board())


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
        frame = frame_of(spreadsheet.render(board)[".models.csv"])
        assert list(frame["spec"]) == [row.model for row in board.rows]
        assert "## Models" in subsets_page(board)
