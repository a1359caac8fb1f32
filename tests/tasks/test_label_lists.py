"""Labels of which an item has any number, as lists in files of JSON and Parquet."""

from __future__ import annotations

import json
import tomllib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xlbench import Data, UsageError
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.draft.drafting import draft_card

CARD = """\
protocol = "multilabel"
folds = 3

[data]
reader = "{reader}"
files = "x.{reader}"
language = "eng"
fields = {{ text = "text", label = "{label}" }}
label_list = true
"""
LISTS = (["joy"], ["fear", "joy"], [], ["fear"], None, ["awe"])
JSON = tuple(json.dumps([*(one or [])]) for one in LISTS)


def objects(lists, count=36):
    """Rows of a text and of one of these lists in turn."""
    return [
        {"text": f"the text of item {n}", "labels": lists[n % len(lists)], "source": "ab"[n % 2]} for n in range(count)
    ]


@pytest.fixture
def made(tmp_path):
    """A function: lists -> the task of a card over them, and its data."""

    def make(lists, reader="jsonl", label="labels", more="", **data):
        rows, path = objects(lists), tmp_path / f"x.{reader}"
        if reader == "parquet":
            pq.write_table(pa.Table.from_pylist(rows), path)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        (tmp_path / "card.toml").write_text(CARD.format(reader=reader, label=label) + more, encoding="utf-8")
        return read_card(tmp_path / "card.toml", "./card.toml"), Data(tmp_path, **data)

    return make


@pytest.mark.parametrize("reader", ["jsonl", "parquet"])
def test_a_list_is_the_labels_of_an_item(made, reader):
    """In its order; an empty list, and null, are an item without a label."""
    records = open_data(*made(LISTS, reader)).test.read("eng")
    assert records.fields["labels"][:6] == JSON
    assert len(records.ids) == 36


def test_numbers_are_labels_as_json_writes_them(made):
    """And are given their names by ``labels``, as labels of other files are."""
    card = made(([0], [1, 0]), more='labels = { 0 = "no", 1 = "yes" }\n')
    assert open_data(*card).test.read("eng").fields["labels"][:2] == ('["no"]', '["yes", "no"]')


def test_a_sample_has_items_of_every_list(made):
    """With ``--limit``, as of every label."""
    records = open_data(*made((["a"],) * 30 + (["b"],) * 6, limit=4)).test.read("eng")
    assert sorted(records.fields["labels"]) == ['["a"]', '["a"]', '["b"]', '["b"]']


@pytest.mark.parametrize(("lists", "said"), [
    ((["a"], "b"), "line 2: the label is 'b' and no list: remove label_list from the card"),
    ((["a"], ["b", "b"]), "line 2: a label is there twice in ['b', 'b']"),
    ((["a"], ["b", " "]), "line 2: a label is no text and no whole number in ['b', ' ']"),
    ((["a"], [["b"]]), "line 2: a label is no text and no whole number in [['b']]"),
    ((["a"], [0.5]), "line 2: a label is no text and no whole number in [0.5]"),
])  # fmt: skip
def test_what_is_no_list_of_labels_is_an_error_with_its_line(made, lists, said):
    """No label is made of what is none."""
    card, data = made(lists)
    (subset,) = task(card).subsets(data)
    assert said in subset.damaged


def test_lists_are_one_column_without_a_separator(made):
    """A card that says both is refused."""
    with pytest.raises(UsageError, match=r"label_list: goes with one column of labels, and without label_separator"):
        made(LISTS, more='label_separator = ";"\n')


def test_a_draft_takes_a_column_of_lists_for_the_labels(made):
    """Rather than one that nobody calls a label; lists of words, which come twice in a row, are none."""
    _, data = made(LISTS)
    card = tomllib.loads(draft_card([data.root / "x.jsonl"], data.root, "mine", beside=False))
    assert (card["protocol"], card["data"]["label_list"]) == ("multilabel", True)
    assert card["data"]["fields"] == {"text": "text", "label": "labels"}
    assert card["options"]["labels"] == ["awe", "fear", "joy"]
    made((["the", "a", "the"], ["a", "a"]))
    card = tomllib.loads(draft_card([data.root / "x.jsonl"], data.root, "mine", beside=False))
    assert (card["protocol"], card["data"]["fields"]["label"]) == ("classification", "source")
