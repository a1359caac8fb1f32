"""Folding: what a text is reduced to before its character n-grams are counted, so that spellings of one word meet.

Pure text to text, and no numpy. A folder keeps every line break, adds none and looks at no character across one, so
that many texts, joined by line breaks, can be folded in one call: that is what makes it fast.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_MARKS_OF_A_LETTER = frozenset("'`")  # anyascii writes soft signs, glottal stops and nuktas so: parts of a word
_UNSPELLED = ("CJK ", "CUNEIFORM ")  # where no spelling is a gap in anyascii; elsewhere it is a silent letter (alef)
_NO_VOWELS = str.maketrans("", "", "aeiou")


class CharacterTable(dict[int, str]):
    """A table for `str.translate` that asks ``spell`` about each character once, when it is first seen."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        super().__init__({ord("\n"): "\n"})
        self._spell = spell

    def __missing__(self, code: int) -> str:
        self[code] = spelled = self._spell(chr(code))
        return spelled


class Plain:
    """Every script as it is: NFKC, case folded, punctuation as spaces, a symbol (an emoji) as a word."""

    def __init__(self) -> None:
        self._table = CharacterTable(_spell_plainly)

    def __call__(self, text: str) -> str:
        """The text, folded."""
        return _without_case(text).translate(self._table)


class Latin:
    """Every script in the letters a to z, as `anyascii` spells it: Москва is moskva, 中国 zhongguo.

    anyascii spells each character by itself, so that a table of characters gives what it gives, many times faster.
    """

    def __init__(self) -> None:
        from anyascii import anyascii

        self._anyascii = anyascii
        self._table = CharacterTable(self._spell)

    def __call__(self, text: str) -> str:
        """The text, folded."""
        return _without_case(text).translate(self._table)

    def _spell(self, character: str) -> str:
        """A character's letters and digits in lower case; one that anyascii has yet to learn, as it is."""
        spelled = self._anyascii(character).lower()
        if not spelled and unicodedata.name(character, "").startswith(_UNSPELLED):
            return character
        return "".join(c if c.isalnum() else " " for c in spelled if c not in _MARKS_OF_A_LETTER)


def _without_case(text: str) -> str:
    """NFKC and case folded; then NFKC again, because folding the case takes some letters apart (ΐ, İ)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _spell_plainly(character: str) -> str:
    """Letters, marks, digits and signs stay, pictures stand alone, what is not seen goes; the rest parts words."""
    category = unicodedata.category(character)
    if category == "Cf" or unicodedata.name(character, "").startswith("VARIATION SELECTOR"):
        return ""
    if category == "So":
        return f" {character} "
    return character if category[0] in "LMNS" else " "


def without_vowels(text: str) -> str:
    """The consonants of a Latin text: what is left in common when scripts write no vowels, or others."""
    return text.translate(_NO_VOWELS)
