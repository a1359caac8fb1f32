"""Vectors by what they were computed from: a model's identity, a kind of request, and a content's hash.

Every entry has a checksum that covers model, kind, key, shape and numbers; one that fails is removed and taken as
absent. Entries lie in generations, some 64 MiB of one model and kind written one after another; an entry has the number
of its generation, times 2 ** 32, plus its place. Above the cap, the generations that have been unused for longest go,
and their pages are used again by what comes next; `Cache.clear` gives the space back to the disk.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from operator import and_, eq
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zlib import crc32

from xlbench.core.errors import UsageError
from xlbench.core.text import did_you_mean
from xlbench.encoding.cache import files
from xlbench.encoding.cache.database import Database, corrupt, give_back, is_sound, pragma, transaction, used_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

Fact = str | int | float | bool | None
Row = tuple[Any, ...]
"""Of the table of entries: number, group, key, shape, checksum, vectors. Damage may have left anything there."""

KINDS = ("", "query", "document", "words")
"""Texts without a role, texts in one of the two roles, and the words of sentences."""
MAX_BYTES = 20 << 30
GENERATION_BYTES = 64 << 20
KEEP_SHARE = 0.9
"""Of the cap: what may be left once something has to go, so that it happens seldom."""
STAMP_SECONDS = 3600
"""How old the note of a use may get before reading renews it: reading hardly ever writes."""

_IN = 512
"""Values in one IN list: so many that a statement costs little for each, few enough for any build of SQLite."""
_MARKS = 0x786C6263, 1
_SCHEMA = """
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
class Taken:
    """What the cache had of the keys that were asked for, in the order of the keys."""

    positions: NDArray[np.int64]
    """(k,) places of the found keys among those asked for, ascending."""
    counts: NDArray[np.int64]
    """(k,) rows of each: 1 for a text, one a word for words."""
    vectors: NDArray[np.float32]
    """(sum of counts, d); (0, 0) where nothing was found."""
    truncated: NDArray[np.bool_]
    """(k,) whether the encoder had cut the text at its length limit."""


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


@dataclass(frozen=True)
class Info:
    """What a cache holds, and where."""

    path: Path
    bytes: int
    """On the disk: vectors with their log, digests of files, and what was set aside."""
    cap: int
    entries: int
    models: tuple[ModelInfo, ...]
    """Those with most bytes first."""
    set_aside: tuple[Path, ...]
    """Damaged files."""


@dataclass(frozen=True)
class Verified:
    """What checking every entry has found."""

    entries: int
    """Checked."""
    damaged: int
    """Of these, removed: all of them where the file as a whole was set aside."""


