"""Markdown sections of a board that hold scores: standings, tasks, registers, subsets, languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from xlbench.core.estimate import Estimate
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.legend import Legend
from xlbench.reports.markup import (
    MISSING,
    escape,
    number_or_none,
    points,
    table,
    title,
    with_marks,
)

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board, Row
    from xlbench.reports.boards.ranks import Rank

BASELINES: tuple[tuple[str, Literal["chance", "majority"], str], ...] = (
    ("Chance", "chance", "guessing"),
    ("Majority", "majority", "always giving the most frequent label"),
)
"""Columns beside the scores: header, the board's name for it, and what it is the score of."""


def standings(board: Board, legend: Legend) -> str:
    """Models, best first, and what guessing scores. With one area only, its average is the overall: one column with the
    area's name."""
    if not board.rows:
        return "No model has a cell here."
    single = len(board.areas) == 1
    areas = () if single else board.areas
    first = title(board.areas[0]) if single else "Overall"
    is_corrected = any(row.corrected.value is not None for row in board.rows)
    headers = ["Rank", "Model", first, *[CORRECTED] * is_corrected, "Borda", *map(title, areas), "n", "Clusters"]
    rows = [
        [
            _rank(row, board),
            with_marks(escape(row.label), legend.marks(row.notes)),
            legend.number(row.overall),
            *[legend.number(row.corrected)] * is_corrected,
            MISSING if row.borda is None else points(row.borda, legend.decimals),
            *(legend.number(row.areas[area], _place(row.area_ranks.get(area), board.area_ranks(area)))
              for area in areas),
            number_or_none(row.overall.n),
            number_or_none(row.overall.clusters),
        ]
        for row in board.rows
    ]  # fmt: skip
    return table(
        headers, [*rows, *_chance(board, legend, areas, is_corrected=is_corrected)], "rl" + "r" * (len(headers) - 2)
    )


CORRECTED = "Above chance"
"""The column of the overall that is corrected for chance."""


def _chance(board: Board, legend: Legend, areas: Sequence[str], *, is_corrected: bool) -> list[list[str]]:
    """The row of what guessing scores, where that is known of anything."""
    levels = [legend.points(board.chances.get(name)) for name in (OVERALL, *areas)]
    if all(level == MISSING for level in levels):
        return []
    zero = [legend.points(0.0)] * is_corrected
    return [[MISSING, "*Chance*", levels[0], *zero, MISSING, *levels[1:], MISSING, MISSING]]


def _rank(row: Row, board: Board) -> str:
    """``= 2 (1-3)``: the rank, the ranks it may have, and whether it cannot be told from the best."""
    if row.rank is None:
        return MISSING
    tied = row.tied_with_best and sum(other.tied_with_best for other in board.rows) > 1
    unsure = f" ({row.rank_low}–{row.rank_high})" if row.rank_low != row.rank_high else ""
    return ("= " if tied else "") + str(row.rank) + unsure


def _place(rank: Rank | None, others: Sequence[Rank]) -> str:
    """``(= 1-2)``: the ranks that a model may have in an area or a task, and whether it cannot be told from the best;
    nothing where it is alone there."""
    if rank is None or len(others) < 2:
        return ""
    tied = rank.tied_with_best and sum(other.tied_with_best for other in others) > 1
    return f"({'= ' if tied else ''}{rank.low}{f'–{rank.high}' if rank.is_open else ''})"


def tasks(board: Board, legend: Legend) -> str:
    """The tasks, a row each, with their baselines; nothing where there is one task alone."""
    if len(board.tasks) < 2 or not board.rows:
        return ""
    averaged = ((name, [board.baseline(task, kind) for _, task in board.tasks]) for name, kind, _ in BASELINES)
    baselines = [(name, found) for name, found in averaged if any(value is not None for value in found)]
    headers = ["Area", "Task", *(name for name, _ in baselines), *(escape(row.label) for row in board.rows)]
    rows = [
        [
            escape(area),
            escape(task),
            *(legend.points(found[number]) for _, found in baselines),
            *(legend.number(row.tasks[task], _place(row.task_ranks.get(task), board.task_ranks(task)))
              for row in board.rows),
        ]
        for number, (area, task) in enumerate(board.tasks)
    ]  # fmt: skip
    return "## Tasks\n\n" + table(headers, rows, "ll" + "r" * (len(headers) - 2))


