"""The numbers of a board for the page's script: a column a score or average, in tenths of points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.html.safe import tenths
from xlbench.reports.language_sample import tested_languages
from xlbench.stats.all_pairs import against_best, all_pairs, best_of

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry, Node
    from xlbench.reports.boards.board import Board, Line
    from xlbench.reports.boards.ranks import Rank

Column = dict[str, Any]
"""What the script reads: ``k``, the kind (overall, above, area, task, register, language, cell), and ``n``, the name;
``v``, ``a``, ``b``: values, and how far the intervals reach below and above them, a number a model or None; ``e``: what
tenths leave of the values, in thousandths of points; ``i``, ``g``: items and clusters; ``c``: chance; ``m``: how the
intervals were made; ``d``: there where neither value is better; ``p``: against the best, in thousandths; ``r``: the
ranks that each model may have; ``w``: why values are missing, by the model's place; ``x``: a cell's languages, and
``t`` those whose averages count it, where these are others."""


class Notes:
    """Texts that columns name by their numbers, each kept once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        """The number of a text, from 0."""
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def texts(self) -> list[str]:
        """All texts, by their numbers."""
        return [*self._numbers]


def columns(board: Board, notes: Notes) -> list[Column]:
    """All columns of a board; the overall first, then by kind."""
    return [*_averages(board, notes), *_registers(board, notes), *_languages(board, notes), *_cells(board, notes)]


def _averages(board: Board, notes: Notes) -> Iterator[Column]:
    evidence = board.evidence
    overall = _column("overall", "Overall", [row.overall for row in board.rows], notes, board.chances.get(OVERALL))
    ranks = [None if row.rank_low is None else [row.rank_low, row.rank_high] for row in board.rows]
    yield overall | {"r": ranks} | _of_nodes(board, evidence.overall if evidence else ())
    if any(row.corrected.value is not None for row in board.rows):
        yield _column("above", "Above chance", [row.corrected for row in board.rows], notes, 0.0)
    for area in board.areas:
        entries = [row.areas[area] for row in board.rows]
        found = _column("area", area, entries, notes, board.chances.get(area))
        ranked = [row.area_ranks.get(area) for row in board.rows]
        yield found | {"r": _ranks(ranked)} | _of_nodes(board, evidence.area(area) if evidence else ())
    for area, task in board.tasks:
        entries = [row.tasks[task] for row in board.rows]
        found = _column("task", task, entries, notes, board.baseline(task, "chance"))
        ranked = [row.task_ranks.get(task) for row in board.rows]
        yield found | {"area": area, "r": _ranks(ranked)} | _of_nodes(board, evidence.task(task) if evidence else ())


def _registers(board: Board, notes: Notes) -> Iterator[Column]:
    for line in board.registers:
        yield _column("register", line.register, list(line.entries), notes, None) | {"area": line.area}


def _languages(board: Board, notes: Notes) -> Iterator[Column]:
    for line in board.languages:
        found = _column("language", line.language, line.entries, notes, line.chance)
        yield found | _direction(board, board.evidence.languages[line.language] if board.evidence else ())


def _cells(board: Board, notes: Notes) -> Iterator[Column]:
    for line in board.cells:
        found = _column("cell", line.subset, line.entries, notes, line.chance)
        languages = [*line.languages]
        tested = [] if line.left_out else [*tested_languages(line.subset, languages)]
        about = {"x": languages} | ({} if tested == languages else {"t": tested})
        yield found | {"area": line.area, "task": line.task} | about | _of_line(line, notes)


def _of_line(line: Line, notes: Notes) -> Column:
    said = {"metric": line.metric, "left": line.left_out, "notes": [notes.number(note) for note in line.notes]}
    return {name: value for name, value in said.items() if value}


def _column(kind: str, name: str, entries: Sequence[Entry], notes: Notes, chance: float | None) -> Column:
    values = [tenths(entry.value) for entry in entries]
    low = [tenths(entry.low) if entry.has_interval else None for entry in entries]
    high = [tenths(entry.high) if entry.has_interval else None for entry in entries]
    methods = [entry.method for entry in entries if entry.has_interval]
    missing = {place: notes.number(entry.reason) for place, entry in enumerate(entries) if entry.reason}
    exact = {} if kind == "cell" else {"e": [
        None if one.value is None or v is None else round(100_000 * one.value) - 100 * v
        for one, v in zip(entries, values, strict=True)
    ]}  # fmt: skip
    return {
        "k": kind,
        "n": name,
        "v": values,
        **exact,
        "a": [None if v is None or end is None else v - end for v, end in zip(values, low, strict=True)],
        "b": [None if v is None or end is None else end - v for v, end in zip(values, high, strict=True)],
        "i": max((entry.n for entry in entries), default=0),
        "g": max((entry.clusters for entry in entries), default=0),
        "c": tenths(chance),
        "m": " or ".join(dict.fromkeys(methods)),
        **({"w": missing} if missing else {}),
    }


def _ranks(ranks: Sequence[Rank | None]) -> list[list[int] | None]:
    return [None if rank is None else [rank.low, rank.high] for rank in ranks]


def _of_nodes(board: Board, nodes: Sequence[Node]) -> Column:
    """What the influences say of an average."""
    return _direction(board, nodes) | _against_best(nodes)


def _direction(board: Board, nodes: Sequence[Node]) -> Column:
    """That neither value is better, where that holds of any score in an average."""
    neither = board.evidence.neither if board.evidence else frozenset()
    return {"d": 1} if neither and any(place in neither for node in nodes for place in node.places) else {}


def _against_best(nodes: Sequence[Node]) -> Column:
    """p against the best of a column, in thousandths; nothing where there are no two models."""
    if sum(node.part is not None for node in nodes) < 2:
        return {}
    values = [node.entry.value if node.part else None for node in nodes]
    found = against_best(all_pairs([node.part for node in nodes], best_of(values)), values)
    return {"p": [None if p is None else round(1000 * p) for p in found]}
