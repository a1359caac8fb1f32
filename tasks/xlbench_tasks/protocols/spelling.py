"""How alike translations are written: where most are, spelling alone finds them, whatever is understood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlbench_tasks.data.text import folded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LETTER_BITS = 21
"""Of a code point."""


def facts(queries: Sequence[str], translations: Sequence[str]) -> dict[str, float]:
    """What is told of pairs of texts (n each).

    Returns:
        ``identical``, the share of pairs that are written alike but for case, white space and notation; ``spelling``,
        the mean of Dice's coefficient of the two texts' pairs of neighboring characters (Dice 1945): 1 where they have
        the same ones as often, 0 where they share none, as in two scripts.
    """
    one, other = [*map(folded, queries)], [*map(folded, translations)]
    alike = sum(map(str.__eq__, one, other))
    return {"identical": alike / len(one), "spelling": float(dice(one, other).mean())}


def dice(one: Sequence[str], other: Sequence[str]) -> NDArray[np.float64]:
    """(n,): 2 |A and B| / (|A| + |B|) over pairs of neighboring characters, a space at both ends counted in."""
    import numpy as np

    (first, counts, sizes), (second, other_counts, other_sizes) = _neighbors(one), _neighbors(other)
    _, here, there = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    rows = first[here] >> (2 * LETTER_BITS)
    shared = np.bincount(rows, np.minimum(counts[here], other_counts[there]), minlength=len(one))
    coefficients: NDArray[np.float64] = 2 * shared / (sizes + other_sizes)
    return coefficients


def _neighbors(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct pairs of neighboring characters of every text, each as one number that begins with the text's; how
    often each occurs; and how many a text has (n,)."""
    import numpy as np

    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + 2
    codes = np.frombuffer("".join(f" {text} " for text in texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    rows = np.repeat(np.arange(len(texts)), lengths)
    inside = rows[1:] == rows[:-1]
    left, right = (side[inside].astype(np.int64) for side in (codes[:-1], codes[1:]))
    keys, counts = np.unique((rows[1:][inside] << LETTER_BITS | left) << LETTER_BITS | right, return_counts=True)
    return keys, counts, lengths - 1
