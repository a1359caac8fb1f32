"""Saved runs as two flat tables for SQL: a row a score, and a row an item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.record import Cell, Run, covers, majority, score_rows
from xlbench.reports.language_sample import tested_languages
from xlbench.runs.items import CELL, CLUSTER_ID, INFLUENCE, ITEM_ID
from xlbench.runs.store import Reader

if TYPE_CHECKING:
    import pyarrow as pa

CELLS, ITEMS = "cells.parquet", "items.parquet"
"""The files of the two tables."""
MARK = {b"xlbench": b"tables 1"}
"""What a file says in its metadata that was written from these tables."""
ROWS = 1 << 17
"""Items handed on at once."""

_TEXTS = ("model", "fingerprint", "area", "task", "subset")
_NUMBERS = ("value", "low", "high", "se", "seed_se", "training_se", "bias", "chance", "majority")
_SCORE = ("method", "n", "clusters", "direction")
_CELL = ("register", "status", "seconds", "encode_seconds", "encoded", "train_size", "train_items", "seed", "ci", "key",
         "data_fingerprint", "task_identity")  # fmt: skip


def cells_table(runs: Iterable[Run]) -> pa.Table:
    """A row a score; of a cell without scores, one with its status and reason. ``cell`` numbers the cells from 0."""
    import pyarrow as pa

    numbered = enumerate((run, cell) for run in runs for cell in run.cells)
    rows = [row for number, (run, cell) in numbered for row in _rows(number, run, cell)]
    return pa.Table.from_pylist(rows, schema=_schema_of_cells())


def _rows(number: int, run: Run, cell: Cell) -> Iterator[dict[str, Any]]:
    base = {name: getattr(cell, name) for name in (*_TEXTS, *_CELL)} | {
        CELL: number, "languages": list(cell.languages), "about": list(tested_languages(cell.subset, cell.languages)),
        "whole": cell.whole, "sample": cell.limit, "parameters": run.parameters,
        "facts": json.dumps(dict(cell.facts), sort_keys=True, ensure_ascii=False, default=str),
    }  # fmt: skip
    notes = [row["note"] for row in score_rows(cell)]
    if not cell.scores:
        yield base | {"note": notes[0]}
    for place, (score, note) in enumerate(zip(cell.scores, notes, strict=False)):
        yield base | {name: getattr(score, name) for name in (*_NUMBERS, *_SCORE) if hasattr(score, name)} | {
            "metric": score.metric, "main": place == 0, "majority": majority(cell, score.metric),
            "covers": covers(cell) if score.has_interval else "", "note": note,
        }  # fmt: skip


def _schema_of_cells() -> pa.Schema:
    """The columns of `cells_table`, whatever is in them."""
    import pyarrow as pa

    text, number, count, codes = pa.string(), pa.float64(), pa.int64(), pa.list_(pa.string())
    return pa.schema([
        (CELL, pa.int32()), *((name, text) for name in _TEXTS), ("languages", codes), ("about", codes),
        ("metric", text), ("main", pa.bool_()), ("whole", pa.bool_()), ("status", text), ("note", text),
        *((name, number) for name in _NUMBERS), ("method", text), ("covers", text), ("direction", text),
        ("n", count), ("clusters", count), ("register", text), ("sample", count), ("train_size", count),
        ("train_items", count), ("seed", count), ("ci", text), ("facts", text), ("parameters", count),
        ("seconds", number), ("encode_seconds", number), ("encoded", count), ("key", text),
        ("data_fingerprint", text), ("task_identity", text),
    ], metadata=MARK)  # fmt: skip


def items_schema(runs: Sequence[Run], reader: Reader) -> pa.Schema:
    """The columns of `item_tables`: what all items have, and behind it the columns of the tasks' own rows, each of the
    widest type that any task gives it.

    Raises:
        ResultsError: Items are missing or damaged.
    """
    import pyarrow as pa

    own: dict[str, set[str]] = {}
    for _, _, table in _tables(runs, reader):
        for name in table.column_names:
            own.setdefault(name, set()).add(_kind(table.schema.field(name).type))
    for name in (ITEM_ID, CLUSTER_ID, INFLUENCE):
        own.pop(name, None)
    return pa.schema([
        (CELL, pa.int32()), *((name, pa.string()) for name in (*_TEXTS, "item", "cluster")), (INFLUENCE, pa.float32()),
        *((_own_name(name), _widest(kinds)) for name, kinds in own.items()),
    ], metadata=MARK)  # fmt: skip


def item_tables(runs: Sequence[Run], reader: Reader, schema: pa.Schema) -> Iterator[pa.Table]:
    """All items of all cells with scores, some hundred thousand at a time.

    Args:
        runs: The runs.
        reader: Of their items.
        schema: As `items_schema` has it.

    Raises:
        ResultsError: Items are missing or damaged.
    """
    import pyarrow as pa

    waiting: list[pa.Table] = []
    for number, cell, table in _tables(runs, reader):
        waiting.append(_flat(number, cell, table, schema))
        if sum(one.num_rows for one in waiting) >= ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    yield pa.concat_tables(waiting) if waiting else schema.empty_table()


def _tables(runs: Sequence[Run], reader: Reader) -> Iterator[tuple[int, Cell, pa.Table]]:
    """The number of each cell with scores, the cell, and its items as they are saved."""
    numbered = enumerate((run, cell) for run in runs for cell in run.cells)
    for number, (run, cell) in numbered:
        if cell.status == "ok" and cell.items_file:
            yield number, cell, reader.load_table(cell, Path(run.folder))


def _flat(number: int, cell: Cell, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A cell's items with the columns of ``schema``; what its task does not have is null."""
    import pyarrow as pa

    n = table.num_rows
    clusters = CLUSTER_ID if CLUSTER_ID in table.column_names else ITEM_ID
    columns: dict[str, Any] = {
        CELL: pa.repeat(pa.scalar(number, pa.int32()), n),
        **{name: pa.repeat(getattr(cell, name), n) for name in _TEXTS},
        "item": table.column(ITEM_ID), "cluster": table.column(clusters), INFLUENCE: table.column(INFLUENCE),
    }  # fmt: skip
    for name in table.column_names:
        if name not in (ITEM_ID, CLUSTER_ID, INFLUENCE):
            columns[_own_name(name)] = table.column(name)
    arrays = [_as(columns[field.name], field.type) if field.name in columns else pa.nulls(n, field.type)
              for field in schema]  # fmt: skip
    return pa.table(arrays, schema=schema)


def _as(array: Any, kind: pa.DataType) -> Any:
    """An array of another type; texts that are encoded as a dictionary are decoded."""
    import pyarrow as pa

    if pa.types.is_boolean(array.type) and pa.types.is_floating(kind):
        array = array.cast(pa.int8())
    return array.cast(kind)


def _own_name(name: str) -> str:
    """What a task's own column is called: none takes the place of one of ours."""
    return f"{name}_" if name in (CELL, *_TEXTS, "item", "cluster") else name


def _kind(kind: pa.DataType) -> str:
    """Which of four kinds a column's type is of."""
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind):
        return "count"
    return "number" if pa.types.is_floating(kind) else "text"


def _widest(kinds: set[str]) -> pa.DataType:
    """A type that holds columns of all these kinds."""
    import pyarrow as pa

    of_kind = {"flag": pa.bool_(), "count": pa.int64(), "number": pa.float64(), "text": pa.string()}
    if len(kinds) == 1:
        return of_kind[next(iter(kinds))]
    return pa.string() if "text" in kinds else of_kind["number" if "number" in kinds else "count"]
