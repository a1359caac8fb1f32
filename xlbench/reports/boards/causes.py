"""Groups the footnotes of a board by what they are about, with how many cells each is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xlbench.reports.boards.board import marks
from xlbench.reports.boards.notes import SMALL

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board

SHORT = {SMALL: "small samples", "runs of this model": "runs of one model differ, or are of different data or versions"}
"""What some notes hold -> what they are called together."""
LONGEST = 100
"""Characters of a note up to its first bracket or semicolon: of a longer one, what stands before a colon is shown."""
FAILED = ("error: ", "skipped: ")
"""How the reasons of cells without a score begin."""
_NUMBER = re.compile(r"\d[\d,.]*(?<=\d)")
_REST = re.compile(r" \(|; ")


@dataclass
class Cause:
    """Notes of one kind."""

    text: str
    """A short sentence without a period."""
    footnotes: list[int] = field(default_factory=list)
    """Their numbers on the board (`Board.footnotes`)."""
    cells: int = 0
    """How many cells they are about; 0: averages or models alone."""
    models: set[str] = field(default_factory=set)
    """The labels of the models that they are about."""


def causes(board: Board) -> list[Cause]:
    """The footnotes in groups, those that are about most cells first; each footnote is in one group.

    Notes that differ in their numbers alone are one group. A group is called by the beginning of its notes; how a note
    goes on is said where it stands in full.
    """
    numbers = {text: number for number, text in enumerate(board.footnotes, 1)}
    cells = _cells(board)
    of_models = _models(board)
    groups: dict[str, list[str]] = {}
    for text in numbers:
        groups.setdefault(_kind(text, is_of_cells=text in cells), []).append(text)
    found = []
    for kind, texts in groups.items():
        cause = Cause(
            kind if len(texts) > 1 or kind in SHORT.values() else _beginning(texts[0], is_of_cells=texts[0] in cells)
        )
        for text in texts:
            cause.footnotes.append(numbers[text])
            cause.models |= of_models[text]
        cause.cells = len(set().union(*(cells.get(text, set()) for text in texts)))
        found.append(cause)
    return sorted(found, key=lambda cause: (-cause.cells, cause.footnotes))


def _kind(text: str, *, is_of_cells: bool) -> str:
    """What notes of one kind have in common."""
    for part, name in SHORT.items():
        if part in text:
            return name
    return _NUMBER.sub("…", _beginning(text, is_of_cells=is_of_cells))


def _beginning(text: str, *, is_of_cells: bool) -> str:
    """A note up to where it explains itself; the whole of it where it is of no cell: then it says what is missing."""
    if not is_of_cells:
        return text
    start = _REST.split(text, maxsplit=1)[0]
    start = start if len(start) <= LONGEST or start.startswith(FAILED) else start.split(": ")[0]
    return start if start.startswith(FAILED) else start.replace(": ", " – ")


def _cells(board: Board) -> dict[str, set[tuple[int, int]]]:
    """Note -> the cells that it is about: number of the line, number of the row."""
    found: dict[str, set[tuple[int, int]]] = {}
    for number, line in enumerate(board.cells):
        for place, entry in enumerate(line.entries):
            shared = line.notes if entry.value is not None else ()
            for text in (*shared, *marks(entry)):
                found.setdefault(text, set()).add((number, place))
    return found


def _models(board: Board) -> dict[str, set[str]]:
    """Note -> the labels of the models that it stands beside."""
    labels = [row.label for row in board.rows]
    found: dict[str, set[str]] = {text: set() for text in board.footnotes}
    for row in board.rows:
        _add(found, (*row.notes, *(text for entry in row.entries for text in marks(entry))), row.label)
    for group in (board.languages, board.registers, board.cells):
        for line in group:
            for label, entry in zip(labels, line.entries, strict=True):
                _add(found, marks(entry), label)
    for line in board.cells:
        for text in line.notes:
            found[text] |= set(labels)
    return found


def _add(found: dict[str, set[str]], texts: Iterable[str] | Iterator[str], label: str) -> None:
    for text in texts:
        found[text].add(label)
