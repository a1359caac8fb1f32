"""`merge`: writes the runs of several places as one results folder, as the shards of a run are joined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell, Run
from xlbench.runs.run_folder import GONE, load_run
from xlbench.runs.staged_run import staged_run
from xlbench.runs.store import Reader, Store

Place = tuple[str, str, int | None]
"""Task, subset and limit: at one place a run has one cell."""
Placed = dict[Place, tuple[Cell, Run]]


def merge(folders: Sequence[Path], root: Path) -> list[Run]:
    """Write all runs in some folders and packs into the results folder ``root``, the parts of a run as one.

    A cell that several parts have is taken once; one with scores goes before one without. Everything is read and
    compared before anything is written, and each run is written whole or not at all.

    Raises:
        UsageError: ``root`` is no place to write to, or has one of the runs already; a folder holds no run.
        ResultsError: Something is damaged, or two parts have different scores of one cell: the message names both.
    """
    store, reader = Store(root), Reader()
    parts: dict[tuple[str, str], list[Run]] = {}
    for folder in folders:
        for run in reader.find_runs(folder):
            if run.troubles:
                raise ResultsError(f"nothing is merged: {run.troubles[0]}")
            parts.setdefault((run.model, run.fingerprint), []).append(run)
    joined = {key: _joined_cells(runs) for key, runs in parts.items()}
    for key in parts:
        if store.folder(*key).exists():
            raise UsageError(f"{store.folder(*key)} is there already, and no run is replaced: give another --out")
    store.check_writable()
    return [_write(store, reader, runs, joined[key]) for key, runs in parts.items()]


def _joined_cells(runs: Iterable[Run]) -> Placed:
    """The cells of all parts by their place."""
    found: Placed = {}
    for run in runs:
        for cell in run.cells:
            place = cell.task, cell.subset, cell.limit
            if place not in found:
                found[place] = cell, run
                continue
            other, its_run = found[place]
            if cell.status == other.status == "ok":
                _check_same(cell, run, other, its_run)
            elif cell.status == "ok" or (other.reason == GONE and cell.reason != GONE):
                found[place] = cell, run
    return found


def _check_same(one: Cell, its_run: Run, other: Cell, other_run: Run) -> None:
    """Raise `ResultsError` where two parts disagree: nobody can tell here which of them is meant."""
    if _identity(one) == _identity(other):
        return
    values = [cell.main.value if cell.main else None for cell in (one, other)]
    shown = " and ".join(
        f"{'no value' if value is None else f'{100 * value:.4f}'} in {run.folder}"
        for value, run in zip(values, (its_run, other_run), strict=True)
    )
    raise ResultsError(
        f"nothing is merged: {one.model} {one.task} {one.subset} was scored twice, with different items, intervals of "
        f"another kind, or another version of the task: {shown}. Leave one of the two out, or prune it"
    )


def _identity(cell: Cell) -> tuple[Any, ...]:
    """What equal scores with equal intervals have in common."""
    return cell.key, cell.items_digest, cell.seed, cell.ci, cell.ci_training, cell.scoring


def _write(store: Store, reader: Reader, runs: Sequence[Run], cells: Placed) -> Run:
    """Write one run from its parts."""
    first = max(runs, key=lambda run: len(run.cells))
    folder = store.folder(first.model, first.fingerprint)
    with staged_run(folder) as staged:
        written = Store(staged)
        for cell, run in cells.values():
            if cell.reason != GONE:  # that one is listed in the manifest as saved, and so is seen as missing again
                written.save_cell(cell, reader.load_items(cell, Path(run.folder)) if cell.status == "ok" else None)
        written.save_manifest(
            replace(
                first, cells=tuple(cell for cell, _ in cells.values()), plans=_joined_plans(runs),
                complete=all(run.complete for run in runs), failure=next((r.failure for r in runs if r.failure), ""),
                provenance={**first.provenance, "parts": [dict(run.provenance) for run in runs]},
            )
        )  # fmt: skip
    return load_run(folder)


def _joined_plans(runs: Iterable[Run]) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Suite -> task -> subsets, as all parts together have them."""
    plans: dict[str, dict[str, dict[str, None]]] = {}
    for run in runs:
        for suite, tasks in run.plans.items():
            for task, subsets in tasks.items():
                plans.setdefault(suite, {}).setdefault(task, {}).update(dict.fromkeys(subsets))
    return {suite: {task: tuple(names) for task, names in tasks.items()} for suite, tasks in plans.items()}
