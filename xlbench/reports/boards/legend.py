"""Formats the numbers of a board, with marks for footnotes and interval methods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench.core.estimate import Estimate
from xlbench.core.record import TRAINING
from xlbench.reports.boards.figures import figure
from xlbench.reports.markup import MISSING, NO_BREAK, points, superscript

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board

AVERAGED = "cluster-t"
WITH_TRAINING = "⁺"
"""Behind an interval that holds the training set, too."""
UNMARKED = frozenset({"percentile", "centered", "bca", "student", AVERAGED})
"""Interval methods that need no mark: the bootstraps, and the t interval over clusters that averages have."""
_METHOD_MARKS = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ"


@dataclass(frozen=True)
class Legend:
    """How numbers and their marks are written on one board."""

    decimals: int
    footnotes: Mapping[str, int]
    methods: Mapping[str, str]
    """Interval method -> its mark."""
    training: bool
    """Whether some intervals hold the training set of probes, and are marked."""
    averaged: bool
    """Whether averages have intervals by `AVERAGED`."""

    @classmethod
    def of(cls, board: Board, decimals: int) -> Legend:
        rows = [entry for row in board.rows for entry in row.entries]
        lines = [line.entries for group in (board.languages, board.registers, board.cells) for line in group]
        entries = [*rows, *(entry for line in lines for entry in line)]
        methods = {entry.method for entry in entries if entry.has_interval}
        footnotes = {text: number for number, text in enumerate(board.footnotes, 1)}
        has_training = any(map(holds_training, entries))
        return cls(decimals, footnotes, _method_marks(sorted(methods - UNMARKED)), has_training, AVERAGED in methods)

    def number(self, entry: Entry, place: str = "") -> str:
        """``41.2 ±1.4 ab ³`` in points with its ``place``, a text, and its marks; the interval never has a width of
        0."""
        method = self.methods.get(entry.method, "") if entry.has_interval else ""
        method += WITH_TRAINING if holds_training(entry) else ""
        marks = self.marks(([entry.reason] if entry.reason else []) + list(entry.notes))
        return NO_BREAK.join(filter(None, [self.interval(entry) + method, place, marks]))

    def points(self, value: float | None) -> str:
        """A score without interval, in points."""
        return MISSING if value is None else points(value, self.decimals)

    def marks(self, notes: Iterable[str]) -> str:
        """The numbers of footnotes, raised."""
        return superscript(sorted(self.footnotes[note] for note in notes))

    def interval(self, entry: Estimate) -> str:
        """``41.2 ±1.4`` in points, or ``41.2 [39.8, 42.7]``, without a place where a line may break."""
        return interval_text(entry, self.decimals)


def interval_text(entry: Estimate, decimals: int) -> str:
    """``41.2 ±1.4`` where the interval is symmetric in the digits shown, else ``41.2 [39.8, 42.7]``; no line breaks
    within it."""
    shown = figure(entry, decimals)
    if shown is None:
        return MISSING
    if shown.half:
        return f"{shown.value}{NO_BREAK}±{shown.half}"
    return f"{shown.value}{NO_BREAK}[{shown.low},{NO_BREAK}{shown.high}]" if shown.low else shown.value


def holds_training(entry: Entry) -> bool:
    """Whether an interval holds the training set of all its probes."""
    return entry.has_interval and entry.covers.endswith(TRAINING)


def _method_marks(methods: Sequence[str]) -> dict[str, str]:
    """A raised letter for every method: one of its own letters where that is free."""
    plain = "abcdefghijklmnoprstuvwxyz"
    marks: dict[str, str] = {}
    for method in methods:
        candidates = [c for c in method.lower() if c in plain] + list(plain)
        letter = next((c for c in candidates if _METHOD_MARKS[plain.index(c)] not in marks.values()), None)
        marks[method] = _METHOD_MARKS[plain.index(letter)] if letter else f"({method})"
    return marks
