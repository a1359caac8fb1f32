"""The numbers behind the clustering protocol: clusterings of unit vectors, and what they share with classes.

Vectors are rounded to whole numbers of a small step before they are clustered. Sums and products of these are exact in
double precision, so that every processor finds the same clusters, ties included.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError, Metric
from xlbench_tasks.protocols.numbers.vector_rows import equal_rows

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Codes = NDArray[Any]

PERMUTATIONS = 20
"""How often labels are dealt anew for the chance level."""

MOST_AGGLOMERATED = 20_000
"""Items whose distances, one a pair of 8 bytes, still fit into memory (1.6 GB)."""

CELLS = 1 << 22
"""Distances of points to centers, of all starts together, that are held at once (8 bytes each, several times)."""

LEVEL = 1e-12
"""Starts whose inertias differ by less, as a share of the points' squared lengths, are equally good: mostly the same
clusters, found in another order."""

HALF = 2.0**17
"""Where sums of points, of at most 37 bits, are cut in two halves."""

MAX_ITERATIONS = 1_000
"""Rounds of k-means at most; items usually settle within 20."""


@dataclass(frozen=True)
class Clustering:
    """The cluster of every item."""

    labels: Ints
    """(n,)"""
    converged: bool
    """Whether the last round of k-means left every item where it was."""


@dataclass(frozen=True)
class Points:
    """Distinct vectors as whole numbers, so that sums over all items and products with them are exact."""

    places: Doubles
    """(m, d)"""
    counts: Doubles
    """(m,) how many items each one stands for."""
    of_item: Ints
    """(n,) the point of every item."""


def points(vectors: Floats) -> Points:
    """The points of unit vectors (n, d), in the order of the items.

    Their steps are 2^-20 for up to 2,048 items, and larger for more.
    """
    bits = (51 - math.ceil(math.log2(max(len(vectors), 2)))) // 2
    rounded = np.rint(vectors.astype(np.float64) * 2.0**bits) + 0.0
    of_item, first = equal_rows(rounded)
    return Points(rounded[first], np.bincount(of_item).astype(np.float64), of_item)


def k_means(vectors: Floats, k: int, seeds: Sequence[Sequence[int]]) -> list[Clustering]:
    """Clusterings of unit vectors (n, d), the best of several starts each.

    Args:
        vectors: (n, d).
        k: How many clusters.
        seeds: Those of the starts of each clustering. A start is one k-means++ initialization, and then rounds until no
            item moves; the best is that with the least inertia, of equally good ones the first.
    """
    from sklearn import config_context
    from sklearn.cluster import kmeans_plusplus

    found = points(vectors)
    squares = (found.places * found.places).sum(axis=1)

    def begin(seed: int) -> Doubles:
        """The first centers of a start (k, d)."""
        count = min(k, len(found.places))
        centers, _ = kmeans_plusplus(
            found.places, count, sample_weight=found.counts, x_squared_norms=squares, random_state=seed
        )
        first: Doubles = centers
        return first

    def best_of(starts: Sequence[int]) -> Clustering:
        """The clustering of the start with the least inertia."""
        at_once = max(1, CELLS // (len(found.places) * k))
        parts = [
            lloyd(found, squares, np.stack([begin(seed) for seed in starts[place : place + at_once]]))
            for place in range(0, len(starts), at_once)
        ]
        labels, converged, inertia = (np.concatenate(values) for values in zip(*parts, strict=True))
        best = int(np.flatnonzero(inertia <= inertia.min() + LEVEL * squares.sum())[0])
        return Clustering(labels[best][found.of_item], bool(converged[best]))

    with config_context(assume_finite=True, skip_parameter_validation=True):  # a third of the time of small starts
        return [best_of(starts) for starts in seeds]


def lloyd(distinct: Points, squares: Doubles, centers: Doubles) -> tuple[Ints, NDArray[np.bool_], Doubles]:
    """Lloyd's algorithm from the first centers (s, k, d) of several starts, all of them at once.

    Of equally near centers the first is taken. A cluster that loses its last point gets the one that is furthest from
    its own center.

    Args:
        distinct: The points.
        squares: (m,) their squared lengths.
        centers: (s, k, d).

    Returns:
        The cluster of every point (s, m), whether a start came to an end (s,), and its inertia (s,): the squared
        distances of all items to the centers of their clusters, in squares of the points' step.
    """
    starts, k, dimensions = centers.shape
    m, weighted = len(distinct.places), distinct.places * distinct.counts[:, np.newaxis]
    labels = np.full((starts, m), -1)
    sums, sizes = centers.copy(), np.ones((starts, k))
    open_starts = np.arange(starts)
    for _ in range(MAX_ITERATIONS):
        distances = _distances(distinct.places, sums[open_starts], sizes[open_starts])
        nearest = distances.argmin(axis=2)
        moved = (nearest != labels[open_starts]).any(axis=1)
        open_starts, nearest, distances = open_starts[moved], nearest[moved], distances[moved]
        if not len(open_starts):
            break
        far = squares + np.take_along_axis(distances, nearest[:, :, np.newaxis], axis=2)[:, :, 0]
        filled = np.stack([_without_empty_clusters(*one, k) for one in zip(nearest, far, strict=True)])
        belongs = (filled[:, np.newaxis] == np.arange(k)[:, np.newaxis]).astype(np.float64)
        labels[open_starts], sizes[open_starts] = filled, belongs @ distinct.counts
        sums[open_starts] = (belongs.reshape(-1, m) @ weighted).reshape(-1, k, dimensions)
    with np.errstate(invalid="ignore"):
        explained = np.nan_to_num(_squared_lengths(sums) / sizes).sum(axis=1)
    return labels, ~np.isin(np.arange(starts), open_starts), float(distinct.counts @ squares) - explained


def _distances(places: Doubles, sums: Doubles, sizes: Doubles) -> Doubles:
    """Squared distances (s, m, k) of points to centers, less the points' own squared lengths, from the centers' sums
    (s, k, d) and sizes (s, k). Infinite to a center without items."""
    starts, k, dimensions = sums.shape
    products = (places @ sums.reshape(-1, dimensions).T).reshape(-1, starts, k).transpose(1, 0, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        distances: Doubles = (_squared_lengths(sums) / sizes**2)[:, np.newaxis] - 2 * products / sizes[:, np.newaxis]
    distances[np.broadcast_to(sizes[:, np.newaxis] == 0, distances.shape)] = np.inf
    return distances


def _squared_lengths(sums: Doubles) -> Doubles:
    """(s, k) of whole numbers (s, k, d), the same on every processor: their upper and lower halves have squares, and
    sums of squares, that are exact in double precision, in whatever order they are added."""
    upper = np.floor(sums / HALF)
    lower = sums - upper * HALF
    squares, products, rest = (upper * upper).sum(axis=2), (upper * lower).sum(axis=2), (lower * lower).sum(axis=2)
    lengths: Doubles = (squares * HALF + 2 * products) * HALF + rest
    return lengths


def _without_empty_clusters(labels: Ints, nearest: Doubles, k: int) -> Ints:
    """Labels in which empty clusters have been given the points that are furthest from their centers."""
    empty = np.flatnonzero(np.bincount(labels, minlength=k) == 0)
    if not len(empty):
        return labels
    filled = labels.copy()
    for cluster, point in zip(empty, np.argsort(-nearest, kind="stable"), strict=False):
        if nearest[point] > 0 and np.count_nonzero(filled == filled[point]) > 1:
            filled[point] = cluster
    return filled


def agglomerate(vectors: Floats, k: int, linkage: str) -> Clustering:
    """One clustering of unit vectors (n, d): ward over Euclidean distances, or average over cosine distances."""
    from sklearn.cluster import AgglomerativeClustering

    if len(vectors) > MOST_AGGLOMERATED:
        raise DataError(
            f"agglomerative clustering of {len(vectors):,} items needs too much memory (at most "
            f"{MOST_AGGLOMERATED:,}); use algorithm = 'kmeans'"
        )
    found = points(vectors)
    places = found.places[found.of_item]
    if linkage == "average":  # a vector of zeros has cosine 0 with all others: an axis of its own
        places = np.column_stack([places, ~places.any(axis=1)])
    metric = "euclidean" if linkage == "ward" else "cosine"
    fit = AgglomerativeClustering(k, metric=metric, linkage=linkage).fit(places)
    return Clustering(np.asarray(fit.labels_, dtype=np.int64), converged=True)


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


def matched_items(label: Codes, cluster: Codes) -> NDArray[np.bool_]:
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
    metrics = {name: make(name, range(int(label.max()) + 1)) for name, make in makes.items()}
    for cluster in clusterings:
        for labels in dealt:
            table, _ = contingency(labels, cluster)
            for name, metric in metrics.items():
                values[name].append(float(metric.value(table.ravel())))
            values["matched_accuracy"].append(table[_assignment(table)].sum() / len(label))
    return {name: float(np.mean(found)) for name, found in values.items()}
