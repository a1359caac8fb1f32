"""Plans a run: every cell of the models and tasks, and which of them are saved already.

Nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xlbench.core.errors import DataMissing, XlbenchError
from xlbench.core.model import Model
from xlbench.core.record import WHOLE_TASK, Status
from xlbench.core.task import Data, Subset, Task
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback
from xlbench.runs.planned_cells import PlannedCell, Settings, State, base_cell, planned_cell
from xlbench.runs.slices import slices_of
from xlbench.runs.store import Store


@dataclass(frozen=True)
class Plan:
    """All cells of a run before any is computed."""

    cells: list[PlannedCell]
    absent: Mapping[str, tuple[str, ...]]
    """Task -> languages that it has and that have no data here, where no language was asked for."""
    why_absent: Mapping[str, str]
    """Task -> why the first of these languages is absent."""


def plan(
    models: Sequence[Model],
    tasks: Sequence[Task],
    data: Data,
    store: Store,
    settings: Settings,
    languages: Sequence[str] = (),
    provenance: Mapping[str, Any] | None = None,
    train_sizes: Sequence[int | None] = (),
) -> Plan:
    """Every cell of the models and tasks, with what is already known of it. Reads data and saved cells, loads no model.

    ``languages`` keeps the subsets that involve one of them.
    ``train_sizes`` makes curves of it, of the tasks that learn (see `xlbench.runs.slices.slices_of`).
    """
    of_task = {task.name: slices_of(task, data, languages, train_sizes) for task in tasks}
    cells = []
    for model in models:
        fingerprint, status, reason = identity_of(model)
        for task in tasks:
            base = base_cell(model.name, fingerprint, task, settings, provenance or {})
            if reason:
                failed = replace(base, subset=WHOLE_TASK, status=status, reason=reason)
                state: State = "skipped" if status == "skipped" else "error"
                cells.append(PlannedCell(model, task, Subset(WHOLE_TASK), failed, state))
            else:
                cells += [planned_cell(model, task, part, base, store) for part in of_task[task.name].slices]
    lacking = {name: its for name, its in of_task.items() if its.absent}
    return Plan(
        cells,
        {name: its.absent for name, its in lacking.items()},
        {name: its.why_absent for name, its in lacking.items()},
    )


def identity_of(model: Model) -> tuple[str, Status, str]:
    """The model's fingerprint, "ok" and ""; or "", the status of its cells and why there is no fingerprint.

    A model whose files are not at hand is skipped, like a task whose data is not.
    """
    try:
        return model.identity(), "ok", ""
    except KeyboardInterrupt:
        raise
    except DataMissing as error:
        return "", "skipped", reason_of(error)
    except XlbenchError as error:
        return "", "error", reason_of(error)
    except BaseException as error:  # noqa: BLE001 - a model is a plugin: its failure is its own
        log_traceback(f"the fingerprint of {model.name}")
        return "", "error", f"the model has no fingerprint: {reason_of(error)}"
