"""xlbench.stats.rows: grouping, sums over clusters, influences."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xlbench import UsageError, metrics
from xlbench.core.task import Metric
from xlbench.stats import rows, variances

tables = hnp.arrays(np.int64, st.tuples(st.integers(1, 40), st.integers(1, 12)), elements=st.integers(-2, 2))


@settings(derandomize=True, deadline=None, max_examples=80)
@given(tables)
def test_cells_and_counts_rebuild_the_rows(table):
    """Every row is its cell, all cells differ, and counts say how many rows each stands for."""
    grouped = rows.group(table)
    assert np.array_equal(grouped.cells[grouped.inverse], table)
    assert len(np.unique(grouped.cells, axis=0)) == len(grouped.cells)
    assert np.array_equal(np.bincount(grouped.inverse), grouped.counts)
    assert np.array_equal(grouped.sums, table.sum(axis=0))


@settings(derandomize=True, deadline=None, max_examples=40)
@given(tables, st.randoms(use_true_random=False))
def test_cells_do_not_depend_on_the_order_of_rows(table, random):
    """Shuffled rows give the same cells in the same order."""
    order = list(range(len(table)))
    random.shuffle(order)
    one, other = rows.group(table), rows.group(table[order])
    assert np.array_equal(one.cells, other.cells)
    assert np.array_equal(one.counts, other.counts)
    assert np.array_equal(one.inverse[order], other.inverse)


@pytest.mark.parametrize("kind", [np.bool_, np.uint8, np.int32, np.float32, np.float64])
def test_rows_of_every_kind_of_number_are_grouped(kind):
    """Booleans, bytes, integers and floats of odd widths all hash by content."""
    table = np.array([[0, 1, 1], [1, 1, 0], [0, 1, 1]], dtype=kind)
    assert rows.group(table).counts.tolist() == [2, 1]


def test_signed_zeros_are_one_number():
    """-0.0 and 0.0 are the same row though their bytes differ."""
    assert len(rows.group(np.array([[0.0], [-0.0]])).cells) == 1


def test_rows_with_one_hash_stay_apart(monkeypatch):
    """Where two different rows hash alike, they are compared."""
    monkeypatch.setattr(rows, "_hash", lambda table: np.zeros(len(table), dtype=np.uint64))
    grouped = rows.group(np.array([[1, 2], [3, 4], [1, 2]]))
    assert grouped.cells.tolist() == [[1, 2], [3, 4]]
    assert grouped.inverse.tolist() == [0, 1, 0]


@settings(derandomize=True, deadline=None, max_examples=40)
@given(tables, st.data())
def test_cluster_rows_are_sums_over_items(table, data):
    """Rows summed by cluster are what a loop gives."""
    raw = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=len(table), max_size=len(table))))
    codes = rows.dense(raw)
    found = rows.cluster_rows(table, codes, rows.group(table).inverse)
    assert np.array_equal(found, [table[raw == code].sum(axis=0) for code in np.unique(raw)])


@pytest.mark.parametrize(
    "metric",
    [
        metrics.mean("mean", "score"),
        metrics.v_measure("v", range(3), "true", "predicted"),
        metrics.purity("purity", range(3), "true", "predicted"),
    ],
    ids=lambda metric: metric.name,
)
def test_the_jackknife_is_what_leaving_items_out_one_by_one_gives(metric):
    """psi_i = (n-1)(theta - theta_without_i), computed by brute force."""
    rng = np.random.default_rng(0)
    columns = {"true": rng.integers(0, 3, 30), "predicted": rng.integers(0, 3, 30), "score": rng.random(30).round(1)}
    table = metric.rows(columns).astype(float)
    whole = float(metric.value(table.sum(axis=0)))
    brute = [29 * (whole - float(metric.value(np.delete(table, item, axis=0).sum(axis=0)))) for item in range(30)]
    assert rows.influences(metric, columns, rows.group(table)) == pytest.approx(np.array(brute), abs=1e-12)


def test_an_influence_of_the_metric_itself_is_believed_but_its_shape_is_checked():
    """``metric.influence`` replaces the jackknife."""
    plain = metrics.mean("mean", "score")
    columns = {"score": np.arange(4.0)}
    grouped = rows.group(plain.rows(columns))
    told = Metric("mean", plain.rows, plain.value, influence=lambda columns: columns["score"] - 1.5)
    assert rows.influences(told, columns, grouped).tolist() == [-1.5, -0.5, 0.5, 1.5]
    wrong = Metric("mean", plain.rows, plain.value, influence=lambda columns: columns["score"][:2])
    with pytest.raises(UsageError, match="influence must have shape"):
        rows.influences(wrong, columns, grouped)


def test_cluster_variance_by_hand():
    """Hits 1,0 | 1,1 | 0: psi = hit - .6, U = -.04, .16, -.12, and CR1 is 3/2 of the sum of squares, .0416."""
    psi = np.array([1, 0, 1, 1, 0]) - 0.6
    sums = variances.linear_sums(psi, np.array([0, 0, 1, 1, 2]))
    assert sums == pytest.approx(np.array([-0.04, 0.16, -0.12]))
    assert variances.cluster_variance(sums) == pytest.approx(1.5 * 0.0416)
    assert np.isnan(variances.cluster_variance(np.array([0.0])))


@pytest.mark.parametrize("shape", [(3,), (3, 0), (3, 2, 2)])
def test_rows_of_a_wrong_shape_are_refused_with_the_metric_named(shape):
    """A plugin's metric that returns no table is told so."""
    metric = Metric("odd", lambda columns: np.zeros(shape), lambda sums: sums[..., 0])
    with pytest.raises(UsageError, match="metric odd: rows"):
        rows.metric_rows(metric, {"hit": np.zeros(3)})


