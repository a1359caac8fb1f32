"""xlbench.metrics: values by hand and against scikit-learn, influences against closed forms."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
from sklearn.metrics import f1_score, v_measure_score

from xlbench import UsageError, metrics, stats
from xlbench.stats import rows
from xlbench.stats.rows import group, value_of


def value(metric, **columns):
    """The metric's value over columns."""
    return value_of(metric, metric.rows(columns).sum(axis=0))


@pytest.fixture
def answers():
    """Four classes, about 60% right."""
    rng = np.random.default_rng(8)
    true = rng.choice(4, 300, p=[0.1, 0.2, 0.3, 0.4])
    return {"true": true, "predicted": np.where(rng.random(300) < 0.5, true, rng.integers(0, 4, 300))}


def test_macro_f1_is_scikit_learns(answers):
    """With every class in the test split."""
    expected = f1_score(answers["true"], answers["predicted"], average="macro")
    assert value(metrics.macro_f1("f1", range(4)), **answers) == pytest.approx(expected, abs=1e-14)


def test_macro_f1_averages_over_classes_with_support():
    """b is predicted and never true: it lowers a's F1 and is no class of the average. F_a = 4/5, F_c = 1."""
    columns = {"true": np.array(["a", "a", "a", "c"]), "predicted": np.array(["a", "a", "b", "c"])}
    assert value(metrics.macro_f1("f1", "abc"), **columns) == pytest.approx((4 / 5 + 1) / 2)


def test_macro_f1_takes_an_answer_outside_the_labels_as_wrong_and_refuses_such_a_truth():
    """A model may say anything; the data may not."""
    columns = {"true": np.array(["a", "b"]), "predicted": np.array(["a", "?"])}
    assert value(metrics.macro_f1("f1", "ab"), **columns) == pytest.approx(0.5)
    with pytest.raises(UsageError, match="'b' is not among the labels a"):
        value(metrics.macro_f1("f1", "a"), **columns)


def test_macro_f1_influence_is_by_leaving_out_three_quarters_of_an_item(answers):
    """As scikit-learn scores with such a weight: (n - .75) / .75 times what the value loses."""
    true, predicted = answers["true"], answers["predicted"]
    found = metrics.macro_f1("f1", range(4)).influence(answers)
    whole = f1_score(true, predicted, average="macro")
    for item in (0, 7, 299):
        weights = np.ones(300)
        weights[item] = 0.25
        without = f1_score(true, predicted, average="macro", sample_weight=weights)
        assert found[item] == pytest.approx((300 - 0.75) / 0.75 * (whole - without))


def test_the_only_item_of_a_class_leaves_its_class_in_the_average():
    """Without it the mean over the other class alone would be .5 and not .75, and its influence as large as that."""
    columns = {"true": np.array(["a", "a", "b"]), "predicted": np.array(["a", "c", "b"])}
    found = metrics.macro_f1("f1", "abc").influence(columns)
    assert found[2] == pytest.approx(0.0)


def test_macro_f1_influence_is_near_the_jackknife(answers):
    """Leaving one of 300 items out moves the value as its influence says, but for terms of order 1/n."""
    metric = metrics.macro_f1("f1", range(4))
    brute = rows.jackknife(metric, group(metric.rows(answers)))
    assert metric.influence(answers) == pytest.approx(brute - brute.mean(), abs=0.06)


def test_micro_f1_by_hand():
    """2 * 3 / (4 + 5); with nothing to find, 1 for silence and 0 for an invention."""
    metric = metrics.micro_f1("f1")
    counts = {"right": np.array([1, 2]), "predicted": np.array([1, 3]), "gold": np.array([2, 3])}
    assert value(metric, **counts) == pytest.approx(6 / 9)
    nothing = np.zeros(2, dtype=int)
    assert value(metric, right=nothing, predicted=nothing, gold=nothing) == 1.0
    assert value(metric, right=nothing, predicted=nothing + 1, gold=nothing) == 0.0


