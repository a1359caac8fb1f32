"""How much the command line computes before it answers: held against bare Pythons in the same minute.

The goals are .15 s for help and .25 s for a list, on a machine where five bare Pythons take .155 s; a machine's speed
varies, so the seconds are recorded, not asserted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cpu_seconds import in_turns

ROUNDS = 7
BARE = [sys.executable, "-c", "pass"]
NAMES = {"_XLBENCH_COMPLETE": "bash_complete", "COMP_WORDS": "xlbench run -m ng", "COMP_CWORD": "3"}
"""By which a shell asks for the names of models."""
OPTIONS = NAMES | {"COMP_WORDS": "xlbench run --mod", "COMP_CWORD": "2"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "asked", "times"),
    [(["--help"], {}, 1.5), (["list", "tasks"], {}, 5), ([], OPTIONS, 2), ([], NAMES, 5)],
    ids=["help", "list tasks", "options to complete", "names to complete"],
)
def test_start_up_is_a_small_multiple_of_bare_pythons(
    arguments: list[str],
    asked: dict[str, str],
    times: float,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    """Help takes less than 1.5 times the CPU time of five bare Pythons, a list of tasks less than 5 times, completion
    of options twice and of names 5 times.

    Measured are 1.0 (1.8 where every command was imported for its line), 3.4 to 4.0 with 42 cards to check, 1.2, 3.9.
    """
    # Bytecode is kept, as it is wherever xlbench is installed: without it, every process would compile every module.
    env = {**os.environ, **asked, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path / "bytecode")}
    commands = {"bare": (BARE, 5), "answer": ([sys.executable, "-m", "xlbench", *arguments], 1)}
    seconds = in_turns(commands, tmp_path, env, ROUNDS)
    ratio = seconds["answer"] / seconds["bare"]
    record_property("cpu_seconds", round(seconds["answer"], 3))
    record_property("cpu_seconds_of_five_bare_pythons", round(seconds["bare"], 3))
    record_property("ratio", round(ratio, 2))
    assert ratio < times
