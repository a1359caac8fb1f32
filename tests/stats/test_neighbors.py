"""Whether neighbors are alike: the correlation by hand, false alarms on items in any order, what is caught."""

from __future__ import annotations

import numpy as np
import pytest

from xlbench import metrics
from xlbench.stats import Scorer
from xlbench.stats.neighbors import LEVEL, MATTERS, STRETCH, TURNS, neighbors

HITS = metrics.share("accuracy", "hit")


def documents(rng, n=400, size=8):
    """Hits of items whose documents, ``size`` of them in a row, are of some difficulty."""
    return (rng.random(n) < np.repeat(rng.beta(1, 1, n // size), size)).astype(float)


def alarms(draw, tests):
    """In which share of tests neighbors count as alike; draw() -> (influences, columns)."""
    found = [neighbors(*draw(), str(test)) for test in range(tests)]
    return sum(one is not None and one.alike for one in found) / tests


def test_the_correlation_by_hand():
    """1, 2, ... 10 from their mean 5.5: the products of neighbors add up to 57.75, the squares to 82.5."""
    found = neighbors(np.arange(1.0, 11), {}, "ten")
    assert found is not None
    assert found.r == pytest.approx(57.75 / 82.5)
    assert 1 / (1 + TURNS) <= found.p <= 0.01
    assert found.alike
    zigzag = neighbors(np.tile([0.0, 1.0], 5), {}, "ten")
    assert zigzag is not None
    assert zigzag.r == pytest.approx(-9 / 10)
    assert not zigzag.alike


def test_influences_are_taken_from_the_mean_of_their_stretch():
    """Two stretches that differ by far in their mean alone have the correlation that each has within."""
    rng = np.random.default_rng(3)
    psi = rng.uniform(size=2 * STRETCH)
    level = np.repeat([0.0, 50.0], STRETCH)
    alone, moved = neighbors(psi, {}, "x"), neighbors(psi + level, {}, "x")
    assert alone is not None
    assert moved is not None
    assert moved.r == pytest.approx(alone.r)
    assert not moved.alike


def test_an_outlier_does_not_drown_the_others():
    """Documents of 8 with one sentence of fifty entities among them: it counts as three standard deviations."""
    psi = documents(np.random.default_rng(1))
    psi[200] = 40.0
    found = neighbors(psi, {}, "x")
    assert found is not None
    assert found.p <= LEVEL


def test_what_a_file_is_sorted_by_makes_no_neighbors():
    """Labels of very unequal difficulty in three runs: their column cuts the stretches."""
    rng = np.random.default_rng(4)
    label = np.repeat([0, 1, 2], [150, 130, 170])

    def draw():
        return rng.normal(size=450) + 4.0 * label, {"label": label, "predicted": rng.integers(0, 3, 450)}

    assert alarms(draw, 30) <= 0.1
    unsorted = alarms(lambda: (draw()[0], {}), 6)
    assert unsorted > 0.5  # without the column, that the runs differ looks like neighbors


@pytest.mark.parametrize(
    "psi", [np.ones(50), np.full(50, 0.1) * 3, np.array([np.nan] * 50), np.arange(5.0)], ids=["1", ".3", "nan", "few"]
)
def test_nothing_is_said_without_numbers(psi):
    """Equal or unknown influences, and a handful of items."""
    assert neighbors(psi, {}, "x") is None


def test_the_same_items_get_the_same_answer():
    """Random orders follow from what names the items."""
    psi = documents(np.random.default_rng(1))
    assert neighbors(psi, {}, "a") == neighbors(psi, {}, "a")


def test_what_hardly_moves_an_interval_is_not_said():
    """Of very many items a small correlation is beyond chance, and makes an interval less than a seventh wider."""
    rng = np.random.default_rng(7)
    noise = rng.normal(size=20_001)
    found = neighbors(noise[1:] + 0.08 * noise[:-1], {}, "x")
    assert found is not None
    assert found.p <= LEVEL
    assert 0.03 < found.r < MATTERS
    assert not found.alike


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.9, 0.985])
def test_false_alarms(share, scale):
    """Of tests without any order one in a hundred has a p of .01, few wrong answers among many or not."""
    rng, tests = np.random.default_rng(5), 1000 * scale
    seen = [neighbors((rng.random(400) < share).astype(float), {}, str(test)) for test in range(tests)]
    found = sum(one is not None and one.p <= LEVEL for one in seen) / tests
    assert found <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / tests)
    if share < 0.95:
        assert found >= 0.003


@pytest.mark.slow
def test_documents_are_seen_and_shuffled_ones_are_not():
    """Documents of 8 sentences in a test of 400 are found nearly always, and not where their sentences are shuffled."""
    rng = np.random.default_rng(6)
    assert alarms(lambda: (documents(rng), {}), 60) >= 0.95
    assert alarms(lambda: (rng.permutation(documents(rng)), {}), 1000) <= 0.01 + 3 * np.sqrt(0.01 * 0.99 / 1000)


@pytest.mark.slow
def test_blocks_cover_where_items_alone_do_not():
    """Intervals of items in documents of 10: those over items alone miss the truth, over blocks of 20 they hold."""
    rng, scorer = np.random.default_rng(7), Scorer(resamples=500)
    held = np.zeros(2)
    for replicate in range(300):
        hits = {"hit": documents(rng, 1200, 10)}
        for way, codes in enumerate((None, np.arange(1200) // 20)):
            found, _ = scorer.score(HITS, hits, codes, str(replicate))
            held[way] += found.low <= 0.5 <= found.high
    alone, blocks = held / 300
    assert alone < 0.85
    assert 0.91 <= blocks <= 0.985
