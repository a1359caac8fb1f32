"""A board's first page: the verdict, standings that fit, languages, and notes by cause."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from board_world import World, by_name, full_world, golden_world, shares, subsets_page

from xlbench.reports.boards import markdown
from xlbench.reports.boards.causes import causes
from xlbench.reports.boards.verdict import verdict

ROOT = Path(__file__).parents[2]


def front(board) -> str:
    return markdown.render(board)[".md"]


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a page: rows of cells."""
    found = re.findall(r"(?:^\|.*\n)+", text + "\n", re.MULTILINE)
    return [[re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in table.splitlines()] for table in found]


def of_areas(count: int, models=("alpha", "beta")) -> World:
    """Models with one task in each of so many areas."""
    world = World()
    for place, model in enumerate(models):
        for area in range(count):
            world.add(model, f"task{area}", "deu", shares(40 + place), area=f"area{area}", fingerprint=f"{place:064x}")
    return world


class TestLayout:
    """What stands where, and how wide it is."""

    def test_the_first_line_is_the_verdict(self):
        """Before any heading, in words."""
        board = golden_world().board()
        first, *_ = front(board).splitlines()
        assert first == f"**{verdict(board)}**"

    @pytest.mark.parametrize(("areas", "models"), [(5, 4), (6, 2), (17, 9)])
    def test_no_table_has_more_than_eight_columns(self, areas, models):
        """Whatever there is of areas and models; what does not fit has tables of its own, or is in a file that the page
        names."""
        board = of_areas(areas, [f"m{i}" for i in range(models)]).board()
        text = front(board)
        assert max(len(row) for table in tables(text) for row in table) <= 8
        for area in range(areas):
            assert f"Area{area} " in text
        assert ("4 more are in [mini.tasks.csv](mini.tasks.csv)" in text) == (models == 9)

    def test_no_interval_can_break(self):
        """Within a cell there is no plain space behind a number: value, interval and letters hold together."""
        text = front(golden_world().board()) + subsets_page(golden_world().board())
        cells = [cell.strip() for table in tables(text) for row in table for cell in row]
        numbers = [cell for cell in cells if re.match(r"-?\d+\.\d+.*[±\[]", cell)]
        assert len(numbers) > 50
        assert not [cell for cell in numbers if " " in cell]

    def test_the_last_row_of_the_standings_is_chance(self):
        """What guessing scores, by the overall and in each area."""
        *_, last = tables(front(full_world().board()))[0]
        assert [cell.strip() for cell in last] == ["", "*Chance*", "10.0", "10.0", "10.0"]

    def test_a_model_that_was_trained_on_data_of_the_tasks_has_a_mark(self):
        """Beside its name, and under the table which tasks these are; without one there is no line."""
        made = golden_world().board()
        made = replace(made, models=tuple(replace(line, seen=()) for line in made.models))
        assert "†" not in front(made)
        first, *others = made.models
        text = front(replace(made, models=(replace(first, seen=("pairs", "topics")), *others)))
        standings, *_ = tables(text)
        assert [row[1].strip().endswith("\u00a0†") for row in standings].count(True) == 1
        assert f"† {first.label} was trained on data of pairs, topics: what it scores there says little" in text

    def test_letters_are_explained_where_there_are_any(self):
        """One line under the table; none where all models are told apart."""
        world = World()
        for model, count in (("alpha", 90), ("beta", 10)):
            world.add(model, "pairs", "deu", shares(count))
        assert "share a letter" not in front(world.board())
        text = front(golden_world().board())
        assert len([line for line in text.splitlines() if "share a letter" in line]) == 1

    def test_nothing_is_only_on_neither_page(self):
        """Every footnote, every subset and every description of a model stands on the page of subsets."""
        world = golden_world()
        world.runs["beta"] = {"description": "hashed letters"}
        board = world.board()
        text = subsets_page(board)
        assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) == len(board.footnotes)
        assert all(f" {line.subset} " in text for line in board.cells)
        assert "hashed letters" in text


