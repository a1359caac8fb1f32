"""From texts to numbers of buckets: each word's hashed character n-grams, in its own script and in Latin letters.

All arithmetic is on whole numbers of 32 bits, so that a text's buckets depend on nothing but the text. A word is
hashed once however often it stands in the texts: sums over words are taken from sums over their n-grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from xlbench_train.static.folding import Folder

VERSION = 1
"""Of what a word's features are; a table is of use with the version alone that it was trained with."""

LATIN_LENGTHS = (3, 4, 5)
"""Of n-grams of a word in Latin letters, whose ends count as a character."""

DENSE_LENGTHS = (1, 2, 3)
"""Of n-grams of scripts that part no words, or write a syllable a character: in these a character says much."""

_DENSE = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3),
    (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
"""Thai and Lao, Burmese, Khmer, kana, Han, Hangul, Han for compatibility, more Han: first and last code point."""

_SPACE, _BREAK = ord(" "), ord("\n")
_LATIN, _LATIN_WORD, _OWN_WORD, _DENSE_SALT = 1, 2, 3, 4  # keep apart what is counted for another reason


@dataclass(frozen=True)
class Bags:
    """n bags of whole numbers, one after the other: bag i is ``values[starts[i]:starts[i + 1]]``."""

    values: NDArray[np.int64]
    starts: NDArray[np.int64]
    """Shape (n + 1,)."""

    def __len__(self) -> int:
        return self.starts.size - 1


@dataclass(frozen=True)
class Features:
    """What a batch of texts is made of."""

    texts: Bags
    """For each text its words, as numbers of the batch's distinct words, in the order of the text."""
    words: Bags
    """For each distinct word of the batch the buckets of its features."""


class NgramFeatures:
    """Texts as bags of words, and words as bags of buckets. Empty texts are empty bags."""

    def __init__(self, buckets: int) -> None:
        self.buckets = buckets
        self._folder = Folder()

    def __call__(self, texts: Sequence[str]) -> Features:
        """The words of n texts, and the buckets of each distinct word."""
        return self._of_words(self._folder.words(texts))

    def ids(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All buckets of each of n texts: numbers of shape (total,), and where each text's begin, shape (n + 1,)."""
        features = self(texts)
        flat = gathered(features.words, features.texts.values)
        return flat.values, flat.starts[features.texts.starts]

    def _of_words(self, split: list[list[str]]) -> Features:
        numbers: dict[str, int] = {}
        values = np.fromiter((numbers.setdefault(word, len(numbers)) for word in chain.from_iterable(split)), np.int64)
        starts = _starts(np.fromiter(map(len, split), np.int64, len(split)))
        return Features(Bags(values, starts), self._buckets_of(list(numbers)))

    def _buckets_of(self, words: list[str]) -> Bags:
        """The buckets of distinct folded words."""
        latin = self._folder.latin(words)
        foreign = [number for number, (own, spelled) in enumerate(zip(words, latin, strict=True)) if own != spelled]
        own = [words[number] for number in foreign]
        rows_of_own = np.array(foreign, np.int64)
        found = [
            *_ngrams(latin, LATIN_LENGTHS, _LATIN),
            (np.arange(len(words)), _whole(latin, _LATIN_WORD)),
            (rows_of_own, _whole(own, _OWN_WORD)),
            *((rows_of_own[rows], hashes) for rows, hashes in _dense_ngrams(own)),
        ]
        rows = np.concatenate([rows for rows, _ in found])
        hashes = np.concatenate([hashes for _, hashes in found])
        order = np.argsort(rows, kind="stable")  # a few sorted runs: merged, not sorted
        values = (hashes[order] % np.uint32(self.buckets)).astype(np.int64)
        return Bags(values, _starts(np.bincount(rows, minlength=len(words))))


def gathered(bags: Bags, numbers: NDArray[np.int64]) -> Bags:
    """The bags ``numbers``, one after the other, the same one as often as it is asked for."""
    sizes = np.diff(bags.starts)[numbers]
    starts = _starts(sizes)
    places = np.arange(starts[-1]) + np.repeat(bags.starts[numbers] - starts[:-1], sizes)
    return Bags(bags.values[places], starts)


def _starts(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


def _codes(texts: Sequence[str]) -> NDArray[np.uint32]:
    """Code points of texts, each with a line break behind it."""
    joined = "\n".join([*texts, ""])
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32, copy=False)


def _ngrams(
    words: Sequence[str], lengths: Sequence[int], salt: int
) -> list[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """Of each length, every n-gram's word and hash, in the order of the words; a space stands at both ends of each."""
    codes = _codes([f" {word} " for word in words])
    return _hashed(codes, codes != _BREAK, lengths, salt)


def _dense_ngrams(words: Sequence[str]) -> list[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """The same for the parts of words that are in dense scripts, without their ends."""
    codes = _codes(words)
    inside = np.zeros(codes.size, bool)
    for first, last in _DENSE:
        inside |= (codes >= first) & (codes <= last)
    return _hashed(codes, inside, DENSE_LENGTHS, _DENSE_SALT) if inside.any() else []


def _hashed(
    codes: NDArray[np.uint32], inside: NDArray[np.bool_], lengths: Sequence[int], salt: int
) -> list[tuple[NDArray[np.int64], NDArray[np.uint32]]]:
    """Of each length, the line and the hash of every n-gram that is ``inside`` with all of its characters."""
    lines = np.cumsum(codes == _BREAK)
    hashes = np.full(codes.size, salt, np.uint32)
    whole = np.ones(codes.size, bool)
    found = []
    for n in range(1, max(lengths) + 1):
        count = max(codes.size - n + 1, 0)
        hashes = hashes[:count] * np.uint32(0x01000193) + codes[n - 1 :]
        whole = whole[:count] & inside[n - 1 :]
        if n in lengths:
            places = np.flatnonzero(whole)
            found.append((lines[places], _mixed(hashes[places])))
    return found


def _whole(words: Sequence[str], salt: int) -> NDArray[np.uint32]:
    """A hash of each word as a whole."""
    if not words:
        return np.zeros(0, np.uint32)
    codes = _codes(words)
    ends = np.flatnonzero(codes == _BREAK)
    begins = np.concatenate([[0], ends[:-1] + 1])
    places = np.arange(codes.size) - np.repeat(begins, ends - begins + 1)
    factors = np.full(int(places.max()) + 1, 0x01000193, np.uint32)
    factors[0] = salt
    terms = _mixed(codes) * np.cumprod(factors, dtype=np.uint32)[places]
    return _mixed(np.add.reduceat(terms, begins, dtype=np.uint32))


def _mixed(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread every bit of a hash over all bits (the finalizer of MurmurHash3, 32 bits)."""
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))
