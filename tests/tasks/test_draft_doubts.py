"""Drafts of tables that are easily misread: odd headers, columns of languages and of splits."""

from __future__ import annotations

import tomllib

import pytest

from xlbench import Data
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.draft.drafting import draft_card

WORDS = ("river", "mill", "garden", "farmer", "rest", "market", "bridge")


def sentence(number: int) -> str:
    """A sentence of its own for every number."""
    return f"{WORDS[number % 7]} {WORDS[number * 3 % 7]} {WORDS[number * 5 % 7]} and then said {number}"


@pytest.fixture
def drafted(tmp_path):
    """Drafts a card of tables of cells: the card, its comments as "comments" and items as "items"."""

    def draft(tables: dict[str, list[list[str]]]) -> dict:
        folder = tmp_path / "data"
        folder.mkdir()
        for name, rows in tables.items():
            text = "".join("\t".join(row) + "\n" for row in rows)
            (folder / name).write_text(text, encoding="utf-8")
        text = draft_card([folder], folder, "mine", beside=False)
        path = tmp_path / "draft.toml"
        path.write_text(text, encoding="utf-8")
        comments = " ".join(line.lstrip("# ") for line in text.splitlines() if line.startswith("#"))
        subsets = [*task(read_card(path)).subsets(Data(root=folder))]
        assert not any(one.damaged or one.missing for one in subsets), subsets
        return tomllib.loads(text) | {"comments": comments, "items": {one.name: one.n for one in subsets}}

    return draft


def rows(*more, count: int = 60) -> list[list[str]]:
    """Rows of a sentence and of what is said of every number."""
    return [[sentence(n), *(str(one(n)) for one in more)] for n in range(count)]


def label(number: int) -> str:
    """One of three labels."""
    return ("happy", "unhappy", "so-so")[number % 3]


def code(number: int) -> str:
    """One of two languages."""
    return ("en", "mt")[number % 2 if number % 3 else 0]


BOTH = {"eng": 40, "mlt": 20}


def test_a_header_of_strange_names_is_told_by_values_that_come_again_and_again(drafted):
    """No cell of a header becomes a label, and codes of languages are the language, whatever the column is called."""
    card = drafted({"x.tsv": [["What did you think?", "Verdict (1-3)", "Lang."], *rows(label, code)]})
    assert card["data"]["fields"] == {"text": "What did you think?", "label": "Verdict (1-3)", "language": "Lang."}
    assert card["options"]["labels"] == ["happy", "so-so", "unhappy"]
    assert card["items"] == BOTH


def test_codes_without_a_header_are_the_language(drafted):
    """Columns of a file without a header are told by their values, in capitals, too."""
    card = drafted({"x.tsv": rows(label, lambda n: code(n).upper())})
    assert card["data"]["fields"] == {"text": 1, "label": 2, "language": 3}
    assert card["data"]["header"] is False
    assert card["items"] == BOTH


