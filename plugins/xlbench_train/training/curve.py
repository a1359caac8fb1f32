"""The training curve as PNG: losses, and the evaluator's figures, by epoch."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from xlbench.core.errors import require_extra
from xlbench_train.training.history import Row

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which colorblind readers tell apart."""
MARKERS = "osD^v<"
_SHARES = {"accuracy": "accuracy", "positive_accuracy": "of translations", "negative_accuracy": "of other pairs",
           "p_at_1": "P@1", "mrr": "MRR"}  # fmt: skip


def check_installed() -> None:
    """Raise `MissingExtraError` where there is nothing to draw with."""
    require_extra("plots", "a curve", "matplotlib")


def draw(rows: Sequence[Row], best_epoch: float) -> bytes:
    """Two panels over epochs: the losses; and accuracy, P@1 and MRR. The best epoch is a dotted line."""
    check_installed()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.4), layout="constrained")
    losses, shares = figure.subplots(1, 2)
    _lines(losses, rows, {"loss": "training", "validation_loss": "validation"})
    _lines(shares, rows, _SHARES)
    losses.set_ylabel("loss")
    shares.set_ylim(0, 1.02)
    for panel in (losses, shares):
        panel.axvline(best_epoch, color="0.5", linestyle=":", linewidth=1)
        panel.set_xlabel("epoch (dotted: the one that was kept)")
        panel.grid(alpha=0.25, linewidth=0.5)
        panel.legend(fontsize=8)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=120, metadata={"Software": None})
    return content.getvalue()


def _lines(panel: Any, rows: Sequence[Row], names: dict[str, str]) -> None:
    for number, (name, label) in enumerate(names.items()):
        points = [(row["epoch"], row[name]) for row in rows if row[name] is not None]
        if points:
            x, y = zip(*points, strict=True)
            panel.plot(x, y, color=COLORS[number], marker=MARKERS[number], markersize=4, linewidth=1.4, label=label)
