"""`Blocks`: a corpus as blocks of tokens, all of one length, as a data set of the library's trainer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

CHUNK = 1000
"""Texts that are tokenized at a time."""


@dataclass(frozen=True)
class Stream:
    """The tokens of texts, one after the other."""

    ids: NDArray[np.int64]
    """Numbers (n,) of tokens."""
    words: NDArray[np.int64]
    """Of each token (n,), the number of its word in the whole stream; -1 of separators between texts."""
    texts: int


def tokenized(texts: Iterable[str], tokenizer: Any, separator: int) -> Stream:
    """The tokens of texts, with a separator after each.

    Args:
        texts: In their order.
        tokenizer: A fast one of the library, which tells words from pieces.
        separator: Number of the token that ends a text.
    """
    ids: list[int] = []
    words: list[int] = []
    count = word = 0
    rest = iter(texts)
    while part := list(islice(rest, CHUNK)):
        encoded = tokenizer(part, add_special_tokens=False, return_attention_mask=False)
        for number, own in enumerate(encoded["input_ids"]):
            count += 1
            ids += [*own, separator]
            last: object = object()
            for one in encoded.word_ids(number):
                word += one is None or one != last  # None: a token that is no piece of a word
                words.append(word)
                last = one
            words.append(-1)
    return Stream(np.array(ids, np.int64), np.array(words, np.int64), count)


class Blocks(torch.utils.data.Dataset[dict[str, Any]]):
    """Blocks of a stream: [CLS], as many tokens as fit, [SEP]; texts follow each other within a block, and long ones
    go on in the next (FULL-SENTENCES of RoBERTa, Liu et al. 2019). The last block is filled with padding."""

    def __init__(self, stream: Stream, length: int, special: Sequence[int]) -> None:
        """``length``: tokens of a block. ``special``: numbers of the tokens that begin, end and fill a block."""
        self._stream, self._length = stream, length
        self._begin, self._end, self._padding = special
        self._inner = length - 2
        ids = stream.ids
        size = len(ids) - 1 if len(ids) and stream.words[-1] < 0 else len(ids)  # the block has an end of its own
        self._size = size
        self.epoch = 0
        """Masks are drawn anew in each."""

    def __len__(self) -> int:
        return -(-self._size // self._inner)

    def set_epoch(self, epoch: int) -> None:
        """Told by the library's trainer."""
        self.epoch = epoch

    def __getitem__(self, number: int) -> dict[str, Any]:
        """A block: tokens, which of them are special, where words begin, and what its masks follow from."""
        part = slice(number * self._inner, min((number + 1) * self._inner, self._size))
        ids, words = self._stream.ids[part], self._stream.words[part]
        missing = self._inner - len(ids)
        filled = [self._begin, *ids.tolist(), self._end, *[self._padding] * missing]
        special = [1, *(words < 0).tolist(), 1, *[1] * missing]
        # the library takes tokens for one word where one ends where the next begins
        places = [0, *np.maximum(words, 0).tolist(), 0, *[0] * missing]
        return {
            "input_ids": filled,
            "attention_mask": [1] * (self._length - missing) + [0] * missing,
            "special_tokens_mask": [int(one) for one in special],
            "offset_mapping": [(place, place) for place in places],
            "draw": (self.epoch, number),
        }

    def counts(self, vocabulary: int) -> NDArray[np.int64]:
        """How often each of so many tokens (vocabulary,) occurs, separators left out."""
        found: NDArray[np.int64] = np.bincount(self._stream.ids[self._stream.words >= 0], minlength=vocabulary)
        return found
