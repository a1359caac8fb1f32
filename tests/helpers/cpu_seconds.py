"""CPU seconds of commands: a machine on which others work slows the clock more than it slows these."""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest


def cpu_seconds(command: Sequence[str], folder: Path, env: Mapping[str, str], times: int = 1) -> float:
    """What ``times`` processes of a command take in all, user and system; each must end well."""
    resource = pytest.importorskip("resource", reason="CPU seconds of children are known on Unix")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(times):
        subprocess.run(command, cwd=folder, env=env, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def in_turns(
    commands: Mapping[str, tuple[Sequence[str], int]], folder: Path, env: Mapping[str, str], rounds: int
) -> dict[str, float]:
    """The median of each command (with how many times), run in turns: a slow minute slows all of them.

    One more round comes first, which fills caches.
    """
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, (command, times) in commands.items():
            taken[name].append(cpu_seconds(command, folder, env, times))
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}
