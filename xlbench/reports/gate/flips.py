"""Counts items that only one of two runs gets right, for metrics whose influences do not show it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from xlbench.core.record import Cell
from xlbench.runs.items import INFLUENCE, ITEM_ID

if TYPE_CHECKING:
    import pyarrow as pa

RANK = "rank"
"""The column of saved items with the rank of the right answer, 1 where it was found first."""
ROUNDING = 1e-3
"""Of hits that are read off saved influences, which have single precision."""


def item_flips(candidate: tuple[Cell, pa.Table], baseline: tuple[Cell, pa.Table]) -> tuple[int, int] | None:
    """Items that only the candidate, and that only the baseline has right.

    None where a score is no share of hits over single items, or the two were not scored on the same items. An item's
    influence on a share is its hit less the share; of a score that hangs on other items, too, it is something else, and
    the saved ranks say what was found first.

    Args:
        candidate: A cell with its saved items.
        baseline: The same of the other run.
    """
    first, second = (hits_of(*one) for one in (candidate, baseline))
    if first is None or second is None or len(first) != len(second):
        return None
    ids = [table.column(ITEM_ID).to_pylist() for _, table in (candidate, baseline)]
    if ids[0] != ids[1]:
        return None
    return int(np.count_nonzero(first & ~second)), int(np.count_nonzero(second & ~first))


def hits_of(cell: Cell, table: pa.Table) -> np.ndarray | None:
    """(n,) booleans: which items a cell has right; None where its score is no share of them."""
    if cell.main is None or cell.main.value is None or cell.seeds or cell.main.seed_se > 0:
        return None
    psi = np.from_dlpack(table.column(INFLUENCE).combine_chunks())  # not `to_numpy`, which imports pandas
    x = np.asarray(psi, dtype=np.float64) + cell.main.value
    if np.abs(x - x.round()).max(initial=0.0) <= ROUNDING and np.isin(x.round(), (0, 1)).all():
        hits = x.round().astype(bool)
    elif RANK in table.column_names:  # of retrieval, where influences hold what candidates take, too
        hits = np.from_dlpack(table.column(RANK).combine_chunks()) == 1
    else:
        return None
    return hits if abs(float(hits.mean()) - cell.main.value) < ROUNDING else None
