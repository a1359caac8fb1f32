"""The gate's rule on stored rows, a few times: unchanged models pass, and losses are found."""

from __future__ import annotations

import numpy as np
import proof_gate
import pytest

from xlbench.reports.gate.policy import Policy

pytestmark = [pytest.mark.slow, pytest.mark.campaign]


@pytest.fixture(scope="module")
def rows():
    """Thirty cells of the published runs."""
    found = proof_gate.stored_rows()
    assert len(found) == proof_gate.TASKS
    return found


def test_unchanged_models_pass(rows, scale):
    """Of runs without a true difference, 5% fail at most: more than 4 of 40 would be one in a hundred."""
    times = 40 * scale
    failed = proof_gate.alarms(rows, times, Policy()) * times
    assert failed <= 0.05 * times + 2.4 * np.sqrt(0.05 * 0.95 * times)


def test_losses_are_found(rows, scale):
    """A point lost everywhere is found nearly always, and five points in one task four times in five."""
    times = 30 * scale
    assert proof_gate.alarms(rows, times, Policy(), 0.01) >= 0.95
    found = proof_gate.alarms(rows, times, Policy(), -0.05) * times
    assert found >= 0.8 * times - 2.4 * np.sqrt(0.8 * 0.2 * times)


def test_a_budget_holds_over_many_pushes(rows, scale):
    """With a budget of 20, twenty unchanged pushes against one baseline seldom fail even once."""
    times = 2 * scale
    failed = proof_gate.any_of_many(rows, times, 20, Policy(pushes=20)) * times
    assert failed <= 0.05 * times + 2.4 * np.sqrt(0.05 * 0.95 * times)


def test_the_campaign_prints_a_line_for_every_row_of_the_table(monkeypatch):
    """The tasks first, then eight figures, each with how many times it was tried."""
    monkeypatch.setattr(proof_gate, "any_of_many", lambda rows, times, *more: times / 100)
    tasks, *figures = proof_gate.lines(1)
    assert tasks.startswith("30 tasks of 200 to 2000 items; two runs disagree on 4 to 12% of a task's items")
    assert [line.split("(")[-1] for line in figures] == [*["4 times)"] * 2, *["1 times)"] * 4, *["10 times)"] * 2]
    assert [line.split(":")[0] for line in figures][-1] == "20 pushes, no change, without one"
