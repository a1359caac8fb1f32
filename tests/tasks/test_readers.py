"""The readers, on files that the tests write: every trap that real data has set."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import pickle
import socket
import subprocess
import sys
import threading
import unicodedata
import zipfile
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.data.records import Records, sample_by_label
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.splits import FirstAvailable
from xlbench_tasks.readers import cldr, conll, delimited, hub, parallel


def _home(reader: str, languages: str = "eng hin nep", **table: Any) -> Home:
    return Home("t.toml: [data]", "set", reader, tuple(languages.split()), table)


def _parallel(root: Path | None, limit: int | None = None, **table: Any) -> parallel.Parallel:
    home = _home("parallel", **({"files": "p/text.{language}.txt"} | table))
    return parallel.source(home, Data(root, limit))


def _delimited(root: Path | None, limit: int | None = None, **table: Any) -> delimited.Delimited:
    home = _home("delimited", **({"files": "d/{language}.tsv", "fields": {"text": "tweet", "label": "label"}} | table))
    return delimited.source(home, Data(root, limit))


def _write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


# Records and sources


def test_records_must_have_one_value_an_item():
    """Columns of another length than the ids, and repeated ids, are refused."""
    with pytest.raises(DataError, match="2 ids but 1 text"):
        Records(("a", "b"), ("a", "b"), {"text": ("x",)})
    with pytest.raises(DataError, match="'a' occurs twice"):
        Records(("a", "a"), ("a", "a"), {"text": ("x", "y")})


def test_the_fingerprint_covers_all_that_shapes_a_score_and_nothing_else():
    """Ids, clusters, texts, field names and origin change it; notes do not; neither does where a text ends."""
    base = Records(("1", "2"), ("1", "2"), {"text": ("ab", "c")})
    same = Records(("1", "2"), ("1", "2"), {"text": ("ab", "c")}, notes=("a note",))
    others = [
        Records(("1", "3"), ("1", "2"), {"text": ("ab", "c")}),
        Records(("1", "2"), ("1", "1"), {"text": ("ab", "c")}),
        Records(("1", "2"), ("1", "2"), {"text": ("a", "bc")}),
        Records(("1", "2"), ("1", "2"), {"label": ("ab", "c")}),
        Records(("1", "2"), ("1", "2"), {"text": ("ab", "c")}, origin="x"),
    ]
    assert same.fingerprint() == base.fingerprint()
    assert len({record.fingerprint() for record in [base, *others]}) == 1 + len(others)


def test_facts_and_notes_of_a_part_are_those_of_its_items():
    """What was counted in each item is added up anew; what was counted for the whole says so in its name."""
    counts = ({"tags_bad": 2}, {"entities": 1}, {})
    records = Records.counted(
        ("a", "b", "c"), ("a", "b", "c"), {"text": ("x", "y", "z")}, counts, {"tags_": "some tags were repaired"}
    )
    assert (records.facts, records.notes) == ({"entities": 1, "tags_bad": 2}, ("some tags were repaired",))
    part = records.only([False, True, True])
    assert (part.ids, part.facts, part.notes) == (("b", "c"), {"entities": 1}, ())
    assert part.only([False, True]).facts == {}
    whole = Records(("a", "b"), ("a", "b"), {"text": ("x", "y")}, ("left out",), {"left out": 3})
    assert whole.only([True, False]).facts == {"left out (of all items, before a part was taken)": 3}
    assert whole.only([True, False]).only([True]).facts == whole.only([True, False]).facts
    with pytest.raises(DataError, match="3 ids but 2 counts"):
        Records.counted(("a", "b", "c"), ("a", "b", "c"), {}, counts[:2], {})


def test_a_limit_takes_items_of_every_label():
    """In turns one of each label, from the start of each; the order stays; scarce labels give way to others."""
    assert sample_by_label("aaaabbbbc", 5) == [0, 1, 4, 5, 8]
    assert sample_by_label("aaaabbbbc", 2) == [0, 4]
    assert sample_by_label("aaab", 3) == [0, 1, 3]
    assert sample_by_label("abab", 9) == [0, 1, 2, 3]


def test_codes_of_a_data_set_become_declared_languages():
    """Aliases first; then hyphens are underscores, and a script that the card does not declare is dropped."""
    home = _home("parallel", "hin srp_Cyrl srp_Latn zho_Hans fra_CA fra nan", aliases={"zho-CN": "zho_Hans"})
    codes = ["hin", "hin_Deva", "srp-Cyrl", "srp_Latn", "zho-CN", "fra-CA", "nan", "zho", "fra-BE", "xyz", "hin-deva"]
    assert [home.language_of(code) for code in codes] == [
        "hin", "hin", "srp_Cyrl", "srp_Latn", "zho_Hans", "fra_CA", "nan", None, None, None, None,
    ]  # fmt: skip


def test_the_first_home_with_anything_is_the_one_that_is_read(tmp_path):
    """Homes are never mixed; where none has anything, one line says what each lacks."""
    _write(tmp_path / "b/eng.txt", "here\n")
    _write(tmp_path / "c/hin.txt", "other\n")
    a, b, c = (_parallel(tmp_path, files=f"{name}/{{language}}.txt") for name in "abc")
    assert FirstAvailable([a, b, c]).languages() == ("eng",)
    assert FirstAvailable([a, b, c]).read("eng").fields["text"] == ("here",)
    assert FirstAvailable([a, b]).name == "set"
    assert "b/{language}.txt" in FirstAvailable([a, b]).why_missing("hin")
    with pytest.raises(DataMissing, match=r"no file a/.* and set is not at hand: no file d/"):
        FirstAvailable([a, _parallel(tmp_path, files="d/{language}.txt")]).languages()


# Parallel text


def test_parallel_lines_are_numbered_and_equal_numbers_are_one_item(tmp_path):
    """Line i of every file is item i; clusters come from their own file."""
    _write(tmp_path / "p/text.eng.txt", "one\r\ntwo\r\n")
    _write(tmp_path / "p/text.hin.txt", "एक\nदो")
    _write(tmp_path / "p/docs.tsv", "a.1\na.1\n")
    source = _parallel(tmp_path, clusters="p/docs.tsv")
    assert source.languages() == ("eng", "hin")
    assert source.read("eng") == Records(("set:1", "set:2"), ("set:a.1", "set:a.1"), {"text": ("one", "two")})
    assert source.read("hin").fields["text"] == ("एक", "दो")
    assert source.read("hin").ids == source.read("eng").ids
    assert source.read("eng") is source.read("eng")


def test_only_a_line_feed_ends_a_line(tmp_path):
    """U+2028, U+0085, VT, FF, FS, NBSP, ZWSP, an inner U+FEFF and a bare carriage return are parts of a text."""
    text = "a\u2028b\u0085c\x0bd\x0ce\x1cf\u00a0g\u200bh\ufeffi\rj"
    _write(tmp_path / "p/text.eng.txt", f"{text}\nlast\n")
    assert _parallel(tmp_path).read("eng").fields["text"] == (text, "last")


def test_a_text_is_not_normalized(tmp_path):
    """A decomposed character stays decomposed, and white space around a text stays."""
    _write(tmp_path / "p/text.eng.txt", " e\u0301 \n")
    assert _parallel(tmp_path).read("eng").fields["text"] == (" e\u0301 ",)


def test_a_byte_order_mark_is_no_text(tmp_path):
    """It is removed at the start of the file, and only there."""
    _write(tmp_path / "p/text.eng.txt", b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n")
    assert _parallel(tmp_path).read("eng").fields["text"] == ("one", "\ufefftwo")


def test_line_ends_can_be_kept(tmp_path):
    """With keep_line_end the carriage return stays, and the fingerprint says so."""
    _write(tmp_path / "p/text.eng.txt", "one\r\ntwo\r\n")
    kept = _parallel(tmp_path, keep_line_end=True).read("eng")
    assert kept.fields["text"] == ("one\r", "two\r")
    assert kept.fingerprint() != _parallel(tmp_path).read("eng").fingerprint()


def test_rows_can_be_limited_by_card_and_by_run(tmp_path):
    """The lesser of max_rows and the limit counts; clusters are cut with the texts."""
    _write(tmp_path / "p/text.eng.txt", "1\n2\n3\n4\n")
    _write(tmp_path / "p/docs.tsv", "a\na\nb\nb\n")
    for max_rows, limit, n in ((3, None, 3), (3, 2, 2), (2, 3, 2), (9, None, 4)):
        records = _parallel(tmp_path, limit, max_rows=max_rows, clusters="p/docs.tsv").read("eng")
        assert (len(records.ids), len(records.clusters)) == (n, n)


def test_files_of_unequal_length_are_refused(tmp_path):
    """The error names both files, their lengths and the first line without a partner, whichever is read first."""
    _write(tmp_path / "p/text.eng.txt", "1\n2\n3\n")
    _write(tmp_path / "p/text.hin.txt", "1\n2\n")
    for first, second in (("eng", "hin"), ("hin", "eng")):
        source = _parallel(tmp_path)
        source.read(first)
        with pytest.raises(DataError) as error:
            source.read(second)
        longer = f"{tmp_path / 'p/text.eng.txt'} has 3", f"{tmp_path / 'p/text.hin.txt'} has 2"
        assert all(part in str(error.value).replace(" lines", "") for part in longer)
        assert "line 3 of text.eng.txt has no partner" in str(error.value)


def test_the_clusters_file_counts_in_the_alignment(tmp_path):
    """A clusters file of another length is refused before any text is scored against the wrong document."""
    _write(tmp_path / "p/text.eng.txt", "1\n2\n")
    _write(tmp_path / "p/docs.tsv", "a\n")
    with pytest.raises(DataError, match=r"text\.eng\.txt has 2 lines but .*docs\.tsv has 1: line 2"):
        _parallel(tmp_path, clusters="p/docs.tsv").read("eng")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"one\n\nthree\n", "line 2: empty"),
        ("one\n\u00a0\r\n".encode(), "line 2: empty"),
        (b"one\ntwo\xff\n", r"line 2: byte 7 \(0xff\) is not UTF-8"),
        (b"one\n" + "\ud800".encode("utf-8", "surrogatepass") + b"\n", "line 2: byte 4 .*not UTF-8"),
        (b"one\ntw\0o\n", "line 2: a NUL byte"),
        ("one\n".encode("utf-16"), "is UTF-16 text; save the file as UTF-8"),
    ],
)
def test_a_damaged_text_file_is_named_with_its_line(tmp_path, content, message):
    """Empty files, empty lines, bytes that are not UTF-8 and NUL bytes are errors with file and line."""
    _write(tmp_path / "p/text.eng.txt", content)
    with pytest.raises(DataError, match=rf"text\.eng\.txt.*{message}"):
        _parallel(tmp_path).read("eng")


def test_two_files_of_one_language_are_refused(tmp_path):
    """Nothing is chosen silently."""
    _write(tmp_path / "p/text.hin.txt", "x\n")
    _write(tmp_path / "p/text.hin-Deva.txt", "y\n")
    with pytest.raises(DataError, match=r"hin-Deva\.txt and .*hin\.txt are both 'hin'"):
        _parallel(tmp_path).languages()


def test_of_several_patterns_the_first_with_a_file_counts(tmp_path):
    """Language by language, in the order of the card."""
    for name in ("b/eng", "b/hin", "a/eng"):
        _write(tmp_path / f"{name}.txt", f"{name}\n")
    for order, expected in (("ab", ["a/eng", "b/hin"]), ("ba", ["b/eng", "b/hin"])):
        source = _parallel(tmp_path, files=[f"{name}/{{language}}.txt" for name in order])
        assert [source.read(language).fields["text"][0] for language in source.languages()] == expected


def test_data_that_is_not_there_is_missing_and_says_how_to_get_it(tmp_path):
    """No root, no files, an undeclared file, an undeclared language: one line each, none of them an error in data."""
    with pytest.raises(DataMissing, match=r"no file p/text.* no data root is set \(--data DIR or XLBENCH_DATA\)"):
        _parallel(None).languages()
    _write(tmp_path / "p/text.fra.txt", "undeclared\n")
    with pytest.raises(DataMissing, match=rf"under {tmp_path}; .*; get it from example\.org"):
        _parallel(tmp_path, url="example.org").languages()
    _write(tmp_path / "p/text.eng.txt", "declared\n")
    with pytest.raises(DataMissing, match="set has no 'nep' here"):
        _parallel(tmp_path).read("nep")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"files": "p/text.txt"}, "needs {language}"),
        ({"files": "../{language}.txt"}, "below the data root"),
        ({"files": "/etc/{language}.txt"}, "below the data root"),
        ({"files": "{language}/{language}.txt"}, "more than once"),
        ({"clusters": "{language}.tsv"}, "one file for all"),
    ],
)
def test_wrong_patterns_are_told_before_any_file_is_touched(table, message):
    """A pattern without {language}, twice with it, or leading out of the data root is a mistake in the card."""
    with pytest.raises(UsageError, match=rf"t\.toml: \[data\].*{message}"):
        _parallel(None, **table)


def test_a_source_that_has_not_been_read_can_be_pickled(tmp_path):
    """So that an engine can send tasks to other processes."""
    assert pickle.loads(pickle.dumps(_parallel(tmp_path))).name == "set"


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"])), min_size=1))
def test_any_lines_come_back_as_they_are(tmp_path_factory, texts):
    """Whatever is written a line each is read back to the letter (but for blank lines and the first mark)."""
    texts = [f"a{text}" for text in texts]
    root = tmp_path_factory.mktemp("lines")
    _write(root / "p/text.eng.txt", "\n".join(texts))
    assert _parallel(root).read("eng").fields["text"] == tuple(texts)


# Delimited text


def test_columns_are_found_by_name_in_any_order(tmp_path):
    """Files of one data set may have different columns, as long as they have the ones that the card names."""
    _write(tmp_path / "d/eng.tsv", "tweet\tlabel\ngood\tpositive\n")
    _write(tmp_path / "d/hin.tsv", "ID\ttweet\tlabel\nx1\tअच्छा\tpositive\n")
    source = _delimited(tmp_path)
    assert source.languages() == ("eng", "hin")
    assert source.read("hin").fields == {"text": ("अच्छा",), "label": ("positive",)}


def test_rows_of_different_files_are_different_items(tmp_path):
    """Row numbers carry the language, unless an id column says which rows are the same item."""
    _write(tmp_path / "d/eng.tsv", "id\ttweet\tlabel\n7\ta\tx\n")
    _write(tmp_path / "d/hin.tsv", "id\ttweet\tlabel\n7\tb\tx\n")
    numbered, named = _delimited(tmp_path), _delimited(tmp_path, id="id")
    assert (numbered.read("eng").ids, numbered.read("hin").ids) == (("set:eng:1",), ("set:hin:1",))
    assert named.read("eng").ids == named.read("hin").ids == ("set:7",)


def test_a_quoted_field_can_span_lines(tmp_path):
    """Line ends, delimiters, quotes and U+2028 inside quotes are text; lines in errors are physical ones."""
    _write(tmp_path / "d/eng.csv", 'tweet,label\n"a\r\nb,\t""c""\u2028\n\nd",x\ne,y,extra\n')
    with pytest.raises(DataError, match=r"eng\.csv, line 6: 3 columns where line 1 has 2"):
        _delimited(tmp_path, files="d/{language}.csv").read("eng")
    _write(tmp_path / "d/eng.csv", 'tweet,label\n"a\r\nb,\t""c""\u2028\n\nd",x\n')
    records = _delimited(tmp_path, files="d/{language}.csv").read("eng")
    assert records.fields["text"] == ('a\r\nb,\t"c"\u2028\n\nd',)


def test_a_bare_carriage_return_is_a_character_and_crlf_an_end(tmp_path):
    """Outside quotes too, where the csv module would end the row or give up."""
    _write(tmp_path / "d/eng.tsv", "tweet\tlabel\r\na\rb\tx\r\n\x0bc\u0085\ty\r\n")
    assert _delimited(tmp_path).read("eng").fields == {"text": ("a\rb", "\x0bc\u0085"), "label": ("x", "y")}


def test_quotes_can_be_plain_characters(tmp_path):
    """Where a file does not quote, a quote at a field's start is text; read as CSV, the error says what to set."""
    _write(tmp_path / "d/eng.tsv", 'tweet\tlabel\nfine\tx\n"so" he said\ty\n')
    with pytest.raises(DataError, match=r"eng\.tsv, line 3: .*quoting = 'none'"):
        _delimited(tmp_path).read("eng")
    assert _delimited(tmp_path, quoting="none").read("eng").fields["text"] == ("fine", '"so" he said')


