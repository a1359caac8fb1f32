"""The cache folder, and SHA-256 digests of files, remembered in it.

The digest of a checkpoint's weights is its identity, and to read gigabytes for it at each command would be slow: it is
remembered for as long as the file's size, inode and times are the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import time
from pathlib import Path
from zlib import crc32

from xlbench.core.errors import UsageError
from xlbench.encoding.cache.database import Database
from xlbench.encoding.cache.statements import transaction

RACY_NS = 2_000_000_000
"""A file that was changed less than this before it was read may change again without its times showing it (git calls
it racily clean); two seconds is the coarsest clock of a file system."""
MOST = 10_000
"""Digests that are kept."""

_NAME = "files.sqlite"
_VERSION = 1
_SCHEMA = """CREATE TABLE files (number INTEGER PRIMARY KEY, path BLOB UNIQUE, size INTEGER, mtime INTEGER,
inode INTEGER, ctime INTEGER, sha256 TEXT, checksum INTEGER)"""

State = tuple[int, int, int, int]
"""Of a file: size, time of change (ns), inode, time of the inode's change (ns)."""


def default_folder() -> Path:
    """``XLBENCH_CACHE``, else ``xlbench`` in ``XDG_CACHE_HOME``, else ``~/.cache/xlbench``. Nothing is created."""
    if own := os.environ.get("XLBENCH_CACHE"):
        return Path(os.path.expanduser(own))
    shared = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(shared):  # the XDG base directory specification: relative paths are to be ignored
        return Path(shared) / "xlbench"
    try:
        return Path.home() / ".cache" / "xlbench"
    except RuntimeError:  # no home at all: a folder that cannot be made, which is reported when it is to be used
        return Path(os.devnull) / "xlbench"


def file_digest(path: Path, folder: Path | None = None) -> str:
    """SHA-256 (64 hex digits) of a file's content, remembered in the cache folder (by default `default_folder`).

    Remembered by resolved path, size, inode and both times; not at all where the file was changed less than two seconds
    before it was read. Without a folder that can be written it is computed each time. `UsageError` where the file
    cannot be read.
    """
    folder = default_folder() if folder is None else folder
    try:
        resolved = Path(path).resolve(strict=True)
        state = _state(resolved)
        if (known := _load_digest(folder, resolved, state)) is not None:
            return known
        began = time.time_ns()
        with resolved.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if _state(resolved) == state and began - max(state[1], state[3]) > RACY_NS:
            _save_digest(folder, resolved, state, sha256)
        return sha256
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise UsageError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def forget_digests(folder: Path) -> None:
    """Remove all that is remembered."""
    for path in digest_files(folder):
        with contextlib.suppress(OSError):
            path.unlink()


def digest_files(folder: Path) -> list[Path]:
    """The files in which digests are remembered."""
    return [path for path in _database(folder).files() if path.is_file()]


def _database(folder: Path) -> Database:
    return Database(folder / _NAME, _SCHEMA, _VERSION)


def _state(path: Path) -> State:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns


def _load_digest(folder: Path, path: Path, state: State) -> str | None:
    """The digest that was noted of a file in this state; None where there is none, or it cannot be read."""
    query = "SELECT sha256, checksum FROM files WHERE path = ? AND size = ? AND mtime = ? AND inode = ? AND ctime = ?"
    values = os.fsencode(path), *map(_to_signed, state)
    with contextlib.closing(_database(folder)) as database:
        row = database.attempt(lambda connection: connection.execute(query, values).fetchone(), None)
    return None if row is None or row[1] != _checksum(path, state, row[0]) else str(row[0])


def _save_digest(folder: Path, path: Path, state: State, sha256: str) -> None:
    """Note a digest where that is possible."""
    row = os.fsencode(path), *map(_to_signed, state), sha256, _checksum(path, state, sha256)

    def write(connection: sqlite3.Connection) -> None:
        """Insert the row, and drop the oldest beyond `MOST`."""
        with transaction(connection):
            columns = "path, size, mtime, inode, ctime, sha256, checksum"
            connection.execute(f"INSERT OR REPLACE INTO files ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("DELETE FROM files WHERE number <= (SELECT MAX(number) - ? FROM files)", (MOST,))

    with contextlib.closing(_database(folder)) as database:
        database.attempt(write, None, writing=True, create=True)


def _to_signed(number: int) -> int:
    """An unsigned 64-bit number as SQLite holds it: inodes of some file systems are that large."""
    return number - (1 << 64) if number >= 1 << 63 else number


def _checksum(path: Path, state: State, sha256: object) -> int:
    return crc32(repr((os.fsencode(path), *state, sha256)).encode())
