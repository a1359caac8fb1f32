"""The picture of ranks: every model's rank, and the ranks that it may well have, all models at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlbench.reports.figures.grid import no_score
from xlbench.reports.figures.lettering import Lettering
from xlbench.reports.figures.panels import By, Panel, axes_of, panels_of
from xlbench.reports.figures.standings import look_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xlbench.reports.boards.board import Board

STEPS = 4
"""Between the ticks of an axis, at most."""


def figure_of(board: Board, width: float, letters: Lettering, by: By) -> Figure:
    """Ranks by the overall, then by areas or tasks. Models whose bars share a rank cannot be told apart by that alone;
    a bar as wide as the axes is a model of which nothing is known."""
    panels = panels_of(board, by)
    level = f"{board.level:.0%}, all models at once"
    below = f"rank, and the ranks that are possible ({level}); blue circle: may be the best"
    figure, drawn = axes_of(board, panels, below, width, letters)
    for axes, panel in zip(drawn, panels, strict=True):
        _draw(axes, panel)
    return figure


def _draw(axes: Axes, panel: Panel) -> None:
    for place, rank in enumerate(panel.ranks):
        if rank is None:
            no_score(axes, place)
            continue
        color, marker = look_of(rank)
        axes.plot([rank.low, rank.high], [place, place], color=color, linewidth=5, alpha=0.3, label="ranks",
                  solid_capstyle="butt" if rank.low < rank.high else "projecting")  # fmt: skip
        axes.plot([rank.rank], [place], marker, color=color, label="rank")
    axes.set_xlim(0.6, max(2, len(panel.ranks)) + 0.4)
    axes.set_xticks(ticks(len(panel.ranks)))


def ticks(models: int) -> list[int]:
    """The first rank, the last one, and round numbers between them where they have room."""
    last = max(2, models)
    step = next(size * ten for ten in (1, 10, 100, 1000) for size in (1, 2, 5) if size * ten * STEPS >= last)
    round_ones = [rank for rank in range(step, last, step) if min(rank - 1, last - rank) >= step / 2]
    return sorted({1, *round_ones, last})
