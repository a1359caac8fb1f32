"""A SQLite file shared by many processes and threads; damage or a full disk never stops a run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from xlbench.encoding.cache.statements import corrupt, pragma, transaction

T = TypeVar("T")

BUSY_SECONDS = 60.0
"""How long to wait for another process's turn to write."""
PAGE_BYTES = 16384
LOG_BYTES = 64 << 20
"""What is left of the log of writes (WAL) once they are in the file."""
MEMORY_KIB = 32768
"""SQLite's own memory of pages."""
APPLICATION = 0x786C6263
"""In the file's header: that it is xlbench's."""

_NETWORK = frozenset(
    ("nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "ceph", "afs", "9p", "glusterfs", "virtiofs")
)
"""File systems that several machines may share: the memory beside the file, on which WAL rests, they do not share."""
_DAMAGE = frozenset(
    (
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_ERROR,  # a table or a column has another name
        sqlite3.SQLITE_SCHEMA,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,  # an index says another thing than its table
        sqlite3.SQLITE_MISMATCH,
    )
)
"""Codes of errors that a sound file, and statements that are right, cannot have."""
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# A cache: everything in this folder can be made again.\n"
"""What CACHEDIR.TAG holds, by its specification: programs that make backups leave the folder out."""


class Database:
    """A SQLite file that is opened when it is first used, and anew after a fork or where another took its place.

    Damaged, it is set aside and a new one begun; where the disk is full or the folder read-only, writing stops. Each
    is one line of ``messages``.
    """

    def __init__(self, path: Path, schema: str, version: int, on_open: Callable[[], None] = lambda: None) -> None:
        """``schema`` is SQL statements that make the tables of ``version``; a file of another version is damaged."""
        self.path = path
        self.readable = self.writable = True
        self.messages: dict[str, None] = {}
        """What went wrong, a line each, in order."""
        marks = f"PRAGMA application_id = {APPLICATION}", f"PRAGMA user_version = {version}"
        self._statements = [*schema.split(";"), *marks]
        self._version, self._on_open = version, on_open
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        """Device and inode of what is open: another process may have put a new file in its place."""
        self._pid, self._lock = os.getpid(), threading.RLock()

    def attempt(
        self, work: Callable[[sqlite3.Connection], T], otherwise: T, *, writing: bool = False, create: bool = False
    ) -> T:
        """What ``work`` returns; ``otherwise`` where the file is not there (and not to be created) or fails."""
        self._after_fork()
        with self._lock:
            for last in (False, True):
                if not self.readable or (writing and not self.writable):
                    return otherwise
                try:
                    connection = self._connect(create=create)
                    return otherwise if connection is None else work(connection)
                except sqlite3.DatabaseError as error:
                    self._handle_failure(error, writing=writing, last=last)
                except (TypeError, ValueError, OverflowError) as error:  # columns, or names, that damage has changed
                    self._move_aside(f"it holds what was never written: {error}", last=last)
                except OSError as error:
                    self._stop(error.strerror or str(error), writing=writing)
        return otherwise

    def report(self, line: str) -> None:
        """Note what went wrong, once."""
        self.messages[" ".join(line.split())] = None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._after_fork()
        with self._lock:
            self._disconnect()

    def set_aside(self) -> list[Path]:
        """The damaged files that were moved out of the way."""
        return sorted(self.path.parent.glob(f"{self.path.name}.damaged-*"))

    def files(self) -> list[Path]:
        """The file with its log, and what was set aside."""
        named = [_sibling_path(self.path, end) for end in ("", "-wal", "-shm", "-journal")]
        return [path for path in [*named, *self.set_aside()] if os.path.isfile(path)]

    # ---- what goes wrong

    def _handle_failure(self, error: sqlite3.DatabaseError, *, writing: bool, last: bool) -> None:
        code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
        if code in _DAMAGE:
            self._move_aside(str(error), last=last)
        elif code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            self._stop(f"another process has locked it for more than {BUSY_SECONDS:.0f} seconds", writing=writing)
        else:
            self._stop(str(error), writing=writing)

    def _stop(self, why: str, *, writing: bool) -> None:
        """Disable writing (or all use) after a failure, so that later calls neither fail again nor wait."""
        folder = self.path.parent
        if writing and self.writable:
            self.writable = False
            self.report(f"vectors are not kept in the cache {folder} any more: {why}")
        elif not writing:
            self.readable = False
            self.report(f"the cache {folder} cannot be used: {why}; the run does without")

    def _move_aside(self, why: str, *, last: bool) -> None:
        """Move a damaged file out of the way, once for all the processes that use it."""
        seen = self._file if self._connection is not None else _identity(self.path)
        self._disconnect()
        if last or not self.writable:
            self._stop(why, writing=False)
            return
        with _opening_lock(self.path):
            if _identity(self.path) != seen:
                return  # another process was quicker
            number = 1
            while (aside := _sibling_path(self.path, f".damaged-{number}")).exists():
                number += 1
            for end in ("-wal", "-journal", "-shm", ""):  # the log first: it must not meet a new file
                with contextlib.suppress(FileNotFoundError):
                    _sibling_path(self.path, end).rename(_sibling_path(aside, end))
        self.report(f"the cache was damaged ({why}): it was set aside as {aside}, and a new one is begun")

    # ---- connections

    def _after_fork(self) -> None:
        """A connection and a lock of the parent process are of no use here."""
        if os.getpid() != self._pid:
            self._pid, self._lock = os.getpid(), threading.RLock()
            connection, self._connection = self._connection, None
            _abandon(connection)

    def _connect(self, *, create: bool) -> sqlite3.Connection | None:
        """The open file; None where there is none and none is to be made."""
        if self._connection is not None and _identity(self.path) == self._file:
            return self._connection
        self._disconnect()
        if not create and not _size(self.path):  # an empty file is one whose creation was killed
            return None
        if create:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with _opening_lock(self.path):
            self._connection, self._file = self._open(), _identity(self.path)
        self._on_open()
        return self._connection

    def _disconnect(self) -> None:
        """Close the connection. Where another file has taken the place of what is open, it is abandoned instead: to
        close it would be to delete, by its name, the log of that other file."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(sqlite3.Error, OSError):
            if _identity(self.path) == self._file:
                connection.close()
                return
        _abandon(connection)

    def _open(self) -> sqlite3.Connection:
        """A connection that can write, or else one that can read."""
        if os.access(self.path.parent, os.W_OK) and (os.access(self.path, os.W_OK) or not self.path.exists()):
            return self._open_and_check("mode=rwc")
        self._stop("its folder is read-only", writing=True)
        try:
            return self._open_and_check("mode=ro")
        except sqlite3.OperationalError:  # SQLite wants to make the files of the log, unless it is told that nobody
            if _size(_sibling_path(self.path, "-wal")):  # writes; somebody may: entries have checksums
                raise
            return self._open_and_check("mode=ro&immutable=1")

    def _open_and_check(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self.path.absolute().as_uri()}?{mode}",
            timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True,
        )  # fmt: skip
        try:
            self._set_up(connection, writing=mode == "mode=rwc")
        except BaseException:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection, *, writing: bool) -> None:
        """Tables where there are none, and the settings of a connection; raises where the file is another than ours."""
        # what damage has turned into text must not stop the reading of the rest
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        if writing and not pragma(connection, "schema_version"):  # new, or killed while it was created
            with contextlib.suppress(OSError):
                (self.path.parent / "CACHEDIR.TAG").write_text(_TAG, encoding="utf-8")
            connection.executescript(f"PRAGMA page_size = {PAGE_BYTES}; PRAGMA auto_vacuum = INCREMENTAL")
            with transaction(connection):
                if not pragma(connection, "schema_version"):
                    for statement in self._statements:
                        connection.execute(statement)
        if (pragma(connection, "application_id"), pragma(connection, "user_version")) != (APPLICATION, self._version):
            raise corrupt(f"it is no cache of version {self._version}")
        if writing:
            with contextlib.suppress(sqlite3.OperationalError):  # others are using it: later, then
                journal = "DELETE" if on_network(self.path.parent) else "WAL"
                connection.execute(f"PRAGMA journal_mode = {journal}").fetchall()
        synchronous = "NORMAL" if pragma(connection, "journal_mode") == "wal" else "FULL"
        connection.executescript(
            f"PRAGMA synchronous = {synchronous}; PRAGMA cache_size = -{MEMORY_KIB}; "
            f"PRAGMA journal_size_limit = {LOG_BYTES}"
        )


def _abandon(connection: sqlite3.Connection | None) -> None:
    """Let go of a connection without ever closing it: not even when the interpreter ends."""
    if connection is not None:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))


def _sibling_path(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and inode of a file; None where there is none."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


@contextlib.contextmanager
def _opening_lock(path: Path) -> Iterator[None]:
    """Nobody creates a file, or sets it aside, while another opens it. Without locks that is a risk that is taken."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(ImportError, OSError):
            import fcntl

            descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o666)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def on_network(folder: Path) -> bool:
    """Whether the folder's file system is one that other machines may share (known on Linux alone)."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        inside = f"{folder.resolve()}/"
    except OSError:
        return False
    best, kind = "", ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        if len(point) >= len(best) and inside.startswith(point.rstrip("/") + "/"):
            best, kind = point, right.split()[0]
    return kind in _NETWORK or kind.startswith("fuse")
