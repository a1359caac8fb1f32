"""Averages over languages in place of items: what another sample of languages would have given (`language_sample`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xlbench import stats
from xlbench.core.record import WHOLE_TASK
from xlbench.reports.boards import averages
from xlbench.reports.boards.averages import Entry, IntervalSettings, Node, Tree
from xlbench.reports.boards.gather import ModelKey, Table
from xlbench.reports.boards.languages import cells_of_subsets
from xlbench.reports.language_sample import TaskLanguages, influences, sampled, weights

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board

LANGUAGES = "languages"
"""What an interval over languages holds (`Entry.covers`)."""


@dataclass(frozen=True)
class Sample:
    """The languages of a board as a sample."""

    tasks: Mapping[str, TaskLanguages]
    without: frozenset[tuple[str, str]]
    """(task, subset) that are about no language of the sample, and are left out."""
    not_run: Mapping[str, tuple[str, ...]]
    """Task -> subsets that count and of which no model has a cell: of what languages they are, nobody knows."""

    @classmethod
    def of(cls, table: Table) -> Sample:
        """The languages of all subsets that averages count.

        Raises:
            UsageError: There are fewer than three.
        """
        about: dict[str, dict[str, tuple[str, ...]]] = {}
        for (task, subset), cell in sorted(cells_of_subsets(table).items()):
            about.setdefault(task, {})[subset] = cell.languages
        tasks = sampled(about, "this board has")
        not_run = {
            task: missed
            for task in table.plan
            if (missed := tuple(subset for subset in table.counted(task) if subset not in about.get(task, {})))
        }
        without = {
            (task, subset)
            for task, subsets in about.items()
            for subset in subsets
            if task not in tasks or subset not in tasks[task].subsets
        }
        return cls(tasks, frozenset(without), not_run)


def over_languages(
    trees: Mapping[ModelKey, Tree], table: Table, settings: IntervalSettings
) -> tuple[Table, dict[ModelKey, Tree]]:
    """The averages of all models over languages, and the table whose subsets weigh as these do; leaves stay.

    Raises:
        UsageError: There are fewer than three languages.
    """
    sample = Sample.of(table)
    shares = {(task, subset): share for task, known in sample.tasks.items() for subset, share in weights(known).items()}
    table = replace(table, left_out=table.left_out | sample.without, weights=shares)
    return table, {model: _tree(one, sample, table, settings) for model, one in trees.items()}


def retold(board: Board) -> Board:
    """A board of averages over languages that says so in every number."""
    rows = tuple(replace(row, corrected=_said(row.corrected)) for row in board.rows)
    lines = tuple(replace(line, entries=tuple(map(_said, line.entries))) for line in board.registers)
    return replace(board, rows=rows, registers=lines, over=LANGUAGES)


def _said(entry: Entry) -> Entry:
    return replace(entry, covers=LANGUAGES) if entry.has_interval else entry


def _tree(tree: Tree, sample: Sample, table: Table, settings: IntervalSettings) -> Tree:
    tasks = {task: _task(tree, task, sample) for task in table.plan}
    shown = {
        area: [tasks[name] for name in names if name in sample.tasks or name in sample.not_run]
        for area, names in table.areas.items()
    }
    areas = {area: _mean(nodes, f"area {area}", settings) for area, nodes in shown.items()}
    homeless = [tasks[name] for name in sample.not_run if not any(name in names for names in table.areas.values())]
    counted = [*(areas[area] for area, nodes in shown.items() if nodes), *homeless]
    tasks = {task: _shown(node, f"task {task}", settings) for task, node in tasks.items()}
    return Tree(_mean(counted, averages.OVERALL, settings), areas, tasks, tree.leaves)


def _task(tree: Tree, task: str, sample: Sample) -> Node:
    """A task's mean over languages as a part whose clusters are languages."""
    import numpy as np

    known, not_run = sample.tasks.get(task), sample.not_run.get(task, ())
    if not_run:
        return Node(None, _lacking(task, not_run), tuple(tree.leaves[task, subset].places[0] for subset in not_run))
    if known is None:
        return Node(None, Entry(reason="none of its subsets is about one language or two"), ())
    leaves = [tree.leaves[task, subset] for subset in known.subsets]
    places = tuple(place for leaf in leaves for place in leaf.places)
    lacking = [subset for subset, leaf in zip(known.subsets, leaves, strict=True) if leaf.part is None]
    parts = [leaf.part for leaf in leaves if leaf.part is not None]
    if lacking:
        return Node(None, _lacking(task, lacking), places)
    value, moved = influences(known, np.array([part.value for part in parts]))
    shares = weights(known)
    bias = sum(shares[subset] * part.bias for subset, part in zip(known.subsets, parts, strict=True))
    part = stats.Part(value, known.codes, moved, sum(part.n for part in parts), bias=bias)
    return Node(part, Entry(), places, averages.Held.together(leaf.held for leaf in leaves))


def _lacking(task: str, subsets: Sequence[str]) -> Entry:
    has = "has" if len(subsets) == 1 else "have"
    named = task if [*subsets] == [WHOLE_TASK] else f"{averages.first_texts(subsets)} of {task}"
    return Entry(reason=f"no average, as {named} {has} no score")


def _mean(nodes: Sequence[Node], content: str, settings: IntervalSettings) -> Node:
    """The mean of parts, which share languages."""
    places = tuple(place for node in nodes for place in node.places)
    parts = [node.part for node in nodes if node.part is not None]
    if not nodes:
        return Node(None, Entry(reason="none of its subsets is about one language or two"), places)
    if len(parts) < len(nodes):
        reasons = dict.fromkeys(node.entry.reason for node in nodes if node.part is None)
        return Node(None, Entry(reason=averages.first_texts(list(reasons), "; ")), places)
    part = settings.combiner.combine(parts) if len(parts) > 1 else parts[0]
    held = averages.Held.together(node.held for node in nodes)
    return _shown(Node(part, Entry(), places, held), content, settings)


def _shown(node: Node, content: str, settings: IntervalSettings) -> Node:
    """The node with its interval."""
    if node.part is None:
        return node
    return replace(node, entry=averages.estimate_of(node.part, node.held.bounds, content, settings, LANGUAGES))
