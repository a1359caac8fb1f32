"""The curves of strategies as a PNG: a panel a place, a line a strategy."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlbench_train.training.curve import COLORS, MARKERS, check_installed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Line = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
"""Numbers of labels, and scores there."""
MOST = 6
"""Lines of a panel: more cannot be told apart."""


def draw(panels: Mapping[str, Mapping[str, Line]], full: Mapping[str, float]) -> bytes:
    """Macro-F1 over labels; the score with all labels is a dotted line.

    Args:
        panels: Place -> strategy -> its curve, `MOST` at most, the same strategies in each.
        full: Place -> the score with all labels; places without one have none.

    Raises:
        MissingExtraError: There is nothing to draw with.
    """
    check_installed()
    from matplotlib.figure import Figure

    columns = min(len(panels), 2)
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(5.2 * columns, 3.6 * lines), layout="constrained")
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for axis, (place, curves) in zip(axes, panels.items(), strict=False):
        for number, (name, (labels, scores)) in enumerate(curves.items()):
            axis.plot(labels, scores, color=COLORS[number], marker=MARKERS[number], markersize=4, label=name)
        if place in full:
            axis.axhline(full[place], color="0.5", linestyle=":", linewidth=1)
        axis.set_title(place, fontsize=9)
        axis.set_xlabel("labels (dotted: all of the pool)")
        axis.set_ylabel("macro-F1")
        axis.grid(alpha=0.25, linewidth=0.5)
    axes[0].legend(fontsize=7)
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()
