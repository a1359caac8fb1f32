"""The board section on directions and hubs: pairs of subsets of which one is worse, and has more hubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlbench.reports.boards.hubs import HubGap, hub_gaps
from xlbench.reports.markup import escape, table

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board
    from xlbench.reports.boards.legend import Legend

MOST = 20
"""Pairs that are shown."""


def section(board: Board, legend: Legend) -> str:
    """The largest gaps between two directions that go with hubs, a row a pair; nothing where there are none."""
    gaps = hub_gaps(board.hubs)
    if not gaps:
        return ""
    count = f"{len(gaps):,} in all, the largest gap first"
    if len(gaps) > MOST:
        count = f"{len(gaps):,} in all, of which the {MOST} with the largest gaps are shown"
    words = (
        "A hub is a candidate that is near to many queries, whatever they say, and so stands before their "
        "translations. Only candidates can be in the way: one direction of a pair may have hubs where the other has "
        "none. A row is a pair of a model's directions whose intervals of accuracy (P@1) do not overlap, and of which "
        "the worse has both the greater hubness and the greater share of queries whose nearest candidate is one of "
        f"the ten that are nearest to most: {count}. Each number is of the worse direction, then of the better. CSLS "
        "allows for hubs: by it, a candidate that is near to many queries must be all the nearer to one. The more it "
        "closes of a gap, the more of that gap is due to hubs."
    )
    headers = ["Model", "Task", "Worse / better", "Accuracy (P@1)", "Taken by ten hubs, %", "CSLS accuracy"]
    rows = [_row(gap, legend) for gap in gaps[:MOST]]
    return f"## Directions and hubs\n\n{words}\n\n" + table(headers, rows, "lllrrr")


def _row(gap: HubGap, legend: Legend) -> list[str]:
    both = gap.worse, gap.better
    return [
        escape(gap.worse.label),
        escape(gap.worse.task),
        " / ".join(escape(line.subset) for line in both),
        *(
            " / ".join(map(legend.points, numbers))
            for numbers in (
                [line.value for line in both],
                [line.hub_share for line in both],
                [line.csls_accuracy for line in both],
            )
        ),
    ]
