"""How to read a board: in short on its first page, in full behind its subsets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlbench.reports.boards import score_sections
from xlbench.reports.boards.front_sections import CORRECTED, link
from xlbench.reports.boards.legend import WITH_TRAINING
from xlbench.reports.boards.over_languages import LANGUAGES
from xlbench.reports.markup import MISSING, escape, points

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board
    from xlbench.reports.boards.legend import Legend


OVER_LANGUAGES = (
    "Averages are over languages, each as much, and their intervals hold what another sample of languages would have "
    "given: each language is one observation, left out with all subsets that are about it. The language that all pairs "
    "of a task share is none there, and subsets over more than two languages are left out. Scores of subsets and "
    "languages have intervals over items."
)


def in_short(board: Board, decimals: int) -> str:
    """What a reader of the first page needs to know, and where the rest is said."""
    level = f"{100 * board.level:g}%"
    chance = any(value is not None for value in board.chances.values())
    lines = [
        f"±1.9, or [33.0, 36.8], is what the test {board.over} leave open about a score, at {level}: another draw of "
        f"{board.over} could have given any of these.",
        *([OVER_LANGUAGES] if board.over == LANGUAGES else []),
        "An average weighs subsets within a task, tasks within an area and areas alike. "
        f"{MISSING} means no score: an average that lacks a part is not shown.",
        *([f"Chance is what guessing scores. {CORRECTED} is 0 for guessing and 100 for all right."] if chance else []),
        *([_training_text(board)] if board.learning or board.training_sets else []),
        *([_detectable_text(board, decimals)] if board.detectable else []),
        f"More, with the method of every interval: {link(board, '.subsets.md', 'how-to-read-it')}.",
    ]
    return "## How to read it\n\n" + "\n".join(f"- {line}" for line in lines)


def in_full(board: Board, legend: Legend) -> str:
    """All that numbers, marks and ranks mean."""
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
        *([OVER_LANGUAGES] if board.over == LANGUAGES else []),
        f"An interval, ±half or [low, high], holds what the test items leave open, at {100 * board.level:g}%: "
        + "; ".join(intervals)
        + ".",
        "An average weighs subsets within a task, tasks within an area and areas alike. "
        f"{MISSING} means no score: an average that lacks a part is not shown{left_out}. "
        "Borda is the share of the other models beaten, averaged in the same way.",
        *([f"{baselines}."] if baselines else []),
        *([_chance_correction_text(board)] if any(row.corrected.value is not None for row in board.rows) else []),
        *([_training_text(board)] if board.learning or board.training_sets else []),
        "A rank is followed by the ranks that the model may well have. All models of this board are compared at once, "
        "so that all these ranks hold together; two models that share a letter behind a score cannot be told apart in "
        "that column, by the same comparison (within an area or a task, of all models there). The more "
        "models a board has, the larger a difference must be: two models alone (`xlbench board --model`) may be told "
        "apart where they are not here. n counts items; clusters are items that stand or fall "
        "together (a sentence in many languages, a document). Raised numbers are footnotes.",
        *([_detectable_text(board, legend.decimals)] if board.detectable else []),
    ]
    return "## How to read it\n\n" + "\n".join(f"- {line}" for line in lines)


def _chance_correction_text(board: Board) -> str:
    """What is above chance, and what is done where a task has no chance level."""
    count = len(board.without_chance)
    without = f" Tasks without a chance level are left out of it, for all models: {count}." if count else ""
    return (
        f"{CORRECTED} is the overall of (score - chance) / (1 - chance), task by task, in points: 0 is "
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


def _detectable_text(board: Board, decimals: int) -> str:
    """What difference could have been seen."""
    assert board.detectable is not None
    low, high = (points(value, decimals) for value in board.detectable)
    size = low if low == high else f"{low} to {high}"
    return (
        f"Of two models alone, a true difference of {size} points from the best overall would be seen four times in "
        "five; a smaller one would often be missed."
    )
