"""The course of a run: what is known already, then what an engine computes, every cell saved as it is finished."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from xlbench.catalog.hooks import Engine
from xlbench.core.errors import ResultsError
from xlbench.core.record import Cell
from xlbench.runs.engine import Observer, jobs_of
from xlbench.runs.failures import FailedModels
from xlbench.runs.manifest import begin
from xlbench.runs.plan import WHOLE_TASK, Planned, Settings
from xlbench.runs.store import Store
from xlbench.runs.worker import Worker


def execute(
    planned: Sequence[Planned],
    store: Store,
    settings: Settings,
    engine: Engine,
    observer: Observer | None = None,
    fail_fast: bool = False,
) -> list[Cell]:
    """Compute what is not done, save every cell as it is finished, and return all cells in the order of the plan.

    A failing cell carries its reason and the others go on; with ``fail_fast`` the first failure ends the run.
    """
    observer = observer or Observer()
    begin(planned, store)
    finished: dict[tuple[str, str, str, str], Cell] = {}
    failed_models = FailedModels(planned, store)
    for computed in _cells(planned, store, settings, engine, observer):
        *revoked, cell = failed_models.applied(computed)
        finished |= {_place(one): one for one in (*revoked, cell)}
        if revoked:
            observer.trouble(f"{cell.model}: cells that were scored before are errors ({len(revoked)}): {cell.reason}")
        observer.cell(cell)
        if fail_fast and cell.status == "error":
            break
    return [finished[_place(item.cell)] for item in planned if _place(item.cell) in finished]


def _place(cell: Cell) -> tuple[str, str, str, str]:
    return cell.model, cell.fingerprint, cell.task, cell.subset


def _cells(
    planned: Sequence[Planned], store: Store, settings: Settings, engine: Engine, observer: Observer
) -> Iterator[Cell]:
    """First what is known already, then what is computed."""
    for item in planned:
        if item.state in ("skipped", "error"):
            _save_failure(item.cell, store)
        if item.state not in ("todo", "rescore"):
            yield item.cell
    _forget_whole_task_failures(planned, store)
    work = Worker(store, settings, observer)
    with contextlib.closing(work):
        yield from engine.map(work, jobs_of(planned))


def _save_failure(cell: Cell, store: Store) -> None:
    """Save why there are no scores, unless there are: data that has gone away takes no result with it."""
    try:
        saved = store.load_cell(store.path_of(cell))
    except ResultsError:  # damaged: it stays as it is, and this cell has its own reason to have no scores
        return
    if saved is None or saved.status != "ok":
        store.save_cell(cell, None)


def _forget_whole_task_failures(planned: Sequence[Planned], store: Store) -> None:
    for cell in {(item.cell.model, item.cell.task): item.cell for item in planned}.values():
        if cell.subset != WHOLE_TASK:
            store.discard(store.path_of(replace(cell, subset=WHOLE_TASK)))
