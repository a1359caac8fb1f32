"""Labels of which an item has any number: in one column with a sign between them, in a list, or a column of 0 and 1 for
each.

Either becomes the field ``labels``: a JSON list an item, in the order of the columns or of the cell. A column of one
label an item is the field ``label``, so that no protocol takes one for the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from xlbench import DataError, UsageError
from xlbench_tasks.data.labels import in_other_notation
from xlbench_tasks.data.row_tables import Row, plain, text_of
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues

KEYS: dict[str, Any] = {"label_separator": str}
"""``label_separator``: what stands between the labels of an item, which can be none."""
LIST_KEYS: dict[str, Any] = {"label_list": bool}
"""The same for files that have lists: the labels of an item are one."""

MARKS = {"0": False, "1": True, "0.0": False, "1.0": True, "false": False, "true": True}
"""What a column of one label may hold, in any case."""


def has_sets(home: Home) -> bool:
    """Whether an item of a home has any number of labels."""
    return "label_separator" in home.table or is_list(home) or isinstance(home.table["fields"].get("label"), list)


def is_list(home: Home) -> bool:
    """Whether the labels of an item are a list in one cell."""
    return bool(home.table.get("label_list"))


def check_sets(home: Home) -> None:
    """Raise `UsageError` for what the types of the keys cannot say."""
    table, where, column = home.table, home.where, home.table["fields"].get("label")
    if "label_separator" in table:
        if not visible(table["label_separator"]) and table["label_separator"] != " ":
            raise UsageError(f"{where} label_separator: give the sign between the labels of an item: ',' or ';' or '|'")
        if column is None or isinstance(column, list):
            raise UsageError(f"{where} label_separator: goes with one column of labels: fields = {{ label = '...' }}")
    if is_list(home) and (not isinstance(column, str | int) or "label_separator" in table):
        raise UsageError(f"{where} label_list: goes with one column of labels, and without label_separator")
    if has_sets(home) and "bins" in table:
        raise UsageError(f"{where} bins: make one label an item, and here an item has any number")


def split(home: Home, rows: Sequence[Row], values: Sequence[str]) -> tuple[str, ...]:
    """The labels of cells with a separator; an empty cell has none.

    Raises:
        DataError: a cell lacks a label between two separators, has one twice, or has one that the card does not list.
    """
    separator, found = home.table["label_separator"], []
    for row, value in zip(rows, values, strict=True):
        its = [part.strip() for part in value.split(separator)] if visible(value) else []
        if not all(map(visible, its)):
            raise DataError(f"{row.place}: a label is missing beside {separator!r} in {value[:80]!r}")
        if len(set(its)) < len(its):
            raise DataError(f"{row.place}: a label is there twice in {value[:80]!r}")
        found.append(its)
    return _mapped(home, rows, found)


def of_lists(home: Home, rows: Sequence[Row], cells: Sequence[Any]) -> tuple[str, ...]:
    """The labels of cells that are lists; an empty list and null have none.

    Raises:
        DataError: a cell is no list of texts and whole numbers, has one twice, or has one that the card does not list.
    """
    found = []
    for row, cell in zip(rows, cells, strict=True):
        if not isinstance(cell, list):
            if text_of(cell, "label", row):
                raise DataError(f"{row.place}: the label is {cell!r} and no list: remove label_list from the card")
            cell = []
        its = [plain(one).strip() if isinstance(one, str | int) else "" for one in cell]
        if not all(map(visible, its)):
            raise DataError(f"{row.place}: a label is no text and no whole number in {str(cell)[:80]}")
        if len(set(its)) < len(its):
            raise DataError(f"{row.place}: a label is there twice in {str(cell)[:80]}")
        found.append(its)
    return _mapped(home, rows, found)


def marked(home: Home, rows: Sequence[Row], columns: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The labels whose columns say 1; `DataError` names the line of what is neither 0 nor 1."""
    found: list[list[str]] = [[] for _ in rows]
    for label, values in columns.items():
        for its, row, value in zip(found, rows, values, strict=True):
            mark = MARKS.get(value.strip().casefold())
            if mark is None:
                raise DataError(f"{row.place}: column {label!r} holds {value[:80]!r}, which is neither 0 nor 1")
            if mark:
                its.append(label)
    return _mapped(home, rows, found)


def _mapped(home: Home, rows: Sequence[Row], found: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """JSON lists of the card's labels for those of the files; `DataError` lists all that it does not know."""
    labels: Mapping[str, str] = home.table.get("labels", {})
    if labels:
        fault = f"labels that are none of the card's {sorted(labels)}"
        paths = " and ".join(dict.fromkeys(str(row.table.path) for row in rows))
        unknown = UnknownValues(paths, fault, in_other_notation(labels))
        for row, its in zip(rows, found, strict=True):
            for label in its:
                if label not in labels:
                    unknown.add(label, row.place)
        unknown.check()
    return tuple(_listed([labels.get(label, label) for label in its]) for its in found)


def _listed(labels: Sequence[str]) -> str:
    return json.dumps(list(dict.fromkeys(labels)), ensure_ascii=False)