@pytest.mark.parametrize("name", ["macro_f1", "micro_f1", "purity", "inverse_purity", "v_measure"])
def test_gradients_agree_with_differences(name):
    """Closed forms equal numeric derivatives, where the value is smooth."""
    rng = np.random.default_rng(4)
    metric = metrics.micro_f1(name) if name == "micro_f1" else getattr(metrics, name)(name, range(4))
    width = 3 if name == "micro_f1" else 12 if name == "macro_f1" else 16
    sums = rng.random((5, width)) * 20 + 1
    numeric = rows.gradient(Metric(name, metric.rows, metric.value), sums)
    assert rows.gradient(metric, sums) == pytest.approx(numeric, abs=1e-8)


def test_differences_do_not_step_below_zero():
    """At a sum of 0, where a count cannot shrink, the derivative is taken forwards."""

    def value(sums):
        assert (sums >= 0).all()
        return sums[..., 0] / sums[..., 1]

    metric = Metric("share", lambda columns: columns["x"], value)
    assert rows.gradient(metric, np.array([[0.0, 4.0]])) == pytest.approx(np.array([[0.25, 0.0]]))


def test_importing_the_room_imports_no_numpy():
    """`import xlbench.stats` is cheap: its parts are imported when they are used."""
    code = "import sys, xlbench.stats, xlbench.stats.metrics; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_every_public_name_of_the_room_is_there():
    """What `__all__` promises can be had, and nothing else."""
    from xlbench import stats

    assert all(getattr(stats, name) is not None for name in stats.__all__)
    assert callable(stats.ranks)
    with pytest.raises(AttributeError, match="nothing"):
        stats.nothing  # noqa: B018


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.integers(2, 30), st.integers(0, 10_000))
def test_sums_come_back_from_influences(clusters, seed):
    """What leaving clusters out made of sums that add up to 0 gives these sums back, whatever the clusters' sizes."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(clusters))
    sums = rng.normal(size=clusters)
    sums -= sums.mean()
    assert variances.sums_of(variances.left_out(sums, shares), shares) == pytest.approx(sums, abs=1e-9)


def test_the_bias_of_macro_f1_is_that_of_many_tests():
    """Of 20,000 tests of 60 items, three classes: the mean is below the truth by what single tests say, to a tenth."""
    table = np.array([[12, 5, 1], [4, 8, 3], [1, 4, 4]]) / 42
    metric, random = metrics.macro_f1("f1", range(3)), np.random.RandomState(0)
    truth = float(np.mean(2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1))))
    drawn = random.multinomial(60, table.ravel(), 20_000).reshape(-1, 3, 3)
    sums = np.concatenate([drawn[:, range(3), range(3)], drawn.sum(axis=2), drawn.sum(axis=1)], axis=1)
    expected = float(np.mean(metric.value(sums.astype(float)))) - truth
    found = []
    for one in drawn[:300]:
        true, predicted = np.repeat(np.indices((3, 3)).reshape(2, 9), one.ravel(), axis=1)
        found.append(rows.bias(metric, rows.group(metric.rows({"true": true, "predicted": predicted}))))
    assert expected < -0.005
    assert np.mean(found) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize("n", [5, 12, 60])
def test_the_bias_of_a_squared_mean_is_the_variance_over_n(n):
    """By hand: the square of a mean of n numbers is too high by their variance over n, with few numbers, too."""
    x = np.random.default_rng(n).normal(10, 1, n)
    squared = metrics.mean("squared", "x")
    squared = replace(squared, value=lambda sums: (sums[..., 0] / sums[..., 1]) ** 2, gradient=None, influence=None)
    found = rows.bias(squared, rows.group(np.stack([x, np.ones(n)], axis=1)))
    assert found == pytest.approx(x.var(ddof=1) / n, rel=0.15)


def test_a_mean_has_no_bias():
    """Nor has anything else that is linear in the sums."""
    grouped = rows.group(metrics.mean("mean", "x").rows({"x": np.random.default_rng(0).random(30)}))
    assert rows.bias(metrics.mean("mean", "x"), grouped) == pytest.approx(0.0, abs=1e-12)
