"""Metrics of predicted classes, and of found things: F1, precision and recall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench.core.task import Columns, Metric
from xlbench.stats.formulas import (
    class_counts,
    f1_gradient,
    f1_value,
    label_codes,
    macro_gradient,
    macro_value,
    precision_gradient,
    precision_value,
    recall_gradient,
    recall_value,
    weighted_gradient,
    weighted_value,
)
from xlbench.stats.metrics.columns import Column, values_of

if TYPE_CHECKING:
    import numpy as np


def macro_f1(
    name: str, labels: Sequence[Any], true: Column = "true", predicted: Column = "predicted", description: str = ""
) -> Metric:
    """F1 averaged over the classes that occur among the true labels; ``labels`` are all that the task has.

    A prediction that is no label is wrong; a true label that is none is a `UsageError`. Sums are, per class, (hits,
    true, predicted): F_c = 2 hits / (true + predicted).
    """
    true, predicted = values_of(true), values_of(predicted)

    def codes(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
        return label_codes(true(columns), labels, f"metric {name!r}"), label_codes(predicted(columns), labels)

    def rows(columns: Columns) -> np.ndarray:
        return class_counts(*codes(columns), range(len(labels)))

    return without_part(
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
    true, predicted = values_of(true), values_of(predicted)

    def rows(columns: Columns) -> np.ndarray:
        gold, guess = label_codes(true(columns), labels, f"metric {name!r}"), label_codes(predicted(columns), labels)
        return class_counts(gold, guess, range(len(labels)) if only is None else only)

    return without_part(Metric(name, rows, value, "studentized", (0.0, 1.0), gradient, description=description))


def without_part(metric: Metric) -> Metric:
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
    parts = values_of(right), values_of(predicted), values_of(gold)

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        return np.stack([np.asarray(part(columns)) for part in parts], axis=-1)

    return Metric(name, rows, f1_value, "f1", (0.0, 1.0), f1_gradient, description=description)
