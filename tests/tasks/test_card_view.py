"""What is shown of a card's data: files, items, labels, lengths, copies, overlap, and what lies beside."""

from __future__ import annotations

import pytest

from xlbench import Data
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task

REVIEWS = """\
name = "reviews"
area = "sentiment"
protocol = "classification"
description = "Reviews"
license = "CC0-1.0"
languages = ["eng", "mlt"]
{parts}

[data]
reader = "delimited"
files = "{files}"
fields = {{ text = "text", label = "label" }}
drop_empty = true

[options]
labels = ["bad", "good"]
"""


@pytest.fixture
def viewed(tmp_path):
    """A function: a card's text and files -> what is shown of them."""

    def view(card: str, files: dict[str, str], **data: object):
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        (tmp_path / "card.toml").write_text(card, encoding="utf-8")
        return task(read_card(tmp_path / "card.toml", "./card.toml")).view(Data(root=tmp_path / "data", **data))

    return view


def rows(*texts: str) -> str:
    return "text\tlabel\n" + "".join(f"{text}\t{('good', 'bad')[n % 2]}\n" for n, text in enumerate(texts))


SPLIT = REVIEWS.format(parts='splits = { train = "train", test = "test" }', files="{language}/{split}.tsv")


@pytest.mark.parametrize("parts", ["folds = 2", "holdout = { train = 0.5, test = 0.5 }"])
def test_rows_that_are_left_out_are_counted_once(viewed, parts):
    """What belongs to no language, and what to no part of one, is in one part's facts alone: their sum is right."""
    card = REVIEWS.format(parts=parts, files="all.tsv").replace('label" }', 'label", language = "lang" }')
    table = "".join(f"text {n}\t{('good', 'bad')[n // 3 % 2]}\t{('eng', 'mlt', 'fra')[n % 3]}\n" for n in range(60))
    found = viewed(card, {"all.tsv": f"text\tlabel\tlang\n{table}\tgood\teng\n"})
    facts = [(name.partition(" (of all")[0], count) for part in found.parts for name, count in part.facts.items()]
    assert sorted(facts) == [("rows_left_out (eng)", 1), ("rows_of_other_languages", 20)]


def test_items_labels_lengths_and_copies_are_counted(viewed):
    """Of each language and split; texts that differ in case and white space alone are in train, too."""
    found = viewed(SPLIT, {
        "eng/train.tsv": rows("a fine day", "so bad", "dull"),
        "eng/test.tsv": rows("A  fine day", "new", "new", "ze\u200bro", ""),
        "eng/dev.tsv": rows("x", "y"), "eng/notes.txt": "no",
    })  # fmt: skip
    train, test = [part for part in found.parts if part.language == "eng"]
    assert (train.split, train.items, train.labels) == ("train", 3, {"good": 2, "bad": 1})
    assert train.lengths == (4, 6, 10)
    assert (test.items, test.duplicates, test.in_train, test.hidden) == (4, 1, 1, 1)
    assert test.samples == ("A fine day | good", "new | good", "ze\u200bro | bad")
    assert test.facts == {"rows_left_out (eng)": 1}
    assert [file.rpartition("/")[2] for file in test.files] == ["test.tsv"]
    assert [file.rpartition("/")[2] for file in found.beside] == ["dev.tsv"]


def test_files_of_no_declared_language_are_told(viewed):
    """Files that fit the pattern and are of no declared language are named."""
    found = viewed(SPLIT, {"eng/train.tsv": rows("a", "b"), "eng/test.tsv": rows("c", "d"), "fra/test.tsv": rows("e")})
    assert "fra/test.tsv" in found.undeclared[0]


