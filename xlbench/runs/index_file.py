"""The index of a run: one file beside its cells that holds what was read of them, and of which files that was read.

    RESULTS/<model>-<hash>/.index      a head (msgpack), then its two bodies: cells with ids, and influences

It says nothing of its own. Whatever is taken from it was read and checked before, from files that have been left alone
since, by their size, times and inode; everything else is read from the cells. Whoever removes it loses time alone.
"""

from __future__ import annotations

import hashlib
import os
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from xlbench.core.files import write_whole
from xlbench.core.record import SCHEMA, SCORING, Cell
from xlbench.core.version import __version__

NAME = ".index"
LARGEST = 1 << 30
"""Bytes of an index that is read."""
_MARK = b"xlbench index 1\n"
READ_BY = f"{__version__} {SCHEMA} {SCORING} {sys.byteorder}"
"""What reads cells and makes influences of them: an index that another version has written is made anew."""

Signature = bytes
"""What tells a file that was touched: bytes, times of its content and of its entry in nanoseconds, inode."""
_SIGNATURE = struct.Struct("<3qQ")
SETTLED = 2_000_000_000
"""Nanoseconds since a file was touched from which on touching it again changes its times, whatever the disk."""


class Entry(msgspec.Struct, array_like=True, frozen=True):
    """One cell's place in the index, and the files that it was read from."""

    folder: str
    """Of its task, below ``cells``."""
    name: str
    """Of its file."""
    file: Signature
    provenance: int
    """The number of its provenance among those of the run."""
    items: Signature | None = None
    """Of its items' file; None: its influence is not known here."""
    clusters: int = 0
    """The number of its clusters among those of the run."""
    start: int = 0
    """Where its sums begin among those of all cells."""
    count: int = 0
    """How many there are: its clusters, and its seeds."""


class Clusters(msgspec.Struct, array_like=True, frozen=True):
    """Items' clusters."""

    digest: bytes
    names: bytes
    """A list of texts, packed: it is unpacked where no other run has had these clusters."""
    codes: bytes
    """(n,) 4 bytes each."""


class _Head(msgspec.Struct, array_like=True, frozen=True):
    read_by: str
    bodies: tuple[tuple[int, bytes], tuple[int, bytes]]
    """Bytes and SHA-256 of each."""


class Body(msgspec.Struct, array_like=True, frozen=True):
    """All but the sums."""

    entries: tuple[Entry, ...]
    cells: bytes
    """The cells without provenance, in the order of the entries, packed."""
    provenances: tuple[dict[str, object], ...]
    clusters: tuple[Clusters, ...]


class IndexFile:
    """An index as it lies in a run's folder, opened."""

    def __init__(self, path: Path, head: _Head, start: int) -> None:
        self._path, self._head, self._start = path, head, start

    @classmethod
    def open(cls, folder: Path) -> tuple[IndexFile, Body, tuple[Cell, ...]] | None:
        """The index of a run with its body and cells, which have no provenance yet; None where there is none, or one
        that is damaged or of another version."""
        path = folder / NAME
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > LARGEST or file.read(len(_MARK)) != _MARK:
                    return None
                size = int.from_bytes(file.read(4), "little")
                head = msgspec.msgpack.decode(file.read(size), type=_Head)
                if head.read_by != READ_BY:
                    return None
                start = file.tell()
                content = file.read(head.bodies[0][0])
            if hashlib.sha256(content).digest() != head.bodies[0][1]:
                return None
            body = msgspec.msgpack.decode(content, type=Body)
            cells = msgspec.msgpack.decode(body.cells, type=tuple[Cell, ...])
            return (cls(path, head, start), body, cells) if len(cells) == len(body.entries) else None
        except (OSError, ValueError, RecursionError):  # msgspec's errors are of these
            return None

    def sums(self) -> bytes | None:
        """The influences of all cells, 8 bytes each; None where they are damaged or another index has come."""
        (before, _), (size, digest) = self._head.bodies
        try:
            with self._path.open("rb") as file:
                file.seek(self._start + before)
                content = file.read(size)
        except OSError:
            return None
        return content if hashlib.sha256(content).digest() == digest else None


def write_index(folder: Path, body: Body, sums: Sequence[bytes]) -> bool:
    """Write the index of a run, whole or not at all; whether that could be done."""
    contents = msgspec.msgpack.encode(body), b"".join(sums)
    described = tuple((len(content), hashlib.sha256(content).digest()) for content in contents)
    head = msgspec.msgpack.encode((READ_BY, described))
    try:
        whole = b"".join([_MARK, len(head).to_bytes(4, "little"), head, *contents])
        write_whole(folder / NAME, whole, durable_name=False)
    except OSError:  # a folder that is only read, or a full disk: it is an index, and not results
        return False
    return True


def signature_of(found: os.stat_result) -> Signature:
    """The signature of a file."""
    return _SIGNATURE.pack(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def is_settled(signature: Signature, now: int) -> bool:
    """Whether a file that was looked at ``now`` (nanoseconds) will have other times when it is touched again."""
    _, content, entry, _ = _SIGNATURE.unpack(signature)
    return bool(max(content, entry) < now - SETTLED)
