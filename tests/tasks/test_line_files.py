"""The reader `files`: texts in one file, what belongs to them line by line in others."""

from __future__ import annotations

from typing import Any

import pytest
from reader_files import made_home, write_file

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.readers import files

BASE: dict[str, Any] = {"files": "{language}.txt", "fields": {"label": "{language}.labels"}}


def source(root, limit: int | None = None, **table: Any) -> files.Files:
    return files.source(made_home("files", "eng hin", **(BASE | table)), Data(root, limit))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_labels_in_a_second_file(tmp_path, end):
    """Line i of the labels is the label of line i of the texts, in every language with its own files."""
    write_file(tmp_path / "eng.txt", f"\ufeffgood, \tall{end}bad{end}")
    write_file(tmp_path / "eng.labels", f"\ufeff1{end}0{end}")
    write_file(tmp_path / "hin.txt", "अच्छा\u2028\n")
    write_file(tmp_path / "hin.labels", "1")
    made = source(tmp_path, labels={"0": "negative", "1": "positive"})
    assert made.languages() == ("eng", "hin")
    assert [path.name for path in made.files("eng")] == ["eng.txt", "eng.labels"]
    assert made.read("eng").fields == {"text": ("good, \tall", "bad"), "label": ("positive", "negative")}
    assert made.read("hin").fields == {"text": ("अच्छा\u2028",), "label": ("positive",)}
    assert made.read("eng").ids == made.read("eng").clusters == ("set:eng:1", "set:eng:2")
    assert made.read("eng").place(1).endswith("eng.txt, line 2")


def test_ids_clusters_and_other_fields_are_files_too(tmp_path):
    """Two texts and a score a line, ids that languages share, and speakers."""
    for name, content in {"a": "x\ny\n", "b": "u\nv\n", "score": "0.5\n3\n", "ids": "7\n8\n", "who": "A\nA\n"}.items():
        write_file(tmp_path / f"{name}.txt", content)
    fields = {"second": "b.txt", "score": "score.txt"}
    made = source(tmp_path, files="a.txt", fields=fields, language="eng", id="ids.txt", cluster="who.txt")
    records = made.read("eng")
    assert records.fields == {"text": ("x", "y"), "second": ("u", "v"), "score": ("0.5", "3")}
    assert (records.ids, records.clusters) == (("set:7", "set:8"), ("set:cluster A", "set:cluster A"))


@pytest.mark.parametrize(("labels", "line"), [("1\n", 2), ("1\n0\n1\n", 3), ("1\n0\n\n", 3)])
def test_files_of_other_lengths(tmp_path, labels, line):
    """A file that is longer or shorter than the texts is an error, whatever the sample, and nothing is cut."""
    write_file(tmp_path / "eng.txt", "good\nbad\n")
    write_file(tmp_path / "eng.labels", labels)
    for limit in (None, 1):
        with pytest.raises(DataError, match=rf"eng\.labels has \d lines but .*eng\.txt has 2: line {line} of"):
            source(tmp_path, limit).read("eng")


def test_what_is_missing(tmp_path):
    """No texts are missing data; texts without their labels are an error that names the file."""
    with pytest.raises(DataMissing, match=r"no file \{language\}\.txt under"):
        source(tmp_path).languages()
    write_file(tmp_path / "eng.txt", "good\n")
    with pytest.raises(DataError, match=r"eng\.txt has no partner: there is no file .*eng\.labels"):
        source(tmp_path).read("eng")


def test_empty_lines(tmp_path):
    """An error with its line; with drop_empty the line goes from all files, and is counted."""
    write_file(tmp_path / "eng.txt", "good\n\nbad\n")
    write_file(tmp_path / "eng.labels", "1\n0\n0\n")
    with pytest.raises(DataError, match=r"eng\.txt, line 2: the text is empty"):
        source(tmp_path).read("eng")
    records = source(tmp_path, drop_empty=True).read("eng")
    assert (records.fields["label"], records.ids) == (("1", "0"), ("set:eng:1", "set:eng:3"))
    assert records.facts == {"rows_left_out (eng)": 1}


def test_labels_that_the_card_does_not_know(tmp_path):
    """All of them at once, with their lines."""
    write_file(tmp_path / "eng.txt", "good\nbad\nso so\n")
    write_file(tmp_path / "eng.labels", "1\n0\n2\n")
    with pytest.raises(DataError, match=r"none of the card's \['1'\]: '0' \(1 time, first at line 2\); '2'"):
        source(tmp_path, labels={"1": "positive"}).read("eng")


def test_a_sample_has_every_label(tmp_path):
    """Labels take turns."""
    write_file(tmp_path / "eng.txt", "a\nb\nc\nd\n")
    write_file(tmp_path / "eng.labels", "1\n1\n0\n0\n")
    assert source(tmp_path, 2).read("eng").fields["text"] == ("a", "c")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"fields": {}}, "fields: name the files of what belongs to the texts"),
        ({"fields": {"text": "a.txt"}}, "fields: name the files of what belongs to the texts"),
        ({"fields": {"label": "labels.txt"}}, "label: 'labels.txt' and files both need {language}, or neither"),
        ({"language": "eng"}, "say what the languages are"),
        ({"files": "a.txt", "fields": {"label": "b.txt"}}, "say what the languages are"),
        ({"fields": {"label": "/etc/{language}"}}, "must be a path below the data root"),
    ],
)
def test_cards_that_contradict_themselves(tmp_path, table, said):
    """What the types of keys cannot say is an error of the card."""
    with pytest.raises(UsageError) as error:
        source(tmp_path, **table)
    assert said in str(error.value)
