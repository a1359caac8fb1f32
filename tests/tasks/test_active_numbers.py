"""Choosing labels: formulas against hand values, scipy and scikit-learn; clusters, selection, schedules, the ledger."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, pairwise_distances

from xlbench import DataError, UsageError
from xlbench_tasks.protocols.active import acquisition, clusters, schedules, selection
from xlbench_tasks.protocols.active.ledger import Ledger
from xlbench_tasks.protocols.active.strategy import Strategy

LOG2 = np.log(2)
P = np.array(
    [
        [[1.0, 0.0], [0.5, 0.5], [0.9, 0.1], [1.0, 0.0]],
        [[1.0, 0.0], [0.5, 0.5], [0.7, 0.3], [0.0, 1.0]],
    ]
)
"""Two samples of four texts: sure, unsure alike, unsure a little, of two minds."""


def drawn(samples=7, texts=11, labels=4, seed=0):
    return np.random.RandomState(seed).dirichlet(np.full(labels, 0.5), (samples, texts))


def test_scores_have_their_values_by_hand():
    """Entropy, margin, BALD and variance of four texts whose values are known."""
    h = -(0.8 * np.log(0.8) + 0.2 * np.log(0.2))
    inner = (-(0.9 * np.log(0.9) + 0.1 * np.log(0.1)) - (0.7 * np.log(0.7) + 0.3 * np.log(0.3))) / 2
    assert acquisition.entropy(P) == pytest.approx([0, LOG2, h, LOG2])
    assert acquisition.margin(P) == pytest.approx([-1, 0, -0.6, 0])
    assert acquisition.bald(P) == pytest.approx([0, 0, h - inner, LOG2])
    assert acquisition.variance(P) == pytest.approx([0, 0, 0.02, 0.5])


def test_p_log_p_is_zero_at_zero():
    """A probability of 0 adds nothing to an entropy, and no warning or -0."""
    with np.errstate(all="raise"):
        found = acquisition.shannon(np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]))
    assert found.tolist() == [0.0, pytest.approx(LOG2)]
    assert not np.signbit(found).any()


def test_entropies_are_those_of_scipy():
    """Entropy and BALD agree with scipy's entropy, and with its relative entropy to the mean."""
    p = drawn()
    mean = p.mean(axis=0)
    assert acquisition.entropy(p) == pytest.approx(scipy_stats.entropy(mean, axis=-1))
    divergence = scipy_stats.entropy(p, np.broadcast_to(mean, p.shape), axis=-1).mean(axis=0)
    assert acquisition.bald(p) == pytest.approx(divergence)


def test_margins_are_differences_of_the_two_largest():
    """The margin is the second largest mean probability less the largest, as sorting says."""
    p = drawn(seed=3)
    top = -np.sort(-p.mean(axis=0), axis=1)
    assert acquisition.margin(p) == pytest.approx(top[:, 1] - top[:, 0])


def test_with_two_labels_entropy_and_margin_order_texts_alike():
    """Of two labels both grow as the likelier one comes nearer to a half."""
    p = drawn(labels=2, texts=50, seed=4)
    assert np.argsort(acquisition.entropy(p)).tolist() == np.argsort(acquisition.margin(p)).tolist()


def test_variance_is_that_of_numpy_summed_over_labels():
    """The population variance over samples, added up over labels."""
    p = drawn(seed=5)
    by_hand = [sum(((p[:, t, c] - p[:, t, c].mean()) ** 2).mean() for c in range(4)) for t in range(11)]
    assert acquisition.variance(p) == pytest.approx(by_hand)


def test_a_single_sample_tells_nothing_of_the_model():
    """With one sample, BALD and variance are 0 of every text."""
    p = drawn(samples=1)
    for name in acquisition.NEED_SAMPLES:
        assert acquisition.SCORES[name](p) == pytest.approx(np.zeros(11))


def test_the_most_wanted_come_first_and_ties_follow_the_random_order():
    """Without clusters: by score, then by the order that was drawn."""
    scores, order = np.array([1.0, 3.0, 1.0, 2.0]), np.array([3, 2, 0, 1])
    assert selection.best(scores, order, 4).tolist() == [1, 3, 2, 0]
    assert selection.best(scores, order, 9).tolist() == [1, 3, 2, 0]


