"""The same tasks under different BLAS kernels, thread counts and vector instructions, and how far the scores differ.

By hand, for all of mini and for SIB-200 (arguments after ``--`` go to ``xlbench run``)::

    python tests/helpers/kernels.py OUT -- --suite mini
    python tests/helpers/kernels.py OUT -- -t sib200-news -t sib200-clustering -m ngram -l eng -l hin --data DATA
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "own": {"OMP_NUM_THREADS": "2"},
    "nehalem": {
        "OPENBLAS_CORETYPE": "Nehalem", "OMP_NUM_THREADS": "1", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
        "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41",
    },
    "sandybridge": {"OPENBLAS_CORETYPE": "Sandybridge", "OMP_NUM_THREADS": "2"},
}  # fmt: skip
"""What is set in the environment: the machine's own kernel, and two older ones that run on any x86-64 processor."""

Place = tuple[str, str, str, str]
"""Model, task, subset and metric."""


def start(name: str, folder: Path, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """``xlbench run`` in a process of its own, without a cache of vectors; results go to ``folder``."""
    command = [sys.executable, "-m", "xlbench", "run", "--quiet", "--no-cache", *arguments]
    places = ["--results", str(folder / "results"), "--boards", str(folder / "boards")]
    return subprocess.Popen([*command, *places], env=os.environ | SETTINGS[name])


def scores(folder: Path) -> dict[Place, float]:
    """Every score that was saved, in points."""
    found = {}
    for cell in _records(folder, "cells/*/*.json"):
        for score in cell.get("scores", ()):
            if score["value"] is not None:
                found[cell["model"], cell["task"], cell["subset"], score["metric"]] = 100 * score["value"]
    return found


def kernels(folder: Path) -> set[tuple[str, str]]:
    """The BLAS libraries that computed, with their kernels."""
    pools = (pool for run in _records(folder, "run.json") for pool in run["provenance"]["linear_algebra"])
    return {(pool["library"], pool["kernel"]) for pool in pools}


def differences(one: Mapping[Place, float], other: Mapping[Place, float]) -> dict[Place, float]:
    """By how many points scores differ, the largest first; both have the same cells, or it is an error."""
    assert one.keys() == other.keys()
    found = {place: abs(one[place] - other[place]) for place in one}
    return dict(sorted(((place, by) for place, by in found.items() if by > 1e-4), key=lambda item: -item[1]))


def _records(folder: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted((folder / "results").glob(f"*/{pattern}")):
        yield json.loads(path.read_text(encoding="utf-8"))


def main(out: Path, arguments: Sequence[str]) -> int:
    """Run under every setting, one after the other, and print what differs; 1 where a score does by .1 point."""
    for name in SETTINGS:
        start(name, out / name, arguments).wait()
    first, worst, write = scores(out / "own"), 0.0, sys.stdout.write
    for name in SETTINGS:
        found = differences(first, scores(out / name))
        cells = {place[:3] for place in found}
        worst = max([worst, *found.values()])
        title = f"{name} {sorted(kernels(out / name))}"
        write(f"{title}: {len(found)} of {len(first)} scores differ, in {len(cells)} cells\n")
        for place, by in list(found.items())[:10]:
            write(f"    {by:.3f}  {' '.join(place)}\n")
    return int(worst > 0.1)


if __name__ == "__main__":
    cut = sys.argv.index("--")
    sys.exit(main(Path(sys.argv[1]), sys.argv[cut + 1 :]))
