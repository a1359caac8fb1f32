"""The field's metrics as functions of summed rows, for protocols and for plugin authors: constructors of `Metric`.

numpy is imported when rows are made, so that a list of tasks stays quick.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from xlbench.core.errors import UsageError
from xlbench.core.task import Columns, Metric
from xlbench.stats.formulas import (
    Table,
    ari_pseudo_values,
    class_counts,
    f1_gradient,
    f1_value,
    label_codes,
    macro_gradient,
    macro_value,
    nmi_gradient,
    nmi_value,
    precision_gradient,
    precision_value,
    purity_gradient,
    purity_value,
    recall_gradient,
    recall_value,
    transposed,
    v_gradient,
    v_value,
    weighted_gradient,
    weighted_value,
)

if TYPE_CHECKING:
    import numpy as np


Column = str | Callable[[Columns], Any]


def _column(column: Column) -> Callable[[Columns], Any]:
    """What gives a column's values; `UsageError` where some are masked, which `np.asarray` would lay bare."""

    def values(columns: Columns) -> Any:
        import numpy as np

        found = column(columns) if callable(column) else columns[column]
        if np.ma.is_masked(found):
            raise UsageError("its column holds masked values: leave these items out")
        return found

    return values


def share(name: str, column: Column, description: str = "") -> Metric:
    """The share of items for which ``column`` (a name, or a function of the columns) is true: accuracy, P@1, R@k."""
    return Metric(name, _mean_rows(_column(column)), _ratio, "proportion", (0.0, 1.0), _ratio_gradient,
                  description=description)  # fmt: skip


def mean(name: str, column: Column, bounds: tuple[float, float] = (0.0, 1.0), description: str = "") -> Metric:
    """The mean of a column over items: MRR from reciprocal ranks, a mean cosine with ``bounds=(-1, 1)``."""
    return Metric(name, _mean_rows(_column(column)), _ratio, "studentized", bounds, _ratio_gradient,
                  description=description)  # fmt: skip


def ratio(name: str, hits: Column, count: Column, description: str = "") -> Metric:
    """The share of hits among something of which items have any number: hits / count, both summed over the items.

    Not defined (NaN) where no item has any.
    """
    parts = _column(hits), _column(count)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        return np.stack([np.asarray(part(columns), dtype=np.float64) for part in parts], axis=-1)

    return Metric(name, rows, _ratio, "ratio", (0.0, 1.0), _ratio_gradient, description=description)


def _mean_rows(column: Callable[[Columns], Any]) -> Callable[[Columns], np.ndarray]:
    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        values = np.asarray(column(columns), dtype=np.float64)
        return np.stack([values, np.ones_like(values)], axis=-1)

    return rows


def _ratio(sums: np.ndarray) -> np.ndarray:
    """Sum of the values over number of items."""
    ratio: np.ndarray = sums[..., 0] / sums[..., 1]
    return ratio


