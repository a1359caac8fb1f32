"""A results folder of many cells: from its index a board reads them in a fraction of the time, and says the same."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from large_results import make

from xlbench.reports.boards import spreadsheet
from xlbench.reports.render import boards_of
from xlbench.runs import index_file, reader
from xlbench.runs.reader import Reader

pytestmark = pytest.mark.slow

MODELS, SUBSETS, ITEMS = 8, 60, 60


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs whose cells are drawn from the published ones."""
    root = tmp_path_factory.mktemp("large") / "results"
    make(root, MODELS, SUBSETS, ITEMS)
    return root


@pytest.fixture(autouse=True)
def _any_run_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few cells of files that were just written have indexes, too."""
    monkeypatch.setattr(reader, "SMALLEST_INDEXED", 1)
    monkeypatch.setattr(index_file, "SETTLED", 0)


def seconds_to_read(root: Path, *, indexed: bool) -> float:
    """Processor time of reading all cells and what moves their scores."""
    started = time.process_time()
    found = Reader(indexed=indexed)
    for run in found.find_runs(root):
        for cell in run.cells:
            found.influence(cell, Path(run.folder))
    return time.process_time() - started


def test_from_the_index_cells_are_read_in_a_fraction_of_the_time(root, capsys):
    """Cells and influences are there in less than a third of the time; measured is an eighth to a tenth."""
    (board,) = boards_of([root]).boards
    assert len(board.rows) == MODELS
    assert len(board.cells) == SUBSETS
    assert len(list(root.glob("*/.index"))) == MODELS
    known = min(seconds_to_read(root, indexed=True) for _ in range(3))
    read = min(seconds_to_read(root, indexed=False) for _ in range(3))
    with capsys.disabled():
        sys.stdout.write(f"\nreading {MODELS * SUBSETS} cells: {read:.2f} s, from the index {known:.2f} s\n")
    assert 3 * known < read
    (again,) = boards_of([root]).boards
    assert spreadsheet.render(again) == spreadsheet.render(board)


def test_the_folder_is_the_same_whenever_it_is_made(root, tmp_path):
    """Cells are drawn with fixed numbers: a folder of fewer models has the bytes that the first of more have."""
    make(tmp_path / "again", 1, 5, ITEMS)
    (folder,) = (tmp_path / "again").iterdir()
    for path in folder.glob("cells/*/*"):
        assert path.read_bytes() == (root / path.relative_to(tmp_path / "again")).read_bytes()
