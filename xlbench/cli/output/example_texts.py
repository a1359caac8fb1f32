"""Looks up the texts of the items that changed most, in a log or through the task's reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import DataMissing, UsageError, XlbenchError
from xlbench.core.text import one_line

if TYPE_CHECKING:
    from xlbench.catalog import Catalog
    from xlbench.core.record import Cell, Run
    from xlbench.core.task import Data, ItemText, Subset, Task
    from xlbench.reports.boards.board import Board
    from xlbench.reports.compare.comparison import Comparison
    from xlbench.reports.compare.logs.reader import LogReader

LONGEST = 160
"""Characters of a text that are shown."""


def with_texts(comparison: Comparison, run: Run, reader: LogReader, data: Path | None) -> Comparison:
    """The comparison with a ``text`` for each item that changed, or a note that says why there is none.

    Args:
        comparison: Of two runs or recipes.
        run: One of its runs, whose items' ids lead to the texts.
        reader: What read it.
        data: The data root; None: XLBENCH_DATA.
    """
    wanted: dict[str, set[str]] = {}
    for one in comparison.changed:
        wanted.setdefault(str(one["task"]), set()).add(str(one["item"]))
    texts: dict[tuple[str, str], str] = {}
    notes = []
    of_log = reader.texts(Path(run.folder))
    catalog = _Texts(reader, data)
    for task, items in wanted.items():
        if of_log is not None:
            texts |= {(task, item): of_log[item] for item in items if item in of_log}
            continue
        try:
            texts |= {(task, item): text for item, text in catalog.of(run, task, items).items()}
        except XlbenchError as error:
            notes.append(one_line(f"{task}: no texts of items: {error}"))
    changed = [
        {**one, "text": _shorten(texts.get((str(one["task"]), str(one["item"])), ""))} for one in comparison.changed
    ]
    return replace(comparison, changed=tuple(changed), notes=(*comparison.notes, *notes))


def _by_item(texts: Sequence[ItemText]) -> dict[str, str]:
    """Item -> its text; of a pair, both sides."""
    return {item: " = ".join(sides) for item, sides in _sides(texts).items()}


def _sides(texts: Sequence[ItemText]) -> dict[str, list[str]]:
    """Item -> its texts."""
    found: dict[str, list[str]] = {}
    for told in texts:
        found.setdefault(told.item, []).append(told.text)
    return found


def _shorten(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


class SubsetTexts:
    """Texts of the items of a board's subsets, through the tasks that are installed."""

    def __init__(self, board: Board, tasks: Mapping[str, Task], data: Path | None) -> None:
        self._tasks = tasks
        self._data = data
        cells = board.evidence.cells() if board.evidence else ()
        self._prints = {(cell.task, cell.subset): cell.data_fingerprint for cell in cells}
        self._subsets: dict[str, dict[str, Subset]] = {}
        self.notes: list[str] = []
        """A line for each task and reason that there are no texts."""

    def of(self, task: str, subset: str) -> Mapping[str, Sequence[str]]:
        """Item -> its texts, shortened: of a pair, both. {} where they cannot be had, with a note."""
        try:
            return {item: [*map(_shorten, sides)] for item, sides in _sides(self._told(task, subset)).items()}
        except XlbenchError as error:
            note = f"{task}: no texts of items: {error}"
            if note not in self.notes:
                self.notes.append(note)
            return {}

    def _told(self, name: str, subset: str) -> Sequence[ItemText]:
        from xlbench.core.item_texts import item_texts
        from xlbench.runs.request import Request, data_of

        task = self._tasks.get(name)
        if task is None:
            raise UsageError("no plugin that is installed offers the task")
        if name not in self._subsets:
            data = data_of(Request(data=self._data, command=("xlbench report",)))
            self._subsets[name] = {one.name: one for one in task.subsets(data)}
        found = self._subsets[name].get(subset)
        if found is None or found.missing or found.damaged:
            raise DataMissing("its data is not at hand (--data)")
        if found.fingerprint != self._prints.get((name, subset)):
            raise DataMissing("what is at hand is other data than was scored")
        return item_texts(task, found)


class _Texts:
    """Texts of saved items by their clusters, through tasks of the catalog; it is loaded where one is asked for."""

    def __init__(self, reader: LogReader, data: Path | None) -> None:
        self.reader, self.data = reader, data
        self._catalog: Catalog | None = None

    def of(self, run: Run, task: str, items: set[str]) -> dict[str, str]:
        """Cluster -> the text of its first item. `DataMissing` where the scored data is not at hand."""
        cells = [cell for cell in run.cells if cell.task == task and cell.status == "ok" and cell.train_size is None]
        found: dict[str, str] = {}
        why = "its data is not at hand (--data)"
        for cell, subset in self._subsets(task, cells):
            if items <= {*found}:
                break
            if subset.fingerprint != cell.data_fingerprint:
                why = f"what is at hand is other data than was scored ({cell.subset})"
                continue
            texts = _by_item(self._task(task).texts(subset))
            saved = self.reader.load_items(cell, Path(run.folder))
            for item, cluster in zip(saved.item_ids, saved.cluster_ids, strict=True):
                if cluster in items and item in texts:
                    found.setdefault(cluster, texts[item])
        if not found:
            raise DataMissing(why)
        return found

    def _task(self, name: str) -> Any:
        """The task of that name; `UsageError` where none is installed, `DataMissing` where it does not tell texts."""
        from xlbench.catalog import load

        self._catalog = self._catalog or load()
        task = self._catalog.tasks.get(name)
        if task is None:
            raise UsageError("no plugin that is installed offers the task")
        if task.texts is None:
            raise DataMissing("the task does not tell them")
        return task

    def _subsets(self, task: str, cells: list[Cell]) -> Iterator[tuple[Cell, Subset]]:
        """The cells with their subsets as they are at hand, a sample as the sample that it is of."""
        for limit in dict.fromkeys(cell.limit for cell in cells):
            own: Mapping[str, Cell] = {cell.subset: cell for cell in cells if cell.limit == limit}
            for subset in self._task(task).subsets(self._data(limit)):
                if subset.name in own and not subset.missing and not subset.damaged:
                    yield own[subset.name], subset

    def _data(self, limit: int | None) -> Data:
        from xlbench.runs.request import Request, data_of

        return data_of(Request(data=self.data, limit=limit, command=("xlbench compare",)))