class Cache:
    """The vectors kept in a folder: at most ``max_bytes`` on the disk, and what one call of `put` adds.

    Opened when it is first used; a process that was forked, or was sent the cache, opens it anew. Whatever happens to
    its files is no error: see `troubles`.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._damaged = 0
        self._stamped: dict[int, float] = {}
        """Generation -> when its use was last noted, as far as this process knows."""
        self._database = Database(self.folder / "vectors-1.sqlite", _SCHEMA, _MARKS, self._stamped.clear)

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
    def troubles(self) -> list[str]:
        """What went wrong so far, a line each; empty where nothing did. Never a reason to stop."""
        one = "1 damaged entry of the cache was set aside and is computed again"
        many = f"{self._damaged:,} damaged entries of the cache were set aside and are computed again"
        return [*self._database.said, *([one if self._damaged == 1 else many] if self._damaged else [])]

    def close(self) -> None:
        """Close the database; the next use opens it again."""
        self._database.close()

    def take(self, model: str, kind: str, keys: Sequence[bytes]) -> Taken:
        """What is there of ``keys`` under a model's identity (64 hex digits) and a kind (one of `KINDS`)."""
        _check(kind, keys)
        return self._database.attempt(lambda connection: self._take(connection, model, kind, keys), _nothing())

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

        ``vectors`` (sum of counts, d) are kept as float32, ``counts`` (n,) are 1 and ``truncated`` (n,) False where
        they are not given. `ValueError` where the shapes do not fit together.
        """
        import numpy as np

        _check(kind, keys)
        sizes = np.ones(len(keys), np.int64) if counts is None else np.asarray(counts, np.int64)
        cut = np.zeros(len(keys), bool) if truncated is None else np.asarray(truncated, bool)
        matrix = np.ascontiguousarray(vectors, "<f4")
        fits = matrix.ndim == 2 and sizes.shape == cut.shape == (len(keys),)
        if not fits or (sizes < 0).any() or sizes.sum() != len(matrix):
            raise ValueError(f"{len(keys)} keys, vectors {matrix.shape}, counts {sizes.shape}, truncated {cut.shape}")
        if len(keys):
            entries = _Entries(model, kind, list(keys), matrix, sizes, cut)
            self._database.attempt(lambda connection: self._put(connection, entries), None, writing=True, create=True)

    def remember(self, model: str, facts: Mapping[str, Fact]) -> None:
        """Note what is known of a model (label, parameters, dimensions ...); what was noted under other names stays."""

        def write(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                text = json.dumps({**(_facts(connection, model) or {}), **facts}, sort_keys=True, ensure_ascii=False)
                row = model, text, _checksum_of_facts(model, text)
                connection.execute("INSERT OR REPLACE INTO models VALUES (?, ?, ?)", row)

        known = self.facts(model)
        if known is None or {**known, **facts} != known:
            self._database.attempt(write, None, writing=True, create=True)

    def facts(self, model: str) -> dict[str, Fact] | None:
        """What was noted of a model; None where nothing was, or it is damaged."""
        return self._database.attempt(lambda connection: _facts(connection, model), None)

    def info(self) -> Info:
        """What is in it, from the notes of what was written: quick, however much it is."""
        models: tuple[ModelInfo, ...] = self._database.attempt(_models, ())
        aside = tuple(self._database.set_aside())
        on_disk = [*self._database.files(), files.digests_file(self.folder)]
        size = sum(path.stat().st_size for path in on_disk if path.is_file())
        return Info(self.path, size, self.max_bytes, sum(one.entries for one in models), models, aside)

    def clear(self, model: str | None = None) -> int:
        """Remove a model's entries and facts, or everything (digests, and what was set aside, too). Returns how many
        entries went, and gives the space back to the disk.

        ``model`` is a label, or the beginning of an identity (4 digits at least). `UsageError` where it is none, or
        where several identities begin with it.
        """
        chosen = None if model is None else self.named(model)
        removed = self._database.attempt(lambda connection: _clear(connection, chosen), 0, writing=True)
        if model is None and self._database.writable:
            for path in self._database.set_aside():
                path.unlink(missing_ok=True)
            files.forget_digests(self.folder)
        return removed

    def named(self, name: str) -> list[str]:
        """The identities that a label (which several may have) or the beginning of an identity stands for."""
        models = self.info().models
        if labelled := [one.identity for one in models if one.label == name]:
            return labelled
        found = [one.identity for one in models if len(name) >= 4 and one.identity.startswith(name.lower())]
        if len(found) > 1:
            raise UsageError(f"{name!r} begins {len(found)} identities in the cache: give more digits")
        if not found:
            meant = did_you_mean(name, [one.label for one in models if one.label])
            raise UsageError(
                f"the cache {self.folder} holds no model {name!r}.{meant} "
                f"Give a label or the first digits of an identity; 'xlbench cache info' shows both"
            )
        return found

    def verify(self, progress: Callable[[int, int], None] | None = None) -> Verified:
        """Check every entry and the file around them; remove what is damaged.

        ``progress(done, total)`` is told of entries. Where the file itself is broken it is set aside as a whole.
        """
        before, aside = self._database.attempt(_count, 0), len(self._database.set_aside())
        checked = self._database.attempt(lambda connection: self._verify(connection, progress), Verified(before, 0))
        return checked if len(self._database.set_aside()) == aside else Verified(before, before)

    def _take(self, connection: sqlite3.Connection, model: str, kind: str, keys: Sequence[bytes]) -> Taken:
        import numpy as np

        group = _group(connection, model, kind)
        if group is None:
            return _nothing()
        query = "SELECT id FROM entries WHERE grp = ? AND key IN ({})"
        numbers = sorted(row[0] for row in _in_chunks(connection, query, sorted(set(keys)), group))
        query = "SELECT id, grp, key, shape, checksum, vectors FROM entries WHERE id IN ({})"
        rows = list(_in_chunks(connection, query, numbers))  # in the order of the file, where they lie side by side
        whole, damaged = _sorted_out(rows, {group: (model, kind)})
        self._remove(connection, damaged)
        self._stamp(connection, {row[0] >> 32 for row in whole})
        place = {row[2]: number for number, row in enumerate(whole)}
        found = np.fromiter((place.get(key, -1) for key in keys), np.int64, len(keys))
        positions = np.flatnonzero(found >= 0)
        chosen = [whole[number] for number in found[positions].tolist()]
        shapes = np.fromiter((row[3] for row in chosen), np.int64, len(chosen))
        if not len(chosen):
            return _nothing()
        counts = shapes >> 1
        flat = np.frombuffer(bytearray().join([row[5] for row in chosen]), "<f4").astype(np.float32, copy=False)
        vectors = flat.reshape(int(counts.sum()), -1) if flat.size else np.empty((0, 0), np.float32)
        return Taken(positions, counts, vectors, (shapes & 1).astype(bool))

    def _put(self, connection: sqlite3.Connection, entries: _Entries) -> None:
        with transaction(connection):
            names = entries.model, entries.kind
            connection.execute("INSERT OR IGNORE INTO groups (model, kind) VALUES (?, ?)", names)
            group = cast("int", _group(connection, *names))
            query = "SELECT length(vectors) / (shape >> 1) / 4 FROM entries WHERE grp = ? AND shape > 1 LIMIT 1"
            known = connection.execute(query, (group,)).fetchone()
            width = entries.matrix.shape[1]
            if known and entries.matrix.size and known[0] != width:
                self._database.say(
                    f"vectors of {width} dimensions are not kept: of the same model ({entries.model[:12]}) "
                    f"the cache holds some of {known[0]}"
                )
                return
            query = "SELECT key FROM entries WHERE grp = ? AND key IN ({})"
            there = {row[0] for row in _in_chunks(connection, query, sorted(set(entries.keys)), group)}
            first = {key: number for number, key in reversed([*enumerate(entries.keys)])}
            if new := sorted(number for key, number in first.items() if key not in there):
                self._insert(connection, group, entries, new)
        self._evict(connection)

    def _insert(self, connection: sqlite3.Connection, group: int, entries: _Entries, chosen: list[int]) -> None:
        """Write the chosen entries into the group's last generation, or into a new one where that is full."""
        now = int(time.time())
        query = "SELECT id, next, bytes FROM generations WHERE grp = ? ORDER BY id DESC LIMIT 1"
        row = connection.execute(query, (group,)).fetchone()
        if row is None or row[2] >= min(GENERATION_BYTES, self.max_bytes // 32):
            query = "INSERT INTO generations (grp, used, next, entries, bytes) VALUES (?, ?, 0, 0, 0)"
            row = connection.execute(query, (group, now)).lastrowid, 0
        generation, begin = row[:2]
        rows, size = entries.rows(chosen, group, (generation << 32) + begin)
        connection.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute(
            "UPDATE generations SET next = next + ?, entries = entries + ?, bytes = bytes + ?, used = ? WHERE id = ?",
            (len(chosen), len(chosen), size, now, generation),
        )
        self._stamped[generation] = now

    def _stamp(self, connection: sqlite3.Connection, generations: set[int]) -> None:
        """Note that these were used, where the last note is an hour old."""
        now = int(time.time())
        unsure = [one for one in sorted(generations) if now - self._stamped.get(one, 0) > STAMP_SECONDS]
        if not unsure or not self._database.writable:
            return
        self._stamped |= dict.fromkeys(unsure, now)
        query = "SELECT id FROM generations WHERE used < ? AND id IN ({})"
        if old := [row[0] for row in _in_chunks(connection, query, unsure, now - STAMP_SECONDS)]:
            with contextlib.suppress(sqlite3.OperationalError), transaction(connection):
                connection.executemany("UPDATE generations SET used = ? WHERE id = ?", [(now, one) for one in old])

    def _evict(self, connection: sqlite3.Connection) -> None:
        """Above the cap, remove the generations that were used least recently, until a tenth is free."""
        if used_bytes(connection) <= self.max_bytes:
            return
        more = True
        while more:  # a transaction each, so that others get their turn; each looks anew, since others evict, too
            with transaction(connection):
                row = connection.execute("SELECT id, grp FROM generations ORDER BY used, id LIMIT 1").fetchone()
                more = row is not None and used_bytes(connection) > KEEP_SHARE * self.max_bytes
                if more:
                    _delete_generation(connection, row[0])
                    _forget_empty(connection, row[1])
        spare = int(pragma(connection, "page_count")) - self.max_bytes // int(pragma(connection, "page_size"))
        if spare > 0:
            give_back(connection, spare)

    def _remove(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Remove damaged entries, and count them."""
        self._damaged += len(rows)
        if not rows or not self._database.writable:
            return
        with contextlib.suppress(sqlite3.OperationalError), transaction(connection):
            for number, *_, vectors in rows:
                size = len(vectors) if isinstance(vectors, bytes) else 0
                if connection.execute("DELETE FROM entries WHERE id = ?", (number,)).rowcount:
                    query = "UPDATE generations SET entries = entries - 1, bytes = MAX(bytes - ?, 0) WHERE id = ?"
                    connection.execute(query, (size, number >> 32))

    def _verify(self, connection: sqlite3.Connection, progress: Callable[[int, int], None] | None) -> Verified:
        groups: dict[int, tuple[str, str]] = {}
        total, done, damaged, last = _count(connection), 0, 0, -1
        query = "SELECT id, grp, key, shape, checksum, vectors FROM entries WHERE id > ? ORDER BY id LIMIT ?"
        while rows := connection.execute(query, (last, _IN)).fetchall():
            last = rows[-1][0]
            if {row[1] for row in rows} - groups.keys():  # at the beginning, and where another process adds a group
                groups = {row[0]: row[1:] for row in connection.execute("SELECT id, model, kind FROM groups")}
            broken = _sorted_out(rows, groups)[1]
            self._remove(connection, broken)
            done, damaged = done + len(rows), damaged + len(broken)
            if progress:
                progress(done, max(total, done))
        if not is_sound(connection):
            raise corrupt("its pages do not fit together")
        return Verified(done, damaged)


@dataclass(frozen=True)
class _Entries:
    """Entries to be written."""

    model: str
    kind: str
    keys: list[bytes]
    matrix: NDArray[np.float32]
    counts: NDArray[np.int64]
    truncated: NDArray[np.bool_]

    def rows(self, chosen: list[int], group: int, begin: int) -> tuple[Iterator[Row], int]:
        """Rows of the table for the chosen entries, numbered from ``begin``, and how many bytes their vectors have."""
        import numpy as np

        width = self.matrix.shape[1] * 4
        ends = (np.cumsum(self.counts) * width)[chosen]
        starts = ends - self.counts[chosen] * width
        data = self.matrix.reshape(-1).view(np.uint8).data
        blobs = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        keys = [self.keys[number] for number in chosen]
        shapes = self.counts[chosen] << 1 | self.truncated[chosen]
        checks = _checksums(self.model, self.kind, keys, shapes, blobs)
        numbers = range(begin, begin + len(chosen))
        rows = zip(numbers, repeat(group, len(chosen)), keys, shapes.tolist(), checks, blobs, strict=True)
        return rows, int((ends - starts).sum())


def key_of(text: str) -> bytes:
    """The key of a text: 16 bytes of BLAKE2b over its UTF-8."""
    from hashlib import blake2b

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def key_of_words(words: Sequence[str]) -> bytes:
    """The key of a sentence that is split into words: 16 bytes; ("ab", "c") is not ("a", "bc")."""
    from hashlib import blake2b

    ended = b"\xff".join([*(word.encode("utf-8", "surrogatepass") for word in words), b""])  # UTF-8 has no byte 0xff
    return blake2b(ended, digest_size=16).digest()


def keys_of(texts: Sequence[str]) -> list[bytes]:
    """`key_of` of n texts."""
    return list(map(key_of, texts))


def keys_of_words(sentences: Sequence[Sequence[str]]) -> list[bytes]:
    """`key_of_words` of n sentences."""
    return list(map(key_of_words, sentences))


def _check(kind: str, keys: Sequence[bytes]) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {KINDS}")
    if not set(map(len, keys)) <= set(range(16, 33)):
        raise ValueError("a key has 16 to 32 bytes")


def _nothing() -> Taken:
    import numpy as np

    return Taken(np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, 0), np.float32), np.empty(0, bool))


# ---- checksums


def _checksums(
    model: str, kind: str, keys: Sequence[bytes], shapes: NDArray[np.int64], blobs: Sequence[Any]
) -> list[int]:
    """CRC-32 of each entry's numbers, begun with that of model, kind and key, and with the shape."""
    import numpy as np

    salt = crc32(f"{model}/{kind}".encode())
    begins = np.fromiter(map(crc32, keys, repeat(salt)), np.int64, len(keys)) ^ (shapes & 0xFFFFFFFF)
    return list(map(crc32, blobs, begins.tolist()))


def _checksum_of_facts(model: str, text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"), crc32(model.encode()))


def _sorted_out(rows: Sequence[Row], groups: Mapping[int, tuple[str, str]]) -> tuple[list[Row], list[Row]]:
    """(whole, damaged) rows, given which model and kind each group is."""
    whole: list[Row] = []
    damaged = [row for row in rows if row[1] not in groups]
    for group, names in groups.items():
        if mine := [row for row in rows if row[1] == group]:
            sound = _are_whole(*names, mine)
            whole += [row for row, good in zip(mine, sound, strict=True) if good]
            damaged += [row for row, good in zip(mine, sound, strict=True) if not good]
    return whole, damaged


def _are_whole(model: str, kind: str, rows: Sequence[Row]) -> list[bool]:
    """Whether each row is what was written."""
    import numpy as np

    _, _, keys, shapes, checks, blobs = zip(*rows, strict=True)
    try:
        shape = np.array(shapes, np.int64)
        width = np.maximum(shape >> 1, 0) * 4  # of a column: the checksum sees the shape's last 32 bits alone
        sizes = np.fromiter(map(len, blobs), np.int64, len(rows))
        fits = np.where(width > 0, (sizes > 0) & (sizes % np.maximum(width, 1) == 0), (sizes == 0) & (shape >= 0))
        equal = map(eq, _checksums(model, kind, keys, shape, blobs), checks)
        return [*map(and_, fits.tolist(), equal)]
    except (TypeError, ValueError, OverflowError):  # damage has changed a type: look one by one
        return [False] if len(rows) == 1 else [_are_whole(model, kind, [row])[0] for row in rows]


# ---- the tables


def _in_chunks(connection: sqlite3.Connection, query: str, values: Sequence[Any], *before: Any) -> Iterator[Row]:
    """Rows of a query with one IN list, ``{}``, over any number of values; ``before`` are the values ahead of it."""
    for start in range(0, len(values), _IN):
        chunk = values[start : start + _IN]
        yield from connection.execute(query.format(",".join("?" * len(chunk))), (*before, *chunk)).fetchall()


def _group(connection: sqlite3.Connection, model: str, kind: str) -> int | None:
    row = connection.execute("SELECT id FROM groups WHERE model = ? AND kind = ?", (model, kind)).fetchone()
    return None if row is None else int(row[0])


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COALESCE(SUM(entries), 0) FROM generations").fetchone()[0])


def _facts(connection: sqlite3.Connection, model: str) -> dict[str, Fact] | None:
    row = connection.execute("SELECT facts, checksum FROM models WHERE identity = ?", (model,)).fetchone()
    if row is None or not isinstance(row[0], str) or row[1] != _checksum_of_facts(model, row[0]):
        return None
    facts: dict[str, Fact] = json.loads(row[0])
    return facts


def _models(connection: sqlite3.Connection) -> tuple[ModelInfo, ...]:
    query = (
        "SELECT model, SUM(entries), SUM(bytes), MAX(used) FROM groups "
        "JOIN generations ON generations.grp = groups.id GROUP BY model"
    )
    held = {row[0]: row[1:] for row in connection.execute(query).fetchall()}
    identities = {*held, *(row[0] for row in connection.execute("SELECT identity FROM models").fetchall())}
    models = []
    for identity in identities:
        label = (_facts(connection, identity) or {}).get("label")
        models.append(ModelInfo(identity, str(label or ""), *held.get(identity, (0, 0, 0))))
    return tuple(sorted(models, key=lambda one: (-one.bytes, one.identity)))


def _clear(connection: sqlite3.Connection, models: Sequence[str] | None) -> int:
    """Remove these models, or all; returns how many entries they had."""
    with transaction(connection):
        before = _count(connection)
        if models is None:
            for table in ("entries", "generations", "groups", "models"):
                connection.execute(f"DELETE FROM {table}")
        for model in models or ():
            query = "SELECT id FROM generations WHERE grp IN (SELECT id FROM groups WHERE model = ?)"
            for row in connection.execute(query, (model,)).fetchall():
                _delete_generation(connection, row[0])
            connection.execute("DELETE FROM groups WHERE model = ?", (model,))
            connection.execute("DELETE FROM models WHERE identity = ?", (model,))
        removed = before - _count(connection)
    give_back(connection)
    return removed


def _delete_generation(connection: sqlite3.Connection, generation: int) -> None:
    bounds = generation << 32, (generation + 1) << 32
    connection.execute("DELETE FROM entries WHERE id >= ? AND id < ?", bounds)
    connection.execute("DELETE FROM generations WHERE id = ?", (generation,))


def _forget_empty(connection: sqlite3.Connection, group: int) -> None:
    """Drop a group without generations, and the facts of a model without groups."""
    row = connection.execute("SELECT model FROM groups WHERE id = ?", (group,)).fetchone()
    query = "DELETE FROM groups WHERE id = ? AND NOT EXISTS (SELECT 1 FROM generations WHERE grp = ?)"
    connection.execute(query, (group, group))
    if row:
        query = "DELETE FROM models WHERE identity = ? AND NOT EXISTS (SELECT 1 FROM groups WHERE model = ?)"
        connection.execute(query, (row[0], row[0]))
