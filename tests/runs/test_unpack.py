"""Packs become folders again, which runs go on with."""

import dataclasses
import errno
import os
import shutil

import pytest
from packs import PLACES, board, pack_all, same_runs
from saved_runs import save_run

import xlbench
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.files import staging_folder, write_whole
from xlbench.runs.store import Store, find_runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def packs(finished, tmp_path_factory):
    """The packs of a real run with a cell of every area, of two models."""
    folder = tmp_path_factory.mktemp("packs")
    pack_all(finished, folder)
    return folder


@pytest.fixture
def unpacked(packs, tmp_path):
    """A results folder with the runs of all of them."""
    for path in sorted(packs.iterdir()):
        xlbench.unpack(path, tmp_path / "results")
    return tmp_path / "results"


def test_an_unpacked_run_is_the_one_that_was_packed(finished, packs, unpacked, tmp_path):
    """Cells, items and boards are those of the folder that was packed; packed again, it has the same bytes."""
    same_runs(finished, unpacked)
    assert board(unpacked) == board(finished)
    assert {path.name for path in unpacked.iterdir()} == {path.name for path in finished.iterdir() if path.is_dir()}
    for one in pack_all(unpacked, tmp_path / "again"):
        assert one.path.read_bytes() == (packs / one.path.name).read_bytes()


def test_a_run_goes_on_with_what_was_unpacked(unpacked):
    """Of the cells that were packed none is computed anew, and those that were not are."""
    before = {path: path.stat().st_mtime_ns for path in unpacked.rglob("*/*/*.json")}
    xlbench.run(["random"], ["mini-news"], languages=["isl", "swa"], results=unpacked, cache=False)
    after = {path: path.stat().st_mtime_ns for path in unpacked.rglob("*/*/*.json")}
    assert before.items() < after.items()


def test_errors_and_missing_cells_are_unpacked_too(tmp_path):
    """A cell without a score keeps its reason."""
    run = save_run(tmp_path / "results", "alpha", PLACES)
    lost = dataclasses.replace(run.cells[0], subset="other", scores=(), status="error", reason="it broke")
    Store(tmp_path / "results").save_cell(lost, None)
    (pack,) = pack_all(tmp_path / "results", tmp_path / "packs")
    again = xlbench.unpack(pack.path, tmp_path / "again")
    assert [(cell.subset, cell.reason) for cell in again.cells if cell.status == "error"] == [("other", "it broke")]


def test_no_run_is_replaced(packs, unpacked):
    """Where the run is already, nothing is written; what is there stays."""
    path = next(iter(sorted(packs.iterdir())))
    before = sorted(unpacked.rglob("*"))
    with pytest.raises(UsageError, match="is there already, and no run is replaced"):
        xlbench.unpack(path, unpacked)
    assert sorted(unpacked.rglob("*")) == before


def test_a_damaged_pack_leaves_nothing(packs, tmp_path):
    """A pack with one changed byte is refused, and no folder is there."""
    path = tmp_path / "damaged.xlpack"
    shutil.copy(next(iter(sorted(packs.iterdir()))), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ResultsError, match="is refused"):
        xlbench.unpack(path, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_full_disk_leaves_nothing(packs, tmp_path, monkeypatch):
    """Where the disk is full amid the cells, what was written before is removed, and the line says so."""
    written = []

    def write(path, content, *, durable_name):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        write_whole(path, content, durable_name=durable_name)

    monkeypatch.setattr("xlbench.runs.store.write_whole", write)
    with pytest.raises(ResultsError, match=r"cannot write .*: No space left on device; nothing of it is there$"):
        xlbench.unpack(min(packs.iterdir()), tmp_path / "results")
    assert list((tmp_path / "results").iterdir()) == []


def test_what_a_kill_leaves_is_swept_once_it_is_old(unpacked):
    """A run that was half unpacked is no run, and a later one removes it; a folder of another name stays."""
    (whole, *_) = sorted(unpacked.iterdir())
    half = staging_folder(whole)
    shutil.copytree(whole / "cells", half / whole.name / "cells")
    others = unpacked / ".mine.tmp"
    others.mkdir()
    before = find_runs(unpacked)
    Store(unpacked).sweep()
    assert half.is_dir()
    for folder in (half, others):
        os.utime(folder, (0, 0))
    Store(unpacked).sweep()
    assert (half.exists(), others.exists()) == (False, True)
    assert find_runs(unpacked) == before
