"""Tables in text files, read: columns, quotes, languages, limits and damage."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader_files import delimited_source, parallel_source, write_file

from xlbench import DataError, DataMissing, UsageError
from xlbench_tasks.data.records import Records


def test_columns_are_found_by_name_in_any_order(tmp_path):
    """Files of one data set may have different columns, as long as they have the ones that the card names."""
    write_file(tmp_path / "d/eng.tsv", "tweet\tlabel\ngood\tpositive\n")
    write_file(tmp_path / "d/hin.tsv", "ID\ttweet\tlabel\nx1\tअच्छा\tpositive\n")
    source = delimited_source(tmp_path)
    assert source.languages() == ("eng", "hin")
    assert source.read("hin").fields == {"text": ("अच्छा",), "label": ("positive",)}


def test_rows_of_different_files_are_different_items(tmp_path):
    """Row numbers carry the language, unless an id column says which rows are the same item."""
    write_file(tmp_path / "d/eng.tsv", "id\ttweet\tlabel\n7\ta\tx\n")
    write_file(tmp_path / "d/hin.tsv", "id\ttweet\tlabel\n7\tb\tx\n")
    numbered, named = delimited_source(tmp_path), delimited_source(tmp_path, id="id")
    assert (numbered.read("eng").ids, numbered.read("hin").ids) == (("set:eng:1",), ("set:hin:1",))
    assert named.read("eng").ids == named.read("hin").ids == ("set:7",)


def test_a_quoted_field_can_span_lines(tmp_path):
    """Line ends, delimiters, quotes and U+2028 inside quotes are text; lines in errors are physical ones."""
    write_file(tmp_path / "d/eng.csv", 'tweet,label\n"a\r\nb,\t""c""\u2028\n\nd",x\ne,y,extra\n')
    with pytest.raises(DataError, match=r"eng\.csv, line 6: 3 columns where line 1 has 2"):
        delimited_source(tmp_path, files="d/{language}.csv").read("eng")
    write_file(tmp_path / "d/eng.csv", 'tweet,label\n"a\r\nb,\t""c""\u2028\n\nd",x\n')
    records = delimited_source(tmp_path, files="d/{language}.csv").read("eng")
    assert records.fields["text"] == ('a\r\nb,\t"c"\u2028\n\nd',)


def test_a_bare_carriage_return_is_a_character_and_crlf_an_end(tmp_path):
    """Outside quotes too, where the csv module would end the row or give up."""
    write_file(tmp_path / "d/eng.tsv", "tweet\tlabel\r\na\rb\tx\r\n\x0bc\u0085\ty\r\n")
    assert delimited_source(tmp_path).read("eng").fields == {"text": ("a\rb", "\x0bc\u0085"), "label": ("x", "y")}


def test_quotes_can_be_plain_characters(tmp_path):
    """Where a file does not quote, a quote at a field's start is text; read as CSV, the error says what to set."""
    write_file(tmp_path / "d/eng.tsv", 'tweet\tlabel\nfine\tx\n"so" he said\ty\n')
    with pytest.raises(DataError, match=r"eng\.tsv, line 3: .*quoting = 'none'"):
        delimited_source(tmp_path).read("eng")
    assert delimited_source(tmp_path, quoting="none").read("eng").fields["text"] == ("fine", '"so" he said')


def test_an_open_quote_is_told_where_it_begins(tmp_path):
    """A quote that is never closed does not swallow the rest of the file."""
    write_file(tmp_path / "d/eng.tsv", 'tweet\tlabel\nfine\tx\n"open\ty\nmore\tz\n')
    with pytest.raises(DataError, match=r"line 3: the quoting of the row that begins here is broken"):
        delimited_source(tmp_path).read("eng")


def test_a_header_can_be_absent_and_a_mark_is_not_a_label(tmp_path):
    """CSV without a header, with CRLF and a byte order mark: columns by number, and the first label is '0'."""
    write_file(tmp_path / "d/eng.csv", b'\xef\xbb\xbf0,"bad, really"\r\n1,good\r\n')
    source = delimited_source(
        tmp_path,
        files="d/{language}.csv",
        header=False,
        fields={"text": 2, "label": 1},
        labels={"0": "negative", "1": "positive"},
    )
    assert source.read("eng").fields == {"text": ("bad, really", "good"), "label": ("negative", "positive")}


