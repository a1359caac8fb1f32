"""Near misses: texts that differ from a sentence by one edit and do not mean the same. Their file, and their field.

A file has the columns ``id`` (of the sentence), ``kind`` and ``text``. In records they are the field `FIELD`: of each
item a JSON list of (kind, text).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from xlbench import DataError
from xlbench_tasks.data import text
from xlbench_tasks.data.delimited_files import DelimitedTable
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.unknown_values import UnknownValues

FIELD = "near_misses"


class NearMiss(NamedTuple):
    """A near miss of an item."""

    kind: str
    """What the edit was: ``number``, ``negation`` ..."""
    text: str


class _Line(NamedTuple):
    """A line of a file."""

    where: str
    id: str
    near_miss: NearMiss


def with_near_misses(records: Records, path: Path, name: str, kinds: Sequence[str], *, is_sample: bool) -> Records:
    """The records with those near misses that a file has of them.

    Args:
        records: The sentences of one language.
        path: The file.
        name: The data set's, with which ids of records begin, and those of the file do not.
        kinds: All that there may be.
        is_sample: The records are not all that there are: near misses of others are left out.

    Raises:
        DataError: An id is unknown, a kind is unknown or a text empty, or a near miss is a sentence, or another one.
    """
    row_of = {item.removeprefix(f"{name}:"): row for row, item in enumerate(records.ids)}
    seen: dict[str, str] = {}
    for row in reversed(range(len(records.ids))):
        seen[records.folded_text(row)] = f"the sentence {records.ids[row].removeprefix(f'{name}:')!r}"
    found: list[list[NearMiss]] = [[] for _ in records.ids]
    unknown = UnknownValues(str(path), f"kinds that are none of the card's {sorted(kinds)}")
    for line in _lines(path):
        if line.near_miss.kind not in kinds:
            unknown.add(line.near_miss.kind, line.where.rpartition(", ")[2])
        row_or_none = row_of.get(line.id)
        if row_or_none is None:
            if is_sample:
                continue
            raise DataError(f"{line.where}: there is no sentence {line.id!r}: those begin with {next(iter(row_of))!r}")
        folded = text.folded(line.near_miss.text)
        if folded == records.folded_text(row_or_none):
            raise DataError(f"{line.where}: the near miss is its own sentence, {line.id!r}: change what it says")
        if (other := seen.setdefault(folded, line.where)) is not line.where:
            raise DataError(f"{line.where}: the near miss is the same text as {other}: keep it once")
        found[row_or_none].append(line.near_miss)
    unknown.check()
    if not any(found) and not is_sample:
        raise DataError(f"{path} has a header and no near misses")
    listed = tuple(json.dumps(sorted(one), ensure_ascii=False) for one in found)
    return replace(records, fields={**records.fields, FIELD: listed})


def near_misses_of(records: Records) -> list[list[NearMiss]] | None:
    """The near misses of each item; None where the records have none at all."""
    if FIELD not in records.fields:
        return None
    return [[NearMiss(*one) for one in json.loads(listed)] for listed in records.fields[FIELD]]


def without_near_misses(records: Records) -> Records:
    """The sentences alone."""
    return replace(records, fields={name: values for name, values in records.fields.items() if name != FIELD})


def _lines(path: Path) -> Iterator[_Line]:
    """The lines of a file; nothing is empty in any of them."""
    table = DelimitedTable(path, "\t", {"quoting": "none"})
    columns = {column: table.position(column) for column in ("id", "kind", "text")}
    for row in table.rows():
        where = f"{path}, line {row.line}"
        cells = {column: row.cells[place] for column, place in columns.items()}
        for column, value in cells.items():
            if not text.visible(value):
                raise DataError(f"{where}: the {column} is {text.empty(value)}")
        yield _Line(where, cells["id"], NearMiss(cells["kind"], cells["text"]))
