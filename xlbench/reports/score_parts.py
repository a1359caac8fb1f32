"""Saved scores as parts of averages and differences, with shared cluster codes; and when two scores agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from xlbench import stats
from xlbench.core.record import TOLERANCE as TOLERANCE
from xlbench.runs.items import Influence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def part_of(
    value: float, influence: Influence, clusters: NDArray[np.intp], order: NDArray[np.intp], bias: float = 0.0
) -> stats.Part:
    """A score as a part of averages; ``clusters`` and ``order`` are those of `cluster_codes`."""
    import numpy as np

    seeds = order >= len(order) - influence.seeds
    return stats.Part(
        value, clusters, np.asarray(influence.sums, float)[order], influence.n,
        sets=seeds.astype(np.intp) if influence.seeds else None,
        shares=np.asarray(influence.shares, float)[order],
        seeds=seeds if influence.seeds else None, bias=bias,
    )  # fmt: skip


def cluster_codes(influences: Iterable[Influence]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """For every influence its clusters as sorted numbers (G,), and the order (G,) that sorts them.

    Cells over the same sentences have the same ids: these are numbered once, and add up later without a search.
    """
    import numpy as np

    ids = [tuple(found.clusters) for found in influences]
    distinct = set(ids)
    # Sorted ids, so that a number (and with it the order of every later sum) does not depend on the order of runs.
    number = {name: code for code, name in enumerate(sorted({name for one in distinct for name in one}))}
    coded = {one: np.fromiter((number[name] for name in one), np.intp, len(one)) for one in distinct}
    ordered = {one: np.argsort(codes) for one, codes in coded.items()}
    in_order = {one: codes[ordered[one]] for one, codes in coded.items()}
    for one in ids:
        yield in_order[one], ordered[one]
