"""Atomic file writing: a file appears whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from xlbench.core.errors import ResultsError, UsageError

PIECE = 1 << 20
"""Bytes of a file that are compared at once."""
STALE_SECONDS = 3600
"""Age after which a leftover file cannot belong to a run that is still going."""


def write_whole(path: Path, content: bytes, *, durable_name: bool) -> None:
    """Write a file that appears whole or not at all, on the disk before this returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable_name and os.name == "posix":  # the folder's entry too; this also covers the items renamed before
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def staging_folder(folder: Path) -> Path:
    """Where a folder may be written, to be renamed once it is whole; in the place in which it will lie."""
    return folder.with_name(f".{folder.name}.{os.getpid()}-{time.monotonic_ns()}.tmp")


def is_staging_folder(path: Path) -> bool:
    """Whether this is such a folder."""
    return re.fullmatch(r"\..+\.\d+-\d+\.tmp", path.name) is not None and path.is_dir()


def is_old(path: Path) -> bool:
    """Whether no run that is still going can be writing this file."""
    try:
        return path.stat().st_mtime < time.time() - STALE_SECONDS
    except OSError:
        return False


def remove(path: Path) -> None:
    """Delete a file or a staging folder, where it is there and that is possible."""
    if is_staging_folder(path):
        shutil.rmtree(path, ignore_errors=True)
        return
    with contextlib.suppress(OSError):
        path.unlink()


def check_folder(folder: Path, what: str, option: str) -> None:
    """Create a folder, and raise `UsageError` where ``what`` cannot be written to it; ``option`` names the folder."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}-{time.monotonic_ns()}.tmp"
        probe.write_bytes(b"")
        probe.unlink(missing_ok=True)  # another machine's process may have the same number
    except OSError as error:
        raise UsageError(
            f"cannot write {what} to {folder}: {error.strerror or error}; choose another {option}"
        ) from None


def _holds(path: Path, content: bytes) -> bool:
    """Whether a file holds exactly this; it is read a piece at a time."""
    if not path.is_file() or path.stat().st_size != len(content):
        return False
    view, start = memoryview(content), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            if view[start : start + len(piece)] != piece:
                return False
            start += len(piece)
    return start == len(content)


def write_files(
    folder: Path,
    files: Mapping[str, str | bytes],
    what: str = "boards",
    option: str = "--boards",
    *,
    stale: Iterable[str] = (),
) -> list[Path]:
    """Write what was rendered, each file whole or not at all; returns their paths. `UsageError` where that is
    impossible (its words are ``what`` and the ``option`` that names the folder), `ResultsError` where the disk is full.
    Files named in ``stale`` are removed. No name leaves the folder: `UsageError` for one that would.
    """
    written = []
    stale = tuple(stale)
    for name in (*files, *stale):
        if name != Path(name).name or (folder / name).resolve().parent != folder.resolve():
            raise UsageError(f"cannot write {what} to {folder}: {name!r} is not the name of a file in it")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            if (folder / name).exists():  # on a read-only disk, removing what is not there is an error, too
                (folder / name).unlink(missing_ok=True)
        for name, content in files.items():
            for leftover in folder.glob(f".{name}.*.tmp"):
                if is_old(leftover):
                    remove(leftover)
            raw = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
            if not _holds(folder / name, raw):
                write_whole(folder / name, raw, durable_name=True)
            written.append(folder / name)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ResultsError(f"cannot write {what} to {folder}: {error.strerror}; the results are kept") from None
        raise UsageError(
            f"cannot write {what} to {folder}: {error.strerror or error}; choose another {option}"
        ) from None
    return written
