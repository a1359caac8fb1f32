"""Whose run lies somewhere, from the first lines of it alone: many runs can be told apart without being read."""

from __future__ import annotations

import zipfile
from pathlib import Path

import msgspec

from xlbench.runs.packs.header import HEAD

LARGEST = 16 << 20
"""Bytes that are looked at."""


class _Named(msgspec.Struct):
    model: str


def model_of(path: Path) -> str | None:
    """The model of a run's folder or of a pack, as its manifest or its head says without being checked; None where
    neither does, or where it cannot be read: whose run it is, reading it will show."""
    try:
        content = _head_of(path) if path.is_file() else _beginning(path / "run.json")
        return None if content is None else msgspec.json.decode(content, type=_Named).model
    except (OSError, ValueError, RecursionError, NotImplementedError, zipfile.BadZipFile):
        return None


def _beginning(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and path.stat().st_size <= LARGEST else None


def _head_of(path: Path) -> bytes | None:
    with zipfile.ZipFile(path) as archive:
        info = archive.NameToInfo.get(HEAD)
        if info is None or info.file_size > LARGEST or info.compress_type != zipfile.ZIP_STORED:
            return None
        return archive.read(info)
