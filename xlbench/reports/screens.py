"""Results at a prompt and in a notebook: what was measured, the verdict sentence and the standings, on one screen."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from xlbench.core import tables
from xlbench.core.columns import cell_width, ended, shortened, wrapped
from xlbench.core.record import LOOSE, Run
from xlbench.core.tables import GAP, HEIGHT, WIDTH
from xlbench.core.text import count_text, first_of, one_line
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.verdict import verdict
from xlbench.reports.markup import MISSING, points

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Row
    from xlbench.reports.render import Boards

LONGEST_NAME = 24
MOST_ROWS = 50
"""Models in a notebook's table."""
_HEAD = ("", "model", OVERALL)
LEAST_ROOM = 6
"""Lines of a board that has a table, and not its verdict alone: two of the verdict, the head, chance, two models."""


def as_text(runs: Sequence[Run], found: Boards) -> str:
    """The boards, of which there is one at least, on a screen of 80 characters by 24 lines."""
    boards, beside = found.boards, _remarks(runs, found)
    lines = wrapped(measured(runs, boards), WIDTH, 2)
    room = HEIGHT - len(lines) - len(beside)
    shown = boards[: max(1, room // 3)]
    rest = boards[len(shown) :]
    room -= bool(rest)
    for board in shown:
        lines += _board_lines(board, room // len(shown), is_named=len(boards) > 1)
    if rest:
        lines.append(_cut(f"and {len(rest)} more: {first_of([one_line(board.title) for board in rest], 6)}"))
    return "\n".join([*lines, *map(_cut, beside)])


def as_html(runs: Sequence[Run], found: Boards) -> str:
    """The boards for a notebook: every name is escaped."""
    parts = [_paragraph(measured(runs, found.boards))]
    for board in found.boards:
        sentence = verdict(board)
        parts.append(_paragraph(f"{one_line(board.title)}: {sentence}" if len(found.boards) > 1 else sentence))
        headers = [*_HEAD, *_areas(board)]
        rows = [
            [_rank(row), row.label, _interval(row.overall), *(_interval(row.areas[area]) for area in _areas(board))]
            for row in board.rows[:MOST_ROWS]
        ]
        chance = ["", "chance", *(_points(board.chances.get(name)) for name in (OVERALL, *_areas(board)))]
        texts = [[one_line(text) for text in row] for row in (headers, *rows, chance)]
        parts.append(tables.table(texts[0], texts[1:], "rl" + "r" * (len(headers) - 2), "html"))
        if len(board.rows) > MOST_ROWS:
            parts.append(_paragraph(f"and {len(board.rows) - MOST_ROWS:,} more models"))
    return "\n".join([*parts, *map(_paragraph, _remarks(runs, found))])


def without_board(overview: str) -> str:
    """The overview of cells of which there is no board, cut to the screen."""
    return "\n".join(map(_cut, overview.splitlines()))


def _remarks(runs: Iterable[Run], found: Boards) -> list[str]:
    """Why the first cell failed, what is on no board, and what was refused: a line each kind."""
    failed = [cell for run in runs for cell in run.cells if cell.status == "error"][:1]
    errors = [f"error: {cell.model} {cell.task} {cell.subset}: {cell.reason}" for cell in failed]
    refused = [f"{count_text(len(found.troubles), 'file')} refused: {found.troubles[0]}"] if found.troubles else []
    return [one_line(text) for text in (*errors, *found.left_out[:2], *refused)]


def _cut(line: str) -> str:
    return ended(line, WIDTH)


def _paragraph(text: str) -> str:
    return f"<p>{html.escape(text)}</p>"


def measured(runs: Iterable[Run], boards: Sequence[Board]) -> str:
    """What was measured: how many models, tasks, languages and cells, and what did not come to a score."""
    cells = [cell for run in runs for cell in run.cells]
    models = len({(row.model, row.fingerprint) for board in boards for row in board.rows})
    tasks = len({task for board in boards for _, task in board.tasks})
    languages = len({code for board in boards for line in board.cells for code in line.languages})
    names = [one_line(board.title) for board in boards if board.title != LOOSE]
    status = Counter(cell.status for cell in cells)
    failed = [count_text(status["error"], "error")] * bool(status["error"])
    skipped = [f"{status['skipped']:,} skipped"] * bool(status["skipped"])
    unscored = f" ({', '.join(failed + skipped)})" if failed or skipped else ""
    counts = f"{count_text(models, 'model')}, {count_text(tasks, 'task')}, {count_text(languages, 'language')}"
    suites = f"{first_of(names, 4)}: " if names else ""
    level = f"{100 * boards[0].level:g}%"
    return f"{suites}{counts}, {count_text(len(cells), 'cell')}{unscored}; points with {level} intervals"


def _board_lines(board: Board, room: int, *, is_named: bool) -> list[str]:
    """The verdict of a board, and as many of its models as there are lines for."""
    sentence = f"{one_line(board.title)}: {verdict(board)}" if is_named else verdict(board)
    if room < LEAST_ROOM:
        return wrapped(sentence, WIDTH, room)
    lines = wrapped(sentence, WIDTH, max(2, room // 5))
    rows = board.rows
    if len(rows) > room - len(lines) - 3:  # the head, chance and what is left out
        rows = rows[: max(1, room - len(lines) - 3)]
    table, areas = _table(board, rows)
    left_out = [f"{len(board.rows) - len(rows):,} more models"] * (len(board.rows) > len(rows))
    left_out += areas
    more = [_cut(f'not shown: {", ".join(left_out)} (.to_frame("areas") has all)')] if left_out else []
    return [*lines, *table.splitlines(), *more]


def _table(board: Board, rows: Sequence[Row]) -> tuple[str, tuple[str, ...]]:
    """The standings with the areas that fit beside the overall, and the names of those that do not."""
    columns = [
        [_HEAD[0], *map(_rank, rows), ""],
        [_HEAD[1], *(shortened(one_line(row.label), LONGEST_NAME) for row in rows), "chance"],
        [_HEAD[2], *(_interval(row.overall) for row in rows), _points(board.chances.get(OVERALL))],
    ]
    kept: list[str] = []
    for area in _areas(board):
        chance = _points(board.chances.get(area))
        own = [shortened(one_line(area), LONGEST_NAME), *(_points(row.areas[area].value) for row in rows), chance]
        if sum(max(map(cell_width, column)) + GAP for column in [*columns, own]) - GAP > WIDTH:
            break
        columns.append(own)
        kept.append(area)
    lines = list(zip(*columns, strict=True))
    return tables.table(lines[0], lines[1:], "rl" + "r" * (len(columns) - 2)), _areas(board)[len(kept) :]


def _areas(board: Board) -> tuple[str, ...]:
    """The areas that have columns: none where the overall is that of the only one."""
    return board.areas if len(board.areas) > 1 else ()


def _rank(row: Row) -> str:
    """``2``; ``2 (2–4)`` where other ranks may well be true."""
    if row.rank is None:
        return MISSING
    open_ranks = row.rank_low != row.rank_high and row.rank_low is not None
    return f"{row.rank} ({row.rank_low}–{row.rank_high})" if open_ranks else f"{row.rank}"


def _points(value: float | None) -> str:
    return MISSING if value is None else points(value)


def _interval(entry: Entry) -> str:
    """``41.2 [39.8, 42.6]``."""
    if not entry.has_interval or entry.low is None or entry.high is None:
        return _points(entry.value)
    return f"{_points(entry.value)} [{points(entry.low)}, {points(entry.high)}]"