def test_an_open_quote_is_told_where_it_begins(tmp_path):
    """A quote that is never closed does not swallow the rest of the file."""
    _write(tmp_path / "d/eng.tsv", 'tweet\tlabel\nfine\tx\n"open\ty\nmore\tz\n')
    with pytest.raises(DataError, match=r"line 3: the quoting of the row that begins here is broken"):
        _delimited(tmp_path).read("eng")


def test_a_header_can_be_absent_and_a_mark_is_not_a_label(tmp_path):
    """CSV without a header, with CRLF and a byte order mark: columns by number, and the first label is '0'."""
    _write(tmp_path / "d/eng.csv", b'\xef\xbb\xbf0,"bad, really"\r\n1,good\r\n')
    source = _delimited(
        tmp_path,
        files="d/{language}.csv",
        header=False,
        fields={"text": 2, "label": 1},
        labels={"0": "negative", "1": "positive"},
    )
    assert source.read("eng").fields == {"text": ("bad, really", "good"), "label": ("negative", "positive")}


def test_values_that_look_like_nothing_stay_strings(tmp_path):
    """ "NA", "null", "nan" and "no" are texts and codes, not absences."""
    _write(tmp_path / "d/nan.tsv", "tweet\tlabel\nNA\tnull\nnan\tno\n1.0\tTrue\n")
    source = _delimited(tmp_path, languages="nan")
    assert source.languages() == ("nan",)
    assert source.read("nan").fields == {"text": ("NA", "nan", "1.0"), "label": ("null", "no", "True")}


