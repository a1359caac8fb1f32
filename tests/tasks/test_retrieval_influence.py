"""Influences in retrieval, where an item is a query and a candidate: against leaving it out and ranking anew."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlbench.stats import Scorer
from xlbench_tasks.protocols import retrieval_metrics
from xlbench_tasks.protocols.numbers import candidate_influence, ranking

METRICS = {metric.name: metric for metric in retrieval_metrics.metrics({})}
OF_RANKS = [metric.name for metric in retrieval_metrics.RANKS]


@pytest.fixture(autouse=True, scope="module")
def _exact():
    """What items take is kept to the digits of its sums; the coarser steps in which it is saved have their own test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(candidate_influence, "SAVED", candidate_influence.COARSE)
        yield


def pairs(seed, n, d=6, noise=1.0):
    random = np.random.RandomState(seed)
    candidates = random.standard_normal((n, d)).astype(np.float32)
    return candidates + noise * random.standard_normal((n, d)).astype(np.float32), candidates


def texts(n):
    return [f"text {row}" for row in range(n)]


def value(name, columns):
    return float(METRICS[name].value(METRICS[name].rows(columns).sum(axis=0)))


def psi(name, columns):
    """The influence before what candidates take is shrunk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval_metrics, "shrunk", lambda taken, noise: -taken)
        return Scorer(resamples=100).score(METRICS[name], columns)[1]


def left_out(name, queries, candidates, names):
    """(n-1)(theta - theta without j), every item taken out as query and as candidate, and the others ranked anew."""
    whole, found = value(name, ranking.rank_pairs(queries, candidates, names).columns), []
    for j in range(len(names)):
        rest = np.arange(len(names)) != j
        columns = ranking.rank_pairs(queries[rest], candidates[rest], [names[i] for i in np.flatnonzero(rest)]).columns
        found.append((len(names) - 1) * (whole - value(name, columns)))
    return np.array(found)


def test_by_hand():
    """Four items; candidate 0 is the nearest of all queries, and 3's own is third: without 0, two queries are right.

    Ranks are 1, 2, 2, 3, so P@1 is 1/4. Query 0 gives 3/4 and its candidate takes 2: psi = .75 - 2. Candidate 1 is
    ahead of 3's, but not alone: psi = -1/4.
    """
    queries = np.array([[1, 0, 0, 0], [0.8, 0.5, 0, 0], [0.8, 0, 0.5, 0], [0.8, 0.5, 0, 0.4]], np.float32)
    columns = ranking.rank_pairs(queries, np.eye(4, dtype=np.float32), texts(4)).columns
    assert columns["rank"].tolist() == [1, 2, 2, 3]
    assert columns["taken_accuracy"].tolist() == [2, 0, 0, 0]
    assert columns["taken_mrr"].tolist() == pytest.approx([1 / 2 + 1 / 2 + 1 / 6, 1 / 6, 0, 0], abs=1e-4)
    assert psi("accuracy", columns) == pytest.approx([-1.25, -0.25, -0.25, -0.25])


@pytest.mark.parametrize("name", OF_RANKS)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 30))
@settings(max_examples=15, deadline=None)
def test_ranks_equal_leaving_out(name, seed, n):
    """For metrics of ranks, the influence is what leaving the item out and ranking anew does."""
    queries, candidates = pairs(seed, n, d=3)
    columns = ranking.rank_pairs(queries, candidates, texts(n)).columns
    assert psi(name, columns) == pytest.approx(left_out(name, queries, candidates, texts(n)), abs=2e-4)


@pytest.mark.parametrize("name", OF_RANKS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_repeated_texts_and_vectors_too(name, seed):
    """So it is where texts repeat (a target that others still have goes on standing there) and vectors of other texts
    are equal (each of them stands ahead)."""
    random = np.random.RandomState(seed)
    kind = random.randint(0, 8, 20)
    names = [f"{code}{random.randint(0, 3)}" for code in kind]
    queries, candidates = pairs(seed, 20)[0], pairs(seed, 8)[1][kind]
    columns = ranking.rank_pairs(queries, candidates, names).columns
    assert psi(name, columns) == pytest.approx(left_out(name, queries, candidates, names), abs=2e-4)


@pytest.mark.parametrize("seed", range(3))
def test_mteb_accuracy_equals_leaving_out(seed):
    """The same of mteb's accuracy, which takes the first of equal rows, repeated vectors included."""
    queries, candidates = pairs(seed, 60, d=4)
    candidates[50:] = candidates[:10]
    columns = ranking.rank_pairs(queries, candidates, texts(60)).columns
    found = left_out("mteb_accuracy", queries, candidates, texts(60))
    assert psi("mteb_accuracy", columns) == pytest.approx(found, abs=1e-9)


@pytest.mark.parametrize(("name", "near"), [("mteb_f1", 0.95)])
@pytest.mark.parametrize("seed", range(3))
def test_f1_to_first_order(name, near, seed):
    """mteb's F1 goes with leaving out, which the rows alone do not."""
    queries, candidates = pairs(seed, 150, d=10, noise=1.0)
    columns = ranking.rank_pairs(queries, candidates, texts(150)).columns
    found, whole = left_out(name, queries, candidates, texts(150)), psi(name, columns)
    rows_alone = Scorer(resamples=100).score(replace(METRICS[name], through_others=None), columns)[1]
    assert np.corrcoef(whole, found)[0, 1] > near > np.corrcoef(rows_alone, found)[0, 1] + 0.05
    assert whole.std() == pytest.approx(found.std(), rel=0.07)


