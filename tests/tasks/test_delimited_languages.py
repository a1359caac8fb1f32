"""Where the languages of a table are: columns with and without a header, a code a row, pairs with one pivot; rows that
lack something, and quotes."""

from __future__ import annotations

from typing import Any

import pytest
from reader_files import made_home, write_file

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.readers import delimited


def source(root, limit: int | None = None, languages: str = "eng hin mlt", **table: Any) -> delimited.Delimited:
    return delimited.source(made_home("delimited", languages, **table), Data(root, limit))


PAIRS: dict[str, Any] = {"files": "pairs.txt", "fields": {"text": {"eng": 1, "mlt": 2}}, "header": False}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_pairs_without_a_header(tmp_path, end):
    """Each language is a column by its number, the first line is data, and a row is one item in both."""
    content = "\ufeffThe sea\tIl-baħar\tCC-BY\nwater\tilma\tCC-BY\n".replace("\n", end)
    write_file(tmp_path / "pairs.txt", content)
    made = source(tmp_path, delimiter="\t", **PAIRS)
    assert made.languages() == ("eng", "mlt")
    assert made.read("eng").fields == {"text": ("The sea", "water")}
    assert made.read("mlt").fields == {"text": ("Il-baħar", "ilma")}
    assert made.read("eng").ids == made.read("mlt").ids == ("set:1", "set:2")
    with pytest.raises(DataError, match="has 3 columns, so none with number 4"):
        source(tmp_path, delimiter="\t", **PAIRS | {"fields": {"text": {"eng": 4}}}).read("eng")


def test_columns_of_languages_by_name(tmp_path):
    """A table of names serves headers that no alias would make codes of; so does a part of a name."""
    write_file(tmp_path / "pairs.csv", "source sentence,sent_mlt\nwater,ilma\n")
    by_name = source(tmp_path, files="pairs.csv", fields={"text": {"eng": "source sentence", "mlt": "sent_mlt"}})
    assert by_name.read("eng").fields["text"] == ("water",)
    by_part = source(tmp_path, files="pairs.csv", fields={"text": "sent_{language}"})
    assert by_part.languages() == ("mlt",)
    assert by_part.read("mlt").fields["text"] == ("ilma",)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"fields": {"text": {"eng": 1, "fra": 2}}}, "fields.text: 'fra' is none of the card's languages"),
        ({"fields": {"text": {}}}, "only text can be a column of each language, of one"),
        ({"fields": {"text": 1, "label": {"eng": 1}}, "language": "eng"}, "only text can be a column of each"),
        ({"language": "eng"}, "say in one place what the languages are"),
        ({"fields": {"text": 1, "language": 2}, "language": "eng"}, "say in one place what the languages are"),
        ({"files": "{language}.txt"}, "say in one place what the languages are"),
        ({"files": ["a.txt", "b.txt"]}, "several files need {language}"),
        ({"fields": {"text": {"eng": 0, "mlt": 1}}}, "columns are counted from 1"),
        ({"quote": "''"}, "quote: \"''\" is not one character"),
        ({"quote": ","}, "delimiter: ',' is not one character that can separate"),
        ({"quote": "'", "quoting": "none"}, "a quote is a character of the text; remove one"),
        ({"pivot": {"language": "eng"}}, "pivot: say its language, and the column of its text"),
        ({"pivot": {"language": "eng", "text": 2}}, "pivot: goes with texts alone"),
    ],
)
def test_cards_that_contradict_themselves(tmp_path, table, said):
    """Languages in two places or in none, and keys that exclude each other, are errors of the card."""
    with pytest.raises(UsageError, match=r"t\.toml: \[data\]") as error:
        source(tmp_path, **PAIRS | table)
    assert said in str(error.value)


def test_a_column_of_codes(tmp_path):
    """A row is of the language of its code, numbered by its line; of other languages there is a count, and a note."""
    rows = "".join(f"{code} {n}\t{code}\t{'xy'[n % 2]}\n" for n in range(4) for code in ("en", "mlt", "fr", "de"))
    write_file(tmp_path / "all.tsv", f"text\tlang\tlabel\n{rows}")
    fields = {"text": "text", "label": "label", "language": "lang"}
    table: dict[str, Any] = {"files": "all.tsv", "fields": fields, "aliases": {"en": "eng"}}
    made = source(tmp_path, **table)
    assert made.languages() == ("eng", "mlt")
    records = made.read("eng")
    assert records.ids == ("set:eng:1", "set:eng:5", "set:eng:9", "set:eng:13")
    assert records.fields == {"text": ("en 0", "en 1", "en 2", "en 3"), "label": ("x", "y", "x", "y")}
    assert records.facts == {"rows_of_other_languages": 8}
    assert records.place(1).endswith("all.tsv, line 6")
    assert made.why_missing("hin").endswith("there are rows of no declared language: 'fr', 'de'")
    assert source(tmp_path, 2, **table).read("mlt").fields["label"] == ("x", "y")
    with pytest.raises(DataError, match=r"no row is of a language that the card declares.*'fr'"):
        source(tmp_path, languages="nep", **table | {"aliases": {}}).languages()
    write_file(tmp_path / "all.tsv", "text\tlang\tlabel\na\t\tx\n")
    with pytest.raises(DataError, match=r"all\.tsv, line 2: the language is empty"):
        source(tmp_path, **table).languages()
    write_file(tmp_path / "all.tsv", "text\tlang\tlabel\n")
    with pytest.raises(DataMissing, match="has a header and no rows"):
        source(tmp_path, **table).languages()


