"""Packs that were damaged are refused, and never say anything else than what was packed."""

from pathlib import Path

import pytest
from packs import PLACES, pack_all, packed, same_items
from saved_runs import PRINTS, save_run

from xlbench.core.errors import ResultsError, UsageError
from xlbench.reports.render import boards_of
from xlbench.runs.packs.read import Pack
from xlbench.runs.store import find_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def root(tmp_path):
    """A results folder with two models on three subsets of two tasks."""
    for model in PRINTS:
        save_run(tmp_path / "results", model, PLACES)
    return tmp_path / "results"


def outcome(content):
    """All that a pack says, or None where it is refused in the one way that there is."""
    try:
        found = Pack(Path("x.xlpack"), content)
        found.check()
    except ResultsError:  # anything else that reading raises is the test's failure
        return None
    return found


def test_no_damage_gives_other_numbers(root, scale, chance):
    """Bytes changed, cut out, doubled or put in anywhere: the pack is refused, or says what it said before."""
    content = packed(root)
    whole = outcome(content)
    whole_items = [whole.items(cell) for cell in whole.cells]
    refused = 0
    for _ in range(300 * scale):
        place, length = chance.randrange(len(content)), chance.choice([1, 1, 1, 2, 8, 100])
        there = content[place : place + length]
        damaged = chance.choice(
            [
                content[:place]
                + bytes(byte ^ (1 << chance.randrange(8)) for byte in there)
                + content[place + length :],
                content[:place] + chance.randbytes(length) + content[place + length :],
                content[:place] + content[place + length :],
                content[:place] + chance.randbytes(length) + content[place:],
                content[:place] + there + content[place:],
                content[:place],
            ]
        )
        found = outcome(damaged)
        if found is None:
            refused += 1
            continue
        assert (found.manifest, found.cells, found.head) == (whole.manifest, whole.cells, whole.head)
        for cell, items in zip(found.cells, whole_items, strict=True):
            same_items(found.items(cell), items)
    assert refused > 200 * scale


def test_every_cut_is_refused(root):
    """A file of any shorter length is refused, the empty one included."""
    content = packed(root)
    for length in [*range(60), *range(60, len(content), 37), *range(len(content) - 60, len(content))]:
        assert outcome(content[:length]) is None


def test_a_refused_pack_is_named_beside_the_others(root, tmp_path):
    """The others are shown, and the run of the refused one has no cell; nothing else there is an error."""
    pack_all(root, tmp_path / "packs")
    first, second = sorted((tmp_path / "packs").iterdir())
    first.write_bytes(first.read_bytes()[:-40])
    made = boards_of([tmp_path / "packs"])
    assert [row.model for row in made.boards[0].rows] == ["beta"]
    assert len(made.troubles) == 1
    assert str(first) in made.troubles[0]
    second.unlink()
    with pytest.raises(ResultsError, match=r"nothing is left to show: .*alpha"):
        boards_of([tmp_path / "packs"])


def test_what_is_no_file_is_refused(tmp_path, monkeypatch):
    """A folder of that name is none, a device or a pipe is not waited for, and a file is read up to a size."""
    import os

    (tmp_path / "folder.xlpack").mkdir()
    with pytest.raises(UsageError, match="holds no runs"):
        find_runs(tmp_path / "folder.xlpack")
    with pytest.raises(UsageError, match="there is no pack"):
        find_runs(tmp_path / "nowhere.xlpack")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.xlpack")
        (run,) = find_runs(tmp_path)
        assert "it is no file" in run.troubles[0]
    monkeypatch.setattr("xlbench.runs.packs.read.LARGEST_PACK", 10)
    (tmp_path / "large.xlpack").write_bytes(bytes(11))
    (run,) = find_runs(tmp_path / "large.xlpack")
    assert "larger than 10 bytes" in run.troubles[0]
