"""Downloads data and checkpoints before an offline run.

Each model's and task's `Download` is called alone, so that one that fails stops no other; `FetchResult` says what came
of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from xlbench.catalog import Catalog, load
from xlbench.core.download import Download
from xlbench.core.errors import DataMissing, UsageError, XlbenchError
from xlbench.core.model import Model
from xlbench.core.one_or_more import as_list
from xlbench.core.permissions import permissions
from xlbench.core.task import Data, Task
from xlbench.core.text import reason_of
from xlbench.runs.request import Request, data_of
from xlbench.runs.request_checks import check_languages, check_request
from xlbench.runs.resolving import resolve, tasks_of

Status = Literal["brought", "at hand", "to bring", "nothing to bring", "not brought", "failed"]
"""``to bring``: by a dry run, which brings nothing. ``not brought``: it cannot be had now, or not in this way; the
reason says how. ``failed``: something is wrong with it."""


@dataclass(frozen=True)
class FetchResult:
    """What came of one model or task."""

    kind: Literal["model", "task"]
    name: str
    status: Status
    origin: str = ""
    """Where it is fetched from, for a reader."""
    revision: str = ""
    """The pinned one, or what an unpinned one turned out to be; "" where that is not known, as of one's own files."""
    place: str = ""
    """Where it lies on this machine."""
    size: int | None = None
    """Bytes that lie there; None: nothing does."""
    reason: str = ""
    """Why it was not brought."""

    @property
    def ok(self) -> bool:
        """Whether a run could use it now, as far as that depends on what is on this machine."""
        return self.status in ("brought", "at hand", "nothing to bring")


@dataclass(frozen=True)
class FetchItem:
    """A model or a task, and how to fetch what it needs."""

    about: FetchResult
    download: Download[[]] | None
    """None: there is nothing to fetch."""
    revision_at: Callable[[str], str]
    """The revision of what lies in a place."""

    def check(self) -> FetchResult:
        """Whether it is at hand; makes no request and changes nothing."""
        download = self.download
        if download is None:
            return replace(self.about, status="nothing to bring")
        return self._with_one_line_errors(lambda: self._at_hand(download.local_path()))

    def fetch(self) -> FetchResult:
        """Fetch what is not at hand, and say what came of it. Only Ctrl-C is raised."""
        download = self.download
        if download is None:
            return replace(self.about, status="nothing to bring")
        return self._with_one_line_errors(lambda: self._fetch(download))

    def _fetch(self, download: Download[[]]) -> FetchResult:
        try:
            before = download.local_path()
        except XlbenchError:  # that it cannot be had is for ``fetch`` to say
            before = ""
        place = download.fetch()
        return replace(self._at_hand(place), status="at hand" if place == before else "brought")

    def _at_hand(self, place: str) -> FetchResult:
        if not place:
            return replace(self.about, status="to bring")
        revision, size = self.revision_at(place), size_of(Path(place))
        return replace(self.about, status="at hand", place=place, size=size, revision=revision)

    def _with_one_line_errors(self, work: Callable[[], FetchResult]) -> FetchResult:
        """Do ``work``; what it raises is a result with the reason, and ends nothing else."""
        try:
            return work()
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except DataMissing as missing:
            return replace(self.about, status="not brought", reason=reason_of(missing))
        except BaseException as error:  # noqa: BLE001 - models and tasks are plugins: their failure is their own
            return replace(self.about, status="failed", reason=reason_of(error))


def fetch_items(models: Sequence[Model], tasks: Sequence[Task], data: Data) -> Iterator[FetchItem]:
    """What there is to fetch; a task that has none of the languages that are asked for needs nothing."""
    for task in tasks:
        idle = data.languages and task.languages and not set(data.languages) & set(task.languages)
        download = task.download.given(data) if task.download and not idle else None
        yield FetchItem(
            _pending_result("task", task.name, task.download), download, partial(_of_task, task.download, data.root)
        )
    for model in models:
        yield FetchItem(_pending_result("model", model.name, model.download), model.download, partial(_of_model, model))


def _pending_result(kind: Literal["model", "task"], name: str, download: Download[Any] | None) -> FetchResult:
    if download is None:
        return FetchResult(kind, name, "nothing to bring")
    return FetchResult(kind, name, "to bring", download.origin, download.revision)


def _of_model(model: Model, place: str) -> str:
    pinned = model.download.revision if model.download else ""
    return pinned or str(model.details.get("revision", ""))


def _of_task(download: Download[Any] | None, root: Path | None, place: str) -> str:
    """Of files below the data root, which somebody has put there, the revision is not known."""
    if download is None or (root is not None and Path(place).resolve().is_relative_to(root.resolve())):
        return ""
    return download.revision


def size_of(place: Path) -> int | None:
    """Bytes of a file, or of all files below a folder, links followed; None where nothing is there."""
    if not place.exists():
        return None
    if place.is_file():
        return place.stat().st_size
    files = (Path(folder) / name for folder, _, names in os.walk(place) for name in names)
    return sum(file.stat().st_size for file in files if file.is_file())


@dataclass(frozen=True)
class FetchPlan:
    """A request with its names resolved, and what there is to fetch for it; no request has been made."""

    catalog: Catalog
    items: tuple[FetchItem, ...]


def prepare_fetch(request: Request, catalog: Catalog | None = None, *, dry_run: bool = False) -> FetchPlan:
    """Resolve names. `UsageError` for whatever is wrong with the request."""
    check_request(request)
    tasks_wanted = bool(as_list(request.tasks) or request.suites)
    if not (as_list(request.models) or tasks_wanted):
        raise UsageError("say what to fetch: a suite, a task or a model (--suite, --task, --model)")
    if (request.offline or permissions().offline) and not dry_run:
        raise UsageError(
            "fetching asks the network, and offline (--offline, HF_HUB_OFFLINE and the like) forbids it: take that "
            "away, or see with --dry-run what is at hand"
        )
    catalog = catalog or load()
    models = resolve(request.models, Model, catalog.select_models)[0] if as_list(request.models) else ()
    tasks = tasks_of(request.tasks, request.suites, catalog)[0] if tasks_wanted else ()
    languages = as_list(request.languages)
    check_languages(languages, tasks)
    data = replace(data_of(request), limit=None, languages=languages)
    return FetchPlan(catalog, tuple(fetch_items(models, tasks, data)))
