"""`Cache`: vectors on disk, by model identity, kind of request and hash of the content.

Every entry has a checksum that covers model, kind, key, shape and numbers; one that fails is removed and taken as
absent. Entries lie in generations, some 64 MiB of one model and kind written one after another; an entry has the number
of its generation, times 2 ** 32, plus its place. Above the cap, the generations that have been unused for longest go,
and their pages are used again by what comes next; `Cache.clear` gives the space back to the disk.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.text import GIB
from xlbench.encoding.cache import files, tables
from xlbench.encoding.cache.arrays import CachedVectors, as_arrays, from_rows, to_rows
from xlbench.encoding.cache.database import Database
from xlbench.encoding.cache.info import Info, VerifyReport, identities_named
from xlbench.encoding.cache.keys import check_keys
from xlbench.encoding.cache.statements import check_pages, give_back, transaction
from xlbench.encoding.cache.tables import Fact, ModelInfo, Row
from xlbench.encoding.cache.upkeep import each_damaged, evict

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

VERSION = 2
"""Of the tables, and of what may be in them: 2 holds vectors of encoders that were found to be consistent alone."""
MAX_BYTES = 20 * GIB
GENERATION_BYTES = 64 << 20
STAMP_SECONDS = 3600
"""How old the note of a use may get before reading renews it: reading hardly ever writes."""


class Cache:
    """The vectors kept in a folder: at most ``max_bytes`` on the disk, and what one call of `put` adds.

    Opened when it is first used; a process that was forked, or was sent the cache, opens it anew. Whatever happens to
    its files is no error: see `warnings`.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._damaged = 0
        self._stamped: dict[int, float] = {}
        """Generation -> when its use was last noted, as far as this process knows."""
        path = self.folder / f"vectors-{VERSION}.sqlite"
        self._database = Database(path, tables.SCHEMA, VERSION, self._stamped.clear)

    def __reduce__(self) -> tuple[type[Cache], tuple[Path, int]]:
        return Cache, (self.folder, self.max_bytes)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # the interpreter may be half gone
            self.close()

    @property
    def path(self) -> Path:
        """The database of vectors."""
        return self._database.path

    @property
    def warnings(self) -> list[str]:
        """What went wrong so far, a line each; empty where nothing did. Never a reason to stop."""
        if not self._damaged:
            return [*self._database.messages]
        counted = "1 damaged entry" if self._damaged == 1 else f"{self._damaged:,} damaged entries"
        verbs = "was set aside and is" if self._damaged == 1 else "were set aside and are"
        return [*self._database.messages, f"{counted} of the cache {verbs} computed again"]

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._database.close()

    # ---- vectors

    def take(self, model: str, kind: str, keys: Sequence[bytes]) -> CachedVectors:
        """What is there of ``keys`` under a model's identity (64 hex digits) and a kind (one of `KINDS`)."""
        check_keys(kind, keys)
        nothing: dict[bytes, Row] = {}
        rows = self._database.attempt(lambda connection: self._take(connection, model, kind, keys), nothing)
        return from_rows(keys, rows)

    def put(
        self,
        model: str,
        kind: str,
        keys: Sequence[bytes],
        vectors: NDArray[Any],
        counts: ArrayLike | None = None,
        truncated: ArrayLike | None = None,
    ) -> None:
        """Keep n entries, all or none of them; of those that are there already, the first stays.

        Args:
            model: The identity of the vectors (64 hex digits).
            kind: One of `KINDS`.
            keys: (n,) of 16 to 32 bytes each.
            vectors: (sum of counts, d), kept as float32.
            counts: (n,) rows of each key; by default 1.
            truncated: (n,) whether the encoder cut the text; by default it did not.

        Raises:
            ValueError: Where the shapes do not fit together.
        """
        check_keys(kind, keys)
        matrix, sizes, cut = as_arrays(keys, vectors, counts, truncated)
        if not len(keys):
            return
        rows, width = to_rows(tables.salt_of(model, kind), keys, matrix, sizes, cut), matrix.shape[1] * 4

        def write(connection: sqlite3.Connection) -> None:
            """Insert all rows or none, then make room."""
            with transaction(connection):
                group = tables.make_group(connection, model, kind)
                known = tables.width_of(connection, group)
                if known and len(matrix) and known != width:
                    self._database.report(
                        f"vectors of {width // 4} dimensions are not kept: of the same model ({model[:12]}) "
                        f"the cache holds some of {known // 4}"
                    )
                    return
                full = min(GENERATION_BYTES, self.max_bytes // 32)
                self._stamped[tables.insert(connection, group, rows, full)] = time.time()
            evict(connection, self.max_bytes)

        self._database.attempt(write, None, writing=True, create=True)

    # ---- facts

    def remember(self, model: str, facts: Mapping[str, Fact]) -> None:
        """Note what is known of a model (label, parameters, dimensions ...); what was noted under other names stays."""

        def write(connection: sqlite3.Connection) -> None:
            """Add the facts to what is noted by now."""
            with transaction(connection):
                tables.note(connection, model, {**(tables.facts(connection, model) or {}), **facts})

        known = self.facts(model)
        if known is None or {**known, **facts} != known:
            self._database.attempt(write, None, writing=True, create=True)

    def facts(self, model: str) -> dict[str, Fact] | None:
        """What was noted of a model; None where nothing was, or it is damaged."""
        return self._database.attempt(lambda connection: tables.facts(connection, model), None)

    def forget(self, model: str, facts: Mapping[str, Fact]) -> None:
        """Remove all vectors and facts of a model, and note other facts in their place."""

        def write(connection: sqlite3.Connection) -> None:
            """Replace all that there is of the model by the facts."""
            with transaction(connection):
                tables.delete(connection, model)
                tables.note(connection, model, facts)

        self._database.attempt(write, None, writing=True, create=True)

    # ---- the whole

    def info(self) -> Info:
        """What is in it, from the notes of what was written: quick, however much it is."""
        models: tuple[ModelInfo, ...] = self._database.attempt(tables.models, ())
        aside = tuple(self._database.set_aside())
        on_disk = [*self._database.files(), *self._delete_outdated(), *files.digest_files(self.folder)]
        size = sum(_bytes_of(path) for path in on_disk)
        return Info(self.path, size, self.max_bytes, sum(one.entries for one in models), models, aside)

    def clear(self, model: str | None = None) -> int:
        """Remove a model's entries and facts, or everything (digests, and what was set aside, too). Returns how many
        entries went, and gives the space back to the disk.

        ``model`` is a label, or the beginning of an identity (4 digits at least). `UsageError` where it is none, or
        where several identities begin with it.
        """
        chosen = None if model is None else self.named(model)

        def write(connection: sqlite3.Connection) -> int:
            """Delete the chosen models, or everything; returns how many entries went."""
            with transaction(connection):
                before = tables.count(connection)
                if chosen is None:
                    tables.delete_all(connection)
                for one in chosen or ():
                    tables.delete(connection, one)
                removed = before - tables.count(connection)
            give_back(connection)
            return removed

        removed = self._database.attempt(write, 0, writing=True)
        if model is None and self._database.writable:
            for path in [*self._database.set_aside(), *self._delete_outdated()]:
                path.unlink(missing_ok=True)
            files.forget_digests(self.folder)
        return removed

    def named(self, name: str) -> list[str]:
        """The identities that a label (which several may have) or the beginning of an identity stands for."""
        return identities_named(name, self.info())

    def verify(self, progress: Callable[[int, int], None] | None = None) -> VerifyReport:
        """Check every entry and the file around them; remove what is damaged.

        ``progress(done, total)`` is told of entries. Where the file itself is broken it is set aside as a whole.
        """
        before, aside = self._database.attempt(tables.count, 0), len(self._database.set_aside())
        checked = self._database.attempt(lambda connection: self._verify(connection, progress), VerifyReport(before, 0))
        return checked if len(self._database.set_aside()) == aside else VerifyReport(before, before)

    def _delete_outdated(self) -> list[Path]:
        """Files of earlier versions, which nothing reads any more."""
        return [path for path in self.folder.glob("vectors-*.sqlite*") if not path.name.startswith(self.path.name)]

    # ---- inside a connection

    def _take(self, connection: sqlite3.Connection, model: str, kind: str, keys: Sequence[bytes]) -> dict[bytes, Row]:
        """Key -> row of the entries that are there and undamaged."""
        group = tables.find_group(connection, model, kind)
        if group is None:
            return {}
        rows, salt = tables.rows_of(connection, group, keys), tables.salt_of(model, kind)
        whole = {row[1]: row for row in rows if tables.is_whole(row, salt)}
        self._remove(connection, [row for row in rows if whole.get(row[1]) is not row])
        self._stamp(connection, {row[0] >> 32 for row in whole.values()})
        return whole

    def _stamp(self, connection: sqlite3.Connection, generations: set[int]) -> None:
        """Note that these were used, where the last note is an hour old."""
        now = int(time.time())
        unsure = [one for one in sorted(generations) if now - self._stamped.get(one, 0) > STAMP_SECONDS]
        if not unsure or not self._database.writable:
            return
        self._stamped |= dict.fromkeys(unsure, now)
        query = "SELECT id FROM generations WHERE used < ? AND id IN ({})"
        if old := [row[0] for row in tables.in_chunks(connection, query, unsure, now - STAMP_SECONDS)]:
            with contextlib.suppress(sqlite3.OperationalError), transaction(connection):
                connection.executemany("UPDATE generations SET used = ? WHERE id = ?", [(now, one) for one in old])

    def _remove(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Remove damaged entries, and count them."""
        self._damaged += len(rows)
        if not rows or not self._database.writable:
            return
        with contextlib.suppress(sqlite3.OperationalError), transaction(connection):
            tables.remove(connection, rows)

    def _verify(self, connection: sqlite3.Connection, progress: Callable[[int, int], None] | None) -> VerifyReport:
        check_pages(connection)  # first: where pages are in disorder, there may be no end to what lies in them
        total, done, damaged = tables.count(connection), 0, 0
        for checked, broken in each_damaged(connection):
            self._remove(connection, broken)
            done, damaged = done + checked, damaged + len(broken)
            if progress:
                progress(done, max(total, done))
        return VerifyReport(done, damaged)


def _bytes_of(path: Path) -> int:
    """Bytes of a file; 0 for one that another process has removed meanwhile, as SQLite does with its side files."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
