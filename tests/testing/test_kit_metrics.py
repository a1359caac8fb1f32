"""The conformance kit's check of metrics: a wrong metric for each of its rules fails, and all of xlbench's pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit_plugins import ACCURACY, array, influence, metric, rejects

from xlbench import Metric, metrics
from xlbench.testing.metrics import check_metric


@pytest.fixture(scope="module")
def columns():
    """40 items of three labels, about half of them right."""
    import numpy as np

    random = np.random.RandomState(3)
    true = random.randint(0, 3, 40)
    predicted = np.where(random.random_sample(40) < 0.5, true, random.randint(0, 3, 40))
    return {"true": true, "predicted": predicted, "hit": true == predicted, "size": random.randint(1, 9, 40)}


def first_ten_wrong(columns):
    rows = ACCURACY.rows(columns)
    rows[:10, 0] = 0
    return rows


def rows_with_nan(columns):
    rows = ACCURACY.rows(columns)
    rows[3, 0] = float("nan")
    return rows


def slope(factor, slot=slice(None)):
    def gradient(sums):
        right = ACCURACY.gradient(sums)
        right[..., slot] *= factor
        return right

    return gradient


def shared(columns):
    """A hit counts less, the more often its label is predicted: rows that hang on other items."""
    import numpy as np

    times = np.bincount(columns["predicted"], minlength=3)[columns["predicted"]]
    return np.stack([columns["hit"] / times, np.ones(len(times))], axis=-1)


def fails(*_):
    raise KeyError("no such column")


METRICS = {
    "interval": ({"interval": "guess"}, "interval 'guess' is none of proportion, ratio, f1, studentized"),
    "rows() raises": ({"rows": fails}, "rows() fails: KeyError: 'no such column'"),
    "rows of one number": ({"rows": lambda c: c["hit"]}, "rows() gives bool of shape (40,)"),
    "a row too few": ({"rows": lambda c: ACCURACY.rows(c)[1:]}, "rows() gives float64 of shape (39, 2)"),
    "rows of nothing": ({"rows": lambda c: ACCURACY.rows(c)[:, :0]}, "rows() gives float64 of shape (40, 0)"),
    "rows of text": ({"rows": lambda c: ACCURACY.rows(c).astype(str)}, "of shape (40, 2): give numbers"),
    "rows with NaN": ({"rows": rows_with_nan}, "rows() gives NaN or infinity"),
    "value() raises": ({"value": fails}, "value() fails: KeyError"),
    "value in a list": ({"value": lambda s: s[..., :1] / s[..., 1:]}, "value() of one vector of sums has shape (1,)"),
    "value of NaN": ({"value": lambda s: s[..., 0] * float("nan")}, "the value of all items is nan"),
    "above": ({"value": lambda s: 100 * s[..., 0] / s[..., 1]}, "is outside of its bounds, 0 to 1"),
    "below": ({"value": lambda s: -s[..., 0] / s[..., 1]}, "is outside of its bounds, 0 to 1"),
    "first axis": ({"value": lambda s: s[0] / s[1]}, "value() of sums of shape (3, 2) is not what it is of each"),
    "all in one": ({"value": lambda s: s[..., 0] / s[..., 1].max()}, "value() of sums of shape (3, 2)"),
    "two axes": (
        {"value": lambda s: s[0] / s[1] if s.ndim == 1 else s[:, ..., 0].ravel() / s[:, ..., 1].ravel()},
        "value() of sums of shape (3, 1, 2)",
    ),
    "a fixed number of items": ({"value": lambda s: s[..., 0] / 80}, "changes when every item is counted three times"),
    "rows by place": ({"rows": first_ten_wrong}, "the value changes when the items come in another order"),
    "gradient() raises": ({"gradient": fails}, "gradient() fails: KeyError"),
    "gradient of one": ({"gradient": lambda s: s[..., 0]}, "gradient() of sums (2, 2) has shape (2,)"),
    "gradient of zeros": ({"gradient": slope(0.0)}, "gradient() gives 0 for sum 0"),
    "gradient's sign": ({"gradient": slope(-1.0, 1)}, "for sum 1, where a small change of it gives -0.0"),
    "influence() raises": ({"influence": fails}, "influence() fails: KeyError"),
    "influence of two": ({"influence": lambda c: influence(c)[:2]}, "influence() has shape (2,)"),
    "influence of texts": ({"influence": lambda c: c["hit"].astype(str)}, "influence() has shape (40,) or no finite"),
    "influence of NaN": ({"influence": lambda c: influence(c) / 0.0 * 0.0}, "or no finite numbers"),
    "influence's unit": ({"influence": lambda c: influence(c) / 40}, "where leaving it out gives"),
    "influence's sign": ({"influence": lambda c: -influence(c)}, "where leaving it out gives"),
    "seeds() raises": ({"seeds": fails}, "seeds() fails: KeyError"),
    "a seed without end": ({"seeds": lambda c: [0.1, float("inf")]}, "give a finite number a seed"),
    "seeds of another mean": ({"seeds": lambda c: [7.0, 8.0]}, "seeds() have the mean 7.5, and the value is"),
    "seeds in a table": ({"seeds": lambda c: [[0.0, 0.0]] * 2}, "of shape (2, 2): give a finite number a seed"),
    "influence's place": ({"influence": lambda c: influence(c)[::-1]}, "where leaving it out gives"),
}


@pytest.mark.parametrize(("changes", "message"), METRICS.values(), ids=METRICS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_metrics_fail_their_check(changes, message, columns):
    """Whatever a metric may get wrong is told in one line that begins with its name."""
    line = rejects(lambda: check_metric(metric(**changes), columns), message)
    assert line.startswith("metric accuracy: ")


def test_a_metric_says_where_it_was_checked(columns):
    """A message can begin with the place."""
    rejects(lambda: check_metric(metric(bounds=(0.9, 1.0)), columns, "here"), "here, metric accuracy: the value 0.")


def jackknife(columns):
    import numpy as np

    sums, rows = SQUARED.rows(columns).sum(axis=0), SQUARED.rows(columns)
    n = len(rows)
    return (n - 1) * np.array([SQUARED.value(sums) - SQUARED.value(sums - row) for row in rows])


def linearized(columns):
    return 2 * columns["hit"].mean() * (columns["hit"] - columns["hit"].mean())


SQUARED = replace(ACCURACY, name="squared", value=lambda sums: (sums[..., 0] / sums[..., 1]) ** 2, gradient=None)

ALL_METRICS = [
    metric(),
    replace(SQUARED, influence=jackknife),
    replace(SQUARED, influence=linearized),
    metric(value=lambda sums: sums[..., 0] / sums[..., 1] * (1 + 1e-13)),
    metrics.mean("size", "size", (1.0, 8.0)),
    metrics.macro_f1("macro_f1", range(4)),
    metrics.micro_f1("micro_f1", "hit", "true", "size"),
    metrics.purity("purity", range(3), "true", "predicted"),
    metrics.inverse_purity("inverse_purity", range(3), "true", "predicted"),
    metrics.v_measure("v_measure", range(3), "true", "predicted"),
    metrics.averaged("averaged", [metrics.purity("purity", range(3), "true", seed) for seed in ("predicted", "size")]),
    Metric("shared", shared, ACCURACY.value, influence=lambda columns: columns["size"]),
]


@pytest.mark.parametrize("right", ALL_METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("n", [40, 6, 1])
def test_right_metrics_pass(right, n, columns):
    """All metrics of `xlbench.metrics` pass, with many items and with few; an influence may be a derivative or what
    leaving an item out does, and is its author's where rows hang on each other."""
    check_metric(right, {name: column[:n] for name, column in columns.items()})


def test_a_tie_has_no_derivative():
    """Purity passes where two labels are equally frequent in a cluster, though it has a kink there."""
    tied = {"label": array(0, 1, 0, 1, 1), "cluster": array(0, 0, 1, 1, 1)}
    slope = metrics.purity("purity", range(2)).gradient
    check_metric(metrics.purity("purity", range(2)), tied)
    rows = metrics.purity("purity", range(2)).rows(tied)
    by_gradient = replace(
        metrics.purity("purity", range(2)), influence=lambda c: len(rows) * (rows @ slope(rows.sum(axis=0) * 1.0))
    )
    check_metric(by_gradient, tied)
