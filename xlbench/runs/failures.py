"""Marks all cells of a model as errors once the model fails as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlbench.core.model import Model
from xlbench.core.record import Cell, Run
from xlbench.runs.planned_cells import PlannedCell
from xlbench.runs.store import Store

MODEL_FAILED = "model_failed"
"""Key in the provenance of a failed cell: why the model as a whole cannot be scored."""


class FailedModels:
    """Turns the cells of models that failed as a whole into errors: what was saved before in this run or in an earlier
    one, and what still comes from other workers.

    Models that share their vectors (and differ in a transform alone) fail together.
    """

    def __init__(self, planned: Sequence[PlannedCell], store: Store) -> None:
        self._models = {item.model.name: item.model for item in planned}
        self._fingerprints = {item.model.name: item.cell.fingerprint for item in planned}
        self._store = store
        self._reasons: dict[str, str] = {}
        """Name of a failed model -> why."""
        self._seen: dict[str, list[Cell]] = {}

    def propagate(self, cell: Cell) -> list[Cell]:
        """Make the failure of a cell's model that of all its cells.

        Returns:
            The earlier cells that became errors by this one, then the cell as it now is, each saved.
        """
        changed: list[Cell] = []
        why = cell.provenance.get(MODEL_FAILED)
        if why and cell.model not in self._reasons:
            for name in self._sharing_vectors(cell.model):
                self._reasons[name] = cell.reason
                self._save_reason(name, str(why))
                changed += [self._as_failed(before) for before in self._seen.pop(name, []) if before.status == "ok"]
        elif cell.model in self._reasons and cell.status == "ok":
            cell = self._as_failed(cell)
        self._seen.setdefault(cell.model, []).append(cell)
        return [*changed, cell]

    def _sharing_vectors(self, name: str) -> list[str]:
        """The models with the vectors of this one."""
        own = _vectors(self._models[name])
        return [other for other, model in self._models.items() if other == name or (own and _vectors(model) == own)]

    def _save_reason(self, name: str, why: str) -> None:
        """Write the reason into the model's manifest, so that cells of other commands are errors, too."""
        fingerprint = self._fingerprints[name]
        run = self._store.manifest(name, fingerprint) or Run(name, fingerprint, (), complete=False)
        if run.failure != why:
            self._store.save_manifest(replace(run, failure=why))

    def _as_failed(self, cell: Cell) -> Cell:
        provenance = {**cell.provenance, MODEL_FAILED: self._reasons[cell.model]}
        failed = replace(
            cell, status="error", reason=self._reasons[cell.model], scores=(), facts={}, notes=(), items_file="",
            items_digest="", provenance=provenance,
        )  # fmt: skip
        saved = self._store.save_cell(failed, None)
        if cell.items_file:
            self._store.discard(self._store.path_of(cell).parent / cell.items_file)
        return saved


def _vectors(model: Model) -> str:
    """The identity of a model's vectors; "" where that fails, which is an error of its own cells."""
    try:
        return model.vectors_identity()
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a model is a plugin
        return ""