def test_a_language_can_be_a_column(tmp_path):
    """Columns of one row are one item in many languages; columns that are no language are left alone."""
    _write(tmp_path / "d/mt.csv", ",english,hindi,notes\n0,one,एक,x\n1,two,दो,y\n")
    source = _delimited(
        tmp_path, files="d/mt.csv", fields={"text": "{language}"}, aliases={"english": "eng", "hindi": "hin"}
    )
    assert source.languages() == ("eng", "hin")
    assert source.read("hin") == Records(("set:1", "set:2"), ("set:1", "set:2"), {"text": ("एक", "दो")})
    assert source.read("eng").ids == source.read("hin").ids
    with pytest.raises(DataMissing, match="has no 'nep'"):
        source.read("nep")


def test_a_language_can_be_given_by_the_card(tmp_path):
    """A data set of one language has one file."""
    _write(tmp_path / "d/all.tsv", "tweet\tlabel\nरामा\tx\n")
    source = _delimited(tmp_path, files="d/all.tsv", language="nep")
    assert (source.languages(), source.read("nep").ids) == (("nep",), ("set:nep:1",))
    with pytest.raises(DataMissing, match=r"no file d/none\.tsv under"):
        _delimited(tmp_path, files="d/none.tsv", language="nep").languages()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "nothing but blank lines"),
        (b"tweet\tlabel\na\tx\nb\n", "line 3: 1 column where line 1 has 2"),
        (b"tweet\tlabel\n\na\tx\n\t\n", "line 4: the text is empty"),
        (b"tweet\tlabel\na\t \n", "line 2: the label is empty"),
        (b"text\tlabel\na\tx\n", "no column 'tweet', only 'text', 'label'"),
        (b"tweets\tlabel\na\tx\n", "Did you mean 'tweets'"),
        (
            b"tweet\ttweet\tlabel\na\tb\tx\n",
            r"several columns 'tweet' \(numbers 1 and 2 of .*\): rename all but one in the file, or give the number",
        ),
        (b"tweet;label\na;x\n", r"the delimiter is a tab, and ';' would split 'tweet;label' into 2 columns: set del"),
        (b"tweet,label\na,x\n", r"',' would split 'tweet,label' into 2 columns: set delimiter = \",\" in the card"),
        (b"tweet\tlabel\na\tx\n\xe2\x80\x8b\nb\ty\n", r"line 3: 1 column .*empty but for characters .*; remove it"),
        (b"tweet\tlabel\na\tcafe\xcc\x81\n", r"It is 'caf\xe9' of the card in other notation \(NFC, NFD\), 'caf\\xe9'"),
        (b"tweet\tlabel\na\tx\nb\xe9\ty\n", "line 3: byte .* is not UTF-8"),
        (b"tweet\tlabel\na\tx\nb\0\ty\n", "line 3: a NUL byte"),
    ],
)
def test_a_damaged_table_is_named_with_its_physical_line(tmp_path, content, message):
    """Widths, empty values, missing columns, encodings: file, line and what is wrong."""
    _write(tmp_path / "d/eng.tsv", content)
    with pytest.raises(DataError, match=rf"eng\.tsv.*{message}"):
        _delimited(tmp_path, labels={"x": "x", "y": "y", "caf\u00e9": "z"}).read("eng")


def test_a_table_without_rows_is_data_that_is_missing(tmp_path):
    """A header alone says that this language has no such split: its cells are skipped, not failed."""
    _write(tmp_path / "d/eng.tsv", "tweet\tlabel\n")
    with pytest.raises(DataMissing, match="a header and no rows"):
        _delimited(tmp_path).read("eng")


def test_unknown_labels_and_repeated_ids_are_errors(tmp_path):
    """A label map lists all labels; an id belongs to one row."""
    _write(tmp_path / "d/eng.tsv", "id\ttweet\tlabel\n1\ta\tpos\n1\tb\tneu\n")
    with pytest.raises(DataError, match=r"none of the card's \['pos'\]: 'neu' \(1 time, first at line 3\)"):
        _delimited(tmp_path, labels={"pos": "positive"}).read("eng")
    with pytest.raises(DataError, match="line 3: id '1' was on line 2 already"):
        _delimited(tmp_path, id="id").read("eng")


def test_rows_of_a_table_can_be_limited_and_its_line_ends_kept(tmp_path):
    """max_rows and the run's limit cut from the start; without quoting, a carriage return can be text."""
    _write(tmp_path / "d/eng.tsv", "label\ttweet\r\nx\ta\r\nx\tb\r\nx\tc\r\n")
    assert _delimited(tmp_path, 2, max_rows=3, quoting="none", header=False, fields={"text": 2}).read("eng").ids == (
        "set:eng:1",
        "set:eng:2",
    )
    kept = _delimited(tmp_path, quoting="none", header=False, fields={"text": 2}, keep_line_end=True).read("eng")
    assert kept.fields["text"] == ("tweet\r", "a\r", "b\r", "c\r")


