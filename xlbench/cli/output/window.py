"""What a stream can show: whether a line can be drawn anew on it, how wide its window is, and which signs it has."""

from __future__ import annotations

import os
import unicodedata
from functools import lru_cache
from typing import Any

USUAL_WIDTH = 80
"""Columns of a terminal that does not say how wide it is."""
_SIGNS = {"–": "-", "—": "-", "−": "-", "…": "~", "━": "=", "±": "+-", "‘": "'", "’": "'", "“": '"', "”": '"'}
"""Plain signs for those that an encoding may lack; an ellipsis is as wide as it is."""
_OFF = frozenset({"", "0", "false", "no"})


def is_terminal(stream: Any) -> bool:
    """Whether a stream is a terminal; a stream that is closed, or none, is not."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def can_redraw(stream: Any) -> bool:
    """Whether a line can be drawn again and again in its place: on a terminal that is not dumb, where somebody watches;
    the terminal that a CI service gives is a log."""
    watched = os.environ.get("CI", "").lower() in _OFF
    return watched and os.environ.get("TERM") != "dumb" and is_terminal(stream)


def width(stream: Any) -> int | None:
    """Columns of a terminal's window (COLUMNS, where that is set); None where the stream is no terminal."""
    if not is_terminal(stream):
        return None
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(stream.fileno()).columns or USUAL_WIDTH
    except (OSError, ValueError, AttributeError):
        return USUAL_WIDTH


def encodable(text: str, stream: Any) -> str:
    """``text`` in signs that the stream's encoding has: dashes and raised digits plain, others as escapes."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    if text.isascii() or _has(text, encoding):
        return text
    return "".join(sign if sign.isascii() else _plain(sign, encoding) for sign in text)


@lru_cache(maxsize=4096)
def _plain(sign: str, encoding: str) -> str:
    if _has(sign, encoding):
        return sign
    plain = _SIGNS.get(sign) or unicodedata.normalize("NFKC", sign).replace("−", "-")
    return plain if _has(plain, encoding) else sign.encode("ascii", "backslashreplace").decode()


def _has(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    except LookupError:  # a codec that Python does not know: the stream has its own way
        return True
    return True
