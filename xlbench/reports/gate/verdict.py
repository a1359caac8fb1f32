"""The records of a gate: what was tested, against what, and the verdict with its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xlbench.reports.compare.matching import Unmatched
from xlbench.reports.gate.policy import Policy, Role
from xlbench.stats.paired import Difference

Outcome = Literal["PASS", "REGRESSION", "USAGE", "INVALID", "INCONCLUSIVE", "NOTHING"]
EXIT_CODES: dict[Outcome, int] = {
    "PASS": 0, "REGRESSION": 1, "USAGE": 2, "INVALID": 3, "INCONCLUSIVE": 4, "NOTHING": 5,
}  # fmt: skip
WORST_FIRST: tuple[Outcome, ...] = ("USAGE", "INVALID", "NOTHING", "REGRESSION", "INCONCLUSIVE", "PASS")
"""Of several outcomes, the first of these is the gate's."""

NAMED = 4
"""How many reasons the sentence gives before it counts the rest."""

Finding = Literal["regression", "worse", "better", "identical", "cannot tell", "cannot be resolved", "not tested"]


@dataclass(frozen=True)
class GateTest:
    """A difference, candidate - baseline, and what it is to the gate. All in units of the metric."""

    level: Literal["suite", "task", "language"]
    name: str
    role: Role
    baseline: float
    candidate: float
    difference: Difference
    margin: float
    p: float | None
    """One-sided, of "no worse"; of a task, adjusted for all tasks (Holm)."""
    detectable: float | None
    """The smallest loss that this test finds four times in five."""
    flips: tuple[int, int] | None
    """Items that only the candidate, and that only the baseline has right, in clusters or alone; None where scores are
    no shares of hits over single items."""
    finding: Finding
    note: str = ""

    @property
    def seen(self) -> float | None:
        """`detectable`, unless a loss as large as that is there and was not found."""
        found = self.finding in ("regression", "worse")
        loss = -(self.difference.value or 0.0)
        return None if self.detectable is None or (loss >= self.detectable and not found) else self.detectable


@dataclass(frozen=True)
class GateRun:
    """A run that took part."""

    path: str
    model: str = ""
    fingerprint: str = ""
    content: str = ""
    """SHA-256 of all scores and items: equal content gives equal verdicts."""


@dataclass(frozen=True)
class GateComparison:
    """The candidate against one run."""

    what: Literal["baseline", "anchor"]
    run: GateRun
    outcome: Outcome
    reasons: tuple[str, ...]
    """Why it is no plain PASS."""
    tests: tuple[GateTest, ...] = ()
    """The suite first, then tasks and critical languages."""
    notes: tuple[str, ...] = ()
    left_out: tuple[Unmatched, ...] = ()
    """What was not judged: cells that the candidate alone has, and those that an allowed intersection leaves out."""

    @property
    def suite(self) -> GateTest | None:
        """The suite's test."""
        return self.tests[0] if self.tests else None


@dataclass(frozen=True)
class Gate:
    """The verdict."""

    outcome: Outcome
    reasons: tuple[str, ...]
    candidate: GateRun
    comparisons: tuple[GateComparison, ...]
    policy: Policy
    alpha: float
    """Of each comparison: the policy's, shared among pushes, baseline and anchor."""

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        return EXIT_CODES[self.outcome]

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        if self.reasons:
            more = f"; and {len(self.reasons) - NAMED} more" if len(self.reasons) > NAMED else ""
            return f"{self.outcome}: {'; '.join(self.reasons[:NAMED])}{more}"
        return f"{self.outcome}: {self._seen()}"

    def _seen(self) -> str:
        """How the suite came out, and the smallest loss that would have been seen."""
        said = []
        for one in self.comparisons:
            suite = one.suite
            if suite is None:
                continue
            change = f"{100 * (suite.difference.value or 0.0):+.2f}"
            same = suite.finding == "identical"
            text = "identical" if same else f"{change} points on the suite"
            if suite.finding == "cannot be resolved":
                text += f" cannot be resolved: {suite.note}"
            if suite.seen:
                text += f", where a loss of {100 * suite.seen:.2f} would have been seen"
            said.append(text if len(self.comparisons) == 1 else f"{one.what} {text}")
        return "; ".join(said)

    def __repr__(self) -> str:
        return self.sentence