def test_a_limit_spreads_over_the_labels_of_a_sorted_table(tmp_path):
    """A file that is sorted by label gives a sample of both; max_rows still takes rows from the start."""
    rows = "".join(f"t{i}\t{'x' if i < 4 else 'y'}\n" for i in range(6))
    _write(tmp_path / "d/eng.tsv", f"tweet\tlabel\n{rows}")
    assert _delimited(tmp_path, 3).read("eng").fields == {"text": ("t0", "t1", "t4"), "label": ("x", "x", "y")}
    assert _delimited(tmp_path, 3).read("eng").ids == ("set:eng:1", "set:eng:2", "set:eng:5")
    assert _delimited(tmp_path, 3, max_rows=4).read("eng").fields["text"] == ("t0", "t1", "t2")
    assert _delimited(tmp_path, max_rows=4).read("eng").fields["text"] == ("t0", "t1", "t2", "t3")
    assert _delimited(tmp_path, 3, fields={"text": "tweet"}).read("eng").fields["text"] == ("t0", "t1", "t2")


def test_a_text_can_be_joined_of_columns(tmp_path):
    """A headline and its article: one text with a line feed between them, none of its parts empty."""
    _write(tmp_path / "d/eng.tsv", 'head\tbody\tlabel\nA title\t"Its text.\nMore"\tx\n')
    joined = {"fields": {"text": ["head", "body"], "label": "label"}}
    assert _delimited(tmp_path, **joined).read("eng").fields == {"text": ("A title\nIts text.\nMore",), "label": ("x",)}
    _write(tmp_path / "d/eng.tsv", "head\tbody\tlabel\n\tText\tx\n")
    with pytest.raises(DataError, match=r"line 2: the text \(head\) is empty"):
        _delimited(tmp_path, **joined).read("eng")


def test_several_files_of_one_language_are_read_one_after_the_other(tmp_path):
    """Ids name the file, so that a row keeps its id when another file grows; a file that is not there is told."""
    _write(tmp_path / "d/films.tsv", "tweet\tlabel\na\tx\nb\ty\n")
    _write(tmp_path / "d/books.tsv", "tweet\tlabel\nc\tx\n")
    table = {"files": ["d/films.tsv", "d/books.tsv"], "language": "nep"}
    records = _delimited(tmp_path, **table).read("nep")
    assert records.ids == ("set:nep:films:1", "set:nep:films:2", "set:nep:books:1")
    assert records.fields == {"text": ("a", "b", "c"), "label": ("x", "y", "x")}
    assert _delimited(tmp_path, limit=2, **table).read("nep").fields["text"] == ("a", "b")
    (tmp_path / "d/books.tsv").unlink()
    with pytest.raises(DataMissing, match=r"no file d/films\.tsv or d/books\.tsv under"):
        _delimited(tmp_path, **table).languages()


def test_embedded_files_lie_in_the_plugin(tmp_path, monkeypatch):
    """With ``embedded`` a pattern is relative to the plugin's own data, whatever the data root is, or without one."""
    _write(tmp_path / "mini/d/eng.tsv", "tweet\tlabel\nembedded\tx\n")
    _write(tmp_path / "mini/p/text.hin.txt", "embedded\n")
    _write(tmp_path / "mini/clusters.txt", "first\n")
    _write(tmp_path / "root/d/eng.tsv", "tweet\tlabel\nof the root\tx\n")
    monkeypatch.setattr("xlbench_tasks.data.files.MINI", tmp_path / "mini")
    assert _delimited(tmp_path / "root", embedded=True).read("eng").fields["text"] == ("embedded",)
    assert _delimited(None, embedded=True).languages() == ("eng",)
    records = _parallel(None, embedded=True, clusters="clusters.txt").read("hin")
    assert (records.fields["text"], records.clusters) == (("embedded",), ("set:first",))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fields": {"label": "label"}}, "name the column of the text"),
        ({"fields": {"text": 0}}, "counted from 1"),
        ({"fields": {"text": ["tweet", 0]}}, "counted from 1"),
        ({"fields": {"text": ["tweet"]}}, "only text can be joined, of two columns or more"),
        ({"fields": {"text": "tweet", "label": ["a", "b"]}}, "only text can be joined"),
        ({"fields": {"text": ["{language}", "tweet"]}}, "cannot be joined"),
        ({"fields": {"text": "tweet"}, "header": False}, "without a header, columns are numbers"),
        ({"fields": {"text": "tweet"}, "labels": {"a": "b"}}, "no field 'label'"),
        ({"files": "d/all.tsv"}, "say in one place what the languages are"),
        ({"language": "nep"}, "say in one place what the languages are"),
        ({"files": ["d/{language}.tsv", "d/x.tsv"]}, "say in one place"),
        ({"files": ["d/x.tsv", "d/y.tsv"], "fields": {"text": "{language}"}}, "several files need"),
        ({"files": "d/x.tsv", "language": "nepali"}, "Did you mean 'nep'"),
        ({"delimiter": "||"}, "not one character"),
        ({"keep_line_end": True}, "only with quoting = 'none'"),
    ],
)
def test_a_table_that_contradicts_itself_is_a_mistake_in_the_card(table, message):
    """What the types of the keys cannot say is told before any file is touched."""
    with pytest.raises(UsageError, match=rf"t\.toml: \[data\].*{message}"):
        _delimited(None, **table)


@given(
    st.lists(
        st.tuples(*2 * [st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)]),
        min_size=1,
    )
)
def test_any_table_that_csv_writes_comes_back_as_it_is(tmp_path_factory, rows):
    """Quotes, delimiters, carriage returns and every kind of line separator survive the round trip."""
    rows = [(f"a{text}", f"b{label}") for text, label in rows]
    written = io.StringIO(newline="")
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("tweet", "label"), *rows])
    root = tmp_path_factory.mktemp("table")
    _write(root / "d/eng.csv", written.getvalue())
    fields = _delimited(root, files="d/{language}.csv").read("eng").fields
    assert list(zip(fields["text"], fields["label"], strict=True)) == rows


# The hub, offline: local folders

REVISION = "0123456789abcdef0123456789abcdef01234567"


def _hub(root: Path | None, limit: int | None = None, **table: Any) -> hub.Hub:
    base = {"repo": "org/name", "revision": REVISION, "split": "test", "fields": {"text": "{language}"}}
    given = {key: value for key, value in (base | table).items() if value is not None}
    return hub.source(_home("hub", **given), Data(root, limit))


