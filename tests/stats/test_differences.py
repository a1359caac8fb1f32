"""Tests of differences: p-values, what can be seen, several at once; each beside an independent computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as reference

from xlbench import UsageError
from xlbench.stats import Part, multiple_tests, paired, part
from xlbench.stats.ranking import distinguishable, largest_against_one, p_against_one, studentized_range


def mean_part(x, clusters=None, seeds=None):
    """The part of a plain mean, with scores by single seeds."""
    x = np.asarray(x, dtype=float)
    codes = np.arange(len(x)) if clusters is None else np.asarray(clusters)
    numbered = None if seeds is None else 1000 + np.arange(len(seeds))
    return part(x.mean(), x - x.mean(), codes, seeds if seeds is None else np.asarray(seeds), numbered)


def test_holm_by_hand():
    """The smallest of four p counts four times, the next three times, and none below the one before; NaN stays."""
    found = multiple_tests.holm(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    assert found == pytest.approx(np.array([0.03, 0.06, np.nan, 0.06, 0.02]), nan_ok=True)
    assert len(multiple_tests.holm(np.zeros(0))) == 0


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_benjamini_hochberg_is_scipys(p):
    """Adjusted p-values are those of scipy, in any order and with ties."""
    assert multiple_tests.benjamini_hochberg(np.array(p)) == pytest.approx(reference.false_discovery_control(p))


@settings(derandomize=True, deadline=None, max_examples=100)
@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_mid_p_is_the_binomials(only_a, only_b):
    """Twice the smaller tail less the probability of what was seen."""
    total, fewer = only_a + only_b, min(only_a, only_b)
    exact = 2 * reference.binom.cdf(fewer, total, 0.5) - reference.binom.pmf(fewer, total, 0.5)
    assert paired.mcnemar(only_a, only_b) == pytest.approx(1.0 if only_a == only_b else min(exact, 1.0))


def test_five_discordant_items_are_never_enough():
    """`FEW_DISCORDANT` is the fewest with which any two-sided p falls below .025."""
    p = [paired.mcnemar(count, 0) for count in range(paired.FEW_DISCORDANT + 1)]
    assert p[paired.FEW_DISCORDANT - 1] > 0.025 > p[paired.FEW_DISCORDANT]


def test_discordant_items_are_read_off_influences():
    """Hits of single items, in single precision as they are saved; other scores and clustered ones have none."""
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 300)) < 0.6
    parts = []
    for hits in (a, b):
        psi = (hits - hits.mean()).astype(np.float32).astype(float)
        parts.append(part(float(hits.mean()), psi, np.arange(300)))
    assert paired.discordant(*parts) == (int((a & ~b).sum()), int((b & ~a).sum()))
    assert paired.discordant(parts[0], mean_part(rng.random(300))) is None
    assert paired.discordant(parts[0], mean_part(b, np.arange(300) // 2)) is None
    assert paired.discordant(parts[0], mean_part(b, seeds=[0.5, 0.6])) is None


def test_a_randomization_test_by_hand():
    """Three items won and none lost: of the eight ways to turn signs, two are as extreme. The rest moves nothing."""
    both = mean_part([1, 1, 1, 0, 0, 0, 0])
    assert paired.randomization(both) == pytest.approx(2 / 8)
    assert paired.judge(both, method="randomization").p == pytest.approx(2 / 8)


def test_a_randomization_test_of_many_items_is_near_t():
    """With 200 items random signs and Student's t say nearly the same; with seeds there is nothing to turn."""
    both = mean_part(np.random.default_rng(4).normal(0.12, 1, 200))
    assert paired.randomization(both) == pytest.approx(paired.judge(both).p, abs=0.02)
    with pytest.raises(UsageError, match="also moves with its seeds"):
        paired.randomization(mean_part([1, 0, 1], seeds=[0.5, 0.6]))


def test_a_bootstrap_interval_of_a_difference_is_near_t():
    """The studentized bootstrap over clusters gives the ends of t, within a tenth of the width."""
    both = mean_part(np.random.default_rng(4).normal(0.12, 1, 200))
    t, drawn = paired.judge(both), paired.judge(both, method="bootstrap")
    assert drawn.method == "paired-student"
    assert (drawn.low, drawn.high) == pytest.approx((t.low, t.high), abs=0.1 * (t.high - t.low))


