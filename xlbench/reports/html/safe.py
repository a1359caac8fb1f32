"""Escapes texts of strangers for a page: as HTML, and as JSON in a script element."""

from __future__ import annotations

import html
import json
from typing import Any

from xlbench.core.text import one_line
from xlbench.reports.markup import points


def escape(text: object) -> str:
    """A text as HTML that shows it, in one line, inside an element or a quoted attribute."""
    return html.escape(one_line(str(text)), quote=True)


def script_json(value: Any) -> str:
    """A value as JSON that no script element ends in: ASCII, with ``<``, ``>`` and ``&`` as escapes."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def tenths(value: float | None) -> int | None:
    """A score in tenths of points, rounded as it is printed."""
    return None if value is None else round(10 * float(points(value, 1)))
