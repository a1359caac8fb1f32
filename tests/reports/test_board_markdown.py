"""A board as markdown: layout and numbers."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from board_world import (
    World,
    full_world,
    golden_world,
    render_all,
    shares,
    subsets_page,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from xlbench.reports import markup
from xlbench.reports.boards import front_sections, legend
from xlbench.reports.boards.averages import Entry


class TestMarkdown:
    """Layout, numbers and escaping."""

    def test_numbers(self):
        """Points with one decimal; more where the interval would have no width; none where there is no interval."""
        world = World()
        world.add("alpha", "pairs", "deu", shares(41))
        board = world.board()
        shown = legend.Legend.of(board, 1)
        assert shown.number(Entry(0.41234, 0.3981, 0.4261)) == "41.2\u00a0±1.4"
        assert shown.number(Entry(0.41234, 0.3981, 0.4271)) == "41.2\u00a0[39.8,\u00a042.7]"
        assert shown.number(Entry(0.41234, 0.412336, 0.412341)) == "41.2340\u00a0[41.2336,\u00a041.2341]"
        assert shown.number(Entry(0.41234, 0.41234, 0.41234)) == "41.2"
        assert shown.number(Entry(0.0, 0.0, 0.0369)) == "0.0\u00a0[0.0,\u00a03.7]"
        assert shown.number(Entry(-0.00001, -0.2, 0.1)) == "0.0\u00a0[-20.0,\u00a010.0]"
        assert shown.number(Entry(0.5)) == "50.0"
        assert shown.number(Entry()) == "—"
        assert "41.00\u00a0±" in front_sections.standings(board, 2)

    def test_a_score_of_zero_is_shown_as_a_score(self):
        """0.0 is a result; a dash is none."""
        world = World()
        world.add("alpha", "pairs", "deu", np.zeros(60))
        world.cells[0] = replace(world.cells[0], scores=(replace(world.cells[0].scores[0], low=0.0),))
        assert "0.0\u00a0[0.0,\u00a05.0]" in front_sections.standings(world.board(), 1)

    def test_methods_that_are_no_bootstrap_are_marked(self):
        """A Wilson interval carries a raised w, and the legend says what that is."""
        text = subsets_page(golden_world().board())
        assert "75.0\u00a0±5.0ʷ" in text
        assert "ʷ wilson" in text

    def test_marks_of_many_footnotes(self):
        """All of them, three or more in a row as a range."""
        assert markup.superscript([1, 2, 4, 5, 6, 10]) == "¹\u00a0²\u00a0⁴⁻⁶\u00a0¹⁰"
        assert markup.superscript([]) == ""

    def test_one_area_is_one_column(self):
        """With a single area its name heads the overall, which is not printed twice."""
        world = full_world()
        world.cells = [cell for cell in world.cells if cell.area == "ner"]
        header = front_sections.standings(world.board(), 1).splitlines()[0]
        assert header.count("NER") == 1
        assert "Overall" not in header

    def test_every_subset_is_there(self):
        """90 subsets: 90 lines."""
        world = World()
        for i in range(90):
            world.add("alpha", "pairs", f"l{i:02}", shares(50))
        text = subsets_page(world.board())
        assert len(re.findall(r"\| pairs +\| l\d\d ", text)) == 90

    def test_costs_stand_apart(self):
        """Twice the seconds: other costs, the same board to the byte."""
        world = golden_world()
        slow = golden_world()
        slow.cells = [replace(cell, seconds=99.0, encode_seconds=77.0) for cell in slow.cells]
        one, other = (render_all(each.board()) for each in (world, slow))
        assert {suffix for suffix in one if one[suffix] != other[suffix]} == {".costs.md", ".costs.csv", ".html"}

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
        text = subsets_page(world.board())
        assert not re.search("<script|<img|\u202e", text)
        for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
