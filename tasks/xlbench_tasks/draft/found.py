"""The files that a draft is made of: those named, and those in the folders named, without what is no data."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlbench import UsageError
from xlbench.core.text import first_of

BESIDE = re.compile(r"(readme|licen[cs]e|source|changelog|citation|copying|notice|datasheet)\b.*", re.IGNORECASE)
"""Names of files that lie beside data and are none."""
NO_DATA = (".md", ".rst", ".py", ".sh", ".ipynb", ".pdf", ".html", ".toml", ".yaml", ".yml", ".bib", ".png", ".jpg")
"""How the names of other files end that are no data."""
MOST = 20_000
"""So many files at the most: more are a mistake, such as a home folder."""


@dataclass(frozen=True)
class Found:
    """The files of a draft, relative to the folder that its patterns begin in."""

    root: Path
    files: tuple[str, ...]
    """With slashes, sorted."""
    passed_over: tuple[str, ...] = ()
    """Files of the folders that are named as no data is."""

    def path(self, name: str) -> Path:
        """Where a file lies."""
        return self.root / name


def find(given: Sequence[Path], root: Path | None) -> Found:
    """The files among ``given``, which are files and folders, below ``root``, or below the folder that holds them all.

    Raises:
        UsageError: There is no such file, none that is data, or one that does not lie below the root.
    """
    if not given:
        raise UsageError("name a file, or a folder of files")
    named = [path.expanduser() for path in given]
    for path in named:
        if not path.exists():
            raise UsageError(f"there is no file {path}")
    inside = [file for path in named if path.is_dir() for file in _walk(path)]
    data = [file for file in inside if _is_data(file)]
    files = sorted({Path(os.path.abspath(file)) for file in [*(path for path in named if path.is_file()), *data]})
    if not files:
        raise UsageError(f"{first_of([str(path) for path in named], 3)} holds no file of data")
    homes = [Path(os.path.abspath(path if path.is_dir() else path.parent)) for path in named]
    top = Path(os.path.abspath(root)) if root else Path(os.path.commonpath(homes))
    for file in files:
        if not file.is_relative_to(top):
            raise UsageError(f"{file} does not lie below {top}, to which the names of files in a card are relative")
    passed = sorted(os.path.relpath(file, top).replace(os.sep, "/") for file in inside if not _is_data(file))
    return Found(top, tuple(file.relative_to(top).as_posix() for file in files), tuple(passed))


def _walk(folder: Path) -> Iterable[Path]:
    """The files of a folder and those below it, but for hidden ones; `UsageError` where there are far too many."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        for name in sorted(names):
            if not name.startswith("."):
                count += 1
                if count > MOST:
                    raise UsageError(f"{folder} holds more than {MOST:,} files: name the folder of one data set")
                yield Path(place) / name


def _is_data(file: Path) -> bool:
    return not (BESIDE.fullmatch(file.name) or file.name.lower().endswith(NO_DATA) or file.stem.lower() == "labels")
