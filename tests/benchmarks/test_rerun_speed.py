"""What it costs to say again what has been said: a second ``xlbench run`` reads its cells, and loads no model.

The goal is less than 2 s on a quiet machine; a machine's speed varies, so the seconds are recorded, not asserted.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Cli

ROUNDS = 5
LIBRARIES = [sys.executable, "-c", "import numpy, pandas, pyarrow, scipy"]
"""What reading and averaging saved cells leans on."""


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def contents(folder: Path) -> dict[Path, tuple[bytes, int]]:
    """Every file of the cells and of the boards: its bytes, and when it was written."""
    files = [*folder.glob("results/*/cells/**/*"), *folder.glob("leaderboards/*")]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files if path.is_file()}


@pytest.mark.slow
def test_a_second_run_reads_only(
    xlbench_cli: Cli, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """With all cells of the mini suite done, the same command touches no cell, gives the same boards, and takes less
    than an eighth of the first and less than ten times what importing its libraries takes.

    Measured are a thirtieth and 4 to 6 times; importing torch, or computing a tenth of the cells, would show.
    """

    def run() -> None:
        done = xlbench_cli(["run"], cwd=tmp_path, fresh=True)
        assert done.returncode == 0, done.stderr

    first = seconds(run)
    before = contents(tmp_path)
    turns = [(seconds(run), seconds(lambda: subprocess.run(LIBRARIES, check=True))) for _ in range(ROUNDS)]
    again, libraries = (statistics.median(times) for times in zip(*turns, strict=True))
    record_property("seconds_first", round(first, 2))
    record_property("seconds_again", round(again, 2))
    record_property("seconds_of_libraries", round(libraries, 2))
    after = contents(tmp_path)
    assert sum(path.suffix == ".parquet" for path in before) > 100
    assert {path: content for path, (content, _) in after.items()} == {path: it for path, (it, _) in before.items()}
    cells = [path for path in before if "cells" in path.parts]
    assert [path for path in cells if after[path][1] != before[path][1]] == []
    assert first / again > 8
    assert again / libraries < 10
