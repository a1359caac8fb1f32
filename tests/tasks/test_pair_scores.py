"""The numbers of text pairs: correlations, average precision and thresholds, against scipy, scikit-learn and leaving
pairs out one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import average_precision_score

from xlbench.stats import Scorer
from xlbench_tasks.protocols import similarity
from xlbench_tasks.protocols.numbers import pair_scores


def sample(seed, n, levels):
    """Two sides with ties: few levels, or none at all where there are many."""
    random = np.random.RandomState(seed)
    x = random.randint(0, levels, n) / 4
    return x, np.round(x + random.standard_normal(n), 1)


@given(st.integers(0, 10_000), st.integers(4, 30), st.sampled_from([2, 5, 1000]))
@settings(max_examples=80, deadline=None)
@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_correlations_are_those_of_scipy_with_each_pair_left_out(name, seed, n, levels):
    """The value, and the values without each pair; where a side does not vary there is none."""
    x, y = sample(seed, n, levels)
    theirs = {"pearson": stats.pearsonr, "spearman": stats.spearmanr}[name]

    def expected(one, other):
        varies = len(set(one)) > 1 and len(set(other)) > 1
        return theirs(one, other).statistic if varies else np.nan

    value, without = getattr(pair_scores, name)(x, y)
    assert value == pytest.approx(expected(x, y), abs=1e-9, nan_ok=True)
    left_out = [expected(np.delete(x, i), np.delete(y, i)) for i in range(n)]
    assert without.tolist() == pytest.approx(left_out, abs=1e-9, nan_ok=True)


@given(st.integers(0, 10_000), st.integers(3, 30), st.sampled_from([3, 1000]))
@settings(max_examples=80, deadline=None)
def test_average_precision_is_that_of_scikit_learn_with_each_pair_left_out(seed, n, levels):
    """Equal scores share the precision of all that have them."""
    random = np.random.RandomState(seed)
    scores, positive = random.randint(0, levels, n) / 8, random.rand(n) < 0.5
    positive[:2] = True, False
    value, without = pair_scores.average_precision(scores, positive)
    assert value == pytest.approx(average_precision_score(positive, scores), abs=1e-12)
    for i in range(n):
        rest = np.delete(positive, i)
        expected = average_precision_score(rest, np.delete(scores, i)) if rest.any() else np.nan
        assert without[i] == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(st.integers(0, 10_000), st.integers(2, 25))
@settings(max_examples=60, deadline=None)
def test_no_threshold_is_better_than_the_best(seed, n):
    """Among all that tell the pairs apart differently."""
    random = np.random.RandomState(seed)
    scores, positive = random.randint(0, 12, n) / 8, random.rand(n) < 0.5
    best = pair_scores.best_threshold(scores, positive)
    accuracy = ((scores >= best) == positive).mean()
    assert accuracy == max(((scores >= level) == positive).mean() for level in (*scores, np.inf))


def test_the_threshold_lies_in_the_middle_of_a_gap():
    """Between the pairs that it tells apart; no pair helps to choose the threshold that it is held against."""
    scores, positive = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert pair_scores.best_threshold(scores, positive) == pytest.approx(0.5)
    scores, parts = np.array([0.1, 0.9, 0.2, 0.3]), np.array([0, 0, 1, 1], np.int8)
    positive = np.array([False, True, True, False])
    # The second half, whose order is the wrong way round, has its threshold right below .2, and the first at .5.
    assert pair_scores.crossed_hits(scores, positive, parts).tolist() == [True, True, False, True]


@pytest.mark.parametrize("name", ["spearman", "pearson"])
def test_few_pairs_have_no_interval(name):
    """Three pairs in perfect order are no evidence, and no share of anything: no interval, with the reason. So are
    nine; of ten it is the jackknife's, and where all pairs lie in one order there is none either."""
    (metric,) = (one for one in similarity.metrics({}) if one.name == name)
    random = np.random.default_rng(3)
    y = random.standard_normal(10)
    near = y + random.standard_normal(10)
    for n in (3, 9):
        found = Scorer().score(metric, {"similarity": y[:n] * 2 + 1, "score": y[:n]}, None, "x")[0]
        assert (found.low, found.high, found.method) == (None, None, "")
        assert found.value == pytest.approx(1)
        assert found.note == f"no interval: {n} items are too few for a correlation's"
    found = Scorer().score(metric, {"similarity": near, "score": y}, None, "x")[0]
    assert found.method == "jackknife"
    assert found.low < found.value < found.high
    found = Scorer().score(metric, {"similarity": y * 2 + 1, "score": y}, None, "x")[0]
    assert (found.low, found.note) == (None, "no interval: every item scores the same")
    clusters = np.repeat(np.arange(5), 2)
    found = Scorer().score(metric, {"similarity": near, "score": y}, clusters, "x")[0]
    assert found.note == "no interval: 5 clusters are too few for a correlation's"


def test_similarities_are_kept_in_steps():
    """Cosines, or dot products over the longest vector's square, rounded to millionths."""
    one, other = np.array([[3.0, 4.0], [1.0, 0.0]], np.float32), np.array([[4.0, 3.0], [0.0, 2.0]], np.float32)
    assert pair_scores.similarities(one, other, "cosine").tolist() == pytest.approx([0.96, 0.0], abs=1e-6)
    assert pair_scores.similarities(one, other, "dot").tolist() == pytest.approx([24 / 25, 0.0], abs=1e-6)
    noise = np.nextafter(one, np.float32(9))
    assert pair_scores.similarities(noise, other, "cosine").tolist() == (
        pair_scores.similarities(one, other, "cosine").tolist()
    )
