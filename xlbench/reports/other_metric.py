"""Saved cells by another metric than each task's main one, whose influences are computed from the saved items.

A cell saves what each item does to its main metric alone. What it does to another one follows from the items' columns,
with the metric's functions, which the installed task has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.ids import digest
from xlbench.core.record import Cell, Run, Score
from xlbench.core.text import did_you_mean
from xlbench.reports.selection import count_cells
from xlbench.runs.items import Influence, cluster_sums

if TYPE_CHECKING:
    from xlbench.core.task import Metric, Task
    from xlbench.runs.items import Items
    from xlbench.runs.store import Reader

TOLERANCE = 1e-9
"""Between a saved score and what its items give."""


@dataclass(frozen=True)
class ByMetric:
    """Runs by another metric."""

    runs: tuple[Run, ...]
    read: Callable[[Cell, Path], Influence]
    """The influence of one of their cells, whose run lies there."""
    left_out: tuple[str, ...]
    """What has no score by it: a line each kind."""


def by_metric(runs: Iterable[Run], name: str, tasks: Mapping[str, Task], reader: Reader) -> ByMetric:
    """The runs with cells whose main score is that of the metric ``name``.

    Tasks without it are left out, with their plans; of the others, cells without scores stay, as a board says why.

    Args:
        runs: Saved runs.
        name: Of the metric.
        tasks: The installed tasks, by name.
        reader: What read the runs.

    Raises:
        UsageError: No cell has a score by it, or none is better by it.
    """
    runs = tuple(runs)
    cells = [cell for run in runs for cell in run.cells]
    known = {score.metric for cell in cells for score in cell.scores}
    if name not in known:
        there = ", ".join(sorted(known))
        raise UsageError(f"no cell has a score by a metric {name!r}.{did_you_mean(name, known)} There are: {there}")
    if any(score.metric == name and score.direction != "higher" for cell in cells for score in cell.scores):
        raise UsageError(f"a board puts the best first, and of {name} neither more nor less is better: name another")
    having = {cell.task for cell in cells if _score(cell, name)}
    why_not = {id(cell): why for cell in cells if (why := _why_not(cell, name, having, tasks))}
    kept = tuple(
        replace(
            run,
            cells=tuple(_with_main(cell, name) for cell in run.cells if id(cell) not in why_not),
            plans={suite: {task: own for task, own in plan.items() if task in having}
                   for suite, plan in run.plans.items()},
        )
        for run in runs
    )  # fmt: skip

    def read(cell: Cell, folder: Path) -> Influence:
        """The influence by the metric: the saved one where it is the main one."""
        task = tasks.get(cell.task)
        if task is None or task.metrics[0].name == name:
            return reader.influence(cell, folder)
        (metric,) = (one for one in task.metrics if one.name == name)
        return _influence(cell, metric, reader.load_items(cell, folder))

    lines = {why: [cell for cell in cells if why_not.get(id(cell)) == why] for why in dict.fromkeys(why_not.values())}
    left_out = tuple(f"{why}: {count_cells(left)}" for why, left in lines.items())
    if not any(cell.scores for run in kept for cell in run.cells):
        raise UsageError(f"nothing is left of a board by {name}: {'; '.join(left_out)}")
    return ByMetric(kept, read, left_out)


def _score(cell: Cell, name: str) -> Score | None:
    return next((score for score in cell.scores if score.metric == name), None)


def _why_not(cell: Cell, name: str, having: Iterable[str], tasks: Mapping[str, Task]) -> str:
    """Why a cell cannot stand on a board by the metric, or the empty string."""
    if cell.task not in having or (cell.scores and not _score(cell, name)):
        return f"without a score by {name}"
    if not cell.scores or cell.scores[0].metric == name:
        return ""
    task = tasks.get(cell.task)
    if task is None or not any(metric.name == name for metric in task.metrics):
        return f"no installed task has the metric {name}"
    if task.identity() != cell.task_identity:
        return "the installed task has another version, or other settings"
    return "training sets (--ci-training) are known of main metrics alone" if cell.training else ""


def _with_main(cell: Cell, name: str) -> Cell:
    """The cell with the score by the metric as its main one."""
    score = _score(cell, name)
    if score is None or cell.scores[0] is score:
        return cell
    # The values by single seeds are those of the main metric: `_influence` puts this one's in their place. Until then
    # they say whether the interval holds seeds, and how these are called.
    seeds = (cell.seeds or {name: score.value or 0.0}) if score.seed_se else {}
    return replace(cell, scores=(score, *(one for one in cell.scores if one is not score)), seeds=seeds)


def _influence(cell: Cell, metric: Metric, items: Items) -> Influence:
    """The cluster sums of the metric, from the items' columns. `ResultsError` where these do not give the score."""
    import numpy as np

    from xlbench.stats import rows

    main = cell.main
    grouped = rows.group(rows.metric_rows(metric, items.columns))
    value = rows.value_of(metric, grouped.sums)
    if main is None or main.value is None or not abs(value - main.value) <= TOLERANCE * max(1.0, abs(value)):
        saved = None if main is None else main.value
        raise ResultsError(f"{cell.task} {cell.subset}: {metric.name} is saved as {saved}, and its items give {value}")
    psi = rows.influences(metric, items.columns, grouped) + rows.others(metric, items.columns, len(items.item_ids))
    seeds = rows.seed_values(metric, items.columns, value).tolist()
    pairs = sorted(zip(items.item_ids, items.cluster_ids, strict=True))
    content = digest(*(part for pair in pairs for part in pair))[:16]  # equal for all models, as a run calls them
    own = [f"{content} {place}" for place in range(len(seeds))]
    names = [*cell.seeds] if len(cell.seeds) == len(seeds) else own
    clusters, codes = np.unique(np.asarray(items.cluster_ids, dtype=object), return_inverse=True)
    return cluster_sums(replace(cell, seeds=dict(zip(names, seeds, strict=True))), clusters, codes, psi)
