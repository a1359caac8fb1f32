"""Averages over classes as mteb has them (all that are true or predicted), and what each item does to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def pseudo_values(name: str, true: Any, predicted: Any) -> Doubles:
    """Value plus influence of every item (n,), whose mean is the value.

    Args:
        name: ``f1``, ``precision`` or ``recall``, a mean over classes; with ``_weighted`` by how often they are true.
        true: Label codes (n,).
        predicted: Label codes (n,).
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    size = 1 + int(max(true.max(), predicted.max()))
    hit, of_true, of_predicted = (
        np.bincount(codes, minlength=size).astype(np.float64) for codes in (true[true == predicted], true, predicted)
    )
    kind, _, weighted = name.partition("_")
    values, by_hit, by_true, by_predicted = _by_class(kind, hit, of_true, of_predicted)
    n = float(len(true))
    if weighted:
        value = float((of_true * values).sum() / n)
        by_true = (of_true * by_true + values - value) / n
        by_hit, by_predicted = of_true * by_hit / n, of_true * by_predicted / n
    else:
        there = (of_true + of_predicted) > 0
        value = float(values[there].mean())
        by_hit, by_true, by_predicted = (one / there.sum() for one in (by_hit, by_true, by_predicted))
    influence = n * (np.where(true == predicted, by_hit[true], 0.0) + by_true[true] + by_predicted[predicted])
    pseudo: Doubles = value + influence - influence.mean()
    return pseudo


def _by_class(kind: str, hit: Doubles, true: Doubles, predicted: Doubles) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Values of the classes (k,), and their derivatives by hits, true and predicted items; 0 where undefined."""
    zero = np.zeros_like(hit)
    if kind == "f1":
        value, slope = _ratio(2 * hit, true + predicted)
        return value, 2 * slope, -value * slope, -value * slope
    value, slope = _ratio(hit, predicted if kind == "precision" else true)
    fall = -value * slope
    return (value, slope, zero, fall) if kind == "precision" else (value, slope, fall, zero)


def _ratio(above: Doubles, below: Doubles) -> tuple[Doubles, Doubles]:
    """above / below and 1 / below; 0 where that is not defined, as mteb has it."""
    slope = np.divide(1.0, below, out=np.zeros_like(below), where=below > 0)
    return above * slope, slope
