"""What it costs to say again what has been said: a second ``xlbench run`` reads its cells, and loads no model.

A machine's speed varies, so CPU seconds are recorded, and only their ratios asserted.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import LARGE
from cpu_seconds import cpu_seconds, in_turns

ROUNDS = 3 if LARGE else 1
RUN = [sys.executable, "-m", "xlbench", "run", *(() if LARGE else ("-m", "random"))]
LIBRARIES = [sys.executable, "-c", "import numpy, pyarrow.parquet"]
"""What reading and averaging saved cells leans on."""
UNUSED = {"pandas", "pyarrow.compute", "scipy.special", "sklearn", "torch"}
"""What it does without: importing pandas and what it brings along took a third of a second."""


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Every file of the cells and of the boards: its bytes, and when it was written."""
    files = [*folder.glob("results/*/cells/**/*"), *folder.glob("leaderboards/*")]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files if path.is_file()}


def imported(command: list[str], folder: Path, env: dict[str, str]) -> set[str]:
    """The modules that a Python command imports."""
    timed = [command[0], "-X", "importtime", *command[1:]]
    done = subprocess.run(timed, cwd=folder, env=env, capture_output=True, check=True, text=True, encoding="utf-8")
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.slow
@pytest.mark.skipif(not LARGE, reason="a minute and more: `make bench` has it")
def test_a_second_run_reads_only(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """With all cells of a model (with `make bench`, of all) on mini done, the same command touches no cell, gives the
    same boards, and takes less than a sixth (a tenth) of the first's CPU time and less than eight times what importing
    its libraries takes.

    Measured are a ninth and 4.4 times (of all models a 23rd and 5 times); computing a tenth of the cells would show.
    """
    # Bytecode is kept, as it is wherever xlbench is installed: without it, every process would compile every module.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    first = cpu_seconds(RUN, tmp_path, env)
    before = contents(tmp_path)
    seconds = in_turns({"again": (RUN, 1), "libraries": (LIBRARIES, 1)}, tmp_path, env, ROUNDS)
    again, libraries = seconds["again"], seconds["libraries"]
    record_property("cpu_seconds_first", round(first, 2))
    record_property("cpu_seconds_again", round(again, 2))
    record_property("cpu_seconds_of_libraries", round(libraries, 2))
    modules = imported(RUN, tmp_path, env)
    after = contents(tmp_path)
    assert sum(path.suffix == ".parquet" for path in before) > 100
    assert {path: content for path, (content, _) in after.items()} == {path: it for path, (it, _) in before.items()}
    cells = [path for path in before if "cells" in path.parts]
    assert [path for path in cells if after[path][1] != before[path][1]] == []
    assert "pyarrow.parquet" in modules
    assert UNUSED & modules == set()
    assert first / again > (10 if LARGE else 6)
    assert again / libraries < 8
