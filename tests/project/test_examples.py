"""The distribution in examples/ installs, passes its own tests and every check, and does what its README says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Cli
from run_pytest import run_pytest

EXAMPLE = ROOT / "examples" / "xlbench-odd-words"
README = (EXAMPLE / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A copy of the distribution: a build may write beside its sources."""
    return Path(shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("example") / "project"))


@pytest.fixture(scope="module")
def installed(project, tmp_path_factory) -> list[Path]:
    """The folder that pip has installed the distribution into, without a network."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(project)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return [target]


def test_it_is_there_with_all_that_it_offers(installed, xlbench_cli: Cli):
    """A model, a task and a suite are offered, and nothing is broken; every check passes."""
    listed = json.loads(xlbench_cli(["plugins", "--json"], installed).stdout)
    assert not listed["broken"]
    (plugin,) = [one for one in listed["plugins"] if one["distribution"] == "xlbench-odd-words"]
    offers = {kind: names for kind, names in plugin["offers"].items() if names}
    assert offers == {"models": ["endings"], "tasks": ["odd-words"], "suites": ["word-kinds"]}
    checked = xlbench_cli(["plugins", "check", "odd-words"], installed)
    assert checked.returncode == 0, checked.stdout


def test_its_own_tests_pass(project, installed):
    """pytest, as its author runs it, runs its tests and xlbench's checks, and all of them pass."""
    said = run_pytest(["-v"], project, installed)
    assert said.endswith("exit code 0"), said
    assert "tests/test_odd_words.py::" in said
    assert "xlbench_odd_words::task odd-words: " in said


def test_the_commands_of_its_readme_run(installed, xlbench_cli: Cli):
    """Each `xlbench run` of its README gives its models scores without an error."""
    commands = re.findall(r"^xlbench (run .*)$", README, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        done = xlbench_cli(shlex.split(command), installed)
        assert done.returncode == 0, done.stderr
        assert " endings " in done.stdout


def test_the_card_of_its_readme_is_scored_and_a_wrong_row_is_named(installed, tmp_path, xlbench_cli: Cli):
    """A card of one's own uses its protocol; a row without an odd word is an error that names it."""
    (card,) = re.findall(r"^```toml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (tmp_path / "mine.toml").write_text(card, encoding="utf-8")
    (tmp_path / "rows").mkdir()
    rows = "row\tword\tkind\n1\ttea\tkin\n1\tmilk\tkin\n1\tdesk\todd\n2\toak\tkin\n2\tash\tkin\n2\tkey\todd\n"
    file = tmp_path / "rows" / "eng.tsv"
    file.write_text(rows, encoding="utf-8")
    command = ["run", "--task", "./mine.toml", "--model", "endings", "--json"]
    done = xlbench_cli(command, installed)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert (cell["status"], cell["scores"][0]["n"]) == ("ok", 2)
    file.write_text(rows.replace("desk\todd", "desk\tkin"), encoding="utf-8")
    done = xlbench_cli(command, installed)
    assert done.returncode == 1
    assert "has 0 odd texts of 3: give one beside two others" in done.stdout
