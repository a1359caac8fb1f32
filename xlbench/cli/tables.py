"""Tables as commands print them: aligned columns without rules, one line a row."""

from __future__ import annotations

from collections.abc import Sequence

SIDES = {"l": "left", "r": "right"}


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], alignment: str) -> str:
    """Texts in columns, below their headers.

    Args:
        headers: Of the k columns.
        rows: k texts each, of one line; none is read as a number.
        alignment: k letters, ``l`` for columns of words and ``r`` for columns of numbers.
    """
    from tabulate import tabulate

    sides = [SIDES[side] for side in alignment]
    lines = [headers, *rows]  # given as headers, they would make their columns wider than their texts
    shown = tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=sides)
    return "\n".join(line.rstrip() for line in shown.splitlines())
