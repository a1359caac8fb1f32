"""What a run leaves of other libraries and of the process it runs in: all as it was."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from conftest import ROOT, environment
from library_state import differences, state

KINDS = (
    "baselines", "sentence-transformers", "static vectors", "transformers", "a pickle, offline",
    "damaged weights", "a wrong name", "processes", "a folder of the hub", "a curve", "a fetch", "a judgment",
)  # fmt: skip


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What each kind of run left changed in a process of its own."""
    helpers = ROOT / "tests" / "helpers"
    done = subprocess.run(
        [sys.executable, helpers / "runs_of_states.py"], cwd=tmp_path_factory.mktemp("states"),
        env=environment([helpers], {}), capture_output=True, text=True, encoding="utf-8", timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_leaves_other_libraries_as_they_were(left: dict[str, list[str]], kind: str) -> None:
    """Loggers, warnings, variables, threads, random states, signals: whoever runs models finds them as they were."""
    assert left[kind] == []


def test_a_change_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is new, changed or gone, a level, a filter of warnings and a folder of imports are told."""
    monkeypatch.setenv("A_CHANGED", "1")
    monkeypatch.setenv("A_GONE", "1")
    logger = logging.getLogger("somebody.else")
    before = state()
    assert not differences(before)
    monkeypatch.setenv("A_CHANGED", "2")
    monkeypatch.setenv("A_NEW", "1")
    monkeypatch.delenv("A_GONE")
    monkeypatch.setattr(logger, "level", logging.CRITICAL)
    monkeypatch.syspath_prepend(str(Path(os.sep, "nowhere")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = {line.partition(":")[0] for line in differences(before)}
    assert told == {
        "variable A_CHANGED", "variable A_GONE", "variable A_NEW", "logger somebody.else", "imports", "warnings"
    }  # fmt: skip
