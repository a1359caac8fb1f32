"""`Check`: one rule of the kit, with its reason; and `Examination`: the rules of one thing, asked one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from xlbench.core.errors import DataMissing
from xlbench.core.text import one_line
from xlbench.testing.process import ConformanceError

MISSING = "put what is missing where it is looked for, or name the folder that holds it (--data): the code may be right"
"""What to do where a check fails since data is not at hand, whatever the check is."""


class NotAsked(Exception):  # noqa: N818 - no fault of what is checked
    """A check cannot be made here; the message is one line that says what it needs."""


@dataclass(frozen=True)
class Check:
    """A rule that xlbench relies on."""

    rule: str
    """What holds of a right plugin, in a few words: the name of the check."""
    why: str
    """Why it matters."""
    mend: str
    """What to do where it does not hold."""
    run: Callable[[Any], None]
    """Takes what is checked; raises `ConformanceError` where the rule is broken, `NotAsked` where it cannot be told."""
    basic: bool = False
    """Whether the checks after it can only be made where this one passes."""


@dataclass(frozen=True)
class Finding:
    """What came of one check."""

    subject: str
    """What was checked: ``model vowels``."""
    rule: str
    status: Literal["passed", "failed", "skipped"]
    what: str = ""
    """What is wrong; or, of a skipped check, why it was not made."""
    why: str = ""
    mend: str = ""
    needs: str = ""
    """Of a check that was not made: the check before it that would have to pass."""

    def lines(self) -> list[str]:
        """The finding as text: of a failure what, why and how to mend it."""
        if self.status == "passed":
            return [f"passed   {self.subject}: {self.rule}"]
        if self.status == "skipped":
            return [f"skipped  {self.subject}: {self.rule} ({self.what})"]
        parts = ("what", self.what), ("why", self.why), ("mend", self.mend)
        return [f"FAILED   {self.subject}: {self.rule}", *(f"    {name + ':':<6}{text}" for name, text in parts)]


class Examination:
    """The checks of one model, task, engine ...: each can be made by itself, and none after a basic one has failed."""

    def __init__(self, subject: str, state: Any, checks: Sequence[Check]) -> None:
        self.subject, self.checks = subject, tuple(checks)
        self._state = state
        self._failed = ""

    def make(self, check: Check) -> Finding:
        """Make one of the checks; whatever the plugin does is a finding."""
        if self._failed:
            return Finding(self.subject, check.rule, "skipped", f"it needs: {self._failed}", needs=self._failed)
        try:
            check.run(self._state)
        except NotAsked as reason:
            if check.basic:
                self._failed = check.rule
            return Finding(self.subject, check.rule, "skipped", one_line(str(reason)))
        except ConformanceError as error:
            if check.basic:
                self._failed = check.rule
            mend = MISSING if isinstance(error.__cause__, DataMissing) else check.mend
            return Finding(self.subject, check.rule, "failed", one_line(str(error)), check.why, mend)
        return Finding(self.subject, check.rule, "passed")

    def findings(self) -> Iterator[Finding]:
        """Make all checks, in their order."""
        for check in self.checks:
            yield self.make(check)

    def require(self) -> None:
        """Make the checks up to the first that fails, and raise its `ConformanceError`."""
        for check in self.checks:
            try:
                check.run(self._state)
            except NotAsked as reason:
                raise ConformanceError(f"it cannot be checked that {check.rule}: {reason}") from None
