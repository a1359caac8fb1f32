"""`LazyTask`: a task whose card names its own protocol or reader, imported on first use."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench import Data, Metric, Outcome, Subset, Task
from xlbench_tasks.card.card import Card
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import described_fields, task

if TYPE_CHECKING:
    from xlbench import EncodingSession, FoundDocuments
    from xlbench.core.data_view import DataView


log = logging.getLogger(__name__)


class CardFile:
    """A card that names modules of its own; the task is made, and they are imported, on first use."""

    def __init__(self, path: Path, spec: str, modules: Sequence[str]) -> None:
        self._path, self._spec, self._modules = path, spec, tuple(modules)

    def __getstate__(self) -> dict[str, object]:  # another process imports the modules itself
        return {"_path": self._path, "_spec": self._spec, "_modules": self._modules}

    @cached_property
    def task(self) -> Task:
        """The whole task; `UsageError` for what is wrong with the modules, or with what the card asks of them."""
        if multiprocessing.parent_process() is None:  # said once, and not by every worker
            log.warning("%r imports %s: code that is not xlbench's", self._spec, ", ".join(self._modules))
        return task(read_card(self._path, self._spec))

    def subsets(self, data: Data) -> Iterable[Subset]:
        """See `Task`."""
        return self.task.subsets(data)

    def evaluate(self, subset: Subset, session: EncodingSession) -> Outcome:
        """See `Task`."""
        return self.task.evaluate(subset, session)

    def view(self, data: Data) -> DataView:
        """See `Task`."""
        assert self.task.view is not None  # every card has it
        return self.task.view(data)


class LazyTask(Task):
    """A task whose metrics and settings are its protocol's, and so come with the import."""

    file: CardFile

    def __init__(self, file: CardFile, **fields: Any) -> None:
        own = fields | {"view": file.view}
        super().__init__(metrics=(), subsets=file.subsets, evaluate=file.evaluate, **own)
        del self.__dict__["metrics"], self.__dict__["settings"], self.__dict__["find"]
        self.__dict__["file"] = file

    @cached_property
    def metrics(self) -> tuple[Metric, ...]:
        """See `Task`."""
        return self.file.task.metrics

    @cached_property
    def settings(self) -> str:
        """See `Task`."""
        return self.file.task.settings

    @cached_property
    def find(self) -> Callable[[Subset, Any, int], FoundDocuments] | None:
        """See `Task`."""
        return self.file.task.find


def lazy_task(card: Card, path: Path, spec: str) -> Task:
    """The task of a card that was read without its modules (``read_card(path, spec, imports=False)``)."""
    return LazyTask(CardFile(path, spec, card.modules), **described_fields(card), imports=card.modules)
