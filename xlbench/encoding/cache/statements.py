"""What is asked of an open SQLite file: transactions, settings, its pages and their repair."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. The turn to write is waited for at the beginning: a reader that wants to become a writer later
    could only fail."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # where the disk is full, SQLite has rolled back by itself
            connection.execute("ROLLBACK")
        raise


def pragma(connection: sqlite3.Connection, name: str) -> int | str:
    """The value of a setting."""
    value: int | str = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def used_bytes(connection: sqlite3.Connection) -> int:
    """Bytes of the pages that hold something."""
    pages, free = pragma(connection, "page_count"), pragma(connection, "freelist_count")
    return (int(pages) - int(free)) * int(pragma(connection, "page_size"))


def give_back(connection: sqlite3.Connection, pages: int | None = None) -> None:
    """Shorten the file by free pages (by default all), and empty its log."""
    # a script, since execute() takes one step alone of this pragma, which frees a page a step
    connection.executescript("PRAGMA incremental_vacuum" + ("" if pages is None else f"({pages})"))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def check_pages(connection: sqlite3.Connection) -> None:
    """Raise where the file's pages and indexes do not fit together. An index alone is made anew."""
    for last in (False, True):
        if connection.execute("PRAGMA integrity_check(1)").fetchall() == [("ok",)]:
            return
        if last:
            raise corrupt("its pages do not fit together")
        with contextlib.suppress(sqlite3.OperationalError):
            connection.execute("REINDEX")


def corrupt(why: str) -> sqlite3.DatabaseError:
    """The error that sets a file aside."""
    error = sqlite3.DatabaseError(why)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error
