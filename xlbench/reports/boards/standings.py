"""`standings`: makes a `Board` from saved runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Literal

from xlbench.core.record import TOKENS, Cell, Results, Run, majority
from xlbench.reports.boards import averages
from xlbench.reports.boards.averages import IntervalSettings, Tree
from xlbench.reports.boards.board import LEVEL, Board, Cost, Line, Row
from xlbench.reports.boards.chance_corrected import Chances, average_chances, corrected_overall
from xlbench.reports.boards.evidence import Evidence
from xlbench.reports.boards.gather import ModelKey, Plan, Table, gather
from xlbench.reports.boards.hubs import of_hubs
from xlbench.reports.boards.languages import by_language, language_nodes
from xlbench.reports.boards.models import ModelLine, line_of
from xlbench.reports.boards.notes import SMALL, by_model, is_small, of_data, shared
from xlbench.reports.boards.over_languages import LANGUAGES, over_languages, retold
from xlbench.reports.boards.ranks import detectable, ranked
from xlbench.reports.boards.registers import by_register
from xlbench.reports.boards.score_rows import ScoreRows
from xlbench.runs.items import Influence


def standings(
    results: Results,
    parts: Callable[[Cell], Influence],
    title: str,
    plan: Plan | None = None,
    over: Literal["items", "languages"] = "items",
) -> Board:
    """Put the models of ``results`` in order.

    ``parts(cell)`` gives the influence of a cell's clusters on its main score. ``title`` is the suite's name.
    ``plan`` says which subsets of which tasks belong to the board; None: what the runs planned under ``title``, or
    every task where none did. Subsets of these tasks that some model has a cell of belong to it too. A planned part
    without a score makes every average above it missing. Where nothing was planned, parts that no model was scored on,
    as their data was not at hand, are left out instead, with a note at every average that lacks them. Intervals of
    averages are made as those of the cells were. ``over``: what they are over, the items of these tasks or languages in
    general (`over_languages`); `UsageError` for fewer than three languages.
    """
    table = gather(results, title, plan)
    table, scored = averages.influences(table, parts)
    nodes = averages.leaves(table, scored)
    settings = IntervalSettings.of(table, LEVEL)
    trees = {model: averages.tree(model, table, nodes, settings) for model in table.models}
    if over == LANGUAGES:
        table, trees = over_languages(trees, table, settings)
    chances = Chances.of(table)
    rows = _rows(trees, table, chances, settings)
    keys = [(row.model, row.fingerprint) for row in rows]
    by_code = language_nodes(keys, trees, table, settings)
    board = Board(
        title=title,
        level=LEVEL,
        areas=tuple(table.areas),
        tasks=tuple((area, task) for area, tasks in table.areas.items() for task in tasks),
        rows=rows,
        cells=_lines(rows, trees, table),
        scores=_scores(table),
        costs=_costs(rows, table, results),
        languages=by_language(by_code, table),
        registers=by_register(keys, trees, table, settings),
        data=of_data(table),
        hubs=of_hubs(table),
        models=_models(rows, table, results),
        troubles=(*sorted(trouble for run in results for trouble in run.troubles), *table.refused.values()),
        detectable=detectable(trees.values(), LEVEL),
        learning=_learning_areas(table),
        conflicts=tuple(f"{table.labels[place[0]]}: {table.conflicts[place]}" for place in sorted(table.conflicts)),
        evidence=Evidence(tuple(keys), trees, table, by_code),
    )
    return _with_chance(retold(board) if over == LANGUAGES else board, table, chances)


def _learning_areas(table: Table) -> tuple[str, ...]:
    """The areas with a task that learns from items, and whose intervals do not hold the chance of its training set."""
    learning = {cell.task for cell in table.cells.values() if cell.train_items and not cell.training}
    return tuple(area for area, tasks in table.areas.items() if learning.intersection(tasks))


def _with_chance(board: Board, table: Table, chances: Chances) -> Board:
    """The board with what chance alone would score, and with how many training sets were drawn."""
    return replace(
        board,
        without_chance=chances.without,
        training_sets=tuple(sorted({cell.ci_training for cell in table.cells.values() if cell.training})),
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
            letters=rank.letters if rank else "",
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
        entries.append(replace(entry, notes=(*entry.notes, *own, *small)) if own or small else entry)
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
        weight=table.weights.get((task, subset)),
    )  # fmt: skip


def _majority(cell: Cell) -> float | None:
    return majority(cell, cell.main.metric) if cell.main else None


def _scores(table: Table) -> ScoreRows:
    return ScoreRows(sorted(table.cells.values(), key=lambda cell: (cell.model, cell.fingerprint, cell.area, cell.task,
                                                                    cell.subset)))  # fmt: skip


def _costs(rows: Iterable[Row], table: Table, runs: Iterable[Run]) -> tuple[Cost, ...]:
    costs = []
    for row, cells, own in _by_model(rows, table, runs):
        model = row.model, row.fingerprint
        tokens = [count for cell in cells if isinstance(count := cell.provenance.get(TOKENS), int)]
        peaks = [peak for run in own if isinstance(peak := run.provenance.get("peak_memory_bytes"), int)]
        costs.append(Cost(
            *model, row.label, len(cells),
            seconds=sum(cell.seconds for cell in cells),
            encode_seconds=sum(cell.encode_seconds for cell in cells),
            encoded=sum(cell.encoded for cell in cells),
            peak_memory_bytes=max(peaks, default=None),
            parameters=max((run.parameters for run in own if run.parameters is not None), default=None),
            tokens=sum(tokens) if tokens else None,
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
