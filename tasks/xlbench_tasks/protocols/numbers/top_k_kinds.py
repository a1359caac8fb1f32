"""Of what kinds the first documents of a search are, where some of them are equally near: the order of a file is no
evidence, so each of these counts for a part of the places that are left."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from xlbench_tasks.protocols.numbers.judgments import Doubles, Ints
from xlbench_tasks.protocols.numbers.nearest import Floats, Index, Similarity, nearest
from xlbench_tasks.protocols.numbers.vector_rows import UNSURE, scaled


def of_vectors(queries: Floats, index: Index, k: int, codes: Ints, kinds: int, similarity: Similarity) -> Doubles:
    """Shares (n, kinds) among the k nearest documents of each query (n, d); ``codes`` (m,) are the documents' kinds."""
    k = min(k, len(codes))
    _, values = nearest(queries, index, k, similarity)
    counts = np.zeros((len(index.sizes), kinds))
    np.add.at(counts, (index.of_document, codes), 1.0)
    found = np.empty((len(queries), kinds))
    for here, similar in index.blocks(scaled(queries, similarity)):
        level = values[here, -1][:, None]
        nearer, level_with = similar > level + np.float32(UNSURE), np.abs(similar - level) <= np.float32(UNSURE)
        found[here] = _share_of_kinds(csr_array(nearer) @ counts, csr_array(level_with) @ counts, k)
    return found


def of_lists(places: Ints, scores: NDArray[np.floating], k: int, codes: Ints, kinds: int) -> Doubles:
    """Shares (n, kinds) among the first k documents of lists (n, l), places of -1 behind them; NaN for empty lists."""
    listed = places >= 0
    length = listed.sum(axis=1)
    last = np.maximum(np.minimum(length, k) - 1, 0)
    level = np.take_along_axis(scores, last[:, None], axis=1)
    of_kind = np.where(listed, codes[places], -1)[:, :, None] == np.arange(kinds)
    nearer, level_with = (
        (of_kind & (listed & which)[:, :, None]).sum(axis=1) for which in (scores > level, scores == level)
    )
    with np.errstate(invalid="ignore"):
        return _share_of_kinds(nearer, level_with, np.minimum(length, k)[:, None])


def _share_of_kinds(nearer: NDArray[np.generic], level_with: NDArray[np.generic], k: int | Ints) -> Doubles:
    """(n, kinds): documents that are nearer than the k-th, and those of its level for what places are left, over k."""
    left = k - nearer.sum(axis=1, keepdims=True)
    shares: Doubles = (nearer + level_with * left / level_with.sum(axis=1, keepdims=True)) / k
    return shares
