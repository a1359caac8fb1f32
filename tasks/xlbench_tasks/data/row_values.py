"""Makes records of rows: the values of fields, labels, ids and clusters.

Nothing is repaired: an empty value, a label that the card does not know and an id that is there twice are errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from xlbench import DataError
from xlbench_tasks.data import label_sets, text
from xlbench_tasks.data.bins import bins_of
from xlbench_tasks.data.blocks import blocks
from xlbench_tasks.data.labels import in_other_notation
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.row_tables import JOINT, Row, text_of
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues

Columns = Mapping[str, str | int | list[str | int]]
"""Field -> its column, or the columns of a joined text."""


def records_of(home: Home, rows: Sequence[Row], columns: Columns, prefix: str, paths: Sequence[Path]) -> Records:
    """Records of rows.

    Args:
        home: Whose table says what ids, clusters and labels are.
        rows: In their order, of one file or of several.
        columns: The fields that are wanted.
        prefix: Stands before the numbers of rows in ids, where there is no column of ids.
        paths: All files that they are of.

    Raises:
        DataError: names file and line of what is wrong.
    """
    ids = _ids(home, rows, prefix, several=len(paths) > 1)
    fields = {field: _column(home, rows, field, one) for field, one in columns.items() if not _is_set(home, field)}
    if "label" in columns and _is_set(home, "label"):
        fields["labels"] = _label_sets(home, rows, columns["label"])
    clusters = _clusters(home, rows) if "cluster" in home.table else blocks(home, ids, str(paths[0]))
    return Records(ids, clusters, fields, places=lambda row: rows[row].place)


def _is_set(home: Home, field: str) -> bool:
    return field == "label" and label_sets.has_sets(home)


def _label_sets(home: Home, rows: Sequence[Row], column: str | int | list[str | int]) -> tuple[str, ...]:
    """The labels of every item, of which it has any number."""
    if isinstance(column, list):
        return label_sets.marked(home, rows, {str(part): values_of(rows, "label", part) for part in column})
    if label_sets.is_list(home):
        return label_sets.of_lists(home, rows, cells_of(rows, column))
    return label_sets.split(home, rows, values_of(rows, "label", column))


def values_of(rows: Sequence[Row], field: str, column: str | int) -> tuple[str, ...]:
    """The cells of a column, which may stand at another place in each file; "" for null."""
    return tuple(text_of(cell, field, row) for cell, row in zip(cells_of(rows, column), rows, strict=True))


def cells_of(rows: Sequence[Row], column: str | int) -> tuple[Any, ...]:
    """The cells of a column as they are."""
    places = {table: table.position(column) for table in dict.fromkeys(row.table for row in rows)}
    return tuple(row.cells[places[row.table]] for row in rows)


def _column(home: Home, rows: Sequence[Row], field: str, column: str | int | list[str | int]) -> tuple[str, ...]:
    """The values of a field: none is empty, and each label is one that the card knows."""
    if isinstance(column, list):
        parts = [_seen(rows, f"{field} ({part})", part) for part in column]
        return tuple(map(JOINT.join, zip(*parts, strict=True)))
    values = _seen(rows, field, column)
    if field != "label":
        return values
    if bins := bins_of(home.table):
        return _checked(rows, values, bins.of, bins.fault)
    labels: Mapping[str, str] = home.table.get("labels", {})
    return _map_labels(rows, values, labels) if labels else values


def _seen(rows: Sequence[Row], field: str, column: str | int) -> tuple[str, ...]:
    """The values of a column, none of them empty."""
    values = values_of(rows, field, column)
    for row, value in zip(rows, values, strict=True):
        if not visible(value):
            raise DataError(f"{row.place}: the {field} is {text.empty(value)}")
    return values


def _map_labels(rows: Sequence[Row], values: Sequence[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """The card's labels for those of the files; `DataError` lists all that it does not know."""
    fault = f"labels that are none of the card's {sorted(labels)}"
    return _checked(rows, values, labels.get, fault, in_other_notation(labels))


def _checked(
    rows: Sequence[Row],
    values: Sequence[str],
    label_of: Callable[[str], str | None],
    fault: str,
    hint: Callable[[str], str] = lambda value: "",
) -> tuple[str, ...]:
    """The label of every value; `DataError` lists all values that have none, with their lines."""
    paths = list(dict.fromkeys(str(row.table.path) for row in rows))
    unknown, found = UnknownValues(" and ".join(paths), fault, hint), []
    for row, value in zip(rows, values, strict=True):
        label = label_of(value)
        if label is None:
            unknown.add(value, row.place if len(paths) > 1 else row.at)
        found.append(label or "")
    unknown.check()
    return tuple(found)


def _clusters(home: Home, rows: Sequence[Row]) -> tuple[str, ...]:
    """Clusters from their column; one is the same in every language."""
    return tuple(f"{home.name}:cluster {value}" for value in _seen(rows, "cluster", home.table["cluster"]))


def _ids(home: Home, rows: Sequence[Row], prefix: str, *, several: bool) -> tuple[str, ...]:
    """Ids from the id column, each once, or row numbers (with the file's name where there are ``several``)."""
    if "id" not in home.table:
        return tuple(f"{home.name}:{prefix}{row.table.path.stem + ':' if several else ''}{row.number}" for row in rows)
    first: dict[str, Row] = {}
    for row, item in zip(rows, values_of(rows, "id", home.table["id"]), strict=True):
        if not visible(item):
            raise DataError(f"{row.place}: the id is empty")
        if (seen := first.setdefault(item, row)) is not row:
            where = seen.at if seen.table is row.table else seen.place
            raise DataError(f"{row.place}: id {item!r} was on {where} already")
    return tuple(f"{home.name}:{item}" for item in first)