def test_values_that_look_like_nothing_stay_strings(tmp_path):
    """ "NA", "null", "nan" and "no" are texts and codes, not absences."""
    write_file(tmp_path / "d/nan.tsv", "tweet\tlabel\nNA\tnull\nnan\tno\n1.0\tTrue\n")
    source = delimited_source(tmp_path, languages="nan")
    assert source.languages() == ("nan",)
    assert source.read("nan").fields == {"text": ("NA", "nan", "1.0"), "label": ("null", "no", "True")}


def test_a_language_can_be_a_column(tmp_path):
    """Columns of one row are one item in many languages; columns that are no language are left alone."""
    write_file(tmp_path / "d/mt.csv", ",english,hindi,notes\n0,one,एक,x\n1,two,दो,y\n")
    source = delimited_source(
        tmp_path, files="d/mt.csv", fields={"text": "{language}"}, aliases={"english": "eng", "hindi": "hin"}
    )
    assert source.languages() == ("eng", "hin")
    assert source.read("hin") == Records(("set:1", "set:2"), ("set:1", "set:2"), {"text": ("एक", "दो")})
    assert source.read("eng").ids == source.read("hin").ids
    with pytest.raises(DataMissing, match="has no 'nep'"):
        source.read("nep")


def test_a_language_can_be_given_by_the_card(tmp_path):
    """A data set of one language has one file."""
    write_file(tmp_path / "d/all.tsv", "tweet\tlabel\nरामा\tx\n")
    source = delimited_source(tmp_path, files="d/all.tsv", language="nep")
    assert (source.languages(), source.read("nep").ids) == (("nep",), ("set:nep:1",))
    with pytest.raises(DataMissing, match=r"no file d/none\.tsv under"):
        delimited_source(tmp_path, files="d/none.tsv", language="nep").languages()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "nothing but blank lines"),
        (b"tweet\tlabel\na\tx\nb\n", "line 3: 1 column where line 1 has 2"),
        (b"tweet\tlabel\n\na\tx\n\t\n", "line 4: the text is empty"),
        (b"tweet\tlabel\na\t \n", "line 2: the label is empty"),
        (b"text\tlabel\na\tx\n", "no column 'tweet', only 'text', 'label'"),
        (b"body\tlabel\na\tx\n", r"no column 'tweet', only 'body', 'label' \(the delimiter is a tab\)"),
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
    write_file(tmp_path / "d/eng.tsv", content)
    with pytest.raises(DataError, match=rf"eng\.tsv.*{message}"):
        delimited_source(tmp_path, labels={"x": "x", "y": "y", "caf\u00e9": "z"}).read("eng")


def test_a_table_without_rows_is_data_that_is_missing(tmp_path):
    """A header alone says that this language has no such split: its cells are skipped, not failed."""
    write_file(tmp_path / "d/eng.tsv", "tweet\tlabel\n")
    with pytest.raises(DataMissing, match="a header and no rows"):
        delimited_source(tmp_path).read("eng")


def test_unknown_labels_and_repeated_ids_are_errors(tmp_path):
    """A label map lists all labels; an id belongs to one row."""
    write_file(tmp_path / "d/eng.tsv", "id\ttweet\tlabel\n1\ta\tpos\n1\tb\tneu\n")
    with pytest.raises(DataError, match=r"none of the card's \['pos'\]: 'neu' \(1 time, first at line 3\)"):
        delimited_source(tmp_path, labels={"pos": "positive"}).read("eng")
    with pytest.raises(DataError, match="line 3: id '1' was on line 2 already"):
        delimited_source(tmp_path, id="id").read("eng")


def test_rows_of_a_table_can_be_limited_and_its_line_ends_kept(tmp_path):
    """max_rows and the run's limit cut from the start; without quoting, a carriage return can be text."""
    write_file(tmp_path / "d/eng.tsv", "label\ttweet\r\nx\ta\r\nx\tb\r\nx\tc\r\n")
    assert delimited_source(tmp_path, 2, max_rows=3, quoting="none", header=False, fields={"text": 2}).read(
        "eng"
    ).ids == (
        "set:eng:1",
        "set:eng:2",
    )
    kept = delimited_source(tmp_path, quoting="none", header=False, fields={"text": 2}, keep_line_end=True).read("eng")
    assert kept.fields["text"] == ("tweet\r", "a\r", "b\r", "c\r")