def _ratio_gradient(sums: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.stack([1 / sums[..., 1], -sums[..., 0] / sums[..., 1] ** 2], axis=-1)


def macro_f1(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """F1 averaged over the classes that occur among the true labels; ``labels`` are all that the task has.

    A prediction that is no label is wrong; a true label that is none is a `UsageError`. Sums are, per class, (hits,
    true, predicted): F_c = 2 hits / (true + predicted).
    """
    true, predicted = _column(true), _column(predicted)

    def codes(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        return label_codes(true(columns), labels, f"metric {name!r}"), label_codes(predicted(columns), labels)

    def rows(columns: Columns) -> np.ndarray:
        return class_counts(*codes(columns), range(len(labels)))

    return _without_part(
        Metric(name, rows, macro_value, "studentized", (0.0, 1.0), macro_gradient, description=description)
    )


def macro_precision(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """Precision averaged over the classes that occur among the true labels; 0 for one that was never predicted."""
    return _of_classes(name, labels, true, predicted, precision_value, precision_gradient, description)


def macro_recall(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """Recall averaged over the classes that occur among the true labels: the balanced accuracy."""
    return _of_classes(name, labels, true, predicted, recall_value, recall_gradient, description)


def weighted_f1(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """F1 averaged over the classes, each weighted by how often it is the true label."""
    return _of_classes(name, labels, true, predicted, weighted_value, weighted_gradient, description)


def class_f1(
    name: str,
    labels: Sequence[Any],
    label: Any,
    true: Column = "true",
    predicted: Column = "predicted",
    description: str = "",
) -> Metric:
    """F1 of one class, ``label`` of ``labels``; not defined (NaN) where it is nowhere the true label."""
    only = [list(labels).index(label)]
    found = _of_classes(name, labels, true, predicted, macro_value, macro_gradient, description, only)
    return replace(found, interval="f1")


def _of_classes(
    name: str,
    labels: Sequence[Any],
    true: Column,
    predicted: Column,
    value: Callable[[np.ndarray], np.ndarray],
    gradient: Callable[[np.ndarray], np.ndarray],
    description: str,
    only: Sequence[int] | None = None,
) -> Metric:
    """A smooth function of the sums per class, (hits, true, predicted), of all classes or of ``only`` some."""
    true, predicted = _column(true), _column(predicted)

    def rows(columns: Columns) -> np.ndarray:
        gold, guess = label_codes(true(columns), labels, f"metric {name!r}"), label_codes(predicted(columns), labels)
        return class_counts(gold, guess, range(len(labels)) if only is None else only)

    return _without_part(Metric(name, rows, value, "studentized", (0.0, 1.0), gradient, description=description))


def _without_part(metric: Metric) -> Metric:
    """The metric with influences by leaving a part of each item out: a class keeps its only item, and where classes are
    small, standard errors are those of the curve and not of its slope, which are up to a sixth too small."""

    def influence(columns: Columns) -> np.ndarray:
        from xlbench.stats import rows

        return rows.jackknife(metric, rows.group(rows.metric_rows(metric, columns)), rows.PART)

    return replace(metric, influence=influence)


def micro_f1(
    name: str, right: Column = "right", predicted: Column = "predicted", gold: Column = "gold", description: str = ""
) -> Metric:
    """F1 over all that was found: 2 right / (predicted + gold), from counts per item (entities of a sentence).

    Where there is nothing to find, 1 if nothing was predicted either, else 0.
    """
    parts = _column(right), _column(predicted), _column(gold)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        return np.stack([np.asarray(part(columns)) for part in parts], axis=-1)

    return Metric(name, rows, f1_value, "f1", (0.0, 1.0), f1_gradient, description=description)


def purity(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """The share of items whose label is the most frequent one of their cluster (any integers or texts)."""
    return _clustering(name, labels, label, cluster, "proportion", purity_value, purity_gradient, description)


def inverse_purity(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """The share of items that lie in the largest cluster of their label."""
    value, slope = transposed(purity_value), transposed(purity_gradient)

    def gradient(table: np.ndarray) -> np.ndarray:
        import numpy as np

        return np.swapaxes(slope(table), -1, -2)

    return _clustering(name, labels, label, cluster, "proportion", value, gradient, description)


def v_measure(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """Harmonic mean of homogeneity and completeness, 2 I / (H(label) + H(cluster)); the same as NMI with the
    arithmetic mean. 1 where there is one label and one cluster."""
    return _clustering(name, labels, label, cluster, "jackknife", v_value, v_gradient, description)


def nmi(
    name: str, labels: Sequence[Any], label: Column = "label", cluster: Column = "cluster", description: str = ""
) -> Metric:
    """Mutual information over the geometric mean of H(label) and H(cluster); with the arithmetic mean it is
    `v_measure`. 1 where there is one label and one cluster, 0 where only one of them is single."""
    return _clustering(name, labels, label, cluster, "jackknife", nmi_value, nmi_gradient, description)


def ari(name: str, label: Column = "label", cluster: Column = "cluster", description: str = "") -> Metric:
    """Adjusted Rand index: the share of pairs on which labels and clusters agree, 0 by chance and 1 at best.

    It counts pairs, so it is no scale-invariant function of sums. An item's row is its pseudo-value, value + influence
    by leaving the item out: their mean is exactly the sample's index.
    """
    label, cluster = _column(label), _column(cluster)
    rows = _mean_rows(lambda columns: ari_pseudo_values(label(columns), cluster(columns)))
    return Metric(name, rows, _ratio, "jackknife", (-0.5, 1.0), _ratio_gradient, description=description)


def _clustering(
    name: str,
    labels: Sequence[Any],
    label: Column,
    cluster: Column,
    interval: Literal["proportion", "jackknife"],
    value: Table,
    gradient: Table,
    description: str,
) -> Metric:
    """A function of contingency tables, whose sums are the cells in row order (label, cluster)."""
    label, cluster = _column(label), _column(cluster)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        codes = label_codes(label(columns), labels, f"metric {name!r}")
        found, place = np.unique(np.asarray(cluster(columns)), return_inverse=True)
        cells = (codes * len(found) + place)[:, np.newaxis] == np.arange(len(labels) * len(found))
        ones: np.ndarray = cells.astype(np.uint8)
        return ones

    def table(sums: np.ndarray) -> np.ndarray:
        folded: np.ndarray = sums.reshape(*sums.shape[:-1], len(labels), -1)
        return folded

    def slope(sums: np.ndarray) -> np.ndarray:
        flat: np.ndarray = gradient(table(sums)).reshape(sums.shape)
        return flat

    return Metric(name, rows, lambda sums: value(table(sums)), interval, (0.0, 1.0), slope,
                  description=description)  # fmt: skip


def averaged(name: str, parts: Sequence[Metric], description: str = "") -> Metric:
    """The mean of metrics over the same items, one a seed (k-means starts, training subsets).

    An item's row is its pseudo-value, mean value + mean influence: its mean is the mean of the values, and its spread
    that of the mean influence. The values by single seeds are ``seeds``.
    Every part needs a gradient.
    """

    def values(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        """The parts' values (S,) and their mean influence (n,)."""
        import numpy as np

        found, influence = [], 0.0
        for part in parts:
            rows = np.asarray(part.rows(columns), dtype=np.float64)
            sums = rows.sum(axis=0)
            assert part.gradient is not None, f"metric {part.name} has no gradient"
            with np.errstate(all="ignore"):  # a value that is not defined is NaN, and then so are all rows
                found.append(float(part.value(sums)))
                influence = influence + len(rows) * (rows @ part.gradient(sums)) / len(parts)
        return np.array(found), np.asarray(influence)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        found, influence = values(columns)
        return np.stack([found.mean() + influence - influence.mean(), np.ones_like(influence)], axis=-1)

    def seeds(columns: Columns) -> np.ndarray:
        return values(columns)[0]

    first = parts[0]
    # The rows are no counts any more.
    interval = "studentized" if first.interval in ("ratio", "f1") else first.interval
    return Metric(name, rows, _ratio, interval, first.bounds, _ratio_gradient, seeds=seeds,
                  description=description or first.description)  # fmt: skip
