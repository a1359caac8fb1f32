"""The picture of standings: a forest of scores with their intervals, and chance as a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlbench.reports.boards.ranks import Rank
from xlbench.reports.figures.grid import no_score
from xlbench.reports.figures.lettering import Lettering
from xlbench.reports.figures.panels import By, Panel, axes_of, panels_of
from xlbench.reports.figures.style import COLORS, FAINT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xlbench.reports.boards.board import Board

BEST, OTHER = COLORS[0], "#5a5a5a"
"""Of models that may be the best, and of the others."""
MARKERS = "os"
"""The same: without colors they are told apart, too."""


def figure_of(board: Board, width: float, letters: Lettering, by: By) -> Figure:
    """Every model's score with its interval, the best on top: the overall, then areas or tasks, each on its own scale.

    A blue circle is what may well be the best; hollow is what has no interval; the dashed line is chance.
    """
    panels = panels_of(board, by)
    figure, drawn = axes_of(board, panels, _below(board, panels), width, letters)
    for axes, panel in zip(drawn, panels, strict=True):
        _draw(axes, panel)
    return figure


def _below(board: Board, panels: list[Panel]) -> str:
    dashed = "; dashed: chance" if any(panel.chance is not None for panel in panels) else ""
    best = "; blue circle: may be the best" if len(board.rows) > 1 else ""
    return f"score in points, {board.level:.0%} intervals{best}{dashed}"


def _draw(axes: Axes, panel: Panel) -> None:
    if panel.chance is not None:
        axes.axvline(100 * panel.chance, color=FAINT, linestyle=(0, (4, 2)), linewidth=0.9, zorder=1, label="chance")
    for place, (entry, rank) in enumerate(zip(panel.entries, panel.ranks, strict=True)):
        if entry.value is None:
            no_score(axes, place)
            continue
        color, marker = look_of(rank)
        shown = entry.has_interval
        if entry.low is not None and entry.high is not None and shown:
            axes.plot([100 * entry.low, 100 * entry.high], [place, place], color=color, label="interval")
        axes.plot([100 * entry.value], [place], marker, color=color, markerfacecolor=color if shown else "white",
                  label="score")  # fmt: skip
    axes.margins(x=0.08)
    axes.locator_params(axis="x", nbins=3)


def look_of(rank: Rank | None) -> tuple[str, str]:
    """Color and marker of a model by its rank."""
    return (BEST, MARKERS[0]) if rank is not None and rank.tied_with_best else (OTHER, MARKERS[1])
