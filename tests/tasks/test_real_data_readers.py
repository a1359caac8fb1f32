"""The readers on the original files of public data sets, where these are at hand."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import conftest
import pytest

from xlbench import Data, DataError, DataMissing
from xlbench_tasks.card.homes import open_source
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.data.source import Home
from xlbench_tasks.readers import delimited, parallel

ROOT = Path(os.environ.get("XLBENCH_DATA") or conftest.ROOT.parent / "shared" / "data")


def _data(folder: str) -> Data:
    """The data root, if it has the folder; otherwise the test is skipped."""
    if not (ROOT / folder).is_dir():
        pytest.skip(f"no {folder} under {ROOT} (set XLBENCH_DATA)")
    return Data(ROOT)


def _table(name: str, languages: str, data: Data, **table) -> delimited.Delimited:
    return delimited.source(Home("t.toml: [data]", name, "delimited", tuple(languages.split()), table), data)


def test_ntrex_is_aligned_over_all_its_languages():
    """1,997 sentences of 123 documents in each; no carriage return is left; the known duplicates are there."""
    source = open_source(read_card(CARDS / "ntrex.toml"), _data("ntrex"))
    languages = source.languages()
    assert {"eng", "hin", "nep", "zho_Hans"} <= set(languages)
    assert len(languages) >= 35
    distinct = {}
    for language in languages:
        records = source.read(language)
        assert records.ids == source.read("eng").ids
        assert len(records.ids) == 1997
        assert len(set(records.clusters)) == 123
        assert not any("\r" in text for text in records.fields["text"])
        distinct[language] = len(set(records.fields["text"]))
    assert [1997 - distinct[language] for language in ("hin", "nep", "jpn")] == [1, 1, 3]
    assert source.read("eng").clusters[0] == "ntrex:bbc.381790"


def test_ntrex_with_its_line_ends_is_another_text():
    """The files end their lines with CRLF, and keep_line_end keeps the first half of it."""
    home = Home(
        "t.toml: [data]", "ntrex", "parallel", ("nep",),
        {"files": "ntrex/NTREX-128/newstest2019-ref.{language}.txt", "keep_line_end": True},
    )  # fmt: skip
    texts = parallel.source(home, _data("ntrex")).read("nep").fields["text"]
    assert all(text.endswith("\r") for text in texts)


def test_masakhanews_records_span_lines():
    """948 English records on 20,101 physical lines, as many labels as its list, and U+2028 inside Amharic texts."""
    languages = "amh eng fra hau ibo lin lug orm pcm run sna som swa tir xho yor"
    source = _table(
        "masakhanews", languages, _data("masakhanews"),
        files="masakhanews/data/{language}/test.tsv", fields={"text": "text", "label": "category"},
    )  # fmt: skip
    assert source.languages() == tuple(languages.split())
    english = source.read("eng")
    assert len(english.ids) == 948
    assert sum(text.count("\n") for text in english.fields["text"]) + 948 + 1 == 20_101
    assert sum(text.count("\u2028") for text in source.read("amh").fields["text"]) == 6
    for language in source.languages():
        known = (ROOT / "masakhanews/data" / language / "labels.txt").read_text(encoding="utf-8").split("\n")
        assert set(source.read(language).fields["label"]) <= {label.strip() for label in known}
    with_url = _table(
        "masakhanews", "eng", Data(ROOT),
        files="masakhanews/few_shot_data/20_samples/{language}/train.tsv",
        fields={"text": "headline", "label": "category"},
    )  # fmt: skip
    assert set(Counter(with_url.read("eng").fields["label"]).values()) == {20}


def test_masakhanews_headlines_and_articles_can_be_one_text():
    """The full clustering task has the headline, a line feed and the article, of the same items as the headlines."""
    headlines, full = (
        open_source(read_card(CARDS / f"{name}.toml"), _data("masakhanews")).read("eng")
        for name in ("masakhanews-clustering", "masakhanews-clustering-full")
    )
    assert (full.ids, full.fields["label"]) == (headlines.ids, headlines.fields["label"])
    pairs = zip(full.fields["text"], headlines.fields["text"], strict=True)
    assert all(text.startswith(f"{headline}\n") and len(text) > len(headline) + 1 for text, headline in pairs)


@pytest.mark.parametrize("name", ["icelandic-sentiment", "slovak-reviews", "afrisenti", "nepsa"])
def test_a_small_sample_of_a_sorted_file_has_every_class(name):
    """With a limit of 12, each class that a language's file has is there; without one, nothing changes."""
    card, data = (
        read_card(CARDS / f"{name}.toml"),
        _data(name.replace("slovak-reviews", "slovak_kinit").replace("-", "_")),
    )
    sample, whole = open_source(card, Data(data.root, limit=12)), open_source(card, data)
    for language in whole.languages():
        records = sample.read(language)
        assert len(records.ids) == 12
        assert set(records.fields["label"]) == set(whole.read(language).fields["label"])
        assert [item for item in whole.read(language).ids if item in set(records.ids)] == list(records.ids)


NUSAX = {
    "acehnese": "ace", "balinese": "ban", "banjarese": "bjn", "buginese": "bug", "english": "eng",
    "indonesian": "ind", "javanese": "jav", "madurese": "mad", "minangkabau": "min", "ngaju": "nij",
    "sundanese": "sun", "toba_batak": "bbc",
}  # fmt: skip