def test_ids_join_rows_of_a_column_of_codes(tmp_path):
    """Rows of two languages with one id are one item; two of one language are an error with both lines."""
    write_file(tmp_path / "all.tsv", "id\tlang\ttext\n7\teng\twater\n7\tmlt\tilma\n8\teng\tsea\n8\tmlt\tbaħar\n")
    table: dict[str, Any] = {"files": "all.tsv", "fields": {"text": "text", "language": "lang"}, "id": "id"}
    made = source(tmp_path, **table)
    assert made.read("eng").ids == made.read("mlt").ids == ("set:7", "set:8")
    write_file(tmp_path / "all.tsv", "id\tlang\ttext\n7\teng\twater\n7\teng\tsea\n")
    with pytest.raises(DataError, match=r"all\.tsv, line 3: id '7' was on line 2 already"):
        source(tmp_path, **table).read("eng")


def test_rows_that_lack_something(tmp_path):
    """An error with its line; with drop_empty they go, with a note and their count, before a sample is taken."""
    content = "text\tlabel\na\tx\n\u200b\tx\nc\t\nd\ty\n"
    write_file(tmp_path / "eng.tsv", content)
    table: dict[str, Any] = {"files": "{language}.tsv", "fields": {"text": "text", "label": "label"}}
    with pytest.raises(DataError, match=r"eng\.tsv, line 3: the text is empty but for"):
        source(tmp_path, **table).read("eng")
    records = source(tmp_path, drop_empty=True, **table).read("eng")
    assert (records.ids, records.fields["text"]) == (("set:eng:1", "set:eng:4"), ("a", "d"))
    assert records.facts == {"rows_left_out (eng)": 2}
    assert "are left out" in records.notes[0]
    assert source(tmp_path, 2, drop_empty=True, **table).read("eng").fields["label"] == ("x", "y")
    write_file(tmp_path / "eng.tsv", "text\tlabel\na\t\nb\t\n")
    with pytest.raises(DataError, match="every row of 'eng' lacks what fields asks for"):
        source(tmp_path, drop_empty=True, **table).read("eng")


def test_a_language_loses_its_own_rows_of_a_table_of_columns(tmp_path):
    """What one language lacks, the others keep, under the same ids."""
    write_file(tmp_path / "pairs.txt", "a,x\nb,\nc,z\n")
    made = source(tmp_path, drop_empty=True, **PAIRS)
    assert (made.read("eng").ids, made.read("mlt").ids) == (("set:1", "set:2", "set:3"), ("set:1", "set:3"))
    assert (made.read("eng").facts, made.read("mlt").facts) == ({}, {"rows_left_out (mlt)": 1})
    write_file(tmp_path / "pairs.txt", "a,\nb, \n")
    with pytest.raises(DataError, match="every row of 'mlt' lacks"):
        source(tmp_path, drop_empty=True, **PAIRS).read("mlt")


def test_pairs_of_every_language_with_one_pivot(tmp_path):
    """The pivot has the items of all the others, under their ids, and no file of its own."""
    write_file(tmp_path / "hin-eng.tsv", "पानी\twater\n")
    write_file(tmp_path / "mlt-eng.tsv", "ilma\twater\nbaħar\tsea\n\tnothing\n")
    table: dict[str, Any] = {
        "files": "{language}-eng.tsv", "fields": {"text": 1}, "header": False, "pivot": {"language": "eng", "text": 2},
    }  # fmt: skip
    with pytest.raises(DataError, match=r"mlt-eng\.tsv, line 3: the text is empty"):
        source(tmp_path, **table).read("mlt")
    made = source(tmp_path, drop_empty=True, **table)
    assert made.languages() == ("eng", "hin", "mlt")
    assert made.read("eng").ids == ("set:hin:1", "set:mlt:1", "set:mlt:2")
    assert made.read("eng").fields["text"] == ("water", "water", "sea")
    assert made.read("eng").shared == made.read("mlt").shared == 0
    assert made.read("mlt").ids == ("set:mlt:1", "set:mlt:2")
    assert made.read("eng").facts == {"rows_left_out (mlt)": 1}
    assert made.read("eng").place(2).endswith("mlt-eng.tsv, line 2")
    write_file(tmp_path / "eng-eng.tsv", "a\tb\n")
    with pytest.raises(DataError, match="'eng' is the pivot, and has a file of its own"):
        source(tmp_path, **table).languages()


def test_other_quotes(tmp_path):
    """The card's quote stands around cells, doubled inside of them; the usual one is then a character."""
    write_file(tmp_path / "eng.csv", "text,label\n'a, ''b''\nc',x\n\"d\",y\n")
    table: dict[str, Any] = {"files": "{language}.csv", "fields": {"text": "text", "label": "label"}}
    records = source(tmp_path, quote="'", **table).read("eng")
    assert records.fields == {"text": ("a, 'b'\nc", '"d"'), "label": ("x", "y")}
    write_file(tmp_path / "eng.csv", "text,label\n'a' b,x\n")
    with pytest.raises(DataError, match=r"eng\.csv, line 2: the quoting of the row that begins here is broken"):
        source(tmp_path, quote="'", **table).read("eng")
