"""What is done to vectors after they were read: cutting, unit length, and the similarity by which they are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import xlbench

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Afterwards:
    """What a spec asks for."""

    dimensions: int | None = None
    normalize: bool = False
    similarity: Literal["cosine", "dot"] = "cosine"

    @property
    def identity(self) -> str:
        """Part of a fingerprint; "" where nothing is done."""
        return "" if self == Afterwards() else f"{self.dimensions} {self.normalize} {self.similarity}"

    def transform(self) -> Callable[[], xlbench.Transform] | None:
        """What makes the model's transform; None where nothing is done."""
        return partial(_transform, self) if self.identity else None


def _transform(wanted: Afterwards) -> xlbench.Transform:
    return xlbench.Transform(fit=partial(_fit, wanted), similarity=wanted.similarity)


def _fit(wanted: Afterwards, _: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Nothing is fitted."""
    return partial(_apply, wanted)


def _apply(wanted: Afterwards, vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) cut, then brought to unit length; a row of zeros stays one."""
    import numpy as np

    if wanted.dimensions:
        if wanted.dimensions > vectors.shape[1]:
            raise xlbench.EncoderError(f"dimensions={wanted.dimensions}, but the vectors have {vectors.shape[1]}")
        vectors = vectors[:, : wanted.dimensions]
    if not (wanted.dimensions or wanted.normalize):
        return vectors
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1, lengths)).astype(np.float32)
