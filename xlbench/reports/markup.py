"""Texts and numbers as markdown: escaped names, scores in points, raised numbers, tables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from xlbench.core import tables
from xlbench.core.text import one_line

DECIMALS = 1
"""Of a score in points (hundredths)."""
MISSING = "—"
NO_BREAK = "\u00a0"
"""A space at which no line is broken."""
LONGEST_NOTE = 400
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BLOCK = re.compile(r"^[-+]|^\d{1,9}(?=[.)](?:\s|$))")
"""What would begin a list or a rule, were it the first in a line: a bullet, or the number of an item."""
_SPECIAL = re.compile(r"([\\`*\[\]|~!#^$])|(?<![^\W_])_|_(?![^\W_])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def escape(text: str, longest: int = LONGEST_NOTE) -> str:
    """Text of strangers as markdown that shows it: one line, no markup, no HTML, no link, no invisible characters.

    Beyond ``longest`` characters it is cut.
    """
    plain = one_line(text)
    plain = plain if len(plain) <= longest else plain[:longest] + "…"
    first = _BLOCK.match(plain)
    safe = _SPECIAL.sub(lambda match: "\\" + match.group(), plain)
    if first:  # of a number, its dot or bracket: a backslash before a digit is a backslash
        place = len(first.group()) if first.group().isdigit() else 0
        safe = f"{safe[:place]}\\{safe[place:]}"
    safe = "".join(_HTML.get(character, character) for character in safe)
    # Addresses become links without any markup; a character reference is shown and not recognized.
    return safe.replace("://", ":&#47;&#47;").replace("www.", "www&#46;").replace("@", "&#64;")


def superscript(numbers: Sequence[int]) -> str:
    """Raised numbers, three or more in a row as ``³⁻⁷``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    texts = [f"{run[0]}⁻{run[-1]}" if len(run) > 2 else NO_BREAK.join(map(str, run)) for run in runs]
    return NO_BREAK.join(texts).translate(_SUPERSCRIPTS)


def points(value: float, decimals: int = DECIMALS) -> str:
    """A score in hundredths; never a negative zero."""
    text = f"{100 * value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def whole(number: int | None) -> str:
    """A count with commas; `MISSING` where it is not known."""
    return MISSING if number is None else f"{number:,}"


def number_or_none(number: int) -> str:
    """A count with commas; `MISSING` where there is none."""
    return f"{number:,}" if number else MISSING


def count_text(number: int, noun: str) -> str:
    """A count and its noun, in the plural but for one."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def title(area: str) -> str:
    """An area as a headline."""
    return "NER" if area == "ner" else escape(area[:1].upper() + area[1:])


def with_marks(text: str, marks: str) -> str:
    """A text with the marks of its notes, if there are any."""
    return f"{text} {marks}" if marks else text


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], alignment: str) -> str:
    """A pipe table of ready-made text; see `xlbench.core.tables.table`."""
    return tables.table(headers, rows, alignment, "pipe")
