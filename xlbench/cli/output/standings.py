"""Prints a board's standings in the columns that a window has room for, and what they say in one sentence."""

from __future__ import annotations

import io
import os
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from xlbench.cli.output.printing import echo, echo_styled
from xlbench.cli.output.window import is_terminal, width
from xlbench.core.columns import cell_width, shortened
from xlbench.core.text import one_line
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.figures import Figure, figure
from xlbench.reports.boards.legend import Legend
from xlbench.reports.boards.verdict import verdict
from xlbench.reports.markup import DECIMALS, MISSING, number_or_none

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, Row
    from xlbench.reports.boards.ranks import Rank

GAP = 2
"""Columns of space between two columns of the table."""
SHORT_NAME = 16
"""Columns of a name that is abbreviated so that the areas have room."""
SHORTEST_NAME = 8
LETTERS = 4
"""Of an abbreviated heading, before its period."""


@dataclass(frozen=True)
class Column:
    """A heading, and a text a row."""

    heading: str
    texts: tuple[str, ...]
    right: bool = True

    @property
    def width(self) -> int:
        """Columns of the window that it takes."""
        return max(map(cell_width, (self.heading, *self.texts)))


def print_standings(board: Board, *, titled: bool = False) -> None:
    """Print the standings on standard output, how they are read, and the verdict.

    On a terminal the table fits the window: columns are left out or abbreviated. Elsewhere it is whole.

    Args:
        board: The board.
        titled: Whether its title comes first.
    """
    room = width(sys.stdout)
    if titled:
        echo(f"{board.title}\n")
    if board.rows:
        columns, whole = fitted(board, room)
        echo_styled(_styled_table(board, columns))
        echo(_wrapped(_reading(board, columns, whole=whole), room))
        echo()
    echo(_wrapped(verdict(board), room))


def fitted(board: Board, room: int | None) -> tuple[list[Column], bool]:
    """The widest of the board's tables that has room, and whether no column of the widest of all was left out.

    Args:
        board: The board, which has models.
        room: Columns of the window; None: any number.
    """
    layouts = list(_layouts(board))
    whole = {column.heading for column in layouts[0]}
    for columns in layouts:
        for shortest in (None, SHORT_NAME):
            if found := _within(columns, room, shortest):
                return found, whole <= {column.heading for column in found}
    found = _within(layouts[-1], room, SHORTEST_NAME) or [_cut(layouts[-1][0], SHORTEST_NAME), *layouts[-1][1:]]
    return found, False


def _within(columns: list[Column], room: int | None, shortest: int | None) -> list[Column] | None:
    """The columns as they are, or with names cut to no less than ``shortest``; None where the window is too narrow, or
    two names would become one."""
    over = 0 if room is None else sum(column.width + GAP for column in columns) - GAP - room
    if over <= 0:
        return columns
    place = next(number for number, column in enumerate(columns) if column.heading == "Model")
    names = columns[place]
    if shortest is None or names.width - over < shortest:
        return None
    cut = _cut(names, names.width - over)
    if len(set(cut.texts)) < len(set(names.texts)):
        return None
    return [*columns[:place], cut, *columns[place + 1 :]]


def _layouts(board: Board) -> Iterator[list[Column]]:
    """The tables that the board may have, from the widest to the narrowest."""
    legend = Legend.of(board, DECIMALS)
    chance = board.chances if any(level is not None for level in board.chances.values()) else None
    names, ranks = _names(board, has_chance=chance is not None), _ranks(board, has_chance=chance is not None)
    single = len(board.areas) == 1
    areas = () if single else board.areas

    def numbers(heading: str, texts: Sequence[str], level: str) -> Column:
        return Column(heading, (*texts, *([level] if chance is not None else [])))

    def area(name: str, heading: str, *, bare: bool = False, places: bool = False) -> Column:
        entries = [row.areas[name] for row in board.rows]
        texts = [legend.points(entry.value) for entry in entries] if bare else _intervals(entries, legend)
        if places:
            ranks = board.area_ranks(name)
            beside = [_place(row.area_ranks.get(name), ranks) for row in board.rows]
            texts = [f"{text} {place}".rstrip() for text, place in zip(texts, beside, strict=True)]
        return numbers(heading, texts, legend.points((chance or {}).get(name)))

    first = _heading(board.areas[0]) if single else "Overall"
    level = legend.points((chance or {}).get(OVERALL))
    overall = numbers(first, _intervals([row.overall for row in board.rows], legend), level)
    above = [numbers("Above chance", _intervals([row.corrected for row in board.rows], legend), legend.points(0.0))]
    above = above if any(row.corrected.value is not None for row in board.rows) else []
    counts = [
        numbers("n", [number_or_none(row.overall.n) for row in board.rows], MISSING),
        numbers("Clusters", [number_or_none(row.overall.clusters) for row in board.rows], MISSING),
    ]
    start = [ranks, names, overall]
    yield [*start, *above, *(area(name, _heading(name), places=True) for name in areas), *counts]
    yield [*start, *above, *(area(name, _heading(name)) for name in areas)]
    yield [*start, *(area(name, _heading(name)) for name in areas)]
    yield [*start, *(area(name, _heading(name), bare=True) for name in areas)]
    yield [*start, *(area(name, short, bare=True) for name, short in zip(areas, _short(areas), strict=True))]
    yield start
    yield [names, overall]
    yield [names, numbers(first, [legend.points(row.overall.value) for row in board.rows], level)]


