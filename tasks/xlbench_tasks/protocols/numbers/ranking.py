"""Ranking of candidates by cosine, in blocks of bounded memory: the numbers behind the retrieval protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import candidate_influence

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

NEIGHBORS = 4
"""k of the ratio margin, as in xsim of LASER."""

BLOCK_CELLS = 1 << 25
"""Similarities held at once (4 bytes each, and up to 8 more where many have to be computed again)."""

UNSURE = 2.0**-19
"""Cosines that differ by less are computed again in double precision before they are compared: what a product in single
precision leaves open."""

TIE = 2.0**-40
"""Cosines that differ by less, in double precision, are equal: what the order of a sum leaves open."""

MARGIN_TIE = 1e-6
"""Ratio margins that differ by less are equal."""

STEP = 2.0**-13
"""Cosines of items are kept in whole steps of this size (.012 points): no mean of them moves by more than
half a step, and what lies below is noise that no file compresses."""

HASHED = 1 << 13
"""Rows that are hashed at once: twice as wide as the vectors, they would fill memory otherwise."""

SUB_ROWS = 32
"""Rows whose maximum is taken first when the largest values of columns are looked for."""


@dataclass(frozen=True)
class RankedQueries:
    """What the metrics need: a row a query."""

    columns: dict[str, NDArray[np.generic]]
    """rank (1 is best), margin_hit, row (the query's own), mteb_row (raw argmax), cosine_true, cosine_random; and what
    the item does as a candidate of other queries: taken_... (see `candidate_influence`), taken_margin_accuracy,
    mteb_second (whether the query would be right by mteb_row without that row)."""
    candidates: int
    """Distinct candidate texts."""
    tie_rate: float
    """Share of queries for which another candidate text is as near as the translation."""


@dataclass(frozen=True)
class Groups:
    """Candidate rows grouped by equal vectors, in the order of first appearance."""

    of_row: Ints
    """(n,) group of each row."""
    first_row: Ints
    """(g,) first row of each group."""
    texts: Ints
    """(g,) distinct texts in each group."""
    single: NDArray[np.bool_]
    """(n,) whether no other row has the row's text."""


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1 (float32); rows of zeros stay what they are, and have cosine 0 with all others.

    -0.0 becomes 0.0, so that equal vectors have equal bytes.
    """
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    lengths[lengths == 0] = 1.0
    scaled: Floats = (vectors / lengths).astype(np.float32) + np.float32(0)
    return scaled


def scaled(vectors: Floats, similarity: Literal["cosine", "dot"]) -> Floats:
    """Rows (n, d) whose dot products are compared: of length 1, or for ``dot`` all on one scale."""
    return unit(vectors) if similarity == "cosine" else _of_one_scale(vectors)


def _of_one_scale(vectors: Floats) -> Floats:
    """All rows divided by the length of the longest, so that dot products keep their order and are within [-1, 1]."""
    longest = float(np.linalg.norm(vectors.astype(np.float64), axis=1).max())
    scaled: Floats = (vectors / np.float64(longest or 1.0)).astype(np.float32) + np.float32(0)
    return scaled


def equal_rows(values: NDArray[np.generic]) -> tuple[Ints, Ints]:
    """Groups of rows (n, d) with equal bytes, in the order of first appearance: the group of each row (n,), and the
    first row of each group. Groups are found by an exact 64-bit hash: comparing similarities instead would split groups
    at the edges of blocks on some processors."""
    words = np.ascontiguousarray(values).view(np.uint32)
    factors = np.random.RandomState(0).randint(0, 2**63, words.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    hashes = np.empty(len(words), np.uint64)
    for start in range(0, len(words), HASHED):
        part = words[start : start + HASHED].astype(np.uint64)
        part ^= part >> np.uint64(15)
        part *= factors
        part.sum(axis=1, dtype=np.uint64, out=hashes[start : start + HASHED])
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    order = np.argsort(first, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return place[inverse.ravel()], first[order]


def group_rows(vectors: Floats, texts: Sequence[str]) -> Groups:
    """Group equal vectors (n, d), and count the distinct texts in each group."""
    of_row, first = equal_rows(vectors)
    last = {text: row for row, text in enumerate(texts)}
    distinct = np.fromiter(last.values(), np.int64)
    single = candidate_influence.single_texts(np.fromiter((last[text] for text in texts), np.int64, len(texts)))
    return Groups(of_row, first, np.bincount(of_row[distinct], minlength=len(first)), single)


def rank_pairs(
    queries: Floats, candidates: Floats, candidate_texts: Sequence[str], similarity: Literal["cosine", "dot"] = "cosine"
) -> RankedQueries:
    """Rank, for query i, candidate i among all n candidates; vectors (n, d), not yet normalized.

    Candidates with one text are one target. A candidate of another text that is as near as the target, or nearer,
    stands before it: ties never help. Texts are near by ``similarity``, and the columns of cosines hold cosines. Beyond
    the vectors, memory stays below about 16 bytes x `BLOCK_CELLS`.
    """
    units = unit(queries), unit(candidates)
    queries, candidates = units if similarity == "cosine" else (_of_one_scale(queries), _of_one_scale(candidates))
    groups = group_rows(candidates, candidate_texts)
    targets, distinct = candidates[groups.first_row], int(groups.texts.sum())
    n, g = len(queries), len(targets)
    rank, ties, best = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    k = min(NEIGHBORS, g, n)
    near, near_group = np.empty((n, k + 1), np.float32), np.empty((n, k + 1), np.int64)
    backward = np.full((k, g), -np.inf, np.float32)
    taken = candidate_influence.CandidateInfluence(g)
    step = max(16, min(1024, BLOCK_CELLS // g))
    buffer = np.empty((min(step, n), g), np.float32)
    for start in range(0, n, step):
        here = slice(start, min(start + step, n))
        similar = np.matmul(queries[here], targets.T, out=buffer[: here.stop - start])
        exact = ExactCosines(queries[here], targets)
        ahead, rank[here], ties[here] = ranks(similar, exact, groups.of_row[here], groups.texts)
        taken.add(ahead, rank[here])
        backward = _merge_largest(backward, similar)
        near[here], near_group[here] = _largest_of_rows(similar, k + 1)
        best[here] = _first_of_nearest(near[here], near_group[here, 0], exact)
    best_margin = _margin_hits(near[:, :k], near_group[:, :k], backward.mean(axis=0), groups)
    open_end = np.flatnonzero(near[:, k - 1] - near[:, k] <= np.float32(UNSURE))
    for some in np.array_split(open_end, len(open_end) // 1024 + 1):
        cosines = ExactCosines(queries, targets).rows(some)
        best_margin[some] = _margin_hits_of_level(cosines, k, backward.mean(axis=0), groups.of_row[some])
    margin_hit = best_margin & (rank <= k) & (groups.texts[groups.of_row] == 1)
    true, random = _cosines(*units)
    second = candidate_influence.next_rows(best, near_group, groups.of_row, groups.first_row)
    columns: dict[str, NDArray[np.generic]] = {
        "rank": rank, "margin_hit": margin_hit, "row": np.arange(n, dtype=np.int32),
        "mteb_row": groups.first_row[best].astype(np.int32),
        "cosine_true": true, "cosine_random": random,
        "mteb_second": (second == np.arange(n)) & (groups.first_row[best] != np.arange(n)),
        **taken.of_items(rank, groups.of_row, groups.single),
        "taken_margin_accuracy": _margin_taken(near, near_group, backward.mean(axis=0), groups, margin_hit),
    }  # fmt: skip
    return RankedQueries(columns, distinct, float((ties > 0).mean()))


@dataclass(frozen=True)
class ExactCosines:
    """Cosines of some queries in double precision, for those rows that need it."""

    queries: Floats
    targets: Floats

    def rows(self, wanted: Ints) -> NDArray[np.float64]:
        """Cosines (r, g) of the queries ``wanted`` (r,) with all targets."""
        found = np.empty((len(wanted), len(self.targets)))
        chosen = self.queries[wanted].astype(np.float64)
        for start in range(0, len(self.targets), 1 << 14):
            part = self.targets[start : start + (1 << 14)].astype(np.float64)
            found[:, start : start + len(part)] = chosen @ part.T
        return found


def ranks(similar: Floats, exact: ExactCosines, target: Ints, texts: Ints) -> tuple[NDArray[np.bool_], Ints, Ints]:
    """Which groups stand ahead of each row's target group, that one counted in (rows, g), the target's rank, and how
    many other texts are as near, from similarities (rows, g)."""
    rows = np.arange(len(target))
    own = similar[rows, target][:, None]
    ahead = similar > own + np.float32(UNSURE)
    ahead[rows, target] = True
    maybe = np.count_nonzero(similar >= own - np.float32(UNSURE), axis=1)
    rank, ties = _count_texts(ahead, texts), texts[target] - 1
    unsure = np.flatnonzero(maybe > np.count_nonzero(ahead, axis=1))
    if len(unsure):
        cosines = exact.rows(unsure)
        cosines -= cosines[np.arange(len(unsure)), target[unsure]][:, None]
        ahead[unsure] = cosines >= -TIE
        rank[unsure] = _count_texts(ahead[unsure], texts)
        ties[unsure] = _count_texts(np.abs(cosines, out=cosines) <= TIE, texts) - 1
    return ahead, rank, ties


def _count_texts(wanted: NDArray[np.bool_], texts: Ints) -> Ints:
    """How many texts the wanted groups (rows, g) hold."""
    shared = np.flatnonzero(texts > 1)
    counts: Ints = np.count_nonzero(wanted, axis=1) + wanted[:, shared] @ (texts[shared] - 1)
    return counts


def _first_of_nearest(near: Floats, nearest: Ints, exact: ExactCosines) -> Ints:
    """The nearest group of each row, of equally near ones the first, from its k largest similarities (rows, k)."""
    unsure = np.flatnonzero(near[:, 0] - near[:, 1] <= np.float32(UNSURE))
    if not len(unsure):
        return nearest
    cosines, found = exact.rows(unsure), nearest.copy()
    found[unsure] = (cosines >= cosines.max(axis=1, keepdims=True) - TIE).argmax(axis=1)
    return found


def _largest_of_rows(similar: Floats, k: int) -> tuple[Floats, Ints]:
    """The k largest of each row with their columns, descending; equal ones in the order of columns.

    Where there are fewer than k columns, the rest is -inf. Overwrites ``similar``. For small k, k passes of argmax are
    several times faster than a partition.
    """
    rows = np.arange(len(similar))
    values, places = np.full((len(similar), k), -np.inf, np.float32), np.zeros((len(similar), k), np.int64)
    for rank in range(min(k, similar.shape[1])):
        places[:, rank] = similar.argmax(axis=1)
        values[:, rank] = similar[rows, places[:, rank]]
        similar[rows, places[:, rank]] = -np.inf
    return values, places


def _merge_largest(largest: Floats, similar: Floats) -> Floats:
    """The k largest of each column so far (k, g) and in a new block of rows (b, g), descending.

    Of the block, only the k groups of `SUB_ROWS` rows with the largest maxima can hold any of them.
    """
    k, whole = len(largest), len(similar) // SUB_ROWS * SUB_ROWS
    parts = [largest, similar[whole:]]
    if whole <= k * SUB_ROWS:
        parts.append(similar[:whole])
    else:
        grouped = similar[:whole].reshape(-1, SUB_ROWS, similar.shape[1])
        maxima = grouped.max(axis=1)
        wanted = np.argpartition(maxima, len(maxima) - k, axis=0)[-k:]
        chosen = np.take_along_axis(grouped, wanted[:, np.newaxis], axis=0)
        parts.append(chosen.reshape(-1, similar.shape[1]))
    both = np.concatenate(parts)
    merged: Floats = -np.sort(-np.partition(both, len(both) - k, axis=0)[-k:], axis=0)
    return merged


def _margin_hits(near: Floats, near_group: Ints, backward: Floats, groups: Groups) -> NDArray[np.bool_]:
    """Whether the target has the largest ratio margin among the query's k nearest (Artetxe and Schwenk 2019):
    cos(x, y) over the mean of both sides' average similarity to their k nearest. A level rival wins."""
    denominator = (near.mean(axis=1, keepdims=True) + backward[near_group]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.nan_to_num(near / denominator, nan=-np.inf, posinf=-np.inf, neginf=-np.inf)
    is_target = near_group == groups.of_row[:, None]
    target = np.where(is_target, margin, -np.inf).max(axis=1)
    rival = np.where(is_target, -np.inf, margin).max(axis=1)
    hits: NDArray[np.bool_] = target > rival + MARGIN_TIE
    return hits


def _margin_taken(
    near: Floats, near_group: Ints, backward: Floats, groups: Groups, hit: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """How many queries each item's candidate (n,) takes a margin hit from, less those that it gives one to.

    Without one of its k nearest candidates, a query's k + 1st comes in (near: (n, k + 1)); the averages of the
    candidates' sides are held fixed, and all is 0 where there is no k + 1st.
    """
    k, taken = near.shape[1] - 1, np.zeros(len(groups.first_row), np.int64)
    if len(taken) <= k:
        return np.zeros(len(near), np.int32)
    target = groups.of_row[:, None]
    for gone in range(k):
        rest = np.arange(k + 1) != gone
        without = _margin_hits(near[:, rest], near_group[:, rest], backward, groups)
        without &= groups.texts[groups.of_row] == 1
        change = without.astype(np.int64) - hit
        change[near_group[:, gone] == target[:, 0]] = 0  # the query's own answer goes with the query
        np.add.at(taken, near_group[:, gone], change)
    return np.where(groups.single & (groups.texts[groups.of_row] == 1), taken[groups.of_row], 0).astype(np.int32)


def _margin_hits_of_level(cosines: NDArray[np.float64], k: int, backward: Floats, target: Ints) -> NDArray[np.bool_]:
    """The same for queries (r,) with several candidates level at the k-th place, from cosines with all (r, g): each of
    them is a rival."""
    rows, last = np.arange(len(cosines)), cosines.shape[1] - k
    largest = np.partition(cosines, last, axis=1)[:, last:]
    denominator = (largest.mean(axis=1, keepdims=True) + backward) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.nan_to_num(cosines / denominator, nan=-np.inf, posinf=-np.inf, neginf=-np.inf)
    margin[cosines < largest.min(axis=1, keepdims=True) - TIE] = -np.inf
    own = margin[rows, target]
    margin[rows, target] = -np.inf
    hits: NDArray[np.bool_] = own > margin.max(axis=1) + MARGIN_TIE
    return hits


def _cosines(queries: Floats, candidates: Floats) -> tuple[Floats, Floats]:
    """Cosine with the translation, and the mean cosine with all other candidates: the exact expectation over random
    pairs, (x . sum of y - x . y_i) / (n - 1), so that no draw is needed. NaN where there is one candidate alone.
    Both in steps of `STEP`."""
    true = np.einsum("ij,ij->i", queries, candidates, dtype=np.float64)
    total = queries.astype(np.float64) @ candidates.sum(axis=0, dtype=np.float64)
    n = len(queries)
    random = (total - true) / (n - 1) if n > 1 else np.full(n, np.nan)
    return _in_steps(true), _in_steps(random)


def _in_steps(cosines: NDArray[np.float64]) -> Floats:
    kept: Floats = (np.rint(cosines / STEP) * STEP).astype(np.float32)
    return kept
