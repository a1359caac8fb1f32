"""A forest plot of a comparison: a line a task and area, each with its interval, as PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xlbench.reports.plots import check_installed, save_figure

if TYPE_CHECKING:
    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.compare.differences import Verdict

COLOR_OF = {"better": "#1b7837", "worse": "#b2182b", "cannot tell": "#777777", "identical": "#777777"}


def render(comparisons: Sequence[Comparison]) -> dict[str, bytes]:
    """``png`` and ``svg``: candidate - baseline in points, overall on top, one candidate below the other.
    `MissingExtraError` without matplotlib."""
    check_installed()
    from matplotlib.figure import Figure

    heights = [1.2 + 0.26 * len(_shown_verdicts(one)) for one in comparisons]
    figure = Figure(figsize=(7.0, sum(heights)), layout="constrained")
    panels = figure.subplots(len(comparisons), 1, squeeze=False, height_ratios=heights)
    for axes, one in zip(panels[:, 0], comparisons, strict=True):
        _draw(axes, one)
    return dict(save_figure(figure))


def _shown_verdicts(comparison: Comparison) -> list[Verdict]:
    return [comparison.overall, *comparison.of("area"), *comparison.of("task")]


def _draw(axes: Any, comparison: Comparison) -> None:
    """One candidate's lines."""
    shown = _shown_verdicts(comparison)
    axes.axvline(0, color="black", linewidth=0.8)
    for place, one in enumerate(shown):
        d = one.difference
        if d.value is None:
            continue
        color, size = COLOR_OF[one.judgment], 7 if one.level == "overall" else 5
        axes.plot(100 * d.value, place, "D" if one.level != "task" else "o", color=color, markersize=size)
        if d.low is not None and d.high is not None:
            axes.plot([100 * d.low, 100 * d.high], [place, place], color=color, linewidth=1.4)
    names = [one.name.replace("$", r"\$") for one in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=8)
    for label, one in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_fontweight("normal" if one.level == "task" else "bold")
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlabel(f"{comparison.candidate} - {comparison.baseline}, points".replace("$", r"\$"))
    axes.grid(axis="x", linewidth=0.3)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
