"""pytest as a process of its own, with the plugin that comes with xlbench, as authors of plugins run it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path

from conftest import environment


def run_pytest(arguments: Sequence[str], folder: Path, pythonpath: Sequence[Path] = ()) -> str:
    """Run pytest in a folder; its output, which ends in a line with its exit code.

    Where xlbench was installed before it had this plugin (an editable install knows no new entry point), it is named.
    """
    known = any(one.value == "xlbench.testing.pytest_plugin" for one in entry_points(group="pytest11"))
    named = [] if known else ["-p", "xlbench.testing.pytest_plugin"]
    command = [sys.executable, "-m", "pytest", *named, "-p", "no:cacheprovider", *arguments]
    # Where CI is set, pytest prints what failed twice, whole; tests of its output are of what a person sees.
    variables = environment(pythonpath, {"COLUMNS": "200", "CI": None, "BUILD_NUMBER": None})
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=280)
    return f"{done.stdout}{done.stderr}\nexit code {done.returncode}"