def _names(board: Board, *, has_chance: bool) -> Column:
    return Column("Model", (*(one_line(row.label) for row in board.rows), *["chance"] * has_chance), right=False)


def _ranks(board: Board, *, has_chance: bool) -> Column:
    return Column("Rank", (*(_rank(row, board) for row in board.rows), *[""] * has_chance))


def _rank(row: Row, board: Board) -> str:
    """``=1-3``: the ranks that a model may have, and whether it cannot be told from the best."""
    if row.rank is None:
        return MISSING
    tied = row.tied_with_best and sum(other.tied_with_best for other in board.rows) > 1
    return "=" * tied + (f"{row.rank_low}–{row.rank_high}" if row.rank_low != row.rank_high else str(row.rank))


def _intervals(entries: Sequence[Entry], legend: Legend) -> list[str]:
    """Scores with their intervals, all in one form: ``41.2 ±1.4`` where each is symmetric in the digits shown, or else
    ``41.2 [39.8, 42.7]``."""
    figures = [figure(entry, legend.decimals) for entry in entries]
    symmetric = not any(one.low for one in figures if one)
    return [MISSING if one is None else _interval(one, symmetric=symmetric) for one in figures]


def _interval(one: Figure, *, symmetric: bool) -> str:
    if one.half and not symmetric:
        value, half = Decimal(one.value), Decimal(one.half)
        return f"{one.value} [{value - half}, {value + half}]"
    return f"{one.value} ±{one.half}" if one.half else f"{one.value} [{one.low}, {one.high}]" if one.low else one.value


def _place(rank: Rank | None, others: Sequence[Rank]) -> str:
    """``(=1-2)``: the ranks that a model may have in an area; nothing where it is alone there."""
    if rank is None or len(others) < 2:
        return ""
    tied = rank.tied_with_best and sum(other.tied_with_best for other in others) > 1
    return f"({'=' * tied}{rank.low}{f'–{rank.high}' if rank.is_open else ''})"


def _heading(area: str) -> str:
    name = one_line(area)
    return "NER" if name == "ner" else name[:1].upper() + name[1:]


def _short(areas: Sequence[str]) -> list[str]:
    """Headings cut to their first letters, with a period; whole where two would be the same."""
    whole = [_heading(area) for area in areas]
    short = [name if len(name) <= LETTERS + 1 else name[:LETTERS] + "." for name in whole]
    return short if len(set(short)) == len(set(whole)) else whole


def _cut(column: Column, room: int) -> Column:
    """A column of names, the long ones without their middle: names of a family differ at their ends."""
    return replace(column, texts=tuple(shortened(text, room) for text in column.texts))


def _styled_table(board: Board, columns: Sequence[Column]) -> str:
    """The table in lines. Headings and what cannot be told from the best are bold, chance is dim: on a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), show_edge=False)
    for column in columns:
        table.add_column(Text(column.heading), justify="right" if column.right else "left", no_wrap=True)
    for number, texts in enumerate(zip(*(column.texts for column in columns), strict=True)):
        row = board.rows[number] if number < len(board.rows) else None
        style = "dim" if row is None else "bold" if row.tied_with_best else ""
        table.add_row(*map(Text, texts), style=style)
    wide = sum(column.width + GAP for column in columns)
    written = io.StringIO()  # its width is the table's: which columns have room is decided before
    styled = is_terminal(sys.stdout) and not os.environ.get("NO_COLOR")  # rich leaves a dumb terminal plain
    console = Console(file=written, width=wide, force_terminal=styled, legacy_windows=False)
    console.print(table)
    return "\n".join(line.rstrip() for line in written.getvalue().splitlines())


def _reading(board: Board, columns: Sequence[Column], *, whole: bool) -> str:
    """How the table is read, in a line: only what it shows."""
    shown = "".join(text for column in columns for text in column.texts)
    form = " or ".join(word for sign, word in (("±", "±half"), ("[", "[low, high]")) if sign in shown)
    parts = [
        *([f"scores by {board.metric}"] if board.metric else []),
        *([f"{form}: {100 * board.level:g}% interval{board.generalization}"] if form else []),
        *(["=: cannot be told from the best"] if "=" in shown else []),
        *(["1–3: ranks it may have"] if any("–" in text for text in columns[0].texts) else []),
    ]
    if not whole:
        parts.append("a wider window shows more columns")
    return "; ".join(parts)


def _wrapped(text: str, room: int | None) -> str:
    """A text in lines of the window; in one line where there is none."""
    return text if room is None else textwrap.fill(text, max(room, 20), break_long_words=False, break_on_hyphens=False)
