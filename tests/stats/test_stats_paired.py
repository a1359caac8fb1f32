"""xlbench.stats.paired and ranking: differences, and which ranks they leave open."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as reference

from xlbench import UsageError
from xlbench.stats import Part, compare, part, ranks


def mean_part(x, clusters, seed_variance=0.0):
    """The part of a plain mean."""
    x = np.asarray(x, dtype=float)
    return part(x.mean(), x - x.mean(), np.asarray(clusters), seed_variance)


def test_items_alone_give_the_paired_t_test():
    """Value, error, interval and p are those of scipy's ttest_rel."""
    rng = np.random.default_rng(0)
    a = rng.random(40)
    b = a + rng.normal(0.05, 0.1, 40)
    found = compare(mean_part(a, range(40)), mean_part(b, range(40)))
    expected = reference.ttest_rel(a, b)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval()))
    assert found.value == pytest.approx(found.se * expected.statistic)
    assert found.clusters == 40


def test_a_difference_by_hand():
    """Clusters 0, 1, 2 of sizes 2, 2, 1 with differences 1+0, 1+1, 0: left out, each leaves 2/3, 1/3, 3/4."""
    clusters = np.array([0, 0, 1, 1, 2])
    found = compare(mean_part([1, 1, 1, 1, 0], clusters), mean_part([0, 1, 0, 0, 0], clusters))
    assert found.value == pytest.approx(0.6)
    assert found.se == pytest.approx(np.sqrt(1.5 * (1 / 9**2 + 1 / 18**2 + 1 / 6**2)))


def test_swapping_turns_the_sign_and_nothing_else():
    """compare(a, b) is -compare(b, a)."""
    rng = np.random.default_rng(1)
    a, b = (mean_part(rng.random(20), range(20), 1e-4) for _ in range(2))
    one, other = compare(a, b), compare(b, a)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))
    assert (one.se, one.p) == pytest.approx((other.se, other.p))


def test_identical_answers_do_not_differ():
    """Difference 0 with p = 1, and no interval of width 0."""
    a = mean_part([1, 0, 1, 1], range(4))
    found = compare(a, a)
    assert (found.value, found.se, found.p, found.low, found.high) == (0.0, 0.0, 1.0, None, None)


def test_a_difference_without_spread_has_no_p():
    """All right against all wrong: this formula cannot say how sure that is."""
    found = compare(mean_part([1, 1, 1], range(3)), mean_part([0, 0, 0], range(3)))
    assert (found.value, found.p, found.low) == (1.0, None, None)
    assert "same difference in every cluster" in found.note


def test_too_few_clusters_have_no_p():
    """One cluster, or a part whose influence is not known."""
    one = mean_part([1, 0], [3, 3])
    assert compare(one, mean_part([0, 0], [3, 3])).p is None
    unknown = Part(0.5, np.arange(3), np.full(3, np.nan), 3)
    assert compare(unknown, mean_part([1, 0, 1], range(3))).p is None


def test_the_variance_of_seeds_of_both_counts():
    """Starts of two models are independent."""
    x = np.random.default_rng(0).random(30)
    found = compare(mean_part(x, range(30), 0.0003), mean_part(x, range(30), 0.0001))
    assert found.se == pytest.approx(0.02)
    assert found.p == pytest.approx(1.0)


def models(true, n=200, noise=0.1, seed=0):
    """Values and influences of models with these true values over n shared items."""
    rng = np.random.default_rng(seed)
    x = np.asarray(true)[:, None] + rng.normal(0, 0.3, n) + rng.normal(0, noise, (len(true), n))
    return x.mean(axis=1), (x - x.mean(axis=1, keepdims=True)) / n


def test_a_clear_winner_has_rank_one_alone():
    """The others, equal in truth, share ranks 2 to 4."""
    found = ranks(*models([0.5, 0.8, 0.5, 0.5]))
    assert (found.low.tolist(), found.high.tolist()) == ([2, 1, 2, 2], [4, 1, 4, 4])
    assert found.tied_with_best.tolist() == [False, True, False, False]


def test_a_ladder_of_clear_steps_is_ranked():
    """Wide gaps leave each model one rank."""
    found = ranks(*models([0.1, 0.9, 0.5]))
    assert found.low.tolist() == found.high.tolist() == [3, 1, 2]


def test_shared_luck_does_not_tie():
    """Items move both models alike: a gap far below either's own error is still seen."""
    values, influences = models([0.5, 0.52], noise=0.01)
    assert np.sqrt((influences[0] ** 2).sum()) > 0.018
    assert ranks(values, influences).tied_with_best.tolist() == [False, True]


def test_identical_models_are_tied():
    """A copy of the best is tied with it, and counts for the ranks of others."""
    values, influences = models([0.9, 0.5])
    found = ranks(values[[0, 0, 1]], influences[[0, 0, 1]])
    assert (found.low.tolist(), found.high.tolist()) == ([1, 1, 3], [2, 2, 3])
    assert found.tied_with_best.tolist() == [True, True, False]


