"""`verdict`: what a board shows, in one sentence of plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench.core.text import one_line
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.markup import points

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board, Row

MOST_NAMES, MOST_GROUPS = 4, 4
"""Models that are named together, and groups of models that follow the best, before the rest is counted."""


def verdict(board: Board) -> str:
    """Which model is best and from which it cannot be told, how the others follow, and which are no better than chance.

    It goes by the rank intervals, which hold for all models of the board at once, and by the interval of each overall
    where it is held against chance.

    Args:
        board: The board.

    Returns:
        One sentence without markup, which ends with a period. Names are those that the models have on the board, in one
        line; a renderer escapes them.
    """
    ranked = [row for row in board.rows if row.rank is not None]
    if not board.rows:
        return "No model has a cell here."
    if not ranked:
        return "No model has an overall score, as each lacks a part."
    clauses = [_single_model_clause(ranked[0])] if len(ranked) == 1 else [*_order(ranked), *_against_chance(ranked)]
    lacking = [row for row in board.rows if row.rank is None]
    if lacking:
        clauses.append(f"{_names(lacking)} {_verb(lacking, 'has', 'have')} no overall score")
    return "; ".join(clauses) + "."


def _single_model_clause(row: Row) -> str:
    """The one model with an overall, against chance."""
    value = points(row.overall.value or 0.0)
    place = _Place.of(row)
    if place.chance is None:
        return f"{one_line(row.label)} scores {value}, with no other model to compare it with"
    against = {
        "above": f"which is above chance ({points(place.chance)})",
        "open": f"which cannot be told from chance ({points(place.chance)})",
        "below": f"which is below chance ({points(place.chance)})",
        "": f"where chance is {points(place.chance)}",
    }
    return f"{one_line(row.label)} scores {value}, {against[place.side]}; there is no other model to compare it with"


def _order(ranked: Sequence[Row]) -> Iterator[str]:
    """The best, those that cannot be told from it, and then the others."""
    first = [row for row in ranked if row.rank == 1]
    close = [row for row in ranked if row.tied_with_best and row.rank != 1]
    others = [row for row in ranked if not row.tied_with_best and row.rank != 1]
    if not close:
        yield f"{_names(first)} {_verb(first, 'is best', 'share the best score')}"
    else:
        from_whom = _names(close, "or") if others or len(close) == 1 else "any other model"
        yield f"{_names(first)} {_verb(first, 'scores', 'score')} best, but cannot be told from {from_whom}"
    yield from _followers(others)
    yield from _open_order(close, others)


def _open_order(close: Sequence[Row], others: Sequence[Row]) -> Iterator[str]:
    """Those that cannot be told from the best, and those that can, where the ranks of both overlap: that the latter
    follow the best does not say that they follow the former."""
    before = [row for row in close if others and _high(row) >= min(map(_low, others))]
    behind = [row for row in others if before and _low(row) <= max(map(_high, before))]
    if behind:
        yield f"the order of {_names([*before, *behind])} is open"


def _followers(rows: Sequence[Row]) -> Iterator[str]:
    """The models behind the best ones: one after the other, or several together where their ranks overlap."""
    groups = _groups(rows)
    if not groups:
        return
    shown, rest = groups[:MOST_GROUPS], [row for group in groups[MOST_GROUPS:] for row in group]
    texts = [_group(group) for group in shown]
    if rest:
        texts.append(f"{len(rest)} more {'model' if len(rest) == 1 else 'models'}")
    yield "then " + _verb(shown[0], "comes ", "come ") + ", then ".join(texts)


def _groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows in their order, together where the ranks that they may have overlap."""
    groups: list[list[Row]] = []
    for row in rows:
        if groups and _low(row) <= max(map(_high, groups[-1])):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _group(group: Sequence[Row]) -> str:
    """``Y and Z (tied)``; ``W, X and Y (in an open order)`` where the first and the last may be told apart."""
    if len(group) == 1:
        return one_line(group[0].label)
    alike = len({(row.rank_low, row.rank_high) for row in group}) == 1
    return f"{_names(group)} ({'tied' if alike else 'in an order that is open'})"


def _low(row: Row) -> int:
    return row.rank_low or 0


def _high(row: Row) -> int:
    return row.rank_high or 0


def _against_chance(ranked: Sequence[Row]) -> Iterator[str]:
    """The models whose overall is not above chance, by its interval."""
    sides = [_Place.of(row).side for row in ranked]
    open_ones = [row for row, side in zip(ranked, sides, strict=True) if side == "open"]
    below = [row for row, side in zip(ranked, sides, strict=True) if side == "below"]
    if len(open_ones) == len(ranked):
        yield "none can be told from chance"
    elif open_ones:
        yield f"{_names(open_ones)} cannot be told from chance"
    if below:
        yield f"{_names(below)} {_verb(below, 'scores', 'score')} below chance"


@dataclass(frozen=True)
class _Place:
    """Where a model's overall lies, seen from chance."""

    chance: float | None
    side: str
    """``above``, ``open``, ``below``, or empty where one of the two is not known."""

    @classmethod
    def of(cls, row: Row) -> _Place:
        chance, overall = row.chances.get(OVERALL), row.overall
        if chance is None or not overall.has_interval or overall.low is None or overall.high is None:
            return cls(chance, "")
        return cls(chance, "above" if overall.low > chance else "below" if overall.high < chance else "open")


def _names(rows: Sequence[Row], word: str = "and") -> str:
    """The models' names in a list; beyond `MOST_NAMES` the rest is counted."""
    texts = [one_line(row.label) for row in rows]
    if len(texts) > MOST_NAMES:
        kept = texts[: MOST_NAMES - 1]
        return f"{', '.join(kept)} {word} {len(texts) - len(kept)} more"
    *most, last = texts
    return f"{', '.join(most)} {word} {last}" if most else last


def _verb(rows: Sequence[Row], one: str, many: str) -> str:
    return one if len(rows) == 1 else many
