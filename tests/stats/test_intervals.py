"""xlbench.stats.intervals and scorer: which interval a score gets, its ends, its warnings."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from xlbench import UsageError, metrics
from xlbench.core.task import Metric
from xlbench.stats import CI, Scorer, interval_methods, intervals
from xlbench.stats.scorer import _round

ACCURACY = metrics.share("accuracy", "hit")
MRR = metrics.mean("mrr", "score")
V = metrics.v_measure("v", range(3), "true", "predicted")
F1 = metrics.macro_f1("f1", range(3))
PURITY = metrics.purity("purity", range(3), "true", "predicted")


def hits(right, n):
    """Columns of n items, the first of which are right."""
    return {"hit": np.arange(n) < right}


def score(metric, columns, clusters=None, ci="auto", resamples=2000, **more):
    """The score alone."""
    return Scorer(ci=ci, resamples=resamples, **more).score(metric, columns, clusters, "content")[0]


def test_wilson_is_scipys():
    """For a share of hits among few items."""
    for right, n in ((0, 10), (3, 10), (49, 50), (50, 50), (120, 199)):
        found = score(ACCURACY, hits(right, n))
        expected = reference.binomtest(right, n).proportion_ci(method="wilson")
        assert found.method == "wilson"
        assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_over_clusters_by_hand():
    """16 of 20 right in 4 clusters of 5 with 5, 5, 3, 3 hits: CR1 variance is 4/3 * 4 * .05^2 = 1/75 and a simple
    sample's .8 * .2 / 20 = .008, so the design effect is 5/3: 12 items count, with t for 3 degrees of freedom."""
    clusters = np.repeat(np.arange(4), 5)
    columns = {"hit": np.concatenate([np.arange(5) < right for right in (5, 5, 3, 3)])}
    found = score(ACCURACY, columns, clusters)
    expected = interval_methods.wilson(0.8, 12, reference.t.ppf(0.975, 3))
    assert (found.method, found.n, found.clusters) == ("wilson", 20, 4)
    assert found.se == pytest.approx(np.sqrt(1 / 75))
    assert (found.low, found.high) == pytest.approx(expected)


def test_a_design_effect_below_one_earns_nothing():
    """Clusters that are more alike than chance would have them do not make items worth more than they are."""
    clusters = np.repeat(np.arange(10), 2)
    found = score(ACCURACY, {"hit": np.tile([True, False], 10) | (clusters == 3)}, clusters)
    expected = interval_methods.wilson(11 / 20, 20, reference.t.ppf(0.975, 9))
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize(("method", "name"), [("percentile", "percentile"), ("bca", "BCa")])
def test_percentile_and_bca_are_scipys(method, name):
    """Within the Monte-Carlo error of the endpoints, for a skewed mean."""
    x = np.random.default_rng(0).beta(0.5, 2, 60)
    expected = reference.bootstrap(
        (x,), np.mean, n_resamples=20_000, method=name, rng=np.random.default_rng(1)
    ).confidence_interval
    found = score(MRR, {"score": x}, ci=method, resamples=20_000)
    assert found.method == method
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.1 * found.se)


def test_bca_of_clusters_is_scipys_over_cluster_means():
    """With clusters of one size, resampling them is resampling their means."""
    means = np.random.default_rng(2).beta(0.5, 2, 40)
    x, clusters = np.repeat(means, 3), np.repeat(np.arange(40), 3)
    expected = reference.bootstrap(
        (means,), np.mean, n_resamples=20_000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    found = score(MRR, {"score": x}, clusters, ci="bca", resamples=20_000)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.1 * found.se)


def test_the_studentized_interval_turns_the_quantiles_of_t_around():
    """theta - t*_.975 se to theta - t*_.025 se, computed by a plain loop."""
    rng = np.random.default_rng(0)
    x = rng.beta(0.4, 2, 40)
    drawn = x[rng.integers(0, 40, (40_000, 40))]
    t = (drawn.mean(axis=1) - x.mean()) / (drawn.std(axis=1, ddof=1) / np.sqrt(40))
    low, high = x.mean() - np.quantile(t, [0.975, 0.025]) * x.std(ddof=1) / np.sqrt(40)
    found = score(MRR, {"score": x}, resamples=20_000)
    assert found.method == "student"
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.15 * found.se)


