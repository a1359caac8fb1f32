"""All scores of a board as rows: made when they are asked for, and written as any rows are."""

from __future__ import annotations

from dataclasses import replace

from board_world import golden_world

from xlbench.core.record import LONG, score_rows
from xlbench.reports.boards.score_rows import ScoreRows
from xlbench.reports.csv_text import to_csv

ODD = ("=1+1", 'a "quoted", text', "two\nlines", " -x", "\u202eabc", "", "plain; text", "'")


def odd_cells():
    """Cells with all that a board may say, and texts that are no good in CSV."""
    cells = []
    for place, cell in enumerate(golden_world().cells):
        text = ODD[place % len(ODD)]
        scores = tuple(
            replace(score, note=text, n=place, value=score.value if place % 5 else None, low=None, se=None)
            if place % 3 == 0
            else replace(score, metric="accuracy", value=1)
            for score in cell.scores
        )
        facts = {**cell.facts, "majority_accuracy": 0.25} if place % 4 == 0 else cell.facts
        cells.append(replace(
            cell, scores=scores, facts=facts, subset=text or "x", notes=(text, "a note") if place % 2 else (),
            limit=7 if place % 6 == 0 else None, register=("", "regularized")[place % 2],
        ))  # fmt: skip
    return cells


def test_csv_is_that_of_the_rows():
    """Written at once, the file has the bytes that its rows have one by one."""
    rows = ScoreRows(odd_cells())
    assert rows.to_csv() == to_csv([*rows], LONG)
    assert ScoreRows([]).to_csv() == to_csv([], LONG)


def test_rows_are_a_sequence():
    """They have a length and places, and are equal where the cells are."""
    cells = odd_cells()
    rows = ScoreRows(cells)
    expected = [row for cell in cells for row in score_rows(cell)]
    assert [*rows] == expected
    assert (len(rows), rows[3], rows[-2:]) == (len(expected), expected[3], expected[-2:])
    assert rows == ScoreRows(odd_cells())
    assert rows != ScoreRows(cells[1:])


def test_rows_of_metrics_are_those_alone():
    """Cells that lack the metrics are passed over."""
    rows = ScoreRows(odd_cells())
    assert [*rows.of_metrics(["macro-f1"])] == [row for row in rows if row["metric"] == "macro-f1"]
    assert [*rows.of_metrics(["no such"])] == []
