"""A checkpoint on this machine: a local folder, or a snapshot of a repository on the hub, with hashes of its files.

Whatever is on this machine already, at a revision that is pinned, is used without a request.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench import DataMissing, UsageError, XlbenchError
from xlbench.core.errors import require_extra
from xlbench.core.permissions import permissions
from xlbench.core.text import did_you_mean, error_text
from xlbench.hub import HubRepository, NotCachedError, is_commit
from xlbench_transformers import safety

if TYPE_CHECKING:
    from xlbench_transformers.layout import Kind, Layout

_PATH = re.compile(r"[.~]?[/\\]|\.\.[/\\]|\.{1,2}$|~|[A-Za-z]:[/\\]")
_HUB = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_COMMITTED = 12
"""Hex digits of a commit that messages show."""


@dataclass(frozen=True)
class LocatedCheckpoint:
    """A checkpoint on this machine: its folder, its layout and, from the hub, its commit."""

    folder: Path
    layout: Layout
    commit: str = ""
    """The commit of the hub's repository; "" for a local folder."""

    def content(self) -> dict[str, str]:
        """SHA-256 of every file that shapes vectors, by its path within the checkpoint."""
        from xlbench.encoding.cache import file_digest  # with all of sqlite3 behind it, which no list of models needs

        return {name: file_digest(self.folder / name) for name in self.layout.files}


