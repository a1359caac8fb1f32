"""Makes text of others safe to print, and builds messages from names and errors."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Sequence

from xlbench.core.errors import XlbenchError, explain_import

_SPACES = frozenset({"Zl", "Zp", "Zs"})
# Controls, format characters (bidirectional overrides, zero-width) and surrogates, which no file can hold.
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
GIB = 1 << 30
"""Bytes of a gibibyte."""
_LINE_BREAKS = "\t\n\v\f\r\x85"


def one_line(text: str) -> str:
    """``text`` in one line: runs of spaces and breaks are one space; control and bidi characters are gone."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(map(_plain, text)).split())


def printable(text: str) -> str:
    """``text`` without what a terminal or a spreadsheet would obey: control (escape sequences), bidi, zero-width and
    surrogate characters. Tabs and line breaks stay, every line break as ``\\n``; a lone carriage return is a space."""
    if text.isascii() and text.isprintable():  # nearly all are, and a board has a hundred thousand
        return text
    text = text.replace("\r\n", "\n").replace("\r", " ")
    return "".join(c for c in text if c in "\t\n" or unicodedata.category(c) not in _DROPPED)


def escaped_json(text: str) -> str:
    """JSON text with escapes (``\\u202e``) for what `printable` would take out: the same value, harmless to print."""
    if text.isascii() and "\x7f" not in text:  # json.dumps has escaped all that matters
        return text
    return "".join(json.dumps(c)[1:-1] if c != "\n" and unicodedata.category(c) in _DROPPED else c for c in text)


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if character in _LINE_BREAKS or category in _SPACES:
        return " "
    return "" if category in _DROPPED else character


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the nearest of ``known``, or the empty string."""
    near = nearest(wrong, known)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def nearest(wrong: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of ``known`` that somebody may have meant by ``wrong``, the nearest first: two at most."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(wrong.casefold(), by_folded, n=2, cutoff=0.6)
    return tuple(by_folded[name] for name in near)


def first_of(names: Sequence[str], most: int) -> str:
    """The first of several names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def reason_of(error: BaseException) -> str:
    """One line for why something failed: our own messages as they are, others as `error_text`."""
    if isinstance(error, ImportError) and (remedy := explain_import(error)):
        return one_paragraph(remedy)
    if isinstance(error, MemoryError):
        return "out of memory"
    return one_paragraph(_text_of(error)) if isinstance(error, XlbenchError) else error_text(error)


def error_text(error: BaseException) -> str:
    """One line with the type of an exception and what it says, whatever the exception is like."""
    return one_paragraph(f"{type(error).__name__}: {_text_of(error)}").removesuffix(":")


def one_paragraph(text: str) -> str:
    """``text`` with its breaks and runs of spaces as one space each; half a character, which no file holds, escaped."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


def count_text(number: int, one: str, many: str = "") -> str:
    """A count with commas and its noun, in the plural but for one: ``many``, or ``one`` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def byte_count(count: int) -> str:
    """Bytes for people, in powers of 1024: ``512 bytes``, ``1.2 GiB``."""
    value, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:,.0f} bytes" if unit == "bytes" else f"{value:,.1f} {unit}"


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as second:  # noqa: BLE001 - the text of a plugin's exception is code of the plugin, too
        return f"its text fails with {type(second).__name__}"
