"""Ranking of candidates by cosine, in blocks of bounded memory: the numbers behind the retrieval protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEIGHBOURS = 4
"""k of the ratio margin, as in xsim of LASER."""

BLOCK_CELLS = 1 << 25
"""Similarities held at once (4 bytes each). Fixed, because block edges change the last bits of a product."""


@dataclass(frozen=True)
class Ranked:
    """What the metrics need: a row a query."""

    columns: dict[str, NDArray[np.generic]]
    """rank (1 is best), margin_hit, row (the query's own), mteb_row (raw argmax), cosine_true, cosine_random."""
    candidates: int
    """Distinct candidate texts."""
    tie_rate: float
    """Share of queries for which another candidate text is exactly as near as the translation."""


@dataclass(frozen=True)
class Groups:
    """Candidate rows grouped by equal vectors, in the order of first appearance."""

    of_row: Ints
    """(n,) group of each row."""
    first_row: Ints
    """(g,) first row of each group."""
    texts: Ints
    """(g,) distinct texts in each group."""


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1 (float32); -0.0 becomes 0.0 so that equal vectors have equal bytes."""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    scaled: Floats = (vectors / lengths).astype(np.float32) + np.float32(0)
    return scaled


def group_rows(vectors: Floats, texts: Sequence[str]) -> Groups:
    """Group equal vectors by an exact 64-bit hash of their bytes: comparing similarities instead would split groups at
    the edges of blocks on some processors."""
    words = np.ascontiguousarray(vectors).view(np.uint32).astype(np.uint64)
    factors = np.random.RandomState(0).randint(0, 2**63, words.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    words ^= words >> np.uint64(15)
    hashes = (words * factors).sum(axis=1, dtype=np.uint64)
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    of_row = place[inverse.ravel()]
    distinct = np.fromiter({text: row for row, text in enumerate(texts)}.values(), np.int64)
    return Groups(of_row, first[order], np.bincount(of_row[distinct], minlength=len(first)))


def rank_pairs(queries: Floats, candidates: Floats, candidate_texts: Sequence[str]) -> Ranked:
    """Rank, for query i, candidate i among all n candidates; vectors (n, d), not yet normalized.

    Candidates with one text are one target. A candidate of another text that is as near as the target, or nearer,
    stands before it: ties never help. Beyond the vectors, memory stays below about 16 bytes x `BLOCK_CELLS`.
    """
    queries, candidates = unit(queries), unit(candidates)
    groups = group_rows(candidates, candidate_texts)
    targets, distinct = candidates[groups.first_row], int(groups.texts.sum())
    n, g = len(queries), len(targets)
    rank, ties, best = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    k = min(NEIGHBOURS, g, n)
    near, near_group = np.empty((n, k), np.float32), np.empty((n, k), np.int64)
    backward = np.full((k, g), -np.inf, np.float32)
    step = max(16, min(1024, BLOCK_CELLS // g))
    for start in range(0, n, step):
        here = slice(start, min(start + step, n))
        similar = queries[here] @ targets.T
        rank[here], ties[here] = _ranks(similar, groups.of_row[here], groups.texts)
        backward = _merge_largest(backward, similar)
        near[here], near_group[here] = _largest_of_rows(similar, k)
        best[here] = near_group[here, 0]
    margin_hit = _margin_hits(near, near_group, backward.mean(axis=0), groups)
    true, random = _cosines(queries, candidates)
    columns: dict[str, NDArray[np.generic]] = {
        "rank": rank, "margin_hit": margin_hit, "row": np.arange(n, dtype=np.int32),
        "mteb_row": groups.first_row[best].astype(np.int32),
        "cosine_true": true, "cosine_random": random,
    }  # fmt: skip
    return Ranked(columns, distinct, float((ties > 0).mean()))


def _ranks(similar: Floats, target: Ints, texts: Ints) -> tuple[Ints, Ints]:
    """Rank of each row's target group, and how many other texts are exactly as near, from similarities (rows, g)."""
    own = similar[np.arange(len(target)), target][:, None]
    shared = np.flatnonzero(texts > 1)
    ahead, level = similar >= own, similar == own
    rank = np.count_nonzero(ahead, axis=1) + ahead[:, shared] @ (texts[shared] - 1)
    ties = np.count_nonzero(level, axis=1) - 1 + level[:, shared] @ (texts[shared] - 1)
    return rank, ties


def _largest_of_rows(similar: Floats, k: int) -> tuple[Floats, Ints]:
    """The k largest of each row with their columns, descending; equal ones in the order of columns.

    Overwrites ``similar``. For small k, k passes of argmax are several times faster than a partition.
    """
    rows = np.arange(len(similar))
    values, places = np.empty((len(similar), k), np.float32), np.empty((len(similar), k), np.int64)
    for rank in range(k):
        places[:, rank] = similar.argmax(axis=1)
        values[:, rank] = similar[rows, places[:, rank]]
        similar[rows, places[:, rank]] = -np.inf
    return values, places


def _merge_largest(largest: Floats, similar: Floats) -> Floats:
    """The k largest of each column so far (k, g) and in a new block of rows; only columns that gain are touched."""
    k = len(largest)
    gains = np.flatnonzero(similar.max(axis=0) > largest[-1])
    for part in np.array_split(gains, max(1, len(gains) // 4096)):
        both = np.concatenate([largest[:, part], similar[:, part]])
        largest[:, part] = -np.sort(-np.partition(both, len(both) - k, axis=0)[-k:], axis=0)
    return largest


def _margin_hits(near: Floats, near_group: Ints, backward: Floats, groups: Groups) -> NDArray[np.bool_]:
    """Whether the target has the largest ratio margin among the query's k nearest (Artetxe and Schwenk 2019):
    cos(x, y) over the mean of both sides' average similarity to their k nearest. A level rival wins."""
    denominator = (near.mean(axis=1, keepdims=True) + backward[near_group]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.nan_to_num(near / denominator, nan=-np.inf, posinf=-np.inf, neginf=-np.inf)
    is_target = near_group == groups.of_row[:, None]
    target = np.where(is_target, margin, -np.inf).max(axis=1)
    rival = np.where(is_target, -np.inf, margin).max(axis=1)
    hits: NDArray[np.bool_] = (target > rival) & (groups.texts[groups.of_row] == 1)
    return hits


def _cosines(queries: Floats, candidates: Floats) -> tuple[Floats, Floats]:
    """Cosine with the translation, and the mean cosine with all other candidates: the exact expectation over random
    pairs, (x . sum of y - x . y_i) / (n - 1), so that no draw is needed. NaN where there is one candidate alone."""
    true = np.einsum("ij,ij->i", queries, candidates, dtype=np.float64)
    total = queries.astype(np.float64) @ candidates.sum(axis=0, dtype=np.float64)
    n = len(queries)
    random = (total - true) / (n - 1) if n > 1 else np.full(n, np.nan)
    return true.astype(np.float32), random.astype(np.float32)