def test_a_limit_spreads_over_the_labels_of_a_sorted_table(tmp_path):
    """A file that is sorted by label gives a sample of both; max_rows still takes rows from the start."""
    rows = "".join(f"t{i}\t{'x' if i < 4 else 'y'}\n" for i in range(6))
    write_file(tmp_path / "d/eng.tsv", f"tweet\tlabel\n{rows}")
    assert delimited_source(tmp_path, 3).read("eng").fields == {"text": ("t0", "t1", "t4"), "label": ("x", "x", "y")}
    assert delimited_source(tmp_path, 3).read("eng").ids == ("set:eng:1", "set:eng:2", "set:eng:5")
    assert delimited_source(tmp_path, 3, max_rows=4).read("eng").fields["text"] == ("t0", "t1", "t2")
    assert delimited_source(tmp_path, max_rows=4).read("eng").fields["text"] == ("t0", "t1", "t2", "t3")
    assert delimited_source(tmp_path, 3, fields={"text": "tweet"}).read("eng").fields["text"] == ("t0", "t1", "t2")


def test_a_text_can_be_joined_of_columns(tmp_path):
    """A headline and its article: one text with a line feed between them, none of its parts empty."""
    write_file(tmp_path / "d/eng.tsv", 'head\tbody\tlabel\nA title\t"Its text.\nMore"\tx\n')
    joined = {"fields": {"text": ["head", "body"], "label": "label"}}
    assert delimited_source(tmp_path, **joined).read("eng").fields == {
        "text": ("A title\nIts text.\nMore",),
        "label": ("x",),
    }
    write_file(tmp_path / "d/eng.tsv", "head\tbody\tlabel\n\tText\tx\n")
    with pytest.raises(DataError, match=r"line 2: the text \(head\) is empty"):
        delimited_source(tmp_path, **joined).read("eng")


def test_several_files_of_one_language_are_read_one_after_the_other(tmp_path):
    """Ids name the file, so that a row keeps its id when another file grows; a file that is not there is told."""
    write_file(tmp_path / "d/films.tsv", "tweet\tlabel\na\tx\nb\ty\n")
    write_file(tmp_path / "d/books.tsv", "tweet\tlabel\nc\tx\n")
    table = {"files": ["d/films.tsv", "d/books.tsv"], "language": "nep"}
    records = delimited_source(tmp_path, **table).read("nep")
    assert records.ids == ("set:nep:films:1", "set:nep:films:2", "set:nep:books:1")
    assert records.fields == {"text": ("a", "b", "c"), "label": ("x", "y", "x")}
    assert delimited_source(tmp_path, limit=2, **table).read("nep").fields["text"] == ("a", "b")
    (tmp_path / "d/books.tsv").unlink()
    with pytest.raises(DataMissing, match=r"no file d/films\.tsv or d/books\.tsv under"):
        delimited_source(tmp_path, **table).languages()


def test_embedded_files_lie_in_the_plugin(tmp_path, monkeypatch):
    """With ``embedded`` a pattern is relative to the plugin's own data, whatever the data root is, or without one."""
    write_file(tmp_path / "mini/d/eng.tsv", "tweet\tlabel\nembedded\tx\n")
    write_file(tmp_path / "mini/p/text.hin.txt", "embedded\n")
    write_file(tmp_path / "mini/clusters.txt", "first\n")
    write_file(tmp_path / "root/d/eng.tsv", "tweet\tlabel\nof the root\tx\n")
    monkeypatch.setattr("xlbench_tasks.data.files.MINI", tmp_path / "mini")
    assert delimited_source(tmp_path / "root", embedded=True).read("eng").fields["text"] == ("embedded",)
    assert delimited_source(None, embedded=True).languages() == ("eng",)
    records = parallel_source(None, embedded=True, clusters="clusters.txt").read("hin")
    assert (records.fields["text"], records.clusters) == (("embedded",), ("set:first",))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"fields": {"label": "label"}}, "name the column of the text"),
        ({"fields": {"text": 0}}, "counted from 1"),
        ({"fields": {"text": ["tweet", 0]}}, "counted from 1"),
        ({"fields": {"text": ["tweet"]}}, "only text can be joined, of two columns or more"),
        ({"fields": {"text": "tweet", "second": ["a", "b"]}}, "only text can be joined"),
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
        delimited_source(None, **table)


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
    write_file(root / "d/eng.csv", written.getvalue())
    fields = delimited_source(root, files="d/{language}.csv").read("eng").fields
    assert list(zip(fields["text"], fields["label"], strict=True)) == rows
