"""The file names of one checkpoint, and the content of its small JSON files.

A folder and a repository on the hub are read through the same `Listing`, so that a repository is understood before
any of its weights are downloaded.
"""

from __future__ import annotations

import json
import os
import posixpath
import stat
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from xlbench import DataError, UsageError

MAX_DEPTH = 3
"""Folders below a checkpoint's own that are looked into."""

MAX_JSON_BYTES = 4 << 20
"""Size of the largest settings file that is read: parsing takes about thirty times as much memory."""

_OF_TOOLS = ("__pycache__", ".git", ".cache")
"""Folders that Python, git and the hub's client leave: no part of a checkpoint."""


@dataclass(frozen=True)
class Listing:
    """The files of one checkpoint. Paths are relative to it, with ``/``; a *site* is a folder within it, "" its own."""

    names: frozenset[str]
    read: Callable[[str], str]
    """Gives the text of a small file."""
    label: str
    """What messages call the checkpoint."""
    unseen: tuple[str, ...] = ()
    """Folders that were not looked into: hidden ones, links, and those below `MAX_DEPTH`."""

    def json(self, name: str) -> Any:
        """The content of a JSON file; {} where it is not there. `DataError` where it is no JSON."""
        if name not in self.names:
            return {}
        try:
            return json.loads(self.read(name))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.label}: {name} is not JSON ({error}): download or save it anew") from None

    def table(self, name: str) -> Mapping[str, Any]:
        """The content of a JSON file that has to hold an object; {} where the file is not there."""
        content = self.json(name)
        if not isinstance(content, dict):
            raise DataError(f"{self.label}: {name} holds no settings (an object): download or save it anew")
        return content

    def model_type(self) -> str:
        """The architecture that ``config.json`` names, such as "bert"; "" where it names none."""
        return str(self.table("config.json").get("model_type") or "")

    def matching(self, site: str, patterns: Sequence[str]) -> list[str]:
        """Names of the files right in the folder ``site`` that match one of the patterns."""
        found = (name for name in self.names if posixpath.dirname(name) == site)
        return [name for name in found if any(fnmatchcase(posixpath.basename(name), pattern) for pattern in patterns)]

    def label_of(self, site: str) -> str:
        """What messages call a folder of the checkpoint."""
        return posixpath.join(self.label, site) if site else self.label

    def site(self, path: str, named_by: str) -> str:
        """A folder that a settings file names, as a site. `UsageError` where it leaves the checkpoint."""
        plain = posixpath.normpath(path.replace("\\", "/")) if path else ""
        if plain.startswith(("/", "..")) or ":" in plain:
            raise UsageError(f"{self.label}: {named_by} points out of its own folder ({path!r}): it is not read")
        return "" if plain == "." else plain


def list_folder(folder: Path, label: str) -> Listing:
    """The files of a local checkpoint."""
    names: set[str] = set()
    unseen: list[str] = []
    for path, folders, files in os.walk(folder):
        below = Path(path).relative_to(folder)
        into = [name for name in folders if len(below.parts) < MAX_DEPTH and _is_open(Path(path) / name)]
        unseen += [(below / name).as_posix() for name in folders if name not in into and name not in _OF_TOOLS]
        folders[:] = into
        names |= {(below / name).as_posix() for name in files}
    return Listing(frozenset(names), reader(folder), label, tuple(sorted(unseen)))


def _is_open(folder: Path) -> bool:
    return not folder.name.startswith((".", "__pycache__")) and not folder.is_symlink()


def reader(folder: Path) -> Callable[[str], str]:
    """A function that gives the text of a small file of a folder; `DataError` where that is no such file."""

    def read(name: str) -> str:
        """The text of a file of the folder."""
        check_regular(folder, (name,))
        path = folder / name
        if (size := path.stat().st_size) > MAX_JSON_BYTES:
            raise DataError(f"{path} has {size:,} bytes; settings of more than {MAX_JSON_BYTES:,} are not read")
        return path.read_text(encoding="utf-8")

    return read


def check_regular(folder: Path, names: Sequence[str]) -> None:
    """`DataError` where one of these is a pipe, a device or a broken link: reading it might never end."""
    for name in names:
        path = folder / name
        try:
            regular = stat.S_ISREG(path.stat().st_mode)
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from None
        if not regular:
            raise DataError(f"{path} is no regular file (a pipe or a device): put the file itself there")


def objects_in(content: Any) -> Iterator[Mapping[str, Any]]:
    """Every object within the content of a JSON file, itself first."""
    waiting = deque([content])
    while waiting:
        current = waiting.popleft()
        if isinstance(current, dict):
            yield current
            waiting += current.values()
        elif isinstance(current, list):
            waiting += current
