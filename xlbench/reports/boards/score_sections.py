"""Markdown sections of a board's page of subsets that hold scores: averages, registers, subsets, purity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from xlbench.core.estimate import Estimate
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.front_sections import CORRECTED, letters_of, rank_text
from xlbench.reports.boards.legend import Legend
from xlbench.reports.markup import (
    MISSING,
    escape,
    number_or_none,
    table,
    title,
    with_marks,
)

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board

BASELINES: tuple[tuple[str, Literal["chance", "majority"], str], ...] = (
    ("Chance", "chance", "guessing"),
    ("Majority", "majority", "always giving the most frequent label"),
)
"""Columns beside the scores: header, the board's name for it, and what it is the score of."""


def standings(board: Board, legend: Legend) -> str:
    """All averages of areas with all their marks: models, best first, and what guessing scores. With one area only, its
    average is the overall: one column with the area's name."""
    if not board.rows:
        return ""
    single = len(board.areas) == 1
    areas = () if single else board.areas
    first = title(board.areas[0]) if single else "Overall"
    is_corrected = any(row.corrected.value is not None for row in board.rows)
    headers = ["Rank", "Model", first, *[CORRECTED] * is_corrected, "Borda", *map(title, areas), "n", "Clusters"]
    rows = [
        [
            rank_text(row),
            with_marks(escape(row.label), legend.marks(row.notes)),
            legend.number(row.overall, row.letters),
            *[legend.number(row.corrected)] * is_corrected,
            legend.points(row.borda),
            *(legend.number(row.areas[area], letters_of(row.area_ranks.get(area)))
              for area in areas),
            number_or_none(row.overall.n),
            number_or_none(row.overall.clusters),
        ]
        for row in board.rows
    ]  # fmt: skip
    last = _chance(board, legend, areas, is_corrected=is_corrected)
    return "## Averages\n\n" + table(headers, [*rows, *last], "rl" + "r" * (len(headers) - 2))


def _chance(board: Board, legend: Legend, areas: Sequence[str], *, is_corrected: bool) -> list[list[str]]:
    """The row of what guessing scores, where that is known of anything."""
    levels = [legend.points(board.chances.get(name)) for name in (OVERALL, *areas)]
    if all(level == MISSING for level in levels):
        return []
    zero = [legend.points(0.0)] * is_corrected
    return [[MISSING, "*Chance*", levels[0], *zero, MISSING, *levels[1:], MISSING, MISSING]]


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
            *(legend.number(row.tasks[task], letters_of(row.task_ranks.get(task)))
              for row in board.rows),
        ]
        for number, (area, task) in enumerate(board.tasks)
    ]  # fmt: skip
    return "## Tasks\n\n" + table(headers, rows, "ll" + "r" * (len(headers) - 2))


def languages(board: Board, legend: Legend) -> str:
    """The averages of each language, of all models."""
    if len(board.languages) < 2 or not board.rows:
        return ""
    headers = ["Language", "Tasks", "Subsets", "Chance", *(escape(row.label) for row in board.rows)]
    rows = [
        [
            escape(line.language), str(len(line.tasks)), str(line.subsets), legend.points(line.chance),
            *map(legend.number, line.entries),
        ]
        for line in board.languages
    ]  # fmt: skip
    return "## Languages\n\n" + table(headers, rows, "l" + "r" * (len(headers) - 1))


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


def by_meaning(board: Board, legend: Legend) -> str:
    """Purity by class beside purity by language, where texts of several languages were grouped together."""
    scores = {(row["task"], row["subset"], row["model"], row["fingerprint"], row["metric"]): row
              for row in board.scores.of_metrics(("purity", _BY_LANGUAGE)) if row["value"] is not None}  # fmt: skip
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
