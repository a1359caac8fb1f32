"""Averages by language: all that the tasks say about one, weighed as the overall is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from xlbench import stats
from xlbench.core.record import Cell
from xlbench.reports.boards.averages import (
    Entry,
    Held,
    IntervalSettings,
    Node,
    Tree,
    estimate_of,
)
from xlbench.reports.boards.gather import ModelKey, Place, Table
from xlbench.reports.language_sample import tested_languages

TaskSubset = tuple[str, str]


@dataclass(frozen=True)
class LanguageLine:
    """The mean of all tasks of one language: an entry a model, in the order of the board's rows."""

    language: str
    tasks: tuple[str, ...]
    subsets: int
    """How many subsets the tasks have of it."""
    chance: float | None
    """What guessing scores, weighed in the same way; where that depends on the model, the least of every subset."""
    entries: tuple[Entry, ...]


def places_of_languages(table: Table) -> dict[str, list[TaskSubset]]:
    """Language -> the subsets that say something about it, of those that averages count; languages by their codes."""
    found: dict[str, list[TaskSubset]] = {}
    for (task, subset), cell in cells_of_subsets(table).items():
        for language in tested_languages(subset, cell.languages):
            found.setdefault(language, []).append((task, subset))
    return {language: found[language] for language in sorted(found)}


def cells_of_subsets(table: Table) -> dict[TaskSubset, Cell]:
    """A cell of every subset that averages count and some model has a cell of: what it says of its languages."""
    counted = {(task, subset) for task in table.plan for subset in table.counted(task)}
    return {place[1:]: table.cells[place] for place in sorted(table.cells, reverse=True) if place[1:] in counted}


def weights_of(places: Iterable[TaskSubset], table: Table) -> dict[TaskSubset, float]:
    """What each subset weighs in their mean: subsets of a task, tasks of an area, and areas alike."""
    by_task: dict[str, list[TaskSubset]] = {}
    for place in places:
        by_task.setdefault(place[0], []).append(place)
    by_area = [own for tasks in table.areas.values() if (own := [by_task[task] for task in tasks if task in by_task])]
    return {
        place: 1 / len(by_area) / len(tasks) / len(subsets)
        for tasks in by_area
        for subsets in tasks
        for place in subsets
    }


def language_nodes(
    models: Sequence[ModelKey], trees: Mapping[ModelKey, Tree], table: Table, settings: IntervalSettings
) -> dict[str, tuple[Node, ...]]:
    """The mean over the subsets of every language, a node a model."""
    found = {}
    for language, places in places_of_languages(table).items():
        weights = weights_of(places, table)
        found[language] = tuple(_node(language, weights, trees[model], settings) for model in models)
    return found


def by_language(nodes: Mapping[str, Sequence[Node]], table: Table) -> tuple[LanguageLine, ...]:
    """A line a language, for all models."""
    lines = []
    places = places_of_languages(table)
    for language, own in nodes.items():
        weights = weights_of(places[language], table)
        tasks = tuple(dict.fromkeys(task for task, _ in weights))
        entries = tuple(node.entry for node in own)
        lines.append(LanguageLine(language, tasks, len(weights), _chance(weights, table), entries))
    return tuple(lines)


def _node(
    language: str,
    weights: Mapping[TaskSubset, float],
    tree: Tree,
    settings: IntervalSettings,
) -> Node:
    """One model's mean over the subsets of a language; missing where one of them is."""
    nodes = [tree.leaves[place] for place in weights]
    if len(nodes) == 1:
        return nodes[0]
    places: tuple[Place, ...] = tuple(place for node in nodes for place in node.places)
    count = sum(node.part is None for node in nodes)
    if count:
        reason = (
            f"no average, as {count} of {len(nodes)} subsets of the language {'has' if count == 1 else 'have'} no score"
        )
        return Node(None, Entry(reason=reason), places)
    part = _combined(weights, tree, settings.combiner)
    held = Held.together(node.held for node in nodes)
    return Node(part, estimate_of(part, held.bounds, f"language {language}", settings, held.covers), places, held)


def _combined(weights: Mapping[TaskSubset, float], tree: Tree, combiner: stats.Combiner) -> stats.Part:
    """Leaves as one part: first those of a task, which mostly share their clusters, then tasks, which is faster."""
    by_task: dict[str, dict[TaskSubset, float]] = {}
    for place, weight in weights.items():
        by_task.setdefault(place[0], {})[place] = weight
    parts = []
    for own in by_task.values():
        found = [part for place in own if (part := tree.leaves[place].part) is not None]
        parts.append(combiner.combine(found, [*own.values()]))
    return combiner.combine(parts, [1.0] * len(parts))


def _chance(weights: Mapping[TaskSubset, float], table: Table) -> float | None:
    """The chance level of a language, where all its subsets have one."""
    total = 0.0
    for (task, subset), weight in weights.items():
        mains = [score for model in table.models if (score := table.score((model, task, subset)))]
        chances = [main.chance for main in mains if main.chance is not None]
        if not chances:
            return None
        total += weight * min(chances)
    return total
