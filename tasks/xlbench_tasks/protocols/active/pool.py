"""The texts of a subset as a pool to label and a test to score: what is in the pool, and what is left out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError
from xlbench_tasks.data.text import folded
from xlbench_tasks.protocols.active.ledger import Ledger
from xlbench_tasks.protocols.classification_probes import Labeled

if TYPE_CHECKING:
    from xlbench_tasks.protocols.transfer import SubsetRecords

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pool:
    """Texts and label codes of a pool and of a test."""

    where: str
    """Whose they are, for errors."""
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    codes: Ints
    """(n,) of the pool; a `Ledger` gives them out."""
    keys: tuple[str, ...]
    """What the pool's texts are compared by: without case, white space and notation."""
    test_texts: tuple[str, ...]
    test_codes: Ints
    test_keys: tuple[str, ...]
    left_out: int
    """Training items with the text of a test item, which are not in the pool."""

    @classmethod
    def of(cls, parts: SubsetRecords, labels: Sequence[str]) -> Pool:
        """From the records of a subset (of one fold, where there are folds).

        Raises:
            DataError: Nothing is left to be labeled, or all of it has one label.
        """
        train = Labeled.of(parts.data_set, parts.train, labels)
        test = Labeled.of(parts.data_set, {parts.target: parts.test}, labels)
        test_keys = tuple(map(folded, test.texts))
        asked = frozenset(test_keys)
        keys = tuple(map(folded, train.texts))
        kept = [row for row, key in enumerate(keys) if key not in asked]
        codes = train.codes[kept]
        if len(np.unique(codes)) < 2:
            raise DataError(
                f"{parts.learned}: its {len(kept)} training items that are no test items have fewer than two labels: "
                f"there is nothing to learn"
            )
        return cls(
            parts.learned, tuple(labels), tuple(train.texts[row] for row in kept), codes,
            tuple(keys[row] for row in kept), test.texts, test.codes, test_keys, len(keys) - len(kept),
        )  # fmt: skip

    def ledger(self, budget: int) -> Ledger:
        """A ledger of which nothing is spent."""
        return Ledger(self.where, self.codes, self.keys, self.test_keys, budget)
