"""Averages over languages in place of items: what another sample of languages would have given.

Each language is one observation, as each item is otherwise. Its influence is what leaving it out does, with all
subsets that are about it: (L - 1)(theta - theta_without_l) / L, theta being the mean over languages. Where every subset
is of one language this is Student's t over language means. A pair is about both its languages, so that the means of
languages share pairs: their spread alone makes intervals half as wide as they must be, which cover 67 to 70%. Those
that leave a language out with all its pairs cover 95 to 96% (simulated: 5, 10 and 30 languages, all pairs of them).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xlbench import stats
from xlbench.core.errors import UsageError
from xlbench.reports.boards import averages
from xlbench.reports.boards.averages import Entry, IntervalSettings, Node, Tree
from xlbench.reports.boards.gather import ModelKey, Table
from xlbench.reports.boards.languages import cells_of_subsets, tested_languages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xlbench.reports.boards.board import Board

LANGUAGES = "languages"
"""What an interval over languages holds (`Entry.covers`)."""
FEWEST = 3
"""Languages without which nothing can be said about languages in general."""


@dataclass(frozen=True)
class TaskLanguages:
    """Which subsets of a task are about which languages."""

    subsets: tuple[str, ...]
    """Those that count; not those over more than two languages, nor those about the pivot alone."""
    languages: tuple[str, ...]
    members: NDArray[np.float64]
    """(P, L) 1 where a subset is about a language."""
    codes: NDArray[np.intp]
    """(L,) numbers of the languages, the same in every task."""


@dataclass(frozen=True)
class Sample:
    """The languages of a board as a sample."""

    tasks: Mapping[str, TaskLanguages]
    without: frozenset[tuple[str, str]]
    """(task, subset) that are about no language of the sample, and are left out."""

    @classmethod
    def of(cls, table: Table) -> Sample:
        """The languages of all subsets that averages count.

        Raises:
            UsageError: There are fewer than three.
        """
        import numpy as np

        about = _about(table)
        names = sorted({language for subsets in about.values() for own in subsets.values() for language in own})
        if len(names) < FEWEST:
            raise UsageError(f"languages in general need {FEWEST} languages at least, and this board has {len(names)}")
        number = {name: code for code, name in enumerate(names)}
        tasks: dict[str, TaskLanguages] = {}
        without: set[tuple[str, str]] = set()
        for task in table.plan:
            kept = {subset: own for subset, own in about.get(task, {}).items() if own}
            without |= {(task, subset) for subset in table.counted(task) if subset not in kept}
            own = sorted({language for languages in kept.values() for language in languages})
            members = np.array([[float(language in languages) for language in own] for languages in kept.values()])
            codes = np.array([number[language] for language in own], dtype=np.intp)
            if kept:
                tasks[task] = TaskLanguages(tuple(kept), tuple(own), members, codes)
        return cls(tasks, frozenset(without))


def _about(table: Table) -> dict[str, dict[str, tuple[str, ...]]]:
    """Task -> subset -> the languages that it is about. A language that all subsets of a task share, the pivot of its
    pairs, is no sample there."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for (task, subset), cell in sorted(cells_of_subsets(table).items()):
        found.setdefault(task, {})[subset] = tested_languages(subset, cell.languages)
    for subsets in found.values():
        known = [set(languages) for languages in subsets.values() if languages]
        pivots = set.intersection(*known) if len(known) > 1 else set()
        for subset, languages in subsets.items():
            subsets[subset] = tuple(language for language in languages if language not in pivots)
    return found


def weights(task: TaskLanguages) -> dict[str, float]:
    """What each subset weighs in the mean over the languages of a task, each language as much."""
    shares = task.members / task.members.sum(axis=0)
    return dict(zip(task.subsets, (shares.sum(axis=1) / len(task.languages)).tolist(), strict=True))


def influences(task: TaskLanguages, values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """The mean over languages of the means of their subsets, and by how much each language (L,) moves it.

    Args:
        task: The subsets and their languages.
        values: (P,) scores of the subsets.
    """
    import numpy as np

    members = task.members
    sums, counts = values @ members, members.sum(axis=0)
    # What is left of each language (rows) without the subsets of another one (columns).
    kept_sums = sums[:, None] - members.T @ (values[:, None] * members)
    kept_counts = counts[:, None] - members.T @ members
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.where(kept_counts > 0, kept_sums / kept_counts, np.nan)
    np.fill_diagonal(means, np.nan)
    mean, count = float((sums / counts).mean()), len(counts)
    if count < 2:
        return mean, np.full(count, np.nan)
    known = np.isfinite(means)
    without = np.where(known, means, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    moved = (count - 1) * (mean - np.where(known.any(axis=0), without, mean)) / count
    return mean, moved - moved.mean()


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
    shown = {area: [tasks[name] for name in names if name in sample.tasks] for area, names in table.areas.items()}
    areas = {area: _mean(nodes, f"area {area}", table, settings) for area, nodes in shown.items()}
    counted = [areas[area] for area, nodes in shown.items() if nodes]
    tasks = {task: _shown(node, f"task {task}", table, settings) for task, node in tasks.items()}
    return Tree(_mean(counted, averages.OVERALL, table, settings), areas, tasks, tree.leaves)


def _task(tree: Tree, task: str, sample: Sample) -> Node:
    """A task's mean over languages as a part whose clusters are languages."""
    import numpy as np

    known = sample.tasks.get(task)
    if known is None:
        return Node(None, Entry(reason="none of its subsets is about one language or two"), ())
    leaves = [tree.leaves[task, subset] for subset in known.subsets]
    places = tuple(place for leaf in leaves for place in leaf.places)
    lacking = [subset for subset, leaf in zip(known.subsets, leaves, strict=True) if leaf.part is None]
    parts = [leaf.part for leaf in leaves if leaf.part is not None]
    if lacking:
        return Node(
            None, Entry(reason=f"no average, as {averages.first_texts(lacking)} of {task} have no score"), places
        )
    value, moved = influences(known, np.array([part.value for part in parts]))
    shares = weights(known)
    bias = sum(shares[subset] * part.bias for subset, part in zip(known.subsets, parts, strict=True))
    part = stats.Part(value, known.codes, moved, sum(part.n for part in parts), bias=bias)
    return Node(part, Entry(), places)


def _mean(nodes: Sequence[Node], content: str, table: Table, settings: IntervalSettings) -> Node:
    """The mean of parts, which share languages."""
    places = tuple(place for node in nodes for place in node.places)
    parts = [node.part for node in nodes if node.part is not None]
    if not nodes:
        return Node(None, Entry(reason="none of its subsets is about one language or two"), places)
    if len(parts) < len(nodes):
        reasons = dict.fromkeys(node.entry.reason for node in nodes if node.part is None)
        return Node(None, Entry(reason=averages.first_texts(list(reasons), "; ")), places)
    part = stats.combine(parts) if len(parts) > 1 else parts[0]
    return _shown(Node(part, Entry(), places), content, table, settings)


def _shown(node: Node, content: str, table: Table, settings: IntervalSettings) -> Node:
    """The node with its interval."""
    if node.part is None:
        return node
    entry = averages.estimate_of(node.part, averages.bounds_of(node.places, table), content, settings)
    return replace(node, entry=replace(entry, covers=LANGUAGES))