@pytest.mark.parametrize("seed", range(9, 12))
def test_margins_all_but_for_the_averages(seed):
    """Averages over a candidate's nearest queries are held fixed: a margin's standard error is then up to 15% below
    that of leaving out, where the rows alone are about 25% below it."""
    queries, candidates = pairs(seed, 150, d=20, noise=1.5)
    columns = ranking.rank_pairs(queries, candidates, texts(150)).columns
    found, whole = left_out("margin_accuracy", queries, candidates, texts(150)), psi("margin_accuracy", columns)
    rows_alone = whole + columns["taken_margin_accuracy"]
    assert np.mean(np.abs(whole - found) < 1e-6) > 0.8
    assert 0.85 * found.std() < whole.std() < found.std()
    assert rows_alone.std() < 0.85 * found.std()


@pytest.mark.parametrize("seed", range(3))
def test_block_edges_leave_no_trace(monkeypatch, seed):
    """What candidates take has the same bytes out of many small blocks as out of one, in any order of the queries."""
    queries, candidates = pairs(seed, 700, d=5)
    whole = ranking.rank_pairs(queries, candidates, texts(700)).columns
    order = np.random.RandomState(seed).permutation(700)
    shuffled = ranking.rank_pairs(queries[order], candidates[order], texts(700)).columns
    monkeypatch.setattr(ranking, "BLOCK_CELLS", 700 * 16)
    monkeypatch.setattr(candidate_influence, "ROWS", 7)
    parts = ranking.rank_pairs(queries, candidates, texts(700)).columns
    for name in [name for name in whole if name.startswith("taken_") or name == "mteb_second"]:
        assert whole[name].tobytes() == parts[name].tobytes(), name
        assert whole[name][order].tobytes() == shuffled[name].tobytes(), name


def test_slow_sums():
    """What candidates take is the sum over queries by its formula, a pair at a time, for ranks of any depth."""
    queries, candidates = pairs(3, 400, d=3, noise=2.0)
    columns = ranking.rank_pairs(queries, candidates, texts(400)).columns
    a, b = (x / np.linalg.norm(x.astype(float), axis=1, keepdims=True) for x in (queries, candidates))
    cosines, rank = a @ b.T, columns["rank"]
    for j in range(0, 400, 13):
        ahead = [i for i in range(400) if i != j and cosines[i, j] >= cosines[i, i]]
        slow = sum(1 / (rank[i] - 1) - 1 / rank[i] for i in ahead)
        assert columns["taken_mrr"][j] == pytest.approx(slow, abs=2e-4)
        assert columns["taken_accuracy"][j] == sum(rank[i] == 2 for i in ahead)


def test_a_hub_widens_the_interval():
    """A candidate that stands before a third of the answers: with it the standard error is several times larger."""
    n = 300
    candidates = np.eye(n, dtype=np.float32)
    queries = candidates.copy()
    queries[:100, 299] = 2  # item 299 is nearer to these than their own
    columns = ranking.rank_pairs(queries, candidates, texts(n)).columns
    score, influence = Scorer().score(METRICS["accuracy"], columns)
    assert (score.value, score.method) == (pytest.approx(2 / 3), "wilson")
    assert influence.argmin() == 299
    assert influence[299] == pytest.approx(1 / 3 - 100, rel=0.01)
    assert score.se > 5 * np.sqrt(2 / 9 / n)
    assert score.high - score.low > 0.3
    assert "few items" in score.note


def test_chance_is_counted_once():
    """Candidates that take one hit each from chance alone, as many as chance spreads, add nothing; a hub stays."""
    alike = np.random.RandomState(0).poisson(0.5, 2000)
    assert np.ptp(retrieval_metrics.shrunk(alike, float(alike.mean()))) < 0.3 * np.ptp(alike)
    hub = np.where(np.arange(2000) == 3, 500, 0)
    assert retrieval_metrics.shrunk(hub, 0.25) == pytest.approx(-hub, rel=0.01, abs=0.01)
    assert retrieval_metrics.shrunk(np.zeros(5), 0.0).tolist() == [0.0] * 5


def test_steps_of_what_is_saved_are_far_below_its_chance(monkeypatch):
    """What an item takes is saved within half a step, which moves no standard error by a hundredth; counts stay."""
    saved = 2.0**-4
    queries, candidates = pairs(5, 300)
    fine = ranking.rank_pairs(queries, candidates, texts(300)).columns
    monkeypatch.setattr(candidate_influence, "SAVED", saved)
    coarse = ranking.rank_pairs(queries, candidates, texts(300)).columns
    assert np.abs(coarse["taken_mrr"] - fine["taken_mrr"]).max() <= saved / 2 + candidate_influence.COARSE
    assert np.abs(coarse["taken_mrr"] - fine["taken_mrr"]).max() > 0
    assert coarse["taken_accuracy"].tolist() == fine["taken_accuracy"].tolist()
    errors = [Scorer(resamples=100).score(METRICS["mrr"], columns)[0].se for columns in (fine, coarse)]
    assert errors[1] == pytest.approx(errors[0], rel=0.01)


def test_the_step_is_the_one_that_was_tried():
    """Outside of this file, steps are those of the test above."""
    code = "from xlbench_tasks.protocols.numbers.candidate_influence import SAVED; assert SAVED == 2.0**-4"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
