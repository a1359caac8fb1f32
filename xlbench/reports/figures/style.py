"""The look of pictures: one style, widths of papers, colors, and files that are the same every time."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.errors import UsageError, require_extra
from xlbench.core.text import did_you_mean
from xlbench.reports.figures.lettering import Lettering, lettering_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("xlbench.mplstyle")
WIDTHS = {"column": 3.03, "page": 6.3}
"""Inches of a column and of the text of a page, as in papers of the ACL."""
LEAST, MOST = 2.0, 40.0
"""Inches that a picture may be wide."""
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000", "#F0E442")
"""The palette of Okabe and Ito (2008), which readers with any color vision tell apart; its yellow is last, being faint
on white."""
CAPTION = 6.5
"""Points of the letters of a caption."""
INK, FAINT = "#333333", "#6b6b6b"
"""Colors of letters and lines; the faint one still stands out from white by more than 4.5 to 1."""
FORMS = ("png", "svg", "pdf")
"""Of files, by their ending."""
_UNNAMED: dict[str, dict[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""What is left out of the files, as it changes from one drawing, or one version of matplotlib, to the next."""


def check_installed() -> None:
    """Raise `MissingExtraError` where there is nothing to draw with."""
    require_extra("plots", "a plot", "matplotlib")


def inches(width: str | float) -> float:
    """A width in inches: of a name in `WIDTHS`, or the number itself. `UsageError` for any other."""
    if width in WIDTHS:
        return WIDTHS[str(width)]
    try:
        given = float(width)
    except ValueError:
        given = math.nan
    if not LEAST <= given <= MOST:
        hint = did_you_mean(str(width), WIDTHS)
        raise UsageError(
            f"a width is {' or '.join(WIDTHS)}, or inches from {LEAST:g} to {MOST:g}, and not {width}.{hint}"
        )
    return given


@contextmanager
def styled(texts: Iterable[str]) -> Iterator[Lettering]:
    """Draw in our style, with fonts that have the characters of ``texts``. `MissingExtraError` without matplotlib."""
    check_installed()
    import matplotlib.style

    with matplotlib.style.context(["default", str(STYLE)]):
        letters = lettering_for(texts)
        matplotlib.rcParams["font.family"] = list(letters.families)
        yield letters


def files_of(
    figure: Figure, forms: Sequence[str] = FORMS, source: str | None = None, dots_per_inch: float | None = None
) -> dict[str, bytes]:
    """A figure's files by their form, without dates and other things that change from one drawing to the next.

    Args:
        figure: The figure.
        forms: Which of `FORMS`.
        source: What to note in them: which command has drawn it.
        dots_per_inch: Of the PNG; None: the style's.
    """
    import matplotlib.style

    files = {}
    with matplotlib.style.context(["default", str(STYLE)]):
        for form in forms:
            buffer = io.BytesIO()
            key = "Subject" if form == "pdf" else "Source"
            noted = _UNNAMED[form] | ({} if source is None else {key: source})
            figure.savefig(buffer, format=form, dpi=dots_per_inch or matplotlib.rcParams["savefig.dpi"], metadata=noted)
            files[form] = buffer.getvalue()
    return files


def caption(figure: Figure, text: str) -> None:
    """What is to be said below all of a figure, in lines that fit."""
    figure.supxlabel(_lines(text, figure.get_figwidth()), fontsize=CAPTION, linespacing=1.25)


def caption_height(text: str, width: float) -> float:
    """Inches that a caption takes."""
    return 0.125 * (1 + _lines(text, width).count("\n"))


def _lines(text: str, width: float) -> str:
    return textwrap.fill(text, int(width / 0.053))
