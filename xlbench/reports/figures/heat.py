"""One block of a heat map: cells with their numbers, names on the left and on top."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench.reports.figures.grid import LETTER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

NUMBER = 0.2
"""Inches that a number needs."""
UPRIGHT, SLOPED = 90, 14
"""Degrees of names on top that are long, and how many letters are not."""
DARK = 0.62
"""Share of the scale from which on numbers are white."""
BLACK = "#1a1a1a"
MAP = "Blues"
"""From white, which is chance, to dark blue: told apart with any color vision, and in gray."""


@dataclass(frozen=True)
class Above:
    """A score above chance, in points: 0 is chance, 100 the most."""

    value: float
    low: float | None = None
    """Of its interval, where it has one."""


Cells = Sequence[Sequence[Above | None]]
"""Rows of cells; None where there is no score."""


def heat_map(
    axes: Axes, cells: Cells, rows: Sequence[str], columns: Sequence[str], most: float, wide: float
) -> QuadMesh:
    """Draw cells: the darker the higher, hatched where there is none.

    Args:
        axes: Where to.
        cells: The scores.
        rows: Names on the left.
        columns: Names on top; slanted where they are wider than a cell.
        most: What is darkest.
        wide: Inches of a cell.
    """
    import numpy as np
    from matplotlib.patches import Rectangle

    values = np.array([[math.nan if cell is None else cell.value for cell in row] for row in cells])
    edges = np.arange(len(columns) + 1) - 0.5, np.arange(len(rows) + 1) - 0.5
    mesh = axes.pcolormesh(*edges, values, cmap=MAP, vmin=0, vmax=most, edgecolors="white", linewidth=0.6)
    for row, column in np.argwhere(np.isnan(values)).tolist():
        absent = Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor="#f2f2f2", edgecolor="#bbbbbb", hatch="////")
        axes.add_patch(absent)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), rows)
    turn = _turn(columns, wide)
    look: dict[str, Any] = {"rotation": turn, "rotation_mode": "anchor", "ha": "left"} if turn else {}
    axes.set_xticks(range(len(columns)), columns, **look)
    if turn == UPRIGHT:
        for label in axes.get_xticklabels():
            label.set_verticalalignment("center")
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=7, pad=2)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    if wide >= NUMBER:
        _numbers(axes, cells, most)
    return mesh


def top_height(columns: Sequence[str], wide: float) -> float:
    """Inches that names on top of cells of this width take."""
    longest, turn = LETTER * max(map(len, columns)), _turn(columns, wide)
    return LETTER * 2 if not turn else LETTER + longest * (1 if turn == UPRIGHT else 0.75)


def _turn(columns: Sequence[str], wide: float) -> int:
    """Degrees by which names are turned: not where they fit, and upright where a slope would take too much room."""
    longest = max(map(len, columns))
    return 0 if LETTER * longest <= 0.95 * wide else UPRIGHT if longest > SLOPED else 45


def _numbers(axes: Axes, cells: Cells, most: float) -> None:
    """Whole points; in italics those that may be chance."""
    for row, line in enumerate(cells):
        for column, cell in enumerate(line):
            if cell is None:
                continue
            is_above = cell.low is not None and cell.low > 0
            color, style = "white" if cell.value > DARK * most else BLACK, "normal" if is_above else "italic"
            axes.text(column, row, f"{cell.value:.0f}".replace("-0", "0").replace("-", "−"), ha="center", va="center",
                      fontsize=6, color=color, style=style)  # fmt: skip
