"""Contextual word vectors: subwords in windows over long sentences, averaged into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from xlbench import EncoderError, UsageError
from xlbench_transformers.encoders import tokens
from xlbench_transformers.encoders.batching import Batcher

OVERLAP = 4
"""Consecutive windows share one part in this many of a window."""


class TokenEncoder(Protocol):
    """What gives vectors of tokens: `xlbench_transformers.encoders.hf.Backbone`."""

    device: torch.device

    def check(self, batch: tokens.Tokens) -> None:
        """Raise `EncoderError` for a token that the model has no embedding of."""

    def vectors(self, batch: tokens.Tokens, rows: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """Vectors (n, length, d) of the tokens of n rows, and (n, length) which of them are no padding."""


@dataclass(frozen=True)
class _Windows:
    """Stretches of sentences that go through the model one by one, each with special tokens around it."""

    starts: NDArray[np.int64]
    """Where each window begins and ends, counted in the pieces of all sentences."""
    ends: NDArray[np.int64]
    of_pieces: NDArray[np.int64]
    """For every wanted piece, the window that its vector is taken from."""


class WordReader:
    """Sentences that are split into words in, a vector a word out.

    A word's vector is that of its first piece (``words="first"``) or the mean of all its pieces (``"mean"``). A
    sentence longer than a window goes through in windows that overlap by a quarter, and a word is read where it has
    most context on the side that has less: the end of a window cuts context off, the end of the sentence does not. A
    word that no window holds whole is read piece by piece.

    A word of which the tokenizer leaves nothing (control characters) gets the mean vector of its sentence's other
    words, or zeros where there is none; `without_pieces` counts them.
    """

    def __init__(
        self,
        tokenizer: Any,
        backbone: TokenEncoder,
        batcher: Batcher,
        *,
        limit: int | None,
        words: str = "first",
        window: int | None = None,
    ) -> None:
        """``limit`` and ``window``: tokens at once, special ones included; None for no limit, and for the limit.

        Raises `UsageError` for a window above the limit, or without room for a piece beside the special tokens.
        """
        if window and limit and window > limit:
            raise UsageError(f"window={window}: the model reads {limit} tokens at the most")
        self._tokenizer = tokenizer
        self._backbone = backbone
        self._batcher = batcher
        self._size = window or limit
        self._mean = words == "mean"
        self._frame: tokens.SpecialTokens | None = None
        self.without_pieces = 0
        if window:
            self._room()

    def read(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float32]]:
        """One array (words, d) for each of n sentences."""
        if not len(sentences):
            raise EncoderError("there is nothing to encode: the list of sentences is empty")
        pieces = tokens.subwords_of(self._tokenizer, sentences)
        counts = np.array([len(sentence) for sentence in sentences], np.int64)
        wanted = np.arange(len(pieces.ids)) if self._mean else np.flatnonzero(np.diff(pieces.words, prepend=-1))
        windows = self._windows(pieces, wanted)
        vectors = self._vectors(pieces, wanted, windows)
        matrix = self._of_words(vectors, pieces.words[wanted], counts)
        return np.split(matrix, np.cumsum(counts)[:-1])

    @property
    def _special(self) -> tokens.SpecialTokens:
        """Special tokens are asked for when words are first read: texts do not need to know them."""
        if self._frame is None:
            self._frame = tokens.special_tokens_of(self._tokenizer)
        return self._frame

    def _room(self) -> int | None:
        """Pieces that a window has room for beside the special tokens; None: any number."""
        if self._size is None:
            return None
        room = self._size - len(self._special)
        if room < 1:
            raise UsageError(f"window={self._size}: the special tokens ({len(self._special)}) leave no room for a word")
        return room

    def _windows(self, pieces: tokens.Subwords, wanted: NDArray[np.int64]) -> _Windows:
        """Windows over all sentences (one each where it fits), and which one each wanted piece is read in."""
        room = self._room()
        borders = np.cumsum([0, *pieces.lengths])
        begin, end = borders[:-1], borders[1:]
        of_pieces = np.repeat(np.arange(len(begin)), pieces.lengths)[wanted]  # the window is the sentence's number
        starts, ends = [begin], [end.copy()]
        known = len(begin)
        long = np.flatnonzero(pieces.lengths > room) if room is not None else np.empty(0, int)
        for sentence in long:  # the rare ones: all others are windows already
            more = _cuts(int(pieces.lengths[sentence]), room or 1)
            inside = np.flatnonzero(of_pieces == sentence)
            spans = (spots - begin[sentence] for spots in (wanted[inside], *self._spans(pieces, wanted[inside])))
            chosen = _best(more, int(pieces.lengths[sentence]), room or 1, *spans)
            # The sentence's own window becomes its first cut; the others are appended.
            of_pieces[inside] = np.where(chosen == 0, sentence, known + chosen - 1)
            ends[0][sentence] = begin[sentence] + (room or 1)
            starts.append(begin[sentence] + more[1:])
            ends.append(starts[-1] + (room or 1))
            known += len(more) - 1
        return _Windows(np.concatenate(starts), np.concatenate(ends), of_pieces)

    def _spans(self, pieces: tokens.Subwords, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last piece that have to be read together with each wanted one: those of its word, for a mean."""
        if not self._mean:
            return wanted, wanted
        words = pieces.words[wanted]
        return np.searchsorted(pieces.words, words), np.searchsorted(pieces.words, words, side="right") - 1

    def _vectors(self, pieces: tokens.Subwords, wanted: NDArray[np.int64], windows: _Windows) -> NDArray[np.float32]:
        """Vectors of the wanted pieces, float32 (len(wanted), d)."""
        framed = self._with_special_tokens(pieces, windows)
        self._backbone.check(framed)
        columns = wanted - windows.starts[windows.of_pieces] + len(self._special.before)
        grouped = np.argsort(windows.of_pieces, kind="stable")
        sizes = np.bincount(windows.of_pieces, minlength=len(windows.starts))
        firsts = np.cumsum(sizes) - sizes

        def members(rows: NDArray[np.int64]) -> NDArray[np.int64]:
            """Which wanted pieces are in the windows ``rows``, window by window."""
            counts = sizes[rows]
            within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            positions: NDArray[np.int64] = grouped[np.repeat(firsts[rows], counts) + within]
            return positions

        def picked(rows: NDArray[np.int64]) -> torch.Tensor:
            """Vectors of the wanted pieces in the windows ``rows``."""
            vectors, _ = self._backbone.vectors(framed, rows)
            places = np.repeat(np.arange(len(rows)), sizes[rows]), columns[members(rows)]
            return vectors[tuple(torch.from_numpy(place).to(vectors.device) for place in places)]

        done = self._batcher.run(framed.lengths, picked)
        stacked = torch.cat([part for _, part in done]).cpu().numpy()
        ordered: NDArray[np.float32] = np.empty_like(stacked)
        ordered[np.concatenate([members(rows) for rows, _ in done])] = stacked
        return ordered

    def _with_special_tokens(self, pieces: tokens.Subwords, windows: _Windows) -> tokens.Tokens:
        """The windows' tokens with special ones around them; a window of nothing at all is one token."""
        special = self._special
        inner = windows.ends - windows.starts
        lengths = inner + len(special)
        total = np.maximum(lengths, 1)
        firsts = np.cumsum(total) - total
        ids = np.full(
            int(total.sum()), tokens.placeholder_token(self._tokenizer) if (lengths == 0).any() else 0, np.int64
        )
        types = np.zeros_like(ids)
        within = np.arange(inner.sum()) - np.repeat(np.cumsum(inner) - inner, inner)
        body = np.repeat(firsts + len(special.before), inner) + within
        before = (firsts[:, None] + np.arange(len(special.before))).ravel()
        after = ((firsts + len(special.before) + inner)[:, None] + np.arange(len(special.after))).ravel()
        ids[body] = pieces.ids[np.repeat(windows.starts, inner) + within]
        ids[before] = np.tile(special.before, len(inner))
        ids[after] = np.tile(special.after, len(inner))
        if special.types is None:
            return tokens.Tokens(ids, total)
        types[before], types[body], types[after] = special.types
        return tokens.Tokens(ids, total, types)

    def _of_words(
        self, vectors: NDArray[np.float32], words: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Vectors of all words, float32 (counts.sum(), d), of those of their pieces; ``words`` is ascending."""
        matrix = np.zeros((int(counts.sum()), vectors.shape[1]), np.float32)
        present, firsts, sizes = np.unique(words, return_index=True, return_counts=True)
        if len(present):
            matrix[present] = np.add.reduceat(vectors, firsts, axis=0) / sizes[:, None].astype(np.float32)
        absent = np.setdiff1d(np.arange(len(matrix)), present, assume_unique=True)
        self.without_pieces += len(absent)
        sentence_of = np.repeat(np.arange(len(counts)), counts)
        for sentence in np.unique(sentence_of[absent]):  # the rare ones
            own = np.flatnonzero(sentence_of == sentence)
            others = np.setdiff1d(own, absent, assume_unique=True)
            if len(others):
                matrix[np.intersect1d(own, absent)] = matrix[others].mean(axis=0)
        return matrix


def _cuts(length: int, room: int) -> NDArray[np.int64]:
    """Where windows of ``room`` pieces begin in a sentence of ``length`` (more than room): the last ends with it."""
    step = room - room // OVERLAP
    return np.array([*range(0, length - room, step), length - room], np.int64)


def _best(
    starts: NDArray[np.int64],
    length: int,
    room: int,
    pieces: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The window for each of m pieces: where first..last (both included) has most context on its nearer side.

    The ends of the sentence cut nothing off. Of a stretch that no window holds, each piece is read where it is itself
    best off.
    """
    margins = _margins(starts, length, room, first, last)
    whole = margins.max(axis=0) >= 0
    alone = _margins(starts, length, room, pieces, pieces)
    chosen: NDArray[np.int64] = np.where(whole, margins, alone).argmax(axis=0)
    return chosen


def _margins(
    starts: NDArray[np.int64], length: int, room: int, first: NDArray[np.int64], last: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pieces between each stretch and the nearer cut of each window: (windows, stretches), negative where it is cut."""
    before = first - starts[:, None]
    after = (starts + room - 1)[:, None] - last
    before[(starts == 0)[:, None] & (before >= 0)] = length
    after[(starts + room == length)[:, None] & (after >= 0)] = length
    margins: NDArray[np.int64] = np.minimum(before, after)
    return margins
