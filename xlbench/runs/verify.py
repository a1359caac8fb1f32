"""Scores of saved runs computed again from their saved items, with the metrics of the installed tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.ids import digest
from xlbench.core.record import Cell, Run, Score
from xlbench.core.task import Metric, Task
from xlbench.runs.items import Items
from xlbench.runs.plan import ROW_VERSION
from xlbench.runs.store import Store

TOLERANCE = 1e-9
"""Between a saved value and the same computed again, of numbers of size 1."""

Verdict = Literal["agrees", "differs", "unknown"]


@dataclass(frozen=True)
class Checked:
    """One cell with scores, computed again."""

    model: str
    task: str
    subset: str
    verdict: Verdict
    reason: str = ""
    """What differs, or why nothing could be computed."""


def verify(runs: Iterable[Run], tasks: Mapping[str, Task]) -> Iterator[Checked]:
    """Check every cell with scores: its values, counts of items and counts of clusters.

    Intervals are not computed again. What cannot be computed is "unknown", which is no agreement.

    Args:
        runs: Saved runs, as `find_runs` gives them.
        tasks: The tasks that are installed, by name.
    """
    for run in runs:
        store = Store(Path(run.folder).parent)
        for cell in run.cells:
            if cell.status == "ok":
                verdict, reason = _checked(cell, tasks.get(cell.task), store, Path(run.folder))
                yield Checked(cell.model, cell.task, cell.subset, verdict, reason)


def _checked(cell: Cell, task: Task | None, store: Store, folder: Path) -> tuple[Verdict, str]:
    """The verdict on one cell, and the reason for it."""
    if task is None:
        return "unknown", "no plugin offers this task"
    key = digest(str(ROW_VERSION), cell.fingerprint, task.identity(), cell.subset, cell.data_fingerprint)
    if key != cell.key:
        return "unknown", "the installed task has another version, other settings or other metrics"
    try:
        items = store.load_items(cell, folder)
        problems = list(_differences(cell, task, items))
    except (ResultsError, UsageError) as error:
        return "differs", str(error)
    return ("differs", "; ".join(problems[:3])) if problems else ("agrees", "")


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
