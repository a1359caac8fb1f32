"""Vectors of a task's texts by one model, encoded and cached as in a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from xlbench.core.errors import EncoderError
from xlbench.core.model import Model
from xlbench.core.task import ItemText
from xlbench.runs.sessions import open_session
from xlbench.vector_space.texts import TaskTexts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from xlbench.encoding.cache import Cache


@dataclass(frozen=True)
class Points:
    """Texts with a vector each, by one model."""

    model: str
    fingerprint: str
    texts: tuple[ItemText, ...]
    vectors: NDArray[np.float32]
    """(texts, dimensions), none of zeros."""
    unknown: int
    """Texts left out, since the encoder knows nothing of them."""
    notes: tuple[str, ...]
    """What a reader has to know of the vectors, as a cell's footnotes say it."""

    def only(self, keys: set[tuple[str, str]]) -> Points:
        """The points of some texts, by (language, item)."""
        rows = [row for row, text in enumerate(self.texts) if (text.language, text.item) in keys]
        return replace(self, texts=tuple(self.texts[row] for row in rows), vectors=self.vectors[rows])

    @property
    def keys(self) -> set[tuple[str, str]]:
        """(language, item) of each text."""
        return {(text.language, text.item) for text in self.texts}


def points_of(
    model: Model,
    fingerprint: str,
    texts: TaskTexts,
    cache: Cache | None,
    progress: Callable[[int, int], None] | None = None,
) -> Points:
    """The texts that the model knows something of, with their vectors.

    Raises:
        EncoderError: It gives vectors that cannot be used, or knows fewer than three of the texts.
    """
    transform = model.transform() if model.transform else None
    kept = cache if model.cached else None
    session = open_session(model, fingerprint, model.vectors_identity(), transform, kept, progress)
    session.begin_cell()
    strings = [text.text for text in texts.texts]
    vectors = session.encode(strings)
    if session.transductive:
        session.fit()
        vectors = session.encode(strings)
    known = np.flatnonzero(vectors.any(axis=1))
    if len(known) < 3:
        raise EncoderError(
            f"{model.name} knows {len(known)} of these {len(strings)} texts: there is nothing to look at"
        )
    counts = session.cell_facts()
    notes = tuple(_with_count(note, counts) for note in session.notes() if "knows nothing" not in note)
    given = tuple(texts.texts[row] for row in known.tolist())
    return Points(model.name, fingerprint, given, vectors[known], len(strings) - len(given), notes)


def _with_count(note: str, counts: dict[str, int]) -> str:
    """The note with its number where a cell's says in which table of a board that stands."""
    return note.replace("(how many: Models)", f"({counts.get('texts_cut', 0)})")


def common_points(points: Sequence[Points]) -> tuple[Points, ...]:
    """The points of texts that every model has a vector of: pictures beside each other show the same texts.

    Raises:
        EncoderError: These are fewer than three.
    """
    keys = set.intersection(*(one.keys for one in points))
    if len(keys) < 3:
        raise EncoderError(f"only {len(keys)} texts are known to all of {', '.join(one.model for one in points)}")
    return tuple(one.only(keys) for one in points)
