"""Tables in text files: stray quotes, headers that must be said, large cells, labels that the card does not know."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlbench import Data, DataError, UsageError
from xlbench_tasks.card.homes import open_source
from xlbench_tasks.card.read import read_card
from xlbench_tasks.data import sample
from xlbench_tasks.data.records import sample_by_label
from xlbench_tasks.data.source import Home
from xlbench_tasks.readers import delimited


def source(root, limit: int | None = None, **table: Any):
    table = {"files": "{language}.tsv", "fields": {"text": "text", "label": "label"}} | table
    return delimited.source(Home("t.toml: [data]", "set", "delimited", ("eng",), table), Data(root, limit))


def read(root, content: str, ending: str = "tsv", limit: int | None = None, **table: Any):
    (root / f"eng.{ending}").write_text(content, encoding="utf-8", newline="")
    return source(root, limit, files="{language}." + ending, **table).read("eng")


ROWS = "".join(f"row {number}\t{'x' if number % 2 else 'y'}\n" for number in range(1, 31))


def test_a_stray_quote_in_a_tab_file_is_an_error_with_its_line(tmp_path):
    """A cell that begins with a quote would swallow rows up to the next quote; without quoting all rows are read."""
    stray = "text\tlabel\n" + ROWS.replace("row 5\t", '"row 5\t').replace("row 20\ty", 'row 20\ty"')
    with pytest.raises(DataError, match=r"eng\.tsv, line 6: .* ends on line 21 .* set quoting = 'none' in the card"):
        read(tmp_path, stray)
    records = read(tmp_path, stray.replace('y"', "y"), quoting="none")
    assert len(records.ids) == 30
    assert records.fields["text"][4] == '"row 5'


def test_cells_in_quotes_can_hold_lines(tmp_path):
    """A comma file may hold lines and tabs in a cell, a tab file lines: articles are written so."""
    assert read(tmp_path, 'text,label\n"a\tb\nc",x\n', "csv").fields["text"] == ("a\tb\nc",)
    assert read(tmp_path, 'text\tlabel\n"a\nb"\tx\n').fields["text"] == ("a\nb",)
    assert read(tmp_path, 'text\tlabel\n"a\tb"\tx\n').fields["text"] == ("a\tb",)


def test_a_column_of_clusters(tmp_path):
    """Rows with one value of the column hang together; an empty one, or a column that is not there, is an error."""
    table = "text\tlabel\tspeaker\na\tx\tA\nb\ty\tB\nc\tx\tA\n"
    records = read(tmp_path, table, cluster="speaker")
    assert records.clusters == ("set:cluster A", "set:cluster B", "set:cluster A")
    assert records.ids == ("set:eng:1", "set:eng:2", "set:eng:3")
    with pytest.raises(DataError, match=r"eng\.tsv, line 3: the cluster is"):
        read(tmp_path, table.replace("\tB", "\t"), cluster="speaker")
    with pytest.raises(DataError, match="speakr"):
        read(tmp_path, table, cluster="speakr")


@pytest.mark.parametrize("numbered", [{"fields": {"text": 1, "label": 2}}, {"fields": {"text": [1, 2]}, "id": 3}])
def test_a_header_must_be_said_where_all_columns_are_numbers(tmp_path, numbered):
    """Whether the first line is data cannot be known, so the card says it: no row vanishes."""
    with pytest.raises(UsageError, match=r"t\.toml: \[data\]: all columns are numbers, so say header = true .* or"):
        source(tmp_path, **numbered)
    table = "a\tx\t1\nb\ty\t2\n"
    assert len(read(tmp_path, table, header=False, **numbered).ids) == 2
    assert len(read(tmp_path, table, header=True, **numbered).ids) == 1


def test_a_large_cell_is_read(tmp_path):
    """Beyond the 131,072 characters at which the csv module gives up; its own limit stays what it was."""
    before = csv.field_size_limit()
    long = "word " * 60_000
    assert read(tmp_path, f'text,label\n"{long}",x\n', "csv").fields["text"] == (long,)
    assert read(tmp_path, f"text\tlabel\n{long}\tx\n").fields["text"] == (long,)
    assert csv.field_size_limit() == before


def test_all_unknown_labels_are_told_at_once(tmp_path):
    """Each with how often it occurs and its first line, the most frequent first."""
    content = "text\tlabel\na\tgood\nb\tbad \nc\tnone\nd\tbad \n"
    with pytest.raises(DataError) as error:
        read(tmp_path, content, labels={"good": "positive", "bad": "negative"})
    assert str(error.value).endswith(
        "eng.tsv: labels that are none of the card's ['bad', 'good']: "
        "'bad ' (2 times, first at line 3); 'none' (1 time, first at line 4)"
    )


def test_unknown_labels_of_several_files_are_told_with_their_file(tmp_path):
    """Where a language has several files, each first line has its own."""
    (tmp_path / "a.tsv").write_text("text\tlabel\na\tgood\n", encoding="utf-8")
    (tmp_path / "b.tsv").write_text("text\tlabel\nb\tbad\n", encoding="utf-8")
    several = source(tmp_path, files=["a.tsv", "b.tsv"], language="eng", labels={"good": "positive"})
    with pytest.raises(DataError, match=r"'bad' \(1 time, first at .*b\.tsv, line 2\)"):
        several.read("eng")


def test_an_id_column_has_an_id_in_every_row(tmp_path):
    """An empty one is told with its line."""
    with pytest.raises(DataError, match=r"eng\.tsv, line 3: the id is empty"):
        read(tmp_path, "id\ttext\tlabel\n1\ta\tx\n\tb\tx\n", id="id")


def test_a_sample_of_labels_reads_no_further_than_it_needs(tmp_path):
    """With the labels known from the card, a sorted file is read until each has its share; what follows is not seen."""
    rows = "".join(f"t{number}\t{'x' if number < 6 else 'y'}\n" for number in range(12))
    content = f"text\tlabel\n{rows}too\tmany\tcolumns\n"
    records = read(tmp_path, content, limit=4, labels={"x": "X", "y": "Y"})
    assert records.fields == {"text": ("t0", "t1", "t6", "t7"), "label": ("X", "X", "Y", "Y")}
    with pytest.raises(DataError, match="line 14: 3 columns"):
        read(tmp_path, content, limit=4)
    assert read(tmp_path, content, limit=4, fields={"text": "text"}).fields["text"] == ("t0", "t1", "t2", "t3")


def test_a_sample_goes_by_the_labels_of_the_options_too(tmp_path):
    """Where the card lists the labels for its protocol alone, reading ends as early."""
    rows = "".join(f"t{number}\t{'x' if number < 6 else 'y'}\n" for number in range(12))
    (tmp_path / "eng.tsv").write_text(f"text\tlabel\n{rows}too\tmany\tcolumns\n", encoding="utf-8")
    (tmp_path / "t.toml").write_text(
        'name = "t"\narea = "news"\nprotocol = "clustering"\ndescription = "T"\nlicense = "CC0-1.0"\n'
        'languages = ["eng"]\n[data]\nreader = "delimited"\nfiles = "{language}.tsv"\n'
        'fields = { text = "text", label = "label" }\n[options]\nlabels = ["x", "y"]\n',
        encoding="utf-8",
    )
    records = open_source(read_card(tmp_path / "t.toml"), Data(tmp_path, 4)).read("eng")
    assert records.fields["text"] == ("t0", "t1", "t6", "t7")
    with pytest.raises(DataError, match="line 14: 3 columns"):
        open_source(read_card(tmp_path / "t.toml"), Data(tmp_path)).read("eng")


def test_where_is_asked_before_rows_are_counted(tmp_path):
    """A limit takes rows that the card wants, and they keep their numbers."""
    content = "text\tlabel\tset\na\tx\t1\nb\tx\t2\nc\tx\t1\nd\tx\t2\n"
    records = read(tmp_path, content, limit=1, where={"set": "2"})
    assert (records.ids, records.fields["text"]) == (("set:eng:2",), ("b",))


@given(st.lists(st.sampled_from("abcd"), min_size=1), st.integers(1, 12), st.booleans())
def test_a_sample_of_rows_that_are_read_one_by_one_is_that_of_all_rows(labels, limit, known):
    """Whether or not the labels are known, and whatever their order, the sample is the one that all rows would give."""
    rows = list(enumerate(labels))
    found = sample.of_every_label(rows, lambda row: row[1], None, limit, set(labels) if known else ())
    assert [place for place, _ in found] == sample_by_label(labels, limit)


@given(st.lists(st.text(st.sampled_from('\r\ue000re"\n,a'), min_size=1), min_size=1))
def test_carriage_returns_and_private_characters_in_cells_survive(tmp_path_factory, texts):
    """Every mixture of what the reader puts in the place of a bare carriage return comes back as it was."""
    root = tmp_path_factory.mktemp("table")
    rows = [f"a{text}" for text in texts]
    with (root / "eng.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("text",), *((row,) for row in rows)])
    records = source(root, files="{language}.csv", fields={"text": "text"}).read("eng")
    assert list(records.fields["text"]) == rows
