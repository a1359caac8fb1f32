"""`Job`: the address of cells to compute; and the messages that come back from an engine."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xlbench.core.permissions import Permissions
from xlbench.core.plugin_choice import PluginChoice
from xlbench.core.record import Cell
from xlbench.core.task import Data
from xlbench.runs.planned_cells import PlannedCell, Settings

CELLS_OF_A_JOB = 100
"""At most: one large task is shared among workers."""
BYTES_OF_A_JOB = 9_000
"""About the most that a pickled job has, whatever its names are like; one cell is a job whatever it has."""
KEY_DIGITS = 16
"""Of a cell's key, which a job carries to find out whether the data is still what was planned."""


@dataclass(frozen=True)
class Context:
    """What all jobs of a run have in common."""

    results: Path
    """The results folder, as an absolute path."""
    settings: Settings
    data: Data
    permissions: Permissions
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """What a cell says of where it was computed: versions and the machine. The command line is the manifest's."""
    plugins: PluginChoice = field(default_factory=PluginChoice)
    """Which plugins are loaded where cells are computed."""


@dataclass(frozen=True)
class JobCell:
    """One cell of a job."""

    subset: str
    """The name that the task gives it."""
    train_size: int | None
    key: str
    """The first digits of the cell's key."""
    work: int = 0
    """About how much work it is, in items."""


@dataclass(frozen=True)
class Job:
    """The address of cells of one model and one task. It holds names and settings alone, and pickles in under 10 kB."""

    model: str
    task: str
    model_spec: str
    """What was given to get the model, for the catalog of the worker; "": it was given as an object."""
    task_spec: str
    fingerprint: str
    """Of the model."""
    wanted: tuple[JobCell, ...]
    context: Context

    @property
    def work(self) -> int:
        """About how much work it is, in items: for an engine that begins with what takes longest."""
        return sum(cell.work for cell in self.wanted)


@dataclass(frozen=True)
class RunWarning:
    """A line for the user about something that cost no result: a damaged part of the cache, say."""

    line: str


Message = Cell | RunWarning
"""What comes back of a job: each of its cells, once it is finished and saved, and warnings."""


@dataclass(frozen=True)
class Specs:
    """What was given for the models and the tasks of a run, by their names; of objects there is no spec."""

    models: Mapping[str, str] = field(default_factory=dict)
    tasks: Mapping[str, str] = field(default_factory=dict)


def jobs_of(planned: Sequence[PlannedCell], context: Context, specs: Specs) -> list[Job]:
    """The cells to compute, grouped by model and task in the order of the plan."""
    groups: dict[tuple[str, str], list[PlannedCell]] = {}
    for item in planned:
        if item.state in ("todo", "rescore"):
            groups.setdefault((item.model.name, item.task.name), []).append(item)
    return [
        job
        for (model, task), items in groups.items()
        for job in _jobs(
            Job(
                model, task, specs.models.get(model, ""), specs.tasks.get(task, ""), items[0].cell.fingerprint, (),
                context,
            ),
            [JobCell(item.subset.name, item.cell.train_size, item.cell.key[:KEY_DIGITS], item.work) for item in items],
        )
    ]  # fmt: skip


def _jobs(empty: Job, wanted: Sequence[JobCell]) -> Iterator[Job]:
    """Jobs with the cells in order, none of them with more cells or bytes than a job is to have."""
    first = JobCell("", None, "")  # a pickle names the class and its fields once, with the first
    room = BYTES_OF_A_JOB - len(pickle.dumps(replace(empty, wanted=(first,))))
    alone = len(pickle.dumps((first,)))
    part: list[JobCell] = []
    size = 0
    for cell in wanted:
        more = len(pickle.dumps((first, cell))) - alone
        if part and (len(part) == CELLS_OF_A_JOB or size + more > room):
            yield replace(empty, wanted=tuple(part))
            part, size = [], 0
        part.append(cell)
        size += more
    yield replace(empty, wanted=tuple(part))