def test_damage_is_that_of_its_part(viewed):
    """A broken file is shown with its line, and the others are read; what is absent is no damage."""
    found = viewed(
        SPLIT, {"eng/train.tsv": rows("a", "b"), "eng/test.tsv": "text\tlabel\na\tb\tc\n"}, languages=("eng",)
    )
    train, test = found.parts
    assert (train.items, train.trouble) == (2, "")
    assert "test.tsv, line 2: 3 columns" in test.trouble
    assert test.is_damaged
    gone = viewed(SPLIT, {}, languages=("mlt",)).parts[0]
    assert "has no 'mlt' here" in gone.trouble
    assert not gone.is_damaged


def test_folds_are_one_part(viewed):
    """Data that is cross-fitted has no splits to be shown apart."""
    card = REVIEWS.format(parts="folds = 4", files="{language}.tsv")
    found = viewed(card, {"eng.tsv": rows("a", "b", "c")})
    assert found.folds == 4
    assert [(part.split, part.items) for part in found.parts] == [("", 3)]


def test_parts_that_are_held_out_are_shown_apart(viewed):
    """A holdout has its shares, which have no text in common."""
    card = REVIEWS.format(parts="holdout = { train = 0.5, test = 0.5 }", files="{language}.tsv")
    found = viewed(card, {"eng.tsv": rows(*[f"text {n}" for n in range(40)])})
    assert [part.split for part in found.parts] == ["train", "test"]
    assert sum(part.items for part in found.parts) == 40
    assert found.parts[1].in_train == 0


def test_tagged_words_are_shown_with_their_tags(viewed):
    """Entities are counted by type, and stand behind their words."""
    card = """name = "names"\narea = "ner"\nprotocol = "tagging"\ndescription = "d"\nlicense = "x"\nlanguages = ["eng"]
folds = 2\n[data]\nreader = "conll"\nfiles = "{language}.txt"\ntags = { PER = "PER" }\n[options]\ntypes = ["PER"]\n"""
    part = viewed(card, {"eng.txt": "Ann B-PER\nLee I-PER\nslept O\n\nBo B-PER\n"}).parts[0]
    assert part.labels == {"PER": 2}
    assert part.samples == ("Ann/B-PER Lee/I-PER slept", "Bo/B-PER")


def test_data_that_is_in_no_home_is_absent(viewed):
    """Of a card with two homes and data in none, what each lacks is shown, and nothing is raised."""
    hub = '\n[data.hub]\nrepo = "local/folder"\nconfig = "{language}"\nsplit = "{split}"\n'
    hub += 'fields = { text = "text", label = "label" }\n'
    head, _, options = SPLIT.replace("drop_empty = true\n", "").partition("\n[options]")
    found = viewed(f"{head}{hub}\n[options]{options}", {})
    assert [part.is_damaged for part in found.parts] == [False, False]
    assert all("reviews is not at hand" in part.trouble for part in found.parts)
    assert found.undeclared == ()


def test_near_misses_are_files_of_their_language():
    """The embedded near misses are among the files that are read, are counted by kind, and stand in samples."""
    task_of_mini = task(read_card(CARDS / "mini-nearmiss.toml"))
    parts = {part.language: part for part in task_of_mini.view(Data(limit=5)).parts}
    assert len(parts["eng"].files) == 2
    assert parts["eng"].labels["antonym"] > 0
    assert any(" | antonym: " in sample for sample in parts["eng"].samples)
    assert not parts["isl"].labels


def test_labels_that_nobody_listed_are_counted_one_by_one(viewed):
    """Of items with several, each counts for itself; a sample shows all of its item's."""
    card = REVIEWS.format(parts="folds = 2", files="{language}.tsv").replace("classification", "multilabel")
    card = card.partition("[options]")[0] + 'label_separator = ";"\n'
    found = viewed(card, {"eng.tsv": "text\tlabel\none\ta;b\ntwo\t\nthree\tb\n"}, languages=("eng",))
    (part,) = found.parts
    assert part.items == 2  # drop_empty: the one without a label is left out and counted
    assert part.labels == {"b": 2, "a": 1}
    assert part.samples[0] == "one | a, b"
