"""Names of the CLDR: paired by what they name, in no telling order, and left out where they tell nothing."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import unicodedata

import pytest
from reader_files import cldr_source

from xlbench import Data, DataMissing, UsageError
from xlbench.catalog import load
from xlbench_tasks.readers import cldr


def test_names_are_paired_by_what_they_name():
    """Known names, by hand: a country, a language, a month as it stands alone, a weekday, a currency, a unit."""
    source = cldr_source()
    names = {
        code: dict(zip(source.read(code).ids, source.read(code).fields["text"], strict=True)) for code in ("nep", "rus")
    }
    assert names["nep"]["set:territory:NP"] == "नेपाल"
    assert names["rus"]["set:language:de"] == "немецкий"
    assert names["rus"]["set:month:1"] == "январь"  # not января, the name in dates
    assert names["nep"]["set:weekday:0"] == "सोमबार"
    assert names["rus"]["set:currency:NPR"] == "непальская рупия"
    assert names["nep"]["set:unit:length-meter"] == "मिटर"


def test_names_do_not_depend_on_what_was_read_before():
    """Babel resolves aliases in data that its locales share: reading Japanese months makes Swahili's Japanese."""
    code = (
        "from babel import Locale\n"
        "from reader_files import cldr_source\n"
        "for name in ('ja', 'hi'):\n"
        "    Locale(name).months['stand-alone']['wide'], Locale(name).days['stand-alone']['wide']\n"
        "source = cldr_source('eng jpn swa hin')\n"
        "print(*(source.read(language).fingerprint() for language in ('jpn', 'swa', 'hin', 'eng')))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    source = cldr_source("eng jpn swa hin")
    swahili = dict(zip(source.read("swa").ids, source.read("swa").fields["text"], strict=True))
    assert (swahili["set:month:1"], swahili["set:weekday:0"]) == ("Januari", "Jumatatu")
    assert done.stdout.split() == [source.read(language).fingerprint() for language in ("jpn", "swa", "hin", "eng")]


def test_names_that_tell_nothing_are_left_out_and_counted():
    """Equal to English, ambiguous, or a code: gone, and the facts say how many."""
    source = cldr_source()
    english = dict(zip(source.read("eng").ids, source.read("eng").fields["text"], strict=True))
    german = source.read("deu")
    names = dict(zip(german.ids, german.fields["text"], strict=True))
    assert "set:territory:NP" not in names  # Nepal
    assert names["set:territory:DE"] == "Deutschland"
    assert all(name.casefold() != english[thing].casefold() for thing, name in names.items())
    assert german.facts["left out (deu): equal to eng"] > 100
    assert german.notes
    for language in source.languages():
        folded = [cldr.fold(name) for name in source.read(language).fields["text"]]
        assert len(set(folded)) == len(folded)
        assert set(source.read(language).ids) <= set(english)


def test_leaving_out_is_exact_on_names_made_up(monkeypatch):
    """By hand: b equals the pivot in another notation; c and d share a name; e is its code; f has no pivot name."""
    pivot = {"a": "One", "b": "CAFE\u0301", "c": "Three", "d": "Four", "e": "Five", "g": "Same", "h": "same"}
    other = {"a": "Eins ", "b": "caf\u00e9", "c": "Drei", "d": "DREI", "e": "E", "f": "Sechs", "g": "x", "h": "y"}
    monkeypatch.setattr(cldr, "CATEGORIES", {"made": lambda locale: pivot if locale.language == "en" else other})
    source = cldr_source("eng deu", categories=["made"])
    assert {*source.read("eng").fields["text"]} == {"One", "CAF\u00c9", "Three", "Four", "Five"}
    assert source.read("deu").ids == ("set:made:a",)
    assert source.read("deu").fields["text"] == ("Eins",)
    assert source.read("deu").facts == {"left out (deu): equal to eng": 1, "left out (deu): ambiguous": 2}
    assert source.read("eng").facts == {"left out (eng): ambiguous": 2}


def test_a_limit_takes_the_same_things_in_every_language():
    """The first things of the pivot, so that languages still overlap."""
    source = cldr_source(limit=40)
    english = source.read("eng").ids
    assert len(english) == 40
    for language in ("nep", "deu"):
        assert set(source.read(language).ids) <= set(english)
    assert len(source.read("nep").ids) == 40


def test_a_language_does_not_depend_on_the_others_of_the_card():
    """Adding a language to a card changes no other language's items."""
    assert cldr_source("eng nep").read("nep").fingerprint() == cldr_source("eng deu jpn nep").read("nep").fingerprint()


def test_things_are_in_an_order_that_says_nothing_and_the_version_is_recorded():
    """Months do not stand beside months, whichever way the card names the categories; "Babel ... CLDR" is the origin,
    and part of the fingerprint."""
    import babel

    records = cldr_source(categories=["weekday", "month"]).read("nep")
    labels = [thing.split(":")[1] for thing in records.ids]
    assert sorted(labels) == ["month"] * 12 + ["weekday"] * 7
    assert sum(one != other for one, other in itertools.pairwise(labels)) > 4
    assert records.ids == cldr_source(categories=["month", "weekday"]).read("nep").ids
    assert records.origin == f"Babel {babel.__version__} CLDR"
    assert all(unicodedata.is_normalized("NFC", name) for name in records.fields["text"])


def test_languages_that_babel_lacks_are_missing():
    """An unknown code, and a script that Babel does not have for the language."""
    source = cldr_source("eng nep xxx zho_Latn")
    assert source.languages() == ("eng", "nep")
    with pytest.raises(DataMissing, match="no 'xxx' here: none in Babel"):
        source.read("xxx")


def test_wrong_categories_and_pivots_are_mistakes_in_the_card():
    """With the nearest category."""
    with pytest.raises(UsageError, match=r"no 'teritory'.*Did you mean 'territory'"):
        cldr_source(categories=["teritory"])
    with pytest.raises(UsageError, match="pivot: 'fra' is none of the card's languages"):
        cldr_source(pivot="fra")


def test_only_wanted_languages_are_read(monkeypatch):
    """Where languages are asked for, the names of all others but the pivot stay where they are; the subsets with the
    wanted ones are what they are where all are read."""
    (lexicon,) = load().select_tasks(["lexicon"])
    named: list[str] = []
    read = cldr.Cldr._read
    monkeypatch.setattr(cldr.Cldr, "_read", lambda self, language: named.append(language) or read(self, language))
    found = {subset.name: subset for subset in lexicon.subsets(Data(languages=("hin", "isl")))}
    assert sorted(named) == ["eng", "hin", "isl"]
    assert set(found) == {"eng-hin", "hin-eng", "eng-isl", "isl-eng"}
    every = {subset.name: subset.fingerprint for subset in lexicon.subsets(Data())}
    assert {name: subset.fingerprint for name, subset in found.items()} == {name: every[name] for name in found}
    assert len(every) > len(found)