def test_clusters_take_turns():
    """Every cluster gives its best text before any gives its second."""
    scores = np.array([9.0, 8.0, 7.0, 1.0, 2.0, 0.5])
    codes = np.array([0, 0, 0, 1, 1, 2])
    assert selection.best(scores, np.arange(6), 3, codes).tolist() == [0, 4, 5]
    assert selection.best(scores, np.arange(6), 6, codes).tolist() == [0, 4, 5, 1, 3, 2]


def test_furthest_goes_to_the_furthest_of_what_is_left():
    """On a line: from 0 to 10, then the middle; from nothing, the first of the drawn order."""
    line = np.array([[0.0], [1.0], [4.0], [10.0]])
    assert selection.furthest(line, np.array([[0.0]]), np.arange(4), 2).tolist() == [3, 2]
    assert selection.furthest(line, np.zeros((0, 1)), np.array([1, 0, 2, 3]), 3).tolist() == [1, 3, 2]


def test_furthest_is_the_greedy_k_center_by_scikit_learns_distances():
    """The same texts as a plain loop over pairwise distances."""
    vectors = np.random.RandomState(1).randn(40, 5)
    found = selection.furthest(vectors[3:], vectors[:3], np.arange(37), 10).tolist()
    apart, chosen = pairwise_distances(vectors), [0, 1, 2]
    for _ in range(10):
        nearest = apart[:, chosen].min(axis=1)
        nearest[chosen] = -1
        chosen.append(int(nearest.argmax()))
    assert [one + 3 for one in found] == chosen[3:]


def test_furthest_takes_each_text_once_even_where_all_are_equal():
    """Equal vectors are all 0 apart, and still no text comes twice."""
    found = selection.furthest(np.ones((6, 3)), np.ones((1, 3)), np.arange(6), 6)
    assert sorted(found.tolist()) == list(range(6))


def test_furthest_with_clusters_takes_one_of_each_in_turn():
    """With clusters, every one gives a text before any gives a second."""
    vectors = np.random.RandomState(2).randn(30, 4)
    codes = np.arange(30) % 3
    found = selection.furthest(vectors, vectors[:0], np.arange(30), 6, codes)
    assert codes[found].tolist() == [0, 1, 2, 0, 1, 2]


def test_ward_is_scikit_learns():
    """The same groups as scikit-learn's agglomerative clustering with Ward's linkage."""
    vectors = np.random.RandomState(0).randn(120, 6) + 3 * np.repeat(np.eye(6)[:4], 30, axis=0)
    found = clusters.ward(vectors, 7, np.random.RandomState(0))
    expected = AgglomerativeClustering(7, linkage="ward").fit_predict(vectors)
    assert adjusted_rand_score(found, expected) == 1.0
    assert len(set(found.tolist())) == 7


def test_more_texts_than_are_grouped_go_to_the_nearest_center(monkeypatch):
    """Of three clumps that are far apart, drawing a part of the texts finds the same three groups of all."""
    monkeypatch.setattr(clusters, "MOST", 30)
    clump = np.arange(90) % 3
    vectors = 20 * np.eye(3)[clump] + np.random.RandomState(0).randn(90, 3)
    found = clusters.ward(vectors, 3, np.random.RandomState(5))
    assert adjusted_rand_score(found, clump) == 1.0


def test_fewer_texts_than_clusters_are_a_cluster_each():
    """Nothing is grouped where there is nothing to spare."""
    assert clusters.ward(np.ones((3, 2)), 5, np.random.RandomState(0)).tolist() == [0, 1, 2]
    assert clusters.ward(np.ones((3, 2)), 1, np.random.RandomState(0)).tolist() == [0, 0, 0]


def test_principal_axes_keep_distances():
    """Where the vectors lie in few dimensions, distances along the axes are those of the vectors."""
    vectors = np.random.RandomState(0).randn(20, 4) @ np.random.RandomState(1).randn(4, 30)
    found = clusters.principal(vectors, 6)
    assert found.shape == (20, 6)
    assert pairwise_distances(found) == pytest.approx(pairwise_distances(vectors), abs=1e-4)


