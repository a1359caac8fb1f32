"""Ranking of candidates by cosine, in blocks of bounded memory: the numbers behind the retrieval protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import candidate_influence, hubness, margins
from xlbench_tasks.protocols.numbers.vector_rows import (
    ROWS,
    TIE,
    UNSURE,
    Floats,
    Groups,
    Ints,
    group_rows,
    on_one_scale,
    unit,
)

Progress = Callable[[int, int], None]
"""Told how much of a search is done, and of how much."""

NEIGHBORS = 4
"""k of the ratio margin, as in xsim of LASER."""

CROWD = 10
"""k of CSLS and of k-occurrence, as their authors have it (Conneau et al. 2018; Radovanovic et al. 2010)."""

BLOCK_CELLS = 1 << 25
"""Similarities held at once (4 bytes each, and up to 8 more where many have to be computed again)."""

STEP = 2.0**-13
"""Cosines of items are kept in whole steps of this size (.012 points): no mean of them moves by more than
half a step, and what lies below is noise that no file compresses."""

RARE = 32
"""Where at most one of so many values of a block is larger than the smallest of its column that is kept so far, these
values are picked out."""

SUB_ROWS = 32
"""Rows whose maximum is taken first when the largest values of columns are looked for."""


@dataclass(frozen=True)
class RankedQueries:
    """What the metrics need: a row a query."""

    columns: dict[str, NDArray[np.generic]]
    """rank (1 is best), margin_hit, csls_hit, row (the query's own), mteb_row (raw argmax), cosine_true, cosine_random;
    and what the item does as a candidate of other queries: taken_... (see `candidate_influence`, `margins` and
    `hubness`), mteb_second (whether the query would be right by mteb_row without that row)."""
    candidates: int
    """Distinct candidate texts."""
    tie_rate: float
    """Share of queries for which another candidate text is as near as the translation."""
    hubs: dict[str, float]
    """hubness and hub_share, see `hubness.facts`."""


def rank_pairs(
    queries: Floats,
    candidates: Floats,
    candidate_texts: Sequence[str],
    similarity: Literal["cosine", "dot"] = "cosine",
    progress: Progress = lambda done, total: None,
) -> RankedQueries:
    """Rank, for query i, candidate i among all n candidates; vectors (n, d), not yet normalized.

    Candidates with one text are one target. A candidate of another text that is as near as the target, or nearer,
    stands before it: ties never help. Texts are near by ``similarity``, and the columns of cosines hold cosines. Beyond
    the vectors and a scaled copy of them, memory stays below about 16 bytes x `BLOCK_CELLS`. ``progress`` is told how
    many queries were compared, and of how many: every query is twice.
    """
    units = unit(queries), unit(candidates)
    true, random = _cosines(*units)
    if similarity == "dot":
        units = on_one_scale(queries), on_one_scale(candidates)
    queries, candidates = units
    groups = group_rows(candidates, candidate_texts)
    distinct = int(groups.texts.sum())
    targets = candidates if len(groups.first_row) == len(candidates) else candidates[groups.first_row]
    n, g = len(queries), len(targets)
    rank, ties, best = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    k, crowd = min(NEIGHBORS, g, n), min(CROWD, g, n)
    near, near_group = np.empty((n, crowd + 1), np.float32), np.empty((n, crowd + 1), np.int64)
    backward = np.full((crowd, g), -np.inf, np.float32)
    taken = candidate_influence.CandidateInfluence(g)
    for here, similar in _blocks(queries, targets):
        exact = ExactCosines(queries[here], targets)
        ahead, rank[here], ties[here] = ranks(similar, exact, groups.of_row[here], groups.texts)
        taken.add(ahead, rank[here])
        backward = _merge_largest(backward, similar)
        near[here], near_group[here] = _largest_of_rows(similar, crowd + 1)
        best[here] = _first_of_nearest(near[here], near_group[here, 0], exact)
        progress(here.stop, 2 * n)
    scaling = hubness.CrossDomainScaling(n, backward.mean(axis=0))
    for here, similar in _blocks(queries, targets):
        scaling.add(here, similar, groups.of_row[here])
        progress(n + here.stop, 2 * n)
    of_margins = _margins(queries, targets, rank, near[:, : k + 1], near_group[:, : k + 1], backward[:k], groups)
    second = candidate_influence.next_rows(best, near_group, groups.of_row, groups.first_row)
    columns: dict[str, NDArray[np.generic]] = {
        "rank": rank, "row": np.arange(n, dtype=np.int32),
        "mteb_row": groups.first_row[best].astype(np.int32),
        "cosine_true": true, "cosine_random": random,
        "mteb_second": (second == np.arange(n)) & (groups.first_row[best] != np.arange(n)),
        **taken.of_items(rank, groups.of_row, groups.single), **of_margins, **scaling.columns(groups),
    }  # fmt: skip
    return RankedQueries(columns, distinct, float((ties > 0).mean()), hubness.facts(near_group[:, :crowd], g))


def _blocks(queries: Floats, targets: Floats) -> Iterator[tuple[slice, Floats]]:
    """Rows of queries (n, d), and their similarities with all targets (rows, g), which may be overwritten."""
    n, g = len(queries), len(targets)
    step = _rows_at_once(g)
    buffer = np.empty((min(step, n), g), np.float32)
    for start in range(0, n, step):
        here = slice(start, min(start + step, n))
        yield here, np.matmul(queries[here], targets.T, out=buffer[: here.stop - start])


def _rows_at_once(targets: int) -> int:
    """How many queries are compared with all targets at once."""
    return max(16, min(1024, BLOCK_CELLS // targets))


def _margins(
    queries: Floats, targets: Floats, rank: Ints, near: Floats, near_group: Ints, backward: Floats, groups: Groups
) -> dict[str, NDArray[np.generic]]:
    """``margin_hit`` and ``taken_margin_accuracy`` (n,), from the k + 1 nearest groups of each query (n, k + 1) and the
    k largest similarities of each group (k, g)."""
    k, average = len(backward), backward.mean(axis=0)
    first = margins.hits(near[:, :k], near_group[:, :k], average, groups)
    open_end = np.flatnonzero(near[:, k - 1] - near[:, k] <= np.float32(UNSURE))
    step = _rows_at_once(len(targets))
    for start in range(0, len(open_end), step):
        some = open_end[start : start + step]
        cosines = ExactCosines(queries, targets).rows(some)
        first[some] = margins.hits_of_level(cosines, k, average, groups.of_row[some])
    hit = first & (rank <= k) & (groups.texts[groups.of_row] == 1)
    return {
        "margin_hit": hit,
        "taken_margin_accuracy": margins.taken_by_items(near, near_group, average, groups, hit),
    }


@dataclass(frozen=True)
class ExactCosines:
    """Cosines of some queries in double precision, for those rows that need it."""

    queries: Floats
    targets: Floats

    def rows(self, wanted: Ints) -> NDArray[np.float64]:
        """Cosines (r, g) of the queries ``wanted`` (r,) with all targets."""
        found = np.empty((len(wanted), len(self.targets)))
        chosen = self.queries[wanted].astype(np.float64)
        for start in range(0, len(self.targets), ROWS):
            part = self.targets[start : start + ROWS].astype(np.float64)
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

    Where few of the block are larger than the smallest so far, these are merged alone. Otherwise only the k groups of
    `SUB_ROWS` rows with the largest maxima can hold any of them.
    """
    if np.isfinite(largest[-1]).all():
        larger = np.flatnonzero(similar > largest[-1])
        if len(larger) <= similar.size // RARE:
            return _merge_few(largest, similar.ravel()[larger], larger % similar.shape[1])
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


def _merge_few(largest: Floats, values: Floats, columns: Ints) -> Floats:
    """The k largest of each column so far (k, g) and of some values (m,) in columns (m,), descending; overwrites
    ``largest``."""
    order = np.lexsort((-values, columns))
    values, columns = values[order], columns[order]
    changed, first = np.unique(columns, return_index=True)
    place = np.arange(len(columns)) - np.repeat(first, np.diff([*first, len(columns)]))
    kept = place < len(largest)
    new = np.full((len(largest), len(changed)), -np.inf, np.float32)
    new[place[kept], np.searchsorted(changed, columns[kept])] = values[kept]
    largest[:, changed] = -np.sort(-np.concatenate([largest[:, changed], new]), axis=0)[: len(largest)]
    return largest


def _cosines(queries: Floats, candidates: Floats) -> tuple[Floats, Floats]:
    """Cosine with the translation, and the mean cosine with all other candidates: the exact expectation over random
    pairs, (x . sum of y - x . y_i) / (n - 1), so that no draw is needed. NaN where there is one candidate alone.
    Both in steps of `STEP`."""
    true = np.einsum("ij,ij->i", queries, candidates, dtype=np.float64)
    n, whole = len(queries), candidates.sum(axis=0, dtype=np.float64)
    total = np.concatenate([queries[start : start + ROWS].astype(np.float64) @ whole for start in range(0, n, ROWS)])
    random = (total - true) / (n - 1) if n > 1 else np.full(n, np.nan)
    return _in_steps(true), _in_steps(random)


def _in_steps(cosines: NDArray[np.float64]) -> Floats:
    kept: Floats = (np.rint(cosines / STEP) * STEP).astype(np.float32)
    return kept
