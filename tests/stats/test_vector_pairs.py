"""xlbench.stats.pairs: products of matrices tell the same models apart as looking at every pair does."""

from __future__ import annotations

import numpy as np
import pytest

from xlbench.stats.pairs import Pairs
from xlbench.stats.ranking import ranks, studentized_range
from xlbench.stats.variances import set_variances

LEVEL = 0.95


def world(seed: int, models: int, sizes: tuple[int, ...], spread: float = 0.2):
    """Values and influences of models over sets of clusters of these sizes, whose luck the models share in part."""
    random = np.random.default_rng(seed)
    clusters = sum(sizes)
    luck = random.standard_normal(clusters)
    own = 0.7 * luck + 0.5 * random.standard_normal((models, clusters))
    influences = (own - own.mean(axis=1, keepdims=True)) / clusters
    sets = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    shares = random.random(clusters)
    return 0.5 + spread * random.standard_normal(models), influences, sets, shares / shares.sum()


def critical(models: int):
    return lambda freedom: studentized_range(models, freedom, LEVEL)


@pytest.mark.parametrize("sizes", [(200,), (60, 140), (40, 40, 40, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_products_tell_the_same_models_apart(seed, sizes):
    """For all pairs of many models, whether the clusters are one set or several, both ways agree."""
    pairs = Pairs(*world(seed, 60, sizes))
    found = pairs.told_apart_by_products(critical(60), LEVEL)
    assert found is not None
    np.testing.assert_array_equal(found, pairs.told_apart(critical(60), LEVEL))
    assert 0 < found.sum() < found.size - len(found)


def test_models_that_are_nearly_the_same_are_told_apart_one_by_one():
    """Copies, copies that differ by the same in every cluster, and by almost nothing, come out as they do by pairs."""
    values, influences, sets, shares = world(1, 60, (150, 50))
    for copy, (shift, blur) in enumerate([(0.0, 0.0), (0.01, 0.0), (0.01, 1e-12), (1e-6, 1e-9), (0.0, 1e-15)], 1):
        values[copy], influences[copy] = values[0] + shift, influences[0] * (1 + blur)
    pairs = Pairs(values, influences, sets, shares)
    found = pairs.told_apart_by_products(critical(60), LEVEL)
    assert found is not None
    np.testing.assert_array_equal(found, pairs.told_apart(critical(60), LEVEL))
    assert not found[0, 1]
    assert found[0, 2]


def test_differences_at_their_critical_value_are_looked_at_again():
    """Where a difference is its critical value but for rounding, products do not decide: they agree, or say nothing."""
    values, influences, sets, shares = world(2, 50, (120, 80))
    variances, freedoms = set_variances(influences[:, None] - influences[None], sets, shares)
    total = variances.sum(axis=-1)
    spent = (np.square(variances) / freedoms).sum(axis=-1)
    rows = np.triu_indices(50, 1)
    fewest = (np.square(total[rows]) / spent[rows]).min()
    limit = critical(50)(float(fewest)) * np.sqrt(total[0, 1])
    for factor in (1 - 1e-3, 1 - 1e-6, 1.0, 1 + 1e-6, 1 + 1e-3):
        values[1] = values[0] + factor * limit
        pairs = Pairs(values, influences, sets, shares)
        found = pairs.told_apart_by_products(critical(50), LEVEL)
        expected = pairs.told_apart(critical(50), LEVEL)
        if found is not None:
            np.testing.assert_array_equal(found, expected)
        assert found is not None or factor == 1.0
        assert factor == 1.0 or expected[0, 1] == (factor > 1)


def test_a_board_of_one_model_many_times_leaves_it_to_pairs():
    """Where most models are one and the same, products would say nothing."""
    values, influences, sets, shares = world(3, 50, (100,))
    same = np.repeat(influences[:1], 50, axis=0)
    assert Pairs(values, same, sets, shares).told_apart_by_products(critical(50), LEVEL) is None
    assert ranks(values, same, LEVEL, sets, shares).apart.any()


def test_a_set_of_one_cluster_leaves_it_to_pairs():
    """What one cluster does not say of its own error is unknown to both."""
    values, influences, sets, shares = world(4, 50, (100, 1))
    pairs = Pairs(values, influences, sets, shares)
    found = pairs.told_apart_by_products(critical(50), LEVEL)
    expected = pairs.told_apart(critical(50), LEVEL)
    assert found is None or np.array_equal(found, expected)
