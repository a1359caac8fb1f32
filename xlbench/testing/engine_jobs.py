"""Jobs by which engines are checked: small ones, computed without model and data, in any process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from xlbench.core.errors import UsageError

REFUSED = "this job is refused, to see whether the engine says so"


@dataclass(frozen=True)
class TrialJob:
    """As a job of a run, it has names to schedule by, and pickles in a few bytes."""

    model: str
    task: str
    number: int
    seconds: float = 0.0
    """How long each of its messages takes."""


@dataclass(frozen=True)
class TrialMessage:
    """What a job gives, more than once."""

    job: TrialJob
    part: int


JOBS = tuple(TrialJob(f"model-{number % 3}", f"task-{number // 3}", number) for number in range(9))
SLOW_JOBS = tuple(TrialJob("model", "task", number, 0.05) for number in range(6))
PARTS = 2
"""Messages that each job gives."""


def work(job: TrialJob) -> Iterator[TrialMessage]:
    """What a run's work does: it yields, so that its result has to be exhausted before it can be sent."""
    for part in range(PARTS):
        time.sleep(job.seconds)
        yield TrialMessage(job, part)


def refusing_work(job: TrialJob) -> Iterator[TrialMessage]:
    """Raises as a run's work does where the run cannot go on."""
    if job.number == 0:
        raise UsageError(REFUSED)
    yield from work(job)
