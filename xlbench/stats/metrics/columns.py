"""Where a metric takes its values from: a column of the items, or a function of their columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.task import Columns

Column = str | Callable[[Columns], Any]


def values_of(column: Column) -> Callable[[Columns], Any]:
    """What gives a column's values; `UsageError` where some are masked, which `np.asarray` would lay bare."""

    def values(columns: Columns) -> Any:
        import numpy as np

        found = column(columns) if callable(column) else columns[column]
        if np.ma.is_masked(found):
            raise UsageError("its column holds masked values: leave these items out")
        return found

    return values