def test_ratio_by_hand():
    """(1 + 0 + 3) hits of (2 + 0 + 3): an item without any counts for nothing, and of none at all there is no share."""
    metric = metrics.ratio("r", "hits", lambda columns: columns["count"])
    assert value(metric, hits=np.array([1, 0, 3]), count=np.array([2, 0, 3])) == pytest.approx(4 / 5)
    with np.errstate(invalid="ignore"):
        assert np.isnan(value(metric, hits=np.zeros(3), count=np.zeros(3)))


def test_the_interval_of_a_ratio_is_of_what_was_counted():
    """Nine of ten hits, one an item, are known about as well as nine of ten items; items without any tell nothing."""
    one_each = {"hits": np.array([1] * 9 + [0]), "count": np.ones(10)}
    found, _ = stats.Scorer().score(metrics.ratio("r", "hits", "count"), one_each, content="x")
    same, _ = stats.Scorer().score(metrics.share("r", "hits"), one_each, content="x")
    assert (found.value, found.low, found.high) == pytest.approx((same.value, same.low, same.high), abs=0.03)
    more = {name: np.concatenate([column, np.zeros(50)]) for name, column in one_each.items()}
    wide, _ = stats.Scorer().score(metrics.ratio("r", "hits", "count"), more, content="x")
    assert (wide.value, wide.low, wide.high) == pytest.approx((found.value, found.low, found.high), abs=0.02)


def test_purity_and_its_inverse_by_hand():
    """Clusters {a,a,b}, {b,b}, {a}: 5 of 6 items agree with their cluster; a is 2 of 3, b is 2 of 3 together."""
    columns = {"label": np.array(list("aabbba")), "cluster": np.array([0, 0, 0, 1, 1, 2])}
    assert value(metrics.purity("p", "ab"), **columns) == pytest.approx(5 / 6)
    assert value(metrics.inverse_purity("ip", "ab"), **columns) == pytest.approx(4 / 6)


def test_v_measure_is_scikit_learns(answers):
    """Also where everything is one label in one cluster."""
    expected = v_measure_score(answers["true"], answers["predicted"])
    metric = metrics.v_measure("v", range(4), "true", "predicted")
    assert value(metric, **answers) == pytest.approx(expected, abs=1e-12)
    assert value(metric, true=np.zeros(3, dtype=int), predicted=np.ones(3, dtype=int)) == 1.0


class TestAveraged:
    """Metrics averaged over seeds."""

    columns: ClassVar = {
        "true": np.array([0, 0, 1, 1, 1, 0]),
        "a": np.array([0, 1, 1, 1, 0, 0]),
        "b": np.array([0, 0, 1, 1, 1, 1]),
    }
    parts: ClassVar = [metrics.macro_f1(name, (0, 1), "true", name) for name in "ab"]

    def test_value_is_the_mean_of_the_values(self):
        """Two seeds: the mean of what each would have scored alone."""
        averaged = metrics.averaged("macro_f1", self.parts)
        alone = [float(part.value(part.rows(self.columns).sum(0))) for part in self.parts]
        rows = averaged.rows(self.columns)
        assert float(averaged.value(rows.sum(0))) == pytest.approx(np.mean(alone))
        assert averaged.seeds(self.columns) == pytest.approx(np.array(alone))

    def test_the_spread_of_seeds_widens_the_interval(self):
        """What the seeds leave open is inside the interval and the standard error."""
        averaged = metrics.averaged("macro_f1", self.parts)
        wide, _ = stats.Scorer(ci="jackknife").score(averaged, self.columns, content="x")
        narrow, _ = stats.Scorer(ci="jackknife").score(replace(averaged, seeds=None), self.columns, content="x")
        assert wide.seed_se > 0
        assert wide.se == pytest.approx(np.hypot(narrow.se, wide.seed_se))
        assert wide.low < narrow.low
        assert wide.high >= narrow.high
