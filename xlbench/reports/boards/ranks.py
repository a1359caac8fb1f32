"""Rank intervals of the models: overall, by area and by task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xlbench import stats
from xlbench.reports.boards.averages import Node, Tree
from xlbench.reports.boards.gather import ModelKey
from xlbench.stats.letters import letters


@dataclass(frozen=True)
class Rank:
    """A model's place by one average."""

    rank: int
    """1 + the number of models with a higher value."""
    low: int
    high: int
    """The ranks that the model may well have: a simultaneous interval over all models of this average."""
    tied_with_best: bool
    letters: str = ""
    """The groups of models that it cannot be told from: two models share a letter if they are not told apart."""

    @property
    def is_open(self) -> bool:
        """Whether the model may have several ranks."""
        return self.low < self.high


@dataclass(frozen=True)
class Ranked:
    """The ranks of all models, by every average that they have."""

    overall: Mapping[ModelKey, Rank]
    areas: Mapping[str, Mapping[ModelKey, Rank]]
    tasks: Mapping[str, Mapping[ModelKey, Rank]]


def ranked(trees: Mapping[ModelKey, Tree], level: float) -> Ranked:
    """Ranks by the overall, and within every area and every task; models without an average have none there."""

    known: dict[tuple[int, ...], dict[ModelKey, Rank]] = {}

    def within(nodes: Mapping[ModelKey, Node]) -> dict[ModelKey, Rank]:
        parts = {model: node.part for model, node in nodes.items() if node.part is not None}
        same = tuple(map(id, parts.values()))  # an average of one, an area of one task, is that one
        if same not in known:
            known[same] = _ranks(parts, level)
        return known[same]

    areas = dict.fromkeys(area for one in trees.values() for area in one.areas)
    tasks = dict.fromkeys(task for one in trees.values() for task in one.tasks)
    return Ranked(
        within({model: one.overall for model, one in trees.items()}),
        {area: within({model: one.areas[area] for model, one in trees.items()}) for area in areas},
        {task: within({model: one.tasks[task] for model, one in trees.items()}) for task in tasks},
    )


def _ranks(parts: Mapping[ModelKey, stats.Part], level: float) -> dict[ModelKey, Rank]:
    import numpy as np

    if not parts:
        return {}
    values = np.array([part.value for part in parts.values()])
    together = stats.combine(list(parts.values()))
    influences = np.zeros((len(parts), len(together.clusters)))
    for row, part in zip(influences, parts.values(), strict=True):
        # What a single cluster does not say about its error is unknown, and not 0.
        moved = part.influence if part.count > 1 else np.nan
        same = part.clusters is together.clusters
        row[slice(None) if same else np.searchsorted(together.clusters, part.clusters)] = moved
    found = stats.ranks(values, influences, level, together.connected, together.weight)
    above = (values[None, :] > values[:, None]).sum(axis=1)
    ties = letters(found.apart, above.tolist())
    return {
        model: Rank(1 + int(above[place]), int(found.low[place]), int(found.high[place]),
                    bool(found.tied_with_best[place]), ties[place])
        for place, model in enumerate(parts)
    }  # fmt: skip


def detectable(trees: Iterable[Tree], level: float) -> tuple[float, float] | None:
    """The smallest differences between the best model and the others that such a board shows four times in five, two
    models at a time: the least and the greatest of them. None where there are no two models with an overall."""
    parts = [one.overall.part for one in trees if one.overall.part is not None]
    best = max(parts, key=lambda part: part.value, default=None)
    if best is None:
        return None
    found = [stats.compare(best, part, level).detectable for part in parts if part is not best]
    known = [value for value in found if value]
    return (min(known), max(known)) if known else None
