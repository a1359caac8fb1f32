"""Turns figures in logs, with their per-item values, into cells of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.ids import digest
from xlbench.core.record import Cell, Run, Score
from xlbench.core.text import one_line
from xlbench.runs.items import Items

TOLERANCE = 1e-6
"""By how much a mean of items and the log's own figure may differ: sums are taken in another order."""
LONGEST_TEXT = 200
"""Characters of an item that are shown."""


@dataclass(frozen=True)
class LogFigure:
    """The mean of a metric over items, as a log reports it."""

    task: str
    subset: str
    """What the tool calls the figure: ``acc,none``, or the name of a scorer."""
    metric: str
    values: Mapping[str, float]
    """Item id -> its score."""
    clusters: Mapping[str, str]
    """Item id -> what it stands or falls with."""
    identity: str
    """Equal for figures that ask the same question of the same items."""
    prompts: str = ""
    """Identity of the prompts as they were sent; "" where the log does not say."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """Cluster -> a text to know it by."""


@dataclass(frozen=True)
class Log:
    """A log that was read: the run that it is of, and its items by task and subset."""

    run: Run
    items: Mapping[tuple[str, str], Items]
    texts: Mapping[str, str]
    """Cluster -> a text to know it by."""


def is_mean(values: Sequence[float], reported: float) -> bool:
    """Whether a reported figure is the mean of its items."""
    mean = math.fsum(values) / len(values)
    return math.isfinite(reported) and abs(mean - reported) <= TOLERANCE * max(1.0, abs(reported))


def check_mean(values: Sequence[float], reported: float, what: str) -> None:
    """`ResultsError` where the items have another mean than was reported: one of the two was changed or cut off."""
    if not is_mean(values, reported):
        mean = math.fsum(values) / len(values)
        raise ResultsError(
            f"{what} is {reported:.6g} by the log, and its {len(values):,} items have the mean {mean:.6g}: "
            f"items are missing or were changed, or it is no mean of them"
        )


def shown(text: str) -> str:
    """A text of an item as one line that is not too long."""
    line = one_line(text)
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def log_of(tool: str, model: str, where: str, figures: Sequence[LogFigure], notes: Sequence[str]) -> Log:
    """The figures of one model as a run.

    Args:
        tool: Names the area of all cells.
        model: As the log says.
        where: The file or folder, which tells apart runs of one model.
        figures: One or none of each task.
        notes: What was left out, a line each.

    Raises:
        UsageError: There is no figure.
    """
    if not figures:
        raise UsageError(f"{where} has no figure that can be compared: {'; '.join(notes) or 'it has no tasks'}")
    fingerprint = digest(tool, where)
    pairs = [_cell(tool, model, fingerprint, figure) for figure in figures]
    texts = {cluster: text for figure in figures for cluster, text in figure.texts.items()}
    run = Run(model, fingerprint, tuple(cell for cell, _ in pairs), details={"log_notes": tuple(notes)}, folder=where)
    return Log(run, {(cell.task, cell.subset): items for cell, items in pairs}, texts)


def _cell(tool: str, model: str, fingerprint: str, figure: LogFigure) -> tuple[Cell, Items]:
    ids = sorted(figure.values)
    values = np.array([figure.values[one] for one in ids])
    clusters = [figure.clusters[one] for one in ids]
    mean = math.fsum(values.tolist()) / len(values)
    score = Score(mean, n=len(ids), clusters=len({*clusters}), metric=figure.metric)
    content = digest(*(f"{one} {value!r}" for one, value in zip(ids, values.tolist(), strict=True)))
    cell = Cell(
        model, fingerprint, figure.task, tool, figure.subset, (), "ok", scores=(score,),
        facts={"prompts": figure.prompts} if figure.prompts else {},
        key=digest(figure.identity, content), data_fingerprint=digest(*ids), task_identity=figure.identity,
        items_file=f"{figure.task} {figure.subset}", items_digest=digest(figure.identity, content),
    )  # fmt: skip
    return cell, Items(ids, clusters, {figure.metric: values}, values - mean)
