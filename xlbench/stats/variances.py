"""Variances from influences: of clusters, of connected sets of clusters and of seeds, with their degrees of freedom."""

from __future__ import annotations

import numpy as np


def seed_sums(values: np.ndarray) -> np.ndarray:
    """How much each of S seeds moves the mean of their ``values`` (S,): what `cluster_variance` makes their variance
    over S from."""
    sums: np.ndarray = (values - values.mean()) / len(values)
    return sums


def linear_sums(psi: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """U_c (G,) = sum over cluster c of (psi - mean psi) / n, for dense codes (n,)."""
    total: np.ndarray = np.bincount(codes, weights=(psi - psi.mean()) / len(psi))
    return total


def cluster_variance(sums: np.ndarray) -> float:
    """CR1 (Liang and Zeger, 1986): G/(G-1) sum U_c^2 for sums (G,); NaN where G < 2."""
    count = len(sums)
    return float(count / (count - 1) * (sums @ sums)) if count > 1 else float("nan")


def left_out(sums: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Influences of clusters by leaving each out (CR3: MacKinnon and White, 1985), for `cluster_variance`.

    A cluster that holds much of the items pulls the value after itself: without it, the value moves by
    U_c / (1 - share). Equal to ``sums`` where all clusters are of one size.

    Args:
        sums: (G,) sums over every cluster of (psi - mean psi) / n.
        shares: (G,) the share of the items that lie in each cluster.
    """
    count = len(sums)
    if count < 2:
        return sums
    moved = sums / (1 - shares)
    influence: np.ndarray = (moved - moved.mean()) * ((count - 1) / count)
    return influence


def sums_of(influence: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The sums (G,) that `left_out` made ``influence`` (G,) from; they add up to 0, which gives the mean it took."""
    count = len(influence)
    if count < 2:
        return influence
    moved = influence * (count / (count - 1))
    sums: np.ndarray = (1 - shares) * (moved - float((1 - shares) @ moved) / float((1 - shares).sum()))
    return sums


def effective_clusters(shares: np.ndarray) -> float:
    """How many clusters of equal size would tell as much as those with ``shares`` (G,): (sum share)^2 / sum share^2.

    Carter, Schnepel and Steigerwald (2017). G where all have the same share; at least 2.
    """
    return max(2.0, float(shares.sum() ** 2 / np.square(shares).sum()))


def set_variances(sums: np.ndarray, sets: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CR1 within each connected set of clusters, and the degrees of freedom of each.

    Args:
        sums: (..., G) the influence of every cluster on one value, or on each of several.
        sets: (G,) integers from 0: the connected set that each cluster belongs to. Clusters of one set meet in a
            score; those of two sets (the documents of one area, the words of another) never do.
        shares: (G,) how much of the value's weight lies in each cluster.

    Returns:
        (..., S) G_S/(G_S-1) sum U_c^2 of every set, NaN where it has one cluster; and (S,) G*_S - 1, for the effective
        number of clusters.
    """
    sizes = np.bincount(sets)
    order = np.argsort(sets, kind="stable")
    ends = np.cumsum(sizes)
    starts = ends - sizes
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = sizes / (sizes - 1) * np.add.reduceat(np.square(sums)[..., order], starts, axis=-1)
    effective = np.array(
        [effective_clusters(shares[order[start:end]]) for start, end in zip(starts, ends, strict=True)]
    )
    return np.where(sizes > 1, variances, np.nan), effective - 1


def satterthwaite(variances: np.ndarray, freedoms: np.ndarray) -> np.ndarray:
    """Degrees of freedom (...) of a sum of variances (..., S) that have ``freedoms`` (S,) (Satterthwaite, 1946).

    (sum V_S)^2 / sum V_S^2 / f_S; the sum of ``freedoms`` where there is no variance at all.
    """
    total, spent = variances.sum(axis=-1), (np.square(variances) / freedoms).sum(axis=-1)
    found: np.ndarray = np.where(spent > 0, np.square(total) / np.where(spent > 0, spent, 1.0), freedoms.sum())
    return found
