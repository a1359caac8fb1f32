"""`PlannedCell`: a cell before it is computed, and whether a saved one can be reused.

A cell is done when the results folder holds one with the same key: the content of model, task and data. So the same
command goes on after any interruption, and a changed model, card or text is a new cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from xlbench.core.errors import ResultsError
from xlbench.core.model import Model
from xlbench.core.record import SCORING, TRAINED_ON, Cell, cell_key
from xlbench.core.task import Subset, Task
from xlbench.core.text import GIB
from xlbench.runs.slices import Slice
from xlbench.runs.store import Store
from xlbench.runs.trained_on import trained_on_note

ROW_VERSION = 1
"""Raised when equal models, tasks and data would be stored as other rows."""

State = Literal["todo", "rescore", "done", "skipped", "error", "damaged"]
"""What is to be done with a cell. A damaged one stays as it is, for its owner to look at."""


@dataclass(frozen=True)
class Settings:
    """How cells are scored."""

    seed: int = 0
    ci: str = "auto"
    limit: int | None = None
    cache: Path | None = None
    """The folder in which vectors are kept between runs; None: nowhere."""
    cache_bytes: int = 20 * GIB


@dataclass(frozen=True)
class PlannedCell:
    """One cell before it is computed."""

    model: Model
    task: Task
    subset: Subset
    cell: Cell
    """Its identity; where nothing is left to compute, the whole cell."""
    state: State

    @property
    def work(self) -> int:
        """About how much work it is: its items and those it learns from; a cell that has none is some."""
        return 1 + self.subset.n + (self.cell.train_items or 0)


def base_cell(model: str, fingerprint: str, task: Task, settings: Settings, provenance: Mapping[str, Any]) -> Cell:
    """What all cells of a model and a task have in common."""
    return Cell(
        model, fingerprint, task.name, task.area, "", (), "ok", limit=settings.limit, seed=settings.seed,
        ci=settings.ci, scoring=SCORING, register=task.register, provenance=dict(provenance),
    )  # fmt: skip


def planned_cell(model: Model, task: Task, part: Slice, base: Cell, store: Store) -> PlannedCell:
    """What is known of one cell before anything is computed.

    Args:
        model: The model of the cell.
        task: Its task.
        part: Its subset, as the task gives it now, with how much there is to learn from.
        base: What it has in common with the other cells of model and task (`base_cell`).
        store: Where it may be saved already.
    """
    subset = part.subset
    name = subset.name if part.train_size is None else f"{subset.name}@{part.train_size}"
    again = subset.training_draws
    key = cell_key(ROW_VERSION, base.fingerprint, task.identity(), name, subset.fingerprint, again)
    cell = replace(
        base, subset=name, languages=subset.languages, key=key, data_fingerprint=subset.fingerprint,
        task_identity=task.identity(), train_size=part.train_size, train_items=subset.train_items,
        ci_training=again,
    )  # fmt: skip
    if part.failure:
        return PlannedCell(model, task, subset, replace(cell, status=part.failure, reason=part.reason), part.failure)
    try:
        saved = store.load_cell(store.path_of(cell))
        failed = store.failure(cell.model, cell.fingerprint)  # the model's, whatever was scored before it was found
        if failed or saved is None or saved.key != key or saved.status != "ok":
            return PlannedCell(model, task, subset, cell, "todo")
        store.influence(saved)  # averages need it: that the items are damaged is to be known of this cell, and now
    except ResultsError as error:
        return PlannedCell(model, task, subset, replace(cell, status="error", reason=str(error)), "damaged")
    saved = replace(
        saved, train_items=cell.train_items, task_identity=cell.task_identity
    )  # equal keys: so it was, whether or not it was written down
    others = tuple(note for note in saved.notes if not note.startswith(TRAINED_ON))
    is_marked = {*saved.notes} - {*others} == ({trained_on_note(model, task, saved.facts)} - {""})
    # Labels are cheap to mend, too.
    labels = {name: getattr(cell, name) for name in ("seed", "ci", "scoring", "area", "register")}
    if not is_marked or any(getattr(saved, name) != label for name, label in labels.items()):
        wanted = replace(saved, **labels, notes=others)
        return PlannedCell(model, task, subset, wanted, "rescore")
    return PlannedCell(model, task, subset, saved, "done")
