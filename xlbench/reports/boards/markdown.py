"""Renders a board as markdown: its sections, footnotes and explanations.

``.md`` holds no time and no cost: equal results give equal bytes. What varies from run to run is in ``.costs.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from xlbench.reports.boards import data_sections, hub_sections, imported_figures, score_sections
from xlbench.reports.boards.legend import WITH_TRAINING, Legend
from xlbench.reports.markup import DECIMALS, MISSING, count_text, escape

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board


def render(board: Board, decimals: int = DECIMALS) -> dict[str, str]:
    """The board (``.md``) and what it cost (``.costs.md``)."""
    legend = Legend.of(board, decimals)
    parts = [
        f"# {escape(board.title)}",
        _in_one_line(board),
        score_sections.standings(board, legend),
        score_sections.tasks(board, legend),
        score_sections.registers(board, legend),
        score_sections.subsets(board, legend),
        score_sections.languages(board, legend),
        hub_sections.section(board, legend),
        imported_figures.section(board, legend),
        data_sections.data(board),
        data_sections.models(board),
        _footnotes(board),
        _how_to_read(board, legend),
    ]
    costs = [f"# {escape(board.title)}: costs", "These figures vary from run to run.", data_sections.costs(board)]
    return {".md": _join_words(parts), ".costs.md": _join_words(costs)}


def standings_table(board: Board, decimals: int = DECIMALS) -> str:
    """The board's first table alone, without a line break at its end."""
    return score_sections.standings(board, Legend.of(board, decimals))


def _in_one_line(board: Board) -> str:
    scored = sum(entry.value is not None for line in board.cells for entry in line.entries)
    due = len(board.rows) * len(board.cells)
    cells = count_text(scored, "cell") if scored == due else f"{scored} of {due} cells"
    parts = [count_text(len(board.rows), "model"), count_text(len(board.tasks), "task"), cells]
    return f"{', '.join(parts)}; scores in points (0 to 100) with {100 * board.level:g}% intervals."


def _footnotes(board: Board) -> str:
    if not board.footnotes:
        return ""
    return "## Footnotes\n\n" + "\n".join(f"{number}. {escape(text)}" for number, text in enumerate(board.footnotes, 1))


def _how_to_read(board: Board, legend: Legend) -> str:
    marked = "; ".join(f"{mark} {escape(method)}" for method, mark in legend.methods.items())
    intervals = [
        "from a bootstrap over items (over clusters where items hang together)",
        *(
            [
                "for an average, from the spread over all its clusters (Student's t), and around the average less what "
                "macro-F1 gains from small classes (its bias), so that it can lie to one side"
            ]
            if legend.averaged
            else []
        ),
        *([f"where a raised letter says so, by another method ({marked})"] if marked else []),
    ]
    baselines = "; ".join(
        f"{name} is what {what} scores by the same metric" for name, _, what in score_sections.baseline_columns(board)
    )
    left_out = ", unless no model has data for it, which a footnote says" * any(line.left_out for line in board.cells)
    lines = [
        f"An interval [low, high] holds what the test items leave open, at {100 * board.level:g}%: "
        + "; ".join(intervals)
        + ".",
        "An average weighs subsets within a task, tasks within an area and areas alike. "
        f"{MISSING} means no score: an average that lacks a part is not shown{left_out}. "
        "Borda is the share of the other models beaten, averaged in the same way.",
        *([f"{baselines}."] if baselines else []),
        *([_chance_correction_text(board)] if any(row.corrected.value is not None for row in board.rows) else []),
        *([_training_text(board)] if board.learning or board.training_sets else []),
        "A rank is followed by the ranks that the model may well have. All models of this board are compared at once, "
        "so that all these ranks hold together; = marks models that cannot be told from the best in that way. Behind "
        "the score of an area or a task, in parentheses, stand the ranks there: they hold together within it. The more "
        "models a board has, the larger a difference must be: two models alone (`xlbench board --model`) may be told "
        "apart where they are not here. n counts items; clusters are items that stand or fall "
        "together (a sentence in many languages, a document). Raised numbers are footnotes.",
        *([_detectable_text(board, legend)] if board.detectable else []),
    ]
    return "## How to read it\n\n" + "\n".join(f"- {line}" for line in lines)


def _chance_correction_text(board: Board) -> str:
    """What is above chance, and what is done where a task has no chance level."""
    count = len(board.without_chance)
    without = f" Tasks without a chance level are left out of it, for all models: {count}." if count else ""
    return (
        f"{score_sections.CORRECTED} is the overall of (score - chance) / (1 - chance), task by task, in points: 0 is "
        f"what guessing scores.{without} The mean, what is above chance and Borda may put models in different orders; "
        "ranks go by the mean."
    )


def _training_text(board: Board) -> str:
    """What the intervals of probes hold of their training sets, and what they leave out."""
    if not board.training_sets:
        return _without_training_text(board.learning)
    sets = " or ".join(map(str, board.training_sets))
    held = (
        f"An interval with {WITH_TRAINING} is of items + training: it holds what the test items and what the training "
        f"items of its probes leave open, these from {sets} bootstrapped training sets (--ci-training); others do not."
    )
    return f"{held} {_without_training_text(board.learning)}" if board.learning else held


def _without_training_text(learning: Sequence[str]) -> str:
    *others, last = learning
    areas = f"{', '.join(others)} and {last}" if others else last
    return (
        f"In {areas} a probe learns from training items. The intervals hold what the test items leave open, not what "
        "another training set would have scored (`xlbench run --ci-training` adds that)."
    )


def _detectable_text(board: Board, legend: Legend) -> str:
    """What difference could have been seen."""
    assert board.detectable is not None
    low, high = (legend.points(value) for value in board.detectable)
    size = low if low == high else f"{low} to {high}"
    return (
        f"Of two models alone, a true difference of {size} points from the best overall would be seen four times in "
        "five; a smaller one would often be missed."
    )


def _join_words(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
