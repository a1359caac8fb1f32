"""Folding: a text's words in lower case, and the same words in Latin letters, so that names meet across scripts.

Pure text to text. Line breaks part texts (or words), so that many of them are folded in one call.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

_VARIANTS = range(0xFE00, 0xFE10)  # variation selectors: marks by category, and yet nothing that is read


class CharacterTable(dict[int, str]):
    """A table for `str.translate` that asks ``spell`` about each character once, when it is first seen."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        super().__init__({ord("\n"): "\n"})
        self._spell = spell

    def __missing__(self, code: int) -> str:
        self[code] = spelled = self._spell(chr(code))
        return spelled


class Folder:
    """Splits texts into folded words, and spells words in Latin letters."""

    def __init__(self) -> None:
        from anyascii import anyascii

        self._anyascii = anyascii
        self._plain = CharacterTable(_spell_plainly)
        self._latin = CharacterTable(self._spell_in_latin)

    def words(self, texts: Sequence[str]) -> list[list[str]]:
        """The words of each text: NFKC, case folded, punctuation left out, a picture (an emoji) as a word."""
        joined = "\n".join([text.replace("\n", " ") for text in texts])
        return [line.split() for line in _without_case(joined).translate(self._plain).split("\n")] if texts else []

    def latin(self, words: Sequence[str]) -> list[str]:
        """Each folded word in the letters a to z and digits, as anyascii spells it; "" where it has no spelling."""
        return "\n".join(words).translate(self._latin).split("\n") if words else []

    def _spell_in_latin(self, character: str) -> str:
        return "".join(c for c in self._anyascii(character).lower() if c.isalnum())


def _without_case(text: str) -> str:
    """NFKC and case folded; then NFKC again, because folding the case takes some letters apart (ΐ, İ)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _spell_plainly(character: str) -> str:
    """Letters, marks, digits and currencies stay, pictures stand alone, what is not seen goes; the rest parts words."""
    category = unicodedata.category(character)
    if category == "Cf" or ord(character) in _VARIANTS:
        return ""
    if category == "So":
        return f" {character} "
    return character if category[0] in "LMN" or category == "Sc" else " "