def test_the_jackknife_interval_is_students_t():
    """For a mean it is the textbook interval."""
    x = np.random.default_rng(0).random(12)
    found = score(MRR, {"score": x}, ci="jackknife")
    expected = reference.t.interval(0.95, 11, x.mean(), reference.sem(x))
    assert found.se == pytest.approx(reference.sem(x))
    assert (found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "n", "right", "clustered", "expected"),
    [
        (ACCURACY, 199, 100, False, "wilson"),
        (ACCURACY, 200, 100, False, "percentile"),
        (ACCURACY, 400, 381, False, "wilson"),
        (ACCURACY, 400, 380, False, "percentile"),
        (ACCURACY, 400, 19, False, "wilson"),
        (ACCURACY, 400, 100, True, "student"),
        (PURITY, 300, 200, False, "percentile"),
        (PURITY, 100, 60, False, "wilson"),
        (MRR, 50, 20, False, "student"),
        (MRR, 50, 20, True, "student"),
        (F1, 300, 200, False, "student"),
        (V, 300, 200, False, "jackknife"),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_auto_chooses_by_measured_coverage(metric, n, right, clustered, expected):
    """A share of hits: percentile for enough items in the middle, else Wilson; smooth: studentized; V: jackknife."""
    rng = np.random.default_rng(0)
    true = rng.integers(0, 3, n)
    columns = {"hit": rng.permutation(np.arange(n) < right), "score": rng.random(n), "true": true}
    columns["predicted"] = np.where(columns["hit"], true, (true + 1) % 3)
    assert score(metric, columns, np.arange(n) // 5 if clustered else None).method == expected


def test_every_number_can_have_a_bootstrap_interval_with_a_warning_where_it_is_due():
    """`bootstrap` says for what its coverage is no 95%."""
    rng = np.random.default_rng(0)
    columns = {"true": rng.integers(0, 3, 80), "predicted": rng.integers(0, 3, 80), "score": rng.random(80)}
    assert "below 200 items" in score(ACCURACY, hits(30, 80), ci="bootstrap").note
    assert "near a bound" in score(ACCURACY, hits(79, 80), ci="bootstrap").note
    assert score(ACCURACY, hits(200, 400), ci="bootstrap").note == ""
    assert score(MRR, columns, ci="bootstrap").method == "student"
    centered = score(V, columns, ci="bootstrap")
    assert (centered.method, centered.note) == ("centered", "the interval is for a test of this size")
    assert "covers 80 to 95%" in score(MRR, columns, ci="percentile").note
    assert "resampling shifts it" in score(V, columns, ci="percentile").note


def test_an_interval_that_misses_its_value_is_widened_and_says_so():
    """Resampled V-measures of unrelated labels all lie above the value."""
    rng = np.random.default_rng(1)
    columns = {"true": rng.integers(0, 3, 40), "predicted": np.arange(40) % 20}
    found = score(V, columns, ci="percentile")
    assert 0 <= found.value - found.low <= 1e-12
    assert "widened" in found.note


def test_wilson_is_refused_to_what_is_no_share():
    """The metric's default takes its place, with a note."""
    found = score(MRR, {"score": np.random.default_rng(0).random(30)}, ci="wilson")
    assert found.method == "student"
    assert "shares of hits" in found.note


def test_wilson_of_few_misses_does_not_promise_95():
    """48 of 50 carry a warning, and 2 of 1,000; 30 of 50 do not, nor 990 of 1,000."""
    assert "84 to 98%" in score(ACCURACY, hits(48, 50)).note
    assert "84 to 98%" in score(ACCURACY, hits(2, 1000)).note
    assert score(ACCURACY, hits(30, 50)).note == ""
    assert score(ACCURACY, hits(990, 1000)).note == ""


@pytest.mark.parametrize("right", [0, 50])
def test_all_wrong_or_all_right_says_that_and_no_more(right):
    """What is known against intervals of few misses is not said of none."""
    assert score(ACCURACY, hits(right, 50)).note == "every item scores the same"


def test_a_bootstrap_without_spread_falls_back_within_bounds():
    """Of 50 reciprocal ranks 48 are 1: too few resamples have a spread, and the interval reaches as far as that of so
    many hits, below what theta - t se is; without bounds it is theta +- t se."""
    found = score(MRR, {"score": np.r_[np.ones(48), 0.5, 0.25]})
    assert found.method == "wilson"
    assert "too few distinct items" in found.note
    n = found.value * (1 - found.value) / found.se**2
    assert (found.low, found.high) == pytest.approx(interval_methods.wilson(found.value, n, reference.t.ppf(0.975, 49)))
    assert found.low < found.value - 2.01 * found.se
    unbounded = metrics.mean("score", "score", (-np.inf, np.inf))
    assert score(unbounded, {"score": np.r_[np.ones(48), 0.5, 0.25]}).method == "jackknife"


def test_of_very_many_distinct_rows_the_t_interval_is_the_default(monkeypatch):
    """More than `MANY` distinct numbers are not resampled unless a bootstrap is asked for; few distinct ones are,
    however many items they come from."""
    monkeypatch.setattr(intervals, "MANY", 300)
    numbers = np.random.default_rng(0).random(400)
    assert score(MRR, {"score": numbers}).method == "jackknife"
    assert score(MRR, {"score": numbers}, ci="bootstrap").method == "student"
    assert score(MRR, {"score": numbers[:250]}).method == "student"
    assert score(MRR, {"score": numbers.round(1)}).method == "student"


@pytest.mark.parametrize("ci", CI)
@pytest.mark.parametrize("right", [0, 1])
def test_all_right_or_all_wrong_gets_wilson_over_clusters(ci, right):
    """30 items in 10 clusters, all alike: 10 observations, whatever was asked for."""
    columns = {"hit": np.full(30, right), "score": np.full(30, float(right))}
    clusters = np.repeat(np.arange(10), 3)
    for metric in (ACCURACY, MRR):
        alone, together = score(metric, columns, ci=ci), score(metric, columns, clusters, ci=ci)
        assert (alone.low, alone.high) == pytest.approx(interval_methods.wilson(right, 30, reference.norm.ppf(0.975)))
        expected = interval_methods.wilson(right, 10, reference.t.ppf(0.975, 9))
        assert together.method == "wilson"
        assert (together.low, together.high) == pytest.approx(expected)
        assert "every cluster scores the same" in together.note


def test_a_cosine_has_its_own_bounds():
    """Wilson's interval of items that are all alike is stretched to (-1, 1)."""
    cosine = metrics.mean("cosine", "x", bounds=(-1.0, 1.0))
    found = score(cosine, {"x": np.zeros(20)})
    low, high = interval_methods.wilson(0.5, 20, reference.norm.ppf(0.975))
    assert (found.low, found.high) == pytest.approx((2 * low - 1, 2 * high - 1))


def test_a_metric_without_bounds_has_no_interval_where_all_items_agree():
    """There is nothing to say how far off it may be; nor is a width of 0 said."""
    free = metrics.mean("free", "x", bounds=(-np.inf, np.inf))
    found = score(free, {"x": np.full(20, 3.0)})
    assert (found.value, found.low, found.high) == (3.0, None, None)
    assert "scores the same" in found.note
    two = score(free, {"x": np.array([1.0, 2.0])})
    assert two.method == "jackknife"
    assert two.low == pytest.approx(1.5 - reference.t.ppf(0.975, 1) * 0.5)


def test_one_item_or_one_cluster_has_no_interval():
    """Flagged, and psi of a single item is unknown, not 0."""
    found, psi = Scorer().score(ACCURACY, hits(1, 1))
    assert (found.value, found.low, found.high, found.se, found.clusters) == (1.0, None, None, None, 1)
    assert found.note == "no interval: one item"
    assert np.isnan(psi).all()
    together = score(ACCURACY, hits(5, 10), np.zeros(10, dtype=int))
    assert (together.low, together.high, together.se, together.clusters) == (None, None, None, 1)
    assert together.note == "no interval: one cluster"


def test_what_is_not_defined_has_no_value():
    """None with a reason, never 0; so has a test without items."""
    found, psi = Scorer().score(MRR, {"score": np.array([0.5, np.nan, 1.0])}, chance=0.1)
    assert (found.value, found.low, found.high, found.se, found.chance) == (None, None, None, None, 0.1)
    assert "not defined" in found.note
    assert np.isnan(psi).all()
    assert score(MRR, {"score": np.zeros(0)}).note == "no items"


def test_a_metric_that_hangs_on_one_item_has_a_value_without_interval():
    """Precision with a single prediction: without that item there is none."""
    precision = Metric("p", lambda c: np.stack([c["hit"], c["said"]], axis=1), lambda sums: sums[..., 0] / sums[..., 1])
    found = score(precision, {"hit": np.array([1.0, 0, 0]), "said": np.array([1.0, 0, 0])})
    assert (found.value, found.low) == (1.0, None)
    assert "without one of the items" in found.note


def test_numbers_out_of_range_are_refused():
    """Unknown intervals, levels, seeds, and clusters of another length."""
    with pytest.raises(UsageError, match="choose from auto, bootstrap"):
        Scorer(ci="normal")
    with pytest.raises(UsageError, match="between 0 and 1"):
        Scorer(level=95)
    with pytest.raises(UsageError, match="negative"):
        Scorer(seed=-1)
    with pytest.raises(UsageError, match=r"shape \(4,\)"):
        Scorer().score(ACCURACY, hits(2, 4), np.arange(3))


@pytest.mark.parametrize("metric", [ACCURACY, MRR, F1, PURITY, V], ids=lambda metric: metric.name)
@pytest.mark.parametrize("clustered", [False, True])
def test_the_order_of_items_does_not_matter(metric, clustered):
    """The same items in another order have the same score, to the last bit of a grouped sum."""
    rng = np.random.default_rng(6)
    columns = {"true": rng.integers(0, 3, 250), "hit": rng.random(250) < 0.6, "score": rng.random(250)}
    columns["predicted"] = np.where(columns["hit"], columns["true"], 0)
    clusters = rng.integers(0, 30, 250) if clustered else None
    order = rng.permutation(250)
    shuffled = {name: column[order] for name, column in columns.items()}
    scorer = Scorer(resamples=1000)
    one, psi = scorer.score(metric, columns, clusters, "same")
    other, moved = scorer.score(metric, shuffled, None if clusters is None else clusters[order], "same")
    assert (other.value, other.low, other.high) == pytest.approx((one.value, one.low, one.high), abs=1e-12)
    assert moved == pytest.approx(psi[order], abs=1e-9)


def test_clusters_of_one_item_each_are_no_clusters():
    """Whatever codes they carry."""
    columns = hits(130, 250)
    assert score(ACCURACY, columns, np.random.default_rng(0).permutation(250) * 7) == score(ACCURACY, columns)


def test_clusters_widen_the_interval_of_items_that_move_together():
    """Ten copies of every item are worth one: the same interval as without copies."""
    x = np.random.default_rng(0).random(60)
    once = score(MRR, {"score": x}, resamples=10_000)
    copied = score(MRR, {"score": np.repeat(x, 10)}, np.repeat(np.arange(60), 10), resamples=10_000)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high), abs=1e-9)
    assert (copied.n, copied.clusters) == (600, 60)


