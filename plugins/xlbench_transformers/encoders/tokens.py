"""Tokenization: length limits, special tokens, subwords of words, and padded arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xlbench import EncoderError, UsageError

NO_LIMIT = 10**9
"""A tokenizer's ``model_max_length`` above this (it is 1e30) says that its checkpoint names none."""


@dataclass(frozen=True)
class Tokens:
    """Token ids of n texts, without padding, one text after the other."""

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]
    """Tokens of each text, at least one."""
    types: NDArray[np.int64] | None = None
    """Segment of each token, where the tokenizer has such a thing."""

    def padded(self, rows: NDArray[np.int64], pad: int, pad_type: int = 0, margin: int = 0) -> dict[str, torch.Tensor]:
        """Inputs of a model for some of the texts: arrays (len(rows), longest of them + margin), padded on the right.

        On the right whatever the tokenizer prefers: positions then begin where they do without padding, and in a
        causal model no token sees the padding.
        """
        lengths = self.lengths[rows]
        columns = np.arange(lengths.max() + margin, dtype=np.int64)
        mask = columns < lengths[:, None]
        starts = (np.cumsum(self.lengths) - self.lengths)[rows]
        source = np.where(mask, starts[:, None] + columns, 0)
        arrays = {"input_ids": np.where(mask, self.ids[source], pad), "attention_mask": mask.astype(np.int64)}
        if self.types is not None:
            arrays["token_type_ids"] = np.where(mask, self.types[source], pad_type)
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def readable(texts: Sequence[str]) -> list[str]:
    """The texts, with halves of surrogate pairs (which no tokenizer takes) as U+FFFD."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    return list(texts)


def length_limit(model: torch.nn.Module, tokenizer: Any, max_length: int | None) -> int | None:
    """How many tokens of a text the model reads, special ones included; None where nothing says so.

    ``max_length``, else the smaller of what the tokenizer and the model's positions allow. `UsageError` where
    ``max_length`` is more than there are positions, or leaves no room for a token of the text.
    """
    positions = _positions(model)
    if max_length is None:
        named = tokenizer.model_max_length
        known = [limit for limit in (positions, named if named and named < NO_LIMIT else None) if limit]
        return int(min(known)) if known else None
    if positions and max_length > positions:
        raise UsageError(f"max_length={max_length}: the model has positions for {positions} tokens")
    special = tokenizer.num_special_tokens_to_add()
    if max_length <= special:
        raise UsageError(
            f"max_length={max_length}: {special} of these are special tokens, which leaves none for the text"
        )
    return max_length


def _positions(model: torch.nn.Module) -> int | None:
    """Tokens that a model's position embeddings are made for."""
    config = model.config.get_text_config()  # type: ignore[union-attr, operator]
    count = getattr(config, "max_position_embeddings", None)
    if not isinstance(count, int) or count < 1:
        return None
    # RoBERTa and its kin number positions from the padding id + 1: their table has rows that no token reaches.
    tables = (part for name, part in model.named_modules() if name.split(".")[-1] == "position_embeddings")
    padding = next((table.padding_idx for table in tables if isinstance(table, torch.nn.Embedding)), None)
    return count if padding is None else count - padding - 1


def tokenize(tokenizer: Any, texts: Sequence[str], limit: int | None) -> tuple[Tokens, NDArray[np.bool_]]:
    """Tokens of n texts with special tokens, cut at ``limit``, and which of the texts were cut (n booleans).

    A text of which nothing is left, from a tokenizer without special tokens, is one token: `placeholder_token`.
    """
    truncation = {"truncation": True, "max_length": limit} if limit else {"truncation": False}
    batch = tokenizer(readable(texts), verbose=False, **truncation)
    ids, types = batch["input_ids"], batch.get("token_type_ids")
    if tokenizer.is_fast:
        cut = [bool(encoding.overflowing) for encoding in batch.encodings]
    else:
        cut = [limit is not None and len(row) >= limit for row in ids]
        _recount(tokenizer, texts, cut, limit)
    if not all(ids):
        ids = [row or [placeholder_token(tokenizer)] for row in ids]
        types = types and [row or [0] for row in types]
    return Tokens(_flat(ids), _counts(ids), None if types is None else _flat(types)), np.array(cut, bool)


def _recount(tokenizer: Any, texts: Sequence[str], cut: list[bool], limit: int | None) -> None:
    """Leave in ``cut`` only those that are over the limit: a slow tokenizer does not say what it left out."""
    full = [row for row, suspected in enumerate(cut) if suspected]
    whole = tokenizer(readable([texts[row] for row in full]), verbose=False)["input_ids"] if full else []
    for row, ids in zip(full, whole, strict=True):
        cut[row] = limit is not None and len(ids) > limit


