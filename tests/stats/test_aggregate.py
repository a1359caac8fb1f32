"""xlbench.stats.aggregate: the one formula."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from xlbench import UsageError, metrics
from xlbench.stats import CI, Part, Scorer, combine, estimate, interval_methods, part
from xlbench.stats.aggregate import standard_error


def mean_part(x, clusters, seeds=None, first=1000):
    """The part of a plain mean, with scores by single seeds that are numbered from ``first``."""
    x = np.asarray(x, dtype=float)
    codes = None if seeds is None else first + np.arange(len(seeds))
    return part(x.mean(), x - x.mean(), np.asarray(clusters), seeds if seeds is None else np.asarray(seeds), codes)


def test_a_part_by_hand():
    """Hits 1,0 | 1,1 | 0 in clusters 7, 9, 4: left out, each leaves 2/3, 1/3 and 3/4, whose mean is 7/12."""
    found = mean_part([1, 0, 1, 1, 0], [7, 7, 9, 9, 4])
    assert found.clusters.tolist() == [4, 7, 9]
    assert found.influence == pytest.approx(2 / 3 * (7 / 12 - np.array([3 / 4, 2 / 3, 1 / 3])))
    assert found.weight == pytest.approx(np.array([0.2, 0.4, 0.4]))
    assert (found.value, found.n) == (0.6, 5)


def test_an_estimate_by_hand():
    """Theta +- t sqrt(3/2 * .0432), clipped to (0, 1), with 1/(.04 + .16 + .16) - 1 = 1.78 degrees of freedom."""
    found = estimate(mean_part([1, 0, 1, 1, 0], [7, 7, 9, 9, 4]))
    se = np.sqrt(1.5 * (1 / 9**2 + 1 / 18**2 + 1 / 6**2))
    t = reference.t.ppf(0.975, 16 / 9)
    assert (found.method, found.n, found.clusters) == ("cluster-t", 5, 3)
    assert found.se == pytest.approx(se)
    assert (found.low, found.high) == (0.0, 1.0)
    free = estimate(mean_part([1, 0, 1, 1, 0], [7, 7, 9, 9, 4]), bounds=(-9, 9))
    assert (free.low, free.high) == pytest.approx((0.6 - t * se, 0.6 + t * se))


def test_an_average_is_that_of_the_mean_over_languages_of_every_sentence():
    """Languages that share all sentences: the interval is the t interval of the sentences' means."""
    x = np.random.default_rng(0).random((4, 30))
    found = estimate(combine([mean_part(row, np.arange(30)) for row in x]))
    means = x.mean(axis=0)
    assert (found.low, found.high) == pytest.approx(reference.t.interval(0.95, 29, means.mean(), reference.sem(means)))
    assert (found.n, found.clusters) == (120, 30)


def test_parts_without_common_clusters_add_up_their_variances():
    """With weights: w_1^2 S_1 + w_2^2 S_2, each under its own G/(G-1), as no cluster connects them."""
    rng = np.random.default_rng(1)
    one, other = mean_part(rng.random(20), np.arange(20)), mean_part(rng.random(30), np.arange(100, 130))
    both = combine([one, other], [0.25, 0.75])
    expected = 20 / 19 * 0.0625 * (one.influence**2).sum() + 30 / 29 * 0.5625 * (other.influence**2).sum()
    assert both.value == pytest.approx(0.25 * one.value + 0.75 * other.value)
    assert estimate(both).se == pytest.approx(np.sqrt(expected))


def test_parts_that_share_some_clusters_meet_there():
    """Codes in any order; a code of both gets both influences."""
    one = Part(0.5, np.array([3, 1]), np.array([0.2, -0.2]), 4)
    other = Part(0.7, np.array([1, 2]), np.array([-0.1, 0.1]), 6)
    both = combine([one, other])
    assert both.clusters.tolist() == [1, 2, 3]
    assert both.influence == pytest.approx(np.array([-0.15, 0.05, 0.1]))
    assert (both.value, both.n) == (pytest.approx(0.6), 10)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.integers(0, 10_000))