def test_a_scorer_has_no_memory_that_shows():
    """What was scored before changes nothing; the seed and the content do."""
    columns = {"score": np.random.default_rng(0).random(50)}
    scorer = Scorer(resamples=1000)
    first = scorer.score(MRR, columns, content="a")[0]
    assert scorer.score(MRR, columns, content="b")[0] != first
    assert scorer.score(MRR, columns, content="a")[0] == first
    assert Scorer(resamples=1000).score(MRR, columns, content="a")[0] == first
    assert Scorer(seed=1, resamples=1000).score(MRR, columns, content="a")[0] != first


samples = st.integers(2, 40).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.integers(0, 2), min_size=n, max_size=n),
        st.lists(st.integers(0, 9), min_size=n, max_size=n),
    )
)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(samples, st.sampled_from(CI), st.booleans(), st.sampled_from([ACCURACY, MRR, F1, PURITY, V]))
def test_an_interval_holds_its_value_lies_within_bounds_and_has_a_width(sample, ci, clustered, metric):
    """For every metric, method and kind of dependence; or there is none, with a reason."""
    true, predicted, groups = (np.array(column) for column in sample)
    columns = {"true": true, "predicted": predicted, "hit": true == predicted, "score": (true == predicted) / 2}
    found, psi = Scorer(ci=ci, resamples=100).score(metric, columns, groups if clustered else None)
    assert psi.shape == true.shape
    if found.low is None or found.high is None:
        assert found.high is found.low
        assert found.note.startswith("no interval")
    else:
        assert 0 <= found.low <= found.value <= found.high <= 1
        assert found.low < found.high
        assert found.se is not None