def test_what_is_detectable_is_found_four_times_in_five():
    """A true difference of the smallest detectable size is told from 0 in about 80% of cases."""
    rng, n = np.random.default_rng(5), 40
    detectable = np.mean([paired.judge(mean_part(rng.normal(0, 1, n))).detectable for _ in range(200)])
    found = np.mean([paired.judge(mean_part(rng.normal(detectable, 1, n))).p < 0.05 for _ in range(600)])
    assert 0.74 <= found <= 0.86


def test_more_items_would_settle_it():
    """A quarter of what is detectable needs sixteen times the items."""
    found = paired.Difference(0.01, detectable=0.04)
    assert found.more == pytest.approx(16)
    assert paired.Difference(0.0, detectable=0.04).more is None


@pytest.mark.parametrize(("value", "p", "expected"), [(-0.1, 0.02, 0.01), (0.1, 0.02, 0.99), (0.0, 1.0, 1.0)])
def test_one_sided_p(value, p, expected):
    """Half of the two-sided p where a is worse, the rest where it is better, 1 where nothing differs."""
    assert paired.Difference(value, p=p).one_sided() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("models", "freedom", "exact"),
    [
        (2, 1, 17.969), (2, 10, 3.151), (3, 1, 26.976), (3, 5, 4.602), (5, 60, 3.977), (20, 2, 16.769),
        (20, 30, 5.475), (100, 60, 6.462), (3, np.inf, 3.314), (20, np.inf, 5.012),
    ],
)  # fmt: skip
def test_the_studentized_range_is_that_of_the_tables(models, freedom, exact):
    """Within .1% of published quantiles at 95% (Harter 1960), from one degree of freedom to a known error."""
    assert studentized_range(models, freedom) * np.sqrt(2) == pytest.approx(exact, rel=0.001)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.9, 0.99])
@pytest.mark.parametrize(("models", "freedom"), [(2, 2.5), (3, 1.3), (7, 13.7), (40, 200.0)])
def test_the_studentized_range_is_scipys(models, freedom, level):
    """At other levels and degrees of freedom that are no whole numbers, within .1% of scipy's integral."""
    exact = reference.studentized_range.ppf(level, models, freedom)
    assert studentized_range(models, freedom, level) * np.sqrt(2) == pytest.approx(exact, rel=0.001)


@pytest.mark.parametrize(
    ("others", "freedom", "expected"),
    [(1, 20, 2.086), (2, 20, 2.38), (2, 5, 3.03), (4, 10, 2.89), (9, 60, 2.77), (5, np.inf, 2.51)],
)
def test_the_largest_of_several_against_one_is_dunnetts(others, freedom, expected):
    """Dunnett's published two-sided table (1964), to its two decimals, and Student's t for one; p is its inverse."""
    found = largest_against_one(others, freedom)
    assert found == pytest.approx(expected, abs=0.006)
    assert p_against_one(np.array([-found]), others, freedom)[0] == pytest.approx(0.05, rel=2e-3)


def test_dunnetts_p_lies_between_that_of_one_and_bonferronis():
    """However small: never below that of a single test, never above as many times as much (but for rounding)."""
    t = np.array([0.0, 0.5, 2.0, 6.0, 12.0, 40.0])
    alone = 2 * reference.t.sf(t, 25)
    found = p_against_one(t, 4, 25)
    assert (found >= alone * (1 - 1e-9)).all()
    assert (found <= np.minimum(4 * alone * (1 + 1e-9), 1)).all()


def test_holm_of_families_is_holm_for_families_of_one():
    """One test a family: Holm's; a family that is not done yet counts until its last test."""
    p = np.array([0.01, 0.04, 0.03, np.nan])
    assert multiple_tests.holm_of_families(p[:, None])[:, 0] == pytest.approx(multiple_tests.holm(p), nan_ok=True)
    assert multiple_tests.holm_of_families(np.array([[0.001, 0.02], [0.01, 0.5]])) == pytest.approx(
        np.array([[0.002, 0.04], [0.02, 0.5]])
    )


def test_told_apart_lines_up_clusters():
    """Parts over other clusters, in any order, are told apart as their values over all clusters are."""
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.1, (3, 50)) + np.array([[0.0], [0.0], [1.0]])
    order = rng.permutation(50)
    parts = [mean_part(x[0]), mean_part(x[1][order], order), mean_part(x[2])]
    apart = distinguishable(parts)
    assert apart.tolist() == [[False, False, True], [False, False, True], [True, True, False]]
    assert not distinguishable([Part(0.1, np.arange(1), np.array([np.nan]), 1), *parts[:1]]).any()
