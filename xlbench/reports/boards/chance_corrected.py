"""The chance level of averages, and the overall with every task corrected for its own chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from operator import mul

from xlbench.reports.boards.averages import (
    OVERALL,
    Entry,
    Held,
    IntervalSettings,
    Tree,
    estimate_of,
    first_texts,
)
from xlbench.reports.boards.gather import ModelKey, Table

MOST = 1 - 1e-9
"""From this chance on nothing is left above it."""


@dataclass(frozen=True)
class Chances:
    """What guessing scores, task by task, and which tasks nobody knows it of."""

    by_model: Mapping[ModelKey, Mapping[str, float]]
    """The model's own, where its overall is known: a mean over the task's subsets."""
    without: tuple[str, ...]
    """The tasks without a chance level: those where it is not known for some subset of some model that has a score."""

    @classmethod
    def of(cls, table: Table) -> Chances:
        """From the cells that count."""
        found: dict[ModelKey, dict[str, float]] = {model: {} for model in table.models}
        without: dict[str, None] = {}
        for task in filter(table.counted, table.plan):
            for model in table.models:
                mains = [table.score((model, task, subset)) for subset in table.counted(task)]
                values = [main.chance for main in mains if main is not None]
                known = [value for value in values if value is not None and value < MOST]
                if len(known) < len(values):
                    without[task] = None
                elif known and len(known) == len(mains):
                    weights = table.weights_of(task)
                    found[model][task] = fsum(map(mul, weights, known))
        return cls(found, tuple(without))


def average_chances(table: Table, chance: Callable[[str], float | None]) -> dict[str, float | None]:
    """The chance of every area, and of the overall under `OVERALL`, weighed as the averages of scores are.

    None where a task that counts has no ``chance``.
    """
    found: dict[str, float | None] = {}
    for area, tasks in table.areas.items():
        counted = [task for task in tasks if table.counted(task)]
        found[area] = _mean([chance(task) for task in counted or tasks])
    counted_areas = [area for area, tasks in table.areas.items() if any(map(table.counted, tasks))]
    return found | {OVERALL: _mean([found[area] for area in counted_areas or table.areas])}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known and len(known) == len(values) else None


def weights(table: Table, without: Iterable[str] = ()) -> dict[str, float]:
    """How much every task that counts weighs in the overall, where the tasks ``without`` are left out."""
    lacking = set(without)
    kept = {area: [task for task in tasks if table.counted(task) and task not in lacking]
            for area, tasks in table.areas.items()}  # fmt: skip
    kept = {area: tasks for area, tasks in kept.items() if tasks}
    return {task: 1 / len(kept) / len(tasks) for tasks in kept.values() for task in tasks}


def corrected_overall(
    tree: Tree, chances: Mapping[str, float], without: Sequence[str], table: Table, settings: IntervalSettings
) -> Entry:
    """The overall of (score - chance) / (1 - chance), task by task: 0 is what guessing scores, 1 is the most.

    It is linear in the scores, so its interval follows from the same influences, each divided by 1 - chance. Tasks
    ``without`` a chance level are left out, for all models alike, and a note says so.
    """
    if tree.overall.part is None:
        return Entry(reason=tree.overall.entry.reason)
    weighed = weights(table, without)
    if not weighed:
        return Entry(reason="no task has a chance level")
    scale = {task: weight / (1 - chances[task]) for task, weight in weighed.items()}
    shift = fsum(scale[task] * chances[task] for task in weighed)
    nodes = [tree.tasks[task] for task in weighed]
    held = Held.together(node.held for node in nodes)
    if len(nodes) == 1:
        entry = _rescale(nodes[0].entry, next(iter(scale.values())), shift)
    else:
        part = settings.combiner.combine([node.part for node in nodes if node.part is not None], [*scale.values()])
        low, high = held.bounds
        total = fsum(scale.values())
        ends = low * total - shift, high * total - shift
        entry = estimate_of(
            replace(part, value=part.value - shift), ends, f"{OVERALL} corrected", settings, held.covers
        )
    return replace(entry, notes=(*entry.notes, *_notes(without, table)), covers=held.covers)


def _rescale(entry: Entry, scale: float, shift: float) -> Entry:
    """The entry of scale * value - shift."""
    value, low, high = (None if end is None else end * scale - shift for end in (entry.value, entry.low, entry.high))
    return replace(entry, value=value, low=low, high=high, se=None if entry.se is None else entry.se * scale)


def _notes(without: Sequence[str], table: Table) -> list[str]:
    """What the corrected overall leaves out."""
    tasks = sum(bool(table.counted(task)) for task in table.plan)
    of = f"{len(without)} of {tasks} tasks, which {'has' if len(without) == 1 else 'have'} no chance level"
    return [f"without {of}: {first_texts(without)}"] if without else []
