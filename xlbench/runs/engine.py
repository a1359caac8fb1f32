"""Where cells are computed: jobs, the observer of their progress, and the serial engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from xlbench.core.model import Model
from xlbench.core.record import Cell
from xlbench.core.task import Task
from xlbench.runs.plan import Planned


@dataclass(frozen=True)
class Job:
    """The cells of one model and one task that are to be computed."""

    model: Model
    task: Task
    planned: tuple[Planned, ...]


@dataclass(frozen=True)
class Observer:
    """Who is told of progress; every call may do nothing."""

    cell: Callable[[Cell], None] = lambda cell: None
    """A cell is finished (or was done before)."""
    encoding: Callable[[str, int, int], None] = lambda model, done, total: None
    """A model has encoded so many of the texts of one request."""
    trouble: Callable[[str], None] = lambda line: None
    """Something was wrong that cost no result: a damaged part of the cache, say."""


def serial(work: Callable[[Any], Iterable[Cell]], jobs: Iterable[Any]) -> Iterator[Cell]:
    """The built-in engine: one job after the other, in this process."""
    for job in jobs:
        yield from work(job)


def jobs_of(planned: Sequence[Planned]) -> list[Job]:
    """The cells to compute, grouped by model and task in the order of the plan."""
    groups: dict[tuple[str, str], list[Planned]] = {}
    for item in planned:
        if item.state in ("todo", "rescore"):
            groups.setdefault((item.model.name, item.task.name), []).append(item)
    return [Job(items[0].model, items[0].task, tuple(items)) for items in groups.values()]
