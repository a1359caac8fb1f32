"""Repositories of the Hugging Face hub at a pinned revision: as a folder under the data root, or from the hub itself.

What a table holds is the reader's business; here it is fetched, and what went wrong is told in a line. A loading script
is never run. The hub's client tries again for half a minute where there is no network, for every question anew, so one
short attempt goes first; where it fails, only what lies in the cache is asked for. With HF_HUB_OFFLINE nothing is asked
of any network.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from xlbench import Data, DataError, DataMissing
from xlbench.names import did_you_mean

if TYPE_CHECKING:
    from datasets import Dataset

ATTEMPT_S = 3.0
"""Seconds for the one attempt to reach the hub."""

FORMATS = {".parquet": "parquet", ".json": "json", ".jsonl": "json"}
"""Suffix of a single file -> what `datasets` reads it with."""
ARCHIVE = ".zip/"
"""Ends the archive's part of the name of a file inside of one."""

T = TypeVar("T")


class Repository:
    """A data set's repository. Making one touches no file and no network."""

    def __init__(self, repo: str, revision: str, data: Data) -> None:
        self._repo = repo
        self._revision = revision
        self._root = data.root

    @property
    def folder(self) -> Path | None:
        """The data set under the data root, where it is there."""
        folder = (self._root / self._repo).resolve() if self._root else None
        return folder if folder is not None and folder.is_dir() else None

    @property
    def place(self) -> str:
        """Where it is, in words."""
        return str(self.folder or f"{self._repo} at {self._revision} on the Hugging Face hub")

    def configs(self) -> list[str]:
        """The names of its configurations."""
        import datasets

        names: list[str] = self._ask(lambda: datasets.get_dataset_config_names(**self._origin))
        return names

    def split(self, config: str, split: str) -> Dataset:
        """A split of a configuration ("" is the default one)."""
        import datasets

        options: dict[str, Any] = {"name": config or None, "split": split}
        if self.folder is None:
            return self._ask(lambda: self._pinned(datasets.load_dataset(**self._origin, **options)))
        with tempfile.TemporaryDirectory() as scratch:
            options |= _in_memory(scratch)
            return self._ask(lambda: datasets.load_dataset(**self._origin, **options))

    def files(self) -> list[str]:
        """The names of its files: of all, or without a network of those that have been fetched before."""
        if self.folder is not None:
            return _names_below(self.folder)
        return sorted(self._ask(self._remote_files))

    def file(self, name: str) -> Dataset:
        """The table in one file, parquet or JSON lines, or in a file of an archive: ``data/hi.zip/hi_test.json``."""
        import datasets

        outer, member = parted(name)
        path = self._path(outer)
        with tempfile.TemporaryDirectory() as scratch:
            if member:
                path = _unpacked(path, member, Path(scratch))
            options = {"data_files": str(path), "split": "train", **_in_memory(scratch)}
            return self._ask(lambda: datasets.load_dataset(FORMATS[path.suffix], **options))

    def _pinned(self, data: Dataset) -> Dataset:
        """The data, if it is the pinned revision's: offline, `datasets` takes any that it has in its cache."""
        files = [Path(file["filename"]) for file in data.cache_files]
        if files and not any(self._revision in file.parts for file in files):
            raise FileNotFoundError("the cache holds another revision only")
        return data

    @property
    def _origin(self) -> dict[str, str]:
        """What `datasets` is to open."""
        return {"path": str(self.folder)} if self.folder else {"path": self._repo, "revision": self._revision}

    def _path(self, name: str) -> Path:
        import huggingface_hub

        if self.folder is not None:
            return self.folder / name
        where: dict[str, Any] = {"repo_type": "dataset", "revision": self._revision}
        return Path(self._ask(lambda: huggingface_hub.hf_hub_download(self._repo, name, **where)))

    def _remote_files(self) -> list[str]:
        import huggingface_hub

        where: dict[str, Any] = {"repo_type": "dataset", "revision": self._revision}
        if huggingface_hub.is_offline_mode():
            return _names_below(Path(huggingface_hub.snapshot_download(self._repo, local_files_only=True, **where)))
        return list(huggingface_hub.HfApi().list_repo_files(self._repo, **where))

    @cached_property
    def _reachable(self) -> bool:
        """Whether the hub answers: anything, at the first attempt, by way of any proxy that is set."""
        import huggingface_hub

        try:
            huggingface_hub.get_session().head(huggingface_hub.constants.ENDPOINT, timeout=ATTEMPT_S)
        except Exception:  # noqa: BLE001  (of the network library, a proxy, TLS ...: in each case there is no way there)
            return False
        return True

    def _ask(self, question: Callable[[], T]) -> T:
        """Put a question to `datasets` or the hub's client, and say in a line what went wrong."""
        import datasets
        import huggingface_hub

        datasets.disable_progress_bars()
        huggingface_hub.utils.logging.set_verbosity_error()  # its retries: the reason is told in one line below
        to_try = self.folder is not None or huggingface_hub.is_offline_mode() or self._reachable
        try:
            with nullcontext() if to_try else _offline():
                return question()
        except Exception as error:  # of datasets, the hub's client, its network library, pyarrow ...
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            if self.folder is not None:
                raise DataError(f"{self.folder} cannot be read as a data set ({reason})") from error
            if not to_try:
                reason = f"no connection to {huggingface_hub.constants.ENDPOINT}; {reason}"
            put = f"{self._root}/{self._repo}" if self._root else f"DATA/{self._repo} (and give --data DATA)"
            raise DataMissing(
                f"{self.place} is not at hand ({reason}); run once with a network (and without HF_HUB_OFFLINE), "
                f"or put a copy at {put}"
            ) from error


@contextmanager
def _offline() -> Iterator[None]:
    """What HF_HUB_OFFLINE says at the start of a process, for a while: only the cache is asked."""
    import datasets
    import huggingface_hub

    holders: tuple[Any, ...] = (huggingface_hub.constants, datasets.config)
    before = [holder.HF_HUB_OFFLINE for holder in holders]
    try:
        for holder in holders:
            holder.HF_HUB_OFFLINE = True
        yield
    finally:
        for holder, value in zip(holders, before, strict=True):
            holder.HF_HUB_OFFLINE = value


def _in_memory(scratch: str) -> dict[str, Any]:
    """Options that read local files into memory, so that no copy of them lies in a cache and goes stale."""
    return {"cache_dir": scratch, "keep_in_memory": True}


def parted(name: str) -> tuple[str, str]:
    """The name of a file of the repository and, where that is an archive, of a file in it ("" elsewhere)."""
    outer, archive, member = name.partition(ARCHIVE)
    return outer + archive.rstrip("/"), member


def _names_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _unpacked(path: Path, member: str, scratch: Path) -> Path:
    """A file of an archive, in whatever folder of it; `DataError` where there is none of that name, or several."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            found = [name for name in names if name == member or PurePosixPath(name).name == member]
            if len(found) != 1:
                has = f"{len(found)} files" if found else "no file"
                hint = did_you_mean(member, [PurePosixPath(name).name for name in names])
                raise DataError(f"{path} has {has} {member!r}.{hint}")
            with archive.open(found[0]) as packed, (scratch / PurePosixPath(member).name).open("wb") as out:
                shutil.copyfileobj(packed, out)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} cannot be unpacked ({error})") from None
    return scratch / PurePosixPath(member).name
