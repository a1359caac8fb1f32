"""What a reader of a board is warned of, and where the mark stands."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from board_world import (
    World,
    by_name,
    full_world,
    golden_world,
    shares,
    subsets_page,
)


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
        text = subsets_page(full_world().board())
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
        rendered = subsets_page(text)
        above, below = rendered.split("## Footnotes")
        numbers = [int(number) for number in re.findall(r"^(\d+)\. ", below, re.MULTILINE)]
        used = {
            int(mark.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")))
            for mark in re.findall("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", above)
        }
        assert numbers == list(range(1, len(text.footnotes) + 1))
        assert used == set(numbers)
