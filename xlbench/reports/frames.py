"""Results as pandas DataFrames: a level each for items, cells, tasks, areas and the overall."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from xlbench.core.errors import UsageError
from xlbench.core.record import LONG, Cell, Run, score_rows
from xlbench.core.text import did_you_mean
from xlbench.reports.boards.long_rows import RANK, area_rows, overall_rows, task_rows

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from xlbench.reports.boards.board import Board
    from xlbench.runs.items import Items
    from xlbench.runs.store import Reader

Level = Literal["cells", "tasks", "areas", "overall", "items"]
LEVELS: tuple[Level, ...] = get_args(Level)

_AVERAGE = ("model", "fingerprint", "value", "low", "high", "method", *RANK, "chance", "n", "clusters", "note",
            "covers")  # fmt: skip
_ITEM = ("model", "fingerprint", "area", "task", "subset", "item", "cluster", "influence")

COLUMNS: Mapping[Level, tuple[str, ...]] = {
    "cells": (*LONG, "main", "languages"),
    "tasks": ("board", "area", "task", *_AVERAGE),
    "areas": ("board", "area", *_AVERAGE),
    "overall": ("board", *_AVERAGE, "above_chance", "above_chance_low", "above_chance_high", "borda"),
    "items": _ITEM,
}
"""Level -> its columns. Behind those of items stand the columns of the tasks' own rows."""

_NUMBERS = {"value", "low", "high", "chance", "majority", "above_chance", "above_chance_low", "above_chance_high",
            "borda", "influence"}  # fmt: skip
_COUNTS = {"n", "clusters", "rank", "rank_low", "rank_high"}
_FLAGS = {"tied_with_best", "main"}
"""What the columns hold; all others are of texts."""


def frame(level: str, runs: Sequence[Run], boards: Iterable[Board], reader: Reader) -> pd.DataFrame:
    """The runs at one level.

    Args:
        level: One of `LEVELS`.
        runs: What items and cells are taken from.
        boards: What averages are taken from.
        reader: Of the items.

    Raises:
        UsageError: There is no such level, or the items are wanted of a run that was not saved.
        ResultsError: Saved items are missing or damaged.
    """
    if level == "items":
        return _items(runs, reader)
    if level == "cells":
        return _typed("cells", _cells(runs))
    averages: dict[Level, Callable[[Board], Iterator[dict[str, Any]]]]
    averages = {"tasks": task_rows, "areas": area_rows, "overall": overall_rows}
    for known, rows_of in averages.items():
        if level == known:
            return _typed(known, ({"board": board.title, **row} for board in boards for row in rows_of(board)))
    raise UsageError(
        f"there is no level {level!r}.{did_you_mean(str(level), LEVELS)} The levels are: {', '.join(LEVELS)}"
    )


def _cells(runs: Iterable[Run]) -> Iterator[dict[str, Any]]:
    """A row a score; of a cell without scores, one with its status and reason."""
    for cell in (cell for run in runs for cell in run.cells):
        for number, row in enumerate(score_rows(cell)):
            yield row | {"main": number == 0, "languages": " ".join(cell.languages)}


def _typed(level: Level, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a frame whose columns have the same types whatever is in them, and be there no row at all."""
    import pandas as pd

    plain = list(rows)
    return pd.DataFrame({name: _column(name, [row.get(name) for row in plain]) for name in COLUMNS[level]})


def _column(name: str, values: Any) -> pd.Series[Any]:
    """One column: what is missing is NaN among numbers, ``<NA>`` among counts and flags, and "" among texts."""
    import pandas as pd

    if name in _NUMBERS:
        return pd.Series(values, dtype="float64")
    if name in _COUNTS:
        return pd.Series(values, dtype="Int64")
    if name in _FLAGS:
        return pd.Series(values, dtype="boolean")
    return pd.Series(["" if value is None else str(value) for value in values], dtype="str")


def _items(runs: Iterable[Run], reader: Reader) -> pd.DataFrame:
    """A row an item of every cell with scores: what the cell is, the item, and the row that metrics are made from."""
    import numpy as np
    import pandas as pd

    found = [(cell, _items_of(run, cell, reader)) for run in runs for cell in run.cells if cell.scores]
    sizes = [len(items.item_ids) for _, items in found]
    columns: dict[str, Any] = {
        name: _column(name, np.repeat(np.array([getattr(cell, name) for cell, _ in found], dtype=object), sizes))
        for name in _ITEM[:5]
    }
    columns["item"] = _column("item", [name for _, items in found for name in items.item_ids])
    columns["cluster"] = _column("cluster", [name for _, items in found for name in items.cluster_ids])
    columns["influence"] = _column("influence", np.concatenate([np.zeros(0), *(items.influence for _, items in found)]))
    ends = np.cumsum(sizes, dtype=np.int64).tolist()
    for name in dict.fromkeys(name for _, items in found for name in items.columns):
        own = {end: items.columns[name] for end, (_, items) in zip(ends, found, strict=True) if name in items.columns}
        # A task's own column never takes the place of one of ours.
        columns[f"{name}_" if name in columns else name] = _row_column(own, sum(sizes))
    return pd.DataFrame(columns)


def _items_of(run: Run, cell: Cell, reader: Reader) -> Items:
    if not run.folder or not cell.items_file:
        raise UsageError(f"the run of {run.model} was not saved: its items are gone")
    return reader.load_items(cell, Path(run.folder))


def _row_column(own: Mapping[int, NDArray[Any]], size: int) -> pd.Series[Any]:
    """One column of tasks' rows, from the arrays that lie before these places; elsewhere it is missing."""
    import numpy as np
    import pandas as pd

    kind = np.result_type(*own.values())
    values, missing = np.zeros(size, kind), np.ones(size, bool)
    for end, array in own.items():
        values[end - len(array) : end], missing[end - len(array) : end] = array, False
    dtypes: dict[str, Any] = {"b": "boolean", "i": "Int64", "u": "Int64", "f": "float64"}
    if kind.kind not in dtypes:
        return pd.Series(np.where(missing, "", values.astype(object)), dtype="str")
    return pd.Series(pd.array(values, dtype=dtypes[kind.kind])).mask(missing)
