"""Traits of texts by which scores are cut into slices."""

import pytest

from xlbench.core.errors import UsageError
from xlbench.corpus import out_of_vocabulary, suffix_count, tokens_per_word, vocabulary, words


def test_words_hold_their_marks():
    """A word is its letters and marks, and a suffix that was split off is put back."""
    assert words("नेपालका हिमालहरू, अग्ला छन्।") == ["नेपालका", "हिमालहरू", "अग्ला", "छन्"]
    assert words("नेपाल ￭का") == ["नेपालका"]
    assert words("गर्\u200dयो") == ["गर्\u200dयो"]
    assert words("Çok güzel!") == ["Çok", "güzel"]


def test_suffixes_a_word():
    """A word has its suffixes, a text the mean of its words: here (2 + 1 + 0) / 3."""
    assert suffix_count("घरहरूमा", "nep") == 2
    assert suffix_count("घरहरूमा नेपालको पानी", "nep") == 1
    with pytest.raises(UsageError, match="no rules for 'hin'"):
        suffix_count("घर", "hin")


def test_tokens_a_word():
    """Tokens are counted over words: (3 + 1) / 2 by hand, and no sign between words counts."""
    assert tokens_per_word("abc, d!", list) == 2


def test_words_that_a_vocabulary_lacks():
    """The share of words, repeated ones too, that are not in it; case makes no difference."""
    known = vocabulary(["Das Haus", "das Dorf"])
    assert known == {"das", "haus", "dorf"}
    assert out_of_vocabulary("Das Haus und das Meer", known) == 2 / 5
    assert vocabulary(["Das Haus", "das Dorf"], least=2) == {"das"}


def test_a_text_without_a_word_has_no_trait():
    """Nothing can be counted a word where there is none: an error, not 0."""
    for count in (lambda text: out_of_vocabulary(text, set()), lambda text: tokens_per_word(text, list)):
        with pytest.raises(UsageError, match="has no word"):
            count("!?")
