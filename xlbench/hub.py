"""The one client of the Hugging Face hub: repositories of models and data sets, in its cache and on the network.

What is in the cache at a pinned commit is used without a request, and nothing is asked where this process is offline
(see `xlbench.core.permissions`). The hub's own library tries again for half a minute where there is no network, for
every question anew; so one short attempt goes first (`answers`, `HubRepository.look_up`).
"""

from __future__ import annotations

import glob
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xlbench.core.errors import UsageError
from xlbench.core.permissions import permissions

ATTEMPT_SECONDS = 3.0
"""How long the one attempt to reach the hub may take."""

LOOK_UP_SECONDS = 20.0
"""How long the hub may take to answer the first question about a repository."""

_COMMIT = re.compile(r"[0-9a-f]{40}")


class NotCachedError(Exception):
    """It is not in the hub's cache, or not all of it, and the hub was not to be asked."""


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a full commit id: the only one that means the same tomorrow."""
    return bool(revision and _COMMIT.fullmatch(revision))


def is_offline() -> bool:
    """Whether nothing may be asked: by this process's permissions, or by what the hub's library was told."""
    import huggingface_hub

    return permissions().offline or huggingface_hub.is_offline_mode()


def answers() -> bool:
    """Whether the hub answers anything at all: one attempt, by way of any proxy that is set."""
    import huggingface_hub

    try:
        huggingface_hub.get_session().head(huggingface_hub.constants.ENDPOINT, timeout=ATTEMPT_SECONDS)
    except Exception:  # noqa: BLE001 - of the network library, a proxy, TLS ...: in each case there is no way there
        return False
    return True


def address() -> str:
    """The hub's address, which HF_ENDPOINT sets."""
    import huggingface_hub

    endpoint: str = huggingface_hub.constants.ENDPOINT
    return endpoint


@contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings of the hub's library: what goes wrong is told in one line by whoever asked."""
    from huggingface_hub.utils import logging as log

    level = log.get_verbosity()
    log.set_verbosity_error()  # type: ignore[no-untyped-call, unused-ignore]
    try:
        yield
    finally:
        log.set_verbosity(level)


@contextmanager
def cache_alone() -> Iterator[None]:
    """With the network switched off for the hub's library and `datasets`, as HF_HUB_OFFLINE does for a process."""
    import datasets  # type: ignore[import-untyped, unused-ignore]
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


