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


class SetLayout:
    """Connected sets of clusters, and how much weight lies in each cluster: what variances are made by."""

    def __init__(self, sets: np.ndarray, shares: np.ndarray) -> None:
        """
        Args:
            sets: (G,) integers from 0: the connected set that each cluster belongs to. Clusters of one set meet in a
                score; those of two sets (the documents of one area, the words of another) never do.
            shares: (G,) how much of the value's weight lies in each cluster.
        """
        self.sizes = np.bincount(sets)
        """(S,) clusters of each set."""
        self.order = None if len(self.sizes) == 1 else np.argsort(sets, kind="stable")
        """(G,) the clusters by their set; None: they are in that order."""
        ends = np.cumsum(self.sizes)
        self._starts = ends - self.sizes
        sorted_shares = shares if self.order is None else shares[self.order]
        effective = [
            effective_clusters(sorted_shares[start:end]) for start, end in zip(self._starts, ends, strict=True)
        ]
        self.freedoms: np.ndarray = np.array(effective) - 1
        """(S,) G*_S - 1, for the effective number of clusters."""
        with np.errstate(divide="ignore", invalid="ignore"):
            self._factors = self.sizes / (self.sizes - 1)

    def variances(self, sums: np.ndarray) -> np.ndarray:
        """(..., S) CR1 within each set, G_S/(G_S-1) sum U_c^2, NaN where it has one cluster; for ``sums`` (..., G), the
        influence of every cluster on one value, or on each of several."""
        squares = np.square(sums)
        ordered = squares if self.order is None else squares[..., self.order]
        with np.errstate(invalid="ignore"):
            found = self._factors * np.add.reduceat(ordered, self._starts, axis=-1)
        variances: np.ndarray = np.where(self.sizes > 1, found, np.nan)
        return variances


def set_variances(sums: np.ndarray, sets: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CR1 within each connected set of clusters, and the degrees of freedom of each: `SetLayout` of ``sets`` and
    ``shares``, with its variances of ``sums``."""
    layout = SetLayout(sets, shares)
    return layout.variances(sums), layout.freedoms


def satterthwaite(variances: np.ndarray, freedoms: np.ndarray) -> np.ndarray:
    """Degrees of freedom (...) of a sum of variances (..., S) that have ``freedoms`` (S,) (Satterthwaite, 1946).

    (sum V_S)^2 / sum V_S^2 / f_S; the sum of ``freedoms`` where there is no variance at all.
    """
    total, spent = variances.sum(axis=-1), (np.square(variances) / freedoms).sum(axis=-1)
    found: np.ndarray = np.where(spent > 0, np.square(total) / np.where(spent > 0, spent, 1.0), freedoms.sum())
    return found
