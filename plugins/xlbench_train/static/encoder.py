"""The static encoder: a word is the sum of its features' rows, a text the sum of its words, of length one.

A sum of n rows is divided by the square root of n, so that long words weigh no more than short ones. How much a word
says is in the length of its features' rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from xlbench import EncoderError
from xlbench_train.static import files
from xlbench_train.static.features import Bags, NgramFeatures

BLOCK = 4096
"""Texts at a time: their distinct words are looked up once, and their vectors stay small."""


class StaticEncoder:
    """Texts and words in, sums of a table's rows out."""

    zero_is_unknown = True
    """A vector of zeros is that of a text without a letter, digit or picture."""

    def __init__(self, table: NDArray[np.float32]) -> None:
        """``table``: shape (buckets, dimensions), finite."""
        self._table = table
        self._features = NgramFeatures(len(table))
        self.parameters = table.size
        """Numbers that the table holds."""

    def encode(self, texts: Sequence[str], role: str | None = None) -> NDArray[np.float32]:
        """Encode n texts as an array of shape (n, dimensions), rows of length one, or of zeros for a text of which
        nothing is known. ``role`` makes no difference."""
        if not len(texts):
            raise EncoderError("there is nothing to encode: the list of texts is empty")
        vectors = np.empty((len(texts), self._table.shape[1]), np.float32)
        for start in range(0, len(texts), BLOCK):
            vectors[start : start + BLOCK] = _unit(self._sums(texts[start : start + BLOCK]))
        return vectors

    def encode_words(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """Encode n sentences that are split into words: one array (words of the sentence, dimensions) each.

        A word's vector is the same wherever it stands, and as long as the table has it: how long says how much the word
        says.
        """
        if not len(sentences):
            raise EncoderError("there is nothing to encode: the list of sentences is empty")
        numbers: dict[str, int] = {}
        rows = [[numbers.setdefault(word, len(numbers)) for word in sentence] for sentence in sentences]
        vectors = self._sums([*numbers])
        return [vectors[np.array(row, np.int64)] for row in rows]

    def _sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The sum of each text's words, shape (n, dimensions)."""
        found = self._features(texts)
        return _sums(found.texts, _words(found.words, self._table))


def load(folder: Path) -> StaticEncoder:
    """The encoder of a folder; see `xlbench_train.static.files.load` for what it raises."""
    table, _ = files.load(folder)
    return StaticEncoder(table.unpacked())


def _sums(bags: Bags, rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum of the rows of each bag: shape (bags, width of a row)."""
    ones = np.ones(bags.values.size, np.float32)
    matrix = sparse.csr_matrix((ones, bags.values, bags.starts), shape=(len(bags), len(rows)))
    sums: NDArray[np.float32] = matrix @ rows
    return sums


def _words(bags: Bags, table: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector of each word: shape (words, dimensions)."""
    vectors = _sums(bags, table)
    vectors /= np.sqrt(np.maximum(np.diff(bags.starts), 1, dtype=np.float32))[:, None]
    return vectors


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
