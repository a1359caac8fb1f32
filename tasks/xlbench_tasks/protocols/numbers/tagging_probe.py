"""The probe of the tagging protocol: softmax regression over word vectors, and valid tag sequences from it.

Dimensions are centered and scaled by the training words, so that the fixed strength of the penalty means the same for
every encoder. Nothing is random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError
from xlbench_tasks.protocols.numbers import softmax, spans
from xlbench_tasks.protocols.numbers.one_thread import one_thread
from xlbench_tasks.protocols.numbers.spans import Floats, Ints

C = 1.0
"""Inverse strength of the penalty, against the sum of the losses of all training words, unless a card says another."""

BLOCK = 1 << 14
"""Rows held in double precision at once."""


@dataclass(frozen=True)
class Probe:
    """Logits are vectors @ weights + offsets; a tag that the training words do not have has the offset -inf."""

    weights: Floats
    """(d, tags)"""
    offsets: Floats
    """(tags,)"""
    converged: bool
    iterations: int = 0
    """Steps of the solver; 0 where there was but one tag."""

    def log_probabilities(self, vectors: NDArray[np.float32]) -> Floats:
        """Of every tag (columns), for every vector."""
        logits = np.empty((len(vectors), len(self.offsets)))
        for start in range(0, len(vectors), BLOCK):
            here = slice(start, start + BLOCK)
            logits[here] = vectors[here].astype(np.float64) @ self.weights + self.offsets
        logits -= logits.max(axis=1, keepdims=True)
        scores: Floats = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return scores


def fit(vectors: NDArray[np.float32], rows: Ints, codes: Ints, tags: int, c: float = C) -> Probe:
    """Learn the tag (a code below ``tags``) of words, word i having the vector ``vectors[rows[i]]``.

    ``c``: inverse strength of the penalty.

    Equal pairs of a vector and a tag are one example with a weight: the same optimum for less work.
    """
    first, same = _distinct(vectors)
    pairs, weights = np.unique(same[rows] * tags + codes, return_counts=True)
    examples, labels = vectors[first[pairs // tags]], pairs % tags
    mean, scale = _standardize(examples, weights.astype(np.float64))
    seen, dense = np.unique(labels, return_inverse=True)
    all_weights, all_offsets = np.zeros((vectors.shape[1], tags)), np.full(tags, -np.inf)
    if len(seen) == 1:
        all_offsets[seen] = 0.0
        return Probe(all_weights, all_offsets, converged=True)
    solution = _solve(examples, dense, weights, c)
    all_weights[:, seen] = solution.weights / scale[:, np.newaxis]
    all_offsets[seen] = solution.offsets - mean @ all_weights[:, seen]
    return Probe(all_weights, all_offsets, converged=solution.converged, iterations=solution.iterations)


def _distinct(vectors: NDArray[np.float32]) -> tuple[Ints, Ints]:
    """The first row of each distinct vector, in order, and for every row which of them it equals.

    An encoder of single words gives a word the same vector in every sentence. Rows with equal 64-bit sums are compared
    bit by bit; where any two of them differ, all rows stand for themselves.
    """
    bits = np.ascontiguousarray(vectors).view(np.uint32)
    factors = np.random.default_rng(0).integers(1 << 63, size=bits.shape[1], dtype=np.uint64) * 2 + 1
    sums = np.empty(len(bits), np.uint64)
    for start in range(0, len(bits), BLOCK):
        sums[start : start + BLOCK] = bits[start : start + BLOCK].astype(np.uint64) @ factors
    _, first, group = np.unique(sums, return_index=True, return_inverse=True)
    for start in range(0, len(bits), BLOCK):
        here = slice(start, start + BLOCK)
        if not np.array_equal(bits[here], bits[first[group[here]]]):
            return np.arange(len(bits)), np.arange(len(bits))
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[group]


def _solve(examples: NDArray[np.float32], labels: Ints, weights: Ints, c: float) -> softmax.Solution:
    # One thread: the products are narrow (a column a tag), so that threads cost more than they give, ten times as much
    # on a busy machine.
    with one_thread():
        return softmax.Problem(examples, labels, weights).solve(c)


def _standardize(examples: NDArray[np.float32], weights: Floats) -> tuple[Floats, Floats]:
    """Center and scale dimensions in place; returns means and standard deviations (1 for a constant)."""
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


@dataclass(frozen=True)
class TaggingScores:
    """Rows of integers, one a sentence, and the numbers that stand beside the scores."""

    columns: dict[str, NDArray[np.generic]]
    support: dict[str, int]
    """Entities of each type in the truth."""


def score(log_probabilities: Floats, rows: Ints, gold: Ints, lengths: Ints, types: tuple[str, ...]) -> TaggingScores:
    """Compare with the truth: the best valid sequences strictly, and each word's best tag leniently."""
    if not len(gold) == len(rows) == int(lengths.sum()):
        raise DataError(f"{len(rows)} word vectors and {len(gold)} tags for {int(lengths.sum())} words")
    of_word = log_probabilities[rows]
    return score_tags(gold, spans.best_sequences(of_word, lengths), of_word.argmax(axis=1), lengths, types)


def score_tags(gold: Ints, best: Ints, raw: Ints, lengths: Ints, types: tuple[str, ...]) -> TaggingScores:
    """Compare codes of tags (words,) with the truth: ``best`` strictly, as IOB2 asks, and ``raw`` leniently."""
    truth, best_spans, raw_spans = (spans.find(codes, lengths) for codes in (gold, best, raw))
    strict = spans.compare(truth.strict(), best_spans.strict(), lengths, len(types))
    lenient = spans.compare(truth, raw_spans, lengths, len(types))
    columns: dict[str, NDArray[np.generic]] = {}
    for part in ("right", "predicted", "gold"):
        table = getattr(strict, part).astype(np.int32)
        columns |= {f"{part}:{kind}": table[:, place] for place, kind in enumerate(types)}
        columns[f"lenient_{part}"] = getattr(lenient, part).sum(axis=1).astype(np.int32)
    columns["placed"] = strict.placed.astype(np.int32)
    return TaggingScores(columns, dict(zip(types, strict.gold.sum(axis=0).tolist(), strict=True)))
