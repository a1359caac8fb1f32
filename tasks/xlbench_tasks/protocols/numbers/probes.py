"""Probes over frozen vectors, and the training subsets that few-shot protocols draw: the numbers behind classification.

Vectors and label codes in, predicted codes out. Every probe is deterministic: lbfgs from zero, or a vote of neighbors.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from xlbench.core.ids import digest

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]

MAX_ITER = 1000
"""Steps of lbfgs at most; that it needed more is reported, not hidden."""

GRID = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""The C that may be chosen on dev, from the most regularised on. Vectors of length 1 whose cosines are all near 1, as
those of many language models are, need a large one."""

MTEB_RUNS, MTEB_SHOTS, MTEB_SEED, MTEB_MAX_ITER = 10, 8, 42, 100
"""mteb's few-shot protocol."""


@dataclass(frozen=True)
class Learnt:
    """A probe that has learnt."""

    model: LogisticRegression | KNeighborsClassifier
    c: float | None = None
    """The regularisation that a logistic probe ended up with."""
    converged: bool = True
    of_unit_length: bool = True
    """Whether it learnt from vectors of length 1."""

    def label(self, vectors: Floats) -> Ints:
        """Label codes (n,) for test vectors (n, d)."""
        codes: Ints = self.model.predict(unit(vectors) if self.of_unit_length else vectors)
        return codes


@dataclass(frozen=True)
class Logistic:
    """Logistic regression (lbfgs, an L2 penalty, all classes in one model) over vectors of length 1.

    Nothing is standardised: a feature's scale over the training set would be one more thing that is learnt.
    """

    c: float = 1.0

    def learn(self, vectors: Floats, codes: Ints) -> Learnt:
        """Learn from vectors (m, d) and codes (m,), of two classes at least."""
        model, converged = _fitted(LogisticRegression(C=self.c, max_iter=MAX_ITER), unit(vectors), codes)
        return Learnt(model, self.c, converged)


@dataclass(frozen=True)
class ChosenLogistic:
    """The same, with the C of `GRID` that has the highest macro-F1 on dev; of equal ones the smallest.

    Each C starts from where the last one ended, which is several times faster than from zero.
    """

    dev: Floats
    dev_codes: Ints

    def learn(self, vectors: Floats, codes: Ints) -> Learnt:
        """As `Logistic.learn`."""
        train, dev = unit(vectors), unit(self.dev)
        model = LogisticRegression(max_iter=MAX_ITER, warm_start=True)
        best, score = Learnt(model), -1.0
        for c in GRID:
            model, converged = _fitted(model.set_params(C=c), train, codes)
            on_dev = macro_f1(self.dev_codes, model.predict(dev))
            if on_dev > score:  # the next C is learnt into new arrays: a shallow copy keeps this one
                best, score = Learnt(copy.copy(model), c, converged), on_dev
        return best


@dataclass(frozen=True)
class Neighbours:
    """A vote of the k nearest training items by cosine; of labels with equal votes, the first one wins."""

    k: int = 5

    def learn(self, vectors: Floats, codes: Ints) -> Learnt:
        """As `Logistic.learn`; k is at most the number of training vectors."""
        return Learnt(KNeighborsClassifier(min(self.k, len(codes)), algorithm="brute").fit(unit(vectors), codes))


class Mteb:
    """mteb's probe, to the letter: vectors as they are, 100 steps of lbfgs whether or not that is enough."""

    def learn(self, vectors: Floats, codes: Ints) -> Learnt:
        """As `Logistic.learn`."""
        model, _ = _fitted(LogisticRegression(max_iter=MTEB_MAX_ITER, random_state=MTEB_SEED), vectors, codes)
        return Learnt(model, 1.0, of_unit_length=False)


Probe = Logistic | ChosenLogistic | Neighbours | Mteb


def _fitted(model: LogisticRegression, vectors: Floats, codes: Ints) -> tuple[LogisticRegression, bool]:
    """The model after learning, and whether lbfgs came to its end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(vectors, codes)
    return model, bool(model.n_iter_.max() < model.max_iter)


def macro_f1(true: Ints, predicted: Ints) -> float:
    """F1 averaged over the classes that occur among the true label codes (n,): scikit-learn's, to the last bit."""
    size = int(max(true.max(), predicted.max())) + 1
    support, found = np.bincount(true, minlength=size), np.bincount(predicted, minlength=size)
    hits = np.bincount(true[true == predicted], minlength=size)
    seen = support > 0
    return float(np.mean(2.0 * hits[seen] / (support + found)[seen]))


def unit(vectors: Floats) -> Floats:
    """Rows scaled to length 1, in double precision: in single, the steps of lbfgs would follow the last bits of sums.

    Even so it stops short of the optimum (a gradient of 1e-4), so that with a large C another processor, whose sums
    round otherwise, may give some items another label.
    """
    wide = vectors.astype(np.float64)
    scaled: Floats = wide / np.linalg.norm(wide, axis=1, keepdims=True)
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
