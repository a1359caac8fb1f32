"""What a session hands on of words in their sentences: their vectors, or a model's own tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class WordVectors:
    """Vectors of the words of sentences, of all sentences in order: word i has ``vectors[rows[i]]``."""

    vectors: NDArray[np.float32]
    """Distinct vectors: one a word of a distinct sentence, or one a distinct word where words were encoded alone."""
    rows: NDArray[np.int64]
    contextual: bool
    """Whether the encoder saw the sentences; otherwise every distinct word was encoded alone."""


@dataclass(frozen=True)
class WordTags:
    """Tags that a model itself gives to the words of sentences."""

    tags: list[str]
    """``O``, ``B-TYPE`` or ``I-TYPE`` of every word, of all sentences in order."""
    read_as: Mapping[str, str]
    """The model's own types, each with the type that it is read as; "" for none."""

    def missing(self, types: tuple[str, ...]) -> tuple[str, ...]:
        """Those of ``types`` that none of the model's own types is read as."""
        return tuple(kind for kind in types if kind not in self.read_as.values())

    @property
    def dropped(self) -> tuple[str, ...]:
        """The model's own types that are read as none."""
        return tuple(own for own, kind in self.read_as.items() if not kind)
