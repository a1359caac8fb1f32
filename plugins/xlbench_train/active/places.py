"""Where strategies are compared: subsets of tasks, each with a pool of texts to label and a test to score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench import Catalog, Data, DataError, DataMissing, Subset, Task, UsageError
from xlbench.core.text import did_you_mean
from xlbench_tasks.protocols import found_labels
from xlbench_tasks.protocols.active.pool import Pool
from xlbench_tasks.protocols.transfer import Fold, SubsetRecords


@dataclass(frozen=True, eq=False)
class Place:
    """One subset of a task."""

    task: Task
    subset: Subset
    parts: SubsetRecords
    labels: tuple[str, ...]
    folds: tuple[Fold, ...]
    pools: tuple[Pool, ...]
    """One a fold; without folds, one."""

    @property
    def name(self) -> str:
        """Task and subset."""
        return f"{self.task.name} {self.subset.name}"

    @property
    def items(self) -> int:
        """How many items the largest pool has."""
        return max(len(pool.texts) for pool in self.pools)


def find_places(given: Sequence[str], catalog: Catalog, data: Path | None) -> list[Place]:
    """The places that are asked for.

    Args:
        given: ``NAME``, a task with all of its subsets at hand, or ``NAME:SUBSET,SUBSET``.
        catalog: Where tasks are looked up; a path of a card of one's own is fine, too.
        data: The data root.

    Raises:
        UsageError: There is no such task or subset, or it has no pool of labeled texts.
        DataMissing: Its data is not at hand.
        DataError: Its data is damaged, or nothing can be learned from it.
    """
    found: dict[tuple[str, str], Place] = {}
    for text in given:
        name, wanted = _split(text)
        (task,) = catalog.select_tasks([name])
        for subset in _subsets(task, wanted, Data(root=data), text):
            found.setdefault((task.name, subset.name), _place(task, subset, text))
    return [*found.values()]


def _split(text: str) -> tuple[str, list[str]]:
    """A task, and the subsets that are named behind a colon; a path may hold a colon of its own."""
    name, colon, names = text.rpartition(":")
    if not colon or "/" in names or "\\" in names:
        return text, []
    return name, [one.strip() for one in names.split(",") if one.strip()]


def _subsets(task: Task, wanted: Sequence[str], data: Data, text: str) -> list[Subset]:
    there = {subset.name: subset for subset in task.subsets(data)}
    for name in wanted:
        if name not in there:
            guess = did_you_mean(name, there) or f" It has {', '.join([*there][:6])}."
            raise UsageError(f"--task {text}: {task.name} has no subset {name!r}.{guess}")
    chosen = [there[name] for name in wanted] or [one for one in there.values() if not one.missing]
    if not chosen:
        first = next(iter(there.values()), None)
        raise DataMissing(f"--task {text}: {first.missing if first else 'it has no subsets'}")
    return chosen


def _place(task: Task, subset: Subset, text: str) -> Place:
    if subset.damaged:
        raise DataError(subset.damaged)
    if subset.missing or subset.load is None:
        raise DataMissing(f"--task {text}: {subset.name}: {subset.missing or 'there is nothing to load'}")
    parts = subset.load()
    if not isinstance(parts, SubsetRecords) or "label" not in parts.test.fields:
        raise UsageError(
            f"--task {text}: {task.name} has no training split of texts with a label each: take a task of protocol "
            f"classification or label-budget"
        )
    labels = found_labels.labels_in(parts)
    folds = parts.folds()
    return Place(task, subset, parts, labels, folds, tuple(Pool.of(fold.parts, labels) for fold in folds))
