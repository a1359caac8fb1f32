"""Ranking of each query's own candidates, by vectors or by a model's own search: the numbers behind reranking.

Of candidates that are equally near, those that help least stand first, as in a search (`judgments`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import judgments as judging
from xlbench_tasks.protocols.numbers import nearest, vector_rows
from xlbench_tasks.protocols.numbers.judgments import Doubles, Ints, Judgments
from xlbench_tasks.protocols.numbers.vector_rows import TIE

if TYPE_CHECKING:
    from xlbench import EncodingSession

BLOCK_CELLS = 1 << 22
"""Products of coordinates held at once in double precision."""


@dataclass(frozen=True, eq=False)
class Lists:
    """Which documents each query is put to: one entry a pair, ordered by query, each pair once."""

    query: Ints
    """(c,) not descending; every query has two candidates at least."""
    document: Ints
    """(c,)"""

    def sizes(self, queries: int) -> Ints:
        """(queries,): how many candidates each query has."""
        return np.bincount(self.query, minlength=queries)


def ranks(
    queries: Sequence[str], documents: Sequence[str], lists: Lists, judgments: Judgments, session: EncodingSession
) -> tuple[Ints, Ints]:
    """Ranks (j,) of judged documents, all of them candidates of their query, among its candidates, 0 for those that the
    model's own search does not find, and how many other candidates are as near as each (j,)."""
    if session.has_search:
        return _of_searches(queries, documents, lists, judgments, session)
    asked, found = session.encode(queries, "query"), session.encode(documents, "document")
    scaled = vector_rows.scaled(asked, session.similarity), vector_rows.scaled(found, session.similarity)
    near = _similarities(*scaled, lists)
    return rank_lists(near, lists, judgments)


def _similarities(queries: NDArray[np.float32], documents: NDArray[np.float32], lists: Lists) -> Doubles:
    """(c,): how near every candidate is to its query, in double precision."""
    near, step = np.empty(len(lists.query)), max(1, BLOCK_CELLS // queries.shape[1])
    for start in range(0, len(near), step):
        part = slice(start, start + step)
        wide = queries[lists.query[part]].astype(np.float64)
        near[part] = (wide * documents[lists.document[part]]).sum(axis=1)
    return near


def rank_lists(near: Doubles, lists: Lists, judgments: Judgments) -> tuple[Ints, Ints]:
    """As `ranks`, from how near every candidate is (c,)."""
    reached, ties = np.zeros((2, len(judgments.query)), np.int64)
    places = _places(lists, judgments)
    ends, of_judged = (
        np.searchsorted(pairs.query, np.arange(judgments.queries + 1)).tolist() for pairs in (lists, judgments)
    )
    for query in range(judgments.queries):
        mine = slice(of_judged[query], of_judged[query + 1])
        ordered, own = np.sort(near[ends[query] : ends[query + 1]]), near[places[mine]]
        before = np.searchsorted(ordered, own - TIE, "left")
        reached[mine] = len(ordered) - before
        ties[mine] = np.searchsorted(ordered, own + TIE, "right") - before - 1
    return judging.worst_ranks(judgments, reached), ties


def _places(lists: Lists, judgments: Judgments) -> Ints:
    """(j,): where judged documents stand among the candidates of all queries."""
    keys = lists.query * judgments.documents + lists.document
    order = np.argsort(keys)
    found: Ints = order[np.searchsorted(keys[order], judgments.query * judgments.documents + judgments.document)]
    return found


class _Vectors:
    """Vectors of queries and documents, encoded together when the first of them is asked for."""

    def __init__(self, queries: Sequence[str], documents: Sequence[str], session: EncodingSession) -> None:
        self._texts, self._session = (queries, documents), session

    @cached_property
    def _both(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        queries, documents = self._texts
        return self._session.encode(queries, "query"), self._session.encode(documents, "document")

    def nearest(self, query: int, documents: Ints, depth: int) -> tuple[Ints, NDArray[np.float32]]:
        """What `xlbench.Searcher` is given to start from, of one query and its candidates."""
        asked, found = self._both
        similarity = self._session.similarity
        return nearest.nearest(asked[[query]], nearest.Index.of(found[documents], similarity), depth, similarity)


def _of_searches(
    queries: Sequence[str], documents: Sequence[str], lists: Lists, judgments: Judgments, session: EncodingSession
) -> tuple[Ints, Ints]:
    """As `ranks`, by a model that searches by itself: the candidates of each query are a corpus of their own."""
    sizes, vectors = lists.sizes(len(queries)), _Vectors(queries, documents, session)
    ends = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    places: Ints = np.full((len(queries), int(sizes.max())), -1, np.int64)
    scores = np.zeros(places.shape)
    for row, query in enumerate(queries):
        mine = lists.document[ends[row] : ends[row + 1]]
        texts = [documents[document] for document in mine.tolist()]
        found, level = session.search([query], texts, len(texts), partial(vectors.nearest, row, mine))
        width = found.shape[1]
        places[row, :width] = np.where(found[0] >= 0, mine[found[0]], -1)
        scores[row, :width] = level[0]
    return nearest.rank_listed(places, scores, judgments), nearest.ties_listed(places, scores, judgments)


def measures(judgments: Judgments, ranks: Ints) -> dict[str, Doubles]:
    """The metrics of each query (queries,), each with a relevant candidate, from ranks (j,); 0 is not found."""
    found = (ranks > 0) & (judgments.grade > 0)
    first = np.full(judgments.queries, np.inf)
    np.minimum.at(first, judgments.query[found], ranks[found])
    of_search = judging.measures(judgments, ranks)
    return {"map": of_search["map"], "mrr": 1 / first, "ndcg_at_10": of_search["ndcg_at_10"]}


def chance(judgments: Judgments, sizes: Ints) -> dict[str, float]:
    """What candidates in random order score, with so many of each query (queries,)."""
    of_search = judging.chance(judgments, sizes)
    relevant = judgments.relevant().astype(np.float64)
    mrr = judging.expected_mrr(relevant, sizes, int(sizes.max()))
    return {"map": of_search["map"], "mrr": float(mrr.mean()), "ndcg_at_10": of_search["ndcg_at_10"]}
