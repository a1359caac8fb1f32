"""`CheckedSearch`: a model's own search, loaded on first use; checks and times every answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xlbench.core.errors import EncoderError, XlbenchError
from xlbench.core.text import reason_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.core.model import Nearest, Searcher


class CheckedSearch:
    """A search whose lists can be scored: `EncoderError` is raised for any that cannot."""

    def __init__(self, load: Callable[[], Searcher]) -> None:
        """``load`` makes the searcher, once."""
        self.seconds = 0.0
        """Wall-clock spent inside the search so far, without what it took to encode."""
        self._load = load
        self._searcher: Searcher | None = None

    def search(
        self, queries: Sequence[str], documents: Sequence[str], depth: int, nearest: Nearest
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Which documents each of n queries finds, -1 where a list is shorter, and their scores: (n, k) each, k at most
        ``depth`` or the number of documents. See `Searcher`."""
        encoding = 0.0

        def timed_call(deep: int) -> Any:
            nonlocal encoding
            began = time.perf_counter()
            try:
                return nearest(deep)
            finally:
                encoding += time.perf_counter() - began

        started = time.perf_counter()
        try:
            if self._searcher is None:
                self._searcher = self._load()
            found = self._searcher.search(list(queries), list(documents), depth, timed_call)
        except (KeyboardInterrupt, XlbenchError):
            raise
        except BaseException as error:  # a SystemExit, or what a library in Rust raises
            raise EncoderError(f"the model's search fails: {reason_of(error)}") from error
        finally:
            self.seconds += time.perf_counter() - started - encoding
        return _check_lists(found, len(queries), len(documents), depth)


def _check_lists(lists: Any, n: int, m: int, depth: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The lists of n queries among m documents, if they are such; `EncoderError` otherwise."""
    if not isinstance(lists, tuple) or len(lists) != 2:
        raise EncoderError(f"search returned {type(lists).__name__}: return places and scores, two arrays")
    places, scores = np.asarray(lists[0]), np.asarray(lists[1], np.float64)
    if places.ndim != 2 or len(places) != n or places.shape != scores.shape or places.shape[1] > min(depth, m):
        raise EncoderError(
            f"search returned arrays of shape {places.shape} and {scores.shape}: return (n, k) each, for {n} queries "
            f"and at most {min(depth, m)} documents a query"
        )
    if places.dtype.kind != "i" or (places.size and (places.min() < -1 or places.max() >= m)):
        raise EncoderError(f"search returned places that are none of the {m} documents (0 to {m - 1}, or -1)")
    listed = places >= 0
    if not np.isfinite(scores[listed]).all():
        raise EncoderError("search returned scores that are not finite")
    if (listed[:, 1:] & ~listed[:, :-1]).any() or (listed[:, 1:] & (scores[:, 1:] > scores[:, :-1])).any():
        raise EncoderError("search returned lists that are not in descending order of their scores, with -1 at the end")
    ordered = np.sort(places, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise EncoderError("search returned a document twice for one query")
    return places.astype(np.int64), scores
