"""Errors that end training early; each message says what is kept and what to do."""

from __future__ import annotations

from xlbench import XlbenchError
from xlbench.core.errors import CELL_FAILED, INTERRUPTED


class TrainingStopped(XlbenchError):  # noqa: N818 - what happened, and no fault of the command
    """Training could not go on: exit code 1."""

    exit_code = CELL_FAILED


class Diverged(TrainingStopped):
    """The loss is no finite number any more."""


class Interrupted(TrainingStopped):
    """A person has stopped it: exit code 130."""

    exit_code = INTERRUPTED
