"""Coverage of the default intervals, in small: hundreds of synthetic tests with a known truth, wide tolerances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xlbench import metrics
from xlbench.stats import Scorer, combine, estimate, part, ranks

pytestmark = pytest.mark.slow

REPLICATES = 300
HITS = metrics.share("accuracy", "hit")


def coverage(draw, metric, truth, ci="auto"):
    """Share of replicates whose interval holds the truth; draw(rng) -> (columns, clusters or None)."""
    rng, scorer = np.random.default_rng(11), Scorer(ci=ci, resamples=500)
    held = 0
    for replicate in range(REPLICATES):
        columns, clusters = draw(rng)
        found, _ = scorer.score(metric, columns, clusters, str(replicate))
        held += found.low <= truth <= found.high
    return held / REPLICATES


@pytest.mark.parametrize(("n", "share"), [(50, 0.7), (50, 0.95), (300, 0.6), (1000, 0.9)])
def test_accuracy(n, share):
    """Wilson for small tests and near the bounds, percentile else."""
    assert 0.92 <= coverage(lambda rng: ({"hit": rng.random(n) < share}, None), HITS, share) <= 0.99


def test_a_symmetric_interval_near_a_bound_covers_less():
    """Why theta +- t se is no default for shares: .97 of 100 items."""
    assert coverage(lambda rng: ({"hit": rng.random(100) < 0.97}, None), HITS, 0.97, "jackknife") < 0.9


def clustered(groups, size):
    """Hits of items in clusters of some difficulty, .7 on average."""

    def draw(rng):
        clusters = np.repeat(np.arange(groups), rng.integers(size // 2, size * 3 // 2, groups))
        return {"hit": rng.random(len(clusters)) < rng.beta(7, 3, groups)[clusters]}, clusters

    return draw


@pytest.mark.parametrize(("groups", "size"), [(10, 40), (40, 20), (20, 6)])
def test_clustered_accuracy(groups, size):
    """Studentized over clusters, or Wilson with the design effect."""
    assert coverage(clustered(groups, size), HITS, 0.7) >= 0.91


def test_ignoring_clusters_covers_far_less():
    """The same items, taken for independent."""

    def alone(rng):
        return clustered(20, 60)(rng)[0], None

    assert coverage(alone, HITS, 0.7) < 0.8


@pytest.mark.parametrize("grouped", [False, True])
def test_mean_reciprocal_rank(grouped):
    """Studentized: a skewed mean over 60 items, or over 20 clusters of such."""
    ranks = np.arange(1, 2000)
    truth = float((0.4 * 0.6 ** (ranks - 1) / ranks).sum())

    def draw(rng):
        found = {"score": 1 / rng.geometric(0.4, 60)}
        return (found, None) if not grouped else ({"score": np.repeat(found["score"][:20], 5)}, np.arange(100) // 5)

    assert 0.91 <= coverage(draw, metrics.mean("mrr", "score"), truth) <= 0.99


def test_macro_f1():
    """Studentized, five classes at about 60%, 150 items; the truth is that of a million items."""
    metric = metrics.macro_f1("f1", range(5))
    confusion = np.full((5, 5), 0.1) + 0.5 * np.eye(5)
    table = confusion * np.array([[0.1], [0.15], [0.2], [0.25], [0.3]])
    truth = float(np.mean(2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))))

    def draw(rng):
        cells = rng.choice(25, 150, p=table.ravel())
        return {"true": cells // 5, "predicted": cells % 5}, None

    assert 0.91 <= coverage(draw, metric, truth) <= 0.99


@pytest.mark.parametrize(("ci", "low", "high"), [("auto", 0.91, 0.99), ("bootstrap", 0.89, 0.99), ("student", 0, 0.85)])
def test_v_measure_for_a_test_of_this_size(ci, low, high):
    """The jackknife holds, and so does the centered bootstrap; the studentized one is shifted away."""
    metric = metrics.v_measure("v", range(4))
    table = np.full((4, 4), 0.05) + 0.05 * np.eye(4)

    def draw(rng):
        cells = rng.choice(16, 100, p=table.ravel())
        return {"label": cells // 4, "cluster": cells % 4}, None

    rng = np.random.default_rng(5)
    counts = rng.multinomial(100, table.ravel(), 20_000)
    truth = float(np.mean(metric.value(counts)))
    assert low <= coverage(draw, metric, truth, ci) <= high


def test_an_average_over_languages_that_share_sentences():
    """Six languages over 100 sentences: the sentence as cluster holds, independent languages do not."""
    rng = np.random.default_rng(2)
    shared = apart = 0
    for _ in range(400):
        difficulty = rng.beta(2, 1, 100)
        hits = rng.random((6, 100)) < difficulty
        psis = [row - row.mean() for row in hits]
        together = combine([part(row.mean(), psi, np.arange(100)) for row, psi in zip(hits, psis, strict=True)])
        alone = combine(
            [
                part(row.mean(), psi, 100 * k + np.arange(100))
                for k, (row, psi) in enumerate(zip(hits, psis, strict=True))
            ]
        )
        found, wrong = estimate(together), estimate(alone)
        shared += found.low <= 2 / 3 <= found.high
        apart += wrong.low <= 2 / 3 <= wrong.high
    assert 0.92 <= shared / 400 <= 0.98
    assert apart / 400 < 0.88


def documents_beside_words(rng, count, models=1):
    """Parts of models whose value is the mean of two areas, all equal in truth (0): sentences of a few documents, of
    very unequal length, and 200 words. Documents and words are hard or easy for all models."""
    sizes = np.maximum(1, np.exp(rng.normal(3, 1, count)).round()).astype(int)
    document = np.repeat(np.arange(count), sizes)
    luck = rng.normal(0, 0.5, (models + 1, count))
    sentences = (luck[:-1] + luck[-1])[:, document] + rng.normal(0, 1, (models, len(document)))
    words = rng.normal(0, 1, (models + 1, 200))
    words = words[:-1] + words[-1]
    for one, other in zip(sentences, words, strict=True):
        area = part(one.mean(), one - one.mean(), document)
        yield combine([area, part(other.mean(), other - other.mean(), 1000 + np.arange(200))])


@pytest.mark.parametrize("count", [5, 10, 20])
def test_an_average_of_areas_of_which_one_has_few_documents(count):
    """Each area counts its own clusters, a long document for what it weighs: 94% in place of 83 to 93%."""
    rng = np.random.default_rng(count)
    parts = [next(documents_beside_words(rng, count)) for _ in range(400)]
    found = [estimate(one, (-9, 9)) for one in parts]
    pooled = [estimate(replace(one, sets=None, shares=None), (-9, 9)) for one in parts]
    held, before = (np.mean([one.low <= 0 <= one.high for one in all_of]) for all_of in (found, pooled))
    assert 0.915 <= held <= 0.98
    assert before < held


@pytest.mark.parametrize("count", [5, 20])
def test_equal_models_keep_one_rank_whatever_the_documents(count, scale):
    """Five equal models are told apart in at most about one board of twenty, with few documents, too."""
    rng, wrong, boards = np.random.default_rng(count), 0, 120 * scale
    for _ in range(boards):
        parts = list(documents_beside_words(rng, count, 5))
        values, influences = np.array([one.value for one in parts]), np.array([one.influence for one in parts])
        found = ranks(values, influences, sets=parts[0].connected, shares=parts[0].weight)
        wrong += bool((found.low > 1).any())
    assert wrong <= 0.05 * boards + 3 * np.sqrt(0.05 * 0.95 * boards)


def test_an_average_over_languages_that_share_training_subsets():
    """Ten draws behind eight languages move all of them together: the average is covered; were each language's draws
    taken for its own, the interval would be far too narrow."""
    rng, held, careless = np.random.default_rng(3), 0, 0
    for _ in range(300):
        luck = rng.normal(0, 0.05, 10)
        shared, own = [], []
        for language in range(8):
            x = rng.normal(0, 0.3, 100)
            seeds = luck + rng.normal(0, 0.01, 10)
            psi, value = x - x.mean(), x.mean() + seeds.mean()
            clusters = 100 * language + np.arange(100)
            shared.append(part(value, psi, clusters, seeds, 9000 + np.arange(10)))
            own.append(part(value, psi, clusters, seeds, 9000 + 10 * language + np.arange(10)))
        ends = [estimate(combine(parts), (-9, 9)) for parts in (shared, own)]
        held += ends[0].low <= 0 <= ends[0].high
        careless += ends[1].low <= 0 <= ends[1].high
    assert 0.91 <= held / 300 <= 0.985
    assert careless / 300 < 0.85


@pytest.mark.parametrize(
    ("n", "share", "right"), [(50, 0.2, 0.95), (200, 0.05, 0.8), (200, 0.05, 0.95), (1000, 0.05, 0.99)]
)
def test_f1_of_a_rare_class_near_a_bound(n, share, right):
    """Of a class with few items, near 1, too: a studentized bootstrap covered 5 to 90%."""
    wrong = share * (1 - right) / (1 - share)
    truth = 2 * right / (right + 1 + wrong * (1 - share) / share)
    metric = metrics.class_f1("f1", ["a", "b"], "a")

    def draw(rng):
        gold = rng.random(n) < share
        gold[0] = True  # a class without an item has no F1
        found = np.where(gold, rng.random(n) < right, rng.random(n) < wrong)
        return {"true": np.where(gold, "a", "b"), "predicted": np.where(found, "a", "b")}, None

    assert 0.92 <= coverage(draw, metric, truth) <= 0.995
