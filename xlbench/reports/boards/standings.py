"""Standings: saved runs in, one `Board` out, the description that every format renders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import fsum
from typing import Any, Literal

from xlbench.core.record import Cell, Results, Run, majority, score_rows
from xlbench.reports.boards import averages
from xlbench.reports.boards.averages import Entry, IntervalSettings, Tree
from xlbench.reports.boards.chance_corrected import Chances, average_chances, corrected_overall
from xlbench.reports.boards.gather import ModelKey, Plan, Table, gather
from xlbench.reports.boards.models import ModelLine, line_of
from xlbench.reports.boards.notes import SMALL, DataLine, by_model, is_small, of_data, shared
from xlbench.reports.boards.ranks import Rank, detectable, ranked
from xlbench.reports.boards.registers import RegisterLine, by_register
from xlbench.reports.published import Figure
from xlbench.runs.items import Influence

__all__ = ["LEVEL", "Board", "Cost", "DataLine", "Entry", "Line", "ModelLine", "Rank", "RegisterLine",
           "Row", "standings"]  # fmt: skip

LEVEL = 0.95
"""Confidence level of every interval; the cells' own are made at this level."""


@dataclass(frozen=True)
class Row:
    """A model's place on the board."""

    model: str
    fingerprint: str
    label: str
    """The name; with the fingerprint's first digits where two models have one name."""
    rank: int | None
    """1 + the number of models with a higher overall; None without an overall."""
    rank_low: int | None
    rank_high: int | None
    """The ranks that the model may well have: a simultaneous interval over all models."""
    tied_with_best: bool
    overall: Entry
    areas: Mapping[str, Entry]
    tasks: Mapping[str, Entry]
    borda: float | None
    """Share of the other models beaten, averaged over the parts; None where there are no others."""
    notes: tuple[str, ...] = ()
    corrected: Entry = field(default_factory=Entry)
    """The overall with every task corrected for its chance level."""
    chances: Mapping[str, float | None] = field(default_factory=dict)
    """What guessing scores by the overall (under ``overall``) and in every area; None where a part has no chance
    level."""
    task_chances: Mapping[str, float] = field(default_factory=dict)
    """The same in every task that has one."""
    area_ranks: Mapping[str, Rank] = field(default_factory=dict)
    task_ranks: Mapping[str, Rank] = field(default_factory=dict)
    """By area and by task where the model has a score: its rank there, all models of that area or task at once."""

    @property
    def n(self) -> int:
        """Items below the overall."""
        return self.overall.n

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All its averages, in the order in which a reader meets them."""
        return self.overall, self.corrected, *self.areas.values(), *self.tasks.values()


@dataclass(frozen=True)
class Line:
    """One subset of one task: an entry a model, in the order of the board's rows."""

    area: str
    task: str
    subset: str
    languages: tuple[str, ...]
    metric: str
    n: int
    clusters: int
    chance: float | None
    """What guessing scores; where that depends on the model, the least."""
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    """What holds for every model here, that is, for the data."""
    majority: float | None = None
    """What always giving the most frequent label scores."""
    left_out: bool = False
    """Whether no average counts it, as no model has a score here."""


@dataclass(frozen=True)
class Cost:
    """What a model's cells took. Varies from run to run, so it stands apart from everything else."""

    model: str
    fingerprint: str
    label: str
    cells: int
    seconds: float
    encode_seconds: float
    encoded: int
    """Texts that went through the encoder."""
    peak_memory_bytes: int | None
    parameters: int | None

    @property
    def sentences_per_second(self) -> float | None:
        """Texts a second of encoding; None where nothing was encoded."""
        return self.encoded / self.encode_seconds if self.encode_seconds > 0 and self.encoded else None