class TestLanguages:
    """Averages by language."""

    def world(self) -> World:
        """Retrieval in both directions, news within hin and from eng to hin, and one task over three languages."""
        world = World()
        for model, lift in (("alpha", 0), ("beta", 10)):
            world.add(model, "pairs", "eng-hin", shares(40 + lift))
            world.add(model, "pairs", "hin-eng", shares(60 + lift))
            world.add(model, "topics", "hin", shares(30 + lift), area="news")
            world.add(model, "topics", "eng>hin", shares(20 + lift), area="news")
            cell = world.add(model, "words", "all", shares(50), area="clustering")
            world.cells[-1] = replace(cell, languages=("eng", "hin", "urd"))
        return world

    def test_by_hand(self):
        """hin: retrieval (.4 + .6)/2, news (.3 + .2)/2, areas alike; eng has pairs alone, and its transfer is hin's."""
        board = self.world().board()
        lines = {line.language: line for line in board.languages}
        assert {name: (line.tasks, line.subsets) for name, line in lines.items()} == {
            "eng": (("pairs",), 2), "hin": (("pairs", "topics"), 4),
        }  # fmt: skip
        at = [row.model for row in board.rows].index("alpha")
        assert lines["hin"].entries[at].value == pytest.approx((0.5 + 0.25) / 2)
        assert lines["eng"].entries[at].value == pytest.approx(0.5)
        assert lines["hin"].chance == pytest.approx(0.1)

    def test_the_interval_adds_up_what_the_items_do(self):
        """The standard error of eng, over the two directions, whose items are others: half that of two scores."""
        board = self.world().board()
        (line,) = [line for line in board.languages if line.language == "eng"]
        at = [row.model for row in board.rows].index("alpha")
        squares = [(share * (1 - share)) / 99 / 4 for share in (0.4, 0.6)]
        assert line.entries[at].se == pytest.approx(sum(squares) ** 0.5)

    def test_a_missing_subset_is_missing_in_its_languages_alone(self):
        """What failed in hin leaves eng as it was, and hin with the reason."""
        world = self.world()
        world.cells = [cell for cell in world.cells if (cell.model, cell.subset) != ("beta", "hin")]
        world.fail("beta", "topics", "hin", area="news")
        board = world.board()
        at = [row.model for row in board.rows].index("beta")
        entries = {line.language: line.entries[at] for line in board.languages}
        assert entries["eng"].value is not None
        assert entries["hin"].reason == "no average, as 1 of 4 subsets of the language has no score"


class TestCauses:
    """Notes in groups."""

    def test_cells_are_counted_by_cause(self):
        """Notes that differ in numbers are one; what all models have is counted for each; the rest of a note is on the
        other page."""
        world = World()
        for model in ("alpha", "beta"):
            for subset, seen in (("deu", 3), ("hin", 14)):
                notes = (f"the model declares that it was trained on {seen} of these 49 items",) * (model == "alpha")
                world.add(model, "pairs", subset, shares(20, 49), notes=notes)
        board = world.board()
        found = {cause.text: cause for cause in causes(board)}
        assert {text: cause.cells for text, cause in found.items() if cause.cells} == {
            "small samples": 4, "the model declares that it was trained on … of these … items": 2,
        }  # fmt: skip
        assert "- small samples: 4 cells ([note " in front(board)
        assert "trained on … of these … items: 2 cells of alpha ([notes " in front(board)

    def test_every_footnote_is_in_one_group(self):
        """None is lost, and none is counted twice."""
        board = golden_world().board()
        numbers = [number for cause in causes(board) for number in cause.footnotes]
        assert sorted(numbers) == list(range(1, len(board.footnotes) + 1))

    def test_a_model_without_an_overall_has_its_reason_first(self):
        """Which part it lacks, and why, before anything else, and once."""
        board = golden_world().board()
        section = front(board).split("## Notes\n\n")[1].split("\n\n")[0].splitlines()
        assert section[0].startswith("- gamma has no overall score: no average, as a part has no score (topics zho")
        assert len([line for line in section if by_name(board)["gamma"].overall.reason[:40] in line]) == 1


class TestPublished:
    """The published board of the embedded suite."""

    def test_it_fits_a_screen(self):
        """Under 120 lines and 12 kB, its first line a sentence, and its links lead to files beside it."""
        path = ROOT / "leaderboards" / "mini.md"
        content = path.read_bytes()
        assert len(content) < 12_000
        text = content.decode()
        assert len(text.splitlines()) < 120
        assert re.match(r"\*\*siamese-mini .*\.\*\*\n", text)
        targets = re.findall(r"\]\(([^)#]+)(#[a-z-]*)?\)", text)
        assert len(targets) > 3
        for name, anchor in targets:
            page = (path.parent / name).read_text(encoding="utf-8")
            headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
            assert not anchor or anchor[1:] in {heading.lower().replace(" ", "-") for heading in headings}
