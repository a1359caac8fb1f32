"""Upkeep of the table of entries: what goes when it is full, and what in it is damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from xlbench.encoding.cache import tables
from xlbench.encoding.cache.statements import corrupt, give_back, pragma, transaction, used_bytes
from xlbench.encoding.cache.tables import Row

KEEP_SHARE = 0.9
"""Of the cap: what may be left once something has to go, so that it happens seldom."""


def evict(connection: sqlite3.Connection, max_bytes: int) -> None:
    """Above the cap, remove the generations that were used least recently, until a tenth is free."""
    if used_bytes(connection) <= max_bytes:
        return
    more = True
    while more and used_bytes(connection) > KEEP_SHARE * max_bytes:
        with transaction(connection):  # one each, so that others get their turn; they evict, too
            more = tables.delete_oldest(connection)
    spare = int(pragma(connection, "page_count")) - max_bytes // int(pragma(connection, "page_size"))
    if spare > 0:
        give_back(connection, spare)


def each_damaged(connection: sqlite3.Connection) -> Iterator[tuple[int, list[Row]]]:
    """Check all entries, some hundreds at a time: how many these are, and which of them are damaged."""
    last = -1
    query = (
        "SELECT entries.id, key, shape, checksum, vectors, model, kind FROM entries "
        "LEFT JOIN groups ON groups.id = grp WHERE entries.id > ? ORDER BY entries.id LIMIT ?"
    )
    while rows := connection.execute(query, (last, tables.MANY)).fetchall():
        if rows[-1][0] <= last:
            raise corrupt("its entries are in disorder")
        last = rows[-1][0]
        yield (
            len(rows),
            [row[:5] for row in rows if row[5] is None or not tables.is_whole(row[:5], tables.salt_of(*row[5:]))],
        )
