"""The verdict of a gate: tests of a candidate against its baseline, and the rule that turns them into one outcome."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Run
from xlbench.core.text import one_line
from xlbench.reports.compare.comparison import Read
from xlbench.reports.compare.differences import parts_of
from xlbench.reports.compare.matching import Matched, match
from xlbench.reports.compare.notes import kernel_of, notes_of
from xlbench.reports.compare.verdict_table import signed
from xlbench.reports.gate import validity
from xlbench.reports.gate.paired_tests import ROUNDING, PairedTests, ReadTable
from xlbench.reports.gate.policy import Policy, check_names
from xlbench.reports.gate.verdict import WORST_FIRST, Gate, GateComparison, GateTest, Outcome
from xlbench.reports.score_parts import TOLERANCE


def judge(
    baseline: Run,
    candidate: Run,
    read: Read,
    policy: Policy,
    anchor: Run | None = None,
    allow_intersection: float | None = None,
    policy_path: Path | None = None,
    read_items: ReadTable | None = None,
) -> Gate:
    """Judge a candidate by a baseline, and by a pinned anchor too where there is one.

    Args:
        baseline: The last accepted run.
        candidate: The run that is to be judged.
        read: The influence of a saved cell.
        policy: What the gate asks for.
        anchor: An older run that does not move, against which small losses add up.
        allow_intersection: The share of the baseline's items that the candidate must have; None: all.
        policy_path: Where the policy comes from, for messages.
        read_items: The saved items of a cell, to count those won and lost where they hang together in clusters.

    Raises:
        UsageError: Baseline and candidate are one run, or a rule names what the baseline does not have.
    """
    for other in (baseline, anchor):
        if other is not None and Path(other.folder).resolve() == Path(candidate.folder).resolve():
            raise UsageError(f"{candidate.folder} is baseline and candidate at once: a run does not differ from itself")
    if not validity.damage_of(baseline):  # what a rule names may be what is gone
        check_names(policy, [cell for cell in baseline.cells if cell.status == "ok"], policy_path)
    sides: list[tuple[Literal["baseline", "anchor"], Run]] = [("baseline", baseline)]
    sides += [("anchor", anchor)] if anchor is not None else []
    alpha = policy.alpha / policy.pushes / len(sides)
    comparisons = tuple(
        _comparison(what, run, candidate, read, policy, alpha, allow_intersection, read_items) for what, run in sides
    )
    outcome = next(one for one in WORST_FIRST if any(other.outcome == one for other in comparisons))
    reasons = [
        reason if len(comparisons) == 1 else f"{one.what}: {reason}"
        for one in comparisons
        for reason in one.reasons
        if one.outcome == outcome
    ]
    return Gate(outcome, tuple(reasons), validity.gate_run(candidate), comparisons, policy, alpha)


def _comparison(
    what: Literal["baseline", "anchor"],
    baseline: Run,
    candidate: Run,
    read: Read,
    policy: Policy,
    alpha: float,
    allow_intersection: float | None,
    read_items: ReadTable | None,
) -> GateComparison:
    """The candidate against one run."""
    side, runs = validity.gate_run(baseline), (baseline, candidate)
    matched = match(runs, [f"the {what}", "the candidate"])
    valid = validity.check(baseline, candidate, matched, allow_intersection, policy)
    if valid.reasons:
        return GateComparison(what, side, valid.outcome, valid.reasons, left_out=valid.left_out)
    try:
        parts = parts_of(matched, lambda number, cell: read(cell, Path(runs[number].folder))).parts
    except ResultsError as error:
        return GateComparison(what, side, "INVALID", (one_line(str(error)),), left_out=valid.left_out)
    if others := validity.other_items(parts):
        return GateComparison(what, side, "INVALID", tuple(others), left_out=valid.left_out)
    machines = {kernel_of(run) for run in runs} - {""}
    floor = TOLERANCE if len(machines) > 1 else 0.0
    folders = (Path(baseline.folder), Path(candidate.folder))
    paired_tests = PairedTests(matched, parts[0], parts[1], policy, alpha, floor, read_items, folders)
    tests = paired_tests.run()
    outcome, reasons = outcome_of(tests, paired_tests)
    notes = [note for note in notes_of(runs, Matched(matched.cells, ())) if "processors" not in note]
    notes = [*validity.unscored_by_baseline(baseline, candidate), *notes]
    if floor:
        notes.insert(0, f"scored on different processors ({', '.join(sorted(machines))}): a loss of up to "
                        f"{100 * TOLERANCE:g} point may be their rounding, and fails nothing")  # fmt: skip
    return GateComparison(what, side, outcome, tuple(reasons), tests, tuple(notes), valid.left_out)


def outcome_of(tests: Sequence[GateTest], paired_tests: PairedTests) -> tuple[Outcome, list[str]]:
    """The outcome of all tests, and why."""
    policy = paired_tests.policy
    if not tests or tests[0].level != "suite":
        return "INVALID", ["every cell is advisory: nothing is left that could fail"]
    counted = [one for one in tests if one.role != "advisory"]
    untested = [one for one in counted if one.finding == "not tested"]
    if untested:
        lone = [" ".join(place) for place, part in paired_tests.candidate.items() if part.count < 2]
        where = f" (one item or document alone: {validity.first_texts(lone)})" if lone else ""
        names = validity.first_texts([f"{one.name}: {one.note}" for one in untested])
        return "INVALID", [f"no test can judge {names}{where}; a policy can make it advisory"]
    if failed := [one for one in counted if one.finding == "regression"]:
        return "REGRESSION", [describe_loss(one) for one in failed]
    suite = tests[0]
    least = f"{100 * suite.margin:g}"
    if policy.must_detect is not None and suite.finding != "identical":
        must = f"{policy.must_detect:g} must be seen"
        if suite.seen is None:
            return "INCONCLUSIVE", [f"nobody can say which loss on the suite would have been seen, and {must}"]
        if suite.seen > policy.must_detect / 100:
            return "INCONCLUSIVE", [f"a loss below {points(suite.seen)} could have gone unseen, and {must}"]
    value = suite.difference.value or 0.0
    if suite.finding == "cannot be resolved" and value < -ROUNDING and value <= -suite.margin + ROUNDING:
        return "INCONCLUSIVE", [
            f"the suite lost {points(-value)} (margin {least}), which cannot be resolved: {suite.note}"
        ]
    if policy.mode == "noninferiority" and suite.finding != "identical":
        low = suite.difference.low
        if low is None or low <= -suite.margin:
            return "INCONCLUSIVE", [f"a loss of {least} points or more is not ruled out (the suite: {interval(suite)})"]
    return "PASS", []


def describe_loss(one: GateTest) -> str:
    """A line for a test that fails the gate."""
    what = "the suite" if one.level == "suite" else f"{one.level} {one.name}"
    critical = ", critical" if one.role == "critical" else ""
    p = "" if one.p is None else f", p {_format_p(one.p)}"
    lost = points(-(one.difference.value or 0.0))
    return f"{what} lost {lost} {interval(one)} (margin {100 * one.margin:g}{p}{critical})"


def interval(one: GateTest) -> str:
    """The interval of a difference, in points."""
    if not one.difference.has_interval:
        return "[no interval]"
    return f"[{signed(one.difference.low, 2)}, {signed(one.difference.high, 2)}]"


def points(value: float) -> str:
    """An effect in points."""
    return f"{100 * value:.2f} points"


def _format_p(p: float) -> str:
    return "< .0001" if p < 0.0001 else f"= {p:.4f}"
