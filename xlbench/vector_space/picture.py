"""Draws projections as PNG and SVG: a row a method, a column a model, lines between translations."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from xlbench.core.languages import language_name
from xlbench.core.task import ItemText
from xlbench.core.text import one_line
from xlbench.reports.figures.style import COLORS, FAINT, INK, files_of
from xlbench.vector_space.distances import Distances, translations
from xlbench.vector_space.projection import METHODS, Projection

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

MARKERS = "o^sDvP*X"
PANEL = 3.6
"""Width and height of a panel, in inches."""
DOTS_PER_INCH = 120
OWN = {"png": b"xlbench plot space", "svg": b"xlbench plot space"}
"""What a picture of ours holds, by its form."""

NO_EVIDENCE = (
    "A projection is no evidence: it bends most distances, and t-SNE shows groups even where there are none. "
    "Scores with intervals tell models apart."
)


@dataclass(frozen=True)
class Panel:
    """One model's texts by one method."""

    model: str
    projection: Projection


@dataclass(frozen=True)
class Picture:
    """What one picture shows."""

    title: str
    texts: tuple[ItemText, ...]
    rows: tuple[tuple[Panel, ...], ...]
    """By method, the panels of the models."""
    distances: dict[str, Distances | None]
    """By model."""
    by: Literal["language", "label"] = "language"
    """What colors are for; markers are always for languages."""
    notes: tuple[str, ...] = ()


def render(picture: Picture) -> dict[str, bytes]:
    """By form (``png``, ``svg``), the picture's file. The same picture gives the same bytes with one version of
    matplotlib, which has to be installed."""
    import matplotlib

    with matplotlib.rc_context({"font.size": 8.5, "text.color": INK, "axes.labelcolor": INK}):
        return files_of(_figure(picture), ("png", "svg"), "xlbench plot space", DOTS_PER_INCH)


def is_own(name: str, content: bytes) -> bool:
    """Whether a file is a picture that this module drew."""
    return OWN.get(name.rpartition(".")[2], b"\0\0") in content


def caption(picture: Picture) -> str:
    """How far apart translations are by each model, and that the picture proves nothing."""
    told = []
    for model, one in picture.distances.items():
        if one is None:
            continue
        ratio = "" if one.ratio is None else f": {one.ratio:.0%} as far apart as random pairs"
        told.append(f"{one_line(model)}: translations {one.translations:.2f}, random pairs {one.random:.2f}{ratio}.")
    head = "Mean cosine distance in the space itself, not in the picture. " if told else ""
    return " ".join(filter(None, [head + " ".join(told), *picture.notes, NO_EVIDENCE]))


def _figure(picture: Picture) -> Figure:
    from matplotlib.figure import Figure  # not pyplot, which keeps every figure and looks for a screen

    down, across = len(picture.rows), len(picture.rows[0])
    width = max(across, 1.45) * PANEL + 0.3
    text = textwrap.fill(caption(picture), int(width * 17.5))
    legend, lines = _entries(picture), text.count("\n") + 1
    columns = max(1, int(width / 1.75))
    height = down * PANEL + 0.75 + 0.15 * lines + 0.2 * -(-len(legend) // columns)
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    solid = picture.rows[0][0].projection.points.shape[1] == 3
    panels = figure.subplots(down, across, squeeze=False, subplot_kw={"projection": "3d"} if solid else None)
    styles = _styles(picture)
    for row, drawn in zip(picture.rows, panels, strict=True):
        for panel, axes in zip(row, drawn, strict=True):
            _draw(axes, panel, picture.texts, styles)
    for panel, axes in zip(picture.rows[0], panels[0], strict=True):
        axes.set_title(_plain(panel.model), fontsize=9.5, fontweight="bold", color=INK)
    figure.legend(
        handles=legend, loc="outside upper center", ncols=min(columns, len(legend)), fontsize=8.5, frameon=False,
        handletextpad=0.3, columnspacing=1.4, title=_plain(picture.title), title_fontsize=11.5,
    )  # fmt: skip
    figure.supxlabel(text.replace("$", r"\$"), fontsize=7.5, color=INK, x=0.02, ha="left", linespacing=1.35)
    return figure


def _draw(axes: Any, panel: Panel, texts: Sequence[ItemText], styles: dict[tuple[str, str], tuple[str, str]]) -> None:
    """The lines between translations, the points over them, and what the axes are."""
    import numpy as np

    points = panel.projection.points
    dimensions = points.shape[1]
    ends = translations(texts)
    if ends:  # one line, with a gap (NaN) after each pair
        gaps = np.full((len(ends), 1, dimensions), np.nan)
        joined = np.concatenate([points[np.array(ends)], gaps], axis=1).reshape(-1, dimensions)
        alpha = 0.5 if len(ends) <= 300 else 0.2
        axes.plot(*joined.T, color=FAINT, linewidth=0.45, alpha=alpha, zorder=1)
    for style in dict.fromkeys(styles.values()):
        rows = [row for row, text in enumerate(texts) if styles[text.language, text.label] == style]
        given = {"s": 20 if style[1] == "o" else 24, "linewidths": 0.4, "edgecolors": "white", "alpha": 0.9}
        depth = {"depthshade": False} if dimensions == 3 else {"zorder": 2}
        axes.scatter(*points[rows].T, c=style[0], marker=style[1], **given, **depth)
    _axes(axes, panel.projection)


def _axes(axes: Any, projection: Projection) -> None:
    """Axes without numbers, which would mean nothing; of PCA, the share of the variance along each."""
    names = [f"{METHODS[projection.method]} {number + 1}" for number in range(projection.points.shape[1])]
    shares = [f" ({share:.0%} of the variance)" for share in projection.variance] or [""] * len(names)
    solid = len(names) == 3
    shares = [share.replace(" of the variance", "") for share in shares] if solid else shares
    for axis, name, share in zip("xyz", names, [*shares, "", ""], strict=False):
        getattr(axes, f"set_{axis}label")(name + share, fontsize=7.5, color=FAINT, labelpad=-12 if solid else 3)
        getattr(axes, f"set_{axis}ticks")([])
    if solid:
        axes.view_init(elev=20, azim=-55)
        _box(axes, projection.points)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_pane_color((0.97, 0.97, 0.97, 1))
            axis.line.set_color("#cccccc")
        return
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.06)
    for spine in axes.spines.values():
        spine.set(color="#cccccc", linewidth=0.8)


