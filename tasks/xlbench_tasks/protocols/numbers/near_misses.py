"""Ranks of translations among sentences and their near misses, and which of its own near misses each one beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import candidate_influence, ranking, vector_rows
from xlbench_tasks.protocols.numbers.vector_rows import Floats, Groups, Ints

CLOSE = 2.0**-19
"""Similarities that differ by less do so by what an encoder's own rounding may have made: of the same summands in
another order, single precision makes other sums."""

_ROWS = 1 << 14
"""Rows that are handled in double precision at once."""


@dataclass(frozen=True)
class RankedAmong:
    """What comes of it."""

    rank: Ints
    """(n,) of the translation among all, 1 is best."""
    taken: Ints
    """(n,): how many other items' queries would be right without the item: without its sentence and its near misses."""
    above: NDArray[np.bool_]
    """(m,): whether the translation is nearer to the query than this near miss of it."""
    close: int
    """Near misses that differ from their translation by no more than single precision can tell (`CLOSE`), and are not
    as near as it."""
    candidates: int
    """Distinct texts, n + m unless some are repeated."""
    tie_rate: float
    """Share of queries for which another text is as near as the translation."""


def rank_among(
    queries: Floats,
    pool: Floats,
    texts: Sequence[str],
    owner: Ints,
    similarity: Literal["cosine", "dot"] = "cosine",
) -> RankedAmong:
    """Rank, for query i, candidate i among all.

    Ties never help, and candidates with one text are one: as `ranking.rank_pairs` has it, whose blocks these are.

    Args:
        queries: (n, d), not yet normalized.
        pool: (n + m, d): the translations, in the order of the queries, and then the near misses.
        texts: n + m texts.
        owner: (m,): of which item each near miss is.
        similarity: What texts are near by.
    """
    n = len(queries)
    queries, pool = vector_rows.scaled(queries, similarity), vector_rows.scaled(pool, similarity)
    groups = vector_rows.group_rows(pool, texts)
    targets = pool[groups.first_row]
    rank, ties, taken = np.empty(n, np.int64), np.empty(n, np.int64), np.zeros(n, np.int64)
    rivals = _Rivals(groups, np.concatenate([np.arange(n), owner]))
    step = max(16, min(1024, ranking.BLOCK_CELLS // len(pool)))
    for start in range(0, n, step):
        here = slice(start, min(start + step, n))
        exact = ranking.ExactCosines(queries[here], targets)
        ahead, rank[here], ties[here] = ranking.ranks(
            queries[here] @ targets.T, exact, groups.of_row[here], groups.texts
        )
        taken += rivals.taken(ahead, rank[here], start)
    ahead_by = _ahead_by(queries, pool, owner)
    above, size = ahead_by > vector_rows.TIE, np.abs(ahead_by)
    close = int(np.count_nonzero((size > vector_rows.TIE) & (size < CLOSE)))
    return RankedAmong(rank, taken, above, close, int(groups.texts.sum()), float((ties > 0).mean()))


class _Rivals:
    """Counts of the candidates of each item that stand before an answer."""

    def __init__(self, groups: Groups, owner: Ints) -> None:
        """``owner`` (n + m,): the item of each candidate; every item has one or more."""
        order = np.argsort(owner, kind="stable")
        self._group, self._single = groups.of_row[order], groups.single[order]
        self._starts = np.flatnonzero(np.diff(owner[order], prepend=-1))

    def taken(self, ahead: NDArray[np.bool_], rank: Ints, first: int) -> Ints:
        """(n,): how many of a block's queries, the ``first`` and those after it, have rivals of one other item alone,
        from the groups ahead (rows, g) and the ranks (rows,). A text that another item has too stays when one goes."""
        late = np.flatnonzero(rank > 1)
        found = np.zeros(len(self._starts), np.int64)
        for start in range(0, len(late), candidate_influence.ROWS):
            some = late[start : start + candidate_influence.ROWS]
            rivals = ahead[some][:, self._group] & self._single
            counts = np.add.reduceat(rivals, self._starts, axis=1, dtype=np.int64)
            counts[np.arange(len(some)), first + some] = 0  # the query goes with its own
            found += np.count_nonzero(counts == rank[some, np.newaxis] - 1, axis=0)
        return found


def _ahead_by(queries: Floats, pool: Floats, owner: Ints) -> NDArray[np.float64]:
    """(m,), in double precision: how much nearer than each near miss its translation is."""
    n = len(queries)
    own = _dots(queries, pool[:n])
    found = np.empty(len(owner))
    for start in range(0, len(owner), _ROWS):
        part = owner[start : start + _ROWS]
        near = _dots(queries[part], pool[n + start : n + start + len(part)])
        found[start : start + len(part)] = own[part] - near
    return found


def _dots(a: Floats, b: Floats) -> NDArray[np.float64]:
    """Dot products of the rows of a and b (n, d), in double precision."""
    found: NDArray[np.float64] = np.einsum("ij,ij->i", a, b, dtype=np.float64)
    return found
