"""What is noted of a cell while its texts are encoded: counts, and what a reader of its scores has to know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xlbench.core.model import Transform


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
        cut = ("texts longer than the encoder's limit were cut (how many: Models)",)
        transductive = ("transductive: the vectors were transformed by a fit on the scored texts",)
        words = ("the transform that is fitted on texts was not applied to vectors of words",)
        by_dot = transform is not None and transform.similarity == "dot"
        return (
            *(cut if self.truncated else ()),
            *(unknown if self.unknown else ()),
            *(blank if self.unknown_words else ()),
            *(cosine if by_dot and not self.similarity_asked else ()),
            *(transductive if fitted else ()),
            *(words if self.words_asked and transform is not None and transform.fit_on != () else ()),
        )
