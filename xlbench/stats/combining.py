"""Weighted sums of parts that may share clusters: which clusters all have together is found once for many models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xlbench.core.errors import UsageError
from xlbench.stats.variances import SetLayout


@dataclass(frozen=True, eq=False)
class Part:
    """A value and how much each cluster of items moves it: what averages and differences are made from."""

    value: float
    clusters: np.ndarray
    """(G,) integer codes, each once, comparable with those of other parts."""
    influence: np.ndarray
    """(G,) by how much each cluster moves the value when it is left out; NaN where that is not known."""
    n: int
    """Items; in an average, those of all parts together."""
    sets: np.ndarray | None = None
    """(G,) integers from 0: the connected set of every cluster (those that meet in a score); None: all are one set."""
    shares: np.ndarray | None = None
    """(G,) how much of the value's weight lies in each cluster; None: as much in each."""
    seeds: np.ndarray | None = None
    """(G,) booleans: the clusters that are seeds; None: none is."""
    bias: float = 0.0
    """By how much the value is too high on average, as of a `Score`."""

    @property
    def items(self) -> np.ndarray:
        """(G,) booleans: the clusters that are no seeds."""
        return np.ones(len(self.clusters), dtype=bool) if self.seeds is None else ~self.seeds

    @property
    def count(self) -> int:
        """How many clusters of items there are."""
        return len(self.clusters) - (0 if self.seeds is None else int(np.count_nonzero(self.seeds)))

    @property
    def weight(self) -> np.ndarray:
        """(G,) how much of the value's weight lies in each cluster."""
        return np.full(len(self.clusters), 1 / max(1, len(self.clusters))) if self.shares is None else self.shares

    @property
    def connected(self) -> np.ndarray:
        """(G,) the connected set of every cluster."""
        return np.zeros(len(self.clusters), dtype=np.intp) if self.sets is None else self.sets


@dataclass(frozen=True, eq=False)
class _Layout:
    """What a weighted sum of parts is, but for values and influences."""

    codes: np.ndarray
    """(G,) the clusters of all parts, sorted."""
    places: np.ndarray | None
    """The place in ``codes`` of every cluster of every part, one part after the other; None: all have the same."""
    sets: np.ndarray | None
    shares: np.ndarray | None
    seeds: np.ndarray | None
    unknown: tuple[bool, ...]
    """Which of the parts have a single cluster of items."""
    parts: tuple[Part, ...] = field(repr=False)
    """Those that it was found for: as long as they are kept, no other array has the identity of theirs."""

    def sums(self, influences: Sequence[np.ndarray]) -> np.ndarray:
        """(G,) the influences (one a part) of each cluster, added up."""
        if self.places is None:
            together: np.ndarray = np.sum(influences, axis=0)
            return together
        return np.bincount(self.places, weights=np.concatenate(influences), minlength=len(self.codes))


