"""Shows figures in a notebook, which by itself shows those of pyplot alone."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from xlbench.reports.figures.style import files_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "xlbench"
"""What is noted in the picture."""


def shown(figure: Figure) -> Figure:
    """The figure, with the method by which a notebook asks for a picture."""
    vars(figure)["_repr_png_"] = functools.partial(as_png, figure)
    return figure


def as_png(figure: Figure) -> bytes:
    """The content of a PNG file."""
    return files_of(figure, ["png"], SOURCE)["png"]