def _parquet(path: Path, **columns: list[Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def test_a_local_hub_folder_with_a_column_a_language(tmp_path):
    """Parquet in the hub's layout; a script that is not declared is dropped from the column's name."""
    folder = tmp_path / "org/name"
    _parquet(folder / "data/test-00000-of-00001.parquet", eng_Latn=["a", "NA\u2028"], hin_Deva=["क", "ख"], n=[1, 2])
    source = _hub(tmp_path)
    assert source.languages() == ("eng", "hin")
    assert source.read("eng") == Records(("set:1", "set:2"), ("set:1", "set:2"), {"text": ("a", "NA\u2028")})
    assert _hub(tmp_path, 1).read("hin").fields["text"] == ("क",)
    assert str(folder) in source.why_missing("nep")


def test_a_local_hub_folder_with_a_configuration_a_language(tmp_path):
    """JSON lines, configurations in README.md; labels are mapped, and ids come from the data set."""
    folder = tmp_path / "org/name"
    config = "- config_name: {0}-x\n  data_files:\n  - split: test\n    path: {0}/test.jsonl\n"
    _write(folder / "README.md", "---\nconfigs:\n" + "".join(config.format(code) for code in ("eng", "nep")) + "---\n")
    for code, text in (("eng", "good"), ("nep", "राम्रो")):
        rows = [{"sentence": text, "label": 1, "key": "k1"}, {"sentence": text * 2, "label": 0, "key": "k2"}]
        _write(folder / code / "test.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    source = _hub(
        tmp_path,
        config="{language}-x",
        fields={"text": "sentence", "label": "label"},
        labels={"0": "negative", "1": "positive"},
        id="key",
    )
    assert source.languages() == ("eng", "nep")
    assert source.read("nep").fields == {"text": ("राम्रो", "राम्रोराम्रो"), "label": ("positive", "negative")}
    assert source.read("nep").ids == source.read("eng").ids == ("set:k1", "set:k2")


def test_ids_of_several_columns_clusters_and_scores_of_a_hub_folder(tmp_path):
    """Two columns make one id, a third says what hangs together; scores may be numbers with a fraction."""
    _parquet(
        tmp_path / "org/name/data/test-00000-of-00001.parquet",
        page=["a", "a", "b"], number=[1, 2, 1], question=["who", "when", "why"], score=[0.5, 1.0, 3.25],
    )  # fmt: skip
    table: dict[str, Any] = {"language": "eng", "id": ["page", "number"], "cluster": "page"}
    records = _hub(tmp_path, **table, fields={"text": "question", "score": "score"}).read("eng")
    assert records.ids == ("set:a 1", "set:a 2", "set:b 1")
    assert records.clusters == ("set:cluster a", "set:cluster a", "set:cluster b")
    assert records.fields["score"] == ("0.5", "1.0", "3.25")
    with pytest.raises(DataError, match=r"row 1: the text \(score\) is empty or no text: 0.5"):
        _hub(tmp_path, **table, fields={"text": "score"}).read("eng")
    with pytest.raises(UsageError, match="block: cluster says what the clusters are; remove one of them"):
        _hub(tmp_path, **table, block=2, fields={"text": "question"})


def test_a_local_hub_folder_of_one_language_and_its_class_names(tmp_path):
    """Class numbers are read by their names."""
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["no", "yes"])})
    (tmp_path / "org/name").mkdir(parents=True)
    table = datasets.Dataset.from_dict({"text": ["a", "b"], "label": [1, 0]}, features=features)
    table.to_parquet(tmp_path / "org/name/test.parquet")
    source = _hub(tmp_path, language="nep", fields={"text": "text", "label": "label"})
    assert source.languages() == ("nep",)
    assert source.read("nep").fields["label"] == ("yes", "no")
    assert source.read("nep").ids == ("set:nep:1", "set:nep:2")


def test_a_local_hub_folder_with_languages_inside_a_column(tmp_path):
    """Translations as a struct a row: a dot leads into the column; what the struct lacks is named."""
    rows = [{"en": "water", "hi": "पानी"}, {"en": "a tree", "hi": "पेड़"}]
    _parquet(tmp_path / "org/name/data/test-00000-of-00001.parquet", translation=rows)
    nested = {"fields": {"text": "translation.{language}"}, "aliases": {"en": "eng", "hi": "hin"}}
    source = _hub(tmp_path, **nested)
    assert source.languages() == ("eng", "hin")
    assert source.read("hin") == Records(("set:1", "set:2"), ("set:1", "set:2"), {"text": ("पानी", "पेड़")})
    assert _hub(tmp_path, 1, **nested).read("eng").fields["text"] == ("water",)
    with pytest.raises(DataError, match=r"no column 'translation.ne', only translation.en, translation.hi"):
        _hub(tmp_path, language="nep", fields={"text": "translation.ne"}).read("nep")


def _rows(path: Path, features: dict[str, Any], **columns: list[Any]) -> None:
    """A parquet file with the features of `datasets` in it."""
    import datasets

    path.parent.mkdir(parents=True, exist_ok=True)
    datasets.Dataset.from_dict(columns, features=datasets.Features(features)).to_parquet(path)


TAGGED = {"fields": {"tokens": "tokens", "tags": "ner_tags"}, "tags": {"PER": "PER", "GPE": "LOC", "DATE": "O"}}


def test_words_and_tags_of_a_hub_folder_are_those_of_the_conll_reader(tmp_path):
    """Lists of words and of class numbers, or of names: repaired, mapped and counted as in files."""
    import datasets

    names = ["O", "B-PER", "I-PER", "B-GPE", "I-GPE", "B-DATE", "I-DATE"]
    words = [["Asha", "K", "in", "Goa", "\u200b"], [], ["May"]]
    tags = [[1, 2, 0, 4, 0], [], [5]]
    features = {
        "tokens": datasets.List(datasets.Value("string")),
        "ner_tags": datasets.List(datasets.ClassLabel(names=names)),
    }
    _rows(tmp_path / "org/name/test.parquet", features, tokens=words, ner_tags=tags)
    records = _hub(tmp_path, language="nep", **TAGGED).read("nep")
    lines = [f"{word}\t{names[tag]}\n" for word, tag in zip(words[0], tags[0], strict=True)]
    _write(tmp_path / "nep.txt", "".join([*lines, "\n", "May\tB-DATE\n"]))
    table = {"files": "{language}.txt", "tags": TAGGED["tags"], "delimiter": "tab"}
    expected = conll.source(_home("conll", **table), Data(tmp_path)).read("nep")
    assert records.fields == expected.fields
    assert records.fields["tags"] == ("B-PER\tI-PER\tO\tB-LOC", "O")
    assert records.facts == {**expected.facts, "sentences_without_word": 1}
    assert set(records.notes) > set(expected.notes)
    assert records.ids == ("set:nep:1", "set:nep:3")
    named = {**features, "ner_tags": datasets.List(datasets.Value("string"))}
    _rows(tmp_path / "org/other/test.parquet", named, tokens=words, ner_tags=[[names[i] for i in row] for row in tags])
    assert _hub(tmp_path, repo="org/other", language="nep", **TAGGED).read("nep") == records
    assert _hub(tmp_path, 1, language="nep", **TAGGED).read("nep").ids == ("set:nep:1",)
    documents = {**features, "document": datasets.Value("string")}
    _rows(tmp_path / "org/third/test.parquet", documents, tokens=words, ner_tags=tags, document=["d", "e", "f"])
    clustered = _hub(tmp_path, repo="org/third", language="nep", cluster="document", **TAGGED).read("nep")
    assert clustered.clusters == ("set:cluster d", "set:cluster f")


@pytest.mark.parametrize(
    ("words", "tags", "message"),
    [
        (["a", "b"], ["O"], "row 1: 2 words but 1 tags"),
        (["a"], None, "row 1: 1 words but None tags"),
        (["a"], ["B-PERS"], r"tags of no type .*'B-PERS' \(1 time, first at row 1\)\. Did you mean 'PER'"),
        (["a\tb"], ["O"], "row 1: a tab inside of the word"),
        (["a", None], ["O", "O"], "row 1: the word None has the tag 'O'"),
        ([], [], "no row has a word"),
    ],
)
def test_damaged_words_and_tags_of_a_hub_folder_are_named_with_their_row(tmp_path, words, tags, message):
    """What cannot be plainly meant is refused."""
    import datasets

    features = dict.fromkeys(("tokens", "ner_tags"), datasets.List(datasets.Value("string")))
    _rows(tmp_path / "org/name/test.parquet", features, tokens=[words], ner_tags=[tags])
    with pytest.raises(DataError, match=message):
        _hub(tmp_path, language="nep", **TAGGED).read("nep")


