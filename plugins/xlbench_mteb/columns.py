"""Columns of mteb's tables in which no row may lack its value: None would be scored as the word "None"."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xlbench import DataError


def complete(where: str, column: str, values: Iterable[Any]) -> list[Any]:
    """The values of a column; `DataError`, which begins with ``where``, for a row that has none."""
    found = list(values)
    if lacking := [row for row, value in enumerate(found, 1) if value is None]:
        more = f" (and in {len(lacking) - 1:,} more rows)" if len(lacking) > 1 else ""
        raise DataError(f"{where}: row {lacking[0]} has nothing in the column {column!r}{more}: mend the data")
    return found


def complete_texts(where: str, column: str, values: Iterable[Any]) -> tuple[str, ...]:
    """The same as texts."""
    return tuple(map(str, complete(where, column, values)))
