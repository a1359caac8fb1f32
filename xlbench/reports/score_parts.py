"""Saved scores as parts of averages and differences, with shared cluster codes; and when two scores agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench import stats
from xlbench.core.record import TOLERANCE as TOLERANCE
from xlbench.runs.items import Influence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PartMaker:
    """Makes parts of scores whose cluster ids are numbers: the same id is the same number in all of them.

    Cells over the same items have the same ids: what follows from these alone is found once, and shared by their parts.
    """

    def __init__(self, influences: Iterable[Influence]) -> None:
        import numpy as np

        arrays = {id(found.clusters): found.clusters for found in influences}
        ids = {place: tuple(array) for place, array in arrays.items()}
        distinct = set(ids.values())
        # Sorted ids, so that a number (and with it the order of every later sum) does not depend on the order of runs.
        self.names = sorted({name for one in distinct for name in one})
        """Of every cluster, by its number."""
        number = {name: code for code, name in enumerate(self.names)}
        coded = {one: np.fromiter((number[name] for name in one), np.intp, len(one)) for one in distinct}
        sorted_by = {one: _sorting(codes) for one, codes in coded.items()}
        self._codes = {place: sorted_by[one] for place, one in ids.items()}
        """By the identity of an array of ids: their numbers, sorted (G,), and the order (G,) that sorts them; None:
        they are sorted."""
        self._kept = arrays
        self._shared: dict[tuple[int, int, int], _Shared] = {}

    def part(self, value: float, influence: Influence, bias: float = 0.0) -> stats.Part:
        """A score as a part of averages; ``influence`` is one of those that the maker was made for."""
        clusters, order = self._codes[id(influence.clusters)]
        key = id(influence.clusters), id(influence.shares), influence.seeds
        if key not in self._shared:
            self._shared[key] = _Shared.of(influence, order)
        shared = self._shared[key]
        return stats.Part(
            value, clusters, _ordered(influence.sums, order), influence.n,
            sets=shared.sets, shares=shared.shares, seeds=shared.seeds, bias=bias,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Shared:
    """What the parts of cells over the same items have in common."""

    sets: NDArray[np.intp] | None
    shares: NDArray[np.float64]
    seeds: NDArray[np.bool_] | None
    kept: NDArray[np.float64]
    """The shares that it was found for: as long as they are kept, no other array has their identity."""

    @classmethod
    def of(cls, influence: Influence, order: NDArray[np.intp] | None) -> _Shared:
        """What follows from the ids and shares of an influence, and from how many of its clusters are seeds."""
        import numpy as np

        seeds = None
        if influence.seeds:
            places = np.arange(len(influence.clusters)) if order is None else order
            seeds = places >= len(places) - influence.seeds
        sets = None if seeds is None else seeds.astype(np.intp)
        return cls(sets, _ordered(influence.shares, order), seeds, influence.shares)


def _sorting(codes: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp] | None]:
    """Codes (G,) in order, and the order (G,) that sorts them; None where they are sorted."""
    if bool((codes[1:] > codes[:-1]).all()):
        return codes, None
    order = codes.argsort()
    return codes[order], order


def _ordered(numbers: NDArray[np.floating], order: NDArray[np.intp] | None) -> NDArray[np.float64]:
    import numpy as np

    found = np.asarray(numbers, float)
    return found if order is None else found[order]