def test_rows_of_a_language_and_of_the_pivot_that_it_is_paired_with(tmp_path):
    """Rows are told apart by a column; each language has translations of its own in the pivot, under the same ids."""
    rows = [("hin-eng", "एक", "one"), ("nep-eng", "दुई", "two"), ("hin-eng", "तीन", "three"), ("xyz-eng", "x", "y")]
    lines = [json.dumps({"lang": lang, "a": a, "b": b}) + "\n" for lang, a, b in rows]
    _write(tmp_path / "org/name/test.jsonl", "".join(lines))
    table = {"where": {"lang": "{language}-eng"}, "fields": {"text": "a"}, "pivot": {"language": "eng", "text": "b"}}
    source = _hub(tmp_path, **table)
    assert source.languages() == ("eng", "hin", "nep")
    assert source.read("hin") == Records(
        ("set:hin:1", "set:hin:3"), ("set:hin:1", "set:hin:3"), {"text": ("एक", "तीन")}, shared=0.0
    )
    assert source.read("eng").ids == ("set:hin:1", "set:hin:3", "set:nep:2")
    assert source.read("eng").fields["text"] == ("one", "three", "two")
    assert _hub(tmp_path, 1, **table).read("eng").fields["text"] == ("one", "two")
    with pytest.raises(DataError, match="'eng' is the pivot, and has rows of its own"):
        _hub(tmp_path, **(table | {"aliases": {"xyz": "eng"}})).languages()


def test_rows_without_a_label_can_be_left_out_and_are_counted(tmp_path):
    """Only where the card says so; joined columns and plain conditions work as in tables."""
    rows = [("A", "a", "x", 1), ("B", "b", None, 1), ("C", "c", "y", 1), ("D", "d", "x", 2)]
    lines = [json.dumps({"head": h, "body": b, "label": c, "set": s}) + "\n" for h, b, c, s in rows]
    _write(tmp_path / "org/name/test.jsonl", "".join(lines))
    table = {"fields": {"text": ["head", "body"], "label": "label"}, "language": "nep", "where": {"set": "1"}}
    with pytest.raises(DataError, match=r"row 2: the label \(label\) is empty or no text: None"):
        _hub(tmp_path, **table).read("nep")
    records = _hub(tmp_path, drop_empty=["label"], **table).read("nep")
    assert records.fields == {"text": ("A\na", "C\nc"), "label": ("x", "y")}
    assert (records.ids, records.facts) == (("set:nep:1", "set:nep:3"), {"rows_left_out (nep)": 1})
    assert len(records.notes) == 1
    with pytest.raises(DataMissing, match="no rows"):
        _hub(tmp_path, **(table | {"where": {"set": "3"}})).read("nep")


def test_a_limit_spreads_over_the_labels_of_a_hub_folder(tmp_path):
    """As in tables; class numbers can be given by their numbers, whatever their names are."""
    import datasets

    features = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["good", "bad"])}
    _rows(tmp_path / "org/name/test.parquet", features, text=list("abcd"), label=[0, 0, 0, 1])
    table = {"fields": {"text": "text", "label": "label"}, "language": "nep"}
    for labels in ({"0": "positive", "1": "negative"}, {"good": "positive", "bad": "negative"}):
        records = _hub(tmp_path, 2, labels=labels, **table).read("nep")
        assert records.fields == {"text": ("a", "d"), "label": ("positive", "negative")}
    with pytest.raises(DataError, match=r"none of the card's \['good'\]: 'bad' \(1 time, first at row 4\)"):
        _hub(tmp_path, labels={"good": "x"}, **table).read("nep")


def test_all_unknown_labels_of_a_hub_folder_are_told_at_once(tmp_path):
    """As in tables: each with how often it occurs and its first row, the most frequent first."""
    _parquet(tmp_path / "org/name/test.parquet", text=list("abcde"), label=["good", "none", "bad ", "bad ", "good"])
    table = {"fields": {"text": "text", "label": "label"}, "language": "nep", "labels": {"good": "x", "bad": "y"}}
    with pytest.raises(DataError) as error:
        _hub(tmp_path, **table).read("nep")
    assert "'bad ' (2 times, first at row 3); 'none' (1 time, first at row 2)" in str(error.value)


def test_files_of_a_hub_folder_can_be_named_and_lie_in_archives(tmp_path):
    """For repositories that need a loading script: parquet, JSON lines, and files of zip archives in any folder."""
    folder = tmp_path / "org/name"
    _write(folder / "name.py", "raise SystemExit('a script ran')\n")
    _parquet(folder / "hin/x-test.parquet", text=["क"])
    source = _hub(tmp_path, split=None, files="{language}/x-test.parquet", fields={"text": "text"})
    assert (source.languages(), source.read("hin").fields["text"]) == (("hin",), ("क",))
    (folder / "data").mkdir()
    with zipfile.ZipFile(folder / "data/nep_v1.zip", "w") as archive:
        archive.writestr("inner/nep_test.json", json.dumps({"text": "ख"}) + "\n")
        archive.writestr("inner/nep_train.json", json.dumps({"text": "ग"}) + "\n")
    table = {"split": None, "fields": {"text": "text"}}
    source = _hub(tmp_path, files="data/{language}_v1.zip/{language}_test.json", **table)
    assert (source.languages(), source.read("nep").fields["text"]) == (("nep",), ("ख",))
    with pytest.raises(DataError, match=r"nep_v1\.zip has no file 'nep_tes\.json'.*Did you mean 'nep_test\.json'"):
        _hub(tmp_path, files="data/{language}_v1.zip/{language}_tes.json", **table).read("nep")
    _write(folder / "data/hin_v1.zip", "no archive")
    with pytest.raises(DataError, match=r"hin_v1\.zip cannot be unpacked"):
        _hub(tmp_path, files="data/{language}_v1.zip/{language}_test.json", **table).read("hin")


@pytest.mark.parametrize("shown", [True, False])
def test_progress_bars_of_datasets_are_left_as_they_were(tmp_path, shown):
    """Reading is silent, and what it silences is shown again, or not, as before; also where it fails."""
    import datasets

    switch = {True: datasets.enable_progress_bars, False: datasets.disable_progress_bars}
    before = not datasets.are_progress_bars_disabled()
    switch[shown]()
    try:
        for content, read in ((b'{"eng": "a"}\n', True), (b"{", False)):
            _write(tmp_path / "org/name/test.jsonl", content)
            with nullcontext() if read else pytest.raises(DataError):
                assert _hub(tmp_path).read("eng").fields["text"] == ("a",)
            assert datasets.are_progress_bars_disabled() is not shown
    finally:
        switch[before]()


def test_a_changed_local_file_is_read_anew(tmp_path):
    """Nothing about local files is kept in a cache of `datasets`."""
    path = tmp_path / "org/name/test.jsonl"
    stamp = None
    for text in ("one", "two"):
        _write(path, json.dumps({"eng": text}) + "\n")
        stamp = stamp or path.stat()
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        assert _hub(tmp_path).read("eng").fields["text"] == (text,)


def test_damage_in_a_local_hub_folder_is_an_error_that_names_it(tmp_path):
    """A broken file, a missing split, a missing column, an empty text, no language at all."""
    path = tmp_path / "org/name/test.parquet"
    _write(path, b"PAR1 not really")
    with pytest.raises(DataError, match=r"org/name cannot be read as a data set"):
        _hub(tmp_path).languages()
    _parquet(path, eng=["a", None], n=[1, 2])
    with pytest.raises(DataError, match=r"org/name cannot be read as a data set .*validation"):
        _hub(tmp_path, split="validation").languages()
    with pytest.raises(DataError, match=r"row 2: the text .*None"):
        _hub(tmp_path).read("eng")
    with pytest.raises(DataError, match=r"no column 'engl'.*Did you mean 'eng'"):
        _hub(tmp_path, language="eng", fields={"text": "engl"}).read("eng")
    with pytest.raises(DataError, match="no column is a language"):
        _hub(tmp_path, languages="hin").languages()


