"""Plots of curves as PNG and SVG: a picture a task, a panel a subset, a line a model.

Equal curves give equal bytes with one version of matplotlib, which is imported when something is drawn.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import require_extra
from xlbench.reports.curves import Curve, Curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 4
"""Panels beside each other at most."""
PANEL = (3.2, 2.6)
"""Width and height of a panel, in inches."""
COLORS = 10
"""Of matplotlib's cycle, ``C0`` to ``C9``; then they begin anew with another marker."""
MARKERS = "osD^v<>P"
DOTS_PER_INCH = 120


def check_installed() -> None:
    """Raise `MissingExtraError` where there is nothing to draw with."""
    require_extra("plots", "a plot", "matplotlib")


def render(curves: Curves) -> dict[str, bytes]:
    """``<task>.png`` and ``<task>.svg`` of every task with a score: a panel a subset, a line a model, its interval as
    a band, and a dashed line for chance. An open marker is what was learned from all items. `MissingExtraError` without
    matplotlib."""
    check_installed()
    files: dict[str, bytes] = {}
    for task, own in curves.tasks.items():
        scored = [curve for curve in own if curve.points]
        if scored:
            files |= {f"{task}.{form}": content for form, content in save_figure(_figure(task, scored))}
    return files


def save_figure(figure: Figure, source: str | None = None) -> Iterator[tuple[str, bytes]]:
    """The figure's files by their form, without dates and other things that change from one drawing to the next.

    ``source`` is noted in them: which command has drawn it.
    """
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "xlbench"}):
        for form, unnamed in (("png", {"Software": None}), ("svg", {"Date": None, "Creator": None})):
            buffer = io.BytesIO()
            noted = unnamed | ({} if source is None else {"Source": source})
            figure.savefig(buffer, format=form, dpi=DOTS_PER_INCH, metadata=noted)
            yield form, buffer.getvalue()


def _figure(task: str, curves: Sequence[Curve]) -> Figure:
    """Small multiples: one panel a subset, with the same axes."""
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure and looks for a screen

    subsets = list(dict.fromkeys(curve.subset for curve in curves))
    models = list(dict.fromkeys((curve.model, curve.fingerprint) for curve in curves))
    across = min(ACROSS, len(subsets))
    down = math.ceil(len(subsets) / across)
    size = (max(across, 1.5) * PANEL[0], down * PANEL[1] + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel().tolist()
    for panel, subset in zip(panels, subsets, strict=False):
        _chance(panel, [curve for curve in curves if curve.subset == subset])
        for curve in curves:
            if curve.subset == subset:
                _line(panel, curve, models.index((curve.model, curve.fingerprint)))
        panel.set_title(_plain(subset), fontsize=9)
        panel.grid(alpha=0.25, linewidth=0.5)
    for panel in panels[len(subsets) :]:
        panel.set_visible(False)
    _axes(panels, len(subsets), across, curves)
    figure.suptitle(_plain(task), fontsize=11)
    entries = {text: line for panel in panels for line, text in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _line(panel: Axes, curve: Curve, number: int) -> None:
    """One model's scores, and their intervals as a band; bars where a band would have no width."""
    color, marker = f"C{number % COLORS}", MARKERS[number // COLORS % len(MARKERS)]
    items = [_items(cell) for cell, _ in curve.points]
    values = [_percent(score.value) for _, score in curve.points]
    panel.plot(items, values, color=color, marker=marker, markersize=4, linewidth=1.2, label=_plain(curve.model))
    if curve.points[-1][0].train_size is None:
        panel.plot(items[-1:], values[-1:], color=color, marker=marker, markersize=5, markerfacecolor="white")
    low, high = ([_percent(getattr(score, end)) for _, score in curve.points] for end in ("low", "high"))
    if len(items) > 1:
        panel.fill_between(items, low, high, color=color, alpha=0.15, linewidth=0)  # a NaN leaves a gap
    else:
        panel.vlines(items, low, high, color=color, alpha=0.5)


def _chance(panel: Axes, curves: Sequence[Curve]) -> None:
    """What guessing scores, at every number of items that any of the models learned from."""
    known = {_items(cell): score.chance for curve in curves for cell, score in curve.points if score.chance is not None}
    if known:
        items = sorted(known)
        values = [_percent(known[n]) for n in items]
        panel.plot(items, values, color="0.4", linestyle="--", linewidth=0.9, marker="_", markersize=4, label="chance")


def _axes(panels: Sequence[Axes], used: int, across: int, curves: Sequence[Curve]) -> None:
    """A logarithmic x axis, the same in all panels, with ticks at the sizes that were asked for."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    points = [cell for curve in curves for cell, _ in curve.points]
    sizes = [_items(cell) for cell in points]
    ticks = sorted({cell.train_size for cell in points if cell.train_size is not None} or set(sizes))
    for number, panel in enumerate(panels[:used]):
        panel.set_xscale("log")
        panel.set_xlim(0.8 * min(sizes), 1.25 * max(sizes))
        panel.xaxis.set_major_locator(FixedLocator(ticks))
        panel.xaxis.set_major_formatter(FixedFormatter([str(tick) for tick in ticks]))
        panel.xaxis.set_minor_locator(NullLocator())
        lowest = number + across >= used  # the last of its column
        panel.tick_params(labelsize=7, labelbottom=lowest, axis="x", rotation=45 if len(ticks) > 6 else 0)
        panel.tick_params(labelsize=7, axis="y")
        if lowest:
            panel.set_xlabel("training items (open: all)", fontsize=8)
        if number % across == 0:
            panel.set_ylabel(f"{_plain(curves[0].points[0][1].metric)}, points", fontsize=8)


def _items(cell: Any) -> int:
    """Where a cell is on the x axis: how many items it learned from."""
    return int(cell.train_items or cell.train_size)


def _percent(value: float | None) -> float:
    return math.nan if value is None else 100 * value


def _plain(text: str) -> str:
    """Text of strangers, none of which is mathematics."""
    return text.replace("$", r"\$")