def is_offline_error(error: BaseException) -> bool:
    """Whether an error says, itself or in what it quotes, that the network was switched off (`cache_alone`)."""
    return "OfflineModeIsEnabled" in f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class HubRepository:
    """A repository of the hub at a revision. Making one touches no file and no network.

    Methods that ask the hub raise what its library raises; `explain` says what that means.
    """

    name: str
    """``org/name``."""
    kind: Literal["model", "dataset"] = "model"
    revision: str | None = None
    """A commit, a tag or a branch; None: the main branch."""

    def look_up(self) -> None:
        """Ask once whether the repository and its revision exist."""
        import huggingface_hub

        client = huggingface_hub.HfApi()
        ask = client.model_info if self.kind == "model" else client.dataset_info
        ask(self.name, revision=self.revision, timeout=LOOK_UP_SECONDS)

    def refusal(self) -> UsageError | None:
        """Ask why nothing of the repository can be had: it or its revision does not exist, or its terms have not been
        accepted; None where the hub gives none of these reasons."""
        import huggingface_hub

        try:
            self.look_up()
            huggingface_hub.HfApi().auth_check(self.name, repo_type=self.kind)
        except Exception as error:  # noqa: BLE001 - also of the network library: then nothing is known
            return self.explain(error)
        return None

    def known_files(self) -> list[str] | None:
        """The names of all its files without a request; None where the hub was never asked for them."""
        import huggingface_hub

        try:
            listed = huggingface_hub.get_cached_repo_tree(self.name, **self._where)
        except huggingface_hub.errors.CachedRepoTreeNotFoundError:
            return None
        return [file.path for file in listed]

    def files(self) -> list[str]:
        """The names of all its files, as the hub lists them."""
        import huggingface_hub

        return list(huggingface_hub.HfApi().list_repo_files(self.name, **self._where))

    def cached_files(self) -> list[str]:
        """The names of its files in the cache, which need not be all. `NotCachedError` where there is none.

        For a full commit alone: the cache has a folder for each.
        """
        from huggingface_hub import constants, file_download

        whole = file_download.repo_folder_name(repo_id=self.name, repo_type=self.kind)
        folder = Path(constants.HF_HUB_CACHE) / whole / "snapshots" / str(self.revision)
        if not folder.is_dir():
            raise NotCachedError("no file of it is in the cache")
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    def cached_file(self, name: str) -> Path | None:
        """Where one of its files lies in the cache; None where it does not."""
        import huggingface_hub

        path = huggingface_hub.try_to_load_from_cache(self.name, name, **self._where)
        return Path(path) if isinstance(path, str) else None

    def card(self) -> dict[str, Any] | None:
        """What the head of its README says, without a request; None where the README is not in the cache."""
        import huggingface_hub

        readme = self.cached_file("README.md")
        if readme is None:
            return None
        kind = huggingface_hub.ModelCard if self.kind == "model" else huggingface_hub.DatasetCard
        fields: dict[str, Any] = kind.load(readme).data.to_dict()
        return fields

    def file(self, name: str) -> Path:
        """One of its files, downloaded where it is not in the cache."""
        import huggingface_hub

        return Path(huggingface_hub.hf_hub_download(self.name, name, **self._where))

    def files_named(self, names: Collection[str], *, progress: bool = True) -> Path:
        """The folder of the snapshot with these files; those that are not in the cache are downloaded."""
        return self.snapshot([glob.escape(name) for name in names], progress=progress)

    def snapshot(self, patterns: Collection[str], *, cached: bool = False, progress: bool = True) -> Path:
        """The folder of the snapshot, which is named after its commit, with the files that match the patterns.

        Args:
            patterns: As of a shell, over whole paths.
            cached: Ask for nothing: `NotCachedError` where there is no snapshot.
            progress: Show bars while files are downloaded.
        """
        import huggingface_hub

        bars: dict[str, Any] = {} if progress else {"tqdm_class": _silent_bar()}
        try:
            with quiet():  # a pattern that no file has is no news
                folder = huggingface_hub.snapshot_download(
                    self.name, **self._where, allow_patterns=list(patterns), local_files_only=cached, **bars
                )
        except huggingface_hub.errors.LocalEntryNotFoundError as error:
            if cached:
                raise NotCachedError("incomplete" if "incomplete" in str(error) else "no snapshot of it") from error
            raise (error.__cause__ or error) from None
        return Path(folder)

    def explain(self, error: BaseException) -> UsageError | None:
        """What an answer of the hub means for whoever named the repository; None: it could not be asked now."""
        from huggingface_hub import errors

        if isinstance(error, errors.RevisionNotFoundError):
            return UsageError(f"{self.name} has no revision {self.revision!r} on the hub")
        if isinstance(error, errors.GatedRepoError):
            return UsageError(
                f"{self.name} is given only to those who accept its terms: do so on its page on the hub, and log in "
                f"with 'hf auth login'"
            )
        if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
            what = self.kind.replace("dataset", "data set")
            return UsageError(f"there is no {what} {self.name!r} on the hub (or it is private: 'hf auth login')")
        return None

    @property
    def _where(self) -> dict[str, Any]:
        return {"repo_type": self.kind, "revision": self.revision}


def _silent_bar() -> type[Any]:
    """A progress bar that shows nothing: for a handful of small files."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped, unused-ignore]

    class Silent(tqdm):  # type: ignore[misc, type-arg, unused-ignore]
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **(keywords | {"disable": True}))

    return Silent
