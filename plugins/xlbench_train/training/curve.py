"""The training curve as PNG: losses, and the evaluator's figures, by epoch."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xlbench.core.errors import MissingExtraError, require_extra
from xlbench_train.training.history import Row

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which colorblind readers tell apart."""
MARKERS = "osD^v<"
LOSSES: Mapping[str, str] = {"loss": "training", "validation_loss": "validation"}


def check_installed() -> None:
    """Raise `MissingExtraError` where there is nothing to draw with."""
    require_extra("plots", "a curve", "matplotlib")


def draw(rows: Sequence[Row], best_epoch: float, figures: Mapping[str, str]) -> bytes:
    """Panels over epochs: the losses; and, where there are any, the evaluator's figures, shares of 1. The best epoch is
    a dotted line.

    Args:
        rows: Of the history.
        best_epoch: The one that was kept.
        figures: Name in the rows -> label; as many as `COLORS` at most.
    """
    check_installed()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4 if figures else 4.4, 3.4), layout="constrained")
    panels = figure.subplots(1, 2 if figures else 1, squeeze=False)[0]
    _lines(panels[0], rows, LOSSES)
    panels[0].set_ylabel("loss")
    if figures:
        _lines(panels[1], rows, figures)
        panels[1].set_ylim(0, 1.02)
    for panel in panels:
        panel.axvline(best_epoch, color="0.5", linestyle=":", linewidth=1)
        panel.set_xlabel("epoch (dotted: the one that was kept)")
        panel.grid(alpha=0.25, linewidth=0.5)
        panel.legend(fontsize=8)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()


def drawn(
    rows: Sequence[Row], best_epoch: float, figures: Mapping[str, str], say: Callable[[str], None]
) -> bytes | None:
    """`draw`; None, with a message, where matplotlib is missing."""
    try:
        return draw(rows, best_epoch, figures)
    except MissingExtraError as missing:
        say(f"no picture of the curve: {missing}")
        return None


def _lines(panel: Any, rows: Sequence[Row], names: Mapping[str, str]) -> None:
    for number, (name, label) in enumerate(names.items()):
        points = [(row["epoch"], row[name]) for row in rows if row[name] is not None]
        if points:
            x, y = zip(*points, strict=True)
            panel.plot(x, y, color=COLORS[number], marker=MARKERS[number], markersize=4, linewidth=1.4, label=label)
