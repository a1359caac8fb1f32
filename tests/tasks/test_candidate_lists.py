"""The numbers of reranking: each query's candidates, against hand values, pytrec_eval and all orders."""

import itertools

import numpy as np
import pytest

import xlbench
from xlbench_tasks.protocols.numbers import candidate_lists, judgments
from xlbench_tasks.protocols.numbers.candidate_lists import Lists

VECTORS = {"a": (1.0, 0.0), "b": (0.8, 0.6), "c": (0.6, 0.8), "d": (0.0, 1.0), "like b": (1.6, 1.2)}
TEXTS = list(VECTORS)


class Known:
    """Has the vectors of the test."""

    def encode(self, texts, role=None):
        return np.array([VECTORS[text] for text in texts], np.float32)


class Lister:
    """Searches by itself: the two that vectors find first."""

    def search(self, queries, documents, depth, nearest):
        return nearest(min(2, len(documents)))


def lists_of(*of_queries):
    """Candidates of queries, by letters: ``("ab", "cd")``."""
    pairs = [(row, TEXTS.index(one)) for row, its in enumerate(of_queries) for one in its]
    return Lists(*np.array(sorted(pairs), np.int64).T)


def ranks(queries, lists, judged, **session):
    """Ranks and ties of judged documents."""
    wanted = judgments.of_rows(judged, len(queries), len(TEXTS))
    found = candidate_lists.ranks(queries, TEXTS, lists, wanted, xlbench.EncodingSession(Known(), **session))
    return wanted, *found


def test_a_query_is_put_to_its_own_candidates_alone():
    """By hand: of "a" the order is b, c, d, and of "d" it is c, b; what others are put to stands nowhere."""
    wanted, found, ties = ranks(["a", "d"], lists_of("bcd", "bc"), [(0, 2, 1), (0, 3, 2), (1, 1, 1)])
    assert (found.tolist(), ties.tolist()) == ([2, 3, 2], [0, 0, 0])
    measures = candidate_lists.measures(wanted, found)
    assert measures["map"].tolist() == [(1 / 2 + 2 / 3) / 2, 1 / 2]
    assert measures["mrr"].tolist() == [1 / 2, 1 / 2]
    best = 2 + 1 / np.log2(3)
    assert measures["ndcg_at_10"] == pytest.approx([(1 / np.log2(3) + 2 / np.log2(4)) / best, 1 / np.log2(3)])


def test_equal_candidates_stand_in_the_worst_order():
    """A candidate that is exactly as near as the relevant one stands before it, and is counted as a tie."""
    _, found, ties = ranks(["a"], Lists(np.array([0, 0, 0]), np.array([1, 3, 4])), [(0, 1, 1)])
    assert (found.tolist(), ties.tolist()) == ([2], [1])


def test_a_model_that_searches_has_the_candidates_as_its_corpus():
    """What its search does not find among them stands nowhere: reciprocal rank and precision are 0."""
    wanted, found, _ = ranks(["a", "d"], lists_of("bcd", "abc"), [(0, 3, 1), (1, 1, 1)], search=Lister)
    assert found.tolist() == [0, 2]
    assert candidate_lists.measures(wanted, found)["mrr"].tolist() == [0, 1 / 2]
    assert candidate_lists.measures(wanted, found)["map"].tolist() == [0, 1 / 2]


def test_measures_are_those_of_pytrec_eval():
    """Query by query, on lists of several lengths with graded judgments, to 1e-6."""
    pytrec_eval = pytest.importorskip("pytrec_eval")
    chance = np.random.default_rng(3)
    pairs, judged, run, gold = [], [], {}, {}
    for query in range(40):
        its = sorted(chance.permutation(60)[: chance.integers(3, 40)].tolist())
        grades = {one: int(chance.integers(0, 4)) for one in its[:: chance.integers(1, 4)]}
        grades[its[-1]] = 1
        pairs += [(query, one) for one in its]
        judged += [(query, one, grade) for one, grade in sorted(grades.items())]
        gold[str(query)] = {str(one): grade for one, grade in grades.items()}
    near = chance.permutation(len(pairs)) / len(pairs)
    for (query, one), value in zip(pairs, near.tolist(), strict=True):
        run.setdefault(str(query), {})[str(one)] = value
    wanted, lists = judgments.of_rows(judged, 40, 60), Lists(*np.array(pairs, np.int64).T)
    found, _ = candidate_lists.rank_lists(near, lists, wanted)
    ours = candidate_lists.measures(wanted, found)
    theirs = pytrec_eval.RelevanceEvaluator(gold, {"map", "recip_rank", "ndcg_cut.10"}).evaluate(run)
    for name, key in {"map": "map", "mrr": "recip_rank", "ndcg_at_10": "ndcg_cut_10"}.items():
        assert ours[name] == pytest.approx([theirs[str(query)][key] for query in range(40)], abs=1e-6)


def test_chance_is_the_mean_over_all_orders():
    """Of a query with four candidates and of one with two, each among its own."""
    lists, rows = lists_of("abcd", "cd"), [(0, 0, 2), (0, 2, 1), (1, 3, 1)]
    wanted, total = judgments.of_rows(rows, 2, 5), {"map": 0.0, "mrr": 0.0, "ndcg_at_10": 0.0}
    orders = list(itertools.product(itertools.permutations(range(4)), itertools.permutations(range(2))))
    for first, second in orders:
        found, _ = candidate_lists.rank_lists(np.array([*first, *second], np.float64), lists, wanted)
        for name, values in candidate_lists.measures(wanted, found).items():
            total[name] += values.mean() / len(orders)
    assert candidate_lists.chance(wanted, lists.sizes(2)) == pytest.approx(total)
