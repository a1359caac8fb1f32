"""Judgments of documents for queries as flat arrays, and the metrics of a search, which follow from the ranks of the
judged documents: the numbers behind the protocol `search`.

Formulas are those of trec_eval, with linear gains (Järvelin and Kekäläinen 2002). Documents of equal score stand in the
worst order: those not judged first, then by ascending grade.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]

CUT = 10
"""nDCG, MRR, precision and the share of judged documents look at so many documents."""

RECALL_CUTS = (10, 100)
"""Recall looks at so many."""


@dataclass(frozen=True, eq=False)
class Judgments:
    """One entry a judged pair of a query and a document, each pair once, ordered by query."""

    query: Ints
    """(j,) which of the queries, from 0; not descending."""
    document: Ints
    """(j,) which of the documents, from 0."""
    grade: Ints
    """(j,) 0: judged, and not relevant; above: by how much it is relevant."""
    queries: int
    documents: int
    own: Ints | None = None
    """(queries,) the document that is the query itself, which its list is without and which is not judged for it; -1 or
    None: there is none."""

    def candidates(self) -> Ints:
        """(queries,): how many documents each query is put to."""
        every = np.full(self.queries, self.documents)
        return every if self.own is None else every - (self.own >= 0)

    def relevant(self) -> Ints:
        """(queries,): how many documents are relevant to each query."""
        return self.per_query(self.grade > 0).astype(np.int64)

    def per_query(self, values: NDArray[np.generic]) -> Doubles:
        """(queries,): sums over the judged documents of each query, of values (j,)."""
        sums: Doubles = np.bincount(self.query, values, self.queries).astype(np.float64)
        return sums

    def positions(self, order: Ints) -> Ints:
        """(j,): where an entry stands among those of its query, from 0, when entries are put in ``order`` (j,), which
        keeps queries together."""
        first = np.searchsorted(self.query, np.arange(self.queries))
        places = np.empty(len(order), np.int64)
        places[order] = np.arange(len(order)) - first[self.query[order]]
        return places


def of_rows(rows: Sequence[tuple[int, int, int]], queries: int, documents: int, own: Sequence[int] = ()) -> Judgments:
    """Judgments from (query, document, grade), which are ordered by query; ``own`` is empty or as in `Judgments`."""
    query, document, grade = np.array(rows, np.int64).reshape(-1, 3).T
    return Judgments(query, document, grade, queries, documents, np.array(own, np.int64) if own else None)


def worst_ranks(judgments: Judgments, reached: Ints) -> Ints:
    """Ranks (j,) of judged documents in the worst order, 0 for those that were not found.

    Args:
        judgments: j judged documents.
        reached: (j,) how many documents have the entry's score or a higher one, itself included; 0: not found. Entries
            of one query with equal numbers have equal scores.
    """
    query, grade = judgments.query, judgments.grade
    order = np.lexsort((judgments.document, grade, reached, query))
    # Of a run of equal scores the last entry, of the highest grade, stands last.
    ends = np.concatenate([(np.diff(reached[order]) != 0) | (np.diff(query[order]) != 0), [True]])
    last = np.flatnonzero(ends)[np.concatenate([[0], np.cumsum(ends)[:-1]])]
    ranks = np.zeros(len(order), np.int64)
    ranks[order] = reached[order] - (last - np.arange(len(order)))
    ranks[reached == 0] = 0
    return ranks


def measures(judgments: Judgments, ranks: Ints) -> dict[str, Doubles]:
    """The metrics of each query (queries,), each with a relevant document, from ranks (j,); 0 is not found."""
    relevant = judgments.relevant()
    found = (ranks > 0) & (judgments.grade > 0)
    hits = {cut: judgments.per_query(found & (ranks <= cut)) for cut in (1, *RECALL_CUTS)}
    first = np.full(judgments.queries, np.inf)
    np.minimum.at(first, judgments.query[found], ranks[found])
    return {
        "ndcg_at_10": _ndcg(judgments, ranks),
        "mrr_at_10": np.where(first <= CUT, 1 / first, 0.0),
        "map": _average_precision(judgments, ranks) / relevant,
        **{f"recall_at_{cut}": hits[cut] / relevant for cut in RECALL_CUTS},
        "precision_at_1": hits[1],
        "precision_at_10": hits[CUT] / CUT,
        "judged_at_10": judgments.per_query((ranks > 0) & (ranks <= CUT)) / np.minimum(CUT, judgments.candidates()),
    }


def _ndcg(judgments: Judgments, ranks: Ints) -> Doubles:
    gain = judgments.grade / np.log2(ranks + 1.0, out=np.ones(len(ranks)), where=ranks > 0)
    ideal = judgments.positions(np.lexsort((-judgments.grade, judgments.query))) + 1
    best = judgments.grade / np.log2(ideal + 1.0)
    reached = judgments.per_query(gain * ((ranks > 0) & (ranks <= CUT)))
    return reached / judgments.per_query(best * (ideal <= CUT))


def _average_precision(judgments: Judgments, ranks: Ints) -> Doubles:
    """(queries,): the sum over relevant documents of the precision at their ranks."""
    found = (ranks > 0) & (judgments.grade > 0)
    order = np.lexsort((np.where(found, ranks, np.iinfo(np.int64).max), judgments.query))
    precision = (judgments.positions(order) + 1) / np.maximum(ranks, 1)
    return judgments.per_query(precision * found)


def chance(judgments: Judgments, candidates: Ints | None = None) -> dict[str, float]:
    """What documents in random order score: the mean over queries of each metric's expectation. ``candidates``
    (queries,): how many documents each query is put to; None: those of `Judgments.candidates`.

    With N documents of which R are relevant, x_i tells whether place i holds a relevant one: E x_i = R/N, and
    E x_i x_j = R (R - 1) / (N (N - 1)), from which average precision follows. The first relevant document stands at
    place i with the probability that the i - 1 before it are not relevant, and it is.
    """
    n = judgments.candidates() if candidates is None else candidates
    relevant = judgments.relevant().astype(np.float64)
    share, cut = relevant / n, np.minimum(CUT, n)
    pairs = np.where(n > 1, (relevant - 1) / np.maximum(n - 1, 1), 0.0)
    harmonic = _of_each(n, lambda most: float(np.sum(1 / np.arange(1.0, most + 1))))
    judged = judgments.per_query(np.ones(len(judgments.grade))) / n
    discounts = _of_each(cut, lambda most: float((1 / np.log2(np.arange(2, most + 2))).sum()))
    ideal = judgments.positions(np.lexsort((-judgments.grade, judgments.query))) + 1
    best = judgments.per_query(judgments.grade / np.log2(ideal + 1.0) * (ideal <= CUT))
    expected = {
        "ndcg_at_10": judgments.per_query(judgments.grade) / n * discounts / best,
        "mrr_at_10": expected_mrr(relevant, n, CUT),
        "map": (harmonic + pairs * (n - harmonic)) / n,
        **{f"recall_at_{one}": np.minimum(one, n) / n for one in RECALL_CUTS},
        "precision_at_1": share,
        "precision_at_10": share * cut / CUT,
        "judged_at_10": judged,
    }
    return {name: float(values.mean()) for name, values in expected.items()}


def _of_each(sizes: Ints, value: Callable[[int], float]) -> Doubles:
    """(queries,): the value of each query's number (queries,), computed once for equal ones."""
    distinct, inverse = np.unique(sizes, return_inverse=True)
    return np.array([value(size) for size in distinct.tolist()])[inverse.reshape(-1)]


def expected_mrr(relevant: Doubles, n: Ints, cut: int) -> Doubles:
    """(queries,): what 1/rank of the first relevant document is in a random order of n (queries,) documents, of which
    ``relevant`` (queries,) are relevant; 0 beyond ``cut``."""
    none, total = np.ones_like(relevant), np.zeros_like(relevant)
    for place in range(min(cut, int(n.max(initial=0)))):
        hit = np.where(place < n, np.minimum(relevant / np.maximum(n - place, 1), 1.0), 0.0)
        total += none * hit / (place + 1)
        none *= 1 - hit
    return total
