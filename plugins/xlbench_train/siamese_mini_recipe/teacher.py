"""The teacher of siamese-mini: its vectors of English sentences and of words of its vocabulary, as training targets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError, UsageError, text_keys

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PROMPT = "query: "
"""What multilingual E5 has before texts that are compared with each other."""

SHORTEST = 3
"""Letters of a word that is learned from the teacher; shorter ones are parts of others."""

_BEGINS_A_WORD = "▁"


class Teacher:
    """A folder of sentence-transformers with a vocabulary of its own."""

    def __init__(self, folder: Path) -> None:
        """Nothing is loaded yet. Raises `UsageError` where ``folder`` is none of sentence-transformers."""
        if not (folder / "modules.json").is_file():
            raise UsageError(f"there is no teacher in {folder}: give --teacher a folder of sentence-transformers")
        self._folder = folder

    def words(self, count: int, without: AbstractSet[str]) -> list[str]:
        """The first ``count`` words of the vocabulary, whose order is that of their frequency, in all its languages.

        ``without``: texts to leave out, in whatever case and notation. Raises `DataError` where the vocabulary is none.
        """
        path = self._folder / "tokenizer.json"
        try:
            pieces = [str(piece) for piece, _ in json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} holds no list of pieces with their scores ({error}): make it anew") from None
        words = [piece.removeprefix(_BEGINS_A_WORD) for piece in pieces if piece.startswith(_BEGINS_A_WORD)]
        words = [word for word in words if len(word) >= SHORTEST and _is_word(word)]
        left_out = np.isin(text_keys(words), text_keys(without))
        return [word for word, out in zip(words, left_out, strict=True) if not out][:count]

    def targets(self, kinds: Sequence[Sequence[str]], dimensions: int) -> list[NDArray[np.float32]]:
        """What the teacher says of texts of several kinds: an array (texts, dimensions) a kind, rows of length one.

        All vectors of a kind point one way: their mean is taken off. Of all kinds together those directions are kept in
        which they differ most.

        Raises:
            UsageError: Where the teacher has fewer dimensions.
        """
        model = self._load()
        centered = [vectors - vectors.mean(axis=0) for vectors in (_encode(model, texts) for texts in kinds)]
        if dimensions > centered[0].shape[1]:
            raise UsageError(f"the teacher has {centered[0].shape[1]} dimensions, and {dimensions} are asked for")
        spread = sum(vectors.T @ vectors / np.square(vectors).sum() for vectors in centered)
        _, directions = np.linalg.eigh(spread)
        narrow = [vectors @ directions[:, ::-1][:, :dimensions] for vectors in centered]
        return [(v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float32) for v in narrow]

    def _load(self) -> SentenceTransformer:
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(self._folder), device="cpu", local_files_only=True)


def _encode(model: SentenceTransformer, texts: Sequence[str]) -> NDArray[np.float64]:
    vectors = model.encode([PROMPT + text for text in texts], batch_size=64, show_progress_bar=True)
    return np.asarray(vectors, np.float64)


def _is_word(text: str) -> bool:
    """Whether it is written in letters and their marks alone."""
    return all(character.isalpha() or (not character.isascii() and not character.isnumeric()) for character in text)
