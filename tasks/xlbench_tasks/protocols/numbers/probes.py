"""Probes over frozen vectors, and the training subsets that few-shot protocols draw: the numbers behind classification.

Vectors and label codes in, predicted codes out. Nothing is random.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from xlbench.core.ids import digest
from xlbench_tasks.protocols.numbers import softmax

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

GRID = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""The C that may be chosen on dev, from the most regularized on. Vectors of length 1 whose cosines are all near 1, as
those of many language models are, need a large one."""

MTEB_RUNS, MTEB_SHOTS, MTEB_SEED, MTEB_MAX_ITER = 10, 8, 42, 100
"""mteb's few-shot protocol."""

COSINE_STEPS = 1 << 30
"""Cosines are compared in steps of 2^-30: far more than a sum's rounding, so that a tie is one on every processor."""

NEIGHBOR_CELLS = 1 << 24
"""Cosines held at once by the vote of neighbors (8 bytes each)."""


class Classifier(Protocol):
    """What labels vectors."""

    def predict(self, vectors: Floats) -> Ints:
        """Label codes (n,) of vectors (n, d)."""


@dataclass(frozen=True)
class FittedProbe:
    """A probe that has learned."""

    model: Classifier
    c: float | None = None
    """The C of a logistic probe."""
    converged: bool = True

    def label(self, vectors: Floats) -> Ints:
        """Label codes (n,) for test vectors (n, d)."""
        return self.model.predict(vectors)


@dataclass(frozen=True)
class Logits:
    """Softmax regression that has learned, from vectors of length 1."""

    solution: softmax.Solution
    classes: Ints
    """(k,) the label code of each of its logits."""

    def predict(self, vectors: Floats) -> Ints:
        """The label codes (n,) with the highest logits of vectors (n, d), whatever their length: some at a time."""
        found = np.empty(len(vectors), np.int64)
        for rows, logits in self.solution.parts(vectors, unit):
            found[rows] = self.classes[logits.argmax(axis=1)]
        return found

    def of_units(self, vectors: NDArray[np.float64]) -> Ints:
        """The same of vectors (n, d) that `unit` has made."""
        codes: Ints = self.classes[self.solution.logits(vectors).argmax(axis=1)]
        return codes


@dataclass(frozen=True)
class Logistic:
    """Softmax regression with an L2 penalty over vectors of length 1, solved to its optimum (`softmax`).

    Nothing is standardized: a feature's scale over the training set would be one more thing that is learned.
    """

    c: float = 1.0

    def learn(self, vectors: Floats, codes: Ints) -> FittedProbe:
        """Learn from vectors (m, d) and codes (m,), of two classes at least."""
        classes, dense = np.unique(codes, return_inverse=True)
        solution = softmax.Problem(unit(vectors), dense).solve(self.c)
        return FittedProbe(Logits(solution, classes), self.c, solution.converged)


@dataclass(frozen=True)
class ChosenLogistic:
    """The same, with the C of `GRID` that has the highest macro-F1 on dev; of equal ones the smallest.

    Each C starts from the optimum of the last one, which is faster than from zero.
    """

    dev: Floats
    dev_codes: Ints

    def learn(self, vectors: Floats, codes: Ints) -> FittedProbe:
        """As `Logistic.learn`; not converged where any C of the grid is not, since the choice depends on all."""
        classes, dense = np.unique(codes, return_inverse=True)
        problem = softmax.Problem(unit(vectors), dense)
        solution, best, score, converged = None, None, -1.0, True
        for c in GRID:
            solution = problem.solve(c, solution)
            converged &= solution.converged
            model = Logits(solution, classes)
            on_dev = macro_f1(self.dev_codes, model.predict(self.dev))
            if on_dev > score:
                best, score = (model, c), on_dev
        assert best is not None
        return FittedProbe(*best, converged)


