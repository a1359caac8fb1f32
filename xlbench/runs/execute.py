"""Runs a plan: reuses finished cells, has an engine compute the others, and saves manifests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from xlbench.catalog.hooks import Engine
from xlbench.core.errors import ResultsError
from xlbench.core.permissions import permissions
from xlbench.core.record import PLUGINS, WHOLE_TASK, Cell, Results
from xlbench.core.task import Data
from xlbench.runs.engine import CellAddress, EngineRun, address_of
from xlbench.runs.failures import FailedModels
from xlbench.runs.job_runners import LocalJobRunner
from xlbench.runs.jobs import Context, Specs, jobs_of
from xlbench.runs.manifest import begin, finish
from xlbench.runs.observer import Observer
from xlbench.runs.planned_cells import PlannedCell, Settings
from xlbench.runs.provenance import linear_algebra, peak_memory_bytes
from xlbench.runs.request import PreparedRun
from xlbench.runs.store import Store
from xlbench.runs.worker import Worker


def run_prepared(prepared: PreparedRun, observer: Observer | None = None, *, fail_fast: bool = False) -> Results:
    """Compute and save what a prepared request still lacks; the manifests come last."""
    if prepared.has_work:
        prepared.store.check_writable()
    prepared.store.sweep()
    for model, fingerprint in {(item.cell.model, item.cell.fingerprint) for item in prepared.planned}:
        if fingerprint:
            prepared.store.manifest(model, fingerprint)  # a damaged one is to be known before hours of work
    cells = execute(
        prepared.planned, prepared.store, prepared.settings, prepared.engine, observer, fail_fast=fail_fast,
        context=prepared.context, specs=prepared.specs, engine_label=prepared.engine_label, workers=prepared.workers,
        engine_options=prepared.engine_options,
    )  # fmt: skip
    origin = {
        "command": prepared.command, **prepared.context.provenance,
        "seed": prepared.settings.seed, "ci": prepared.settings.ci,
        **({"ci_training": draws} if (draws := prepared.context.data.training_draws) else {}),
        PLUGINS: {"engine": prepared.engine_provider},
        "peak_memory_bytes": peak_memory_bytes(), "linear_algebra": linear_algebra(),
    }  # fmt: skip
    return finish(prepared.models, prepared.planned, cells, prepared.store, prepared.plans, origin)


def execute(
    planned: Sequence[PlannedCell],
    store: Store,
    settings: Settings,
    engine: Engine,
    observer: Observer | None = None,
    *,
    fail_fast: bool = False,
    context: Context | None = None,
    specs: Specs | None = None,
    engine_label: str = "",
    workers: int | None = None,
    engine_options: Mapping[str, Any] | None = None,
) -> list[Cell]:
    """Compute what is not done, save every cell as it is finished, and return all cells in the order of the plan.

    A failing cell carries its reason and the others go on; with ``fail_fast`` the first failure ends the run. A cell
    that does not come back from the engine is an error, which is not saved.

    Args:
        context: What workers need to know besides the names of a job; None: these settings, and no data folder.
        specs: What was given for models and tasks; without it, other processes can compute nothing.
        engine_label: The engine's name in messages.
        workers: How many workers the engine is to have; None: as many as it finds good.
        engine_options: What else it is told (`Engine.options`).
    """
    observer = observer or Observer()
    idle = all(item.state not in ("todo", "rescore") for item in planned)
    writable = not idle or store.is_writable
    if writable:
        begin(planned, store)
    context = context or Context(store.root.absolute(), settings, Data(limit=settings.limit), permissions())
    jobs = jobs_of(planned, context, specs or Specs())
    finished: dict[CellAddress, Cell] = {}
    failed_models = FailedModels(planned, store)
    worker = Worker(store, settings, observer.encoding, observer.learning, observer.comparing)
    run = EngineRun(engine, engine_label or engine.name, planned, observer)
    computed_cells = run.cells(LocalJobRunner(planned, worker), jobs, workers, engine_options or {})
    with contextlib.closing(worker), contextlib.closing(computed_cells):
        all_cells = chain(_finished_cells(planned, store, writable=writable), computed_cells)
        for *revoked, cell in _with_revoked(all_cells, failed_models, observer):
            finished |= {address_of(settled): settled for settled in (*revoked, cell)}
            observer.cell(cell)
            if fail_fast and cell.status == "error":
                break
        for line in worker.new_warnings():
            observer.warning(line)
    return [finished[address_of(item.cell)] for item in planned if address_of(item.cell) in finished]


def _with_revoked(cells: Iterable[Cell], failed_models: FailedModels, observer: Observer) -> Iterator[tuple[Cell, ...]]:
    """Every cell, after those that were scored before and are errors since its model failed; these with a warning."""
    for computed in cells:
        *revoked, cell = failed_models.propagate(computed)
        if revoked:
            observer.warning(f"{cell.model}: cells that were scored before are errors ({len(revoked)}): {cell.reason}")
        yield *revoked, cell


def _finished_cells(planned: Sequence[PlannedCell], store: Store, *, writable: bool) -> Iterator[Cell]:
    """Yields the cells that need no computing; saves failures where the folder can be written."""
    for item in planned:
        has_place = writable and item.cell.fingerprint  # a model without an identity has no folder
        if has_place and item.state in ("skipped", "error"):
            _save_failure(item.cell, store)
        if item.state not in ("todo", "rescore"):
            yield item.cell
    if writable:
        _forget_whole_task_failures(planned, store)


def _save_failure(cell: Cell, store: Store) -> None:
    """Save why there are no scores, unless there are: data that has gone away takes no result with it."""
    try:
        saved = store.load_cell(store.path_of(cell))
    except ResultsError:  # damaged: it stays as it is, and this cell has its own reason to have no scores
        return
    if saved is None or saved.status != "ok":
        store.save_cell(cell, None)


def _forget_whole_task_failures(planned: Sequence[PlannedCell], store: Store) -> None:
    for cell in {(item.cell.model, item.cell.task): item.cell for item in planned}.values():
        if cell.subset != WHOLE_TASK:
            store.discard(store.path_of(replace(cell, subset=WHOLE_TASK)))
