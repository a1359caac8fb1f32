"""Coverage on real outcomes, in small: one encoder, few draws, wide tolerances. `make proof` prints the whole table."""

from __future__ import annotations

import numpy as np
import proof_coverage
import proof_populations
import pytest
from real_data import DATA, needs

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.slow,
    needs("sib200/data/annotated/eng_Latn/train.tsv", "ntrex/NTREX-128/newstest2019-ref.deu.txt"),
]


@pytest.fixture(scope="module")
def session():
    """The embedded encoder."""
    return proof_populations.session("ngram")


@pytest.fixture(scope="module")
def news(session):
    """Topics of four languages."""
    return proof_populations.news(DATA, session, ("eng", "deu", "fra", "swa"))


def least(share, times):
    """What so many draws of a coverage of ``share`` fall below once in 400 times."""
    return share - 2.8 * np.sqrt(share * (1 - share) / times)


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("metric", ["macro_f1", "accuracy"])
def test_scores_of_real_outcomes_are_covered(news, metric, n, scale):
    """Items drawn from all real ones: the interval holds the value of all, and is about as wide as it should be."""
    times = 100 * scale
    found = proof_coverage.of_items(news, metric, n, times)
    assert least(0.93, times) <= found.covered
    assert 0.8 < found.error < 1.25


def test_clusterings_are_covered_as_the_protocol_makes_them(session, scale):
    """Of few items, the best of several starts each: intervals of purity hold the mean, and are none too short."""
    headlines, times = proof_populations.headlines(DATA, session), 12 * scale
    found = proof_coverage.of_starts(headlines, 50, times)
    assert found["purity"].covered >= least(0.93, times)
    assert found["purity"].error > 0.9
    assert found["v_measure"].covered >= least(0.88, times)


def test_an_average_of_small_tests_is_covered(news, scale):
    """On 61 sentences macro-F1 is a point too low in every language: the average's interval makes up for it."""
    times = 80 * scale
    found = proof_coverage.of_languages(news, "macro_f1", 61, times)
    assert least(0.92, times) <= found.covered
    assert 0.8 < found.error < 1.25


def test_equal_models_are_seldom_told_apart(session, news, scale):
    """Two models that take turns in answering as a real one are told apart at most once in twenty boards."""
    ranked = [proof_populations.ranked(DATA, session, pair) for pair in ("deu-eng", "eng-deu")]
    items = proof_coverage.hits(news)
    documents, alone = np.stack([proof_coverage.hits(one) for one in ranked]), np.stack([items, items[::-1]])
    times = 150 * scale
    wrong = proof_coverage.told_apart(documents, ranked[0].clusters, alone, 10, 200, times, 3)
    assert wrong <= 1 - least(0.95, times)


def test_a_summary_counts_intervals_by_hand():
    """Of four intervals around 2 one lies above and one below it; with half of all items drawn, deviations count
    sqrt(2) times."""
    from xlbench.core.estimate import Estimate

    ends = [(2.0, 1.0, 3.0), (4.0, 3.0, 5.0), (0.0, -1.0, 1.0), (2.0, 1.9, 2.1)]
    found = proof_coverage.summary([Estimate(v, low, high, "t", 1.0) for v, low, high in ends], 2.0)
    assert (found.covered, found.too_high, found.truth, found.methods) == (0.5, 0.25, 2.0, "t")
    near = proof_coverage.summary([Estimate(2.0, 1.0, 3.0, "t", 1.0), Estimate(2.8, 1.9, 3.7, "t", 1.0)], 2.0, 0.5)
    assert near.covered == 0.5
