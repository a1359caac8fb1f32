"""The picture of comparisons: a forest of paired differences, with what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from xlbench.core.errors import UsageError
from xlbench.core.languages import language_name
from xlbench.reports.figures.grid import LINE, grid
from xlbench.reports.figures.lettering import Lettering
from xlbench.reports.figures.panels import heading
from xlbench.reports.figures.style import COLORS, FAINT, INK

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.compare.differences import Verdict

By = Literal["task", "area", "language"]
LEVELS = {"task": ("overall", "area", "task"), "area": ("overall", "area"), "language": ("overall", "language")}
"""The levels that are drawn, by what the picture is divided by."""
LOOKS = {
    "better": (COLORS[0], "o"), "worse": (COLORS[4], "D"), "higher": (FAINT, "^"), "lower": (FAINT, "v"),
    "cannot tell": (FAINT, "s"), "identical": (FAINT, "x"),
}  # fmt: skip
"""Color and marker of what is said of a difference."""
GAP = 0.5
"""Lines between one level and the next."""


def texts_of(comparisons: Sequence[Comparison]) -> list[str]:
    """All names that the picture may show."""
    names = [_name(one) for comparison in comparisons for one in comparison.verdicts if one.level != "subset"]
    return names + [text for comparison in comparisons for text in (comparison.baseline, comparison.candidate)]


def figure_of(comparisons: Sequence[Comparison], width: float, letters: Lettering, by: By) -> Figure:
    """Candidate - baseline in points: the overall, then areas and tasks, or languages; one candidate beside the other.

    Blue circles are better, orange diamonds worse; gray squares cannot be told from 0, after all that is compared.
    """
    if not comparisons:
        raise UsageError("there is no comparison to draw")
    first, names, places = comparisons[0], [], []
    for one, place in _lines(first, by):
        names.append(_name(one))
        places.append(place)
    level = f"{first.options.level:.0%} intervals"
    if len(comparisons) == 1:
        headings, what = [""], f"{letters.plain(first.candidate)} − {letters.plain(first.baseline)}"
    else:
        headings = [one.candidate for one in comparisons]
        what = f"difference from {letters.plain(first.baseline)}"
    figure, drawn = grid(
        names, headings, f"{what}, points, {level}; verdicts corrected for their number", width, letters, places
    )
    for axes, comparison in zip(drawn, comparisons, strict=True):
        _draw(axes, comparison, by)
        axes.locator_params(axis="x", nbins=5 if len(drawn) == 1 else 3)
    _legend(figure, comparisons, by)
    return figure


def _name(one: Verdict) -> str:
    if one.level == "language":
        return language_name(one.name)
    return one.name if one.level == "task" else heading(one.name)


def _lines(comparison: Comparison, by: By) -> list[tuple[Verdict, float]]:
    """What is drawn, and where. A level of one part, which is that of the overall, is left out."""
    lines: list[tuple[Verdict, float]] = []
    below = 0.0
    for level in LEVELS[by]:
        found = comparison.of(level)
        if level != "overall" and len(found) == 1:
            continue
        lines += [(one, below + number) for number, one in enumerate(found)]
        below += len(found) + GAP
    return lines


def _draw(axes: Axes, comparison: Comparison, by: By) -> None:
    axes.axvline(0, color=INK, linewidth=0.7, zorder=1, label="no difference")
    for one, place in _lines(comparison, by):
        found = one.difference
        if found.value is None:
            continue
        color, marker = LOOKS[one.judgment]
        if found.low is not None and found.high is not None:
            axes.plot([100 * found.low, 100 * found.high], [place, place], color=color, label="interval")
        axes.plot([100 * found.value], [place], marker, color=color, label="difference")
    axes.margins(x=0.08)


def _legend(figure: Figure, comparisons: Sequence[Comparison], by: By) -> None:
    """What the markers say, of those that are there."""
    from matplotlib.lines import Line2D

    there = {one.judgment for comparison in comparisons for one, _ in _lines(comparison, by)}
    entries: list[Artist] = [
        Line2D([], [], color=color, marker=marker, label=judgment)
        for judgment, (color, marker) in LOOKS.items()
        if judgment in there
    ]
    figure.set_figheight(figure.get_figheight() + LINE)
    figure.legend(handles=entries, loc="outside upper center", ncols=len(entries))
