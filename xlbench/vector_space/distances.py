"""Mean distances of translations in the vector space, beside those of random pairs of texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from xlbench.core.task import ItemText

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Distances:
    """Mean cosine distances (1 less the cosine, so 0 to 2), over all pairs of languages."""

    translations: float
    random: float
    """Of a text and all translations of other texts."""
    pairs: int
    """How many pairs of translations."""

    @property
    def ratio(self) -> float | None:
        """Distance of translations over that of random pairs: 0 is the same place, 1 is anywhere. None: all texts are
        in one place."""
        return self.translations / self.random if self.random > 0 else None


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rows scaled to length 1; none may be zero."""
    exact = vectors.astype(np.float64)
    scaled: NDArray[np.float64] = exact / np.linalg.norm(exact, axis=1, keepdims=True)
    return scaled


def distances(texts: Sequence[ItemText], vectors: NDArray[np.float32]) -> Distances | None:
    """The mean distances of texts (n,) by their vectors (n, d); None where no two translations have others beside
    them."""
    row_of: dict[str, dict[str, int]] = {}
    for row, text in enumerate(texts):
        row_of.setdefault(text.language, {})[text.item] = row
    units = unit(vectors)
    true = others = 0.0
    pairs = crossed = 0
    for one, other in combinations(sorted(row_of), 2):
        items = [item for item in row_of[one] if item in row_of[other]]
        if len(items) < 2:
            continue
        a, b = (units[[row_of[language][item] for item in items]] for language in (one, other))
        own, n = float((a * b).sum()), len(items)
        true, pairs = true + n - own, pairs + n
        others += n * (n - 1) - (float(a.sum(axis=0) @ b.sum(axis=0)) - own)
        crossed += n * (n - 1)
    return Distances(max(true, 0.0) / pairs, max(others, 0.0) / crossed, pairs) if pairs else None


def translations(texts: Sequence[ItemText]) -> list[tuple[int, int]]:
    """Rows of translations: of every item, its text in the first of its languages and that in each other."""
    rows: dict[str, list[int]] = {}
    for row, text in sorted(enumerate(texts), key=lambda pair: pair[1].language):
        rows.setdefault(text.item, []).append(row)
    return [(first, other) for first, *others in rows.values() for other in others]
