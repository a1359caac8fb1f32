"""Cuts ranked lists of documents at a depth, and handles equal scores at the cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def first_of_lists(places: Any, scores: Any, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """The first ``depth`` of lists (n, k), without the documents whose score some behind them share.

    Which of equally good documents stand before the end follows from the order of a file, and is no evidence. Ask for
    ``depth + 1`` documents, so that it shows whether equal scores go on.

    Args:
        places: (n, k) which documents, -1 where a list is shorter.
        scores: (n, k) descending.
        depth: How many of each list are kept at most.

    Returns:
        Places and scores, (n, min(k, depth)) each.
    """
    import numpy as np

    places, scores = np.array(places, np.int64), np.array(scores, np.float64)
    kept = places[:, :depth]
    if places.shape[1] > depth:
        goes_on = places[:, depth] >= 0
        kept[goes_on[:, None] & (scores[:, :depth] == scores[:, [depth]])] = -1
    return kept, scores[:, :depth]
