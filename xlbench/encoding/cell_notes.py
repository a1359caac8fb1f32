"""What is noted of a cell while its texts are encoded: counts, and what a reader of its scores has to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.core.model import Transform


AT_ONCE = 1024
"""Vectors that are compared with the first one at once: the first of these differ, nearly always."""


class CellNotes:
    """What the texts of one cell were, to the encoder, and what the task asked for."""

    def __init__(self) -> None:
        self.truncated: set[str] = set()
        """Texts that were cut at the encoder's length limit."""
        self.unknown: set[str] = set()
        """Texts of which the encoder knows nothing."""
        self.unknown_words: set[str] = set()
        self.similarity_asked = False
        """Whether the task asked how vectors are to be compared."""
        self.words_asked = False
        """Whether it asked for vectors of words in context."""

        self._first: tuple[str, NDArray[np.float32]] | None = None
        self._texts_differ = self._vectors_differ = False

    @property
    def is_constant(self) -> bool:
        """Whether texts that differ have all been given one vector, which is not that of a text it does not know."""
        return (
            self._texts_differ and not self._vectors_differ and self._first is not None and bool(self._first[1].any())
        )

    def see(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Note what vectors (n, d) the encoder has given n texts."""
        self.unknown.update(texts[row] for row in np.flatnonzero(~vectors.any(axis=1)).tolist())
        if self._vectors_differ:
            return
        text, vector = self._first = self._first or (texts[0], vectors[0].copy())
        self._texts_differ = self._texts_differ or any(one != text for one in texts)
        self._vectors_differ = vector.shape != vectors.shape[1:] or any(
            not bool((vectors[start : start + AT_ONCE] == vector).all()) for start in range(0, len(vectors), AT_ONCE)
        )

    def facts(self) -> dict[str, int]:
        """Counts to stand beside the cell's scores."""
        counts = {
            "texts_cut": len(self.truncated),
            "texts_unknown": len(self.unknown),
            "words_unknown": len(self.unknown_words),
        }
        return {name: count for name, count in counts.items() if count}

    def lines(self, transform: Transform | None, *, fitted: bool) -> tuple[str, ...]:
        """What a reader of the cell's scores has to know; ``fitted``: the transform was, on the scored texts."""
        unknown = ("texts of which the encoder knows nothing have similarity 0 to all (how many: texts_unknown)",)
        blank = ("words of which the encoder knows nothing have a vector of zeros (how many: words_unknown)",)
        cosine = ("the model is compared by dot products, and this task compares by the cosine",)
        constant = ("all texts were given one and the same vector: these scores do not hang on the texts",)
        cut = ("texts longer than the encoder's limit were cut (how many: Models)",)
        transductive = ("transductive: the vectors were transformed by a fit on the scored texts",)
        words = ("the transform that is fitted on texts was not applied to vectors of words",)
        by_dot = transform is not None and transform.similarity == "dot"
        return (
            *(constant if self.is_constant else ()),
            *(cut if self.truncated else ()),
            *(unknown if self.unknown else ()),
            *(blank if self.unknown_words else ()),
            *(cosine if by_dot and not self.similarity_asked else ()),
            *(transductive if fitted else ()),
            *(words if self.words_asked and transform is not None and transform.fit_on != () else ()),
        )
