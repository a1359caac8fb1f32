"""The function that engines call, `work(job)`: computes the cells of a job, in this process or another.

In the process that planned the run, jobs are looked up in the plan. Pickled and unpickled in another process, `work`
finds models and tasks in the catalog of that process, by what was given for them.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError
from xlbench.core.permissions import granted
from xlbench.core.plugin_choice import PluginChoice, choosing
from xlbench.core.record import Cell
from xlbench.core.tracebacks import shown_tracebacks
from xlbench.runs.jobs import KEY_DIGITS, Context, Job, JobCell, Message, RunWarning
from xlbench.runs.planned_cells import PlannedCell, base_cell, planned_cell
from xlbench.runs.provenance import of_plugins
from xlbench.runs.slices import Slice, cut_slices, slices_of
from xlbench.runs.store import Store
from xlbench.runs.worker import Worker

if TYPE_CHECKING:
    from xlbench.catalog import Catalog
    from xlbench.core.model import Model
    from xlbench.core.task import Task


class LocalJobRunner:
    """`work` in the process that planned the run: the models, tasks and data of a job are those of the plan.

    May be called from several threads; cells are then computed one after the other.
    """

    def __init__(self, planned: Sequence[PlannedCell], worker: Worker) -> None:
        self._planned = {
            (item.model.name, item.task.name, item.subset.name, item.cell.train_size): item for item in planned
        }
        self._worker, self._lock = worker, threading.Lock()

    def __call__(self, job: Job) -> Iterator[Message]:
        """Yield each cell of the job once it is saved, and warnings."""
        for wanted in job.wanted:
            with self._lock:
                cell = self._worker.compute(self._planned[job.model, job.task, wanted.subset, wanted.train_size])
                warnings = self._worker.new_warnings()
            yield cell
            yield from map(RunWarning, warnings)

    def __reduce__(self) -> tuple[Any, ...]:
        return job_runner_of_this_process, ()


class RemoteJobRunner:
    """`work` in another process: models and tasks are found in this process's own catalog."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._plugins = PluginChoice()
        self._models: dict[str, Model] = {}
        self._tasks: dict[str, Task] = {}
        self._slices: dict[tuple[Any, ...], dict[str, Slice]] = {}
        self._workers: dict[Any, tuple[Store, Worker]] = {}
        self._lock = threading.Lock()

    def __call__(self, job: Job) -> list[Message]:
        """The cells of the job, all saved, and warnings. What plugins print goes to standard error.

        Raises:
            UsageError: Where the model or the task cannot be had in this process.
            ResultsError: Where results cannot be saved.
        """
        elsewhere = contextlib.redirect_stdout(sys.stderr)
        allowed = granted(job.context.permissions)
        with self._lock, allowed, choosing(job.context.plugins), shown_tracebacks(), elsewhere:
            self._forget_other_plugins(job.context.plugins)
            return list(self._compute(job))

    def __reduce__(self) -> tuple[Any, ...]:
        return job_runner_of_this_process, ()

    def _forget_other_plugins(self, plugins: PluginChoice) -> None:
        """A process may outlive the run that started it: the next one may have chosen other plugins."""
        if plugins != self._plugins:
            self._catalog, self._plugins = None, plugins
            for found in (self._models, self._tasks, self._slices):
                found.clear()

    def _compute(self, job: Job) -> Iterator[Message]:
        model, task = self._model(job), self._task(job)
        store, worker = self._worker(job.context)
        base = base_cell(job.model, job.fingerprint, task, job.context.settings, self._provenance(job))
        for wanted in job.wanted:
            part = self._slices_of(job, task, wanted.train_size).get(wanted.subset)
            item = planned_cell(model, task, part, base, store) if part else None
            if item is None or item.cell.key[:KEY_DIGITS] != wanted.key:
                yield _changed_cell(base, wanted)
            elif item.state in ("todo", "rescore"):
                yield worker.compute(item)
            else:
                yield item.cell
        yield from map(RunWarning, worker.new_warnings())

    def _provenance(self, job: Job) -> dict[str, Any]:
        """That of the run, with the plugins that this process has: versions may differ from machine to machine."""
        from xlbench.catalog.providers import providers

        catalog = self._catalog_here()
        model = providers(catalog, "models", job.model, job.model_spec)
        task = providers(catalog, "tasks", job.task, job.task_spec)
        return {**job.context.provenance, **of_plugins(model, task)}

    def _worker(self, context: Context) -> tuple[Store, Worker]:
        key = context.results, context.settings
        if key not in self._workers:
            for _, worker in self._workers.values():  # of another run: its model would stay in memory
                worker.close()
            store = Store(context.results)
            self._workers = {key: (store, Worker(store, context.settings))}
        return self._workers[key]

    def _model(self, job: Job) -> Model:
        if job.model not in self._models:
            self._models[job.model] = self._select("model", job.model, job.model_spec)
        return self._models[job.model]

    def _task(self, job: Job) -> Task:
        if job.task not in self._tasks:
            self._tasks[job.task] = self._select("task", job.task, job.task_spec)
        return self._tasks[job.task]

    def _select(self, kind: str, name: str, spec: str) -> Any:
        """The model or task of a name, made from what was given for it."""
        if not spec:
            raise UsageError(
                f"another process cannot get the {kind} {name!r}, which was given as an object: name it (a plugin's "
                f"{kind} or a spec), or compute in this process with the engine 'serial'"
            )
        catalog = self._catalog_here()
        select = catalog.select_models if kind == "model" else catalog.select_tasks
        try:
            selected = select([spec])
        except UsageError as error:
            raise UsageError(f"a worker process cannot get the {kind} {name!r}: {error}") from None
        for item in selected:
            if item.name == name:
                return item
        raise UsageError(f"a worker process gets no {kind} {name!r} from {spec!r}: it has other plugins installed")

    def _catalog_here(self) -> Catalog:
        if self._catalog is None:
            from xlbench import catalog

            self._catalog = catalog.load()
        return self._catalog

    def _slices_of(self, job: Job, task: Task, train_size: int | None) -> dict[str, Slice]:
        data = job.context.data
        key = job.task, data, train_size
        if key not in self._slices:
            self._slices[key] = (
                {part.subset.name: part for part in slices_of(task, data, ()).slices}
                if train_size is None
                else cut_slices(task, data, train_size)
            )
        return self._slices[key]


_RUNNER = RemoteJobRunner()
"""State of the process, the only one in `xlbench.runs`: engines pickle `work` with every job, and all of these become
one object, which keeps the catalog, the data and the loaded model from one job to the next. Empty until its first
job."""


def job_runner_of_this_process() -> RemoteJobRunner:
    """What `work` is after unpickling: the one job runner of a process that planned nothing."""
    return _RUNNER


def _changed_cell(base: Cell, wanted: JobCell) -> Cell:
    """The cell of a subset that is not what was planned; it is not saved."""
    name = wanted.subset if wanted.train_size is None else f"{wanted.subset}@{wanted.train_size}"
    reason = "the task or its data is not what it was when the run was planned: start the run again"
    return replace(base, subset=name, train_size=wanted.train_size, status="error", reason=reason)
