"""Groups of texts by Ward's method, from vectors or from the character n-grams of texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DIMENSIONS = 50
"""Principal axes of the vectors that distances are taken in: a third of the time of 384, and nearly the same groups."""
MOST = 2_000
"""Of more texts, so many drawn ones are grouped, and each of the others goes to the nearest center: Ward's method takes
time and memory with the square of their number (0.2 s and 16 MB for these)."""
GRAMS = (2, 4)
"""Characters of an n-gram, within words."""


def ward(vectors: Floats, count: int, random: np.random.RandomState) -> Ints:
    """Clusters of n texts: of all pairs of clusters, the two are joined whose union raises the inner variance least.

    Ward (1963); agglomerative, on Euclidean distances over the first `DIMENSIONS` principal axes.

    Args:
        vectors: (n, d).
        count: How many clusters; n where there are no more texts.
        random: Draws the texts that are grouped where there are more than `MOST`.

    Returns:
        (n,) numbers of clusters, from 0.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    n = len(vectors)
    if n <= count:
        return np.arange(n, dtype=np.int64)
    if count == 1:
        return np.zeros(n, dtype=np.int64)
    reduced = principal(vectors, DIMENSIONS)
    drawn = np.sort(random.permutation(n)[:MOST])
    codes: Ints = fcluster(linkage(reduced[drawn], "ward"), count, "maxclust").astype(np.int64) - 1
    if n <= MOST:
        return codes
    sizes = np.bincount(codes)
    centers = np.stack([np.bincount(codes, weights=axis) for axis in reduced[drawn].T], axis=1) / sizes[:, np.newaxis]
    apart = (centers * centers).sum(axis=1) - 2 * reduced @ centers.T
    nearest: Ints = apart.argmin(axis=1)
    nearest[drawn] = codes
    return nearest


def principal(vectors: Floats, dimensions: int) -> Floats:
    """The vectors along their first principal axes: (n, d) -> (n, min(d, dimensions)), distances as far as these go."""
    centered: Floats = vectors - vectors.mean(axis=0)
    if centered.shape[1] <= dimensions:
        return centered
    _, axes = np.linalg.eigh(centered.T @ centered)
    turned: Floats = centered @ axes[:, -dimensions:]
    return turned


def tf_idf(texts: Sequence[str]) -> Floats:
    """Vectors (n, d) of the texts' character n-grams, weighted by tf-idf (Spärck Jones, 1972; scikit-learn's, with
    logarithms of counts), in `DIMENSIONS` dimensions at most (latent semantic analysis)."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    table = TfidfVectorizer(analyzer="char_wb", ngram_range=GRAMS, sublinear_tf=True, dtype=np.float64)
    counted = table.fit_transform(texts)
    if min(counted.shape) <= DIMENSIONS:
        plain: Floats = counted.toarray()
        return plain
    reduced: Floats = TruncatedSVD(DIMENSIONS, algorithm="arpack", random_state=0).fit_transform(counted)
    return reduced