def test_nusax_has_twelve_languages_in_columns_and_in_files():
    """Parallel columns, and sentiment files whose ids say which rows are the same item."""
    data, languages = _data("nusax"), " ".join(NUSAX.values())
    columns = _table(
        "nusax", languages, data, files="nusax/datasets/mt/test.csv", fields={"text": "{language}"}, aliases=NUSAX
    )
    assert columns.languages() == tuple(sorted(NUSAX.values()))
    assert {len(columns.read(language).ids) for language in columns.languages()} == {400}
    files = _table(
        "nusax", languages, data,
        files="nusax/datasets/sentiment/{language}/test.csv", fields={"text": "text", "label": "label"}, id="id",
        aliases=NUSAX,
    )  # fmt: skip
    assert len({files.read(language).ids for language in files.languages()}) == 1
    assert set(files.read("ace").fields["label"]) == {"positive", "neutral", "negative"}


def test_typology_sentiment_without_a_header():
    """CRLF, commas in quotes, labels 0 and 1; the folder `no` is Norwegian and not false."""
    aliases = {"sk": "slk", "mt": "mlt", "tr": "tur", "no": "nor", "fi": "fin"}
    source = _table(
        "typology", "fin mlt nor slk tur", _data("typology_sentiment"),
        files="typology_sentiment/{language}/test.csv", header=False, fields={"text": 2, "label": 1},
        labels={"0": "negative", "1": "positive"}, aliases=aliases,
    )  # fmt: skip
    assert {language: len(source.read(language).ids) for language in ("slk", "mlt", "tur")} == {
        "slk": 1042, "mlt": 171, "tur": 211,
    }  # fmt: skip
    assert "nor" in source.languages()
    assert not any("\r" in text for text in source.read("nor").fields["text"])


def test_afrisenti_headers_differ_and_quotes_are_characters():
    """Thirteen languages by column name, with and without an id column; two of them have no training rows."""
    languages = "amh arq ary hau ibo kin orm pcm swa tir tso twi yor"
    options = {"fields": {"text": "tweet", "label": "label"}, "quoting": "none"}
    test = _table("afrisenti", languages, _data("afrisenti"), files="afrisenti/data/{language}/test.tsv", **options)
    sizes = {language: len(test.read(language).ids) for language in test.languages()}
    assert len(sizes) == 13
    assert (min(sizes.values()), max(sizes.values()), sizes["orm"]) == (254, 5303, 2096)
    assert {label for language in sizes for label in test.read(language).fields["label"]} == {
        "positive", "neutral", "negative",
    }  # fmt: skip
    train = _table("afrisenti", languages, Data(ROOT), files="afrisenti/data/{language}/train.tsv", **options)
    for language in ("orm", "tir"):
        with pytest.raises(DataMissing, match="a header and no rows"):
            train.read(language)
    assert len(train.read("kin").ids) == 3302
    quoted = _table(
        "afrisenti", "kin", Data(ROOT), files="afrisenti/data/{language}/train.tsv", fields={"text": "tweet"}
    )
    with pytest.raises(DataError, match=r"kin/train\.tsv, line \d+: .*quoting = 'none'"):
        quoted.read("kin")


def test_other_tables_of_one_language():
    """Icelandic reviews with a vertical tab inside, and quoted Nepali without a header."""
    icelandic = _table(
        "icelandic", "isl", _data("icelandic_sentiment"), files="icelandic_sentiment/Hannes-Movie-Reviews.csv",
        language="isl", fields={"text": "review", "label": "sentiment"},
    ).read("isl")  # fmt: skip
    assert len(icelandic.ids) == 1111
    assert sum(text.count("\x0b") for text in icelandic.fields["text"]) == 1
    nepali = _table(
        "nepsa", "nep", _data("nepsa"), files="nepsa/ss_ac_at_txt_bal.csv", language="nep", header=False,
        fields={"text": 4, "label": 1}, labels={"1": "negative", "0": "positive"},
    ).read("nep")  # fmt: skip
    assert len(nepali.ids) == 1700
    assert len(set(nepali.fields["text"])) == 1409


def test_the_lexicon_covers_languages_and_scripts():
    """Forty languages and more in all major scripts, hundreds of names in most, none ambiguous or as in English."""
    import unicodedata

    source = open_source(read_card(CARDS / "lexicon.toml"), Data())
    languages = source.languages()
    assert len(languages) >= 44
    assert set(languages) == set(read_card(CARDS / "lexicon.toml").languages)
    english = dict(zip(source.read("eng").ids, source.read("eng").fields["text"], strict=True))
    sizes, scripts = {}, set()
    for language in languages:
        records = source.read(language)
        names = records.fields["text"]
        sizes[language] = len(names)
        scripts.update(unicodedata.name(char).split()[0] for name in names for char in name if char.isalpha())
        assert len({name.casefold() for name in names}) == len(names)
        if language != "eng":
            pairs = zip(records.ids, names, strict=True)
            assert not any(name.casefold() == english[thing].casefold() for thing, name in pairs)
    assert min(sizes.values()) >= 200
    assert sum(size >= 350 for size in sizes.values()) >= 50
    assert scripts >= {
        "LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI", "GUJARATI", "GURMUKHI", "TAMIL",
        "TELUGU", "KANNADA", "MALAYALAM", "ORIYA", "SINHALA", "THAI", "LAO", "KHMER", "MYANMAR", "GEORGIAN",
        "ARMENIAN", "ETHIOPIC", "HANGUL", "HIRAGANA", "KATAKANA", "CJK",
    }  # fmt: skip
