"""Labels and tags of data sets of the hub: names and numbers, what rows may lack, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from reader_files import TAGGED, hub_source, made_home, write_file, write_parquet

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench_tasks.readers import conll


def _rows(path: Path, features: dict[str, Any], **columns: list[Any]) -> None:
    """A parquet file with the features of `datasets` in it."""
    import datasets

    path.parent.mkdir(parents=True, exist_ok=True)
    datasets.Dataset.from_dict(columns, features=datasets.Features(features)).to_parquet(path)


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
    records = hub_source(tmp_path, language="nep", **TAGGED).read("nep")
    lines = [f"{word}\t{names[tag]}\n" for word, tag in zip(words[0], tags[0], strict=True)]
    write_file(tmp_path / "nep.txt", "".join([*lines, "\n", "May\tB-DATE\n"]))
    table = {"files": "{language}.txt", "tags": TAGGED["tags"], "delimiter": "tab"}
    expected = conll.source(made_home("conll", **table), Data(tmp_path)).read("nep")
    assert records.fields == expected.fields
    assert records.fields["tags"] == ("B-PER\tI-PER\tO\tB-LOC", "O")
    assert records.facts == {**expected.facts, "sentences_without_word": 1}
    assert set(records.notes) > set(expected.notes)
    assert records.ids == ("set:nep:1", "set:nep:3")
    named = {**features, "ner_tags": datasets.List(datasets.Value("string"))}
    _rows(tmp_path / "org/other/test.parquet", named, tokens=words, ner_tags=[[names[i] for i in row] for row in tags])
    assert hub_source(tmp_path, repo="org/other", language="nep", **TAGGED).read("nep") == records
    assert hub_source(tmp_path, 1, language="nep", **TAGGED).read("nep").ids == ("set:nep:1",)
    documents = {**features, "document": datasets.Value("string")}
    _rows(tmp_path / "org/third/test.parquet", documents, tokens=words, ner_tags=tags, document=["d", "e", "f"])
    clustered = hub_source(tmp_path, repo="org/third", language="nep", cluster="document", **TAGGED).read("nep")
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
        hub_source(tmp_path, language="nep", **TAGGED).read("nep")


def test_rows_without_a_label_can_be_left_out_and_are_counted(tmp_path):
    """Only where the card says so; joined columns and plain conditions work as in tables."""
    rows = [("A", "a", "x", 1), ("B", "b", None, 1), ("C", "c", "y", 1), ("D", "d", "x", 2)]
    lines = [json.dumps({"head": h, "body": b, "label": c, "set": s}) + "\n" for h, b, c, s in rows]
    write_file(tmp_path / "org/name/test.jsonl", "".join(lines))
    table = {"fields": {"text": ["head", "body"], "label": "label"}, "language": "nep", "where": {"set": "1"}}
    with pytest.raises(DataError, match=r"row 2: the label \(label\) is empty or no text: None"):
        hub_source(tmp_path, **table).read("nep")
    records = hub_source(tmp_path, drop_empty=["label"], **table).read("nep")
    assert records.fields == {"text": ("A\na", "C\nc"), "label": ("x", "y")}
    assert (records.ids, records.facts) == (("set:nep:1", "set:nep:3"), {"rows_left_out (nep)": 1})
    assert len(records.notes) == 1
    with pytest.raises(DataMissing, match="no rows"):
        hub_source(tmp_path, **(table | {"where": {"set": "3"}})).read("nep")


def test_a_limit_spreads_over_the_labels_of_a_hub_folder(tmp_path):
    """As in tables; class numbers can be given by their numbers, whatever their names are."""
    import datasets

    features = {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["good", "bad"])}
    _rows(tmp_path / "org/name/test.parquet", features, text=list("abcd"), label=[0, 0, 0, 1])
    table = {"fields": {"text": "text", "label": "label"}, "language": "nep"}
    for labels in ({"0": "positive", "1": "negative"}, {"good": "positive", "bad": "negative"}):
        records = hub_source(tmp_path, 2, labels=labels, **table).read("nep")
        assert records.fields == {"text": ("a", "d"), "label": ("positive", "negative")}
    with pytest.raises(DataError, match=r"none of the card's \['good'\]: 'bad' \(1 time, first at row 4\)"):
        hub_source(tmp_path, labels={"good": "x"}, **table).read("nep")


def test_all_unknown_labels_of_a_hub_folder_are_told_at_once(tmp_path):
    """As in tables: each with how often it occurs and its first row, the most frequent first."""
    write_parquet(
        tmp_path / "org/name/test.parquet", text=list("abcde"), label=["good", "none", "bad ", "bad ", "good"]
    )
    table = {"fields": {"text": "text", "label": "label"}, "language": "nep", "labels": {"good": "x", "bad": "y"}}
    with pytest.raises(DataError) as error:
        hub_source(tmp_path, **table).read("nep")
    assert "'bad ' (2 times, first at row 3); 'none' (1 time, first at row 2)" in str(error.value)


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
    assert hub_source(tmp_path, **table).read("eng").fields["label"] == tuple(label for label in read for _ in "ab")


@pytest.mark.parametrize("names", [["-1", "0", "1"], ["1", "0"]])
def test_labels_of_a_hub_home_that_could_be_both_are_refused(tmp_path, names):
    """Class 0 and the class named "0" are different ones, and the card's table could mean either."""
    (tmp_path / "org/name").mkdir(parents=True)
    _classes(tmp_path / "org/name", names, [0, 1])
    table = {"fields": {"text": "text", "label": "label"}, "language": "eng", "labels": {"0": "a", "1": "b"}}
    with pytest.raises(
        DataError, match=r"org/name, column 'label': the keys \['0', '1'\] of labels are both numbers and"
    ):
        hub_source(tmp_path, **table).read("eng")


@pytest.mark.parametrize("text", [" ", "\u200b", "\ufe0f"])
def test_a_hub_text_that_nobody_sees_is_refused(tmp_path, text):
    """With its row; with drop_empty it is left out and counted."""
    write_parquet(tmp_path / "org/name/test.parquet", text=["a", text])
    table = {"fields": {"text": "text"}, "language": "eng"}
    with pytest.raises(DataError, match=r"org/name, row 2: the text \(text\) is empty"):
        hub_source(tmp_path, **table).read("eng")
    left = hub_source(tmp_path, **table, drop_empty=["text"]).read("eng")
    assert (left.fields["text"], left.facts) == (("a",), {"rows_left_out (eng)": 1})


def test_hub_tags_can_be_in_any_scheme(tmp_path):
    """As in files: found from the tags, or said by the card."""
    write_parquet(
        tmp_path / "org/name/test.parquet",
        words=[["Asha", "in", "New", "Delhi"]],
        tags=[["S-PER", "O", "B-LOC", "E-LOC"]],
    )
    table = {"fields": {"tokens": "words", "tags": "tags"}, "tags": {"PER": "PER", "LOC": "LOC"}, "language": "eng"}
    for scheme in ({}, {"scheme": "bioes"}):
        assert hub_source(tmp_path, **table, **scheme).read("eng").fields["tags"] == ("B-PER\tO\tB-LOC\tI-LOC",)
    with pytest.raises(UsageError, match="scheme: is that of tags, and there are none"):
        hub_source(tmp_path, scheme="bioes")
