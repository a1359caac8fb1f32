"""Writes the manifest of a run: its plan before the first cell, its completion after the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xlbench.core.model import Model
from xlbench.core.record import PLUGINS, Cell, Results, Run
from xlbench.runs.planned_cells import PlannedCell
from xlbench.runs.provenance import of_cells
from xlbench.runs.run_folder import LOST
from xlbench.runs.store import Store

UNFINISHED = "run"
"""Plan key of a run that has not finished."""


def begin(planned: Sequence[PlannedCell], store: Store) -> None:
    """Write down what is going to be computed, so that a run that is killed is seen to lack the rest of it."""
    if not for_boards(planned):
        return
    working = {item.model.name: item for item in planned if item.state in ("todo", "rescore")}
    for name, first in working.items():
        model, fingerprint = first.model, first.cell.fingerprint
        run = store.manifest(name, fingerprint) or Run(
            name, fingerprint, (), model.description, model.license, model.trained_on, spec=model.spec,
            details=dict(model.details),
        )  # fmt: skip
        wanted = {task: dict.fromkeys(subsets) for task, subsets in run.plans.get(UNFINISHED, {}).items()}
        for item in planned:
            if item.model.name == name:
                wanted.setdefault(item.task.name, {})[item.subset.name] = None
        plans = {**run.plans, UNFINISHED: {task: tuple(subsets) for task, subsets in wanted.items()}}
        store.save_manifest(replace(run, plans=plans, complete=False))


def for_boards(planned: Sequence[PlannedCell]) -> bool:
    """Whether cells are what a board may lack: samples and curves make none incomplete, and none complete."""
    return all(item.cell.whole for item in planned)


def finish(
    models: Sequence[Model],
    planned: Sequence[PlannedCell],
    cells: Sequence[Cell],
    store: Store,
    plans: Mapping[str, Any],
    provenance: Mapping[str, Any],
) -> Results:
    """Write each model's manifest, where it changes, and return the runs: this command's cells with their provenance.

    A run that stopped at a failure, before its last cell, or whose engine lost cells is not complete and keeps the plan
    that it began with; so does a run that was stopped when a sample or a curve is made of its models.

    Args:
        models: The models of the run, with or without cells.
        planned: All cells as they were planned.
        cells: Those that have come to an end, fewer than planned where the run stopped.
        store: Where manifests are written.
        plans: Suite -> task -> its planned subsets.
        provenance: Of the command: versions, machine, seed and the like.
    """
    complete = len(cells) == len(planned) and not any(cell.provenance.get(LOST) for cell in cells)
    runs = []
    for model in models:
        own = tuple(cell for cell in cells if cell.model == model.name)
        fingerprint = own[0].fingerprint if own else ""
        if not fingerprint:  # it has none, and so no folder
            runs.append(Run(model.name, "", own, complete=False))
            continue
        before = store.manifest(model.name, fingerprint)
        run = replace(
            _manifest(model, own, before, provenance, idle=_is_idle(model, planned)),
            plans=_plans(before, plans, ended=complete and for_boards(planned)),
            complete=complete if before is None or for_boards(planned) else before.complete,
            folder=str(store.folder(model.name, fingerprint)),
        )
        if (before is None or replace(run, cells=(), folder="") != before) and _may_save(run, store, planned):
            store.save_manifest(run)
        runs.append(run)
    return Results(tuple(runs))


def _manifest(
    model: Model, own: tuple[Cell, ...], before: Run | None, provenance: Mapping[str, Any], *, idle: bool
) -> Run:
    """What a run says of itself. Who only reads (``idle``) is not where numbers come from."""
    return Run(
        model.name,
        own[0].fingerprint,
        own,
        description=model.description,
        license=model.license,
        trained_on=model.trained_on,
        parameters=_first_known(own, "parameters") or (before.parameters if before else None),
        spec=model.spec,
        details={**model.details, **_encoder_details(own)},
        provenance=dict(before.provenance) if before and before.provenance and idle else _with_plugins(provenance, own),
        failure=before.failure if before else "",
    )


def _with_plugins(provenance: Mapping[str, Any], own: Sequence[Cell]) -> dict[str, Any]:
    """The command's provenance, with the plugins of these cells beside the engine's."""
    return {**provenance, PLUGINS: {**of_cells(own), **provenance.get(PLUGINS, {})}}


def _is_idle(model: Model, planned: Sequence[PlannedCell]) -> bool:
    return not any(item.state in ("todo", "rescore") for item in planned if item.model.name == model.name)


def _may_save(run: Run, store: Store, planned: Sequence[PlannedCell]) -> bool:
    """Where nothing was computed, a folder that cannot be written is only read."""
    return any(item.state in ("todo", "rescore") for item in planned) or store.is_writable


def _plans(before: Run | None, plans: Mapping[str, Any], *, ended: bool) -> dict[str, Any]:
    """The plans of the runs before, and of this one once it has ended."""
    kept = dict(before.plans) if before else {}
    if ended:
        kept.pop(UNFINISHED, None)
        kept |= plans
    return kept


def _encoder_details(cells: Sequence[Cell]) -> dict[str, Any]:
    """What the encoder said of itself in any cell; of what changes (the prompts applied so far), what it said last."""
    details: dict[str, Any] = {}
    for cell in cells:
        details |= cell.provenance.get("encoder") or {}
    return details


def _first_known(cells: Sequence[Cell], what: str) -> Any:
    """What the first cell that knows it says of the encoder; None where none does."""
    return next((cell.provenance[what] for cell in cells if cell.provenance.get(what) is not None), None)


def with_saved(results: Results, store: Store) -> Results:
    """The results together with the other runs in the folder; a run of the same name and other content gives way."""
    names = {run.model for run in results}
    others = [run for run in store.runs(besides=results.runs) if run.model not in names]
    return Results((*results, *others))
