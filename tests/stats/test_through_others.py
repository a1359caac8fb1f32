"""What an item does to the rows of others: added to its influence, and in every interval."""

from dataclasses import replace

import numpy as np
import pytest

from xlbench import UsageError, metrics
from xlbench.stats import Scorer

ROWS = metrics.share("hit", "hit")
HITS = replace(ROWS, through_others=lambda columns: columns["taken"])
COLUMNS = {"hit": np.arange(400) % 2 == 0, "taken": np.where(np.arange(400) == 7, -15.0, 0.0)}


def test_it_is_added_to_the_influence():
    """psi is that of the rows, plus what the metric says of the rows of others."""
    _, own = Scorer().score(ROWS, COLUMNS)
    score, psi = Scorer().score(HITS, COLUMNS)
    assert psi - own == pytest.approx(COLUMNS["taken"])
    assert score.se == pytest.approx(psi.std(ddof=1) / 20)
    assert score.value == 0.5


@pytest.mark.parametrize("ci", ["bootstrap", "percentile", "student", "bca", "jackknife", "wilson", "auto"])
def test_every_interval_widens(ci):
    """Whatever the method, half-widths grow as the standard error does; resampled rows alone would not show it."""
    alone, _ = Scorer(ci=ci, resamples=2000).score(ROWS, COLUMNS)
    score, _ = Scorer(ci=ci, resamples=2000).score(HITS, COLUMNS)
    grown = (score.high - score.low) / (alone.high - alone.low)
    assert grown == pytest.approx(score.se / alone.se, rel=0.1)
    assert score.se / alone.se > 1.7


def test_clusters_hold_both_parts():
    """An item's part in others' rows goes to its own cluster."""
    codes = np.arange(400) // 10
    score, psi = Scorer().score(HITS, COLUMNS, codes)
    sums = np.bincount(codes, (psi - psi.mean()) / 400) * 400 / 390 * 39 / 40
    assert score.se == pytest.approx(np.sqrt(40 / 39 * ((sums - sums.mean()) ** 2).sum()), rel=0.03)
    assert score.clusters == 40


@pytest.mark.parametrize("wrong", [lambda c: np.zeros(3), lambda c: np.full(400, np.nan), lambda c: c["none"]])
def test_something_else_is_refused(wrong):
    """Another shape, NaN or a missing column is a usage error that names the metric, not an interval."""
    with pytest.raises(UsageError, match=r"metric hit: through_others\(\)"):
        Scorer().score(replace(ROWS, through_others=wrong), COLUMNS)
