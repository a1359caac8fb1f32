"""Writes the folder of a corpus: it appears whole or not at all, and what a killed process has left is removed."""

from __future__ import annotations

import contextlib
import errno
import glob
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.files import is_old, is_staging_folder, staging_folder
from xlbench.corpus.duplicates import open_index
from xlbench.corpus.manifest import MANIFEST

INDEX = "index.sqlite"


def check_output(out: Path) -> None:
    """`UsageError` where a folder holds something already, or cannot be one."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file: give a folder")
    entries = sorted(out.iterdir()) if out.is_dir() else []
    names = [entry.name for entry in entries if not is_staging_folder(entry)]
    if MANIFEST in names:
        raise UsageError(f"--out {out} holds a corpus: nothing is written over it; choose another folder, or remove it")
    if names:
        raise UsageError(f"--out {out} holds other files ({names[0]}); choose another folder")


@contextlib.contextmanager
def staged(out: Path) -> Iterator[tuple[Path, sqlite3.Connection]]:
    """A folder that becomes ``out`` when the context ends well, and is removed when it does not; with an index in it.

    What processes have left there that are no more (killed, or without power) is removed.

    Raises:
        UsageError: The folder cannot be written to, or another process has written it meanwhile.
        ResultsError: The disk is full.
    """
    check_output(out)
    target = Path(os.path.abspath(out))
    home = target if target.is_dir() else target.parent  # one that is there stays: it may be a mount, or a link
    stage = home / staging_folder(target).name
    try:
        home.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(home, target.name)
        stage.mkdir()
        index = open_index(stage / INDEX)
        try:
            yield stage, index
        finally:
            index.close()
        (stage / INDEX).unlink()
        check_output(out)
        _publish(stage, target)
    except (OSError, sqlite3.Error) as error:
        raise _explained(error, out) from None
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _explained(error: OSError | sqlite3.Error, out: Path) -> Exception:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or (isinstance(error, sqlite3.Error) and "full" in str(error)):
        return ResultsError(f"cannot write the corpus to {out}: the disk is full; nothing of it is kept")
    why = error.strerror if isinstance(error, OSError) and error.strerror else error
    return UsageError(f"cannot write the corpus to {out}: {why}; choose another --out")


def _publish(stage: Path, target: Path) -> None:
    """Rename the folder, or, where it was staged within one that is there, move its files: the manifest last."""
    if stage.parent != target:
        os.rename(stage, target)
        return
    for name in sorted((path.name for path in stage.iterdir()), key=lambda name: (name == MANIFEST, name)):
        os.replace(stage / name, target / name)


def _remove_leftovers(home: Path, name: str) -> None:
    """Remove staging folders of the same name whose process is no more: it has let go of its index."""
    for path in home.glob(f".{glob.escape(name)}.*.tmp"):
        if not is_staging_folder(path):
            continue
        if not (path / INDEX).is_file():
            if is_old(path):
                shutil.rmtree(path, ignore_errors=True)
            continue
        with contextlib.suppress(sqlite3.Error):
            open_index(path / INDEX).close()
            shutil.rmtree(path, ignore_errors=True)


class LineFile:
    """A gzipped file of JSON lines, whose bytes are the same for the same lines."""

    def __init__(self, path: Path) -> None:
        """Begin the file."""
        self.lines, self.path = 0, path
        self._raw: IO[bytes] = path.open("wb")
        self._file = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=self._raw, mtime=0)

    def add(self, line: Mapping[str, object]) -> None:
        """Write one line."""
        self._file.write(f"{json.dumps(line, ensure_ascii=False)}\n".encode())
        self.lines += 1

    def close(self) -> None:
        """End the file, and wait until it is on the disk."""
        self._file.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()


def file_facts(path: Path) -> dict[str, object]:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}
