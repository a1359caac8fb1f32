"""Searches whose queries are documents, too: each is left out of its own list, and of nobody else's."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xlbench
from xlbench import DataError, Subset
from xlbench_tasks.data.collections import Collection
from xlbench_tasks.protocols import search
from xlbench_tasks.protocols.numbers import judgments, listing, nearest
from xlbench_tasks.protocols.search_items import search_items

VECTORS = {
    "north": (1.0, 0.0),
    "north by east": (0.9, 0.2),
    "east by north": (0.4, 0.9),
    "east": (0.0, 1.0),
    "the other east": (0.0, 2.0),
}


class Compass:
    """Has the vectors of the test."""

    def encode(self, texts, role=None):
        return np.array([VECTORS[text] for text in texts], np.float32)


class Lister:
    """Searches by itself: by the same vectors, as lists."""

    def search(self, queries, documents, depth, nearest):
        return nearest(min(depth, len(documents)))


def items(grades, queries=("north", "east"), own=True):
    """A search of all texts by some of them; document ``d-east`` has the id of the query ``east``."""
    asked = Collection(
        {text: text for text in queries}, {text: text for text in queries},
        {f"d-{text}": text for text in VECTORS}, grades,
    )  # fmt: skip
    return search_items(
        "eng", asked, {"eng": asked}, "here", {text: ("eng", f"d-{text}") for text in queries} if own else None
    )


def outcome(found, **session):
    """What the protocol makes of the items."""
    subset = Subset("eng", ("eng",), load=lambda: found)
    return search.evaluate(subset, xlbench.EncodingSession(Compass(), **session), {})


@pytest.mark.parametrize("session", [{}, {"search": Lister}])
def test_ranks_by_hand(session):
    """Of "north" the nearest document is then "north by east", and of "east" its double, whether a model compares
    vectors or searches by itself; otherwise each finds itself first."""
    grades = {"north": {"d-north by east": 1}, "east": {"d-east by north": 1, "d-the other east": 1}}
    without, whole = outcome(items(grades), **session), outcome(items(grades, own=False), **session)
    assert without.columns["mrr_at_10"].tolist() == [1, 1]
    assert without.columns["map"].tolist() == [1, 1]
    assert whole.columns["mrr_at_10"].tolist() == [1 / 2, 1 / 2]
    assert without.columns["judged_at_10"].tolist() == [1 / 4, 2 / 4]
    assert without.chance["recall_at_10"] == 1
    assert without.chance["precision_at_1"] == (1 / 4 + 2 / 4) / 2


def test_what_is_left_out_is_said():
    """How many queries, how many judgments with them, and where the id alone is the same; notes tell why."""
    grades = {"north": {"d-north": 2, "d-north by east": 1}, "east": {"d-east by north": 1}}
    facts = outcome(items(grades)).facts
    assert (facts["queries_left_out_of_their_lists"], facts["judgments_left_out"]) == (2, 1)
    assert "left_out_by_id_alone" not in facts
    assert outcome(items(grades)).columns["map"].tolist() == [1, 1 / 2]  # "the other east" is nearer
    assert any("each is left out of its own list" in note for note in outcome(items(grades)).notes)
    asked = Collection({"7": "north"}, {"7": "7"}, {"7": "east", "8": "north by east"}, {"7": {"8": 1}})
    with pytest.raises(DataError, match="every document is relevant to every query"):
        search_items("eng", asked, {"eng": asked}, "here", {"7": ("eng", "7")})
    more = Collection(asked.queries, asked.clusters, {**asked.documents, "9": "east by north"}, asked.grades)
    by_id = search_items("eng", more, {"eng": more}, "here", {"7": ("eng", "7")})
    assert by_id.facts["left_out_by_id_alone"] == 1
    assert any("have a query's id, and not its text" in note for note in by_id.notes)


def test_a_query_that_is_its_own_answer_alone_is_left_out():
    """With its document goes its judgment: the query has no answer, and is counted."""
    found = items({"north": {"d-north": 1}, "east": {"d-east by north": 1}})
    assert (found.ids, found.own) == (("east",), (3,))
    assert found.facts["queries_without_answer"] == 1


def test_lists_are_without_it():
    """What `xlbench export trec` writes does not have it either; others move up."""
    grades = {"north": {"d-north by east": 1}, "east": {"d-east by north": 1}}
    subset = Subset("eng", ("eng",), load=lambda: items(grades))
    for session in ({}, {"search": Lister}):
        found = search.find(subset, xlbench.EncodingSession(Compass(), **session), 3)
        names = [[found.documents[place] for place in row] for row in found.places.tolist()]
        assert names[0][:2] == ["d-north by east", "d-east by north"]
        assert names[1] == ["d-the other east", "d-east by north", "d-north by east"]
        assert found.ndcg(10).tolist() == outcome(items(grades), **session).columns["ndcg_at_10"].tolist()
    places, scores = listing.without(
        np.array([[2, 0, 1], [0, 1, -1]]), np.array([[3.0, 2, 1], [3, 2, 0]]), np.array([0, -1])
    )
    assert places.tolist() == [[2, 1, -1], [0, 1, -1]]
    assert scores[0, :2].tolist() == [3, 1]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10_000))
def test_ranks_and_ties_are_those_of_the_other_documents(seed):
    """With many equal documents, ranks and ties are those of a search from which the document was taken before."""
    chance = np.random.default_rng(seed)
    documents = chance.integers(-1, 2, (9, 2)).astype(np.float32)
    documents[~documents.any(axis=1)] = 1
    queries = documents[:3] + chance.integers(0, 2, (3, 2)).astype(np.float32) / 4
    pairs = [(query, int(one), int(chance.integers(0, 3))) for query in range(3)
             for one in sorted(chance.permutation(9)[:4].tolist()) if one != query]  # fmt: skip
    whole = judgments.of_rows(pairs, 3, 9, own=(0, 1, 2))
    ranks, ties = nearest.rank_judged(queries, nearest.Index.of(documents), whole)
    for query in range(3):
        kept = [place for place in range(9) if place != query]
        mine = [(0, kept.index(one), grade) for of, one, grade in pairs if of == query]
        alone = judgments.of_rows(mine, 1, 8)
        expected = nearest.rank_judged(queries[[query]], nearest.Index.of(documents[kept]), alone)
        assert ranks[whole.query == query].tolist() == expected[0].tolist()
        assert ties[whole.query == query].tolist() == expected[1].tolist()


def test_chance_is_that_of_the_documents_that_are_left():
    """The expectation of every metric is the mean over all orders of the four documents that a list can have."""
    pairs = [(0, 1, 2), (0, 3, 1), (0, 4, 0)]
    one = judgments.of_rows(pairs, 1, 5, own=(0,))
    orders = np.array(list(itertools.permutations(range(4)))) + 1
    tiled = judgments.Judgments(
        np.repeat(np.arange(len(orders)), 3), np.tile(one.document, len(orders)), np.tile(one.grade, len(orders)),
        len(orders), 5, np.zeros(len(orders), np.int64),
    )  # fmt: skip
    found = judgments.measures(tiled, orders[tiled.query, tiled.document - 1])
    for name, level in judgments.chance(one).items():
        assert found[name].mean() == pytest.approx(level), name
