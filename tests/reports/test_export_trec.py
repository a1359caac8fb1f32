"""Searches as files of TREC: what is written, and what is not written over."""

import hashlib
import json

import numpy as np
import pytest
from saved_runs import save_cell

from xlbench import FoundDocuments, UsageError
from xlbench.reports.exports import trec
from xlbench.runs.store import Store

FOUND = FoundDocuments(
    ("set:a b", "set:q"), ("a b", "q"), ("d1", "d 2%", "d3"),
    np.array([[1, 0, 2], [-1, -1, -1]]), np.array([[0.5, 0.5, 0.1], [0.0, 0.0, 0.0]]),
    ((0, 0, 2), (0, 1, 0), (1, 2, 1)),
)  # fmt: skip


@pytest.fixture
def cell(tmp_path):
    return save_cell(Store(tmp_path), "alpha", "find", "eng", 10)


def test_a_run_file_and_judgments_in_the_form_of_trec(cell):
    """Equal scores fall by the smallest step, white space in ids is written as %20, and a query without documents has
    a line of its own, as readers leave out the queries that have none."""
    files = trec.export("my model", "f" * 64, 3, [(cell, FOUND)], b"").files
    below = str(np.nextafter(np.float32(0.5), np.float32(0)))
    assert files["find.eng.run.txt"].splitlines() == [
        "a%20b Q0 d%202%25 1 0.5 my%20model-ffffffff",
        f"a%20b Q0 d1 2 {below} my%20model-ffffffff",
        "a%20b Q0 d3 3 0.1 my%20model-ffffffff",
        "q Q0 nothing-found 1 0.0 my%20model-ffffffff",
    ]
    assert files["find.eng.qrels.txt"].splitlines() == ["a%20b 0 d1 2", "a%20b 0 d%202%25 0", "q 0 d3 1"]
    listed = json.loads(files["trec.json"])
    assert (listed["model"], listed["depth"], listed["cells"][0]["qrels"]) == ("my model", 3, "find.eng.qrels.txt")
    assert listed["sha256"]["find.eng.run.txt"] == hashlib.sha256(files["find.eng.run.txt"].encode()).hexdigest()


def test_scores_fall_in_single_precision():
    """However many scores are equal, or nearer than single precision tells, each is below the one before it."""
    scores = np.array([[1.0, 1.0, 1.0, 1.0 - 1e-12, 0.0, 0.0, -1.0]])
    falling = trec.falling(scores)
    assert falling.dtype == np.float32
    assert (np.diff(falling) < 0).all()
    assert np.abs(falling - scores).max() < 1e-6


def test_files_of_the_same_model_are_replaced_and_no_others(cell):
    """What the list of an earlier export of this model names, unchanged since, is its own; another model's is not."""
    first = trec.export("alpha", "f" * 64, 3, [(cell, FOUND)], b"")
    there = {name: content.encode() for name, content in first.files.items()}
    again = trec.export("alpha", "f" * 64, 2, [(cell, FOUND)], there["trec.json"])
    assert all(again.is_own(name, content) for name, content in there.items())
    assert not again.is_own("find.eng.run.txt", there["find.eng.run.txt"] + b"x")
    other = trec.export("beta", "e" * 64, 3, [(cell, FOUND)], there["trec.json"])
    assert not any(other.is_own(name, content) for name, content in there.items())
    for damaged in (b"[", b"{}", b"[1]", b'{"sha256": [], "fingerprint": 1}'):
        assert not trec.export("alpha", "f" * 64, 3, [(cell, FOUND)], damaged).is_own("trec.json", damaged)


def test_ids_that_a_file_cannot_hold_are_an_error(cell):
    """Ids that become equal when white space is written as in addresses are named, with their task."""
    made = FoundDocuments(("x", "y"), ("a b", "a%20b"), FOUND.documents, FOUND.places, FOUND.scores, FOUND.judged)
    with pytest.raises(UsageError, match="find eng: ids of queries are empty, or differ in white space alone"):
        trec.export("alpha", "f" * 64, 3, [(cell, made)], b"")
