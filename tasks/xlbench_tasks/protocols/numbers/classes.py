"""Averages over many classes (macro F1 ...), computed from counts of each class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlbench import Metric

Codes = NDArray[Any]


def pseudo_values(make: Callable[..., Metric], labels: int, true: Codes, predicted: Codes) -> NDArray[np.float64]:
    """Value plus influence of every item (n,), for a metric of classes such as `xlbench.metrics.macro_f1`.

    Args:
        make: the metric's constructor; its sums are, for each of the labels, hits, true and predicted items.
        labels: how many labels there are.
        true: (n,) label codes.
        predicted: (n,) label codes.

    Returns:
        (n,) numbers whose mean is the metric's value. Time and memory are those of the items and the labels, not of
        their product.
    """
    metric = make("one", range(labels))
    assert metric.gradient is not None
    right = true == predicted
    counts = [np.bincount(codes, minlength=labels) for codes in (true[right], true, predicted)]
    sums = np.concatenate(counts).astype(np.float64)
    by_hit, by_true, by_predicted = metric.gradient(sums).reshape(3, labels)
    influence = len(true) * (np.where(right, by_hit[true], 0.0) + by_true[true] + by_predicted[predicted])
    pseudo: NDArray[np.float64] = float(metric.value(sums)) + influence - influence.mean()
    return pseudo
