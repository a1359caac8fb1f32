"""Averages and Borda scores: subsets make a task, tasks an area, areas the overall, with equal weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from xlbench import stats
from xlbench.core.errors import ResultsError
from xlbench.core.estimate import Estimate
from xlbench.core.record import ITEMS, SEEDS, TRAINING, WHOLE_TASK, Cell, Score
from xlbench.reports.boards.gather import ModelKey, Place, Table
from xlbench.reports.score_parts import PartMaker
from xlbench.runs.items import Influence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OVERALL = "overall"
SHOWN = 3
"""How many missing parts a reason names before it counts the rest."""


@dataclass(frozen=True)
class Entry(Estimate):
    """One number of a board, or None and the reason."""

    reason: str = ""
    """Why there is no value."""
    notes: tuple[str, ...] = ()
    """What a reader should know about this number, ``note`` among it: texts, which renderings number."""
    covers: str = ""
    """What its interval holds: ``items``, and with a plus ``seeds`` and ``training``, the training set of probes;
    ``training in part`` where that is known of some of its parts that learn, and not of others."""

    @classmethod
    def of(cls, estimate: Estimate, covers: str = "") -> Entry:
        """An estimate as an entry, its note as the first of the notes."""
        notes = (estimate.note,) if estimate.note and estimate.value is not None else ()
        return cls(
            estimate.value, estimate.low, estimate.high, estimate.method, estimate.se, estimate.n, estimate.clusters,
            estimate.note, notes=notes, covers=covers,
        )  # fmt: skip


@dataclass(frozen=True)
class Held:
    """What an average has to know of the scores in it."""

    low: float = float("inf")
    high: float = float("-inf")
    """The least and the greatest of all values and ends of intervals."""
    seeds: bool = False
    """Whether any of them has seeds."""
    learning: int = 0
    """How many of them learn something, and their intervals are to hold that."""
    training: int = 0
    """How many of the intervals of these do."""

    @classmethod
    def of(cls, cell: Cell, score: Score) -> Held:
        """Of a cell that counts, and its main score."""
        ends = [end for end in (score.value, score.low, score.high) if end is not None]
        learns = bool(cell.training or (cell.train_items and not cell.seeds))
        return cls(
            min(ends, default=cls.low), max(ends, default=cls.high), bool(cell.seeds), learns, bool(cell.training)
        )

    @classmethod
    def together(cls, parts: Iterable[Held]) -> Held:
        """Of several, of which none has a score of another."""
        known = list(parts)
        return cls(
            min((one.low for one in known), default=cls.low), max((one.high for one in known), default=cls.high),
            any(one.seeds for one in known), sum(one.learning for one in known), sum(one.training for one in known),
        )  # fmt: skip

    @property
    def bounds(self) -> tuple[float, float]:
        """[0, 1] unless a score outside shows that the metric knows other values (a cosine, an adjusted Rand index)."""
        return (float("-inf"), float("inf")) if self.low < 0 or self.high > 1 else (0.0, 1.0)

    @property
    def covers(self) -> str:
        """What the intervals of these scores hold together: `Entry.covers`."""
        held = [ITEMS, *[SEEDS] * self.seeds]
        if self.training:
            held.append(TRAINING if self.training == self.learning else f"{TRAINING} in part")
        return " + ".join(held)


@dataclass(frozen=True)
class Node:
    """An average (or a single score) with what a higher average is made from; ``part`` is None where it is missing."""

    part: stats.Part | None
    entry: Entry
    places: tuple[Place, ...]
    """The leaves below."""
    held: Held = Held()
    """What the scores of these have in common."""


@dataclass(frozen=True)
class IntervalSettings:
    """How the intervals of averages are made."""

    ci: str
    seed: int
    level: float
    combiner: stats.Combiner = field(default_factory=lambda: stats.Combiner(), compare=False, repr=False)
    """Makes all of a board's averages: which items belong together is the same for all models."""

    @classmethod
    def of(cls, table: Table, level: float) -> IntervalSettings:
        """What the cells were scored with, where they agree, so that averages are treated as their parts were."""
        cells = [table.cells[place] for place in table.cells if place not in table.reasons]
        ci, seeds = {cell.ci for cell in cells}, {cell.seed for cell in cells}
        return cls(ci.pop() if len(ci) == 1 else "auto", seeds.pop() if len(seeds) == 1 else 0, level)


def influences(table: Table, read: Callable[[Cell], Influence]) -> tuple[Table, dict[Place, Influence]]:
    """The influence of every score that counts, and the table without those whose items are refused."""
    scored: dict[Place, Influence] = {}
    refused: dict[Place, str] = {}
    for model in table.models:
        for place in table.places(model):
            if place not in table.reasons:
                try:
                    scored[place] = read(table.cells[place])
                except ResultsError as error:
                    refused[place] = f"its items are refused: {error}"
    return replace(table, reasons={**table.reasons, **refused}, refused=refused) if refused else table, scored


def leaves(table: Table, scored: Mapping[Place, Influence]) -> dict[Place, Node]:
    """A node for every planned place; cluster ids become numbers, the same id the same number in all cells."""

    maker = PartMaker(scored.values())
    nodes = {place: Node(None, Entry(reason=table.reasons[place]), (place,)) for place in table.reasons}
    for place, found in scored.items():
        score = table.score(place)
        assert score is not None
        assert score.value is not None
        held = Held.of(table.cells[place], score)
        nodes[place] = Node(maker.part(score.value, found, score.bias), Entry.of(score, held.covers), (place,), held)
    return nodes


