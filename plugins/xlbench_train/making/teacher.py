"""The teacher: vectors of English sentences, as targets of all their translations, narrowed to the table's width."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xlbench import UsageError

PROMPT = "query: "
"""What multilingual E5 has before texts that are compared with each other."""


def targets(folder: Path, texts: Sequence[str], dimensions: int) -> NDArray[np.float32]:
    """What the teacher says of n texts: shape (n, dimensions), rows of length one.

    Its vectors all point one way: their mean is taken off. Then the directions in which they differ most are kept.

    Raises:
        UsageError: Where ``folder`` is none of sentence-transformers, or gives fewer dimensions.
    """
    from sentence_transformers import SentenceTransformer

    if not (folder / "modules.json").is_file():
        raise UsageError(f"the teacher {folder} is no folder of sentence-transformers: give --teacher one, or leave it out")
    vectors = SentenceTransformer(str(folder), device="cpu").encode(
        [PROMPT + text for text in texts], batch_size=32, show_progress_bar=True
    )
    centered = vectors.astype(np.float64) - vectors.mean(axis=0)
    if dimensions > centered.shape[1]:
        raise UsageError(f"the teacher {folder} has {centered.shape[1]} dimensions, and {dimensions} are asked for")
    _, directions = np.linalg.eigh(centered.T @ centered)
    narrow = centered @ directions[:, ::-1][:, :dimensions]
    unit: NDArray[np.float32] = (narrow / np.linalg.norm(narrow, axis=1, keepdims=True)).astype(np.float32)
    return unit
