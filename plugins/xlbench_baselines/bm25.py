"""BM25: documents by the words that they share with a query. No vectors: a search, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

from xlbench import EncoderError
from xlbench_baselines.tokens import tokens

Found = tuple[NDArray[np.int64], NDArray[np.float64]]


class NoVectors:
    """What stands where an encoder would: it has no vector of a text."""

    parameters = 0

    def encode(self, texts: Sequence[str], role: str | None = None) -> NDArray[np.float32]:
        """Raises `EncoderError`."""
        raise EncoderError("bm25 has no vectors of texts: it searches documents (protocol search), and nothing else")


class BM25:
    """Okapi BM25 as in Lucene (k1 = 1.5, b = .75), over tokens of any script."""

    def search(
        self, queries: Sequence[str], documents: Sequence[str], depth: int, nearest: Callable[[int], Found]
    ) -> Found:
        """The documents that share a token with each of n queries, best first: see `xlbench.Searcher`. Of equal ones
        those that stand first."""
        corpus = [tokens(document) for document in documents]
        k = min(depth, len(documents))
        places, scores = np.full((len(queries), k), -1, np.int64), np.zeros((len(queries), k))
        if not any(corpus):
            return places, scores
        index = bm25s.BM25(method="lucene")
        index.index(corpus, show_progress=False)
        known = index.vocab_dict
        for row, query in enumerate(queries):
            asked = [token for token in tokens(query) if token in known]
            if asked:
                best = best_of(index.get_scores(asked), k)
                places[row, : len(best[0])], scores[row, : len(best[0])] = best
        return places, scores


def best_of(scores: NDArray[np.floating], k: int) -> Found:
    """The places of the k largest scores above 0, descending, of equal ones the first first, and these scores."""
    wanted = np.flatnonzero(scores > 0)
    if len(wanted) > k:
        level = np.partition(scores[wanted], len(wanted) - k)[len(wanted) - k]
        wanted = wanted[scores[wanted] >= level]
    order = wanted[np.lexsort((wanted, -scores[wanted]))][:k]
    return order.astype(np.int64), scores[order].astype(np.float64)