def average(nodes: Sequence[Node], table: Table, content: str, settings: IntervalSettings) -> Node:
    """The mean of ``nodes`` with equal weights; missing where one of them is. A mean of one is that one."""
    if len(nodes) == 1:
        return nodes[0]
    places = tuple(place for node in nodes for place in node.places)
    parts = [node.part for node in nodes if node.part is not None]
    if not nodes or len(parts) < len(nodes):
        return Node(None, Entry(reason=_why_no_average(places, table)), places)
    part = settings.combiner.combine(parts)
    held = Held.together(node.held for node in nodes)
    return Node(part, estimate_of(part, held.bounds, content, settings, held.covers), places, held)


def estimate_of(
    part: stats.Part, bounds: tuple[float, float], content: str, settings: IntervalSettings, covers: str
) -> Entry:
    """A part with its interval, clipped to ``bounds``; the interval ``covers`` what `Held` says."""
    sets = settings.combiner.sets_of(part)
    found = stats.estimate(part, bounds, settings.ci, settings.seed, content, settings.level, sets)
    return Entry.of(found, covers)


def _why_no_average(places: Iterable[Place], table: Table) -> str:
    """Which parts are missing and why, the same words at every level that misses the same parts."""
    missing: dict[tuple[str, str], list[str]] = {}
    for place in places:
        if place in table.reasons:
            missing.setdefault((place[1], table.reasons[place]), []).append(place[2])
    named = [f"{task} {first_texts(subsets)}: {reason}" for (task, reason), subsets in missing.items()]
    return f"no average, as a part has no score ({first_texts(named, '; ')})"


def first_texts(texts: Sequence[str], separator: str = ", ") -> str:
    """The first of several texts, and how many more there are."""
    rest = len(texts) - SHOWN
    return separator.join(texts[:SHOWN]) + (f"{separator}and {rest} more" if rest > 0 else "")


@dataclass(frozen=True)
class Tree:
    """A model's numbers at every level."""

    overall: Node
    areas: Mapping[str, Node]
    tasks: Mapping[str, Node]
    leaves: Mapping[tuple[str, str], Node]
    """By task and subset."""


def tree(model: ModelKey, table: Table, nodes: Mapping[Place, Node], settings: IntervalSettings) -> Tree:
    """Average one model's leaves upwards."""
    own = {(task, subset): nodes[model, task, subset] for _, task, subset in table.places(model)}
    tasks = {}
    for task, subsets in table.plan.items():
        parts = [own[task, subset] for subset in table.counted(task) or subsets]
        tasks[task] = _note_left_out(average(parts, table, f"task {task}", settings), [task], table)
    areas = {area: over_tasks(names, tasks, table, f"area {area}", settings) for area, names in table.areas.items()}
    homeless = [tasks[task] for task in tasks if not any(task in names for names in table.areas.values())]
    counted = [areas[area] for area, names in table.areas.items() if any(map(table.counted, names))]
    whole = average([*(counted or areas.values()), *homeless], table, OVERALL, settings)
    return Tree(_note_left_out(whole, list(table.plan), table), areas, tasks, own)


def over_tasks(
    names: Sequence[str], tasks: Mapping[str, Node], table: Table, content: str, settings: IntervalSettings
) -> Node:
    """The mean of one model's tasks, of those that count, with a note where that leaves some out."""
    counted = [task for task in names if table.counted(task)]
    return _note_left_out(average([tasks[task] for task in counted or names], table, content, settings), names, table)


def _note_left_out(node: Node, tasks: Sequence[str], table: Table) -> Node:
    """The node with a note that says what of these tasks it leaves out, where it does: it is not of the whole."""
    left_out = [(task, subset) for task in tasks for subset in table.plan[task] if (task, subset) in table.left_out]
    if not left_out or node.entry.value is None:
        return node
    named = (task if subset == WHOLE_TASK else f"{task} {subset}" for task, subset in left_out)
    text = f"without {first_texts(list(named))}: no model has a score there"
    notes = tuple(dict.fromkeys((*node.entry.notes, text)))  # an average of one may have it already
    return replace(node, entry=replace(node.entry, notes=notes))


def difference(one: Node, other: Node, table: Table, content: str, settings: IntervalSettings) -> Node:
    """one - other of one model, with an interval made as those of averages are: they may share clusters."""
    places = (*one.places, *other.places)
    if one.part is None or other.part is None:
        return Node(None, Entry(reason=_why_no_average(places, table)), places)
    part = settings.combiner.combine([one.part, other.part], [1.0, -1.0])
    held = Held.together((one.held, other.held))
    low, high = held.bounds
    return Node(part, estimate_of(part, (low - high, high - low), content, settings, held.covers), places, held)


def borda(trees: Mapping[ModelKey, Tree], table: Table) -> dict[ModelKey, float]:
    """Share of the other models that a model beats (an equal score counts half), averaged over the parts as the
    scores themselves are. Only for models with every part, and only where there are two of them."""
    import numpy as np

    models = [model for model, one in trees.items() if one.overall.part is not None]
    if len(models) < 2:
        return {}

    def shares_beaten(task: str, subset: str) -> NDArray[np.float64]:
        values = np.array([trees[model].leaves[task, subset].entry.value for model in models], dtype=float)
        wins = (values[:, None] > values).sum(1) + 0.5 * ((values[:, None] == values).sum(1) - 1)
        share: NDArray[np.float64] = wins / (len(models) - 1)
        return share

    by_task = {
        task: np.average([shares_beaten(task, subset) for subset in counted], axis=0, weights=table.weights_of(task))
        for task in table.plan
        if (counted := table.counted(task))
    }
    by_area = [
        np.mean([by_task[task] for task in known], axis=0)
        for tasks in table.areas.values()
        if (known := [task for task in tasks if task in by_task])
    ]
    return dict(zip(models, np.mean(by_area, axis=0).tolist(), strict=True))
