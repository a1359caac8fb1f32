"""xlbench.stats.paired and ranking: differences, and which ranks they leave open."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as reference

from xlbench import UsageError
from xlbench.stats import Part, compare, part, ranks


def mean_part(x, clusters, seeds=None):
    """The part of a plain mean."""
    x = np.asarray(x, dtype=float)
    codes = None if seeds is None else 1000 + np.arange(len(seeds))
    return part(x.mean(), x - x.mean(), np.asarray(clusters), seeds if seeds is None else np.asarray(seeds), codes)


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
    a, b = (mean_part(rng.random(20), range(20), rng.random(5)) for _ in range(2))
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


def test_draws_that_two_models_share_are_paired():
    """The difference of two models varies by seed as their scores differ seed by seed: a t test of these."""
    x, rng = np.random.default_rng(0).random(30), np.random.default_rng(1)
    luck = rng.normal(0, 0.1, 10)
    one, other = 0.5 + luck + rng.normal(0, 0.01, 10), 0.5 + luck + rng.normal(0, 0.01, 10)
    found = compare(mean_part(x + one.mean() - x.mean(), range(30), one), mean_part(x, range(30), other))
    test = reference.ttest_1samp(one - other, 0.0)
    assert found.se == pytest.approx(reference.sem(one - other))
    assert found.freedom == pytest.approx(9)
    assert found.value / found.se == pytest.approx((one.mean() - x.mean()) / reference.sem(one - other))
    assert test.statistic == pytest.approx((one - other).mean() / found.se)


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


@pytest.mark.slow
def test_equal_models_are_seldom_told_apart():
    """Of 200 boards of five equal models over ten clusters, about one in twenty shows any difference; plain t tests
    of all pairs would show one in four."""
    wrong = 0
    for seed in range(200):
        found = ranks(*models([0.5] * 5, n=10, seed=seed))
        wrong += bool((found.low > 1).any() or (found.high < 5).any())
    assert 1 <= wrong <= 24


def test_the_rank_of_two_is_their_paired_difference():
    """Two models are told apart where the p of their difference is below .05: just above, and just below."""
    lift = np.tile([0.03, -0.03], 50) / 10 * np.sqrt(99 / 100)  # 100/99 * sum of squares = .03^2
    influences = np.stack([lift, np.zeros(100)])
    for gap in (0.058, 0.061):  # t is 1.984 at 99 degrees of freedom
        values = np.array([0.5 + gap, 0.5])
        found = ranks(values, influences)
        paired = compare(*(Part(v, np.arange(100), u, 100) for v, u in zip(values, influences, strict=True)))
        assert paired.se == pytest.approx(0.03)
        assert (paired.p < 0.05) == (not found.tied_with_best[1])


def with_seeds(values, influences, moved):
    """Values, influences and sets of models that seeds move by ``moved`` (M, S), beside their items."""
    seeds = (moved - moved.mean(axis=1, keepdims=True)) / moved.shape[1]
    sets = np.repeat([0, 1], [influences.shape[1], moved.shape[1]])
    return values + moved.mean(axis=1), np.concatenate([influences, seeds], axis=1), sets


def test_copies_share_their_starts():
    """Two copies of one model are tied whatever their seeds, and cost the others nothing."""
    values, influences = models([0.9, 0.5])
    moved = np.random.default_rng(0).normal(0, 0.01, (2, 10))
    values, influences, sets = with_seeds(values[[0, 0, 1]], influences[[0, 0, 1]], moved[[0, 0, 1]])
    found = ranks(values, influences, sets=sets)
    assert (found.low.tolist(), found.high.tolist()) == ([1, 1, 3], [2, 2, 3])


@pytest.mark.slow
def test_equal_models_with_seeds_are_seldom_told_apart():
    """Of 200 boards of five equal models whose starts move them as much as items do, about one in twenty shows any
    difference; without the seeds most would."""
    wrong, careless = 0, 0
    for seed in range(200):
        plain, influences = models([0.5] * 5, n=100, seed=seed)
        moved = np.random.default_rng(1000 + seed).normal(0, 0.03, (5, 10))
        values, together, sets = with_seeds(plain, influences, moved)
        for some, of_set in ((together, sets), (influences, None)):
            found = ranks(values, some, sets=of_set)
            shown = bool((found.low > 1).any() or (found.high < 5).any())
            wrong, careless = wrong + (of_set is not None and shown), careless + (of_set is None and shown)
    assert wrong <= 20
    assert careless >= 30


def test_ranks_hang_on_no_order():
    """The same models in another order have the same ranks, and shapes must fit."""
    values, influences = models(np.linspace(0.5, 0.6, 12), n=60)
    one, other = ranks(values, influences), ranks(values[::-1], influences[::-1])
    assert one.low.tolist() == other.low[::-1].tolist()
    with pytest.raises(UsageError, match="do not go with"):
        ranks(values[:2], influences)


def test_all_right_is_told_apart_from_all_wrong():
    """Two models that differ by the same on every item leave no standard error; 500 items that one of them alone has
    right are no tie, and 3 could be."""
    none = np.zeros((2, 500))
    apart, few = ranks(np.array([1.0, 0.0]), none), ranks(np.array([1.0, 0.0]), none[:, :3])
    assert (apart.low.tolist(), apart.high.tolist(), apart.tied_with_best.tolist()) == ([1, 2], [1, 2], [True, False])
    assert few.tied_with_best.tolist() == [True, True]
    assert ranks(np.array([0.5, 0.5]), none).tied_with_best.tolist() == [True, True]
