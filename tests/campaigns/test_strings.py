"""Strings of strangers at random: whatever a name or a note holds, tables keep their shape."""

from __future__ import annotations

import csv
import io
import random
import unicodedata

from xlbench.core.text import one_line
from xlbench.reports.boards.markdown import escape
from xlbench.reports.csv_text import to_csv

ODD = (
    "|\\`*_{}[]()<>#+-.!~$&@=\"'/:;^\r\n\t\v\f\x00\x07\x1b\x7f\x85"
    "\u00a0\u00ad\u200b\u200f\u202e\u2028\u2029\u2066\ufeff"
)


def text_of(chance: random.Random) -> str:
    """Up to forty characters: markup, controls, bidirectional marks, surrogates, and any other."""
    return "".join(
        chance.choice(ODD) if chance.random() < 0.6 else chr(chance.randrange(0x110000))
        for _ in range(chance.randrange(1, 40))
    )


def test_markdown_shows_a_text_and_obeys_none_of_it(chance, scale):
    """An escaped text is one line without a pipe, tag, control or bidirectional character of its own."""
    for _ in range(2000 * scale):
        text = text_of(chance)
        shown = escape(text)
        assert not set(shown) & set("<>\r\n\t\v\f\x1b\x85\u2028\u2029"), repr(text)
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in shown), repr(text)
        bare = shown.replace("\\\\", "")
        assert all(bare[place - 1] == "\\" for place, character in enumerate(bare) if character == "|"), repr(text)


def test_csv_comes_back_and_no_cell_is_a_formula(chance, scale):
    """A table of odd texts is read back with as many rows and cells, none of which a spreadsheet would evaluate."""
    for _ in range(40 * scale):
        rows = [{"a": text_of(chance), "b": text_of(chance)} for _ in range(20)]
        text = to_csv(rows, ["a", "b"])
        back = list(csv.reader(io.StringIO(text, newline="")))
        assert len(back) == 21
        for row in back:
            assert len(row) == 2
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row), row
        for line in text.split("\n"):
            assert not line.startswith(("=", "+", "-", "@")), line


def test_a_printed_line_is_one_line(chance, scale):
    """What a terminal is given holds no control character."""
    for _ in range(2000 * scale):
        line = one_line(text_of(chance))
        assert not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in line)