@dataclass(frozen=True)
class Board:
    """A rendering's whole content. Equal results give equal boards, whatever the order of the runs (costs aside)."""

    title: str
    level: float
    areas: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...]
    """(area, task)."""
    rows: tuple[Row, ...]
    """Best first; models without an overall last."""
    cells: tuple[Line, ...]
    scores: tuple[Mapping[str, Any], ...]
    """Every metric of every cell: rows of the long table (`xlbench.core.record.LONG`)."""
    costs: tuple[Cost, ...]
    registers: tuple[RegisterLine, ...] = ()
    """Averages by kind of text, where the tasks have two."""
    data: tuple[DataLine, ...] = ()
    """What is odd about the data, a line a subset."""
    models: tuple[ModelLine, ...] = ()
    """What the models are, in the order of the rows."""
    troubles: tuple[str, ...] = ()
    """Files that were refused: a line each. Their cells have no score."""
    conflicts: tuple[str, ...] = ()
    """Cells of which several runs have different scores: a line each, which is a footnote too."""
    detectable: tuple[float, float] | None = None
    """What difference of the overall from the best would have been seen four times in five: the least and the greatest
    over the other models. None where there is no other."""
    learning: tuple[str, ...] = ()
    """The areas in which something is learned from training items, and an interval does not hold these."""
    training_sets: tuple[int, ...] = ()
    """From how many bootstrapped training sets some of the intervals hold the training set, too (``--ci-training``)."""
    chances: Mapping[str, float | None] = field(default_factory=dict)
    """What guessing scores by the overall (under ``overall``) and in every area; where that depends on the model, the
    least of every subset. None where a part has no chance level."""
    without_chance: tuple[str, ...] = ()
    """The tasks that have no chance level, and that the overall above chance leaves out."""
    imported: tuple[Figure, ...] = ()
    """Numbers of others, without an interval, for the main metrics of the board's cells: shown beside, never ranked."""

    def baseline(self, task: str, kind: Literal["chance", "majority"]) -> float | None:
        """A baseline of a task's main metric, averaged as its scores are; None where a subset has none."""
        lines = [line for line in self.cells if line.task == task and not line.left_out]
        values = [value for line in lines if (value := getattr(line, kind)) is not None]
        return fsum(values) / len(values) if values and len(values) == len(lines) else None

    def area_ranks(self, area: str) -> tuple[Rank, ...]:
        """The ranks of all models that have one in an area."""
        return tuple(row.area_ranks[area] for row in self.rows if area in row.area_ranks)

    def task_ranks(self, task: str) -> tuple[Rank, ...]:
        """The ranks of all models that have one in a task."""
        return tuple(row.task_ranks[task] for row in self.rows if task in row.task_ranks)

    @property
    def footnotes(self) -> tuple[str, ...]:
        """All notes and reasons, each once, in the order in which a reader meets them; the first is number 1."""
        return tuple(dict.fromkeys(self._notes()))

    def _notes(self) -> Iterator[str]:
        for row in self.rows:
            yield from row.notes
            for entry in row.entries:
                yield from marks(entry)
        for register in self.registers:
            for entry in register.entries:
                yield from marks(entry)
        for line in self.cells:
            yield from line.notes
            for entry in line.entries:
                yield from marks(entry)


def marks(entry: Entry) -> Iterator[str]:
    """The footnotes of one number: why it is missing, then its notes."""
    if entry.reason:
        yield entry.reason
    yield from entry.notes


def standings(results: Results, parts: Callable[[Cell], Influence], title: str, plan: Plan | None = None) -> Board:
    """Put the models of ``results`` in order.

    ``parts(cell)`` gives the influence of a cell's clusters on its main score. ``title`` is the suite's name.
    ``plan`` says which subsets of which tasks belong to the board; None: what the runs planned under ``title``, or
    every task where none did. Subsets of these tasks that some model has a cell of belong to it too. A planned part
    without a score makes every average above it missing. Where nothing was planned, parts that no model was scored on,
    as their data was not at hand, are left out instead, with a note at every average that lacks them. Intervals of
    averages are made as those of the cells were.
    """
    table = gather(results, title, plan)
    table, scored = averages.influences(table, parts)
    nodes = averages.leaves(table, scored)
    settings = IntervalSettings.of(table, LEVEL)
    trees = {model: averages.tree(model, table, nodes, settings) for model in table.models}
    chances = Chances.of(table)
    rows = _rows(trees, table, chances, settings)
    cells = table.cells.values()
    learning = {cell.task for cell in cells if cell.train_items and not cell.training}
    board = Board(
        title=title,
        level=LEVEL,
        areas=tuple(table.areas),
        tasks=tuple((area, task) for area, tasks in table.areas.items() for task in tasks),
        rows=rows,
        cells=_lines(rows, trees, table),
        scores=_scores(table),
        costs=_costs(rows, table, results),
        registers=by_register([(row.model, row.fingerprint) for row in rows], trees, table, settings),
        data=of_data(table),
        models=_models(rows, table, results),
        troubles=(*sorted(trouble for run in results for trouble in run.troubles), *table.refused.values()),
        detectable=detectable(trees.values(), LEVEL),
        learning=tuple(area for area, tasks in table.areas.items() if learning.intersection(tasks)),
        conflicts=tuple(f"{table.labels[place[0]]}: {table.conflicts[place]}" for place in sorted(table.conflicts)),
    )
    return replace(
        board,
        without_chance=chances.without,
        training_sets=tuple(sorted({cell.ci_training for cell in cells if cell.training})),
        chances=average_chances(table, lambda task: board.baseline(task, "chance")),
    )


