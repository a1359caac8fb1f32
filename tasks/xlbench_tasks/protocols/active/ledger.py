"""The labels that were paid for: no more than the budget, and never that of a test item."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xlbench import DataError

Ints = NDArray[np.int64]


class Ledger:
    """Gives labels of pool items out, and counts them. Whoever learns has its labels from here alone."""

    def __init__(self, where: str, codes: Ints, keys: Sequence[str], test_keys: Sequence[str], budget: int) -> None:
        """
        Args:
            where: Whose pool it is, for errors.
            codes: (n,) the label codes of the pool, which nobody else is told.
            keys: What each pool item's text is compared by.
            test_keys: The same of the test items.
            budget: How many labels there are.
        """
        self._where, self._codes, self._keys, self.budget = where, codes, keys, budget
        self._test = frozenset(test_keys)
        self._has = np.zeros(len(codes), dtype=bool)

    @property
    def spent(self) -> int:
        """How many labels were paid for."""
        return int(self._has.sum())

    @property
    def labeled(self) -> Ints:
        """The pool items with labels, in ascending order."""
        return np.flatnonzero(self._has)

    @property
    def unlabeled(self) -> Ints:
        """The others."""
        return np.flatnonzero(~self._has)

    def buy(self, rows: Ints) -> None:
        """Pay for the labels of some pool items; those that have one already cost nothing.

        Raises:
            DataError: The budget would be exceeded, or one of the items is a test item: a fault of the strategy or of
                the pool. Nothing is paid for then.
        """
        rows = np.unique(rows)
        new = rows[~self._has[rows]]
        if self.spent + len(new) > self.budget:
            raise DataError(
                f"{self._where}: {self.spent + len(new):,} labels would be spent, and the budget is {self.budget:,}: "
                f"the strategy is at fault"
            )
        if leaked := [row for row in rows.tolist() if self._keys[row] in self._test]:
            raise DataError(
                f"{self._where}: pool item {leaked[0]} has the text of a test item: it must not be learned from"
            )
        self._has[rows] = True

    def codes(self, rows: Ints) -> Ints:
        """The label codes of items that were paid for. `DataError` for any other."""
        if not self._has[rows].all():
            row = int(rows[~self._has[rows]][0])
            raise DataError(f"{self._where}: the label of pool item {row} was not paid for: the strategy is at fault")
        return self._codes[rows]
