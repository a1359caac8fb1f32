"""A board as CSV."""

from __future__ import annotations

import csv
import io
import re

import pytest
from board_world import (
    World,
    frame_of,
    full_world,
    golden_world,
    render_all,
    shares,
)

from xlbench.core.record import LONG
from xlbench.reports import csv_text
from xlbench.reports.boards import spreadsheet


class TestCsv:
    """Files for programs, safe for spreadsheets."""

    def test_columns_of_the_long_table(self):
        """The long table has exactly the record's columns, and a line a metric, sorted."""
        text = spreadsheet.render(golden_world().board())[".scores.csv"]
        frame = frame_of(text)
        assert tuple(frame.columns) == LONG
        keys = list(zip(*(frame[name] for name in ("model", "fingerprint", "area", "task", "subset")), strict=True))
        assert keys == sorted(keys)
        both = frame[(frame.model == "beta") & (frame.subset == "zho_Hans")]
        assert list(both.metric) == ["accuracy", "macro-f1"]

    def test_negative_numbers_stay_numbers(self):
        """-0.25 is a number with eight decimals and no quote before it; None is an empty cell."""
        frame = frame_of(spreadsheet.render(golden_world().board())[".scores.csv"])
        row = frame[frame.metric == "macro-f1"].iloc[0]
        assert (row.value, row.low) == ("-0.25000000", "")

    def test_decimals_and_types(self):
        """Scores have eight decimals, counts none."""
        row = frame_of(spreadsheet.render(full_world().board())[".csv"]).iloc[0]
        assert re.fullmatch(r"0\.\d{8}", row.overall)
        assert (row["rank"], row.n, row.clusters, row.status) == ("1", "330", "230", "ranked")
        assert float(row.overall_low) < float(row.overall) < float(row.overall_high)

    def test_languages_named_like_missing_values(self):
        """The subsets nan-eng, NA and the language nan come back as they were."""
        world = golden_world()
        world.add("beta", "lang", "nan", shares(50))
        frame = frame_of(spreadsheet.render(world.board())[".scores.csv"])
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
        row = frame_of(spreadsheet.render(world.board())[".csv"]).set_index("model").loc["delta"]
        assert (row["rank"], row.overall, row.borda, row.tied_with_best, row.status) == ("", "", "", "", "incomplete")
        assert "broken" in row.notes

    def test_costs(self):
        """beta: six cells of 2.5 seconds, 2 of them encoding; 402 texts in 12 seconds are 33.5 a second."""
        frame = frame_of(spreadsheet.render(golden_world().board())[".costs.csv"]).set_index("model")
        row = frame.loc["beta"]
        assert (row.cells, row.seconds, row.encode_seconds) == ("6", "15.00000000", "12.00000000")
        assert (row.encoded, row.sentences_per_second) == ("402", "33.50000000")
        assert (row.parameters, row.peak_memory_bytes) == ("1000000", str(3 << 20))

    def test_memory_that_is_not_known_is_no_number(self):
        """Where the system did not tell a run's peak, the page has a dash and the file nothing: never 0."""
        world = golden_world()
        world.runs["beta"] = {"provenance": {"peak_memory_bytes": None}}
        files = render_all(world.board())
        assert frame_of(files[".costs.csv"]).set_index("model").loc["beta"].peak_memory_bytes == ""
        (line,) = [line for line in files[".costs.md"].splitlines() if line.startswith("| beta ")]
        assert line.rstrip(" |").endswith("—")