@pytest.mark.parametrize(("header", "more", "protocol"), [
    (["text", "labels", "lang"], [lambda n: ("a;b", "b", "a")[n % 3], code], "multilabel"),
    (["text", "joy", "fear", "lang"], [lambda n: n % 2, lambda n: n // 2 % 2, code], "multilabel"),
    (["text", "mean of stars", "lang"], [lambda n: n * 7 % 60 / 10, code], "classification"),
    (["sentence1", "sentence2", "score", "lang"], [lambda n: sentence(n + 99), lambda n: n * 7 % 60 / 10, code],
     "similarity"),
    (["question", "passage", "lang"], [lambda n: sentence(n + 99), code], "search"),
])  # fmt: skip
def test_languages_are_kept_apart_whatever_is_asked(drafted, header, more, protocol):
    """A column of languages is read in every kind of table: no draft scores two languages as one."""
    card = drafted({"x.tsv": [header, *rows(*more)]})
    assert (card["protocol"], card["data"]["fields"]["language"]) == (protocol, "lang")
    assert card["languages"] == ["eng", "mlt"]
    assert card["items"] == BOTH


def test_a_table_of_texts_and_languages_asks_for_the_language_and_says_so(drafted):
    """Where nothing else can be the label, the language is, and is not the language of the subsets, too."""
    card = drafted({"x.tsv": [["text", "lang"], *rows(code)]})
    assert card["data"]["fields"] == {"text": "text", "label": "lang"}
    assert "The label, 'lang', holds languages" in card["comments"]


def test_a_column_that_is_called_a_label_is_not_lost_among_columns_of_0_and_1(drafted):
    """Other properties of a text are no labels then, and are said; without such a name they are."""
    flags = [lambda n: n % 2, lambda n: n // 2 % 2]
    card = drafted({"x.tsv": [["text", "sentiment", "is_reply", "is_long"], *rows(label, *flags)]})
    assert (card["protocol"], card["data"]["fields"]["label"]) == ("classification", "sentiment")
    assert "Columns of 0 and 1 may be labels, too" in card["comments"]


def test_codes_of_countries_are_no_languages_of_texts_in_another(drafted):
    """Texts that are all in one language, which is none of the codes, stay together, and that is said."""
    said = [[f"თბილისი დიდი ქალაქია {n}", label(n), ("de", "fr", "es")[n % 3]] for n in range(60)]
    card = drafted({"x.tsv": [["text", "label", "country"], *said]})
    assert card["data"]["fields"] == {"text": "text", "label": "label"}
    assert "The column 'country' has codes of languages, and its texts are all in another one" in card["comments"]


def test_a_column_of_languages_that_nobody_knows_is_said_not_to_be_heeded(drafted):
    """Its rows would be scored as one language: that stands at the top of the draft."""
    card = drafted({"x.tsv": [["text", "label", "lang"], *rows(label, lambda n: ("en", "klingonish")[n % 2])]})
    assert "language" not in card["data"]["fields"]
    assert "The column 'lang' is not heeded, and all rows are read as of one language" in card["comments"]


def test_a_label_beside_translations_is_said(drafted):
    """Two columns of languages are asked for as translations, and a third that may be a label is named."""
    body = [[sentence(n), sentence(n + 99), label(n)] for n in range(60)]
    card = drafted({"x.tsv": [["eng", "mlt", "topic"], *body]})
    assert (card["protocol"], card["languages"]) == ("retrieval", ["eng", "mlt"])
    assert "The column 'topic' may be a label" in card["comments"]


SPLIT = {"part": "{split}"}


def test_a_column_of_splits_says_the_splits_and_is_no_label(drafted):
    """Rows are learned from and scored as the column says, by the words that it has."""
    card = drafted(
        {"x.tsv": [["body", "kind", "part"], *rows(label, lambda n: ("train", "train", "val", "test")[n % 4])]}
    )
    assert (card["data"]["fields"], card["data"]["where"]) == ({"text": "body", "label": "kind"}, SPLIT)
    assert card["splits"] == {"train": "train", "dev": "val", "test": "test"}
    assert "folds" not in card
    assert list(card["items"].values()) == [15]


def test_a_column_of_splits_without_a_name_is_said_not_to_be_heeded(drafted):
    """A card cannot ask for it: that stands at the top of the draft, and the column is no label."""
    card = drafted({"x.tsv": rows(label, lambda n: ("train", "test")[n % 2])})
    assert (card["data"]["fields"], card["folds"]) == ({"text": 1, "label": 2}, 5)
    assert "The column 3 says which split each row is of ('test', 'train'), and is not heeded" in card["comments"]


def test_of_pairs_the_rows_of_the_test_split_are_scored(drafted):
    """Where nothing is learned, train is not scored either."""
    header = ["sentence1", "sentence2", "score", "part"]
    more = [lambda n: sentence(n + 99), lambda n: n * 7 % 60 / 10, lambda n: ("train", "test")[n % 2]]
    card = drafted({"x.tsv": [header, *rows(*more)]})
    assert (card["protocol"], card["data"]["where"], list(card["items"].values())) == ("similarity", SPLIT, [30])


def test_items_without_labels_that_are_lost_with_gaps_are_said(drafted):
    """A row without a text is left out, and so is, said, one without any of several labels."""
    body = [[sentence(n) if n != 9 else "", ("a;b", "b", "a", "")[n % 4]] for n in range(60)]
    card = drafted({"x.tsv": [["text", "labels"], *body]})
    assert card["data"]["drop_empty"] is True
    assert "15 rows without a label would be items, and are left out" in card["comments"]


def test_a_header_in_one_file_alone_is_said(drafted):
    """The header of a shorter file would be an item of a split: that stands at the top of the draft."""
    card = drafted({"x_train.tsv": rows(label), "x_test.tsv": [["text", "label"], *rows(label, count=20)]})
    assert "The first line of x_test.tsv looks like a header" in card["comments"]


def test_empty_lines_of_translations_are_left_out_and_said(drafted):
    """Each language loses its own; a pair is of the lines that both have."""
    whole = [[sentence(n)] for n in range(40)]
    card = drafted({"eng.txt": whole, "mlt.txt": [[sentence(n + 99) if n % 8 else ""] for n in range(40)]})
    assert (card["data"]["reader"], card["data"]["drop_empty"], card["data"]["shared"]) == ("parallel", True, 0.5)
    assert "empty lines: 5 in mlt.txt" in card["comments"]
    assert card["items"] == {"eng-mlt": 35, "mlt-eng": 35}


def words_with(*tags):
    """Sentences of three words with tags in two columns."""
    outside = ["O", tags[1] if tags[1] == "B-NP" else "O"]
    return [row for n in range(40) for row in ([WORDS[n % 7], *outside], ["Anna", *tags], [f"w{n}", *outside], [""])]


def test_phrases_are_no_entities(drafted):
    """The column of entities is read, though one of phrases is the last."""
    card = drafted({"x.tsv": words_with("B-PER", "B-NP")})
    assert (card["data"]["tag"], card["data"]["tags"]) == (2, {"PER": "PER"})
    assert "hold tags, too" not in card["comments"]


def test_another_column_of_entities_is_said(drafted):
    """As in nested entities: one column is drafted, the last one."""
    card = drafted({"x.tsv": words_with("B-PER", "B-ORG")})
    assert card["data"]["tags"] == {"ORG": "ORG"}
    assert "Other columns hold tags, too (2): tag = 3 is read, and no other" in card["comments"]


def test_a_single_document_of_words_is_said(drafted):
    """One -DOCSTART- at the top makes all sentences one cluster, without an interval: that stands at the top."""
    words = [row for n in range(40) for row in ([WORDS[n % 7], "O"], ["Anna", "B-PER"], [str(n), "O"], [""])]
    files = {"x_train.tsv": words, "x_test.tsv": [["-DOCSTART-", "O"], [""], *words]}
    card = drafted(files)
    assert (card["protocol"], list(card["items"].values())) == ("tagging", [40])
    assert "One document alone begins in x_test.tsv: its sentences are one cluster" in card["comments"]
