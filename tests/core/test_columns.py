"""Texts in the columns of a terminal, in which letters of some scripts take two."""

from __future__ import annotations

import pytest

from xlbench.core import columns, tables


def test_names_lack_their_middle():
    """Beginning and end tell a family's models apart; in two columns and in one, and never more than there is room."""
    assert columns.shortened("organization/model-large-v2", 16) == "organiza…arge-v2"
    assert columns.shortened("short", 16) == "short"
    assert columns.shortened("語" * 30, 16) == "語語語語…語語語"
    for room in range(1, 12):
        assert columns.cell_width(columns.shortened("e\u0301語b語語語語語語", room)) <= room


@pytest.mark.parametrize(("text", "shown"), [("abcdef", "abc…"), ("語語語", "語…"), ("e\u0301" * 4, "e\u0301" * 4)])
def test_a_line_that_goes_on_ends_with_an_ellipsis(text, shown):
    """In four columns: letters of two columns count twice, marks not at all."""
    assert columns.ended(text, 4) == shown


def test_lines_are_broken_where_the_columns_end():
    """Wide words stand in as many lines as they take columns for, and the last line says that there is more."""
    words = " ".join(["語語"] * 10)
    assert columns.wrapped(words, 14, 9) == ["語語 語語 語語"] * 3 + ["語語"]
    assert columns.wrapped(words, 14, 2)[-1].endswith(columns.PLACEHOLDER)
    assert all(columns.cell_width(line) <= 14 for line in columns.wrapped("語" * 50, 14, 9))
    assert columns.wrapped("a bc d", 4, 9) == ["a bc", "d"]


def test_the_columns_of_a_table_stand_below_each_other():
    """Behind names of any script the numbers begin in one column of the terminal."""
    lines = tables.table(["model", "n"], [["語語語語", "1"], ["हिन्दी", "22"], ["plain", "333"]], "lr").splitlines()
    assert {columns.cell_width(line) for line in lines} == {8 + 2 + 3}
    assert lines[0] == "model       n"