def test_averages_of_averages_are_averages(seed):
    """Combining in two steps is combining once with the products of the weights."""
    rng = np.random.default_rng(seed)
    parts = [mean_part(rng.random(9), rng.permutation(12)[:9], rng.random(5), rng.integers(100, 110)) for _ in range(4)]
    nested = combine([combine(parts[:2]), combine(parts[2:], [0.2, 0.8])], [0.5, 0.5])
    flat = combine(parts, [0.25, 0.25, 0.1, 0.4])
    assert nested.clusters.tolist() == flat.clusters.tolist()
    assert nested.influence == pytest.approx(flat.influence, abs=1e-15)
    assert (nested.value, nested.n) == (pytest.approx(flat.value), flat.n)
    assert (nested.connected[:, None] == nested.connected).tolist() == (
        flat.connected[:, None] == flat.connected
    ).tolist()
    assert nested.weight == pytest.approx(flat.weight)
    assert nested.seeds.tolist() == flat.seeds.tolist() == (flat.clusters >= 100).tolist()


def test_a_scores_psi_gives_the_scores_own_standard_error():
    """One part is the cell itself, non-linear metrics included."""
    rng = np.random.default_rng(3)
    true = rng.integers(0, 4, 200)
    columns = {"true": true, "predicted": np.where(rng.random(200) < 0.5, true, rng.integers(0, 4, 200))}
    clusters = rng.integers(0, 40, 200)
    found, psi = Scorer(ci="jackknife").score(metrics.macro_f1("f1", range(4)), columns, clusters)
    alone = estimate(part(found.value, psi, clusters))
    assert alone.se == pytest.approx(found.se)
    assert (alone.low, alone.high) == pytest.approx((found.low, found.high))


def test_the_variance_of_seeds_counts():
    """Scores .3 and .7 by two seeds add (.4^2 / 2) / 2 = .04 to the variance of a score, and a quarter of that to that
    of an average of two; alone it suffices for an interval."""
    still = mean_part([1, 1, 1, 1], range(4), [0.3, 0.7])
    moving = mean_part([1, 0, 1, 0], range(4))
    both = combine([still, moving], [0.5, 0.5])
    assert estimate(both).se == pytest.approx(np.sqrt(4 / 3 * 4 * (0.5 / 4 / 2) ** 2 + 0.01))
    assert estimate(still).method == "cluster-t"
    assert estimate(still).se == pytest.approx(0.2)
    assert (estimate(still).clusters, estimate(both).clusters) == (4, 4)


def test_shared_seeds_are_one_source():
    """Two scores with the same draws add them seed by seed: what the draws do to both is not halved, what they do in
    turn cancels; draws of their own are independent."""
    x, rise = [1, 1, 1, 1], np.array([0.4, 0.5, 0.6])
    alone = np.sqrt(np.var(rise, ddof=1) / 3)
    for other, first, expected in ((rise, 1000, alone), (1 - rise, 1000, 0.0), (rise, 2000, alone / np.sqrt(2))):
        both = combine([mean_part(x, range(4), rise), mean_part(x, range(4), other, first)])
        assert standard_error(both) == pytest.approx(expected, abs=1e-12)


def test_seeds_have_degrees_of_freedom_of_their_own():
    """Where seeds are all that moves a score, S - 1 degrees of freedom are left, whatever the number of items."""
    found = estimate(mean_part(np.ones(500), range(500), [0.4, 0.5, 0.6, 0.5]), (-9, 9))
    assert found.high - found.value == pytest.approx(reference.t.ppf(0.975, 3) * found.se)


@pytest.mark.parametrize("ci", ["percentile", "bca", "student"])
def test_the_variance_of_seeds_stretches_a_bootstrap(ci):
    """The clusters' interval, by the ratio of the two standard errors."""
    x = np.random.default_rng(0).random(40)
    plain, seeded = mean_part(x, range(40)), mean_part(x, range(40), x[:4])
    narrow, wide = (estimate(one, (-9, 9), ci=ci) for one in (plain, seeded))
    ratio = wide.se / narrow.se
    assert ratio > 1.5
    assert wide.high - wide.value == pytest.approx(ratio * (narrow.high - narrow.value))
    assert wide.value - wide.low == pytest.approx(ratio * (narrow.value - narrow.low))


