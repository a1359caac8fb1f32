"""Tokens of a text in any script: words between spaces, and pairs of characters where a script has no spaces."""

from __future__ import annotations

import itertools
import re
import unicodedata

_UNSPACED = re.compile(
    "(["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3040-\u30ff\u31f0-\u31ff"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
    "]+)"
)
"""Runs of scripts that are written without spaces between words."""


class _Words(dict[int, str]):
    """For `str.translate`: letters, marks and digits stay, format characters (the joiners within words of Indic scripts
    among them) go, all else is a space. Vowel signs are marks, which `\\w` of regular expressions leaves out."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)
        self[code] = char if kind[0] in "LMN" else "" if kind == "Cf" else " "
        return self[code]


def tokens(text: str) -> list[str]:
    """The tokens of a text, in their order, folded (NFKC, case)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    found: list[str] = []
    for word in folded.translate(_Words()).split():
        for part in _UNSPACED.split(word) if not word.isascii() else (word,):
            if _UNSPACED.match(part) and len(part) > 1:
                found += map("".join, itertools.pairwise(part))
            elif part:
                found.append(part)
    return found