def registers(board: Board, legend: Legend) -> str:
    """The averages of each kind of text, area by area, and their difference."""
    if not board.registers or not board.rows:
        return ""
    headers = ["Area", "Register", "Tasks", *(escape(row.label) for row in board.rows)]
    rows = [
        [
            escape(line.area),
            escape(line.register),
            str(len(line.tasks)) if line.tasks else MISSING,
            *map(legend.number, line.entries),
        ]
        for line in board.registers
    ]
    words = (
        "Averages of the main metric over tasks of one kind of text: regularized is edited (news), unregularized is "
        "not (tweets, reviews). The difference is the first less the second, within areas that have both"
        + ("." if any(not line.tasks for line in board.registers) else ": here, none has.")
    )
    return f"## By register\n\n{words}\n\n" + table(headers, rows, "llr" + "r" * len(board.rows))


def subsets(board: Board, legend: Legend) -> str:
    """Every subset of every task, a row each, with its metric, items and baselines."""
    if not board.cells or not board.rows:
        return ""
    baselines = baseline_columns(board)
    headers = ["Task", "Subset", "Metric", "n", "Clusters", *(name for name, *_ in baselines),
               *(escape(row.label) for row in board.rows)]  # fmt: skip
    rows = [
        [
            escape(line.task),
            with_marks(escape(line.subset), legend.marks(line.notes)),
            escape(line.metric) or MISSING,
            number_or_none(line.n),
            number_or_none(line.clusters),
            *(legend.points(getattr(line, kind)) for _, kind, _ in baselines),
            *map(legend.number, line.entries),
        ]
        for line in board.cells
    ]
    return "## Subsets\n\n" + table(headers, rows, "lll" + "r" * (len(headers) - 3))


def languages(board: Board, legend: Legend) -> str:
    """Purity by class beside purity by language, where texts of several languages were grouped together."""
    scores = {(row["task"], row["subset"], row["model"], row["fingerprint"], row["metric"]): row
              for row in board.scores if row["value"] is not None}  # fmt: skip
    pairs = [
        (line, row, scores[(*place, "purity")], scores[(*place, _BY_LANGUAGE)])
        for line in board.cells
        for row in board.rows
        if (place := (line.task, line.subset, row.model, row.fingerprint))
        and {(*place, "purity"), (*place, _BY_LANGUAGE)} <= scores.keys()
    ]
    if not pairs:
        return ""
    rows = [
        [escape(line.task), escape(line.subset), escape(row.label), *(
            text for score in (by_class, by_language)
            for text in (_bare(score, legend), legend.points(score["chance"]))
        )]
        for line, row, by_class, by_language in pairs
    ]  # fmt: skip
    words = (
        "Texts of all languages were grouped together. Far above chance by class: they are grouped by meaning. Far "
        "above chance by language: each language has groups of its own."
    )
    headers = ["Task", "Subset", "Model", "Purity by class", "Chance", "Purity by language", "Chance"]
    return f"## By meaning or by language\n\n{words}\n\n" + table(headers, rows, "lllrrrr")


_BY_LANGUAGE = "language_purity"


def _bare(score: Mapping[str, Any], legend: Legend) -> str:
    """A row of the long table as ``41.2 [39.8, 42.6]``, without footnotes."""
    return legend.interval(Estimate(score["value"], score["low"], score["high"], score["method"]))


def baseline_columns(board: Board) -> list[tuple[str, Literal["chance", "majority"], str]]:
    """The baselines that some subset has."""
    return [one for one in BASELINES if any(getattr(line, one[1]) is not None for line in board.cells)]
