"""The probe of the tagging protocol: softmax regression over word vectors, and valid tag sequences from it.

Weights come from scikit-learn; nothing here is random. Dimensions are centered and scaled by the training words, so
that the fixed strength of the penalty means the same for every encoder.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError
from xlbench_tasks.protocols.numbers import spans
from xlbench_tasks.protocols.numbers.spans import Floats, Ints

C = 1.0
"""Inverse strength of the penalty, against the sum of the losses of all training words."""

ITERATIONS = 100
"""Of lbfgs at most."""

BLOCK = 1 << 16
"""Rows held in double precision at once."""


@dataclass(frozen=True)
class Probe:
    """Logits are vectors @ weights + offsets; a tag that the training words do not have has the offset -inf."""

    weights: NDArray[np.float32]
    offsets: Floats
    iterations: int
    """Of lbfgs; 0 where there was but one tag."""
    converged: bool

    def log_probabilities(self, vectors: NDArray[np.float32]) -> Floats:
        """Of every tag (columns), for every vector."""
        logits = (vectors @ self.weights).astype(np.float64) + self.offsets
        top = logits.max(axis=1, keepdims=True)
        scores: Floats = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        return scores


def fit(vectors: NDArray[np.float32], rows: Ints, codes: Ints, tags: int) -> Probe:
    """Learn the tag (a code below ``tags``) of words, word i having the vector ``vectors[rows[i]]``.

    Equal pairs of a vector and a tag are one example with a weight: the same optimum for less work.
    """
    pairs, weights = np.unique(rows * tags + codes, return_counts=True)
    examples, labels = vectors[pairs // tags], pairs % tags
    mean, scale = _standardise(examples, weights.astype(np.float64))
    seen = np.unique(labels)
    logits, offsets, iterations, converged = _regression(examples, labels, weights, seen)
    all_weights, all_offsets = np.zeros((vectors.shape[1], tags)), np.full(tags, -np.inf)
    all_weights[:, seen] = logits / scale[:, np.newaxis]
    all_offsets[seen] = offsets - mean @ all_weights[:, seen]
    return Probe(all_weights.astype(np.float32), all_offsets, iterations, converged)


def _standardise(examples: NDArray[np.float32], weights: Floats) -> tuple[Floats, Floats]:
    """Centre and scale dimensions in place; returns means and standard deviations (1 for a constant)."""
    mean, square = np.zeros(examples.shape[1]), np.zeros(examples.shape[1])
    blocks = [slice(start, start + BLOCK) for start in range(0, len(examples), BLOCK)]
    for block in blocks:
        mean += weights[block] @ examples[block].astype(np.float64) / weights.sum()
    for block in blocks:
        square += weights[block] @ (examples[block] - mean) ** 2 / weights.sum()
    scale = np.sqrt(square)
    scale[scale <= 1e-6 * np.abs(mean)] = 1.0  # constant, but for the last bits
    scale[scale == 0] = 1.0
    for block in blocks:
        examples[block] = (examples[block] - mean) / scale
    return mean, scale


def _regression(
    examples: NDArray[np.float32], labels: Ints, weights: Ints, seen: Ints
) -> tuple[Floats, Floats, int, bool]:
    """Weights (d, seen) and offsets (seen,), how many iterations it took and whether it came to an end."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if len(seen) == 1:
        return np.zeros((examples.shape[1], 1)), np.zeros(1), 0, True
    model = LogisticRegression(C=C, max_iter=ITERATIONS)  # lbfgs, one softmax over all tags
    # One thread: the products are narrow (a column a tag), so that threads cost more than they give, ten times as much
    # on a busy machine; and the last bits do not depend on how many there are.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by ``converged``
        model.fit(examples, labels, sample_weight=weights)
    coefficients, offsets = model.coef_.astype(np.float64), model.intercept_.astype(np.float64)
    if len(seen) == 2:  # one column of logits stands for the second tag against the first
        coefficients, offsets = np.concatenate([0 * coefficients, coefficients]), np.concatenate([[0.0], offsets])
    iterations = int(model.n_iter_.max())
    return coefficients.T, offsets, iterations, iterations < ITERATIONS


@dataclass(frozen=True)
class Scored:
    """Rows of integers, one a sentence, and the numbers that stand beside the scores."""

    columns: dict[str, NDArray[np.generic]]
    support: dict[str, int]
    """Entities of each type in the truth."""


def score(log_probabilities: Floats, rows: Ints, gold: Ints, lengths: Ints, types: tuple[str, ...]) -> Scored:
    """Compare with the truth: the best valid sequences strictly, and each word's best tag leniently."""
    if not len(gold) == len(rows) == int(lengths.sum()):
        raise DataError(f"{len(rows)} word vectors and {len(gold)} tags for {int(lengths.sum())} words")
    of_word = log_probabilities[rows]
    truth = spans.find(gold, lengths)
    best = spans.find(spans.best_sequences(of_word, lengths), lengths)
    raw = spans.find(of_word.argmax(axis=1), lengths)
    strict = spans.compare(truth.strict(), best.strict(), lengths, len(types))
    lenient = spans.compare(truth, raw, lengths, len(types))
    columns: dict[str, NDArray[np.generic]] = {}
    for part in ("right", "predicted", "gold"):
        table = getattr(strict, part).astype(np.int32)
        columns |= {f"{part}:{kind}": table[:, place] for place, kind in enumerate(types)}
        columns[f"lenient_{part}"] = getattr(lenient, part).sum(axis=1).astype(np.int32)
    columns["placed"] = strict.placed.astype(np.int32)
    return Scored(columns, dict(zip(types, strict.gold.sum(axis=0).tolist(), strict=True)))
