"""Traits of texts, by which scores are cut into slices: suffixes, tokens a word, words that a corpus lacks."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from xlbench.core.errors import UsageError
from xlbench.corpus.rules import MARKER, Rules, load_rules
from xlbench.corpus.splitting import Splitter

_WORD = re.compile(r"[\w\u200c\u200d" + "".join(  # marks, which belong to words in scripts such as Devanagari
    sorted(chr(code) for code in range(0x300, 0x1B00) if unicodedata.category(chr(code)) in ("Mn", "Mc"))
) + "]+")  # fmt: skip


def words(text: str) -> list[str]:
    """The words of a text: runs of letters, digits and marks. Suffixes that were split off are put back first."""
    return _WORD.findall(Splitter.join(text) if MARKER in text else text)


def suffix_count(text: str, rules: Rules | str) -> float:
    """How many suffixes the words of a text have, on average.

    Args:
        text: A word or a text, whose suffixes are not split off.
        rules: Of its language, or the language's ISO 639-3 code.

    Returns:
        Suffixes a word: a whole number for a single word.

    Raises:
        UsageError: The text has no word, or there are no rules for the language.
    """
    splitter = Splitter(_rules(rules))
    several = _some(words(text), text)
    return sum(len(splitter.parts(word)) - 1 for word in several) / len(several)


def _rules(rules: Rules | str) -> Rules:
    if isinstance(rules, Rules):
        return rules
    loaded = load_rules(rules)
    if loaded is None:
        raise UsageError(f"there are no rules for {rules!r}: load some of your own with xlbench.corpus.load_rules")
    return loaded


def tokens_per_word(text: str, tokenize: Callable[[str], Sequence[object]]) -> float:
    """How many tokens a tokenizer makes of a word of a text, on average ("fertility", Rust et al. 2021).

    Args:
        text: A word or a text.
        tokenize: From a text to its tokens without special ones, as ``tokenizer.tokenize`` of transformers is. Words
            are given alone, without what stands between them.

    Returns:
        Tokens a word: at least 1 where every word has one.

    Raises:
        UsageError: The text has no word.
    """
    several = _some(words(text), text)
    return sum(len(tokenize(word)) for word in several) / len(several)


def vocabulary(texts: Iterable[str], *, least: int = 1) -> frozenset[str]:
    """The words of texts, as `out_of_vocabulary` compares them.

    Args:
        texts: Of a corpus (``line.text for line in xlbench.corpus.read(DIR)``), or of anything else.
        least: How often a word occurs at least.
    """
    counts = Counter(word.casefold() for text in texts for word in words(text))
    return frozenset(word for word, count in counts.items() if count >= least)


def out_of_vocabulary(text: str, vocabulary: Collection[str]) -> float:
    """The share of the words of a text that a vocabulary lacks.

    Args:
        text: A word or a text, spelled (normalized or not) as the vocabulary is.
        vocabulary: As the function of that name makes it: in lower case where the script has one.

    Returns:
        From 0 to 1.

    Raises:
        UsageError: The text has no word.
    """
    several = _some(words(text), text)
    return sum(word.casefold() not in vocabulary for word in several) / len(several)


def _some(several: list[str], text: str) -> list[str]:
    if not several:
        raise UsageError(f"{text[:40]!r} has no word, so that nothing can be counted a word")
    return several
