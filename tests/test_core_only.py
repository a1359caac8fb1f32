"""The core alone: with nothing installed but what xlbench itself requires, what needs no more works, and what needs
more says in one line what to install."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT, SOURCES
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xlbench
from xlbench.core.errors import EXTRAS, MissingExtraError, explain_import, require

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORTED_AS = {"sentence-transformers": "sentence_transformers", "huggingface-hub": "huggingface_hub", "protobuf": ""}
"""Distribution -> the module that it installs, where the two differ; "": not imported by us."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def core_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import from, that holds links to the core's dependencies and to theirs, and to nothing else."""
    site = tmp_path_factory.mktemp("core")
    for name in core():
        distribution = metadata.distribution(name)
        tops = {Path(*file.parts[:1]) for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            (site / top).symlink_to(str(distribution.locate_file(top)))
    info = site / f"xlbench-{xlbench.__version__}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: xlbench\nVersion: {xlbench.__version__}\n")
    points = "\n".join(f"{name} = {module}" for name, module in PROJECT["entry-points"]["xlbench"].items())
    (info / "entry_points.txt").write_text(f"[xlbench]\n{points}\n")
    return site


def core() -> set[str]:
    """The distributions that the core requires, and those that they require."""
    found: set[str] = set()
    left = [Requirement(text) for text in PROJECT["dependencies"]]
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        left += map(Requirement, metadata.requires(name) or ())
    return found


@pytest.fixture
def run(core_only: Path, tmp_path: Path) -> Run:
    """A function that runs Python with ``arguments`` where the core alone is installed (``-S``: without site-packages),
    in an empty folder; the command line, where the first one is no option."""

    def started(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        kept = {name: it for name, it in os.environ.items() if not name.startswith("XLBENCH_") or name == "XLBENCH_CACHE"}
        paths = os.pathsep.join(map(str, [*SOURCES, core_only]))
        module = [] if str(arguments[0]) == "-c" else ["-m", "xlbench"]
        return subprocess.run(
            [sys.executable, "-S", *module, *map(str, arguments)],
            env={**kept, "PYTHONPATH": paths, "PYTHONUTF8": "1"}, cwd=tmp_path,
            capture_output=True, text=True, encoding="utf-8", timeout=300,
        )  # fmt: skip

    return started


def lines(done: subprocess.CompletedProcess[str]) -> str:
    """What was printed, where it holds no traceback."""
    printed = done.stdout + done.stderr
    assert "Traceback" not in printed, printed
    assert "internal error" not in printed, printed
    return printed


def test_no_extra_can_be_imported_there(run):
    """The tests below would say nothing if torch and the others were there."""
    names = [name for libraries in EXTRAS.values() for name in libraries]
    code = f"from importlib.util import find_spec; print([name for name in {names} if find_spec(name)])"
    assert run("-c", code).stdout.strip() == "[]"


def test_commands_that_list_need_the_core_alone(run):
    """Models, tasks and suites of every first-party plugin are listed, and no plugin is broken."""
    for kind in ("models", "tasks", "suites"):
        done = run("list", kind, "--json")
        assert done.returncode == 0, lines(done)
        assert len(json.loads(done.stdout)) >= 1
    plugins = json.loads(run("plugins", "--json").stdout)
    assert plugins["broken"] == []
    assert {plugin["plugin"] for plugin in plugins["plugins"]} >= set(PROJECT["entry-points"]["xlbench"])
