"""Sentences as windows of pieces: a label at each word's first piece, none at the others, nothing cut in silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from xlbench import UsageError

IGNORED = -100
"""The label of what is no first piece: torch's cross-entropy passes it over."""


@dataclass(frozen=True)
class Window:
    """A stretch of whole words of one sentence, with special tokens around it."""

    sentence: int
    words: tuple[int, ...]
    """The words that have a label here, by their places in the sentence."""
    ids: tuple[int, ...]
    labels: tuple[int, ...]

    def features(self) -> dict[str, list[int]]:
        """What the library's collator takes."""
        return {"input_ids": [*self.ids], "labels": [*self.labels], "attention_mask": [1] * len(self.ids)}


@dataclass(frozen=True)
class Windows:
    """The windows of some sentences, and what was special about them."""

    windows: tuple[Window, ...]
    long_sentences: int
    """Sentences that take more than one window."""
    cut_words: int
    """Words of more pieces than a window has room for, of which the first ones are read."""
    empty_words: int
    """Words of which the tokenizer leaves nothing: they have no label, and are tagged O."""

    def by_length(self) -> Windows:
        """The same, the shortest first: windows that go through together need little padding."""
        return replace(self, windows=tuple(sorted(self.windows, key=lambda window: len(window.ids))))

    def features(self) -> list[dict[str, list[int]]]:
        """One example a window."""
        return [window.features() for window in self.windows]

    def notes(self, what: str) -> list[str]:
        """What happened, in words; ``what`` they are, as ``training sentences``."""
        return [
            *([f"{what} in several windows, since they are longer than one: {self.long_sentences:,}"]
              if self.long_sentences else []),
            *([f"{what}: words longer than a window, of which the first pieces are read: {self.cut_words:,}"]
              if self.cut_words else []),
            *([f"{what}: words of which the tokenizer leaves nothing, tagged O: {self.empty_words:,}"]
              if self.empty_words else []),
        ]  # fmt: skip


def windows_of(
    tokenizer: Any, sentences: Sequence[Sequence[str]], labels: Sequence[Sequence[int]], limit: int
) -> Windows:
    """Cut sentences into windows of whole words.

    Args:
        tokenizer: A fast one of transformers.
        sentences: Each a list of words.
        labels: The label of each word.
        limit: Tokens of a window, special ones included.

    Raises:
        UsageError: The limit leaves no room for a piece beside the special tokens.
    """
    before, after = special_tokens(tokenizer)
    room = limit - len(before) - len(after)
    if room < 1:
        raise UsageError(
            f"--max-length {limit} leaves no room for a word beside {len(before) + len(after)} special tokens"
        )
    found: list[Window] = []
    long = cut = empty = 0
    for number, (pieces, own) in enumerate(zip(word_pieces(tokenizer, sentences), labels, strict=True)):
        cut += sum(len(word) > room for word in pieces)
        empty += sum(not word for word in pieces)
        stretches = _stretches(pieces, room)
        long += len(stretches) > 1
        for places in stretches:
            ids, marks = list(before), [IGNORED] * len(before)
            for place in places:
                word = pieces[place][:room]
                ids += word
                marks += [own[place], *[IGNORED] * (len(word) - 1)]
            found.append(Window(number, tuple(places), (*ids, *after), (*marks, *[IGNORED] * len(after))))
    return Windows(tuple(found), long, cut, empty)


def _stretches(pieces: Sequence[Sequence[int]], room: int) -> list[list[int]]:
    """Words (by place) that go together: as many as fit, one after the other; a word without pieces is in none."""
    stretches: list[list[int]] = []
    filled = room
    for place, word in enumerate(pieces):
        size = min(len(word), room)
        if not size:
            continue
        if filled + size > room:
            stretches.append([])
            filled = 0
        stretches[-1].append(place)
        filled += size
    return stretches


def word_pieces(tokenizer: Any, sentences: Sequence[Sequence[str]]) -> list[list[list[int]]]:
    """The pieces of every word, without special tokens.

    Where a tokenizer marks spaces and puts none before a given word (byte-level BPE), all words but a sentence's first
    get one, so that they are spelled as in running text: as the scheme ``tagger:`` reads them.
    """
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()

    def ids(text: Any) -> list[int]:
        found: list[int] = backend.encode(text, is_pretokenized=isinstance(text, list), add_special_tokens=False).ids
        return found

    running = ids("a a")
    space = " " if ids(["a", "a"]) != running == ids(["a", " a"]) else ""
    given = [[word if not place else space + word for place, word in enumerate(words)] for words in sentences]
    found: list[list[list[int]]] = []
    for words, encoding in zip(
        given, backend.encode_batch(given, is_pretokenized=True, add_special_tokens=False), strict=True
    ):
        own: list[list[int]] = [[] for _ in words]
        for place, piece in zip(encoding.word_ids, encoding.ids, strict=True):
            own[place].append(piece)
        found.append(own)
    return found


def special_tokens(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tokens that a tokenizer puts before and after a text, as it puts them around the letter a.

    Raises:
        UsageError: It gives no token for that letter.
    """
    framed, bare = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)["input_ids"]
    for start in range(len(framed) - len(bare) + 1):
        if bare and framed[start : start + len(bare)] == bare:
            return tuple(framed[:start]), tuple(framed[start + len(bare) :])
    raise UsageError("the base's tokenizer gives no token for the letter a: its special tokens are unknown")
