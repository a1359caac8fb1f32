"""Hubs and CSLS: against the formulas a pair at a time, hand values and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import skew

from xlbench.stats import Scorer
from xlbench_tasks.protocols import retrieval_metrics
from xlbench_tasks.protocols.numbers import candidate_influence, hubness, ranking

METRICS = {metric.name: metric for metric in retrieval_metrics.metrics({})}


def vectors(seed, n, d=8):
    return np.random.RandomState(seed).standard_normal((n, d)).astype(np.float32)


def texts(n):
    return [f"text {row}" for row in range(n)]


def slow_csls(a, b, k=10):
    """Which queries' own candidate is the only first by 2 cos(x, y) - r(x) - r(y), from whole matrices."""
    a, b = a / np.linalg.norm(a, axis=1, keepdims=True), b / np.linalg.norm(b, axis=1, keepdims=True)
    similar = a.astype(np.float64) @ b.T.astype(np.float64)
    k = min(k, len(b))
    of_query = np.sort(similar, axis=1)[:, -k:].mean(axis=1)
    of_candidate = np.sort(similar, axis=0)[-k:].mean(axis=0)
    value = 2 * similar - of_query[:, None] - of_candidate[None]
    own = np.diag(value).copy()
    np.fill_diagonal(value, -np.inf)
    return own > value.max(axis=1)


@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), noise=st.sampled_from([0.2, 1.0, 3.0]))
@settings(max_examples=40, deadline=None)
def test_csls_equals_its_formula(seed, n, noise):
    """Hits by CSLS are those of equation 3 of Conneau et al., computed on whole matrices."""
    b = vectors(seed, n)
    a = b + np.float32(noise) * vectors(seed + 1, n)
    assert ranking.rank_pairs(a, b, texts(n)).columns["csls_hit"].tolist() == slow_csls(a, b).tolist()


def hub_world(n=60):
    """Queries that are near to their own candidate and, a little nearer, to a candidate between all of them."""
    candidates = np.eye(n, dtype=np.float32)
    queries = candidates.copy()
    queries[1:, 0] = 1.1
    return queries, candidates


def test_csls_takes_a_hub_out_of_the_way():
    """A candidate that is nearest to all queries hides every answer from the cosine, and none from CSLS."""
    columns = ranking.rank_pairs(*hub_world(), texts(60)).columns
    assert np.mean(columns["rank"] == 1) < 0.1
    assert columns["csls_hit"][1:].all()


def test_level_candidates_are_no_hits():
    """An encoder that gives all texts one vector hits nothing by CSLS either, nor do two candidates with one vector."""
    same = np.ones((15, 4), np.float32)
    assert not ranking.rank_pairs(same, same, texts(15)).columns["csls_hit"].any()
    twice = np.eye(15, dtype=np.float32)
    twice[1] = twice[0]
    assert ranking.rank_pairs(twice, twice, texts(15)).columns["csls_hit"].tolist() == [False] * 2 + [True] * 13


def test_a_repeated_text_is_one_target_for_csls():
    """Two items with the same text are one candidate: both are hits."""
    b = vectors(0, 4)
    b[3] = b[0]
    assert ranking.rank_pairs(b.copy(), b, ["a", "b", "c", "a"]).columns["csls_hit"].all()


def test_block_edges_change_no_hit(monkeypatch):
    """Many small blocks give the hits and hubs of one large one."""
    a, b = vectors(1, 300, 16), vectors(2, 300, 16)
    whole = ranking.rank_pairs(a, b, texts(300))
    monkeypatch.setattr(ranking, "BLOCK_CELLS", 300 * 16)
    parts = ranking.rank_pairs(a, b, texts(300))
    for name in ("csls_hit", "taken_csls_accuracy"):
        assert parts.columns[name].tolist() == whole.columns[name].tolist()
    assert parts.hubs == whole.hubs


@pytest.mark.parametrize("seed", range(3))
def test_hubness_is_the_skewness_of_k_occurrence(seed):
    """Against scipy's skewness of how often each candidate is among a query's ten nearest, counted one by one."""
    a, b = vectors(seed, 200, 6) + 0.5, vectors(seed + 9, 200, 6) + 0.5
    unit_a, unit_b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    order = np.argsort(-(unit_a @ unit_b.T), axis=1)
    occurrence = [int(np.sum(order[:, :10] == candidate)) for candidate in range(200)]
    first = sorted(int(np.sum(order[:, 0] == candidate)) for candidate in range(200))
    hubs = ranking.rank_pairs(a, b, texts(200)).hubs
    assert hubs["hubness"] == pytest.approx(skew(occurrence), abs=1e-9)
    assert hubs["hub_share"] == pytest.approx(sum(first[-10:]) / 200)


def test_hubs_by_hand():
    """Of 12 candidates one is nearest to 8 of 10 queries, two to one each: the ten first have all of the queries."""
    nearest = np.array([[0]] * 8 + [[1], [2]])
    found = hubness.facts(nearest, 12)
    assert found["hub_share"] == 1.0
    assert found["hubness"] == pytest.approx(skew([8, 1, 1] + [0] * 9))


def test_what_is_not_defined_is_not_told():
    """Where every candidate is as often among the nearest as any other, there is no skewness; the ten hubs of ten
    candidates are all of them."""
    assert hubness.facts(np.arange(10)[:, None], 10) == {}
    assert hubness.facts(np.arange(20)[:, None], 20) == {"hub_share": 0.5}


@pytest.mark.parametrize("seed", range(9, 12))
def test_influence_goes_with_leaving_out(monkeypatch, seed):
    """What an item's candidate takes from the hits of others is what leaving the item out does, but for the averages
    of neighbors, which are held fixed."""
    monkeypatch.setattr(candidate_influence, "SAVED", candidate_influence.COARSE)
    monkeypatch.setattr(retrieval_metrics, "shrunk", lambda taken, noise: -taken)
    candidates = vectors(seed, 150, 20)
    queries = candidates + np.float32(1.5) * vectors(seed + 50, 150, 20)
    columns = ranking.rank_pairs(queries, candidates, texts(150)).columns
    metric = METRICS["csls_accuracy"]

    def value(columns):
        return float(metric.value(metric.rows(columns).sum(axis=0)))

    found = []
    for item in range(150):
        rest = np.arange(150) != item
        without = ranking.rank_pairs(queries[rest], candidates[rest], texts(149)).columns
        found.append(149 * (value(columns) - value(without)))
    whole = Scorer(resamples=100).score(metric, columns)[1]
    assert np.mean(np.abs(whole - np.array(found)) < 1e-6) > 0.6
    assert np.corrcoef(whole, found)[0, 1] > 0.75
