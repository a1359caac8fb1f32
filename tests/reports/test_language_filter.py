"""Which subsets are meant by a language, wherever saved runs are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from saved_runs import save_cell

import xlbench
from xlbench import Run
from xlbench.core.errors import UsageError
from xlbench.reports.compare.comparison import against_baseline
from xlbench.reports.compare.matching import CellFilter, match
from xlbench.reports.compare.notes import suite_notes
from xlbench.reports.language_sample import is_about
from xlbench.reports.render import boards_of
from xlbench.reports.selection import Selection
from xlbench.runs.store import Reader, Store

PLACES = (("pairs", "eng-hin"), ("pairs", "hin-eng"), ("moods", "eng>hin"), ("moods", "hin>eng"), ("topics", "hin"),
          ("topics", "eng"))  # fmt: skip
HINDI = {("pairs", "eng-hin"), ("pairs", "hin-eng"), ("moods", "eng>hin"), ("topics", "hin")}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Two models on pairs, transfers and single languages, made for two suites that share a task."""
    one, two = {"pairs": ("eng-hin", "hin-eng"), "topics": ("hin", "eng")}, {"moods": ("eng>hin", "hin>eng")}
    store = Store(tmp_path)
    for model, hits in (("alpha", 20), ("beta", 40)):
        cells = [
            save_cell(store, model, task, subset, hits, languages=tuple(subset.replace(">", "-").split("-")))
            for task, subset in PLACES
        ]
        store.save_manifest(Run(model, cells[0].fingerprint, tuple(cells), plans={"one": one, "two": two}))
    return tmp_path


def test_a_transfer_is_about_the_tested_language_wherever_runs_are_read(folder):
    """Boards, comparisons and `Results.select` choose the same subsets for a language."""
    (board,) = boards_of([folder], Selection(languages=("hin",))).boards
    assert {(line.task, line.subset) for line in board.cells} == HINDI
    chosen = xlbench.load(folder).select(languages="hin")
    assert {(cell.task, cell.subset) for run in chosen for cell in run.cells} == HINDI
    compared = xlbench.load(folder).compare("alpha", "beta", languages="hin")
    assert {tuple(one.name.split(" ")) for one in compared.of("subset")} == HINDI


@pytest.mark.parametrize(
    ("subset", "languages", "about"),
    [
        ("hin", (), "hin"),
        ("eng-hin", (), "eng hin"),
        ("eng>hin", (), "hin"),
        ("all", ("eng", "hin", "isl"), ""),
        ("nearmiss", ("hin",), "hin"),
    ],
)
def test_what_a_subset_is_about(subset, languages, about):
    """Its cells' languages say it, or its name where it has none; one over more than two is about none of them."""
    assert [code for code in ("eng", "hin", "isl") if is_about(subset, languages, {code})] == about.split()
    assert is_about(subset, languages, ())


def test_a_comparison_of_one_suite(folder):
    """With a suite, its cells alone; without, all that there are, and a note that names the suites."""
    runs = {run.model: run for run in xlbench.load(folder)}
    (both,) = against_baseline(runs, Reader().influence)
    assert len(both.of("subset")) == len(PLACES)
    assert "of the suites one, two together: --suite compares one" in both.notes
    (alone,) = against_baseline(runs, Reader().influence, wanted=CellFilter(suite="two"))
    assert {one.name for one in alone.of("subset")} == {"moods eng>hin", "moods hin>eng"}
    assert not any("suite" in note for note in alone.notes)
    assert not suite_notes([*runs.values()], match([*runs.values()], [*runs], CellFilter(suite="one")))
    with pytest.raises(UsageError, match=r"suite 'tow'\. Did you mean 'two'"):
        against_baseline(runs, Reader().influence, wanted=CellFilter(suite="tow"))