@pytest.mark.parametrize("table", [{}, {"split": None, "files": "test.jsonl"}])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"eng": "a"}\n{"eng": "caf\xe9"}\n', r"line 2: byte 25 \(0xe9\) is not UTF-8"),
        (b'{"eng": "a"}\n{"eng": b"}\n', "line 2: no JSON .*every line must be one JSON object"),
        (b'[{"eng": "a"},\n {"eng": }]\n', "line 2: no JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "is a Git LFS pointer"),
    ],
)
def test_damaged_json_of_a_local_hub_folder_is_named_with_its_line(tmp_path, content, said, table, caplog):
    """File, line and what is wrong, whether it is read as a data set or as a single file; nothing else is printed."""
    _write(tmp_path / "org/name/test.jsonl", content)
    with pytest.raises(DataError, match=rf"org/name/test\.jsonl,? {said}"):
        _hub(tmp_path, **table).read("eng")
    assert not caplog.records


def _classes(folder: Path, names: list[str], numbers: list[int]) -> None:
    import datasets

    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=names)})
    rows = {"text": [f"t{place}" for place in range(len(numbers))], "label": numbers}
    datasets.Dataset.from_dict(rows, features).to_parquet(str(folder / "test.parquet"))


@pytest.mark.parametrize(
    ("names", "labels", "read"),
    [
        (["-1", "0", "1"], {"0": "neg", "1": "neu", "2": "pos"}, ["neg", "neu", "pos"]),
        (["-1", "0", "1"], {"-1": "neg", "0": "neu", "1": "pos"}, ["neg", "neu", "pos"]),
        (["0", "1", "2"], {"0": "neg", "1": "neu", "2": "pos"}, ["neg", "neu", "pos"]),
        (["1", "2", "3"], {"1": "neg", "2": "neu", "3": "pos"}, ["neg", "neu", "pos"]),
        (["bad", "so", "good"], {"0": "neg", "1": "neu", "2": "pos"}, ["neg", "neu", "pos"]),
        (["bad", "so", "good"], {"bad": "neg", "so": "neu", "good": "pos"}, ["neg", "neu", "pos"]),
    ],
)
def test_labels_of_a_hub_home_are_all_numbers_or_all_names(tmp_path, names, labels, read):
    """Which of the two is decided once, also where the names of classes are numbers."""
    (tmp_path / "org/name").mkdir(parents=True)
    _classes(tmp_path / "org/name", names, [0, 0, 1, 1, 2, 2])
    table = {"fields": {"text": "text", "label": "label"}, "language": "eng", "labels": labels}
    assert _hub(tmp_path, **table).read("eng").fields["label"] == tuple(label for label in read for _ in "ab")


@pytest.mark.parametrize("names", [["-1", "0", "1"], ["1", "0"]])
def test_labels_of_a_hub_home_that_could_be_both_are_refused(tmp_path, names):
    """Class 0 and the class named "0" are different ones, and the card's table could mean either."""
    (tmp_path / "org/name").mkdir(parents=True)
    _classes(tmp_path / "org/name", names, [0, 1])
    table = {"fields": {"text": "text", "label": "label"}, "language": "eng", "labels": {"0": "a", "1": "b"}}
    with pytest.raises(
        DataError, match=r"org/name, column 'label': the keys \['0', '1'\] of labels are both numbers and"
    ):
        _hub(tmp_path, **table).read("eng")


@pytest.mark.parametrize("text", [" ", "\u200b", "\ufe0f"])
def test_a_hub_text_that_nobody_sees_is_refused(tmp_path, text):
    """With its row; with drop_empty it is left out and counted."""
    _parquet(tmp_path / "org/name/test.parquet", text=["a", text])
    table = {"fields": {"text": "text"}, "language": "eng"}
    with pytest.raises(DataError, match=r"org/name, row 2: the text \(text\) is empty"):
        _hub(tmp_path, **table).read("eng")
    left = _hub(tmp_path, **table, drop_empty=["text"]).read("eng")
    assert (left.fields["text"], left.facts) == (("a",), {"rows_left_out (eng)": 1})


def test_hub_tags_can_be_in_any_scheme(tmp_path):
    """As in files: found from the tags, or said by the card."""
    _parquet(
        tmp_path / "org/name/test.parquet",
        words=[["Asha", "in", "New", "Delhi"]],
        tags=[["S-PER", "O", "B-LOC", "E-LOC"]],
    )
    table = {"fields": {"tokens": "words", "tags": "tags"}, "tags": {"PER": "PER", "LOC": "LOC"}, "language": "eng"}
    for scheme in ({}, {"scheme": "bioes"}):
        assert _hub(tmp_path, **table, **scheme).read("eng").fields["tags"] == ("B-PER\tO\tB-LOC\tI-LOC",)
    with pytest.raises(UsageError, match="scheme: is that of tags, and there are none"):
        _hub(tmp_path, scheme="bioes")


def test_a_loading_script_is_not_run(tmp_path):
    """A folder that brings code is refused; the code leaves no trace."""
    trace = tmp_path / "trace"
    script = f"open({str(trace)!r}, 'w')\n"
    _write(tmp_path / "org/name/name.py", script)
    _write(tmp_path / "org/name/test.jsonl", '{"eng": "x"}\n')
    with pytest.raises(DataError, match=r"cannot be read as a data set .*script"):
        _hub(tmp_path).languages()
    assert not trace.exists()


@pytest.mark.slow
def test_without_a_network_the_hub_is_missing_not_broken(tmp_path):
    """Offline and not in the cache: the pinned home, the reason, and two ways to get the data."""
    code = (
        "from test_readers import _hub\n"
        "from xlbench import DataMissing\n"
        "try: _hub(None).languages()\n"
        "except DataMissing as missing: print(missing)\n"
    )
    environment = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
    }
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    for part in ("org/name", REVISION, "not at hand", "run once with a network", "DATA/org/name"):
        assert part in done.stdout
    assert len(done.stdout.splitlines()) == 1


