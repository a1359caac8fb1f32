"""Writes files of exports and pictures; never overwrites a file that another program has written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.core.files import write_files


def write_own(folder: Path, files: Mapping[str, bytes], is_own: Callable[[str, bytes], bool], what: str) -> list[Path]:
    """Write files in their order; returns their paths.

    Args:
        folder: Where to; it is made where it is not there.
        files: File name -> content.
        is_own: Whether a file that is there, by its name and content, was written by the same command.
        what: What they are, for the error line.

    Raises:
        UsageError: A file of that name is another's, or the folder cannot be written to. Nothing is written then.
    """
    check_own(folder, files, is_own)
    return write_files(folder, files, what, "--out")


def check_own(
    folder: Path, files: Mapping[str, bytes], is_own: Callable[[str, bytes], bool], by: str = "by this command"
) -> None:
    """Raise `UsageError` where a file would be written over one that is not our own, which is one written ``by``."""
    for name, content in files.items():
        path = folder / name
        try:
            there = path.read_bytes() if path.exists() or path.is_symlink() else content
        except OSError as error:
            raise UsageError(f"cannot look at {path}: {error.strerror}; choose another --out") from None
        if there != content and not is_own(name, there):
            raise UsageError(
                f"{path} was not written {by}, or was changed since: move it away, or choose another --out"
            )
