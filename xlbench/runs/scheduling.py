"""What engines need to hand out jobs: jobs small enough for all workers, which job a free worker is given, threads, and
lines for the user.

For authors of engines, too.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from xlbench.runs.jobs import Job
from xlbench.runs.jobs import RunWarning as RunWarning

THREAD_VARIABLES = frozenset({"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"})
"""By which numeric libraries are told, when they are loaded, how many threads to use."""


class Waiting(Protocol):
    """What `take_next` looks at: a job, or what an engine keeps of one."""

    @property
    def model(self) -> str:
        """The name of its model."""

    @property
    def work(self) -> int:
        """About how much work it is."""


T = TypeVar("T", bound=Waiting)


def take_next(waiting: list[T], held: str, elsewhere: Collection[str]) -> T:
    """Take the next job for a worker out of those that wait.

    One of the model that it has loaded comes first, then one of a model that no worker has loaded; of these the one
    with most work, so that none of the longest begins last, and of equal ones the first.

    Args:
        waiting: Jobs that nobody has begun, at least one; the job that is returned is removed.
        held: The name of the model that the worker has loaded, or "".
        elsewhere: Names of the models that other workers have loaded.
    """

    def order(job: T) -> tuple[int, int]:
        return 0 if job.model == held else 2 if job.model in elsewhere else 1, -job.work

    job = min(waiting, key=order)
    waiting.remove(job)
    return job


def split_jobs(jobs: Sequence[Job], workers: int) -> list[Job]:
    """The same cells in jobs of at most an equal share of the work, where a job has more than one cell.

    Subsets keep their order, so that those that follow each other, which often share texts, mostly stay together.
    """
    share = sum(job.work for job in jobs) / max(1, workers)
    found: list[Job] = []
    for job in jobs:
        part: list[int] = []
        size = 0
        for number, cell in enumerate(job.wanted):
            if part and size + cell.work > share:
                found.append(replace(job, wanted=tuple(job.wanted[n] for n in part)))
                part, size = [], 0
            part.append(number)
            size += cell.work
        found.append(replace(job, wanted=tuple(job.wanted[n] for n in part)))
    return found


def limit_threads(threads: int) -> None:
    """Have numeric libraries of this process, those that are loaded and those still to be, use so many threads.

    Threads that wait for a processor are waited for in turn, so that twice as many take several times as long. What the
    user has set (`THREAD_VARIABLES`) goes first.
    """
    if not THREAD_VARIABLES.isdisjoint(os.environ):
        return
    from threadpoolctl import threadpool_limits

    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    threadpool_limits(threads)
