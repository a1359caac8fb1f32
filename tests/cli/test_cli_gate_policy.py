"""``xlbench gate --policy`` as a real process: what a policy may say, and what it does."""

from __future__ import annotations

import pytest
from gate_runs import PLACES, N, asking, hits, run_of, save

from xlbench.reports.gate.policy import read_policy

pytestmark = pytest.mark.slow


@pytest.fixture
def go(xlbench_cli, tmp_path):
    """A function: baseline, candidate and options -> (exit code, what was printed, gate.json)."""
    return asking(xlbench_cli, tmp_path)


POLICIES = {
    "alhpa = 0.05": (1, "'alhpa'. Did you mean 'alpha'?"),
    "alpha = 2.0": (1, "alpha is 2"),
    "alpha = true": (1, "give a number"),
    "\n\nmode = 'noninferior'": (3, "Did you mean 'noninferiority'?"),
    "mode = 'noninferiority'\nmargin = 0.0": (1, "give noninferiority a margin above 0"),
    "pushes = 1.5": (1, "whole number"),
    "alpha = ": (1, "not valid TOML"),
    "rule = 3": (1, "[[rule]]"),
    "[[rule]]\nrole = 'critcal'\ntasks = ['one']": (2, "Did you mean 'critical'?"),
    "[[rule]]\nrole = 'critical'": (1, "names tasks, languages or metrics"),
    "[[rule]]\nrole='advisory'\ntasks=['one']\n[[rule]]\nrole='critical'\ntasks=['tow']": (6, "mean 'two'?"),
    "[[rule]]\nrole = 'advisory'\ntasks = ['one']\nmargin = 1": (4, "would decide nothing"),
    "[[rule]]\nrole = 'critical'\nlanguages = ['hni']": (3, "Did you mean 'hin'?"),
    "[[rule]]\nrole = 'critical'\nmetrics = ['f1']": (3, "no metric 'f1'"),
    "[[rule]]\nrole = 'critical'\ntasks = 'one'": (3, "a list of names"),
}  # fmt: skip


@pytest.mark.parametrize("text", POLICIES)
def test_a_wrong_policy_is_refused_with_its_line(text, go, tmp_path):
    """A policy that asks for what there is not is wrong usage; the message names file, line and the nearest word."""
    (tmp_path / "gate.toml").write_text(text, encoding="utf-8")
    line, said = POLICIES[text]
    code, printed, _ = go(run_of(tmp_path / "a"), run_of(tmp_path / "b", "new"), "--policy", "gate.toml")
    assert code == 2
    assert f"gate.toml:{line}: " in printed
    assert said in printed


def judged_by(go, tmp_path, policy, **lost):
    """The verdict where task ``one`` or ``two`` lost so many items of each cell, by a policy."""
    (tmp_path / "gate.toml").write_text(policy, encoding="utf-8")
    cells = {place: hits(N, 200, lost.get(place[0], 0), 7 * bool(lost.get(place[0]))) for place in PLACES}
    return go(run_of(tmp_path / "a"), save(tmp_path / "b", "new", cells), "--policy", "gate.toml")


def test_a_critical_task_fails_by_its_margin_alone(go, tmp_path):
    """A loss beyond the margin of a critical task fails though chance could explain it; within it, it passes."""
    rule = "[[rule]]\nrole = 'critical'\ntasks = ['one']\nmargin = {}"
    assert judged_by(go, tmp_path, "", one=9)[0] == 0
    code, printed, _ = judged_by(go, tmp_path, rule.format(0.4), one=9)
    assert code == 1
    assert "critical" in printed
    assert judged_by(go, tmp_path, rule.format(0.6), one=9)[0] == 0


def test_a_critical_language_is_judged_over_its_tasks(go, tmp_path):
    """The subsets of a critical language are judged together."""
    code, printed, verdict = judged_by(go, tmp_path, "[[rule]]\nrole='critical'\nlanguages=['hin']\nmargin=0.2", one=9)
    assert code == 1
    assert "language hin lost 0.25 points" in printed
    assert "language" in {test["level"] for test in verdict["against"][0]["tests"]}


def test_an_advisory_task_is_shown_and_fails_nothing(go, tmp_path):
    """A task that is advisory loses as much as it likes, in the table alone."""
    assert judged_by(go, tmp_path, "", two=40)[0] == 1
    code, printed, _ = judged_by(go, tmp_path, "[[rule]]\nrole = 'advisory'\ntasks = ['t*']", two=40)
    assert code == 0
    assert "two (advisory)" in printed
    assert judged_by(go, tmp_path, "[[rule]]\nrole = 'advisory'\ntasks = ['*']", two=40)[0] == 3


def test_the_start_of_a_policy_is_one(go, xlbench_cli, tmp_path):
    """What `xlbench gate policy` prints is a policy, with the defaults; so it is with its examples uncommented."""
    text = xlbench_cli(["gate", "policy"]).stdout
    (tmp_path / "gate.toml").write_text(text, encoding="utf-8")
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new")
    _, _, with_file = go(*runs, "--policy", "gate.toml")
    assert with_file == go(*runs)[2]
    whole = text.replace("# [[rule]]", "[[rule]]")
    for key in ("role", "languages", "margin", "tasks", "must_detect"):
        whole = whole.replace(f"# {key} =", f"{key} =")
    (tmp_path / "gate.toml").write_text(whole, encoding="utf-8")
    assert [rule.role for rule in read_policy(tmp_path / "gate.toml").rules] == ["critical", "advisory", "supporting"]
