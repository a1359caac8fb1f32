"""Damage to saved results at random places: every flipped bit and every cut is refused by name, or changes nothing."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

import xlbench
from xlbench.core.errors import XlbenchError

pytestmark = pytest.mark.slow


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def flipped(content: bytes, chance: random.Random) -> bytes:
    """``content`` with one bit the other way round."""
    place = chance.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


def cut(content: bytes, chance: random.Random) -> bytes:
    """The beginning of ``content``."""
    return content[: chance.randrange(len(content))]


@pytest.mark.parametrize(("damage", "times"), [(flipped, 12), (cut, 6)], ids=["bit", "cut"])
def test_damaged_results_never_become_other_numbers(finished, tmp_path, chance, scale, damage, times):
    """With one file damaged, `board` either says which file is not what was saved, or gives the very same board."""
    right = xlbench.board([finished])
    for trial in range(times * scale):
        folder = tmp_path / str(trial)
        shutil.copytree(finished, folder)
        path = chance.choice(files_of(folder))
        path.write_bytes(damage(path.read_bytes(), chance))
        boards, refusal = board_or_refusal(folder)
        named = path.stem.split(".")[0]
        assert named in refusal or numbers(boards) == numbers(right) or named in "".join(boards.values()), path
        shutil.rmtree(folder)


def board_or_refusal(folder: Path) -> tuple[dict[str, str], str]:
    """The files of the board, or none and why not."""
    try:
        return xlbench.board([folder]), ""
    except XlbenchError as error:
        return {}, str(error)


def numbers(boards: dict[str, str]) -> str:
    """The file of all scores, where there are boards."""
    if not boards:
        return ""
    (name,) = [name for name in boards if name.endswith(".scores.csv")]
    return boards[name]


def test_a_run_over_damaged_results_mends_or_names_them(finished, tmp_path, chance, scale):
    """The same command over a damaged folder ends with the same scores, or with an error that names the cell."""
    right = {(cell.task, cell.subset): cell.main.value for cell in cells(finished)}
    for trial in range(2 * scale):
        folder = tmp_path / str(trial)
        shutil.copytree(finished, folder)
        path = chance.choice([path for path in files_of(folder) if path.name != "run.json"])
        path.write_bytes(flipped(path.read_bytes(), chance))
        for cell in cells(folder):
            if cell.status == "ok":
                assert cell.main.value == right[cell.task, cell.subset]
            else:
                assert cell.task in path.as_posix() or path.name in cell.reason


def cells(folder: Path) -> list[xlbench.Cell]:
    """What a run finds in a folder or computes anew there."""
    results = xlbench.run(
        ["random"], ["mini-parallel", "mini-words-relatedness", "mini-news", "mini-sentiment", "mini-ner"],
        languages=["isl"], results=folder, cache=False,
    )  # fmt: skip
    return [cell for run in results for cell in run.cells]
