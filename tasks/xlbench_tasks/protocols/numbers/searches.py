"""One search of a corpus by a model: by its vectors, exactly and to the last document, or by a search of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from xlbench.core.search_lists import first_of_lists
from xlbench_tasks.protocols.numbers import listing, nearest, top_k_kinds
from xlbench_tasks.protocols.numbers.judgments import Doubles, Ints, Judgments

if TYPE_CHECKING:
    from xlbench import EncodingSession

DEPTH = 1000
"""So many documents a query are asked of a model that searches by itself, as runs of TREC have them."""


class Found(Protocol):
    """What a search has found."""

    def ranks(self, judgments: Judgments) -> tuple[Ints, Ints]:
        """Ranks (j,) of judged documents, 0 for those that were not found, and how many others are as near (j,)."""
        ...

    def shares(self, k: int, codes: Ints, kinds: int) -> Doubles:
        """Of each query's first k documents, the shares of the kinds of documents (n, kinds), with the kind of each of
        m documents ``codes`` (m,). Of documents that are equally near at the k-th place each counts for a part; NaN
        where nothing is found."""
        ...

    def first(self, depth: int, judgments: Judgments) -> tuple[Ints, Doubles]:
        """Each query's first documents in the order in which `ranks` counts them, -1 where a list is shorter, and their
        scores, not ascending: (n, k) each, with k at most ``depth``."""
        ...

    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores has to know of the search."""
        ...


class ByVectors:
    """Queries and documents are near by their vectors."""

    def __init__(self, queries: Sequence[str], documents: Sequence[str], session: EncodingSession) -> None:
        self._queries = session.encode(queries, "query")
        self._similarity = session.similarity
        self._index = nearest.Index.of(session.encode(documents, "document"), self._similarity, session.compared)

    def ranks(self, judgments: Judgments) -> tuple[Ints, Ints]:
        """See `Found`: all are found."""
        return nearest.rank_judged(self._queries, self._index, judgments, self._similarity)

    def shares(self, k: int, codes: Ints, kinds: int) -> Doubles:
        """See `Found`."""
        return top_k_kinds.of_vectors(self._queries, self._index, k, codes, kinds, self._similarity)

    def first(self, depth: int, judgments: Judgments) -> tuple[Ints, Doubles]:
        """See `Found`."""
        ranks, _ = self.ranks(judgments)
        most = int(np.bincount(judgments.query, minlength=1).max()) + (judgments.own is not None)
        near, scores = listing.without(*self.nearest(depth + most), judgments.own)
        places = listing.as_scored(near, judgments, ranks, depth)
        return places, scores[:, : places.shape[1]].astype(np.float64)

    def nearest(self, depth: int) -> tuple[Ints, NDArray[np.float32]]:
        """What `xlbench.Searcher` is given to start from."""
        return nearest.nearest(self._queries, self._index, depth, self._similarity)

    def notes(self) -> tuple[str, ...]:
        """See `Found`."""
        return ()


class Listed:
    """The lists of a model that searches by itself."""

    def __init__(
        self, queries: Sequence[str], documents: Sequence[str], session: EncodingSession, own: Ints | None = None
    ) -> None:
        by_vectors: list[ByVectors] = []

        def from_vectors(depth: int) -> tuple[Ints, NDArray[np.float32]]:
            if not by_vectors:
                by_vectors.append(ByVectors(queries, documents, session))
            return by_vectors[0].nearest(depth)

        found = session.search(queries, documents, DEPTH + 1 + (own is not None), from_vectors)
        self._places, self._scores = first_of_lists(*listing.without(*found, own), DEPTH)

    def ranks(self, judgments: Judgments) -> tuple[Ints, Ints]:
        """See `Found`: among those that are listed."""
        return nearest.rank_listed(self._places, self._scores, judgments), nearest.ties_listed(
            self._places, self._scores, judgments
        )

    def shares(self, k: int, codes: Ints, kinds: int) -> Doubles:
        """See `Found`."""
        return top_k_kinds.of_lists(self._places, self._scores, k, codes, kinds)

    def first(self, depth: int, judgments: Judgments) -> tuple[Ints, Doubles]:
        """See `Found`."""
        ranks, _ = self.ranks(judgments)
        places = listing.as_scored(self._places, judgments, ranks, depth)
        return places, self._scores[:, : places.shape[1]]

    def notes(self) -> tuple[str, ...]:
        """See `Found`."""
        return (f"the model searches by itself: what is not among its first {DEPTH:,} documents is not found",)


def search_of(
    queries: Sequence[str], documents: Sequence[str], session: EncodingSession, own: Ints | None = None
) -> Found:
    """The search of the session's model; ``own`` is that of the judgments that `Found` will be asked about."""
    if session.has_search:
        return Listed(queries, documents, session, own)
    return ByVectors(queries, documents, session)
