"""Parallel text, a line an item: every trap that real files have set."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader_files import parallel_source, write_file

from xlbench import DataError, DataMissing, UsageError
from xlbench_tasks.data.records import Records


def test_parallel_lines_are_numbered_and_equal_numbers_are_one_item(tmp_path):
    """Line i of every file is item i; clusters come from their own file."""
    write_file(tmp_path / "p/text.eng.txt", "one\r\ntwo\r\n")
    write_file(tmp_path / "p/text.hin.txt", "एक\nदो")
    write_file(tmp_path / "p/docs.tsv", "a.1\na.1\n")
    source = parallel_source(tmp_path, clusters="p/docs.tsv")
    assert source.languages() == ("eng", "hin")
    assert source.read("eng") == Records(("set:1", "set:2"), ("set:a.1", "set:a.1"), {"text": ("one", "two")})
    assert source.read("hin").fields["text"] == ("एक", "दो")
    assert source.read("hin").ids == source.read("eng").ids
    assert source.read("eng") is source.read("eng")


def test_only_a_line_feed_ends_a_line(tmp_path):
    """U+2028, U+0085, VT, FF, FS, NBSP, ZWSP, an inner U+FEFF and a bare carriage return are parts of a text."""
    text = "a\u2028b\u0085c\x0bd\x0ce\x1cf\u00a0g\u200bh\ufeffi\rj"
    write_file(tmp_path / "p/text.eng.txt", f"{text}\nlast\n")
    assert parallel_source(tmp_path).read("eng").fields["text"] == (text, "last")


def test_a_text_is_not_normalized(tmp_path):
    """A decomposed character stays decomposed, and white space around a text stays."""
    write_file(tmp_path / "p/text.eng.txt", " e\u0301 \n")
    assert parallel_source(tmp_path).read("eng").fields["text"] == (" e\u0301 ",)


def test_a_byte_order_mark_is_no_text(tmp_path):
    """It is removed at the start of the file, and only there."""
    write_file(tmp_path / "p/text.eng.txt", b"\xef\xbb\xbfone\n\xef\xbb\xbftwo\n")
    assert parallel_source(tmp_path).read("eng").fields["text"] == ("one", "\ufefftwo")


def test_line_ends_can_be_kept(tmp_path):
    """With keep_line_end the carriage return stays, and the fingerprint says so."""
    write_file(tmp_path / "p/text.eng.txt", "one\r\ntwo\r\n")
    kept = parallel_source(tmp_path, keep_line_end=True).read("eng")
    assert kept.fields["text"] == ("one\r", "two\r")
    assert kept.fingerprint() != parallel_source(tmp_path).read("eng").fingerprint()


def test_rows_can_be_limited_by_card_and_by_run(tmp_path):
    """The lesser of max_rows and the limit counts; clusters are cut with the texts."""
    write_file(tmp_path / "p/text.eng.txt", "1\n2\n3\n4\n")
    write_file(tmp_path / "p/docs.tsv", "a\na\nb\nb\n")
    for max_rows, limit, n in ((3, None, 3), (3, 2, 2), (2, 3, 2), (9, None, 4)):
        records = parallel_source(tmp_path, limit, max_rows=max_rows, clusters="p/docs.tsv").read("eng")
        assert (len(records.ids), len(records.clusters)) == (n, n)


def test_files_of_unequal_length_are_refused(tmp_path):
    """The error names both files, their lengths and the first line without a partner, whichever is read first."""
    write_file(tmp_path / "p/text.eng.txt", "1\n2\n3\n")
    write_file(tmp_path / "p/text.hin.txt", "1\n2\n")
    for first, second in (("eng", "hin"), ("hin", "eng")):
        source = parallel_source(tmp_path)
        source.read(first)
        with pytest.raises(DataError) as error:
            source.read(second)
        longer = f"{tmp_path / 'p/text.eng.txt'} has 3", f"{tmp_path / 'p/text.hin.txt'} has 2"
        assert all(part in str(error.value).replace(" lines", "") for part in longer)
        assert "line 3 of text.eng.txt has no partner" in str(error.value)


def test_the_clusters_file_counts_in_the_alignment(tmp_path):
    """A clusters file of another length is refused before any text is scored against the wrong document."""
    write_file(tmp_path / "p/text.eng.txt", "1\n2\n")
    write_file(tmp_path / "p/docs.tsv", "a\n")
    with pytest.raises(DataError, match=r"text\.eng\.txt has 2 lines but .*docs\.tsv has 1: line 2"):
        parallel_source(tmp_path, clusters="p/docs.tsv").read("eng")


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
    write_file(tmp_path / "p/text.eng.txt", content)
    with pytest.raises(DataError, match=rf"text\.eng\.txt.*{message}"):
        parallel_source(tmp_path).read("eng")


def test_two_files_of_one_language_are_refused(tmp_path):
    """Nothing is chosen silently."""
    write_file(tmp_path / "p/text.hin.txt", "x\n")
    write_file(tmp_path / "p/text.hin-Deva.txt", "y\n")
    with pytest.raises(DataError, match=r"hin-Deva\.txt and .*hin\.txt are both 'hin'"):
        parallel_source(tmp_path).languages()


def test_of_several_patterns_the_first_with_a_file_counts(tmp_path):
    """Language by language, in the order of the card."""
    for name in ("b/eng", "b/hin", "a/eng"):
        write_file(tmp_path / f"{name}.txt", f"{name}\n")
    for order, expected in (("ab", ["a/eng", "b/hin"]), ("ba", ["b/eng", "b/hin"])):
        source = parallel_source(tmp_path, files=[f"{name}/{{language}}.txt" for name in order])
        assert [source.read(language).fields["text"][0] for language in source.languages()] == expected


def test_data_that_is_not_there_is_missing_and_says_how_to_get_it(tmp_path):
    """No root, no files, an undeclared file, an undeclared language: one line each, none of them an error in data."""
    with pytest.raises(DataMissing, match=r"no file p/text.* no data root is set \(--data DIR or XLBENCH_DATA\)"):
        parallel_source(None).languages()
    write_file(tmp_path / "p/text.fra.txt", "undeclared\n")
    with pytest.raises(DataMissing, match=rf"under {tmp_path}; .*; get it from example\.org"):
        parallel_source(tmp_path, url="example.org").languages()
    write_file(tmp_path / "p/text.eng.txt", "declared\n")
    with pytest.raises(DataMissing, match="set has no 'nep' here"):
        parallel_source(tmp_path).read("nep")


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
        parallel_source(None, **table)


def test_a_source_that_has_not_been_read_can_be_pickled(tmp_path):
    """So that an engine can send tasks to other processes."""
    assert pickle.loads(pickle.dumps(parallel_source(tmp_path))).name == "set"


@given(st.lists(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"])), min_size=1))
def test_any_lines_come_back_as_they_are(tmp_path_factory, texts):
    """Whatever is written a line each is read back to the letter (but for blank lines and the first mark)."""
    texts = [f"a{text}" for text in texts]
    root = tmp_path_factory.mktemp("lines")
    write_file(root / "p/text.eng.txt", "\n".join(texts))
    assert parallel_source(root).read("eng").fields["text"] == tuple(texts)
