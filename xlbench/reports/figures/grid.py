"""Axes beside each other with the same lines: as many in a row as have room, and names on the left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xlbench.reports.figures.lettering import Lettering
from xlbench.reports.figures.style import FAINT, caption, caption_height

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.175
"""Inches of a line."""
NARROWEST = 0.9
"""Inches that axes need."""
LETTER = 0.058
"""Inches of a letter of a name, about."""
SHARE = 0.34
"""Of the width, that names may take."""


def grid(
    names: Sequence[str],
    headings: Sequence[str],
    below: str,
    width: float,
    letters: Lettering,
    places: Sequence[float] | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure with axes for every heading, in which every name has a line, the first on top.

    Args:
        names: Of the lines: models, or tasks.
        headings: Of the axes.
        below: What is said below all of them.
        width: Of the figure, in inches.
        letters: Its letters.
        places: Where the lines are, from above; None: 0, 1, 2 ...
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure and looks for a screen

    at = list(range(len(names))) if places is None else list(places)
    shown = letters.distinct(names, max(12, int(SHARE * width / LETTER)))
    taken = LETTER * max(map(len, shown)) + 0.25
    across = max(1, min(len(headings), int((width - taken) / NARROWEST)))
    down = math.ceil(len(headings) / across)
    across = math.ceil(len(headings) / down)  # as many in every row as can be
    height = down * (LINE * (at[-1] + 1) + 0.36) + 0.2 + caption_height(below, width)
    figure = Figure(figsize=(width, height))
    drawn: list[Any] = figure.subplots(down, across, sharey=True, squeeze=False).ravel().tolist()
    titles = letters.distinct(headings, int((width - taken) / across / LETTER))
    for axes, title in zip(drawn, titles, strict=False):
        _forest(axes, shown, at)
        axes.set_title(title)
    for axes in drawn[len(headings) :]:
        axes.set_visible(False)
    caption(figure, below)
    return figure, drawn[: len(headings)]


def _forest(axes: Axes, names: Sequence[str], places: Sequence[float]) -> None:
    axes.set_yticks(places, names)
    axes.set_ylim(places[-1] + 0.6, places[0] - 0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)


def no_score(axes: Axes, place: float) -> None:
    """Say on a line that it has no score."""
    look = {"va": "center", "fontsize": 6, "color": FAINT, "style": "italic"}
    axes.text(0.03, place, "no score", look, transform=axes.get_yaxis_transform())
