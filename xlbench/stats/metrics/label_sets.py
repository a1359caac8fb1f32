"""F1 averaged over labels, of which an item has any number: one, several or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xlbench.core.task import Columns, Metric
from xlbench.stats.formulas import macro_gradient, macro_value
from xlbench.stats.metrics.classes import without_part

if TYPE_CHECKING:
    import numpy as np

Sets = Callable[[Columns], "np.ndarray"]
"""From columns to booleans (n, k): which of k labels every item has."""


def macro_f1_of_sets(name: str, true: Sets, predicted: Sets, description: str = "") -> Metric:
    """F1 averaged over the labels that an item truly has somewhere.

    Sums are, per label, (hits, true, predicted): F_c = 2 hits / (true + predicted), as for classes. How many labels
    there are is seen in the columns.
    """

    def rows(columns: Columns) -> np.ndarray:
        import numpy as np

        has, told = (np.asarray(of(columns), bool) for of in (true, predicted))
        return np.concatenate([has & told, has, told], axis=1).astype(np.uint8)

    return without_part(
        Metric(name, rows, macro_value, "studentized", (0.0, 1.0), macro_gradient, description=description)
    )
