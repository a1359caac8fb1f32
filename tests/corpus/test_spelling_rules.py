"""Rules of spelling and suffixes: those of Nepali, and files of one's own."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xlbench.core.errors import DataError, UsageError
from xlbench.corpus import Splitter, load_rules, normalizer
from xlbench.corpus.rules import MARKER, languages_with_rules, parse_rules

NEPALI = load_rules("nep")
assert NEPALI is not None
SPLITTER = Splitter(NEPALI)
NORMALIZE = normalizer(NEPALI)
DEVANAGARI = st.text(st.sampled_from([*map(chr, range(0x900, 0x980)), "\u200c", "\u200d", " ", MARKER, "a", "-"]))


@pytest.mark.parametrize("rule", NEPALI.normalize, ids=lambda rule: rule.name)
def test_a_rule_does_what_its_example_says(rule):
    """Every rule of Nepali has a source and an example, which its own pattern changes, and the rules make of it."""
    before, after = rule.example
    assert re.search(rule.pattern, before)
    assert NORMALIZE(before) == after
    assert rule.source


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("घरहरूमा", ["घर", "हरू", "मा"]),
        ("उनीहरूसँगको", ["उनी", "हरू", "सँग", "को"]),
        ("नेपाल", ["नेपाल"]),
        ("नेपालको", ["नेपाल", "को"]),
        ("गरेको", ["गरेको"]),  # a participle
        ("आमा", ["आमा"]),  # one letter is no stem
        ("अमेरिका", ["अमेरिका"]),  # a word that ends so
        ("अमेरिकाको", ["अमेरिका", "को"]),
        ("शर्मा", ["शर्मा"]),  # within a conjunct
        ("घरहरुलाइ", ["घर", "हरु", "लाइ"]),  # as it is once normalized
    ],
)
def test_suffixes_of_words(word, parts):
    """Suffixes are split off from the end, as long as a stem is left that can be one."""
    assert SPLITTER.parts(word) == parts
    assert SPLITTER.split(word) == f" {MARKER}".join(parts)


@given(DEVANAGARI)
@example(f"घर {MARKER}मा {MARKER}{MARKER} घरमा{MARKER}")
@example(f"घर{MARKER}मा")
def test_joining_undoes_splitting(text):
    """For every text, whatever markers it has itself, join is the exact inverse of split."""
    assert SPLITTER.join(SPLITTER.split(text)) == text


@given(st.lists(st.sampled_from(["घर", "नेपाल", *(suffix.text for suffix in NEPALI.suffixes)]), max_size=8))
def test_parts_add_up_to_the_word(pieces):
    """The stem and the suffixes of a word are the word, and no suffix is left at a stem that may lose it."""
    word = "".join(pieces)
    parts = SPLITTER.parts(word)
    assert "".join(parts) == word
    assert SPLITTER.parts(parts[0]) == [parts[0]]


@given(DEVANAGARI)
def test_normalizing_twice_is_normalizing_once(text):
    """A text that is in one spelling stays as it is."""
    assert NORMALIZE(NORMALIZE(text)) == NORMALIZE(text)


def test_splitting_does_not_hang_on_spelling():
    """A word is cut at the same suffixes before and after it is normalized."""
    for word in ("घरहरूलाई", "साथीसँग", "केटीहरूको", "बाँकी", "पूर्णिमा"):
        before, after = SPLITTER.parts(word), SPLITTER.parts(NORMALIZE(word))
        assert [NORMALIZE(part) for part in before] == after


def test_rules_come_with_nepali_alone():
    """Other languages have none, unless a file gives some."""
    assert languages_with_rules() == ("nep",)
    assert load_rules("hin") is None


OWN = """
language = "kmr"
[[normalize]]
name = "dotless i"
pattern = 'ı'
replacement = '\\\\i'
source = "ours"
[split]
[[split.suffix]]
kind = "case"
forms = ["an"]
not_after = "[ae]"
source = "ours"
"""


def test_rules_of_ones_own(tmp_path):
    """A file gives rules for any language; replacements are meant to the letter."""
    path = tmp_path / "kmr.toml"
    path.write_text(OWN, encoding="utf-8")
    rules = load_rules("kmr", path)
    assert rules is not None
    assert normalizer(rules)("sıv") == r"s\\iv"
    assert Splitter(rules).split("jinan bean") == f"jin {MARKER}an bean"
    with pytest.raises(UsageError, match="is for kmr, and the corpus for nep"):
        load_rules("nep", path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[split]", "[spilt]\n[split]"), "there is no spilt. Did you mean 'split'"),
        (("'ı'", "'('"), "no regular expression"),
        (("'ı'", "'ı*'"), "matches the empty text"),
        (('source = "ours"\n[split]', "[split]"), "lacks its source"),
        (('["an"]', '["a n"]'), "is no suffix"),
        (('["an"]', "[]"), "has no forms"),
        (('"kmr"', '"Kurmanji"'), "ISO 639-3"),
        (("[split]\n", "[split]\nleast = 0\n"), "whole number of at least 1"),
        (("[[normalize]]", "[normalize]"), "written as tables"),
        (("language", "language = = "), "no TOML"),
    ],
)
def test_rules_that_are_none(change, message):
    """What no rule can say is an error that names the file and the key."""
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        parse_rules(OWN.replace(*change), "own.toml")
    assert str(caught.value).startswith("own.toml")