def test_tf_idf_puts_texts_of_the_same_words_together():
    """Texts that share their n-grams are nearer to each other than to others."""
    vectors = clusters.tf_idf(["góður matur", "góður matur hér", "slæm mynd", "slæm mynd þar"])
    found = clusters.ward(vectors, 2, np.random.RandomState(0))
    assert found[0] == found[1] != found[2] == found[3]


@pytest.mark.parametrize("rounds", [1, 2, 5, 10])
@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_schedules_end_with_the_budget_and_no_round_is_empty(schedule, rounds):
    """Totals ascend from the first round's labels to the budget, never beyond."""
    for budget in (rounds, 37, 500):
        first = max(1, budget // rounds)
        found = schedules.totals(schedule, first, budget, rounds)
        assert len(found) == rounds
        assert found[-1] == budget
        assert rounds == 1 or found[0] == first
        assert all(np.diff(found) >= 1)


def test_constant_and_linear_have_their_sizes_by_hand():
    """Equal rounds; and rounds that shrink as 4, 3, 2, 1 do."""
    assert schedules.totals("constant", 10, 50, 5) == [10, 20, 30, 40, 50]
    assert schedules.totals("linear", 10, 50, 5) == [10, 26, 38, 46, 50]


def test_dif_build_grows_with_changes_and_ends_with_the_budget():
    """Half as large where nothing changed, half as large again where most did; the last round takes the rest."""
    assert schedules.next_total(50, 500, 9, 0.0, 0.0) == 100
    assert schedules.next_total(50, 500, 9, 0.0, 0.2) == 75
    assert schedules.next_total(50, 500, 9, 0.2, 0.2) == 125
    assert schedules.next_total(480, 500, 1, 0.0, 0.2) == 500
    assert schedules.next_total(498, 500, 2, 0.2, 0.2) == 499
    spent, random = 1, np.random.RandomState(0)
    for left in range(9, 0, -1):
        changed = random.random_sample()
        after = schedules.next_total(spent, 12, left, changed, 1.0)
        assert spent < after <= 12
        spent = after
    assert spent == 12


def ledger(budget=3):
    return Ledger("some:eng", np.array([0, 1, 0, 1, 1]), ("a", "b", "c", "d", "e"), ("x", "e"), budget)


def test_a_ledger_gives_labels_that_were_paid_for():
    """What is bought is known, counts once, and costs nothing a second time."""
    own = ledger()
    own.buy(np.array([2, 0]))
    own.buy(np.array([0, 3]))
    assert own.spent == 3
    assert own.labeled.tolist() == [0, 2, 3]
    assert own.unlabeled.tolist() == [1, 4]
    assert own.codes(np.array([3, 0])).tolist() == [1, 0]


def test_a_ledger_refuses_what_exceeds_the_budget():
    """More labels than the budget are refused, and nothing is paid for then."""
    own = ledger()
    own.buy(np.array([0, 1]))
    with pytest.raises(DataError, match="4 labels would be spent, and the budget is 3"):
        own.buy(np.array([2, 3]))
    assert own.spent == 2


def test_a_ledger_refuses_test_items():
    """A pool item that has the text of a test item is refused."""
    with pytest.raises(DataError, match="pool item 4 has the text of a test item"):
        ledger().buy(np.array([1, 4]))


def test_a_ledger_keeps_labels_that_were_not_paid_for():
    """Nobody learns a label without buying it."""
    with pytest.raises(DataError, match="pool item 2 was not paid for"):
        ledger().codes(np.array([2]))


def test_a_strategy_has_a_name_and_refuses_wrong_parts():
    """The name says what is not the default; a wrong part is an error with a guess."""
    assert Strategy().name == "uniform"
    assert Strategy("bald", "ward", "linear", warm_start=True).name == "bald_ward_linear_warm"
    assert Strategy(schedule="linear").name == "uniform_linear"
    with pytest.raises(UsageError, match="Did you mean 'entropy'"):
        Strategy("entropi")