def _box(axes: Any, points: NDArray[np.float64]) -> None:
    """A box about the points with one scale along all axes; none of its sides is less than half of the longest."""
    import numpy as np

    low, high = points.min(axis=0), points.max(axis=0)
    sides = 1.08 * np.maximum(high - low, (high - low).max() / 2 or 1.0)
    for axis, middle, side in zip("xyz", (low + high) / 2, sides, strict=True):
        getattr(axes, f"set_{axis}lim")(middle - side / 2, middle + side / 2)
    axes.set_box_aspect(sides / sides.max(), zoom=0.92)


def _styles(picture: Picture) -> dict[tuple[str, str], tuple[str, str]]:
    """(language, label) -> color and marker."""
    kinds = sorted({getattr(text, picture.by) for text in picture.texts})
    languages = sorted({text.language for text in picture.texts})
    styles = {}
    for text in picture.texts:
        color = COLORS[kinds.index(getattr(text, picture.by)) % len(COLORS)]
        marker = _marker(languages.index(text.language), by_language=picture.by == "language")
        styles[text.language, text.label] = color, marker
    return styles


def _marker(number: int, *, by_language: bool) -> str:
    """Of the ninth language on, whose colors are those of the first again, another marker goes with each color."""
    return MARKERS[(number + number // len(COLORS) * by_language) % len(MARKERS)]


def _entries(picture: Picture) -> list[Artist]:
    """The legend: languages, or labels by color and then languages by marker."""
    from matplotlib.lines import Line2D

    def entry(name: str, color: str, marker: str) -> Artist:
        size = 6.0 if marker == "o" else 6.5
        style = {"color": color, "marker": marker, "markersize": size, "markeredgecolor": "white"}
        return Line2D([], [], linestyle="", label=_plain(name), markeredgewidth=0.4, **style)  # type: ignore[arg-type]

    languages = sorted({text.language for text in picture.texts})
    by_language = picture.by == "language"
    markers = [_marker(number, by_language=by_language) for number in range(len(languages))]
    colors = [COLORS[number % len(COLORS)] if by_language else INK for number in range(len(languages))]
    entries = [entry(language_name(one), *style) for one, *style in zip(languages, colors, markers, strict=True)]
    if by_language:
        return entries
    labels = sorted({text.label for text in picture.texts})
    named = [entry(label or "no label", COLORS[number % len(COLORS)], "o") for number, label in enumerate(labels)]
    return named + entries * (len(languages) > 1)


def _plain(text: str) -> str:
    """Text of strangers, none of which is mathematics."""
    return one_line(text).replace("$", r"\$") if "\n" not in text else text.replace("$", r"\$")
