"""The numbers behind the clustering protocol: clusterings of unit vectors, and what they share with classes.

Everything runs on one thread: k-means adds up its centres in the order in which threads finish, and the last bits of a
sum can move an item.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError, Metric

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Codes = NDArray[Any]

PERMUTATIONS = 20
"""How often labels are dealt anew for the chance level."""

MOST_AGGLOMERATED = 20_000
"""Items whose distances, one a pair of 8 bytes, still fit into memory (1.6 GB)."""


def k_means(vectors: Floats, k: int, seeds: Sequence[int]) -> list[Ints]:
    """A clustering (n,) a seed, by scikit-learn's k-means with one k-means++ start."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        # Fewer distinct vectors than clusters: the protocol says so in a note.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fits = [KMeans(k, n_init=1, random_state=seed).fit(vectors) for seed in seeds]
    return [fit.labels_.astype(np.int64) for fit in fits]


def agglomerate(vectors: Floats, k: int, linkage: str) -> Ints:
    """One clustering (n,): ward over Euclidean distances, or average over cosine distances."""
    from sklearn.cluster import AgglomerativeClustering
    from threadpoolctl import threadpool_limits

    if len(vectors) > MOST_AGGLOMERATED:
        raise DataError(
            f"agglomerative clustering of {len(vectors):,} items needs too much memory (at most "
            f"{MOST_AGGLOMERATED:,}); use algorithm = 'kmeans'"
        )
    metric = "euclidean" if linkage == "ward" else "cosine"
    with threadpool_limits(1):
        fit = AgglomerativeClustering(k, metric=metric, linkage=linkage).fit(vectors)
    return np.asarray(fit.labels_, dtype=np.int64)


def contingency(label: Codes, cluster: Codes) -> tuple[NDArray[np.float64], Ints]:
    """Counts (labels, clusters), and the place of every item (n,) in the flat table."""
    rows, width = int(label.max()) + 1, int(cluster.max()) + 1
    place = label.astype(np.int64) * width + cluster
    counts = np.bincount(place, minlength=rows * width).astype(np.float64)
    return counts.reshape(rows, width), place


def pseudo_values(make: Callable[..., Metric], label: Codes, cluster: Codes) -> NDArray[np.float64]:
    """Value plus influence of every item (n,), for a metric of contingency tables such as `xlbench.metrics.purity`.

    The metric's own rows are as wide as the table; its value and its gradient at the table say the same.
    """
    table, place = contingency(label, cluster)
    metric = make("one", range(len(table)))
    assert metric.gradient is not None
    sums = table.ravel()
    influence = len(label) * metric.gradient(sums)[place]
    pseudo: NDArray[np.float64] = float(metric.value(sums)) + influence - influence.mean()
    return pseudo


def matched(label: Codes, cluster: Codes) -> NDArray[np.bool_]:
    """Whether an item (n,) lies in the cluster that is matched to its label: one cluster a label, the best choice."""
    table, place = contingency(label, cluster)
    pairs = np.zeros(table.shape, dtype=bool)
    pairs[_assignment(table)] = True
    return np.asarray(pairs.ravel()[place])


def _assignment(table: NDArray[np.float64]) -> tuple[Ints, Ints]:
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(table, maximize=True)
    return rows, columns


def chance(
    makes: Mapping[str, Callable[..., Metric]], label: Codes, clusterings: Sequence[Codes], seed: int
) -> dict[str, float]:
    """Mean value of each metric, and of the matched accuracy, over the clusterings with labels dealt at random."""
    random = np.random.RandomState(seed)
    dealt = [random.permutation(label) for _ in range(PERMUTATIONS)]
    values: dict[str, list[float]] = {name: [] for name in [*makes, "matched_accuracy"]}
    for cluster in clusterings:
        tables = np.stack([contingency(labels, cluster)[0] for labels in dealt])
        for name, make in makes.items():
            metric = make(name, range(tables.shape[1]))
            values[name] += metric.value(tables.reshape(PERMUTATIONS, -1)).tolist()
        values["matched_accuracy"] += [table[_assignment(table)].sum() / len(label) for table in tables]
    return {name: float(np.mean(found)) for name, found in values.items()}
