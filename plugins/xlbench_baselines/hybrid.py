"""Hybrid search: the lists of two searches fused by reciprocal ranks (Cormack, Clarke and Buettcher 2009)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlbench import Catalog, Model, Searcher, UsageError
from xlbench.core.ids import digest
from xlbench.core.model import code_fingerprint
from xlbench.core.search_lists import first_of_lists

Found = tuple[NDArray[np.int64], NDArray[np.float64]]
Nearest = Callable[[int], Found]

CONSTANT = 60
"""k of 1 / (k + rank), as published."""


class Hybrid:
    """Two searches, each of which may be None: what the model's vectors say."""

    def __init__(self, first: Searcher | None, second: Searcher | None) -> None:
        self._parts = (first, second)

    def search(self, queries: Sequence[str], documents: Sequence[str], depth: int, nearest: Nearest) -> Found:
        """Documents by the sum over both lists of 1 / (60 + rank): see `xlbench.Searcher`."""
        lists = [
            nearest(depth + 1) if part is None else part.search(queries, documents, depth + 1, nearest)
            for part in self._parts
        ]
        return fused([first_of_lists(places, scores, depth) for places, scores in lists], len(documents), depth)


def fused(lists: Sequence[Found], documents: int, depth: int) -> Found:
    """The best ``depth`` of lists of n queries, places and scores (n, k) each. Documents of equal score share the last
    rank of these; of equal sums those come first that stand first."""
    n, k = len(lists[0][0]), min(depth, documents)
    places, scores = np.full((n, k), -1, np.int64), np.zeros((n, k))
    ranked = [(found, worst_places(found, given)) for found, given in lists]
    for row in range(n):
        listed = [found[row] >= 0 for found, _ in ranked]
        every = np.concatenate([found[row][kept] for (found, _), kept in zip(ranked, listed, strict=True)])
        gains = np.concatenate(
            [1.0 / (CONSTANT + ranks[row][kept]) for (_, ranks), kept in zip(ranked, listed, strict=True)]
        )
        ids, inverse = np.unique(every, return_inverse=True)
        sums = np.bincount(inverse, gains, len(ids))
        order = np.lexsort((ids, -sums))[:k]
        places[row, : len(order)], scores[row, : len(order)] = ids[order], sums[order]
    return places, scores


def worst_places(places: NDArray[np.int64], scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n, k): the rank, from 1, of the last in each list that has the score of the listed one."""
    k = places.shape[1]
    ranks = np.empty(places.shape, np.int64)
    last = np.full(len(places), k)
    for place in range(k - 1, -1, -1):
        if place + 1 < k:
            ends = (scores[:, place] != scores[:, place + 1]) | (places[:, place + 1] < 0)
            last = np.where(ends, place + 1, last)
        ranks[:, place] = last
    return ranks


def models(spec: str, catalog: Catalog) -> list[Model]:
    """The models of ``hybrid:FIRST+SECOND``, each of which is a model by its name or its own spec."""
    first, plus, second = spec.removeprefix("hybrid:").partition("+")
    if not plus or not first or not second:
        raise UsageError(f"{spec!r}: write hybrid:bm25+SPEC, two models with a plus sign between them")
    left = catalog.select_models([first])
    if len(left) != 1 or left[0].search is None:
        raise UsageError(f"{spec!r}: {first!r} compares vectors; the first model is one that searches without, as bm25")
    return [_model(spec, left[0], right) for right in catalog.select_models([second])]


def _model(spec: str, first: Model, second: Model) -> Model:
    name = f"hybrid:{first.name}+{second.name}"
    return replace(
        second,
        name=name,
        fingerprint=partial(_fingerprint, first, second),
        description=f"{first.name} and {second.name}, fused by reciprocal ranks",
        license=" and ".join(dict.fromkeys(filter(None, (first.license, second.license)))),
        trained_on=tuple(dict.fromkeys((*first.trained_on, *second.trained_on))),
        in_suites=False,
        spec="" if spec == name else f"hybrid:{first.spec or first.name}+{second.spec or second.name}",
        details={**second.details, "fused": f"reciprocal ranks, constant {CONSTANT}"},
        search=partial(_search, first, second),
    )


def _fingerprint(first: Model, second: Model) -> str:
    return digest("hybrid", code_fingerprint("xlbench_baselines.hybrid"), first.identity(), second.identity())


def _search(first: Model, second: Model) -> Hybrid:
    return Hybrid(*(model.search() if model.search else None for model in (first, second)))
