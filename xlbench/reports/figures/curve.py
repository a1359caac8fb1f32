"""The picture of curves: scores against the number of items learned from, a panel a subset, a line a model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError
from xlbench.core.text import first_of
from xlbench.reports.curves import Curve, Curves
from xlbench.reports.figures.lettering import Lettering
from xlbench.reports.figures.style import CAPTION, COLORS, FAINT, caption

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, HIGH = 1.35, 1.25
"""Inches of a panel: that it needs across, and that it has down."""
MOST = 5
"""Panels beside each other at most."""
MARKERS = "osD^v<>P"
MANY = 5
"""Sizes beyond which their numbers are turned."""
Key = tuple[str, str]
"""A model's name and fingerprint."""


def texts_of(curves: Curves) -> list[str]:
    """All names that the picture may show."""
    return [text for one in curves for text in (one.model, one.task, one.subset)]


def figure_of(curves: Curves, width: float, letters: Lettering) -> Figure:
    """One task's scores with their intervals as bands, at the items learned from, on the same axes for all subsets.

    A dashed line is chance; a hollow marker is what was learned from all items. `UsageError` for several tasks, and
    where there is no score.
    """
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure and looks for a screen

    scored = [curve for curve in curves if curve.points]
    tasks = list(dict.fromkeys(curve.task for curve in scored))
    if len(tasks) != 1:
        several = f"there are curves of {first_of(tasks, 6)}: a picture is of one, name it with --task"
        raise UsageError(several if tasks else "there is no score by training size: make some with xlbench curve")
    subsets = list(dict.fromkeys(curve.subset for curve in scored))
    models = list(dict.fromkeys((curve.model, curve.fingerprint) for curve in scored))
    names = dict(zip(models, letters.distinct([model for model, _ in models], 30), strict=True))
    across = max(1, min(MOST, len(subsets), int((width - 0.3) / WIDE)))
    down = math.ceil(len(subsets) / across)
    columns = max(1, int(width / (0.45 + 0.06 * max(map(len, names.values())))))
    legend = math.ceil((len(models) + 1) / columns)
    figure = Figure(figsize=(width, down * HIGH + 0.55 + 0.13 * legend))
    drawn: list[Any] = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel().tolist()
    titles = letters.distinct(subsets, int(width / across / 0.062))
    for axes, subset, title in zip(drawn, subsets, titles, strict=False):
        _panel(axes, [curve for curve in scored if curve.subset == subset], names)
        axes.set_title(title)
    for number, axes in enumerate(drawn):
        axes.set_visible(number < len(subsets))
        _sizes(axes, scored, is_lowest=number + across >= len(subsets))
    caption(figure, f"{letters.plain(tasks[0])}: training items (hollow: all)")
    metric = scored[0].points[0][1].metric
    figure.supylabel(f"{letters.plain(metric)}, points", fontsize=CAPTION)
    entries = {text: line for axes in drawn for line, text in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(list(entries.values()), list(entries), loc="outside upper center", ncols=columns)
    return figure


def _panel(axes: Axes, curves: Sequence[Curve], names: Mapping[Key, str]) -> None:
    """One subset: chance, and every model's line."""
    _chance(axes, curves)
    for curve in curves:
        key = curve.model, curve.fingerprint
        _line(axes, curve, list(names).index(key), names[key])


def _line(axes: Axes, curve: Curve, number: int, name: str) -> None:
    """One model's scores, and their intervals as a band; bars where a band would have no width."""
    color, marker = COLORS[number % len(COLORS)], MARKERS[(number + number // len(COLORS)) % len(MARKERS)]
    items = [items_of(cell) for cell, _ in curve.points]
    values = [_percent(score.value) for _, score in curve.points]
    axes.plot(items, values, color=color, marker=marker, label=name)
    if curve.points[-1][0].train_size is None:
        axes.plot(items[-1:], values[-1:], color=color, marker=marker, markersize=4.5, markerfacecolor="white")
    low, high = ([_percent(getattr(score, end)) for _, score in curve.points] for end in ("low", "high"))
    if len(items) > 1:
        axes.fill_between(items, low, high, color=color, alpha=0.15, linewidth=0)  # a NaN leaves a gap
    else:
        axes.vlines(items, low, high, color=color, alpha=0.5)


def _chance(axes: Axes, curves: Sequence[Curve]) -> None:
    """What guessing scores, at every number of items that any of the models learned from."""
    known = {items_of(cell): score.chance for curve in curves for cell, score in curve.points}
    there = {items: _percent(chance) for items, chance in sorted(known.items()) if chance is not None}
    if there:
        look: dict[str, Any] = {"color": FAINT, "linestyle": (0, (4, 2)), "linewidth": 0.9, "marker": "_"}
        axes.plot([*there], [*there.values()], label="chance", **look)


def _sizes(axes: Axes, curves: Sequence[Curve], *, is_lowest: bool) -> None:
    """A logarithmic axis with ticks at the sizes that were asked for, numbered at the foot of every column."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    points = [cell for curve in curves for cell, _ in curve.points]
    items = [items_of(cell) for cell in points]
    ticks = sorted({cell.train_size for cell in points if cell.train_size is not None} or set(items))
    axes.set_xscale("log")
    axes.set_xlim(0.8 * min(items), 1.25 * max(items))
    axes.xaxis.set_major_locator(FixedLocator(ticks))
    axes.xaxis.set_major_formatter(FixedFormatter([str(tick) for tick in ticks]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelbottom=is_lowest, rotation=45 if len(ticks) > MANY else 0)


def items_of(cell: Any) -> int:
    """Where a cell is on the horizontal axis: how many items it learned from."""
    return int(cell.train_items or cell.train_size)


def _percent(value: float | None) -> float:
    return math.nan if value is None else 100 * value