def _asked(endpoint: str, tmp_path: Path, **environment: str) -> tuple[str, float]:
    """What a process that has only this endpoint of a hub says of a data set, and after how many seconds."""
    code = (
        "import time\n"
        "from test_readers import _hub\n"
        "from xlbench import DataMissing\n"
        "import datasets, huggingface_hub\n"
        "begin = time.monotonic()\n"
        "for table in ({}, {'config': '{language}', 'fields': {'text': 'text'}},\n"
        "              {'split': None, 'files': '{language}.parquet', 'fields': {'text': 'text'}}):\n"
        "    try: print(_hub(None, **table).languages())\n"
        "    except DataMissing as missing: print(missing)\n"
        "assert not huggingface_hub.is_offline_mode() or " + repr("HF_HUB_OFFLINE" in environment) + "\n"
        "print(time.monotonic() - begin)\n"
    )
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HF_")} | environment
    variables |= {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "home")}
    variables["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True, check=True)
    *said, seconds = done.stdout.splitlines()
    assert len(said) == 3
    assert not done.stderr
    return "\n".join(said), float(seconds)


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_costs_one_short_attempt(tmp_path):
    """Nobody listens: each way to ask fails within seconds, where the hub's client would try for half a minute."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        said, seconds = _asked(endpoint, tmp_path)
    assert said.count(f"no connection to {endpoint}") == 3
    assert seconds < 12


@pytest.mark.slow
def test_offline_means_that_nothing_is_asked(tmp_path):
    """With HF_HUB_OFFLINE no connection is opened; without it, one is."""
    met = []

    def hang_up(server: socket.socket) -> None:
        with suppress(OSError):  # the end of the test closes the server
            while True:
                met.append(server.accept()[0].close())

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=hang_up, args=[server], daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        said, _ = _asked(endpoint, tmp_path, HF_HUB_OFFLINE="1")
        assert said.count("is not at hand") == 3
        assert "no connection" not in said
        assert not met
        said, _ = _asked(endpoint, tmp_path)
        assert said.count("no connection") == 3
        assert met


@pytest.mark.slow
@pytest.mark.parametrize(("cached", "said"), [(REVISION, "('cached',)"), (REVISION[::-1], "another revision only")])
def test_offline_the_pinned_revision_is_found_in_the_cache_and_no_other(tmp_path, cached, said):
    """What `datasets` fetched before is read again; another revision of it is not taken for the pinned one."""
    import datasets
    from datasets.arrow_writer import ArrowWriter

    folder = tmp_path / "datasets/org___name/default/0.0.0" / cached
    folder.mkdir(parents=True)
    features = datasets.Features({"eng": datasets.Value("string")})
    with ArrowWriter(path=str(folder / "name-test.arrow"), features=features) as writer:
        writer.write({"eng": "cached"})
        writer.finalize()
    splits = datasets.SplitDict(test=datasets.SplitInfo("test", 1, 1, dataset_name="name"), dataset_name="name")
    info = datasets.DatasetInfo(features=features, builder_name="parquet", dataset_name="name", config_name="default",
                                version="0.0.0", splits=splits)  # fmt: skip
    info.write_to_directory(str(folder))
    code = "from test_readers import _hub\nprint(_hub(None).read('eng').fields['text'])\n"
    variables = os.environ | {
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path),
        "HF_DATASETS_CACHE": str(tmp_path / "datasets"),
    }
    variables["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run([sys.executable, "-c", code], env=variables, capture_output=True, text=True)
    assert said in done.stdout + done.stderr


def test_a_hub_that_cannot_be_reached_is_asked_once(monkeypatch):
    """Every further question is answered from memory, because each attempt can take seconds."""
    import datasets

    asked = []

    def offline(**options):
        asked.append(options)
        raise ConnectionError("no network\nand a second line")

    monkeypatch.setattr(datasets, "load_dataset", offline)
    source = _hub(None)
    for _ in range(3):
        with pytest.raises(DataMissing, match=r"ConnectionError: no network\); run once"):
            source.languages()
    assert asked == [{"path": "org/name", "revision": REVISION, "name": None, "split": "test"}]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"repo": "name"}, "is not 'organization/name'"),
        ({"repo": "../name"}, "is not 'organization/name'"),
        ({"revision": "main"}, "not a full commit id"),
        ({"fields": {"text": "text"}}, "say in one place"),
        ({"config": "{language}"}, "say in one place"),
        ({"split": None}, "lacks 'split'"),
        ({"files": "a.parquet"}, "stands in place of config and split"),
        ({"split": None, "files": "a.csv"}, "does not end in one of .parquet"),
        ({"fields": {"tokens": "a", "tags": "b"}, "language": "nep"}, "words come with tags"),
        ({"tags": {"PER": "PER"}}, "words come with tags"),
        (
            TAGGED | {"fields": {"tokens": "a", "tags": "b", "label": "c"}, "language": "nep"},
            "'label' does not go with",
        ),
        (TAGGED | {"fields": {"tokens": ["a", "b"], "tags": "c"}, "language": "nep"}, "only text can be joined"),
        ({"drop_empty": ["lable"], "fields": {"text": "a", "label": "b"}, "language": "nep"}, "Did you mean 'label'"),
        ({"pivot": {"language": "eng"}}, "pivot: say its language, and the column"),
        ({"pivot": {"language": "eng", "text": "b"}}, "pivot: goes with texts alone"),
        ({"pivot": {"language": "engl", "text": "b"}}, "Did you mean 'eng'"),
    ],
)
def test_a_hub_home_must_be_pinned_and_clear(table, message):
    """A branch is no revision, and the languages are in one place."""
    with pytest.raises(UsageError, match=message):
        _hub(None, **table)


# CLDR


def _cldr(languages: str = "eng jpn swa nep rus slk deu", limit: int | None = None, **table: Any) -> cldr.Cldr:
    base = {"categories": list(cldr.CATEGORIES), "pivot": "eng"}
    return cldr.source(_home("cldr", languages, **(base | table)), Data(None, limit))


def test_names_are_paired_by_what_they_name():
    """Known names, by hand: a country, a language, a month as it stands alone, a weekday, a currency, a unit."""
    source = _cldr()
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
        "from test_readers import _cldr\n"
        "for name in ('ja', 'hi'):\n"
        "    Locale(name).months['stand-alone']['wide'], Locale(name).days['stand-alone']['wide']\n"
        "source = _cldr('eng jpn swa hin')\n"
        "print(*(source.read(language).fingerprint() for language in ('jpn', 'swa', 'hin', 'eng')))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    source = _cldr("eng jpn swa hin")
    swahili = dict(zip(source.read("swa").ids, source.read("swa").fields["text"], strict=True))
    assert (swahili["set:month:1"], swahili["set:weekday:0"]) == ("Januari", "Jumatatu")
    assert done.stdout.split() == [source.read(language).fingerprint() for language in ("jpn", "swa", "hin", "eng")]


def test_names_that_tell_nothing_are_left_out_and_counted():
    """Equal to English, ambiguous, or a code: gone, and the facts say how many."""
    source = _cldr()
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
    source = _cldr("eng deu", categories=["made"])
    assert {*source.read("eng").fields["text"]} == {"One", "CAF\u00c9", "Three", "Four", "Five"}
    assert source.read("deu").ids == ("set:made:a",)
    assert source.read("deu").fields["text"] == ("Eins",)
    assert source.read("deu").facts == {"left out (deu): equal to eng": 1, "left out (deu): ambiguous": 2}
    assert source.read("eng").facts == {"left out (eng): ambiguous": 2}


def test_a_limit_takes_the_same_things_in_every_language():
    """The first things of the pivot, so that languages still overlap."""
    source = _cldr(limit=40)
    english = source.read("eng").ids
    assert len(english) == 40
    for language in ("nep", "deu"):
        assert set(source.read(language).ids) <= set(english)
    assert len(source.read("nep").ids) == 40


def test_a_language_does_not_depend_on_the_others_of_the_card():
    """Adding a language to a card changes no other language's items."""
    assert _cldr("eng nep").read("nep").fingerprint() == _cldr("eng deu jpn nep").read("nep").fingerprint()


def test_things_are_in_an_order_that_says_nothing_and_the_version_is_recorded():
    """Months do not stand beside months, whichever way the card names the categories; "Babel ... CLDR" is the origin,
    and part of the fingerprint."""
    import babel

    records = _cldr(categories=["weekday", "month"]).read("nep")
    labels = [thing.split(":")[1] for thing in records.ids]
    assert sorted(labels) == ["month"] * 12 + ["weekday"] * 7
    assert sum(one != other for one, other in itertools.pairwise(labels)) > 4
    assert records.ids == _cldr(categories=["month", "weekday"]).read("nep").ids
    assert records.origin == f"Babel {babel.__version__} CLDR"
    assert all(unicodedata.is_normalized("NFC", name) for name in records.fields["text"])


def test_languages_that_babel_lacks_are_missing():
    """An unknown code, and a script that Babel does not have for the language."""
    source = _cldr("eng nep xxx zho_Latn")
    assert source.languages() == ("eng", "nep")
    with pytest.raises(DataMissing, match="no 'xxx' here: none in Babel"):
        source.read("xxx")


def test_wrong_categories_and_pivots_are_mistakes_in_the_card():
    """With the nearest category."""
    with pytest.raises(UsageError, match=r"no 'teritory'.*Did you mean 'territory'"):
        _cldr(categories=["teritory"])
    with pytest.raises(UsageError, match="pivot: 'fra' is none of the card's languages"):
        _cldr(pivot="fra")
