"""Verdicts of a comparison as tables, and differences in points."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xlbench.core import tables
from xlbench.core.columns import shortened
from xlbench.core.text import one_line
from xlbench.reports.compare.differences import Verdict
from xlbench.reports.markup import escape

HEAD = ("", "before", "after", "difference", "p", "verdict", "would be seen", "would settle it")
ALIGN = "lrrrrlrl"
SHORT = 6
"""Columns of the short table."""
LONGEST_NAME = 22
"""In it."""


def table(verdicts: Sequence[Verdict], form: tables.Form = "plain") -> str:
    """Verdicts as a table, a row each."""
    cells = [_row(one, escape if form == "github" else one_line) for one in verdicts]
    return tables.table(HEAD, cells, ALIGN, form) if cells else ""


def short_table(verdicts: Sequence[Verdict]) -> str:
    """The same for a terminal of 80 characters: long names lack their middle, and the verdict is the last column."""
    cells = [_row(one, lambda name: shortened(one_line(name), LONGEST_NAME))[:SHORT] for one in verdicts]
    return tables.table(HEAD[:SHORT], cells, ALIGN[:SHORT])


def _row(one: Verdict, text: Callable[[str], str]) -> list[str]:
    d = one.difference
    interval = f" [{signed(d.low)}, {signed(d.high)}]" if d.has_interval else ""
    return [
        text(one.name),
        points(one.baseline),
        points(one.candidate),
        f"{signed(d.value)}{interval}",
        p_value(one.adjusted),
        one.judgment,
        points(d.detectable),
        settles(one),
    ]


def p_value(p: float | None) -> str:
    """A p-value with three decimals; what is smaller says so."""
    return "" if p is None else "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def settles(one: Verdict) -> str:
    """How much more of the data would show a difference of this size; "" where the verdict is clear already."""
    more = one.difference.more
    if one.judgment != "cannot tell" or more is None:
        return ""
    if more <= 1:
        return "clear on its own, not among so many"
    return f"{more:.1f} times the items" if more < 100 else "no test of this kind"


def points(value: float | None, decimals: int = 1) -> str:
    """A difference in points (hundredths), without its sign where that is a plus."""
    return "" if value is None else f"{100 * value + 0.0:.{decimals}f}"


def signed(value: float | None, decimals: int = 1) -> str:
    """A difference in points with its sign; a plain 0.0 where it rounds to that."""
    if value is None:
        return ""
    text = f"{100 * value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text
