"""`tied_groups`: the rows of a board, together where the order among them is not known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlbench.stats import letters

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Row


def tied_groups(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows in their order, in as many groups as keep all pairs that are not told apart within one of them.

    Every model of a group is told apart from every model of the groups below it. Within a group not all are tied: a
    model in the middle may be what holds the first and the last together.

    Args:
        rows: In the order of the board, the best first.
    """
    own = [letters.split(row.letters) for row in rows]
    last = {letter: place for place, found in enumerate(own) for letter in found}
    groups: list[list[Row]] = []
    reach = -1
    for place, (row, found) in enumerate(zip(rows, own, strict=True)):
        if place > reach:
            groups.append([])
        groups[-1].append(row)
        reach = max(reach, place, *(last[letter] for letter in found))
    return groups


def are_tied(one: Row, other: Row) -> bool:
    """Whether two models are not told apart by the overall."""
    return not set(letters.split(one.letters)).isdisjoint(letters.split(other.letters))
