"""P@1 of siamese-mini: how often it finds the English of a held-out sentence, with an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench import Encoder
from xlbench_train.siamese_mini_recipe.texts import HeldOut

ENGLISH = "eng"
DRAWS = 2000
"""Of documents, for an interval."""


@dataclass(frozen=True)
class Precision:
    """P@1 from one language, or the mean over several, with its 95% interval."""

    value: float
    low: float
    high: float


def hits(encoder: Encoder, held_out: HeldOut) -> dict[str, NDArray[np.bool_]]:
    """By language, of which of n sentences the English is nearer than any other: shape (n,). A tie is no hit."""
    candidates = encoder.encode(held_out.texts[ENGLISH])
    found = {}
    for language in sorted(held_out.texts.keys() - {ENGLISH}):
        cosines = encoder.encode(held_out.texts[language]) @ candidates.T
        own = np.diagonal(cosines).copy()
        np.fill_diagonal(cosines, -np.inf)
        found[language] = own > cosines.max(axis=1)
    return found


def precision(rows: NDArray[np.floating] | NDArray[np.bool_], documents: list[str], seed: int = 0) -> Precision:
    """The mean of one number a sentence, with the percentile interval of bootstrapped documents.

    Args:
        rows: Shape (n,): whether a sentence was found, or the share of languages in which it was.
        documents: Each sentence's document.
        seed: Of the draws.
    """
    _, number = np.unique(documents, return_inverse=True)
    sums, sizes = np.bincount(number, weights=rows), np.bincount(number)
    drawn = np.random.default_rng(seed).integers(len(sizes), size=(DRAWS, len(sizes)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), (0.025, 0.975))
    return Precision(float(np.mean(rows)), float(low), float(high))
