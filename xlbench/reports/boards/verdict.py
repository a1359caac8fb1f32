"""`verdict`: what a board shows, in one sentence of plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench.core.text import one_line
from xlbench.reports.boards.averages import OVERALL
from xlbench.reports.boards.ties import are_tied, tied_groups
from xlbench.reports.markup import points
from xlbench.stats.letters import split

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board, Row

MOST_NAMES, MOST_GROUPS = 4, 4
"""Models that are named together, and groups of models that follow the best, before the rest is counted."""
MOST_TIES = 3
"""Of such a group: the ties that are told one by one."""


def verdict(board: Board) -> str:
    """Which model is best and from which it cannot be told, how the others follow, which are no better than chance, and
    which were trained on data of these tasks.

    It goes by the tests of all pairs of models at once, whose ties the letters of the rows are, and by the interval of
    each overall where it is held against chance.

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
    clauses += _trained(board)
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
    """Those that can be told from the best, but not from all that cannot: that they follow the best does not say that
    they follow these."""
    pairs = [(one, other) for other in others for one in close if are_tied(one, other)]
    before = [row for row in close if any(row is one for one, _ in pairs)]
    behind = [row for row in others if any(row is other for _, other in pairs)]
    if pairs and len(pairs) == len(before) * len(behind):
        yield f"{_names(behind)} cannot be told from {_names(before, 'or')}"
    elif pairs:
        yield f"not all of {_names(behind)} can be told from all of {_names(before)}"


def _followers(rows: Sequence[Row]) -> Iterator[str]:
    """The models behind the best ones: one after the other, or several together where not all are told apart."""
    groups = tied_groups(rows)
    if not groups:
        return
    shown, rest = groups[:MOST_GROUPS], [row for group in groups[MOST_GROUPS:] for row in group]
    texts = [_group(group) for group in shown]
    if rest:
        texts.append(f"{len(rest)} more {'model' if len(rest) == 1 else 'models'}")
    yield "then " + _verb(shown[0], "comes ", "come ") + ", then ".join(texts)


def _group(group: Sequence[Row]) -> str:
    """``Y and Z (tied)``; ``X, Y and Z (X and Y tied, Y and Z tied)`` where X is told from Z."""
    if len(group) == 1:
        return one_line(group[0].label)
    shared = dict.fromkeys(letter for row in group for letter in split(row.letters))
    ties = [[row for row in group if letter in split(row.letters)] for letter in shared]
    if any(len(tie) == len(group) for tie in ties):
        return f"{_names(group)} (tied)"
    if len(group) > MOST_NAMES or len(ties) > MOST_TIES:
        return f"{_names(group)} (not all told apart)"
    return f"{_names(group)} ({', '.join(f'{_names(tie)} tied' for tie in ties)})"


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


def _trained(board: Board) -> Iterator[str]:
    """The models that declare to have been trained on what they are scored on: there, scores are no promise."""
    seen = {line.label: len(line.seen) for line in board.models if line.seen}
    rows = [row for row in board.rows if row.label in seen]
    for count in sorted({seen[row.label] for row in rows}, reverse=True):
        own, total = [row for row in rows if seen[row.label] == count], len(board.tasks)
        tasks = "the task" if total == 1 else f"{count} of the {total} tasks"
        yield f"{_names(own)} {_verb(own, 'was', 'were')} trained on data of {tasks}"


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
