"""Data sets of the Hugging Face hub at a pinned revision: as a folder under the data root, or from the hub itself.

Tables are read with `datasets`, which never runs a loading script here. What it has prepared at the pinned revision is
read without a request. Where the hub does not answer one short attempt, only what lies in the cache is asked for.
"""

from __future__ import annotations

import glob
import logging
import os
import shlex
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xlbench import Data, DataError, DataMissing, UsageError, hub
from xlbench.core.errors import MissingExtraError, require_extra
from xlbench.hub import HubRepository
from xlbench_tasks.data.archives import split_archive_name, unpack
from xlbench_tasks.data.damage import damage_below

if TYPE_CHECKING:
    from datasets import Dataset

FORMATS = {".parquet": "parquet", ".json": "json", ".jsonl": "json"}
"""Suffix of a single file -> what `datasets` reads it with."""

T = TypeVar("T")


class Repository:
    """A data set's repository. Making one touches no file and no network."""

    def __init__(self, repo: str, revision: str, data: Data, task: str = "") -> None:
        """``revision``: "" where only a local folder will do. ``task`` is what ``xlbench fetch --task`` takes to fetch
        it; "" where that is not known."""
        self._repo = repo
        self._revision = revision
        self._hub = HubRepository(repo, "dataset", revision)
        self._root = data.root
        self._task = task

    def check_readable(self) -> None:
        """Raise `DataMissing` where the libraries that read it are not installed, or where it can only be a folder and
        there is none."""
        self.check_origin()
        try:
            require_extra("hub", self.location, "datasets", "huggingface_hub")
        except MissingExtraError as error:
            raise DataMissing(str(error)) from error

    def check_origin(self) -> None:
        """Raise `DataMissing` where there is no folder, and no revision by which the hub could be asked for it."""
        if self.folder is None and not self._revision:
            where = f"under {self._root}" if self._root else "because no data root is set (--data DIR or XLBENCH_DATA)"
            raise DataMissing(
                f"{self._repo} is not at hand: no folder {self._repo} {where}; for the hub's, the card needs a revision"
            )

    @property
    def folder(self) -> Path | None:
        """The data set under the data root, where it is there."""
        folder = (self._root / self._repo).resolve() if self._root else None
        return folder if folder is not None and folder.is_dir() else None

    @property
    def location(self) -> str:
        """Where it is, in words."""
        where = f"{self._repo} at {self._revision} on the Hugging Face hub" if self._revision else self._repo
        return str(self.folder or where)

    def damage(self) -> str:
        """What is wrong with a file of its folder, with file and line; "" where nothing is found, or on the hub."""
        return damage_below(self.folder) if self.folder else ""

    def how_to_get(self, language: str = "") -> str:
        """What to do for it to be at hand."""
        asked = shlex.join(["xlbench", "fetch", "--task", self._task, *(["--language", language] if language else [])])
        fetch = f"get it with {asked}" if self._task else "run once with a network (and without HF_HUB_OFFLINE)"
        put = f"{self._root}/{self._repo}" if self._root else f"DATA/{self._repo} (and give --data DATA)"
        return f"{fetch}, or put a copy at {put}"

    def configs(self) -> list[str]:
        """The names of its configurations; offline, of those that have been prepared."""
        import datasets

        if self.folder is None and self.offline and (prepared := self._prepared_files()):
            return sorted(prepared)
        names: list[str] = self._ask(lambda: datasets.get_dataset_config_names(**self._origin))
        return names

    def known_configs(self) -> list[str] | None:
        """The names of its configurations as its card has them, without a request; None where that is not known."""
        return [str(one["config_name"]) for one in self._card_configs() or ()] or None

    def _card_configs(self) -> list[dict[str, Any]] | None:
        """What its card, in the client's cache, says of configurations; None where the card is not there."""
        card = self._hub.card()
        return None if card is None else card.get("configs") or []

    def cached_config(self, config: str) -> Path | None:
        """Where `datasets` keeps a configuration ("" is the default one) at the pinned revision, all of its splits;
        None where it does not, or where it is not known which is the default one."""
        name = config or self._default()
        return self._prepared_files(glob.escape(name)).get(name)

    def _default(self) -> str:
        """The name of the default configuration: what the card says, else "default"."""
        configs = self._card_configs() or []
        named = [str(one["config_name"]) for one in configs if len(configs) == 1 or one.get("default")]
        return named[0] if named else "default"

    def prepare(self, config: str) -> Path:
        """The same, fetched from the hub where it is not there."""
        import datasets

        if (found := self.cached_config(config)) is not None:
            return found
        wanted = {**self._origin, "name": config or None}

        def download() -> Path:
            builder = datasets.load_dataset_builder(**wanted)
            builder.download_and_prepare()
            return Path(builder.cache_dir)

        return self._ask(download, fetching=True)

    def _prepared_files(self, pattern: str = "*") -> dict[str, Path]:
        """Configuration -> the folder in which `datasets` keeps it at the pinned revision; of names like a pattern."""
        import datasets

        owner, _, name = self._repo.partition("/")
        whole = Path(datasets.config.HF_DATASETS_CACHE) / f"{owner}___{datasets.naming.camelcase_to_snakecase(name)}"
        infos = whole.glob(f"{pattern}/*/{self._revision}/dataset_info.json")
        return {info.parent.parent.parent.name: info.parent for info in sorted(infos)}

    def _read_prepared(self, folder: Path, split: str) -> Dataset:
        """A split of a prepared configuration, of that one folder alone."""
        import datasets
        from datasets.packaged_modules.cache.cache import Cache

        config, version = folder.parent.parent.name, folder.parent.name
        dataset_name = datasets.naming.camelcase_to_snakecase(self._repo.partition("/")[2])
        kept = Cache(
            dataset_name=dataset_name, config_name=config, version=version, hash=folder.name, repo_id=self._repo
        )
        data: Dataset = kept.as_dataset(split=split)
        return data

    def split(self, config: str, split: str) -> Dataset:
        """A split of a configuration ("" is the default one)."""
        import datasets

        options: dict[str, Any] = {"name": config or None, "split": split}
        if self.folder is None and (kept := self.cached_config(config)) is not None:
            return self._ask(lambda: self._read_prepared(kept, split), local=True)
        if self.folder is None:
            return self._ask(lambda: self._require_pinned(datasets.load_dataset(**self._origin, **options)))
        with tempfile.TemporaryDirectory() as scratch:
            options |= _in_memory(scratch)
            return self._ask(lambda: datasets.load_dataset(**self._origin, **options))

    def files(self) -> list[str]:
        """The names of its files: of all, or without a network of those that have been fetched before."""
        if self.folder is not None:
            return _names_below(self.folder)
        return sorted(self._ask(self._remote_files))

    def known_files(self) -> list[str] | None:
        """The names of all its files, without a request; None where the hub was never asked for them."""
        return self._hub.known_files()

    def cached_file(self, name: str) -> Path | None:
        """Where the hub's client keeps a file (or an archive, of a file in it); None where it does not."""
        return self._hub.cached_file(split_archive_name(name)[0])

    def fetch_files(self, names: Sequence[str]) -> Path:
        """The folder of the snapshot, with these files; what is not there is fetched from the hub."""
        wanted = [split_archive_name(name)[0] for name in names]
        return self._ask(lambda: self._hub.files_named(wanted), fetching=True)

    def file(self, name: str) -> Dataset:
        """The table in one file, parquet or JSON lines, or in a file of an archive: ``data/hi.zip/hi_test.json``."""
        import datasets

        outer, member = split_archive_name(name)
        path = self._path(outer)
        with tempfile.TemporaryDirectory() as scratch:
            if member:
                path = unpack(path, member, Path(scratch))
            options = {"data_files": str(path), "split": "train", **_in_memory(scratch)}
            return self._ask(lambda: datasets.load_dataset(FORMATS[path.suffix], **options))

    def _require_pinned(self, data: Dataset) -> Dataset:
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
        if self.folder is not None:
            return self.folder / name
        return self.cached_file(name) or self._ask(lambda: self._hub.file(name))

    def _remote_files(self) -> list[str]:
        return self._hub.cached_files() if self.offline or not self._reachable else self._hub.files()

    @cached_property
    def _reachable(self) -> bool:
        """Whether the hub answers."""
        return hub.answers()

    @property
    def offline(self) -> bool:
        """Whether nothing may be asked."""
        return hub.is_offline()

    def _refusal(self, error: Exception) -> UsageError | None:
        """What an answer of the hub that is behind an error means; `datasets` hides the answers behind its own."""
        from datasets.exceptions import DatasetNotFoundError

        return self._hub.refusal() if isinstance(error, DatasetNotFoundError) else self._hub.explain(error)

    def _ask(self, question: Callable[[], T], *, local: bool = False, fetching: bool = False) -> T:
        """Put a question to `datasets` or the hub's client, and say in a line what went wrong.

        ``local``: it is about files on this machine alone. ``fetching``: with progress. Neither has advice to fetch.
        """
        offline, here = self.offline, local or self.folder is not None
        connected = not offline and (here or self._reachable)
        try:
            with (
                _progress_bars(shown=fetching),
                hub.quiet(),
                nullcontext() if connected else hub.cache_alone(),
                _silence_log(),
            ):
                return question()
        except Exception as error:  # of datasets, the hub's client, its network library, pyarrow ...
            cause = error.__cause__ or error  # of "An error occurred while generating the dataset", what did
            reason = f"{type(cause).__name__}: {str(cause).strip().partition(chr(10))[0]}"
            if self.folder is not None:
                if damage := self.damage():
                    raise DataError(damage) from error
                raise DataError(f"{self.folder} cannot be read as a data set ({reason})") from error
            if connected and not local and (refusal := self._refusal(error)):
                reason = str(refusal)
            if not connected:
                why = "offline" if offline else f"no connection to {hub.address()}"
                reason = why if hub.is_offline_error(error) else f"{why}; {reason}"
            advice = "" if fetching or local else f"; {self.how_to_get()}"
            raise DataMissing(f"{self.location} is not at hand ({reason}){advice}") from error


@contextmanager
def _progress_bars(*, shown: bool) -> Iterator[None]:
    """With or without progress of `datasets`, for a while; never where the environment says that nobody wants it."""
    import datasets

    def switch(*, to: bool) -> None:
        if to is datasets.are_progress_bars_disabled():  # the environment may forbid it: then a warning is printed
            (datasets.enable_progress_bars if to else datasets.disable_progress_bars)()

    before = not datasets.are_progress_bars_disabled()
    switch(to=shown and not os.environ.get("HF_DATASETS_DISABLE_PROGRESS_BARS"))
    try:
        yield
    finally:
        switch(to=before)


@contextmanager
def _silence_log() -> Iterator[None]:
    """Without the log lines of `datasets`, for a while: what it logs of a damaged file is told in an error."""
    logger = logging.getLogger("datasets")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _in_memory(scratch: str) -> dict[str, Any]:
    """Options that read local files into memory, so that no copy of them lies in a cache and goes stale."""
    return {"cache_dir": scratch, "keep_in_memory": True}


def _names_below(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