def placeholder_token(tokenizer: Any) -> int:
    """The token of a text that has none: the end of a text, else its beginning, the unknown or the padding token."""
    for token in (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.unk_token_id, tokenizer.pad_token_id):
        if token is not None:
            return int(token)
    raise EncoderError("the tokenizer finds no token in a text, and has no special token to put in its place")


@dataclass(frozen=True)
class SpecialTokens:
    """The special tokens that a tokenizer puts around a text."""

    before: NDArray[np.int64]
    after: NDArray[np.int64]
    types: tuple[int, int, int] | None
    """Segments of the tokens before, of the text and after, where the tokenizer has such a thing."""

    def __len__(self) -> int:
        return len(self.before) + len(self.after)


def special_tokens_of(tokenizer: Any) -> SpecialTokens:
    """The special tokens around a text, as the tokenizer itself puts them around the letter a."""
    framed, bare = tokenizer("a"), list(tokenizer("a", add_special_tokens=False)["input_ids"])
    ids = list(framed["input_ids"])
    places = [start for start in range(len(ids) - len(bare) + 1) if ids[start : start + len(bare)] == bare]
    if not bare or not places:
        raise EncoderError(
            f"{type(tokenizer).__name__} gives no token for the letter a: its special tokens are unknown"
        )
    start, end = places[0], places[0] + len(bare)
    types = framed.get("token_type_ids")
    segments = None if types is None else (types[0], types[start], types[-1])
    return SpecialTokens(np.array(ids[:start], np.int64), np.array(ids[end:], np.int64), segments)


@dataclass(frozen=True)
class Subwords:
    """What a tokenizer makes of sentences that are split into words, without special tokens."""

    ids: NDArray[np.int64]
    words: NDArray[np.int64]
    """The word that each piece belongs to, counted over all sentences; ascending."""
    lengths: NDArray[np.int64]
    """Pieces of each sentence; there may be none."""


def subwords_of(tokenizer: Any, sentences: Sequence[Sequence[str]]) -> Subwords:
    """Pieces of the words of n sentences, each word by itself.

    A fast tokenizer says which word a piece is of. Where it marks spaces and puts none before a given word (byte-level
    BPE: GPT-2, RoBERTa, Qwen), all words but a sentence's first get one, so that they are spelled as in running text. A
    slow tokenizer is given every distinct word alone, and their pieces are joined.
    """
    counts = np.array([len(sentence) for sentence in sentences], np.int64)
    firsts = np.cumsum(counts) - counts
    if not tokenizer.is_fast:
        return _slow_pieces(tokenizer, sentences, counts)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    space = _space_before_words(backend)
    given = [[word if not i else space + word for i, word in enumerate(readable(words))] for words in sentences]
    encodings = backend.encode_batch(given, is_pretokenized=True, add_special_tokens=False)
    lengths = np.array([len(encoding) for encoding in encodings], np.int64)
    words = _integers(chain.from_iterable(encoding.word_ids for encoding in encodings))
    ids = _integers(chain.from_iterable(encoding.ids for encoding in encodings))
    return Subwords(ids, words + np.repeat(firsts, lengths), lengths)


def _space_before_words(backend: Any) -> str:
    """A space where words need one to be spelled as in running text, else nothing."""

    def pieces(text: str | list[str]) -> list[int]:
        """Token ids of a text, or of one that is split into words."""
        ids: list[int] = backend.encode(text, is_pretokenized=isinstance(text, list), add_special_tokens=False).ids
        return ids

    running = pieces("a a")
    return " " if pieces(["a", "a"]) != running == pieces(["a", " a"]) else ""


def _slow_pieces(tokenizer: Any, sentences: Sequence[Sequence[str]], counts: NDArray[np.int64]) -> Subwords:
    words = readable(list(chain.from_iterable(sentences)))
    number = {word: i for i, word in enumerate(dict.fromkeys(words))}
    pieces = [np.array(tokenizer(word, add_special_tokens=False, verbose=False)["input_ids"], int) for word in number]
    of_words = [pieces[number[word]] for word in words]
    sizes = _counts(of_words)
    ends = np.cumsum([0, *sizes])
    borders = np.cumsum([0, *counts])
    ids = np.concatenate(of_words).astype(np.int64)
    return Subwords(ids, np.repeat(np.arange(len(words)), sizes), np.diff(ends[borders]))


def _flat(rows: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    return _integers(chain.from_iterable(rows))


def _integers(values: Iterable[int]) -> NDArray[np.int64]:
    return np.fromiter(values, np.int64)


def _counts(rows: Sequence[Any]) -> NDArray[np.int64]:
    return np.array([len(row) for row in rows], np.int64)
