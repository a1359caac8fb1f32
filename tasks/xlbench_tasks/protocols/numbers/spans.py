"""Entities in tag sequences, as arrays: which there are, which of two readings agree, and the best valid sequence.

The tags of all sentences stand in one array of codes: 0 is O, 1 + 2k is B- of type k, 2 + 2k is I- of type k. A second
array says how many words each sentence has. Nothing here loops over sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

OUTSIDE = 0


def tag_names(types: Sequence[str]) -> list[str]:
    """The tags of a list of entity types, in the order of their codes."""
    return ["O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")]


def encode(tags: Sequence[str], types: Sequence[str]) -> Ints:
    """Codes of tags; `DataError` for a tag of no declared type."""
    place = {tag: code for code, tag in enumerate(tag_names(types))}
    try:
        return np.fromiter(map(place.__getitem__, tags), np.int64, len(tags))
    except KeyError as error:
        listed = ", ".join(types)
        raise DataError(f"tag {error} is none of the card's types ({listed}); name it in types of [options]") from None


def starts_of(lengths: Ints) -> Ints:
    """Where each sentence begins."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)[:-1]])


@dataclass(frozen=True)
class Spans:
    """Entities in the order of their first words."""

    first: Ints
    """The place of the first word."""
    length: Ints
    kind: Ints
    """The type's number."""
    proper: NDArray[np.bool_]
    """Whether it begins with B-, as IOB2 asks."""

    def strict(self) -> Spans:
        """Those that begin with B-."""
        kept = self.proper
        return Spans(self.first[kept], self.length[kept], self.kind[kept], self.proper[kept])


def find(codes: Ints, lengths: Ints) -> Spans:
    """All entities, as conlleval reads them: an I- that follows O or another type begins an entity too."""
    kind = np.where(codes == OUTSIDE, -1, (codes - 1) // 2)
    before = np.concatenate([[-1], kind[:-1]])
    before[starts_of(lengths)] = -1
    inside, begins_with_b = codes != OUTSIDE, codes % 2 == 1
    begins = inside & (begins_with_b | (kind != before))
    first = np.flatnonzero(begins)
    length = np.bincount(np.cumsum(begins)[inside] - 1, minlength=len(first))
    return Spans(first, length, kind[first], begins_with_b[first])


@dataclass(frozen=True)
class Counts:
    """Entities per sentence and type, each (sentences, types)."""

    right: Ints
    predicted: Ints
    gold: Ints
    placed: Ints
    """(sentences,) predicted entities whose words are those of an entity, whatever their types."""


def compare(gold: Spans, predicted: Spans, lengths: Ints, types: int) -> Counts:
    """What two readings of the same sentences have in common."""
    of_word = np.repeat(np.arange(len(lengths)), lengths)
    length_at, kind_at = np.zeros(len(of_word), np.int64), np.full(len(of_word), -1)
    length_at[gold.first], kind_at[gold.first] = gold.length, gold.kind
    placed = length_at[predicted.first] == predicted.length
    right = placed & (kind_at[predicted.first] == predicted.kind)

    def table(spans: Spans, wanted: NDArray[np.bool_] | slice = slice(None)) -> Ints:
        cells = of_word[spans.first[wanted]] * types + spans.kind[wanted]
        return np.bincount(cells, minlength=len(lengths) * types).reshape(len(lengths), types)

    return Counts(table(predicted, right), table(predicted), table(gold), table(predicted, placed).sum(axis=1))


def best_sequences(scores: Floats, lengths: Ints) -> Ints:
    """Viterbi: of all tag sequences that are valid IOB2, the one with the highest sum of scores (words, tags).

    An I- stands only after a B- or I- of its type. All sentences advance by a word at a time, the longest first, so
    that those that have ended are a tail that drops off: the loop is as long as the longest sentence.
    """
    order = np.argsort(-lengths, kind="stable")
    starts, sizes = starts_of(lengths)[order], lengths[order]
    inner = np.arange(2, scores.shape[1], 2)
    running = np.cumsum(np.bincount(sizes)[::-1])[::-1]  # how many sentences have at least so many words
    back = np.empty(scores.shape, np.int16)
    total = scores[starts].copy()
    total[:, inner] = -np.inf
    for step in range(1, int(sizes[0])):
        alive = int(running[step + 1])
        rows, held = starts[:alive] + step, total[:alive]
        came_from = np.repeat(held.argmax(axis=1)[:, np.newaxis], scores.shape[1], axis=1)
        came_from[:, inner] = inner - (held[:, inner - 1] >= held[:, inner])
        back[rows] = came_from
        total[:alive] = np.take_along_axis(held, came_from, axis=1) + scores[rows]
    return _backtrace(back, total.argmax(axis=1), starts, sizes, running)


def _backtrace(back: NDArray[np.int16], last: Ints, starts: Ints, sizes: Ints, running: Ints) -> Ints:
    """Follow the way back from the last tag of every sentence."""
    tags, now = np.empty(len(back), np.int64), last.copy()
    for step in range(int(sizes[0]) - 1, -1, -1):
        alive = int(running[step + 1])
        rows = starts[:alive] + step
        tags[rows] = now[:alive]
        now[:alive] = back[rows, now[:alive]] if step else now[:alive]
    return tags