@dataclass(frozen=True)
class Neighbors:
    """A vote of the k nearest training items by cosine.

    Of equally near items the first ones in the training set vote; of labels with equal votes, the first one wins.
    """

    k: int = 5

    def learn(self, vectors: Floats, codes: Ints) -> FittedProbe:
        """As `Logistic.learn`; all items vote where there are fewer than k."""
        return FittedProbe(_FittedNeighbors(unit(vectors), codes, min(self.k, len(codes))))


@dataclass(frozen=True)
class _FittedNeighbors:
    """Training vectors (m, d) of length 1 and their label codes (m,)."""

    known: Floats
    codes: Ints
    k: int

    def predict(self, vectors: Floats) -> Ints:
        """The label codes (n,) that most neighbors of vectors (n, d) have, whatever their length."""
        m, n, labels = len(self.known), len(vectors), int(self.codes.max()) + 1
        found, step = np.empty(n, np.int64), max(1, NEIGHBOR_CELLS // m)
        order = np.arange(m)[::-1]  # the earlier of two that are equally near has the larger key
        for start in range(0, n, step):
            cosines = unit(vectors[start : start + step]) @ self.known.T
            keys = np.rint(cosines * COSINE_STEPS).astype(np.int64) * m + order
            nearest = np.argpartition(keys, m - self.k, axis=1)[:, m - self.k :]
            places = np.arange(len(keys))[:, np.newaxis] * labels + self.codes[nearest]
            votes = np.bincount(places.ravel(), minlength=len(keys) * labels).reshape(len(keys), labels)
            found[start : start + step] = votes.argmax(axis=1)
        return found


class MtebLogistic:
    """mteb's probe, to the letter: vectors as they are, 100 steps of lbfgs whether or not that is enough."""

    def learn(self, vectors: Floats, codes: Ints) -> FittedProbe:
        """As `Logistic.learn`."""
        model = LogisticRegression(max_iter=MTEB_MAX_ITER, random_state=MTEB_SEED)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(vectors, codes)
        return FittedProbe(model, 1.0)


Probe = Logistic | ChosenLogistic | Neighbors | MtebLogistic


def macro_f1(true: Ints, predicted: Ints) -> float:
    """F1 averaged over the classes that occur among the true label codes (n,): scikit-learn's, to the last bit."""
    size = int(max(true.max(), predicted.max())) + 1
    support, found = np.bincount(true, minlength=size), np.bincount(predicted, minlength=size)
    hits = np.bincount(true[true == predicted], minlength=size)
    seen = support > 0
    return float(np.mean(2.0 * hits[seen] / (support + found)[seen]))


def unit(vectors: Floats) -> NDArray[np.float64]:
    """Rows scaled to length 1, in double precision; rows of zeros stay what they are."""
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(wide, lengths, out=wide, where=lengths > 0)
    return scaled


def draws(codes: Ints, shots: int, count: int, key: Sequence[str]) -> Iterator[Ints]:
    """``count`` subsets of training rows, each with ``shots`` rows of every class that occurs (all have that many).

    ``key`` names the training set: the same rows come out for every model, wherever and whenever.
    """
    for draw in range(count):
        seed = np.random.SeedSequence(int(digest("few-shot", *key, str(shots), str(draw))[:16], 16))
        order = np.random.RandomState(np.random.MT19937(seed)).permutation(len(codes))
        yield np.sort(_first_of_each(order, codes, shots))


def mteb_draws(codes: Ints) -> Iterator[Ints]:
    """mteb's subsets: one list of rows, shuffled again each time from where the last shuffle left it."""
    order = np.arange(len(codes))
    for _ in range(MTEB_RUNS):
        np.random.RandomState(MTEB_SEED).shuffle(order)
        yield _first_of_each(order, codes, MTEB_SHOTS)


def _first_of_each(order: Ints, codes: Ints, shots: int) -> Ints:
    """The first ``shots`` rows of every class, in the given order of rows."""
    ordered = codes[order]
    by_class = np.argsort(ordered, kind="stable")
    starts = np.searchsorted(ordered[by_class], ordered[by_class])
    kept = by_class[np.arange(len(order)) - starts < shots]
    chosen: Ints = order[np.sort(kept)]
    return chosen
