"""The random encoder: what a score is worth when a vector says nothing about its text. Nothing else lives here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DIMENSIONS = 32


class RandomVectors:
    """32 numbers from [0, 1), drawn by a generator that is seeded with a hash of the text.

    Number for number ``mteb/baseline-random-encoder`` of mteb 2 (mteb.models.model_implementations.random_baseline),
    whose scores are published for most of mteb's tasks: a protocol can be checked against those without any weights.
    """

    parameters = 0

    def encode(self, texts: Sequence[str], role: str | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, 32). Equal texts get equal vectors; ``role`` makes no difference."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            # mteb cannot hash half a surrogate pair; such a text should still get a vector.
            seed = int(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), 16) % 2**32
            np.random.default_rng(seed).random(DIMENSIONS, dtype=np.float32, out=vector)
        return vectors
