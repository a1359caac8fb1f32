"""`draw`: one picture of a board, of comparisons or of curves."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError
from xlbench.core.files import write_files
from xlbench.core.text import did_you_mean
from xlbench.reports.boards.board import Board
from xlbench.reports.compare.comparison import Comparison
from xlbench.reports.curves import Curves
from xlbench.reports.figures import compare, curve, languages, panels, ranks, standings
from xlbench.reports.figures.style import FORMS, files_of, inches, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "xlbench plot"
"""What is noted in the files."""


@dataclass(frozen=True)
class Kind:
    """One kind of picture."""

    of: type
    """What it is made of: one of these, or, of comparisons, one or several."""
    texts: Callable[[Any], list[str]]
    """All names that it may show."""
    figure: Callable[..., Figure]
    by: tuple[str, ...] = ()
    """What it may be divided by; the default is the first."""


OF_BOARDS = ("area", "overall", "task")
KINDS = {
    "standings": Kind(Board, panels.texts_of, standings.figure_of, OF_BOARDS),
    "languages": Kind(Board, languages.texts_of, languages.figure_of),
    "compare": Kind(Comparison, compare.texts_of, compare.figure_of, tuple(compare.LEVELS)),
    "curve": Kind(Curves, curve.texts_of, curve.figure_of),
    "ranks": Kind(Board, panels.texts_of, ranks.figure_of, OF_BOARDS),
}
"""Name -> kind of picture."""


@dataclass(frozen=True)
class Drawn:
    """A picture, and what its reader should know about its letters."""

    figure: Figure
    notes: tuple[str, ...] = ()


def draw(
    kind: str, content: Any, out: str | Path | None = None, *, width: str | float = "page", by: str | None = None
) -> Figure:
    """Draw a board, comparisons or curves; a font that lacks characters is a warning.

    Args:
        kind: ``standings`` or ``ranks`` of a `Board`.
        content: What it is made of.
        out: The file to write, by its ending: ``.png``, ``.svg`` or ``.pdf``; None: none.
        width: ``column`` or ``page`` of a paper, or inches.
        by: What it is divided by: ``overall``, ``area`` or ``task``.

    Returns:
        The figure, a `matplotlib.figure.Figure`, which a notebook shows.

    Raises:
        MissingExtraError: matplotlib is not installed.
        UsageError: There is no such kind, width or division, the content is of another kind, there is nothing to draw,
            or the file cannot be written.
    """
    if out is not None:
        form_of(Path(out))
    drawn = make(kind, content, width=width, by=by)
    for note in drawn.notes:
        warnings.warn(note, stacklevel=2)
    if out is not None:
        write(drawn.figure, Path(out))
    return drawn.figure


def make(kind: str, content: Any, *, width: str | float = "page", by: str | None = None) -> Drawn:
    """The figure of `draw`, and its notes, which are no warnings here."""
    found = KINDS.get(kind)
    if found is None:
        raise UsageError(f"there is no picture {kind!r}.{did_you_mean(kind, KINDS)} There are: {', '.join(KINDS)}")
    if found.of is Comparison and isinstance(content, Comparison):
        content = [content]
    parts = content if found.of is Comparison and isinstance(content, list | tuple) else [content]
    if not all(isinstance(part, found.of) for part in parts):
        raise UsageError(f"a picture of {kind} is made of a {found.of.__name__}, not of {type(content).__name__}")
    if by is not None and by not in found.by:
        raise UsageError(f"a picture of {kind} is divided by {' or '.join(found.by) or 'nothing'}, not by {by!r}")
    across = inches(width)
    with styled(found.texts(content)) as letters:
        division = {"by": by or found.by[0]} if found.by else {}
        figure = found.figure(content, across, letters, **division)
        figure.draw_without_rendering()  # ticks are made now, in our style, and not when somebody shows the figure
    return Drawn(figure, letters.notes)


def form_of(path: Path) -> str:
    """The form of a file by its ending. `UsageError` for one that cannot be written."""
    form = path.suffix.lower().removeprefix(".")
    if form not in FORMS:
        hint = did_you_mean(form, FORMS)
        raise UsageError(f"{path}: a picture is written as .{', .'.join(FORMS)}.{hint}")
    return form


def write(figure: Figure, path: Path, source: str = SOURCE) -> Path:
    """Write a figure to a file, whole or not at all; the same figure gives the same bytes."""
    form = form_of(path)
    write_files(path.parent, {path.name: files_of(figure, [form], source)[form]}, "pictures", "--out")
    return path
