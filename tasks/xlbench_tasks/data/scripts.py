"""The script of a text, and the script that a language is usually written in."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

_NAMES = {
    "Arab": ("ARABIC",), "Armn": ("ARMENIAN",), "Beng": ("BENGALI",), "Cyrl": ("CYRILLIC",), "Deva": ("DEVANAGARI",),
    "Ethi": ("ETHIOPIC",), "Geor": ("GEORGIAN",), "Grek": ("GREEK",), "Gujr": ("GUJARATI",), "Guru": ("GURMUKHI",),
    "Hang": ("HANGUL",), "Hans": ("CJK",), "Hant": ("CJK",), "Hebr": ("HEBREW",),
    "Jpan": ("HIRAGANA", "KATAKANA", "CJK"), "Khmr": ("KHMER",), "Knda": ("KANNADA",), "Kore": ("HANGUL", "CJK"),
    "Laoo": ("LAO",), "Latn": ("LATIN",), "Mlym": ("MALAYALAM",), "Mymr": ("MYANMAR",), "Orya": ("ORIYA",),
    "Sinh": ("SINHALA",), "Taml": ("TAMIL",), "Telu": ("TELUGU",), "Thaa": ("THAANA",), "Thai": ("THAI",),
    "Tibt": ("TIBETAN",),
}  # fmt: skip
"""Code of a script (ISO 15924) -> how Unicode's names of its letters begin."""

MOSTLY = 0.9
"""From this share of its letters on, a text counts as one in their script."""


@cache
def script_of(char: str) -> str:
    """How the Unicode name of a letter begins; "" for what is no letter."""
    return unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""


def expected(language: str) -> tuple[str, ...]:
    """How the names of a language's letters begin, by its code or by what is usual (CLDR); () where neither says."""
    from babel.core import get_global

    code, _, part = language.partition("_")
    if part and len(part) == 4:
        return _NAMES.get(part, ())
    short = get_global("language_aliases").get(code, code)
    likely = str(get_global("likely_subtags").get(short, "")).split("_")
    return next((_NAMES[part] for part in likely if part in _NAMES), ())


def other_script(texts: Iterable[str], language: str) -> str:
    """The script (``Devanagari``) that nearly all letters of the texts are in, where the language is written in another
    one; "" where they may be in the language."""
    known = expected(language)
    counts = Counter(script for text in texts for script in map(script_of, text) if script)
    total = sum(counts.values())
    if not known or not total:
        return ""
    most, count = counts.most_common(1)[0]
    return most.title() if most not in known and count >= MOSTLY * total else ""
