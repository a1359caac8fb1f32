"""Labels from numbers: which class a number is of, to the edge, and what is said of numbers that are of none."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlbench import Data, DataError, UsageError
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.data.bins import bins_of
from xlbench_tasks.data.source import Home
from xlbench_tasks.lookup import module_of

NAMES = ["negative", "mixed", "positive"]
TABLE = {
    "files": "{language}.tsv",
    "fields": {"text": "text", "label": "stars"},
    "bins": [1, 3, 4, 5],
    "bin_names": NAMES,
}


def read(folder, stars, limit=None, reader="delimited", **changes):
    table = {**TABLE, **changes}
    if reader == "delimited":
        rows = "".join(f"t{i}\t{star}\n" for i, star in enumerate(stars))
        (folder / "hin.tsv").write_text(f"text\tstars\n{rows}", encoding="utf-8")
    else:
        table["files"] = "{language}.jsonl"
        lines = (json.dumps({"text": f"t{i}", "stars": star}) for i, star in enumerate(stars))
        (folder / "hin.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    home = Home("card.toml: [data]", "made", reader, ("hin",), table)
    return module_of("reader", reader).source(home, Data(folder, limit)).read("hin")


def test_numbers_become_classes_by_hand(tmp_path):
    """A class holds its lower edge and not its upper one; the last one holds both."""
    given = ["1", "2.5", "2.999999", "3", "3.0", "4", "5", "5.0", "1e0", "+2"]
    expected = [0, 0, 0, 1, 1, 2, 2, 2, 0, 0]
    assert read(tmp_path, given).fields["label"] == tuple(NAMES[place] for place in expected)


def test_numbers_of_a_typed_file(tmp_path):
    """Numbers of JSON are those of a table of text."""
    found = read(tmp_path, [1, 2.5, 3, "4", 5.0], reader="jsonl")
    assert found.fields["label"] == ("negative", "negative", "mixed", "positive", "positive")


def test_classes_without_names_are_called_by_their_edges(tmp_path):
    """The bracket says on which side an edge is."""
    table = {key: value for key, value in TABLE.items() if key != "bin_names"}
    assert bins_of(table).names == ("[1, 3)", "[3, 4)", "[4, 5]")


def test_open_ends_take_every_number(tmp_path):
    """``-inf`` and ``inf`` are edges."""
    found = read(tmp_path, ["-1e9", "-0.5", "0", "7"], bins=[-np.inf, 0, np.inf], bin_names=["below", "above"])
    assert found.fields["label"] == ("below", "below", "above", "above")


@given(st.lists(st.floats(-100, 100), min_size=1), st.lists(st.floats(-100, 100), min_size=3, max_size=6, unique=True))
def test_classes_are_those_of_numpy(numbers, edges):
    """A histogram's counts over the same edges are the sizes of the classes."""
    edges = sorted(edges)
    bins = bins_of({"bins": edges, "bin_names": [str(place) for place in range(len(edges) - 1)]})
    found = [bins.of(repr(number)) for number in numbers]
    counts = [found.count(name) for name in bins.names]
    assert counts == np.histogram(numbers, edges)[0].tolist()


@pytest.mark.parametrize("wrong", ["0.999", "6", "n/a", "4,5", "nan", "inf", "1_0", "0x1"])
def test_a_number_outside_and_what_is_none_are_errors_with_their_line(tmp_path, wrong):
    """Nothing is dropped, and nothing taken for the nearest class."""
    with pytest.raises(DataError) as error:
        read(tmp_path, ["1", wrong, "5", wrong])
    assert (
        f"hin.tsv: labels that are no numbers from 1 to 5, the outermost bins of the card: {wrong!r} (2 times, first"
        in str(error.value)
    )
    assert "first at line 3)" in str(error.value)


def test_a_sample_has_every_class(tmp_path):
    """A limit takes of each class in turn, and reads no further than it must."""
    found = read(tmp_path, ["1"] * 20 + ["3", "5"] + ["1"] * 20, limit=3)
    assert found.fields["label"] == ("negative", "mixed", "positive")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"bins": [1, 3]}, "bins: give three edges or more in ascending order"),
        ({"bins": [1, 3, 3, 5]}, "bins: give three edges or more in ascending order"),
        ({"bins": [5, 3, 1]}, "bins: give three edges or more in ascending order"),
        ({"bins": [1, float("nan"), 5, 6]}, "bins: give three edges or more in ascending order"),
        ({"bin_names": ["a", "b"]}, "bin_names: 4 edges make 3 classes; name each, and each once"),
        ({"bin_names": ["a", "b", "a"]}, "bin_names: 4 edges make 3 classes; name each, and each once"),
        ({"bin_names": ["a", " ", "c"]}, "bin_names: a name is empty"),
        ({"fields": {"text": "text"}}, "bins: there is no field 'label'"),
        ({"labels": {"1": "a"}}, "bins: name the classes with bin_names"),
    ],
)
def test_wrong_bins_are_told_with_the_card(tmp_path, changes, said):
    """Before any file is read."""
    with pytest.raises(UsageError, match=rf"^card\.toml: \[data\] {said}"):
        read(tmp_path, ["1"], **changes)


def test_names_without_bins_name_nothing(tmp_path):
    """An option that would do nothing is an error."""
    table = {key: value for key, value in TABLE.items() if key != "bins"}
    with pytest.raises(UsageError, match="bin_names: there are no bins to name"):
        module_of("reader", "delimited").source(Home("card.toml: [data]", "m", "delimited", ("hin",), table), Data())


def test_the_classes_are_the_protocols_labels(tmp_path):
    """Said once: each has an F1 of its own, in the order of the bins."""
    path = tmp_path / "stars.toml"
    path.write_text(
        'protocol = "classification"\nfolds = 3\n[data]\nreader = "delimited"\nfiles = "{language}.tsv"\n'
        'fields = { text = "text", label = "stars" }\nbins = [1, 3, 4, 5]\n'
        'bin_names = ["negative", "mixed", "positive"]\n',
        encoding="utf-8",
    )
    card = read_card(path, str(path))
    assert card.options["labels"] == NAMES
    names = [metric.name for metric in task(card).metrics]
    assert [name for name in names if name.startswith("f1:")] == ["f1:negative", "f1:mixed", "f1:positive"]


def test_a_folder_of_the_hub_has_bins_too(tmp_path):
    """Classes that are stored as floats are cut; one outside is an error with its row."""
    folder = tmp_path / "me/stars"
    folder.mkdir(parents=True)

    def found(*stars):
        lines = (json.dumps({"text": f"t{i}", "stars": star}) for i, star in enumerate(stars))
        (folder / "test.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        table = {**TABLE, "repo": "me/stars", "split": "test", "language": "hin"}
        del table["files"]
        home = Home("card.toml: [data]", "made", "hub", ("hin",), table)
        return module_of("reader", "hub").source(home, Data(tmp_path)).read("hin").fields["label"]

    assert found(1.0, 3.5, 5.0) == ("negative", "mixed", "positive")
    with pytest.raises(DataError, match=r"no numbers from 1 to 5.*'5\.5' \(1 time, first at row 2\)"):
        found(1.0, 5.5)
