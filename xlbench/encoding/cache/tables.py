"""SQL of the vector cache: entries with checksums, grouped by model and kind, removed by age."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

Fact = str | int | float | bool | None
Row = Sequence[Any]
"""Of the table of entries: number, key, shape, checksum, vectors. Damage may have left anything there."""

MANY = 512
"""Values in one IN list: so many that a statement costs little for each, few enough for any build of SQLite."""
SCHEMA = """
CREATE TABLE models (identity TEXT PRIMARY KEY, facts TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE groups (id INTEGER PRIMARY KEY, model TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (model, kind));
CREATE TABLE generations (id INTEGER PRIMARY KEY AUTOINCREMENT, grp INTEGER NOT NULL, used INTEGER NOT NULL,
  next INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
CREATE TABLE entries (id INTEGER PRIMARY KEY, grp INTEGER NOT NULL, key BLOB NOT NULL, shape INTEGER NOT NULL,
  checksum INTEGER NOT NULL, vectors BLOB NOT NULL);
CREATE UNIQUE INDEX entries_by_key ON entries (grp, key)
"""
# shape: twice the number of rows, plus 1 where the text was truncated


@dataclass(frozen=True)
class ModelInfo:
    """What the cache holds of one model."""

    identity: str
    label: str
    entries: int
    bytes: int
    """Of the vectors alone, without keys and index."""
    last_used: int
    """Seconds since 1970, to the hour; 0 where there are no entries."""


# ---- entries


def rows_of(connection: sqlite3.Connection, group: int, keys: Sequence[bytes]) -> list[Row]:
    """The entries of some keys, in the order of the file, where those that were written together lie side by side."""
    query = (
        "SELECT id, key, shape, checksum, vectors FROM entries "
        "WHERE id IN (SELECT id FROM entries WHERE grp = ? AND key IN ({})) ORDER BY id"
    )
    return list(in_chunks(connection, query, sorted(set(keys)), group))


def insert(connection: sqlite3.Connection, group: int, rows: Sequence[Row], generation_bytes: int) -> int:
    """Write entries (key, shape, checksum, vectors) into the group's last generation, or into a new one where that
    has ``generation_bytes``. Of equal keys the first stays. Returns the generation."""
    now = int(time.time())
    query = "SELECT id, next, bytes FROM generations WHERE grp = ? ORDER BY id DESC LIMIT 1"
    last = connection.execute(query, (group,)).fetchone()
    if last is None or last[2] >= generation_bytes:
        query = "INSERT INTO generations (grp, used, next, entries, bytes) VALUES (?, ?, 0, 0, 0)"
        last = connection.execute(query, (group, now)).lastrowid, 0
    begin = (last[0] << 32) + last[1]
    numbered = ((begin + number, group, *row) for number, row in enumerate(rows))
    added = connection.executemany("INSERT OR IGNORE INTO entries VALUES (?, ?, ?, ?, ?, ?)", numbered).rowcount
    query = "SELECT COALESCE(SUM(length(vectors)), 0) FROM entries WHERE id >= ? AND id < ?"
    size = connection.execute(query, (begin, begin + len(rows))).fetchone()[0]
    query = "UPDATE generations SET next = next + ?, entries = entries + ?, bytes = bytes + ?, used = ? WHERE id = ?"
    connection.execute(query, (len(rows), added, size, now, last[0]))
    return int(last[0])


def remove(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    """Remove some entries."""
    for number, *_, vectors in rows:
        size = len(vectors) if isinstance(vectors, bytes) else 0
        if connection.execute("DELETE FROM entries WHERE id = ?", (number,)).rowcount:
            query = "UPDATE generations SET entries = entries - 1, bytes = MAX(bytes - ?, 0) WHERE id = ?"
            connection.execute(query, (size, number >> 32))


def salt_of(model: str, kind: str) -> int:
    """What the checksums of a model and kind begin with."""
    return crc32(f"{model}/{kind}".encode())


def checksum(salt: int, key: bytes, shape: int, blob: Any) -> int:
    """CRC-32 of an entry's numbers, begun with that of model, kind and key, and with the shape."""
    return crc32(blob, crc32(key, salt) ^ (shape & 0xFFFFFFFF))


def is_whole(row: Row, salt: int) -> bool:
    """Whether an entry is what was written."""
    _, key, shape, expected, blob = row
    try:
        row_bytes = (shape >> 1) * 4  # a whole number of columns: the checksum sees the shape's last 32 bits alone
        fits = bool(blob) and len(blob) % row_bytes == 0 if row_bytes > 0 else shape >= 0 and not blob
        return fits and checksum(salt, key, shape, blob) == expected
    except TypeError:  # damage has changed a type
        return False


# ---- groups: the entries of a model and kind


def find_group(connection: sqlite3.Connection, model: str, kind: str) -> int | None:
    """The number of a model and kind; None where there is nothing of them."""
    row = connection.execute("SELECT id FROM groups WHERE model = ? AND kind = ?", (model, kind)).fetchone()
    return None if row is None else int(row[0])


def make_group(connection: sqlite3.Connection, model: str, kind: str) -> int:
    """The number of a model and kind, given where they have none."""
    connection.execute("INSERT OR IGNORE INTO groups (model, kind) VALUES (?, ?)", (model, kind))
    return int(connection.execute("SELECT id FROM groups WHERE model = ? AND kind = ?", (model, kind)).fetchone()[0])


def width_of(connection: sqlite3.Connection, group: int) -> int:
    """Bytes of one vector; 0 where there is none."""
    query = "SELECT length(vectors) / (shape >> 1) FROM entries WHERE grp = ? AND shape > 1 LIMIT 1"
    row = connection.execute(query, (group,)).fetchone()
    return int(row[0]) if row else 0


def delete_oldest(connection: sqlite3.Connection) -> bool:
    """Remove the generation that has been unused for longest, with a group and a model that have no other; whether
    there was one."""
    row = connection.execute(
        "SELECT generations.id, grp, model FROM generations LEFT JOIN groups ON groups.id = grp "
        "ORDER BY used, generations.id LIMIT 1"
    ).fetchone()
    if row is None:
        return False
    delete_generation(connection, row[0])
    query = "DELETE FROM groups WHERE id = ?1 AND ?1 NOT IN (SELECT grp FROM generations)"
    connection.execute(query, row[1:2])
    query = "DELETE FROM models WHERE identity = ?1 AND ?1 NOT IN (SELECT model FROM groups)"
    connection.execute(query, row[2:])
    return True


# ---- models


def facts(connection: sqlite3.Connection, model: str) -> dict[str, Fact] | None:
    """What was noted of a model; None where nothing was, or it is damaged."""
    row = connection.execute("SELECT facts, checksum FROM models WHERE identity = ?", (model,)).fetchone()
    if row is None or not isinstance(row[0], str) or row[1] != _checksum_of_facts(model, row[0]):
        return None
    noted: dict[str, Fact] = json.loads(row[0])
    return noted


def note(connection: sqlite3.Connection, model: str, noted: Mapping[str, Fact]) -> None:
    """Note facts of a model, in place of others."""
    text = json.dumps(dict(noted), sort_keys=True, ensure_ascii=False)
    row = model, text, _checksum_of_facts(model, text)
    connection.execute("INSERT OR REPLACE INTO models VALUES (?, ?, ?)", row)


def _checksum_of_facts(model: str, text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"), crc32(model.encode()))


# ---- the whole


def in_chunks(connection: sqlite3.Connection, query: str, values: Sequence[Any], *before: Any) -> Iterator[Row]:
    """Rows of a query with one IN list, ``{}``, over any number of values; ``before`` are the values ahead of it."""
    for start in range(0, len(values), MANY):
        chunk = values[start : start + MANY]
        yield from connection.execute(query.format(",".join("?" * len(chunk))), (*before, *chunk)).fetchall()


def count(connection: sqlite3.Connection) -> int:
    """How many entries there are."""
    return int(connection.execute("SELECT COALESCE(SUM(entries), 0) FROM generations").fetchone()[0])


def models(connection: sqlite3.Connection) -> tuple[ModelInfo, ...]:
    """All models, those with most bytes first."""
    query = (
        "SELECT model, SUM(entries), SUM(bytes), MAX(used) FROM groups "
        "JOIN generations ON generations.grp = groups.id GROUP BY model"
    )
    held = {row[0]: row[1:] for row in connection.execute(query).fetchall()}
    models = []
    noted = connection.execute("SELECT identity FROM models").fetchall()
    for identity in {*held, *(row[0] for row in noted)}:
        label = (facts(connection, identity) or {}).get("label")
        models.append(ModelInfo(identity, str(label or ""), *held.get(identity, (0, 0, 0))))
    return tuple(sorted(models, key=lambda one: (-one.bytes, one.identity)))


def delete(connection: sqlite3.Connection, model: str) -> None:
    """Remove all of a model."""
    query = "SELECT id FROM generations WHERE grp IN (SELECT id FROM groups WHERE model = ?)"
    for row in connection.execute(query, (model,)).fetchall():
        delete_generation(connection, row[0])
    connection.execute("DELETE FROM groups WHERE model = ?", (model,))
    connection.execute("DELETE FROM models WHERE identity = ?", (model,))


def delete_all(connection: sqlite3.Connection) -> None:
    """Empty all tables."""
    for table in ("entries", "generations", "groups", "models"):
        connection.execute(f"DELETE FROM {table}")


def delete_generation(connection: sqlite3.Connection, generation: int) -> None:
    """Remove a generation with its entries."""
    bounds = generation << 32, (generation + 1) << 32
    connection.execute("DELETE FROM entries WHERE id >= ? AND id < ?", bounds)
    connection.execute("DELETE FROM generations WHERE id = ?", (generation,))
