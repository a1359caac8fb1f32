"""Renders a board as markdown: a first page that says what is known, a page of all subsets, and one of costs.

``.md`` and ``.subsets.md`` hold no time and no cost: equal results give equal bytes. What varies from run to run is in
``.costs.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from xlbench.reports.boards import (
    data_sections,
    front_sections,
    hub_sections,
    imported_figures,
    reading,
    score_sections,
)
from xlbench.reports.boards.front_sections import link
from xlbench.reports.boards.legend import Legend
from xlbench.reports.boards.verdict import verdict
from xlbench.reports.markup import DECIMALS, count_text, escape

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board

LONGEST_VERDICT = 4000
"""Characters of the first line: it names a dozen models at most, whose names may be long."""


def render(board: Board, decimals: int = DECIMALS) -> dict[str, str]:
    """The board (``.md``), its subsets and footnotes (``.subsets.md``), and what it cost (``.costs.md``)."""
    costs = [f"# {escape(board.title)}: costs", "These figures vary from run to run.", data_sections.costs(board)]
    return {".md": _front(board, decimals), ".subsets.md": _subsets(board, decimals), ".costs.md": _join_words(costs)}


def _front(board: Board, decimals: int) -> str:
    """The page that most people read: what is known, then standings, tasks, languages, models and notes."""
    return _join_words([
        f"**{escape(verdict(board), LONGEST_VERDICT)}**",
        f"# {escape(board.title)}",
        f"{_in_one_line(board)} Every subset, data warnings and all footnotes: {link(board, '.subsets.md')}.",
        front_sections.standings(board, decimals),
        front_sections.trained_lines(board),
        front_sections.letters_line(board),
        front_sections.areas(board, decimals),
        front_sections.tasks(board, decimals),
        front_sections.languages(board, decimals),
        imported_figures.section(board, decimals),
        front_sections.models(board, decimals),
        front_sections.costs(board),
        front_sections.notes(board),
        reading.in_short(board, decimals),
    ])  # fmt: skip


def _subsets(board: Board, decimals: int) -> str:
    """The page of all that the first one only counts."""
    legend = Legend.of(board, decimals)
    return _join_words([
        f"# {escape(board.title)}: subsets",
        f"{_in_one_line(board)} Standings: {link(board, '.md')}.",
        score_sections.standings(board, legend),
        score_sections.tasks(board, legend),
        score_sections.languages(board, legend),
        score_sections.registers(board, legend),
        score_sections.subsets(board, legend),
        score_sections.by_meaning(board, legend),
        hub_sections.section(board, legend),
        data_sections.data(board),
        data_sections.models(board, legend),
        _footnotes(board),
        reading.in_full(board, legend),
    ])  # fmt: skip


def _in_one_line(board: Board) -> str:
    scored = sum(entry.value is not None for line in board.cells for entry in line.entries)
    due = len(board.rows) * len(board.cells)
    cells = count_text(scored, "cell") if scored == due else f"{scored} of {due} cells"
    parts = [count_text(len(board.rows), "model"), count_text(len(board.tasks), "task"), cells]
    metric = f" by {escape(board.metric)}" if board.metric else ""
    level = f"{100 * board.level:g}%"
    return f"{', '.join(parts)}; scores{metric} in points (0 to 100) with {level} intervals{board.generalization}."


def _footnotes(board: Board) -> str:
    if not board.footnotes:
        return ""
    return "## Footnotes\n\n" + "\n".join(f"{number}. {escape(text)}" for number, text in enumerate(board.footnotes, 1))


def _join_words(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