def _rows(
    trees: Mapping[ModelKey, Tree], table: Table, chances: Chances, settings: IntervalSettings
) -> tuple[Row, ...]:
    borda, notes, places = averages.borda(trees, table), by_model(table), ranked(trees, settings.level)
    values = {model: one.overall.entry.value for model, one in trees.items()}

    def order(model: ModelKey) -> tuple[bool, float, float, ModelKey]:
        value = values[model]
        return value is None, -(value or 0.0), -borda.get(model, 0.0), model

    rows = []
    for model in sorted(trees, key=order):
        one, own, rank = trees[model], chances.by_model[model], places.overall.get(model)
        rows.append(Row(
            *model, table.labels[model],
            rank=rank.rank if rank else None,
            rank_low=rank.low if rank else None,
            rank_high=rank.high if rank else None,
            tied_with_best=bool(rank and rank.tied_with_best),
            overall=one.overall.entry,
            areas={area: node.entry for area, node in one.areas.items()},
            tasks={task: one.tasks[task].entry for tasks in table.areas.values() for task in tasks},
            borda=borda.get(model),
            notes=notes[model],
            corrected=corrected_overall(one, own, chances.without, table, settings),
            chances=average_chances(table, own.get),
            task_chances=own,
            area_ranks={area: ranks[model] for area, ranks in places.areas.items() if model in ranks},
            task_ranks={task: ranks[model] for task, ranks in places.tasks.items() if model in ranks},
        ))  # fmt: skip
    return tuple(rows)


def _lines(rows: Iterable[Row], trees: Mapping[ModelKey, Tree], table: Table) -> tuple[Line, ...]:
    models = [(row.model, row.fingerprint) for row in rows]
    return tuple(
        _line(area, task, subset, models, trees, table)
        for area, tasks in table.areas.items()
        for task in tasks
        for subset in table.plan[task]
    )


def _line(
    area: str, task: str, subset: str, models: list[ModelKey], trees: Mapping[ModelKey, Tree], table: Table
) -> Line:
    """One subset. A score that may not stand beside the others is left out with its reason, like a missing one."""
    common = shared(table, task, subset)
    entries = []
    for model in models:
        entry = trees[model].leaves[task, subset].entry
        own = [note for note in table.notes.get((model, task, subset), ()) if note not in common]
        small = [SMALL] if is_small(entry) and SMALL not in common else []
        entries.append(replace(entry, notes=(*entry.notes, *own, *small)))
    cells = [table.cells[model, task, subset] for model in models if (model, task, subset) in table.cells]
    mains = [cell.main for cell in cells if cell.main is not None]
    chances = [main.chance for main in mains if main.chance is not None]
    return Line(
        area, task, subset,
        languages=min((cell.languages for cell in cells), default=()),
        metric=min((main.metric for main in mains), default=""),
        n=max((main.n for main in mains), default=0),
        clusters=max((main.clusters for main in mains), default=0),
        chance=min(chances, default=None),
        entries=tuple(entries),
        notes=common,
        majority=min((known for cell in cells if (known := _majority(cell)) is not None), default=None),
        left_out=(task, subset) in table.left_out,
    )  # fmt: skip


def _majority(cell: Cell) -> float | None:
    return majority(cell, cell.main.metric) if cell.main else None


def _scores(table: Table) -> tuple[Mapping[str, Any], ...]:
    cells = sorted(table.cells.values(), key=lambda cell: (cell.model, cell.fingerprint, cell.area, cell.task,
                                                           cell.subset))  # fmt: skip
    return tuple(row for cell in cells for row in score_rows(cell))


def _costs(rows: Iterable[Row], table: Table, runs: Iterable[Run]) -> tuple[Cost, ...]:
    costs = []
    for row, cells, own in _by_model(rows, table, runs):
        model = row.model, row.fingerprint
        peaks = [peak for run in own if isinstance(peak := run.provenance.get("peak_memory_bytes"), int)]
        costs.append(Cost(
            *model, row.label, len(cells),
            seconds=sum(cell.seconds for cell in cells),
            encode_seconds=sum(cell.encode_seconds for cell in cells),
            encoded=sum(cell.encoded for cell in cells),
            peak_memory_bytes=max(peaks, default=None),
            parameters=max((run.parameters for run in own if run.parameters is not None), default=None),
        ))  # fmt: skip
    return tuple(costs)


def _models(rows: Iterable[Row], table: Table, runs: Iterable[Run]) -> tuple[ModelLine, ...]:
    return tuple(
        line_of(row.label, (row.model, row.fingerprint), own, cells) for row, cells, own in _by_model(rows, table, runs)
    )


def _by_model(rows: Iterable[Row], table: Table, runs: Iterable[Run]) -> Iterator[tuple[Row, list[Cell], list[Run]]]:
    """Every row with its model's cells on the board, and its runs."""
    cells_of: dict[ModelKey, list[Cell]] = {}
    for (owner, _, _), cell in table.cells.items():
        cells_of.setdefault(owner, []).append(cell)
    runs_of: dict[ModelKey, list[Run]] = {}
    for run in runs:
        runs_of.setdefault((run.model, run.fingerprint), []).append(run)
    for row in rows:
        model = row.model, row.fingerprint
        yield row, cells_of.get(model, []), runs_of.get(model, [])
