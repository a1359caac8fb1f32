"""A probe on frozen vectors that learns from a few labels, and the samples of it that show how unsure it is.

The probe is softmax regression with an L2 penalty (`numbers.softmax`), solved to its optimum. Its samples are

- ``dropout``: features of the input are left out, each with probability `DROPPED`, and the others divided by what is
  left; one mask a sample, the same for all texts (consistent dropout: Kirsch, van Amersfoort and Gal, 2019,
  arXiv 1906.08158). Vectors are taken less the mean of the pool, which changes nothing in the probe, for its offsets
  carry no penalty; otherwise what all texts have in common would be left out, too. (That a penalty stands in for
  dropout while a linear model learns: Wager, Wang and Liang, 2013, arXiv 1307.1493.)
- ``bootstrap``: probes of as many labels, drawn from those at hand with replacement (bagging: Breiman, 1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench_tasks.protocols.numbers import softmax
from xlbench_tasks.protocols.numbers.probes import unit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DROPPED = 0.1
"""Share of the features that a sample leaves out: that of BERT's own dropout."""


@dataclass(frozen=True)
class FrozenVectors:
    """The vectors of a pool and of a test, of length 1 less the mean of the pool's."""

    pool: Floats
    """(n, d)"""
    test: Floats
    """(m, d)"""

    @classmethod
    def of(cls, pool: NDArray[np.floating], test: NDArray[np.floating]) -> FrozenVectors:
        """From the encoder's vectors (n, d) and (m, d)."""
        scaled = unit(pool)
        mean = scaled.mean(axis=0)
        return cls(scaled - mean, unit(test) - mean)


@dataclass(frozen=True)
class _Fit:
    """A probe that has learned, in all ``labels``; of a single label, one that says nothing else."""

    classes: Ints
    """(c,) the label codes that it has seen."""
    solution: softmax.Solution | None

    def probabilities(self, logits: Floats, labels: int) -> Floats:
        """(n, labels) from logits (n, c); 0 of labels that were not seen."""
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        found = np.zeros((len(logits), labels))
        found[:, self.classes] = shares / shares.sum(axis=1, keepdims=True)
        return found


class VectorLearner:
    """Learns labels from frozen vectors; see `rounds.Learner`."""

    def __init__(self, vectors: FrozenVectors, labels: int, c: float, samples: int, sampled_by: str) -> None:
        """
        Args:
            vectors: Of pool and test.
            labels: How many label codes there are.
            c: Of the probe: the inverse strength of the penalty.
            samples: How many samples of the probe to draw.
            sampled_by: ``dropout`` or ``bootstrap``.
        """
        self._vectors, self._labels, self._c = vectors, labels, c
        self._count, self._by_bootstrap = samples, sampled_by == "bootstrap"
        self.not_converged = 0
        """How many probes have not converged so far."""

    @property
    def vectors(self) -> Floats:
        """(n, d) of the pool: by which texts are grouped, and by which they are far from each other."""
        return self._vectors.pool

    def learn(self, rows: Ints, codes: Ints, random: np.random.RandomState) -> None:
        """Learn from pool items ``rows`` (m,) with label ``codes`` (m,); ``random`` is for nothing here."""
        self._rows, self._codes = rows, codes
        self._fit = self._fitted(rows, codes)

    def _fitted(self, rows: Ints, codes: Ints) -> _Fit:
        classes, dense = np.unique(codes, return_inverse=True)
        if len(classes) == 1:
            return _Fit(classes, None)
        solution = softmax.Problem(self._vectors.pool[rows], dense).solve(self._c)
        self.not_converged += not solution.converged
        return _Fit(classes, solution)

    def label_test(self) -> Ints:
        """Label codes (m,) of the test."""
        return self._label(self._vectors.test)

    def label_pool(self) -> Ints:
        """Label codes (n,) of the pool."""
        return self._label(self._vectors.pool)

    def _label(self, vectors: Floats) -> Ints:
        fit = self._fit
        if fit.solution is None:
            return np.full(len(vectors), fit.classes[0])
        codes: Ints = fit.classes[fit.solution.logits(vectors).argmax(axis=1)]
        return codes

    def samples(self, rows: Ints, random: np.random.RandomState) -> Floats:
        """Probabilities (s, m, k) that samples of the probe give to pool items ``rows`` (m,)."""
        asked, m, width = self._vectors.pool[rows], len(self._rows), self._vectors.pool.shape[1]
        if self._by_bootstrap:
            drawn = [random.randint(0, m, m) for _ in range(self._count)]
            fits = [self._fitted(self._rows[places], self._codes[places]) for places in drawn]
            return np.stack([self._probabilities(fit, asked, np.ones(width)) for fit in fits])
        masks = (random.random_sample((self._count, width)) >= DROPPED) / (1 - DROPPED)
        return np.stack([self._probabilities(self._fit, asked, mask) for mask in masks])

    def _probabilities(self, fit: _Fit, vectors: Floats, mask: Floats) -> Floats:
        """(m, k) of vectors (m, d), each feature times its entry of the mask (d,)."""
        if fit.solution is None:
            return fit.probabilities(np.zeros((len(vectors), 1)), self._labels)
        logits = vectors @ (fit.solution.weights * mask[:, np.newaxis]) + fit.solution.offsets
        return fit.probabilities(logits, self._labels)