def test_one_model_or_none_has_its_rank():
    """No pair, nothing to draw."""
    values, influences = models([0.5])
    one = ranks(values, influences)
    assert (one.low.tolist(), one.high.tolist(), one.tied_with_best.tolist()) == ([1], [1], [True])
    assert len(ranks(np.zeros(0), np.zeros((0, 5))).low) == 0


def test_what_is_not_known_is_tied_with_all():
    """A model without interval takes no rank from others, and may have any."""
    values, influences = models([0.9, 0.5, 0.1])
    influences[1] = np.nan
    found = ranks(values, influences)
    assert (found.low.tolist(), found.high.tolist()) == ([1, 1, 2], [2, 3, 3])
    assert found.tied_with_best.tolist() == [True, True, False]


def test_equal_models_are_seldom_told_apart():
    """Of 200 boards of five equal models over ten clusters, about one in twenty shows any difference; plain t tests
    of all pairs would show one in four."""
    wrong = 0
    for seed in range(200):
        found = ranks(*models([0.5] * 5, n=10, seed=seed), seed=seed)
        wrong += bool((found.low > 1).any() or (found.high < 5).any())
    assert 1 <= wrong <= 24


def two_models(gap):
    """Values and influences of two models over 100 clusters, of which the standard error of the difference is .03."""
    lift = np.tile([0.03, -0.03], 50) / 10 * np.sqrt(99 / 100)  # 100/99 * sum of squares = .03^2
    return np.array([0.5 + gap, 0.5]), np.stack([lift, np.zeros(100)])


def test_the_error_of_a_pair_holds_the_variance_of_seeds():
    """By hand: items give .03, seeds .04 and 0, so the difference has .05; a t over 99 clusters asks for 1.98 of it.

    A gap of .08 is 2.7 errors of items and tells the two apart; with the seeds it is 1.6 and does not; .12 is 2.4.
    """
    seeds = np.array([0.04**2, 0.0])
    assert reference.t.ppf(0.975, 99) == pytest.approx(1.984, abs=1e-3)
    for gap, variances, tied in [(0.08, None, False), (0.08, seeds, True), (0.12, seeds, False)]:
        found = ranks(*two_models(gap), seed_variances=variances)
        assert found.tied_with_best.tolist() == [True, tied], (gap, variances)
    for gap in (0.097, 0.101):  # just below and just above 1.984 * .05
        found = ranks(*two_models(gap), seed_variances=seeds)
        values, influences = two_models(gap)
        parts = [Part(v, np.arange(100), u, 100, s) for v, u, s in zip(values, influences, seeds, strict=True)]
        paired = compare(*parts)
        assert paired.se == pytest.approx(0.05)
        assert (paired.p < 0.05) == (not found.tied_with_best[1])


def test_seeds_of_no_variance_change_no_rank():
    """Variances of 0 are none."""
    values, influences = models(np.linspace(0.5, 0.6, 12), n=60)
    one, other = ranks(values, influences), ranks(values, influences, seed_variances=np.zeros(12))
    assert (one.low.tolist(), one.high.tolist()) == (other.low.tolist(), other.high.tolist())


def test_copies_share_their_starts():
    """Two copies of one model are tied whatever their seeds, and cost the others nothing."""
    values, influences = models([0.9, 0.5])
    found = ranks(values[[0, 0, 1]], influences[[0, 0, 1]], seed_variances=np.array([1e-6, 1e-6, 1e-6]))
    assert (found.low.tolist(), found.high.tolist()) == ([1, 1, 3], [2, 2, 3])


def test_variances_of_seeds_must_fit():
    """One a model, none below 0; one that is not known leaves its model tied with all."""
    values, influences = models([0.9, 0.5, 0.1])
    for wrong in (np.zeros(2), np.array([0.1, -0.1, 0.0])):
        with pytest.raises(UsageError, match="variances of seeds"):
            ranks(values, influences, seed_variances=wrong)
    found = ranks(values, influences, seed_variances=np.array([0.0, np.nan, 0.0]))
    assert found.tied_with_best.tolist() == [True, True, False]


def test_equal_models_with_seeds_are_seldom_told_apart():
    """Of 200 boards of five equal models whose starts move them as much as items do, about one in twenty shows any
    difference; without the variance of seeds most would."""
    wrong, careless = 0, 0
    for seed in range(200):
        values, influences = models([0.5] * 5, n=100, seed=seed)
        values = values + np.random.default_rng(1000 + seed).normal(0, 0.01, 5)
        for variances in (np.full(5, 1e-4), None):
            found = ranks(values, influences, seed=seed, seed_variances=variances)
            shown = bool((found.low > 1).any() or (found.high < 5).any())
            wrong, careless = wrong + (variances is not None and shown), careless + (variances is None and shown)
    assert wrong <= 20
    assert careless >= 40


def test_ranks_come_from_seed_and_content():
    """The same board has the same ranks, and shapes must fit."""
    values, influences = models(np.linspace(0.5, 0.6, 12), n=60)
    one, other = (ranks(values, influences, seed=3, content="x") for _ in range(2))
    assert one.low.tolist() == other.low.tolist()
    with pytest.raises(UsageError, match="do not go with"):
        ranks(values[:2], influences)