@dataclass(frozen=True)
class Checkpoint:
    """What a spec names: a folder or a repository on the hub, perhaps at a revision."""

    target: str
    revision: str | None
    kind: Kind | None
    """The scheme that it is to be read with; None: what it looks like."""
    spec: str
    """As it was given, for messages."""

    @property
    def local(self) -> bool:
        """Whether the target is a path; a relative one begins with ``./``, since the rest are names on the hub."""
        return is_path(self.target)

    def located(self) -> LocatedCheckpoint:
        """The checkpoint on this machine, downloaded if that is needed and permitted.

        Raises `UsageError` for what is no checkpoint, does not exist or is refused, `DataError` for damaged files,
        `DataMissing` for what would have to be downloaded and cannot be.
        """
        if self.local:
            return self._in_folder()
        if isinstance(self._on_hub, XlbenchError):
            raise self._on_hub
        return self._on_hub

    def at_hand(self) -> LocatedCheckpoint | None:
        """The same without a request: None for what would have to be downloaded, or is refused or damaged."""
        try:
            return self.located() if self.local or "_on_hub" in vars(self) else self._snapshot(local=True)
        except (XlbenchError, NotCachedError):
            return None

    def _in_folder(self) -> LocatedCheckpoint:
        from xlbench_transformers.layout import lay_out, with_weights_checked
        from xlbench_transformers.listing import list_folder

        if self.revision is not None and not self.revision.startswith(safety.PIN):
            raise UsageError(
                f"{self.spec!r}: a folder has no revision {self.revision!r}; what may follow is {safety.PIN} and the "
                f"digits of a pin"
            )
        folder = Path(self.target).expanduser()
        if not folder.is_dir():
            if folder.is_file():
                raise UsageError(f"{self.target} is a file: give the folder that a checkpoint lies in")
            raise UsageError(f"there is no folder {self.target}.{_similar_folder(folder)}")
        layout = lay_out(list_folder(folder, self.target), self.kind)
        permitted = permissions()
        safety.check_pin(layout, folder, self.target, self.revision, permitted)
        safety.check_pickles(layout, self.target, permitted)
        return LocatedCheckpoint(folder, with_weights_checked(layout, folder))

    @cached_property
    def _on_hub(self) -> LocatedCheckpoint | XlbenchError:
        """What came of looking for it, once: a dead network takes long to tell."""
        try:
            return self._look_up()
        except XlbenchError as error:
            return error

    def _look_up(self) -> LocatedCheckpoint:
        if not _HUB.fullmatch(self.target) or ".." in self.target or "--" in self.target:
            raise UsageError(f"{self.target!r} is neither a name on the hub (org/name) nor a path (./folder)")
        if (self.revision or "").startswith(safety.PIN):
            raise UsageError(f"{self.spec!r}: {safety.PIN} pins a folder; on the hub, pin a commit")
        offline = permissions().offline
        if offline or is_commit(self.revision):
            try:
                return self._snapshot(local=True)
            except NotCachedError as error:
                if offline:
                    raise self._missing(str(error)) from error
        try:
            self._repository().look_up()
            return self._snapshot(local=False)
        except XlbenchError:
            raise
        except Exception as error:  # what a dropped connection raises depends on the HTTP library
            raise self._one_line_errors(error) from error

    def _repository(self, commit: str = "") -> HubRepository:
        """The repository on the hub, at a commit or else at the spec's revision."""
        require_extra("hf", f"{self.target} on the hub", "huggingface_hub")
        return HubRepository(self.target, "model", commit or self.revision)

    def _one_line_errors(self, error: Exception) -> XlbenchError:
        """What an answer of the hub means, in one line."""
        known = self._repository().explain(error)
        if known is not None and "there is no model" in str(known):
            return UsageError(f"{known}; a folder is given as ./{self.target}")
        return known or self._missing(f"and cannot be downloaded now: {error_text(error)[:200]}")

    def _missing(self, why: str) -> DataMissing:
        folder = f"the folder that is here, as ./{self.target}" if Path(self.target).is_dir() else "a local folder"
        return DataMissing(
            f"{self._at()} is not on this machine ({why}): get it with xlbench fetch --model '{self.spec}', or give "
            f"{folder}"
        )

    def _at(self) -> str:
        return f"{self.target} at {self.revision[:_COMMITTED]}" if self.revision else self.target

    def _snapshot(self, *, local: bool) -> LocatedCheckpoint:
        """The snapshot in the hub's cache; ``local``: as it is there, `NotCachedError` where it is not or not whole."""
        from xlbench_transformers.layout import SMALL, lay_out, with_weights_checked
        from xlbench_transformers.listing import Listing, list_folder

        folder = self._repository().snapshot(SMALL, cached=local, progress=False)
        repository = self._repository(folder.name)
        names = repository.known_files()
        if names is None:
            names = list(list_folder(folder, self._at()).names) if local else repository.files()
        layout = lay_out(
            Listing(frozenset(names), _fetching_reader(repository, folder, local=local), self._at()), self.kind
        )
        permitted = permissions()
        safety.check_code(layout, self._at(), self.revision, permitted)
        safety.check_pickles(layout, self._at(), permitted)
        lost = [name for name in layout.files if not (folder / name).is_file()]
        if lost and local:
            raise NotCachedError(f"{lost[0]} is missing")
        if lost:
            repository.files_named(layout.files)
        return LocatedCheckpoint(folder, with_weights_checked(layout, folder), folder.name)


def _fetching_reader(repository: HubRepository, folder: Path, *, local: bool) -> Callable[[str], str]:
    """A function that gives the text of a small file of a snapshot; ``local``: without a request."""
    from xlbench_transformers.listing import reader

    def read(name: str) -> str:
        """The text of a file of the snapshot, downloaded where it is not there."""
        if not (folder / name).is_file():
            if local:
                raise NotCachedError(f"{name} is missing")
            repository.files_named([name], progress=False)
        return reader(folder)(name)

    return read


def is_path(target: str) -> bool:
    """Whether a target is written as a path: ``./x``, ``../x``, ``~/x``, ``/x``, ``C:\\x``."""
    return bool(_PATH.match(target))


def is_hub_name(target: str) -> bool:
    """Whether a target is written as ``org/name``."""
    return bool(_HUB.fullmatch(target)) and "/" in target


def _similar_folder(folder: Path) -> str:
    """A folder that may have been meant."""
    try:
        names = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return ""
    return did_you_mean(folder.name, names)
