"""Text that strangers wrote (names, reasons, notes), made safe to print. Plain functions on strings, nothing else."""

from __future__ import annotations

import unicodedata

_SPACES = frozenset({"Zl", "Zp", "Zs"})
# Controls, format characters (bidirectional overrides, zero-width) and surrogates, which no file can hold.
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_LINE_BREAKS = "\t\n\v\f\r\x85"


def one_line(text: str) -> str:
    """``text`` in one line: runs of spaces and breaks are one space; control and bidi characters are gone."""
    return " ".join("".join(map(_plain, text)).split())


def printable(text: str) -> str:
    """``text`` without control, bidi, zero-width and surrogate characters; tabs and line breaks stay."""
    if text.isascii() and text.isprintable():  # nearly all are, and a board has a hundred thousand
        return text
    return "".join(c for c in text if c in "\t\n\r" or unicodedata.category(c) not in _DROPPED)


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character in _LINE_BREAKS or category in _SPACES:
        return " "
    return "" if category in _DROPPED else character
