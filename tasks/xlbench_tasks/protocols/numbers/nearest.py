"""Exact search of documents by vectors, in blocks of bounded memory: ranks of judged documents, and the nearest ones.

Documents are never all compared at once: beyond the vectors, memory stays below about 16 bytes x `BLOCK_CELLS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import largest
from xlbench_tasks.protocols.numbers.judgments import Ints, Judgments, worst_ranks
from xlbench_tasks.protocols.numbers.vector_rows import ROWS, TIE, UNSURE, equal_rows, scaled

Floats = NDArray[np.float32]
Progress = Callable[[int, int], None]
Similarity = Literal["cosine", "dot"]

BLOCK_CELLS = 1 << 25
"""Similarities held at once (4 bytes each)."""


@dataclass(frozen=True, eq=False)
class Index:
    """Documents that can be searched: their distinct vectors, and which documents have each."""

    vectors: Floats
    """(g, d) distinct, scaled."""
    of_document: Ints
    """(m,) group of each document."""
    sizes: Ints
    """(g,) how many documents have each vector."""
    progress: Progress = lambda done, total: None
    """Told how many queries of a pass over all documents were compared."""

    @classmethod
    def of(
        cls,
        documents: Floats,
        similarity: Similarity = "cosine",
        progress: Progress = lambda done, total: None,
    ) -> Index:
        """An index of documents (m, d), not yet normalized."""
        rows = scaled(documents, similarity)
        of_document, first = equal_rows(rows)
        sizes = np.bincount(of_document)
        return cls(rows if len(first) == len(rows) else rows[first], of_document, sizes, progress)

    def blocks(self, queries: Floats) -> Iterator[tuple[slice, Floats]]:
        """Rows of queries (n, d), and their similarities with all distinct vectors (b, g), which may be overwritten."""
        n, g = len(queries), len(self.vectors)
        step = max(16, min(1024, BLOCK_CELLS // g))
        buffer = np.empty((min(step, n), g), np.float32)
        for start in range(0, n, step):
            here = slice(start, min(start + step, n))
            yield here, np.matmul(queries[here], self.vectors.T, out=buffer[: here.stop - start])
            self.progress(here.stop, n)

    def counted(self, wanted: NDArray[np.bool_]) -> int:
        """How many documents the wanted groups (g,) hold."""
        shared = np.flatnonzero(self.sizes > 1)
        return int(np.count_nonzero(wanted)) + int((self.sizes[shared] - 1) @ wanted[shared])


def rank_judged(
    queries: Floats, index: Index, judgments: Judgments, similarity: Similarity = "cosine"
) -> tuple[Ints, Ints]:
    """Ranks (j,) of judged documents among all of the index, and how many others are as near as each (j,), from queries
    (n, d) that are not yet normalized.

    Of documents that are equally near, those that help least stand first. What single precision leaves open is decided
    in double precision, so that ranks hang neither on the order of sums nor on the edges of blocks. A query's own
    document stands in no list.
    """
    asked = scaled(queries, similarity)
    reached, ties = np.zeros((2, len(judgments.query)), np.int64)
    ends = np.searchsorted(judgments.query, np.arange(len(asked) + 1))
    own = np.full(len(asked), -1) if judgments.own is None else judgments.own
    own = np.where(own >= 0, index.of_document[own], -1)
    for here, similar in index.blocks(asked):
        for row in range(here.start, here.stop):
            mine = slice(ends[row], ends[row + 1])
            if mine.start < mine.stop:
                groups, inverse = np.unique(index.of_document[judgments.document[mine]], return_inverse=True)
                near, left_out = similar[row - here.start], int(own[row])
                counts = [_counts(near, asked[row], index, group, left_out) for group in groups.tolist()]
                reached[mine], ties[mine] = np.array(counts, np.int64)[inverse].T
    return worst_ranks(judgments, reached), ties


def _counts(similar: Floats, query: Floats, index: Index, group: int, left_out: int) -> tuple[int, int]:
    """How many documents are as near as those of a group, or nearer, and how many others are as near, from similarities
    (g,) of a query (d,); one document of the group ``left_out`` is not counted (-1: all are)."""
    own = similar[group]
    near = similar >= own - np.float32(UNSURE)
    unsure = np.flatnonzero(near & (similar <= own + np.float32(UNSURE)))
    if len(unsure) == 1:
        level_with = unsure
    else:
        beyond = _exact_margin(query, index.vectors, unsure, group)
        near[unsure] = beyond >= -TIE
        level_with = unsure[np.abs(beyond) <= TIE]
    ahead, ties = index.counted(near), int(index.sizes[level_with].sum()) - 1
    return (ahead, ties) if left_out < 0 else (ahead - int(near[left_out]), ties - int(left_out in level_with))


def _exact_margin(query: Floats, vectors: Floats, unsure: Ints, own: int) -> NDArray[np.float64]:
    """By how much the ``unsure`` (u,) vectors are nearer to the query than ``own`` is, in double precision."""
    exact = np.empty(len(unsure))
    wide = query.astype(np.float64)
    for start in range(0, len(unsure), ROWS):
        part = unsure[start : start + ROWS]
        exact[start : start + ROWS] = (vectors[part] * wide).sum(axis=1)
    exact -= exact[np.searchsorted(unsure, own)]
    return exact


def nearest(
    queries: Floats, index: Index, k: int, similarity: Similarity = "cosine"
) -> tuple[Ints, NDArray[np.float32]]:
    """The k nearest documents of each query (n, d) and their similarities, (n, k) each, descending; of documents with
    equal vectors the first ones first. k is at most the number of documents."""
    n, m = len(queries), len(index.of_document)
    k = min(k, m)
    members = np.argsort(index.of_document, kind="stable")
    start = np.cumsum(index.sizes) - index.sizes
    places, values = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for here, near, level in _nearest_groups(scaled(queries, similarity), index, min(k, len(index.vectors))):
        if len(index.sizes) == m:
            places[here], values[here] = members[near], level
            continue
        for row, (groups, found) in enumerate(zip(near, level, strict=True), here.start):
            sizes = index.sizes[groups]
            within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            places[row] = members[np.repeat(start[groups], sizes) + within][:k]
            values[row] = np.repeat(found, sizes)[:k]
    return places, values


def _nearest_groups(queries: Floats, index: Index, k: int) -> Iterator[tuple[slice, Ints, Floats]]:
    """Rows of scaled queries (n, d), the k nearest distinct vectors of each, and their similarities, (b, k) each."""
    if k <= largest.TILE_COLUMNS and len(index.vectors) > largest.MANY:
        for here, near, level in largest.largest_products(queries, index.vectors, k):
            yield here, near, level
            index.progress(here.stop, len(queries))
        return
    for here, similar in index.blocks(queries):
        yield here, *largest.largest_of_rows(similar, k)


def rank_listed(places: Ints, scores: NDArray[np.floating], judgments: Judgments) -> Ints:
    """Ranks (j,) of judged documents in lists of documents (n, k), 0 for those that are not listed.

    Args:
        places: Which document, -1 where a list is shorter.
        scores: Descending; documents of equal score stand in the worst order.
        judgments: Of the n queries.
    """
    where, is_listed = _spots(places, judgments)
    reached, _ = _reached_in_lists(places, scores)
    return worst_ranks(judgments, np.where(is_listed, reached.ravel()[where], 0))


def ties_listed(places: Ints, scores: NDArray[np.floating], judgments: Judgments) -> Ints:
    """(j,): how many other listed documents have the score of each judged one, 0 for those that are not listed."""
    where, is_listed = _spots(places, judgments)
    _, ties = _reached_in_lists(places, scores)
    found: Ints = np.where(is_listed, ties.ravel()[where], 0)
    return found


def _spots(places: Ints, judgments: Judgments) -> tuple[Ints, NDArray[np.bool_]]:
    """Where in lists (n, k), laid end to end, each judged document stands, and whether it does."""
    listed = places >= 0
    keys = (np.arange(len(places))[:, None] * judgments.documents + places)[listed]
    spots = np.flatnonzero(listed)
    if not len(keys):
        return np.zeros(len(judgments.query), np.int64), np.zeros(len(judgments.query), bool)
    order = np.argsort(keys, kind="stable")
    wanted = judgments.query * judgments.documents + judgments.document
    at = np.minimum(np.searchsorted(keys[order], wanted), len(keys) - 1)
    is_listed = keys[order][at] == wanted
    return np.where(is_listed, spots[order][at], 0), is_listed


def _reached_in_lists(places: Ints, scores: NDArray[np.floating]) -> tuple[Ints, Ints]:
    """(n, k) each: how many listed documents have each one's score or a higher one, and how many others have it."""
    n, k = places.shape
    listed = places >= 0
    same = (scores[:, 1:] == scores[:, :-1]) & listed[:, 1:]
    begins = np.concatenate([np.ones((n, min(k, 1)), bool), ~same], axis=1)
    ends = np.concatenate([~same, np.ones((n, min(k, 1)), bool)], axis=1)
    columns = np.broadcast_to(np.arange(k), (n, k))
    first = np.maximum.accumulate(np.where(begins, columns, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, columns, k)[:, ::-1], axis=1)[:, ::-1]
    return last + 1, last - first
