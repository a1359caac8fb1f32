"""How much a text is wanted: scores from the probabilities that samples of a model give it, the higher the sooner.

Probabilities p are arrays (s, n, k): s samples of the model (Monte Carlo dropout: Gal and Ghahramani, 2016,
arXiv 1506.02142), n texts, k labels. H is the entropy in nats, with p log p = 0 at p = 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def shannon(p: Floats) -> Floats:
    """H(p) = -sum over labels of p log p, in nats (Shannon, 1948); p log p at 0 is 0.

    Args:
        p: (..., k) probabilities, each 0 or more.

    Returns:
        (...) entropies, from 0 to log k.
    """
    logs = np.log(p, out=np.zeros(p.shape), where=p > 0)
    total: Floats = -(p * logs).sum(axis=-1)
    return total + 0.0  # no -0.0


def entropy(p: Floats) -> Floats:
    """H(mean over samples of p): predictive entropy (Gal, Islam and Ghahramani, 2017, arXiv 1703.02910).

    Args:
        p: (s, n, k).

    Returns:
        (n,) from 0 to log k.
    """
    return shannon(p.mean(axis=0))


def margin(p: Floats) -> Floats:
    """-(p1 - p2), of the two likeliest labels by the mean over samples (Scheffer, Decomain and Wrobel, 2001).

    With two labels it puts texts in the same order as `entropy`.

    Args:
        p: (s, n, k), k of 2 or more.

    Returns:
        (n,) from -1 to 0.
    """
    top = np.sort(p.mean(axis=0), axis=-1)
    gap: Floats = top[..., -2] - top[..., -1]
    return gap


def bald(p: Floats) -> Floats:
    """H(mean p) - mean H(p): the mutual information of label and model (Houlsby et al., 2011, arXiv 1112.5745).

    Args:
        p: (s, n, k).

    Returns:
        (n,) from 0 to log k; rounding may leave it a little below 0, where it is 0.
    """
    information: Floats = np.maximum(shannon(p.mean(axis=0)) - shannon(p).mean(axis=0), 0.0)
    return information


def variance(p: Floats) -> Floats:
    """Sum over labels of the variance of p over samples: 1/s sum over samples of (p - mean p)^2, over all labels.

    Args:
        p: (s, n, k).

    Returns:
        (n,) 0 or more.
    """
    spread: Floats = p.var(axis=0).sum(axis=-1)
    return spread


SCORES: Mapping[str, Callable[[Floats], Floats]] = {
    "entropy": entropy,
    "margin": margin,
    "bald": bald,
    "variance": variance,
}
"""The acquisitions that score each text by itself; the others are ``uniform`` and ``furthest-batch``."""
NEED_SAMPLES = ("bald", "variance")
"""Those that are 0 of every text with a single sample."""
