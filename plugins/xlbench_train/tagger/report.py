"""The scores of a trained tagger on the test sentences of its languages, by the scheme ``tagger:`` as any run has
them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from xlbench import Cell, Data, EncoderError, Subset, Task, run
from xlbench_train.tagger.data import Source
from xlbench_train.tagger.settings import Settings
from xlbench_train.training.bases import path_spec


@dataclass(frozen=True)
class Row:
    """A score of the test sentences of one language."""

    name: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    support: int | None
    """Entities of the type, or of all types."""
    seen: int
    """Test sentences that were trained on."""


def score(settings: Settings, sources: Sequence[Source], data: Path | None, folder: Path) -> list[Row]:
    """Score the model in ``settings.out``; the results are kept in ``folder``.

    Raises:
        EncoderError: It cannot be scored.
    """
    tasks: list[str | Task] = []
    for task in dict.fromkeys(source.task.name for source in sources):
        own = [source for source in sources if source.task.name == task]
        subsets = tuple(source.subset for source in own)
        tasks.append(replace(own[0].task, subsets=partial(_given, subsets), download=None))
    device = "cpu" if settings.device == "auto" else settings.device
    spec = f"tagger:{path_spec(settings.out.resolve())}?name=tagger&device={device}"
    (found,) = run([spec], tasks, data=data, results=folder / "results", cache=False, fail_fast=True)
    rows: list[Row] = []
    for cell in found.cells:
        if cell.status != "ok":
            raise EncoderError(f"the test sentences cannot be scored ({cell.task} {cell.subset}): {cell.reason}")
        rows += _rows(cell)
    return rows


def _given(subsets: tuple[Subset, ...], _: Data) -> tuple[Subset, ...]:
    return subsets


def _rows(cell: Cell) -> list[Row]:
    supports = {name[len("support:") :]: int(n) for name, n in cell.facts.items() if name.startswith("support:")}
    found = []
    for one in cell.scores:
        support = supports.get(one.metric.removeprefix("f1:")) if one.metric.startswith("f1:") else None
        if one.metric == "entity_f1":
            support = sum(supports.values())
        if one.metric in ("entity_f1", "precision", "recall") or one.metric.startswith("f1:"):
            seen = int(cell.facts.get("items_trained_on", 0))
            found.append(
                Row(f"{cell.task} {cell.subset}", one.metric, one.value, one.low, one.high, one.n, support, seen)
            )
    return found


def figure(row: Row) -> str:
    """A score with its interval."""
    if row.value is None:
        return "-"
    ends = f" [{row.low:.3f}, {row.high:.3f}]" if row.low is not None and row.high is not None else ""
    return f"{row.value:.3f}{ends}"


def lines(rows: Sequence[Row]) -> list[str]:
    """The main scores, a line a language."""
    return [
        f"{row.name}: entity F1 {figure(row)} on {row.n:,} test sentences"
        + (f", of which {row.seen:,} were trained on" if row.seen else "")
        for row in rows
        if row.metric == "entity_f1"
    ]
