"""Rows and values as CSV, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import functools
import io
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from xlbench.core.text import printable

DECIMALS = 8
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would run, or cut in two."""
_BREAKS = re.compile(r"[\n\u2028\u2029]")
"""What some readers take for the end of a row, be it within quotes (`printable` has dealt with the other ones)."""


def to_csv(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as CSV text, safe to open in a spreadsheet; a column that a row lacks is empty there."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([cell(column) for column in columns])
    writer.writerows([cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def cell(value: Any) -> str:
    """One value as text. Text that a spreadsheet would take for a formula gets a leading quote; numbers never do."""
    if isinstance(value, str):
        return _text(value)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.{DECIMALS}f}"
    return _text(str(value))


@functools.lru_cache(maxsize=4096)  # names, tasks and notes stand in thousands of rows
def _text(raw: str) -> str:
    text = _BREAKS.sub(" ", printable(raw))
    # Some spreadsheets look past spaces, and take full-width signs for plain ones.
    folded = (text if text.isascii() else unicodedata.normalize("NFKC", text)).lstrip()
    risky = raw.startswith(_FORMULA) or text.startswith(_FORMULA) or folded.startswith(_FORMULA)
    return "'" + text if risky else text
