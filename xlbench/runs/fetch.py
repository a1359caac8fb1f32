"""Bringing what models and tasks need onto this machine, before a run that may ask for nothing.

How that is done is the business of `Model.fetch` and `Task.fetch`; here each is called alone, so that one that fails
stops no other, and what came of it is said. Nothing is scored, loaded or printed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from xlbench.core.errors import DataMissing, XlbenchError
from xlbench.core.model import Model
from xlbench.core.task import Data, Task
from xlbench.core.text import reason_of

Status = Literal["brought", "at hand", "to bring", "nothing to bring", "not brought", "failed"]
"""``to bring``: by a dry run, which brings nothing. ``not brought``: it cannot be had now, or not in this way; the
reason says how. ``failed``: something is wrong with it."""


@dataclass(frozen=True)
class Fetched:
    """What came of one model or task."""

    kind: Literal["model", "task"]
    name: str
    status: Status
    origin: str = ""
    """Where it is brought from, for a reader."""
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
class Item:
    """A model or a task whose needs are to be brought."""

    about: Fetched
    at_hand: Callable[[], str] | None
    fetch: Callable[[], str] | None
    revision_at: Callable[[str], str]
    """The revision of what lies in a place."""

    def look(self) -> Fetched:
        """What `bring` would have to do; makes no request and changes nothing."""
        if self.fetch is None:
            return replace(self.about, status="nothing to bring")
        return self._guarded(lambda: self._lying(self.at_hand() if self.at_hand else ""))

    def bring(self) -> Fetched:
        """Bring it, where it is not at hand, and say what came of it. Only Ctrl-C is raised."""
        if self.fetch is None:
            return replace(self.about, status="nothing to bring")
        return self._guarded(self._brought)

    def _brought(self) -> Fetched:
        assert self.fetch is not None
        before = self._before()
        place = self.fetch()
        return replace(self._lying(place), status="at hand" if place == before else "brought")

    def _before(self) -> str:
        """Where it lay before; that it cannot be brought is for ``fetch`` to say."""
        try:
            return self.at_hand() if self.at_hand else ""
        except XlbenchError:
            return ""

    def _lying(self, place: str) -> Fetched:
        if not place:
            return replace(self.about, status="to bring")
        revision, size = self.revision_at(place), size_of(Path(place))
        return replace(self.about, status="at hand", place=place, size=size, revision=revision)

    def _guarded(self, work: Callable[[], Fetched]) -> Fetched:
        """One that fails, in whatever way, is told; it ends nothing else."""
        try:
            return work()
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except DataMissing as missing:
            return replace(self.about, status="not brought", reason=reason_of(missing))
        except BaseException as error:  # noqa: BLE001 - models and tasks are plugins: their failure is their own
            return replace(self.about, status="failed", reason=reason_of(error))


def items(models: Sequence[Model], tasks: Sequence[Task], data: Data) -> Iterator[Item]:
    """What there is to bring; a task that has none of the languages that are asked for needs nothing."""
    for task in tasks:
        about = Fetched("task", task.name, "to bring", task.origin, task.revision)
        idle = data.languages and task.languages and not set(data.languages) & set(task.languages)
        fetch = partial(task.fetch, data) if task.fetch and not idle else None
        yield Item(
            about, partial(task.at_hand, data) if task.at_hand else None, fetch, partial(_of_task, task, data.root)
        )
    for model in models:
        about = Fetched("model", model.name, "to bring", model.origin, model.revision)
        yield Item(about, model.at_hand, model.fetch, partial(_of_model, model))


def _of_model(model: Model, place: str) -> str:
    return model.revision or str(model.details.get("revision", ""))


def _of_task(task: Task, root: Path | None, place: str) -> str:
    """Of files below the data root, which somebody has put there, the revision is not known."""
    return "" if root is not None and Path(place).resolve().is_relative_to(root.resolve()) else task.revision


def size_of(place: Path) -> int | None:
    """Bytes of a file, or of all files below a folder, links followed; None where nothing is there."""
    if not place.exists():
        return None
    if place.is_file():
        return place.stat().st_size
    files = (Path(folder) / name for folder, _, names in os.walk(place) for name in names)
    return sum(file.stat().st_size for file in files if file.is_file())
