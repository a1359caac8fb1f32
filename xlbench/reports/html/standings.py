"""The standings as a table that needs no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.ties import tied_groups
from xlbench.reports.html.marks import Scale, rank_text, score
from xlbench.reports.html.safe import escape
from xlbench.reports.markup import MISSING, points

if TYPE_CHECKING:
    from xlbench.reports.boards.averages import Entry
    from xlbench.reports.boards.board import Board, ModelLine, Row

TRAINING = {
    "seen": ("Trained on data here", "declares that it was trained on data of this board"),
    "unseen": ("Data unseen", "declares its training data, and has seen no item of this board"),
    "unknown": ("Unknown", "does not say what it was trained on"),
}
"""The states of the training-data badge: what it says, and what that means."""


def training_state(line: ModelLine) -> str:
    """One of `TRAINING`, for a model and all of the board."""
    return "seen" if line.seen else "unseen" if line.declares else "unknown"


def table(board: Board) -> str:
    """Rank, model, overall and areas, best model first."""
    columns = _columns(board)
    heads = "".join(
        f'<th scope="col" data-col="{place}" aria-sort="{"descending" if place == 0 else "none"}">{escape(name)}</th>'
        for place, name, *_ in columns
    )
    lines = {(line.model, line.fingerprint): line for line in board.models}
    shades = [number for number, group in enumerate(tied_groups(board.rows)) for _ in group]
    body = "\n".join(
        _row(number, row, shades[number], lines.get((row.model, row.fingerprint)), columns)
        for number, row in enumerate(board.rows)
    )
    return (
        '<table class="scores" id="standings-table" data-grid><caption class="unseen-text">Standings, best model '
        f'first</caption><thead><tr><th scope="col" data-col="rank">Rank</th><th scope="col" data-col="model">Model'
        f"</th>{heads}</tr></thead><tbody>\n{body}\n</tbody>{_foot(columns)}</table>"
    )


def _foot(columns: Columns) -> str:
    """What guessing scores, a column each; the empty interval keeps the numbers below those of the models."""
    known = [MISSING if chance is None else points(chance) for *_, chance in columns]
    cells = "".join(f"<td>{chance} <small></small></td>" for chance in known)
    return f'<tfoot><tr><td class="rank"></td><th scope="row">Chance</th>{cells}</tr></tfoot>'


Columns = list[tuple[int, str, list["Entry"], Scale, float | None]]
"""By column: its place among the page's columns, its headline, an entry a row, its line, chance."""


def _columns(board: Board) -> Columns:
    found = [("Overall", [row.overall for row in board.rows], board.chances.get(OVERALL))]
    if any(row.corrected.value is not None for row in board.rows):
        found.append(("Above chance", [row.corrected for row in board.rows], 0.0))
    found += [
        (area_title(area), [row.areas[area] for row in board.rows], board.chances.get(area)) for area in board.areas
    ]
    return [
        (place, name, entries, Scale.of([chance, *(end for one in entries for end in (one.value, one.low, one.high))]),
         chance)
        for place, (name, entries, chance) in enumerate(found)
    ]  # fmt: skip


def area_title(area: str) -> str:
    """An area as a headline."""
    return "NER" if area == "ner" else area[:1].upper() + area[1:]


def _row(number: int, row: Row, shade: int, line: ModelLine | None, columns: Columns) -> str:
    cells = "".join(
        f'<td data-c="{place}">{score(entries[number], scale, chance)}</td>'
        for place, _, entries, scale, chance in columns
    )
    tied = " tied" if row.tied_with_best else ""
    return (
        f'<tr data-i="{number}" class="shade{shade % 2}{tied}"><td class="rank">'
        f"{rank_text(row.rank, row.rank_low, row.rank_high)}</td>"
        f'<th scope="row">{escape(row.label)}{badge(line)}</th>{cells}</tr>'
    )


def badge(line: ModelLine | None) -> str:
    """What a model says of its training data, where it says something."""
    if line is None or (state := training_state(line)) == "unknown":
        return ""
    word, meaning = TRAINING[state]
    where = f": {', '.join(line.seen)}" if line.seen else ""
    return f' <span class="badge {state}" title="{escape(meaning + where)}">{word}</span>'
