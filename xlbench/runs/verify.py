"""Verifies saved runs: recomputes scores from saved items, and checks areas, registers and manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell, Run, Score, cell_key
from xlbench.core.task import Metric, Task
from xlbench.runs.failures import MODEL_FAILED
from xlbench.runs.items import Items
from xlbench.runs.planned_cells import ROW_VERSION
from xlbench.runs.store import Reader

TOLERANCE = 1e-9
"""Between a saved value and the same computed again, of numbers of size 1."""

Verdict = Literal["agrees", "differs", "unknown"]


@dataclass(frozen=True)
class CheckedCell:
    """One cell, checked."""

    model: str
    task: str
    subset: str
    verdict: Verdict
    reason: str = ""
    """What differs, or why nothing could be computed."""


def verify(runs: Iterable[Run], tasks: Mapping[str, Task], reader: Reader | None = None) -> Iterator[CheckedCell]:
    """Check every cell: its values, counts of items and counts of clusters, and its area and register.

    Intervals are not computed again, nor is a failure: that needs the model and the data. A cell without scores is
    "unknown", as is all that cannot be computed, which is no agreement; it "differs" where its area is not the task's,
    where it has no reason or another one than its run's manifest, and where its file is gone. Files that were refused
    are among the runs' ``troubles``, and not here.

    Args:
        runs: Saved runs, as `find_runs` gives them.
        tasks: The tasks to check with, by name.
        reader: What found the runs, so that packs are opened once; None: they are opened anew.
    """
    reader = reader or Reader(indexed=False)
    for run in runs:
        for cell in run.cells:
            if cell.key or not any(trouble in cell.reason for trouble in run.troubles):
                verdict, reason = _check_cell(cell, tasks.get(cell.task), reader, run)
                yield CheckedCell(cell.model, cell.task, cell.subset, verdict, reason)


def _check_cell(cell: Cell, task: Task | None, reader: Reader, run: Run) -> tuple[Verdict, str]:
    """The verdict on one cell, and the reason for it."""
    if not cell.key:  # it stands for a file that is gone
        return "differs", cell.reason
    if wrong := "; ".join(_contradictions(cell, run)):
        return "differs", wrong
    if task is None:
        return "unknown", "no plugin offers this task (a card of one's own is given with --task)"
    key = cell_key(ROW_VERSION, cell.fingerprint, task.identity(), cell.subset, cell.data_fingerprint, cell.ci_training)
    if key != cell.key:
        return "unknown", "the task has another version, other settings or other metrics here"
    try:
        problems = [*_labels_differ(cell, task)]
        if cell.status == "ok":
            problems += _differences(cell, task, reader.load_items(cell, Path(run.folder)))
    except (ResultsError, UsageError) as error:
        return "differs", str(error)
    if problems:
        return "differs", "; ".join(problems[:3])
    return ("agrees", "") if cell.status == "ok" else ("unknown", f"it has no scores ({cell.status}): {cell.reason}")


def _contradictions(cell: Cell, run: Run) -> Iterator[str]:
    """What no run can have saved of a cell's reason."""
    if cell.status == "ok":
        if cell.reason:
            yield f"it has scores, and a reason for having none: {cell.reason}"
    elif not cell.reason.strip():
        yield f"it has no scores ({cell.status}), and no reason for that"
    elif run.failure and MODEL_FAILED in cell.provenance and run.failure not in cell.reason:
        yield f"its reason is {cell.reason!r}, and the run's manifest says {run.failure!r}"


def _labels_differ(cell: Cell, task: Task) -> Iterator[str]:
    """Where a board would show a cell elsewhere than its task belongs."""
    for what, saved, own in (("area", cell.area, task.area), ("register", cell.register, task.register)):
        if saved != own:
            yield f"the {what} is saved as {saved!r}, and the task's is {own!r}"


def _differences(cell: Cell, task: Task, items: Items) -> Iterator[str]:
    """Every way in which saved scores are not those of the saved items."""
    metrics = {metric.name: metric for metric in task.metrics}
    if [score.metric for score in cell.scores] != list(metrics):
        yield "the scores are not those of the task's metrics"
        return
    n, clusters = len(items.item_ids), len(set(items.cluster_ids))
    for score in cell.scores:
        if (score.n, score.clusters) != (n, clusters):
            yield f"{score.metric} says {score.n} items in {score.clusters} clusters, and there are {n} in {clusters}"
        yield from _value_differs(score, metrics[score.metric], items)


def _value_differs(score: Score, metric: Metric, items: Items) -> Iterator[str]:
    import math

    from xlbench.stats import rows

    grouped = rows.group(rows.metric_rows(metric, items.columns))
    value = rows.value_of(metric, grouped.sums)
    if score.value is None and not math.isfinite(value):
        return
    if score.value is None or not abs(value - score.value) <= TOLERANCE * max(1.0, abs(value)):
        yield f"{score.metric} is saved as {score.value}, and its items give {value}"
