"""The clusters of a cell's items: cells over the same items, as those of many models are, share them in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

SEED = "seed"
"""What the name of a seed begins with among the ids of clusters."""


class ItemClusters:
    """Which items belong together."""

    def __init__(self, names: NDArray[np.object_], codes: NDArray[np.integer], digest: bytes = b"") -> None:
        """
        Args:
            names: (G,) the clusters' ids.
            codes: (n,) the place among them of every item's.
            digest: What `KnownClusters` knows them by; empty: nothing.
        """
        import numpy as np

        self.names, self.codes, self.digest = names, codes, digest
        self.shares: NDArray[np.float64] = np.bincount(codes) / len(codes)
        """(G,) the share of the items that lie in each cluster."""
        self._with_seeds: dict[tuple[str, ...], tuple[NDArray[np.object_], NDArray[np.float64]]] = {}

    def with_seeds(self, drawn: Sequence[str]) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
        """The ids and shares of clusters, and behind them the names of seeds with what each weighs: the same arrays
        whenever it is asked for the same."""
        import numpy as np

        if not drawn:
            return self.names, self.shares
        key = tuple(drawn)
        if key not in self._with_seeds:
            names = np.asarray([*self.names, *(f"{SEED} {name}" for name in drawn)], dtype=object)
            self._with_seeds[key] = names, np.concatenate([self.shares, np.full(len(drawn), 1 / len(drawn))])
        return self._with_seeds[key]


class KnownClusters:
    """The clusters that were read so far, by a digest of their items' ids."""

    def __init__(self) -> None:
        self._known: dict[bytes, ItemClusters] = {}

    def of(self, digest: bytes, read: Callable[[], ItemClusters]) -> ItemClusters:
        """Those of a digest; ``read`` makes them where they are new."""
        known = self._known.get(digest)
        if known is None:
            known = self._known[digest] = read()
        return known


def digest_of(ids: pa.ChunkedArray) -> bytes:
    """SHA-256 over texts: of equal ones it may differ, of others it never is the same."""
    import hashlib

    found = hashlib.sha256()
    for chunk in ids.chunks:
        found.update(b"%d %d %d;" % (len(chunk), chunk.offset, chunk.null_count))
        for buffer in chunk.buffers():
            found.update(b"none" if buffer is None else b"%d;" % buffer.size)
            if buffer is not None:
                found.update(buffer)
    return found.digest()


def clusters_of(ids: Sequence[str], digest: bytes) -> ItemClusters:
    """The clusters of items (n,) by their ids, in the order in which they come first; ``digest`` is that of the ids."""
    import numpy as np

    numbers: dict[str, int] = {}
    codes = [numbers.setdefault(name, len(numbers)) for name in ids]
    return ItemClusters(np.asarray([*numbers], dtype=object), np.asarray(codes), digest)
