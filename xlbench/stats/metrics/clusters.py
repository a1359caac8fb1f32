"""Metrics of clusterings against classes: purity, V-measure, NMI and the adjusted Rand index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from xlbench.core.task import Columns, Metric
from xlbench.stats.formulas import (
    Table,
    ari_pseudo_values,
    label_codes,
    nmi_gradient,
    nmi_value,
    purity_gradient,
    purity_value,
    transposed,
    v_gradient,
    v_value,
)
from xlbench.stats.metrics.columns import Column, values_of
from xlbench.stats.metrics.means import mean_rows, ratio_gradient, ratio_value

if TYPE_CHECKING:
    import numpy as np


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
    label, cluster = values_of(label), values_of(cluster)
    rows = mean_rows(lambda columns: ari_pseudo_values(label(columns), cluster(columns)))
    return Metric(name, rows, ratio_value, "jackknife", (-0.5, 1.0), ratio_gradient, description=description)


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
    label, cluster = values_of(label), values_of(cluster)

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
