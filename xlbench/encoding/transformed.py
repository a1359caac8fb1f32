"""What a model's transform is given, and what it may give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xlbench.core.errors import EncoderError

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNSCORABLE = "the model's transform gives vectors that cannot be scored (NaN, zeros, masked numbers or too few)"


def check_transformed(changed: object, n: int) -> NDArray[np.float32]:
    """What a transform gave for n vectors; `EncoderError` where they are others than n, or not all finite."""
    vectors = np.asarray(changed, np.float32)
    if np.ma.is_masked(changed) or vectors.ndim != 2 or len(vectors) != n or not np.isfinite(vectors).all():
        raise EncoderError(UNSCORABLE)
    return vectors


def nonzero(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Those of the vectors that are not zero: a transform learns nothing from the others."""
    return vectors[vectors.any(axis=1)]
