"""Where a checkpoint lies: a local folder, or a snapshot of a repository on the hub; and what its content is.

The only room that asks the hub for anything, and it asks only where that is permitted: whatever is on this machine
already, at a revision that is pinned, is used without a request. Nothing is loaded here.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from xlbench import DataMissing, UsageError, XlbenchError
from xlbench.core.errors import require_extra
from xlbench.core.permissions import permissions
from xlbench.core.text import did_you_mean
from xlbench_transformers import safety
from xlbench_transformers.layout import SMALL, Kind, Layout, lay_out, told_by_weights
from xlbench_transformers.listing import Listing, list_folder, reader

_PATH = re.compile(r"[.~]?[/\\]|\.\.[/\\]|\.{1,2}$|~|[A-Za-z]:[/\\]")
_HUB = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
_TIMEOUT = 20.0
"""Seconds to wait for the hub's first answer."""
_COMMITTED = 12
"""Hex digits of a commit that messages show."""


@dataclass(frozen=True)
class Located:
    """A checkpoint that is at hand."""

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

    def located(self) -> Located:
        """The checkpoint on this machine, downloaded if that is needed and permitted.

        Raises `UsageError` for what is no checkpoint, does not exist or is refused, `DataError` for damaged files,
        `DataMissing` for what would have to be downloaded and cannot be.
        """
        if self.local:
            return self._in_folder()
        if isinstance(self._on_hub, XlbenchError):
            raise self._on_hub
        return self._on_hub

    def at_hand(self) -> Located | None:
        """The same without a request: None for what would have to be downloaded, or is refused or damaged."""
        try:
            return self.located() if self.local or "_on_hub" in vars(self) else self._snapshot(local=True)
        except (XlbenchError, _Absent):
            return None

    def _in_folder(self) -> Located:
        if self.revision is not None and not self.revision.startswith(safety.PIN):
            raise UsageError(
                f"{self.spec!r}: a folder has no revision {self.revision!r}; what may follow is {safety.PIN} and the "
                f"digits of a pin"
            )
        folder = Path(self.target).expanduser()
        if not folder.is_dir():
            if folder.is_file():
                raise UsageError(f"{self.target} is a file: give the folder that a checkpoint lies in")
            raise UsageError(f"there is no folder {self.target}.{_beside(folder)}")
        layout = lay_out(list_folder(folder, self.target), self.kind)
        permitted = permissions()
        safety.check_pin(layout, folder, self.target, self.revision, permitted)
        safety.check_pickles(layout, self.target, permitted)
        return Located(folder, told_by_weights(layout, folder))

    @cached_property
    def _on_hub(self) -> Located | XlbenchError:
        """What came of looking for it, once: a dead network takes long to tell."""
        try:
            return self._looked_up()
        except XlbenchError as error:
            return error

    def _looked_up(self) -> Located:
        if not _HUB.fullmatch(self.target) or ".." in self.target or "--" in self.target:
            raise UsageError(f"{self.target!r} is neither a name on the hub (org/name) nor a path (./folder)")
        if (self.revision or "").startswith(safety.PIN):
            raise UsageError(f"{self.spec!r}: {safety.PIN} pins a folder; on the hub, pin a commit")
        offline = permissions().offline
        if offline or safety.is_commit(self.revision):
            try:
                return self._snapshot(local=True)
            except _Absent as error:
                if offline:
                    raise self._missing(str(error)) from error
        self._check_reachable()
        return self._snapshot(local=False)

    def _check_reachable(self) -> None:
        """Ask for the repository once, without the library's half a minute of retries."""
        require_extra("hf", f"{self.target} on the hub", "huggingface_hub")
        import huggingface_hub

        try:
            huggingface_hub.HfApi().model_info(self.target, revision=self.revision, timeout=_TIMEOUT)
        except Exception as error:  # noqa: BLE001 - what a dropped connection raises depends on the HTTP library
            self._refused(error)

    def _missing(self, why: str) -> DataMissing:
        folder = f"the folder that is here, as ./{self.target}" if Path(self.target).is_dir() else "a local folder"
        return DataMissing(
            f"{self._at()} is not on this machine ({why}): get it with xlbench fetch --model '{self.spec}', or give "
            f"{folder}"
        )

    def _at(self) -> str:
        return f"{self.target} at {self.revision[:_COMMITTED]}" if self.revision else self.target

    def _snapshot(self, local: bool) -> Located:
        """The snapshot in the hub's cache; ``local``: as it is there, `_Absent` where it is not or not whole."""
        require_extra("hf", f"{self.target} on the hub", "huggingface_hub")
        folder = self._download(SMALL, local, quiet=True)
        commit = folder.name
        names = self._names(folder, local)
        listing = Listing(frozenset(names), self._hub_reader(folder, commit, local), self._at())
        layout = lay_out(listing, self.kind)
        permitted = permissions()
        safety.check_code(layout, self._at(), self.revision, permitted)
        safety.check_pickles(layout, self._at(), permitted)
        lost = [name for name in layout.files if not (folder / name).is_file()]
        if lost and local:
            raise _Absent(f"{lost[0]} is missing")
        if lost:
            self._download([glob.escape(name) for name in layout.files], local=False, commit=commit)
        return Located(folder, told_by_weights(layout, folder), commit)

    def _download(self, patterns: Collection[str], local: bool, quiet: bool = False, commit: str = "") -> Path:
        """The snapshot's folder, with the files that match ``patterns``."""
        import huggingface_hub
        from huggingface_hub.utils import logging as log

        kept: dict[str, Any] = {"tqdm_class": _silent_bar()} if quiet else {}
        level = log.get_verbosity()
        log.set_verbosity_error()  # a pattern that no file has is no news: what is missing is told in one line
        try:
            return Path(
                huggingface_hub.snapshot_download(
                    self.target, revision=commit or self.revision, allow_patterns=list(patterns),
                    local_files_only=local, **kept,
                )
            )  # fmt: skip
        except huggingface_hub.errors.LocalEntryNotFoundError as error:
            if local:
                raise _Absent("no snapshot of it" if "incomplete" not in str(error) else "incomplete") from error
            self._unreachable(error.__cause__ or error)
        except Exception as error:  # noqa: BLE001 - as above
            self._refused(error)
        finally:
            log.set_verbosity(level)

    def _names(self, folder: Path, local: bool) -> Collection[str]:
        """The files of the repository at the snapshot's commit: as listed by the hub, if it was ever asked."""
        import huggingface_hub

        try:
            listed = huggingface_hub.get_cached_repo_tree(self.target, revision=folder.name)
            return [file.path for file in listed]
        except huggingface_hub.errors.CachedRepoTreeNotFoundError:
            pass
        if local:
            return list_folder(folder, self._at()).names
        try:
            return huggingface_hub.HfApi().list_repo_files(self.target, revision=folder.name)
        except Exception as error:  # noqa: BLE001 - as above
            self._refused(error)

    def _hub_reader(self, folder: Path, commit: str, local: bool) -> Callable[[str], str]:
        def read(name: str) -> str:
            if not (folder / name).is_file():
                if local:
                    raise _Absent(f"{name} is missing")
                self._download([glob.escape(name)], local=False, quiet=True, commit=commit)
            return reader(folder)(name)

        return read

    def _refused(self, error: Exception) -> NoReturn:
        """Raise what an answer of the hub means."""
        from huggingface_hub import errors

        if isinstance(error, errors.RevisionNotFoundError):
            raise UsageError(f"{self.target} has no revision {self.revision!r} on the hub") from error
        if isinstance(error, errors.GatedRepoError):
            raise UsageError(
                f"{self.target} is given only to those who accept its terms: do so on its page on the hub, and log in "
                f"with 'hf auth login'"
            ) from error
        if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
            raise UsageError(
                f"there is no model {self.target!r} on the hub (or it is private: 'hf auth login'); a folder is given "
                f"as ./{self.target}"
            ) from error
        self._unreachable(error)

    def _unreachable(self, error: BaseException) -> NoReturn:
        told = " ".join(str(error).split())[:200]
        raise self._missing(f"and cannot be downloaded now: {type(error).__name__}: {told}") from error


class _Absent(Exception):  # noqa: N818 - an absence, not a fault
    """It is not in the hub's cache, or not all of it."""


def is_path(target: str) -> bool:
    """Whether a target is written as a path: ``./x``, ``../x``, ``~/x``, ``/x``, ``C:\\x``."""
    return bool(_PATH.match(target))


def is_hub_name(target: str) -> bool:
    """Whether a target is written as ``org/name``."""
    return bool(_HUB.fullmatch(target)) and "/" in target


def _beside(folder: Path) -> str:
    """A folder that may have been meant."""
    try:
        names = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    except OSError:
        return ""
    return did_you_mean(folder.name, names)


def _silent_bar() -> type[Any]:
    """A progress bar that shows nothing: for a handful of small files."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

    class Silent(tqdm):  # type: ignore[misc, type-arg, unused-ignore]
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **(keywords | {"disable": True}))

    return Silent
