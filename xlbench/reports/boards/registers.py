"""Averages by register (edited and unedited text), and their difference.

Areas have metrics of their own, so a difference is taken within an area, and over areas only where all have both
registers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xlbench.reports.boards import averages
from xlbench.reports.boards.averages import Entry, IntervalSettings, Node, Tree
from xlbench.reports.boards.gather import ModelKey, Table

REGISTERS = ("regularized", "unregularized")
"""In the order of the difference: the first less the second."""
DIFFERENCE = "difference"
BOTH = "areas with both"
"""What stands for an area where the averages are over all areas that have both registers."""


@dataclass(frozen=True)
class RegisterLine:
    """The main metric of an area's tasks of one register, or the difference of two: an entry a model, in the order of
    the board's rows."""

    area: str
    """An area, or `BOTH`."""
    register: str
    """One of `REGISTERS`, or `DIFFERENCE`."""
    tasks: tuple[str, ...]
    """What it is an average of; empty for a difference."""
    entries: tuple[Entry, ...]


def by_register(
    models: Sequence[ModelKey], trees: Mapping[ModelKey, Tree], table: Table, settings: IntervalSettings
) -> tuple[RegisterLine, ...]:
    """A line for every area and register, then the difference where the area has both; then the mean of these areas,
    where there are two or more. No lines where the tasks have fewer than two registers."""
    groups = {
        area: {register: own for register in REGISTERS if (own := _tasks(names, register, table))}
        for area, names in table.areas.items()
    }
    if len({register for found in groups.values() for register in found}) < len(REGISTERS):
        return ()
    lines = [line for area in groups for line in _area(area, groups[area], models, trees, table, settings)]
    both = {area: found for area, found in groups.items() if len(found) == len(REGISTERS)}
    if len(both) > 1:
        lines += _over_areas(both, models, trees, table, settings)
    return tuple(lines)


def _tasks(names: Sequence[str], register: str, table: Table) -> tuple[str, ...]:
    return tuple(task for task in names if table.registers.get(task) == register)


def _area(
    area: str,
    tasks: Mapping[str, tuple[str, ...]],
    models: Sequence[ModelKey],
    trees: Mapping[ModelKey, Tree],
    table: Table,
    settings: IntervalSettings,
) -> Iterator[RegisterLine]:
    nodes = {
        register: [_node(area, register, own, trees[model], table, settings) for model in models]
        for register, own in tasks.items()
    }
    yield from _lines(area, tasks, nodes, table, settings)


def _over_areas(
    groups: Mapping[str, Mapping[str, tuple[str, ...]]],
    models: Sequence[ModelKey],
    trees: Mapping[ModelKey, Tree],
    table: Table,
    settings: IntervalSettings,
) -> Iterator[RegisterLine]:
    def node(model: ModelKey, register: str) -> Node:
        parts = [_node(area, register, own[register], trees[model], table, settings) for area, own in groups.items()]
        return averages.average(parts, table, f"{BOTH} {register}", settings)

    tasks = {register: tuple(task for own in groups.values() for task in own[register]) for register in REGISTERS}
    nodes = {register: [node(model, register) for model in models] for register in REGISTERS}
    yield from _lines(BOTH, tasks, nodes, table, settings)


def _node(area: str, register: str, tasks: Sequence[str], tree: Tree, table: Table, settings: IntervalSettings) -> Node:
    return averages.over_tasks(tasks, tree.tasks, table, f"area {area} {register}", settings)


def _lines(
    area: str,
    tasks: Mapping[str, tuple[str, ...]],
    nodes: Mapping[str, Sequence[Node]],
    table: Table,
    settings: IntervalSettings,
) -> Iterator[RegisterLine]:
    """A line a register, and their difference where there are two."""
    for register, found in nodes.items():
        yield RegisterLine(area, register, tasks[register], tuple(node.entry for node in found))
    if len(nodes) == len(REGISTERS):
        content = f"{area} {DIFFERENCE}"
        pairs = zip(nodes[REGISTERS[0]], nodes[REGISTERS[1]], strict=True)
        entries = (averages.difference(one, other, table, content, settings).entry for one, other in pairs)
        yield RegisterLine(area, DIFFERENCE, (), tuple(entries))
