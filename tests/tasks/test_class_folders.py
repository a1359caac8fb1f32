"""The reader `folders`: a file a text, in the folder of its label."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from reader_files import made_home, write_file

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.readers import folders


def source(root, limit: int | None = None, **table: Any) -> folders.Folders:
    base = {"files": "news/{language}/{label}/*.txt"}
    return folders.source(made_home("folders", "eng hin", **(base | table)), Data(root, limit))


@pytest.fixture
def news(tmp_path):
    """Two classes in English, one text in Hindi."""
    write_file(tmp_path / "news/eng/sport/1.txt", "\ufeffThey won.\r\nTwice.\n")
    write_file(tmp_path / "news/eng/sport/2.txt", gzip.compress(b"They lost."))
    write_file(tmp_path / "news/eng/world & more/1.txt", "It rains.\n")
    write_file(tmp_path / "news/hin/sport/1.txt", "वे जीते\n")
    return tmp_path


def test_the_folder_is_the_label(news):
    """The whole file is the text, its line ends line feeds; items are called after their files."""
    made = source(news)
    assert made.languages() == ("eng", "hin")
    records = made.read("eng")
    assert records.fields == {
        "text": ("They won.\nTwice.", "They lost.", "It rains."), "label": ("sport", "sport", "world & more"),
    }  # fmt: skip
    assert records.ids[0] == "set:eng:news/eng/sport/1.txt"
    assert records.ids == records.clusters
    assert records.place(2).endswith("world & more/1.txt")
    assert made.read("hin").fields["text"] == ("वे जीते",)


def test_labels_and_folders_that_are_left_out(news):
    """Folders get the card's labels; one that is neither named nor skipped is an error."""
    table: dict[str, Any] = {"files": "news/eng/{label}/*", "language": "eng", "labels": {"sport": "games"}}
    with pytest.raises(DataError, match=r"folders that are none of the card's \['sport'\]; .*'world & more' \(1 time"):
        source(news, **table).read("eng")
    assert source(news, skip=["world & more"], **table).read("eng").fields["label"] == ("games", "games")
    with pytest.raises(UsageError, match="skip: 'sport' has a label, and cannot be left out"):
        source(news, skip=["sport"], **table)


def test_files_that_do_not_fit_are_counted(news):
    """Other files beside the texts are left out, with a note and a count; hidden ones are none."""
    write_file(news / "news/eng/sport/index.html", "x")
    write_file(news / "news/eng/sport/.hidden.txt", "x")
    records = source(news).read("eng")
    assert (len(records.ids), records.facts) == (3, {"other_files (eng)": 1})
    assert "do not fit the pattern" in records.notes[0]


def test_a_sample_has_every_label_and_opens_no_other_file(news):
    """Labels take turns, and what is not in the sample is not read."""
    write_file(news / "news/eng/sport/2.txt", b"\xff")
    assert source(news, 2).read("eng").fields["label"] == ("sport", "world & more")
    with pytest.raises(DataError, match=r"2\.txt, line 1: byte 0 \(0xff\) is not UTF-8"):
        source(news).read("eng")


@pytest.mark.parametrize("empty", ["", "\n", " \u200b\n\n"])
def test_files_without_a_text(news, empty):
    """An error that names the file; with drop_empty they are left out, and counted."""
    write_file(news / "news/eng/sport/0.txt", empty)
    with pytest.raises(DataError, match=r"sport/0\.txt is empty"):
        source(news).read("eng")
    records = source(news, drop_empty=True).read("eng")
    assert (len(records.ids), records.facts) == (3, {"files_left_out (eng)": 1})
    write_file(news / "news/hin/sport/1.txt", empty)
    with pytest.raises(DataError, match="no file of 'hin' has a text"):
        source(news, drop_empty=True).read("hin")


def test_what_is_missing(news):
    """No folder at all, or none of a declared language, is missing data."""
    with pytest.raises(DataMissing, match=r"no file news/\{label\}/\*\.csv under"):
        source(news, files="news/{label}/*.csv", language="eng").languages()
    with pytest.raises(DataMissing, match="there are folders of no declared language: 'eng', 'hin'"):
        folders.source(made_home("folders", "mlt", files="news/{language}/{label}/*.txt"), Data(news)).languages()


def test_a_card_without_languages_takes_all_that_are_languages(news):
    """Folders are named by codes or names of languages; another folder is an error, and none is left out in silence."""
    made = folders.source(made_home("folders", "", files="news/{language}/{label}/*.txt"), Data(news))
    assert made.languages() == ("eng", "hin")
    write_file(news / "news/no language/sport/1.txt", "x")
    made = folders.source(made_home("folders", "", files="news/{language}/{label}/*.txt"), Data(news))
    with pytest.raises(DataError, match="'no language' is no language's code or name"):
        made.languages()


def test_folders_of_languages_that_the_card_does_not_declare(news):
    """The reason of a missing language names them, with the alias that would take one."""
    write_file(news / "news/mt/sport/1.txt", "x")
    made = folders.source(made_home("folders", "eng mlt", files="news/{language}/{label}/*.txt"), Data(news))
    assert made.languages() == ("eng",)
    assert made.why_missing("mlt").endswith('aliases = { "mt" = "mlt" } would take them')


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"files": "news/{language}/*.txt"}, "needs {label} once"),
        ({"files": "news/{language}/{label}/a.txt"}, "say after {label} which files are texts"),
        ({"files": "news/{language}/{label}/**/*"}, "say after {label} which files are texts"),
        ({"files": "news/{label}/*.txt"}, "say what the languages are"),
        ({"language": "eng"}, "say what the languages are"),
        ({"files": "news/{label}/*.txt", "language": "fra"}, "language: 'fra' is none of the card's languages"),
        ({"files": "../{language}/{label}/*"}, "must be a path below the data root"),
    ],
)
def test_cards_that_contradict_themselves(tmp_path, table, said):
    """What the types of keys cannot say is an error of the card."""
    with pytest.raises(UsageError) as error:
        source(tmp_path, **table)
    assert said in str(error.value)
