"""The searches of a saved run, made again by the very model that was scored: which documents it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.errors import UsageError
from xlbench.core.found_documents import FoundDocuments, found_documents
from xlbench.core.model import Model
from xlbench.core.record import WHOLE_TASK, Cell, Run
from xlbench.core.task import Data, Subset, Task
from xlbench.core.text import reason_of
from xlbench.runs.sessions import open_session
from xlbench.runs.slices import Slice, slices_of
from xlbench.runs.store import Reader

if TYPE_CHECKING:
    from xlbench.catalog import Catalog
    from xlbench.encoding import EncodingSession
    from xlbench.encoding.cache import Cache

MAIN, CUT = "ndcg_at_10", 10
"""The saved column by which a search is compared with the run, and how many documents it looks at."""
SAME = 1e-6
"""Up to here two values of nDCG are the same."""


@dataclass(frozen=True)
class SearchedCell:
    """A cell of a document search, with what is found now."""

    cell: Cell
    found: FoundDocuments
    changed: int | None
    """Of how many queries nDCG@10 is another than the run saved (on another processor, near ties may be decided in
    another way); None: the run has no such column, or the lists are shorter."""


@dataclass(frozen=True)
class WantedCell:
    """A cell that can be searched again."""

    cell: Cell
    task: Task
    subset: Subset


def searches_of(
    run: Run, catalog: Catalog, data: Data, tasks: Sequence[str] = ()
) -> tuple[list[WantedCell], list[str]]:
    """The cells of document searches whose data is here as it was scored; and why others are left out, a line each.

    Args:
        run: The saved run.
        catalog: Where its tasks are looked up.
        data: Where their data lies.
        tasks: Names and cards of the tasks that are wanted; none: all of the run, by their names.

    Raises:
        UsageError: There are none.
    """
    given = {task.name: task for task in catalog.select_tasks(tasks)} if tasks else {}
    wanted = [cell for cell in run.cells if cell.status == "ok" and cell.main and (not tasks or cell.task in given)]
    kept: list[WantedCell] = []
    left_out: list[str] = []
    if partial := sum(not cell.whole and _is_search(cell) for cell in wanted):
        left_out.append(f"{partial:,} cell{'s' * (partial != 1)} left out: a sample (--limit)")
    by_task: dict[str, list[Cell]] = {}
    for cell in wanted:
        if cell.whole:
            by_task.setdefault(cell.task, []).append(cell)
    for name, cells in by_task.items():
        try:
            task = given.get(name) or one_task(catalog, name)
        except UsageError as error:
            if _is_search(cells[0]):
                left_out.append(f"{name} left out: {reason_of(error)} (a card of your own is given with --task)")
            continue
        if task.find is not None:
            _sort_cells(task, cells, data, kept, left_out)
        elif _is_search(cells[0]):
            left_out.append(f"{name} left out: it is scored by a protocol that has no lists")
    if not kept:
        raise _nothing_to_search(run, tasks, left_out)
    return kept, left_out


def _is_search(cell: Cell) -> bool:
    """Whether a cell with scores is of a document search, whose main metric is nDCG."""
    return cell.scores[0].metric == MAIN


def _sort_cells(task: Task, cells: Sequence[Cell], data: Data, kept: list[WantedCell], left_out: list[str]) -> None:
    """Put each of a task's cells among those that are kept, or why it is not among what is left out."""
    languages = tuple(dict.fromkeys(language for cell in cells for language in cell.languages))
    parts = {part.subset.name: part for part in slices_of(task, replace(data, languages=languages), languages).slices}
    for cell in cells:
        part = parts.get(cell.subset) or parts.get(WHOLE_TASK)
        if why := _why_not(cell, task, part):
            left_out.append(f"{task.name} {cell.subset} left out: {why}")
        elif part:
            kept.append(WantedCell(cell, task, part.subset))


def _nothing_to_search(run: Run, tasks: Sequence[str], left_out: Sequence[str]) -> UsageError:
    if not left_out:
        of = f" in {', '.join(tasks)}" if tasks else ""
        return UsageError(
            f"the run of {run.model} has no score of a document search (protocol search){of}: nothing to export"
        )
    more = f" (and {len(left_out) - 1} more)" if len(left_out) > 1 else ""
    return UsageError(f"no search of {run.model} can be made again: {left_out[0]}{more}")


def one_task(catalog: Catalog, name: str) -> Task:
    """The task of a cell, by its name."""
    found = catalog.select_tasks([name])
    if len(found) != 1:
        raise UsageError(f"{name!r} is {len(found)} tasks")
    return found[0]


def _why_not(cell: Cell, task: Task, part: Slice | None) -> str:
    """Why a cell's search cannot be made again; "" where it can."""
    if task.identity() != cell.task_identity:
        return "the run was scored by another version of the task: score it again"
    if part is None:
        return "the task has no such subset here"
    if part.failure:
        return part.reason
    if part.subset.fingerprint != cell.data_fingerprint:
        return "its data is not what the run scored: bring it back as it was, or score it again"
    return ""


def searched(
    run: Run,
    wanted: Sequence[WantedCell],
    model: Model,
    depth: int,
    reader: Reader,
    cache: Cache | None,
) -> Iterator[SearchedCell]:
    """The first ``depth`` documents of every query, cell by cell; vectors come from the cache where they are in it.

    Raises:
        EncoderError: The model gives vectors, or lists, that cannot be used.
    """
    transform = model.transform() if model.transform else None
    kept = cache if model.cached else None
    session = open_session(model, run.fingerprint, model.vectors_identity(), transform, kept)
    for one in wanted:
        found = _found(one, session, depth)
        yield SearchedCell(one.cell, found, _changed(one.cell, found, run, reader, depth))


def _found(one: WantedCell, session: EncodingSession, depth: int) -> FoundDocuments:
    session.begin_cell()
    found = found_documents(one.task, one.subset, session, depth)
    if session.transductive:  # as in a run: the transform is fitted on the texts that were asked for
        session.fit()
        found = found_documents(one.task, one.subset, session, depth)
    return found


def _changed(cell: Cell, found: FoundDocuments, run: Run, reader: Reader, depth: int) -> int | None:
    items = reader.load_items(cell, Path(run.folder))
    if MAIN not in items.columns or depth < min(CUT, len(found.documents)):
        return None
    saved: dict[str, float] = dict(zip(items.item_ids, items.columns[MAIN].tolist(), strict=True))
    now: dict[str, float] = dict(zip(found.item_ids, found.ndcg(CUT).tolist(), strict=True))
    return sum(item not in saved or abs(saved[item] - value) > SAME for item, value in now.items())
