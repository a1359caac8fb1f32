"""``pytest --xlbench PACKAGE``: a test of every check, fixtures, and nothing for projects that do not ask for it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import environment
from run_pytest import run_pytest

pytestmark = pytest.mark.slow

OWN_TESTS = """
    def test_fixtures(xlbench_catalog, xlbench_run, xlbench_board):
        assert "letters" in xlbench_catalog.models
        frame = xlbench_run(["letters"], ["kinds"]).to_frame()
        assert list(frame.model) == ["letters"]
        assert any("<script>" in row.model for row in xlbench_board.rows)
"""


def test_every_check_is_a_test(installed_dists, tmp_path):
    """Each check of each item has an id that says what is checked; failures say what, why and how to mend it; the
    project's own tests run beside them, with fixtures."""
    (tmp_path / "test_own.py").write_text(OWN_TESTS.replace("\n    ", "\n"), encoding="utf-8")
    said = run_pytest(["--xlbench", "xl_good", "-v"], tmp_path, [installed_dists("good")])
    assert said.endswith("exit code 1")
    assert re.search(r"^xl_good::model letters: vectors come in the order of the texts PASSED", said, re.MULTILINE)
    assert re.search(r"^xl_good::plugin good: it offers something PASSED", said, re.MULTILINE)
    assert re.search(r"^test_own.py::test_fixtures PASSED", said, re.MULTILINE)
    failed = re.findall(r"^(xl_good::.*) FAILED", said, re.MULTILINE)
    assert failed == [
        "xl_good::suite with-a-gap: every task of it is there",
        "xl_good::task kinds: with a limit it has no more items than that",
    ]
    assert "\nwhat: it names the task 'kindness', which no installed plugin offers\nwhy: " in said
    assert said.count("\nmend: ") == 2
    assert "Traceback" not in said


def test_checks_are_chosen_like_tests(installed_dists, tmp_path):
    """-k chooses among checks, one of which can be made without those before it; a distribution is a name, too."""
    path = [installed_dists("good")]
    said = run_pytest(["--xlbench", "xl-good", "-q", "-k", "alone and batch"], tmp_path, path)
    assert re.search(r"^1 passed, \d+ deselected", said, re.MULTILINE), said


def test_what_cannot_be_checked_is_said(tmp_path):
    """A package that is not there, and a data root that is not there, end pytest with a line and its usage code."""
    said = run_pytest(["--xlbench", "xl_nowhere"], tmp_path)
    assert said.endswith("exit code 4")
    assert "--xlbench xl_nowhere: no plugin, distribution or module is called so" in said
    said = run_pytest(["--xlbench", "tasks", "--xlbench-data", "nowhere"], tmp_path)
    assert "--xlbench-data nowhere: there is no such folder" in said
    assert said.endswith("exit code 4")


def test_projects_that_do_not_use_it_pay_nothing():
    """At pytest's start the plugin imports itself and two empty rooms, and nothing that pytest has not imported."""
    code = (
        "import sys, pytest\nbefore = set(sys.modules)\nimport xlbench.testing.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    variables = environment([], {})
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["xlbench", "xlbench.testing", "xlbench.testing.pytest_plugin"]
