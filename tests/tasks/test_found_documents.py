"""Which documents a search finds, in the order that its scores count, against its scores and by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import xlbench
from xlbench import Data, EncodingSession, FoundDocuments, UsageError
from xlbench.catalog import load
from xlbench.core.found_documents import found_documents
from xlbench_tasks.protocols.numbers import judgments, listing


class Coarse:
    """Vectors of few distinct values, so that many documents are equally near."""

    def encode(self, texts, role=None):
        return np.array([[1 + len(text) % 3, 1 + text.count("e") % 2, 1.0] for text in texts], np.float32)


class Listing:
    """A search of its own, in which many scores are equal, and some queries find nothing."""

    def search(self, queries, documents, depth, nearest):
        scores = np.array([[len(set(query) & set(text)) // 4 for text in documents] for query in queries], float)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
        scores = np.take_along_axis(scores, order, axis=1)
        return np.where(scores > 0, order, -1), scores


def search() -> tuple[xlbench.Task, xlbench.Subset]:
    """The embedded search in English."""
    (task,) = load().select_tasks(["mini-search"])
    return task, next(one for one in task.subsets(Data()) if one.name == "eng")


SESSIONS = {
    "ties": lambda: EncodingSession(Coarse()),
    "lists": lambda: EncodingSession(load=Coarse, search=Listing),
}


@pytest.mark.parametrize("kind", SESSIONS)
@pytest.mark.parametrize("depth", [10, 60, 1000])
def test_lists_score_what_the_search_scores(kind, depth):
    """nDCG of the lists, query by query, is that of the protocol, however many documents are equally near."""
    task, subset = search()
    outcome = task.evaluate(subset, SESSIONS[kind]())
    found = found_documents(task, subset, SESSIONS[kind](), depth)
    assert outcome.facts["tie_rate"] > 0.2
    assert found.ndcg(10) == pytest.approx(outcome.columns["ndcg_at_10"], abs=1e-12)
    assert list(found.item_ids) == list(outcome.item_ids)
    assert found.places.shape[1] == min(depth, 60)


def test_judged_documents_stand_at_their_ranks():
    """Between them stand the others in their order; a list that ends earlier ends in -1. (By hand.)"""
    judged = judgments.of_rows([(0, 2, 1), (0, 4, 2), (1, 0, 1)], 2, 6)
    near = np.array([[2, 5, 4, 0, 1, 3], [3, 1, -1, -1, -1, -1]])
    places = listing.as_scored(near, judged, np.array([2, 4, 0]), 5)
    assert places.tolist() == [[5, 2, 0, 4, 1], [3, 1, -1, -1, -1]]
    assert listing.as_scored(near, judged, np.array([2, 4, 0]), 2).tolist() == [[5, 2], [3, 1]]


def test_gains_and_discounts_by_hand():
    """Grades 2 and 1 at places 1 and 3, of an ideal 2, 1: (2 + 1/2) / (2 + 1/log2(3)); nothing found is 0."""
    found = FoundDocuments(
        ("a", "b"), ("a", "b"), ("x", "y", "z"), np.array([[2, 1, 0], [-1, -1, -1]]), np.zeros((2, 3)),
        ((0, 0, 1), (0, 2, 2), (1, 1, 1)),
    )  # fmt: skip
    assert found.ndcg(10).tolist() == pytest.approx([2.5 / (2 + 1 / np.log2(3)), 0.0])
    assert found.ndcg(1).tolist() == [1.0, 0.0]


def test_lists_of_a_strangers_task_are_checked():
    """What is no list, lists a document twice, ascends or raises is one line that names the task and the subset."""
    task, subset = search()
    good = found_documents(task, subset, EncodingSession(Coarse()), 5)
    twice = good.places.copy()
    twice[0, :2] = twice[0, 0]
    for made, line in {
        "no FoundDocuments": lambda *_: [1],
        "a document twice": lambda *_: replace(good, places=twice),
        "not in descending order": lambda *_: replace(good, scores=-good.scores + np.arange(5)),
        "have one id": lambda *_: replace(good, queries=["q"] * 60),
        "cannot be had: ZeroDivisionError": lambda *_: 1 // 0,
        "at most 3 documents": lambda *_: good,
    }.items():
        depth = 3 if made.startswith("at most") else 5
        with pytest.raises(UsageError, match=f"mini-search eng: .*{made}"):
            found_documents(replace(task, find=line), subset, None, depth)
    with pytest.raises(UsageError, match="does not tell which documents are found"):
        found_documents(replace(task, find=None), subset, None, 5)
