"""Brings the spellings of a text to one, by the rules of its language."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from xlbench.corpus.rules import Rules


def normalizer(rules: Rules) -> Callable[[str], str]:
    """A function that brings texts to one spelling.

    The text is put into NFC (Unicode Standard Annex 15), then every rule replaces, in the order of the file, what its
    pattern matches; runs of white space become one space.

    Args:
        rules: Of the language.
    """
    compiled = [(re.compile(rule.pattern), rule.replacement.replace("\\", r"\\")) for rule in rules.normalize]

    def normalize(text: str) -> str:
        """The text in one spelling."""
        text = unicodedata.normalize("NFC", text)
        for pattern, replacement in compiled:
            text = pattern.sub(replacement, text)
        return " ".join(unicodedata.normalize("NFC", text).split())

    return normalize