class Combiner:
    """Makes weighted sums of parts. Which clusters belong together depends on the parts' arrays of clusters, sets,
    shares and seeds, and is remembered by these: many models have the same ones."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], _Layout] = {}
        self._sets: dict[tuple[object, ...], tuple[SetLayout, object, object]] = {}

    def sets_of(self, part: Part) -> SetLayout:
        """The connected sets of a part."""
        key = id(part.sets), id(part.shares), len(part.clusters)
        if key not in self._sets:
            self._sets[key] = SetLayout(part.connected, part.weight), part.sets, part.shares  # kept, as is their id
        return self._sets[key][0]

    def combine(self, parts: Sequence[Part], weights: Sequence[float] | None = None) -> Part:
        """As the function `combine`."""
        if not parts:
            raise UsageError("an average needs at least one part")
        if weights is None:
            weights = [1 / len(parts)] * len(parts)
        if len(weights) != len(parts):
            raise UsageError(f"{len(weights)} weights do not go with {len(parts)} parts")
        key = (*weights, *(id(one) for part in parts for one in (part.clusters, part.sets, part.shares, part.seeds)))
        layout = self._known.get(key)
        if layout is None:
            layout = self._known[key] = _layout(parts, weights)
        influences = [
            weight * (np.full(len(part.influence), np.nan) if unknown else part.influence)
            for weight, part, unknown in zip(weights, parts, layout.unknown, strict=True)
        ]
        return Part(
            sets=layout.sets,
            shares=layout.shares,
            value=math.fsum(weight * part.value for weight, part in zip(weights, parts, strict=True)),
            clusters=layout.codes,
            influence=layout.sums(influences),
            n=sum(part.n for part in parts),
            seeds=layout.seeds,
            bias=math.fsum(weight * part.bias for weight, part in zip(weights, parts, strict=True)),
        )


def combine(parts: Sequence[Part], weights: Sequence[float] | None = None) -> Part:
    """The weighted sum of parts (None: their mean), merged over the clusters that they share.

    A part with a single cluster says nothing about its own error; it makes the influence of the whole NaN.

    Raises:
        UsageError: There is no part, or not a weight for each.
    """
    return Combiner().combine(parts, weights)


def _layout(parts: Sequence[Part], weights: Sequence[float]) -> _Layout:
    clusters = [part.clusters for part in parts]
    codes, places = _merge_codes(clusters)
    equal = all(part.shares is None and len(part.clusters) == len(codes) for part in parts)
    # What parts are kept of needs no influence.
    kept = tuple(Part(0.0, part.clusters, part.clusters, 0, part.sets, part.shares, part.seeds) for part in parts)
    layout = _Layout(
        codes, places, _connected_sets(parts, codes), None, _seeds(parts, codes),
        tuple(part.count <= 1 for part in parts), kept,
    )  # fmt: skip
    if equal:
        return layout
    shares = layout.sums([abs(weight) * part.weight for weight, part in zip(weights, parts, strict=True)])
    return _Layout(codes, places, layout.sets, shares, layout.seeds, layout.unknown, kept)


def _seeds(parts: Sequence[Part], codes: np.ndarray) -> np.ndarray | None:
    """(G,) booleans: which of all parts' clusters are seeds; None where none is."""
    if all(one.seeds is None for one in parts):
        return None
    seeds = np.zeros(len(codes), dtype=bool)
    for one in parts:
        if one.seeds is not None:
            seeds[np.searchsorted(codes, one.clusters[one.seeds])] = True
    return seeds


def _merge_codes(codes: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
    """All codes, sorted (G,), and the place among them of each, one part after the other; None where all are equal."""
    first = codes[0]
    if all(one is first or np.array_equal(one, first) for one in codes[1:]) and bool(np.all(np.diff(first) > 0)):
        return np.asarray(first), None  # many languages over the same sentences
    return np.unique(np.concatenate(codes), return_inverse=True)


def _connected_sets(parts: Sequence[Part], codes: np.ndarray) -> np.ndarray | None:
    """The connected sets of the clusters ``codes`` (G,) of all parts together: sets that share a cluster are one."""
    if all(one.sets is None and len(one.clusters) == len(codes) for one in parts):
        return None  # all have the same clusters, and each is one set
    first = parts[0]
    first_sets = first.connected
    if all(
        (one.clusters is codes or np.array_equal(one.clusters, codes))
        and ((one.sets is first.sets and one.sets is not None) or np.array_equal(one.connected, first_sets))
        for one in parts
    ):
        return first_sets if first_sets.any() else None  # models over the same scores
    places = [np.searchsorted(codes, one.clusters) for one in parts]
    starts = np.cumsum([0, *(int(one.connected.max(initial=0)) + 1 for one in parts)])
    of_part = [one.connected + start for one, start in zip(parts, starts[:-1], strict=True)]
    links = np.unique(np.column_stack([np.concatenate(places), np.concatenate(of_part)]), axis=0)
    # Two sets of parts that hold the same cluster follow each other among the links, which are in order of cluster.
    same = links[1:, 0] == links[:-1, 0]
    root = list(range(starts[-1]))
    for one, other in np.unique(np.column_stack([links[:-1, 1], links[1:, 1]])[same], axis=0).tolist():
        root[_root_of(root, one)] = _root_of(root, other)
    roots = np.array([_root_of(root, one) for one in range(starts[-1])])
    of_cluster = np.empty(len(codes), dtype=np.intp)
    of_cluster[links[:, 0]] = roots[links[:, 1]]
    _, sets = np.unique(of_cluster, return_inverse=True)
    return None if not sets.any() else sets


def _root_of(root: list[int], one: int) -> int:
    """The set that a set was joined to in the end; the path there is shortened."""
    while root[one] != one:
        root[one] = root[root[one]]
        one = root[one]
    return one
