"""Splits suffixes off words, so that they can be put back to the letter."""

from __future__ import annotations

import re

from xlbench.corpus.normalizing import normalizer
from xlbench.corpus.rules import MARKER, Rules, Suffix

_JOINED = re.compile(f" {MARKER}(?!{MARKER})|{MARKER}{MARKER}")


class Splitter:
    """Splits the suffixes of a language off its words.

    ``split`` writes a space and the marker ￭ (U+FFED) before a suffix: ``घरहरूमा`` becomes ``घर ￭हरू ￭मा``. A marker
    that a text itself has is doubled, so that ``join`` is an exact inverse of ``split`` for every text.
    """

    def __init__(self, rules: Rules) -> None:
        """``rules`` of the language; suffixes are known as they are written and as they are once normalized."""
        normalize = normalizer(rules)
        spelled: dict[str, Suffix] = {}
        for suffix in rules.suffixes:
            spelled.setdefault(suffix.text, suffix)
            spelled.setdefault(normalize(suffix.text), suffix)
        self._forms, self._endings = frozenset(spelled), tuple(spelled)
        self._suffixes = sorted(
            ((text, suffix.not_after and re.compile(f"(?:{suffix.not_after})$")) for text, suffix in spelled.items()),
            key=lambda pair: (-len(pair[0]), pair[0]),
        )
        self._keep = tuple(sorted({form for word in rules.keep for form in (word, normalize(word))}))
        self._word, self._letter = re.compile(rules.word), re.compile(rules.letter)
        self._least = rules.least

    def parts(self, word: str) -> list[str]:
        """The stem of a word, then its suffixes in their order: they add up to the word."""
        cut: list[str] = []
        while suffix := self._last_suffix(word):
            cut.append(suffix)
            word = word[: -len(suffix)]
        return [word, *reversed(cut)]

    def split(self, text: str) -> str:
        """The text with its suffixes as words of their own."""
        escaped = text.replace(MARKER, MARKER * 2)
        return self._word.sub(lambda match: f" {MARKER}".join(self.parts(match[0])), escaped)

    def attach(self, text: str) -> str:
        """The text with words that are suffixes put onto the word before them, as where a data set has cut them off."""
        words: list[str] = []
        for word in text.split():
            if words and word in self._forms and self._word.fullmatch(words[-1][-1]):
                words[-1] += word
            else:
                words.append(word)
        return " ".join(words)

    @staticmethod
    def join(text: str) -> str:
        """The text that ``split`` was given."""
        return _JOINED.sub(lambda match: "" if match[0][0] == " " else MARKER, text)

    def _last_suffix(self, word: str) -> str:
        if not word.endswith(self._endings) or word.endswith(self._keep):
            return ""
        for suffix, not_after in self._suffixes:
            if not word.endswith(suffix):
                continue
            stem = word[: -len(suffix)]
            if len(self._letter.findall(stem)) >= self._least and not (not_after and not_after.search(stem)):
                return suffix
        return ""