@pytest.mark.parametrize("ci", CI)
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_width_of_zero_never_comes_out(ci, value):
    """Every part of an average all right, or all wrong: Wilson over its clusters."""
    parts = [mean_part(np.full(12, value), np.arange(12) // 2) for _ in range(3)]
    found = estimate(combine(parts), ci=ci)
    assert (found.method, found.n, found.clusters) == ("wilson", 36, 6)
    assert (found.low, found.high) == pytest.approx(interval_methods.wilson(value, 6, reference.t.ppf(0.975, 5)))


def test_what_has_no_interval_takes_that_of_its_averages():
    """One item, or one cluster, says nothing of its own error: no average hides it."""
    good = mean_part([1, 0, 1, 0], range(4))
    for poor in (mean_part([1, 0, 1], [5, 5, 5]), part(1.0, np.array([np.nan]), np.array([5]))):
        alone, both = estimate(poor), estimate(combine([good, poor]))
        assert (alone.low, alone.high, alone.note) == (None, None, "no interval: one cluster")
        assert (both.low, both.high, both.note) == (None, None, "no interval: one of the parts has none")
        assert both.value == pytest.approx((good.value + poor.value) / 2)


@pytest.mark.parametrize("ci", ["bootstrap", "student", "percentile", "bca"])
def test_averages_can_be_bootstrapped(ci):
    """The clusters' linear sums are resampled: much the same interval for many clusters, from seed and content."""
    x = np.random.default_rng(0).random((3, 80))
    both = combine([mean_part(row, np.arange(80)) for row in x])
    plain, found = estimate(both), estimate(both, ci=ci, content="x")
    assert found.method == ("student" if ci == "bootstrap" else ci)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.2 * plain.se)
    assert found == estimate(both, ci=ci, content="x")
    assert found != estimate(both, ci=ci, content="y")
    assert found != estimate(both, ci=ci, content="x", seed=1)


def test_a_wilson_interval_of_an_average_takes_the_effective_number_of_items():
    """One language's hits: n - 1 items, as the standard error divides by that."""
    hits = np.arange(41) < 30
    found = estimate(mean_part(hits, range(41)), ci="wilson")
    assert found.method == "wilson"
    assert (found.low, found.high) == pytest.approx(interval_methods.wilson(30 / 41, 40, reference.t.ppf(0.975, 40)))
    free = estimate(mean_part(hits, range(41)), (-np.inf, np.inf), ci="wilson")
    assert (free.method, free.note) == ("cluster-t", "a Wilson interval is for shares")


def test_what_does_not_fit_together_is_refused():
    """No parts, other numbers of weights, other lengths."""
    one = mean_part([1, 0], range(2))
    with pytest.raises(UsageError, match="at least one part"):
        combine([])
    with pytest.raises(UsageError, match="3 weights"):
        combine([one, one], [1, 2, 3])
    with pytest.raises(UsageError, match="do not go with"):
        part(0.5, np.zeros(3), np.zeros(2))
    with pytest.raises(UsageError, match="choose from"):
        estimate(one, ci="none")


def test_an_average_is_centered_on_the_value_less_its_bias():
    """Two scores that are 2 points too low, and one that is not: the interval moves up by their mean, the value stays,
    and the interval holds it."""
    x = np.random.default_rng(1).random((3, 40)) / 2
    scores = [(row.mean(), row - row.mean(), np.arange(40)) for row in x]
    plain = estimate(combine([part(*one) for one in scores]))
    parts = [part(*one, bias=bias) for one, bias in zip(scores, (-0.02, -0.02, 0.0), strict=True)]
    moved = estimate(combine(parts))
    assert combine(parts).bias == pytest.approx(-0.04 / 3)
    assert moved.value == plain.value
    assert (moved.low, moved.high) == pytest.approx((plain.low + 0.04 / 3, plain.high + 0.04 / 3))
    far = estimate(combine([part(*scores[0], bias=-0.9), part(*scores[1])]))
    assert far.low == far.value < far.high
