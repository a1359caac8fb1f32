"""Several labels of an item: F1 over labels and the probes that learn them, against hand values and scikit-learn."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from xlbench.stats import Scorer
from xlbench.stats.metrics import macro_f1_of_sets
from xlbench_tasks.protocols.numbers import label_probes, probes

METRIC = macro_f1_of_sets("f1", lambda columns: columns["true"], lambda columns: columns["told"])


def value(true, told):
    """The metric of two sets of labels an item (n, k)."""
    return float(METRIC.value(METRIC.rows({"true": np.array(true), "told": np.array(told)}).sum(axis=0)))


def test_f1_by_hand():
    """The first label is found once of twice: 2/3; the second once, and once too often: 2/3; the third, which no item
    has, does not count, and the fourth is never found: 0."""
    true = [[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]]
    told = [[1, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert value(true, told) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_f1_is_scikit_learns(seed):
    """Over the labels that some item has."""
    chance = np.random.default_rng(seed)
    true, told = (chance.random((20, 4)) < chance.random(4) for _ in range(2))
    true[0, 0] = True
    seen = np.flatnonzero(true.any(axis=0))
    expected = sklearn.metrics.f1_score(true, told, labels=seen, average="macro", zero_division=0)
    assert value(true, told) == pytest.approx(expected)


def test_an_item_moves_the_value_as_leaving_it_out_does():
    """Influences add up to nothing, and items that are told wrongly pull the value down."""
    chance = np.random.default_rng(0)
    true = chance.random((200, 3)) < 0.5
    told = true.copy()
    told[:40] = ~told[:40]
    psi = METRIC.influence({"true": true, "told": told})
    assert psi.mean() == pytest.approx(0, abs=0.02)
    assert psi[:40].mean() < -0.5 < 0 < psi[40:].mean()
    without = value(true[1:], told[1:])
    assert psi[0] / 200 == pytest.approx(value(true, told) - without, rel=0.05)


def test_the_interval_is_that_of_the_bootstrap():
    """Its ends are where the values of resampled items lie, within a fifth of its width."""
    chance = np.random.default_rng(1)
    true = chance.random((300, 3)) < (0.2, 0.5, 0.7)
    told = true ^ (chance.random((300, 3)) < 0.2)
    columns = {"true": true, "told": told}
    found, _ = Scorer().score(METRIC, columns)
    drawn = [value(true[rows], told[rows]) for rows in chance.integers(0, 300, (2000, 300))]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=(high - low) / 5)


def items(n, seed):
    """Vectors (n, 12), and labels (n, 4) that follow from them but for some noise; the last one is everywhere."""
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(n, 12)).astype(np.float32)
    has = vectors[:, :4] + chance.normal(size=(n, 4)) * 0.5 > (0, 0.8, -0.5, -100)
    return vectors, has


def test_probes_are_one_a_label_at_its_optimum():
    """They are scikit-learn's one-vs-rest logistic regression over vectors of length 1, carried to its end."""
    (vectors, has), (asked, _) = items(400, 2), items(300, 3)
    fit = label_probes.learn(vectors, has)
    model = OneVsRestClassifier(LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000))
    model.fit(probes.unit(vectors), has[:, :3].astype(int))
    told = fit.label(asked)
    assert fit.converged
    assert (told[:, :3] == model.predict(probes.unit(asked)).astype(bool)).all()
    assert told[:, 3].all()


def test_what_all_training_items_have_or_none_is_not_learned():
    """A label of all is said of all, and one of none of none."""
    vectors, has = items(50, 4)
    has[:, 1] = False
    told = label_probes.learn(vectors, has).label(vectors)
    assert (told[:, 1].any(), told[:, 3].all()) == (False, True)


def test_chance_is_that_of_guessing_by_frequency():
    """Labels that are drawn as often as training items have them score so, in the mean of many draws."""
    (_, learned), (_, has) = items(500, 5), items(4000, 6)
    chance, level = np.random.default_rng(7), label_probes.chance([(learned, has)])
    told = [chance.random(has.shape) < learned.mean(axis=0) for _ in range(20)]
    assert np.mean([value(has, one) for one in told]) == pytest.approx(level["macro_f1"], abs=0.005)
    micro = [sklearn.metrics.f1_score(has, one, average="micro") for one in told]
    assert np.mean(micro) == pytest.approx(level["micro_f1"], abs=0.005)
    assert np.mean([(has == one).all(axis=1).mean() for one in told]) == pytest.approx(level["accuracy"], abs=0.005)


def test_the_majority_by_hand():
    """Of labels that 3/4, 1/2 and none of the training items have, the first alone is said: it is all of one item."""
    learned = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]], bool)
    has = np.array([[1, 0, 0], [1, 1, 0]], bool)
    assert label_probes.majority([(learned, has)]) == {"majority_accuracy": 1 / 2, "majority_macro_f1": (1 + 0) / 2}