def test_few_clusters_are_pointed_out():
    """Nine are few, ten are not."""
    x = {"score": np.random.default_rng(0).random(90)}
    assert score(MRR, x, np.arange(90) % 9).note == "only 9 clusters"
    assert score(MRR, x, np.arange(90) % 10).note == ""


def counts_of(right, predicted, gold):
    """Columns of counts per item."""
    return {"right": np.array(right), "predicted": np.array(predicted), "gold": np.array(gold)}


F1 = metrics.micro_f1("f1")


def test_f1_near_a_bound_is_wilson_over_what_was_counted():
    """By hand: 9 of 10 entities right and one more found are 9 of 11; Wilson's ends of that share as F1. Items without
    any entity change little (the variance of the others), whatever their number."""
    one = ([1] * 9 + [0, 0], [1] * 9 + [0, 1], [1] * 10 + [0])
    low, high = interval_methods.wilson(9 / 11, 11, reference.norm.ppf(0.975))
    for empty in (0, 500):
        columns = counts_of(*(part + [0] * empty for part in one))
        found, _ = Scorer().score(F1, columns)
        assert found.value == pytest.approx(18 / 20)
        assert found.method == "wilson"
        assert (found.low, found.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)), abs=0.02)


@pytest.mark.parametrize("value", [0, 1])
def test_f1_at_a_bound_knows_as_much_as_has_support(value):
    """All of 8 entities right, or none, in 8 of 500 sentences: Wilson over 8, not over 500; with t where more was
    counted (8 found and 8 to be found) than there are sentences."""
    columns = counts_of([value] * 8 + [0] * 492, [1] * 8 + [0] * 492, [1] * 8 + [0] * 492)
    found, _ = Scorer().score(F1, columns)
    low, high = interval_methods.wilson(value, 8, 1.959964 if value else reference.t.ppf(0.975, 7))
    assert (found.value, found.method) == (value, "wilson")
    assert (found.low, found.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)), abs=1e-6)


def test_what_was_never_counted_has_no_interval():
    """Where no entity was found and none was to be found, F1 is 1 by convention: 500 empty sentences know
    nothing of it."""
    found, _ = Scorer().score(F1, counts_of([0] * 500, [0] * 500, [0] * 500))
    assert (found.value, found.low, found.high) == (1.0, None, None)
    assert "no interval: nothing was found" in found.note


@given(st.floats(-2000, 2000) | st.floats(0, 1e-9))
def test_kept_ends_hold_their_value(number):
    """Rounded to the places that are kept, a lower end is never above its number, an upper one never below, and what
    is not 0 does not become 0 as a standard error."""
    assert _round(number, math.floor) <= number <= _round(number, math.ceil)
    assert (_round(number, round) == 0) == (number == 0)
    assert _round(number, round) == pytest.approx(number, abs=1e-12)
