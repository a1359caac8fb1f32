"""Projects vectors to two or three dimensions, by PCA or t-SNE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from xlbench.vector_space.distances import unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

Method = Literal["pca", "tsne"]
METHODS: dict[Method, str] = {"pca": "PCA", "tsne": "t-SNE"}
"""Method -> what it is called in a picture."""

PERPLEXITY = 30.0
"""About how many neighbors t-SNE minds: its usual value, lower for few texts."""


@dataclass(frozen=True)
class Projection:
    """Points (n, 2) or (n, 3), and what of the variance they hold."""

    method: Method
    points: NDArray[np.float64]
    variance: tuple[float, ...] = ()
    """PCA: the share of the variance along each axis."""


def project(vectors: NDArray[np.float32], method: Method, dimensions: int, seed: int) -> Projection:
    """Flatten vectors (n, d) of unit length, so that near means near by the cosine. Equal input gives equal output.

    Fewer than ``dimensions`` directions leave the rest of the axes at 0.
    """
    from sklearn.decomposition import PCA

    units = unit(vectors)
    pca = PCA(min(dimensions, *units.shape), svd_solver="full")
    with np.errstate(invalid="ignore"):  # all texts in one place: shares are 0 of 0
        flat = pca.fit_transform(units)
    share = np.nan_to_num(pca.explained_variance_ratio_)
    if method == "tsne":
        flat, share = _tsne(units, dimensions, seed), share[:0]
    points = np.zeros((len(units), dimensions))
    points[:, : flat.shape[1]] = flat
    return Projection(method, points, tuple(share.tolist()))


def _tsne(units: NDArray[np.float64], dimensions: int, seed: int) -> NDArray[np.float64]:
    from sklearn.manifold import TSNE

    start = "pca" if units.shape[1] >= dimensions and np.ptp(units, axis=0).any() else "random"
    perplexity = min(PERPLEXITY, max(1.0, (len(units) - 1) / 3))
    flat: NDArray[np.float64] = TSNE(
        dimensions, perplexity=perplexity, init=start, random_state=seed, learning_rate="auto", n_jobs=1
    ).fit_transform(units)
    return flat.astype(np.float64)


def align_axes(points: NDArray[np.float64], like: NDArray[np.float64]) -> NDArray[np.float64]:
    """``points`` turned and mirrored, never stretched, to lie as near to ``like`` as can be: axes of projections mean
    nothing, and two pictures of the same texts are then easier to compare."""
    from scipy.linalg import orthogonal_procrustes

    centered = points - points.mean(axis=0)
    rotation, _ = orthogonal_procrustes(centered, like - like.mean(axis=0))
    result: NDArray[np.float64] = centered @ rotation
    return result
