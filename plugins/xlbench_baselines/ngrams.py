"""Hashed character n-grams: encoders that have learned nothing and still see shared names, loans and cognates.

The hashing kernel and the encoder around it live here; what a text is folded to lives in ``folding``. All arithmetic
up to one division and one square root is on whole numbers, so a text's bytes depend on nothing but the text: not on
its batch, the process, the processor or the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlbench_baselines import folding

DIMENSIONS = 1024
"""Width of the vectors; the last dimension is kept for texts that have no other."""

BLOCK = 256
"""Texts at a time: their counts (2 MiB) stay in a processor's cache."""

_SPACE, _BREAK = ord(" "), ord("\n")


@dataclass(frozen=True)
class View:
    """A reading of a folded text, and the lengths of the n-grams that are counted in it."""

    read: Callable[[str], str]
    lengths: tuple[int, ...]


class HashedNgrams:
    """Counts of a text's character n-grams in 1,024 signed hash buckets, damped by a square root, of length one.

    An n-gram lies within one word, whose ends count as a character (a space): "ab" has " a", "ab", "b ", " ab" ...
    An n-gram adds +1 or -1 to its bucket; a bucket's sum c becomes sign(c) * sqrt(abs(c) / sum of all abs(c)).
    """

    parameters = 0

    def __init__(self, fold: Callable[[str], str], views: Sequence[View]) -> None:
        self._fold = fold
        self._views = tuple(views)

    def encode(self, texts: Sequence[str], role: str | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, 1024), rows of length one. ``role`` makes no difference."""
        vectors = np.empty((len(texts), DIMENSIONS), np.float32)
        for start in range(0, len(texts), BLOCK):
            block = texts[start : start + BLOCK]
            vectors[start : start + BLOCK] = _unit_rows(self._counts(block))
        return vectors

    def _counts(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Signed counts, shape (len(texts), 1024), whole numbers."""
        joined = self._fold("\n".join(["", *(text.replace("\n", " ") for text in texts), ""]))
        counts = np.zeros(len(texts) * DIMENSIONS)
        for salt, view in enumerate(self._views, start=1):
            for cells, signs in _hashed_ngrams(view.read(joined), view.lengths, salt):
                np.add.at(counts, cells, signs)
        return counts.reshape(len(texts), DIMENSIONS)


def plain() -> HashedNgrams:
    """The encoder ``ngram``: n-grams of 1 to 4 characters in the text's own script."""
    return HashedNgrams(folding.Plain(), [View(str, (1, 2, 3, 4))])


def transliterated() -> HashedNgrams:
    """The encoder ``ngram-translit``: the same over Latin letters, and 2 to 4 consonants once more without vowels."""
    return HashedNgrams(folding.Latin(), [View(str, (1, 2, 3, 4)), View(folding.without_vowels, (2, 3, 4))])


def _hashed_ngrams(
    joined: str, lengths: Sequence[int], salt: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """For each n-gram length, every n-gram's cell (text * 1024 + bucket) and its sign.

    ``joined`` has a line break before, between and after its texts. ``salt`` keeps the n-grams of two views apart.
    """
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    firsts = (np.cumsum(codes == _BREAK) - 1) * DIMENSIONS
    inside = (codes != _SPACE) & (codes != _BREAK)
    letters = np.where(inside, codes, np.uint32(_SPACE))
    hashes = np.full(codes.size, salt, np.uint32)
    for n in range(1, max(lengths) + 1):
        last = n - 1
        hashes = hashes[: codes.size - last] * np.uint32(0x01000193) + letters[last:]
        if n in lengths:
            starts = _within_a_word(inside, n)
            mixed = _mix(hashes[starts])
            cells = firsts[starts] + mixed % np.uint32(DIMENSIONS - 1)
            yield cells, np.where(mixed >> 31, 1.0, -1.0)


def _within_a_word(inside: NDArray[np.bool_], n: int) -> NDArray[np.intp]:
    """Where an n-gram starts that holds a character of a word, and spaces at its ends at the most."""
    count = inside.size - n + 1
    if n <= 2:
        return np.flatnonzero(inside[:count] | inside[n - 1 :])
    inner = inside[1 : count + 1].copy()
    for k in range(2, n - 1):
        inner &= inside[k : count + k]
    return np.flatnonzero(inner)


def _mix(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread every bit of a hash over all bits (the finalizer of MurmurHash3, 32 bits)."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


def _unit_rows(counts: NDArray[np.float64]) -> NDArray[np.float32]:
    """Damped counts as rows of length one; a row without counts (no n-gram, or all canceled) gets the last dimension.

    The squared length of a row of square roots is the sum of its absolute counts: a whole number, the same in any
    order of adding.
    """
    sizes = np.abs(counts)
    totals = sizes.sum(axis=1)
    empty = totals == 0
    sizes[empty, -1] = totals[empty] = 1
    shares = sizes.astype(np.float32) / totals.astype(np.float32)[:, None]
    vectors: NDArray[np.float32] = np.copysign(np.sqrt(shares), counts.astype(np.float32))
    return vectors
