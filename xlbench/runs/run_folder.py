"""Reads the folder of one run: its manifest and cells, with an error cell for every file that is damaged or missing."""

from __future__ import annotations

import contextlib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.core.codec import checksum, from_json
from xlbench.core.errors import ResultsError
from xlbench.core.ids import slug
from xlbench.core.record import Cell, Run
from xlbench.core.text import byte_count

if TYPE_CHECKING:
    from xlbench.runs.run_index import RunIndex

Place = tuple[str, str]
"""The folder of a task, and the name of a cell's file in it."""


def file_stem(subset: str, limit: int | None) -> str:
    """The name of a cell's file, without its ending."""
    return slug(subset if limit is None else f"{subset} first {limit}")


AGAIN = "delete it and run again"
"""What to do about a file that is refused."""
LARGEST_JSON = 64 << 20
"""Bytes of a record's file."""
GONE = "it was saved, and its file is gone: run it again"
"""Why a cell that its run's manifest lists has no score."""
LOST = "lost"
"""Key in the provenance of a cell that did not come back from the engine; such a cell is never saved."""


def load_run(folder: Path, index: RunIndex | None = None) -> Run:
    """One run's folder. It is ``complete`` where its manifest says so: a run that was stopped leaves none that does.

    A file that is damaged, forged or out of its place is refused: it is named in ``troubles``, and stands among the
    cells as an error, so that a board shows what it lacks. A damaged manifest refuses the whole run. Cells that its
    ``index`` knows are not read again.
    """
    path = folder / "run.json"
    try:
        plain = read_json(path)
        manifest: Run | None = None if plain is None else as_record(Run, plain, path)
    except ResultsError as error:
        return Run(folder.name, "", (), complete=False, folder=str(folder), troubles=(str(error),))
    read, refused = read_cells(folder, index)
    owners = Counter((cell.model, cell.fingerprint) for cell in read.values())
    if manifest is None and not owners:
        return Run(folder.name, "", (), complete=False, folder=str(folder), troubles=tuple(refused.values()))
    run = manifest or Run(*owners.most_common(1)[0][0], (), complete=False)
    for place, cell in list(read.items()):
        if (cell.model, cell.fingerprint) != (run.model, run.fingerprint):
            where = folder / "cells" / Path(*place)
            refused[where] = f"{where} is a cell of another model ({cell.model}): {AGAIN}"
            del read[place]
    own = tuple(without_scores(cell, run.failure) if run.failure else cell for cell in read.values())
    lacking = tuple(refused_cell(where, why, run, own) for where, why in sorted(refused.items()))
    cells = (*own, *lacking, *missing_cells(run, (*own, *lacking)))
    return replace(run, cells=cells, folder=str(folder), troubles=tuple(refused[where] for where in sorted(refused)))


def without_scores(cell: Cell, why: str) -> Cell:
    """A cell of a model that was found to be one whose scores cannot be kept."""
    return cell if cell.status != "ok" else replace(cell, status="error", reason=why, scores=(), facts={}, notes=())


def read_cells(folder: Path, index: RunIndex | None = None) -> tuple[dict[Place, Cell], dict[Path, str]]:
    """The cells of a run's folder by the folder of their task and the name of their file, and by their file why the
    others are refused. Files that were left alone since the ``index`` was written are not read again."""
    read: dict[Place, Cell] = {}
    refused: dict[Path, str] = {}
    for place in _files_of_cells(folder):
        known = index.cell(place, f"{folder}/cells/{place[0]}/{place[1]}") if index is not None else None
        if known is not None:
            read[place] = known
            continue
        path = folder / "cells" / Path(*place)
        try:
            cell = _read_cell(path)
        except ResultsError as error:
            refused[path] = str(error)
            continue
        if cell is not None:
            read[place] = cell
            if index is not None:
                index.learn(place, cell)
    return read, refused


def _files_of_cells(folder: Path) -> list[Place]:
    """The files of cells in a run's folder, in order."""
    found = []
    for task in _entries(folder / "cells"):
        if task.is_dir():
            found += [(task.name, one.name) for one in _entries(task.path) if one.name.endswith(".json")]
    return sorted(found)


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    """What lies in a folder; nothing where there is none, or one that cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return [*entries]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _read_cell(path: Path) -> Cell | None:
    """The cell of a file; None where it is gone, `ResultsError` where it is refused."""
    plain = read_json(path)
    if plain is None:
        return None
    cell: Cell = as_record(Cell, plain, path)
    if (slug(cell.task), file_stem(cell.subset, cell.limit)) != (path.parent.name, path.stem):
        raise ResultsError(f"{path} is the cell of another place ({cell.task} {cell.subset}): {AGAIN}")
    return cell


def refused_cell(path: Path, why: str, run: Run, own: Sequence[Cell]) -> Cell:
    """What stands for a refused file: an error in its place, as far as the place is known."""
    planned = {(task, subset) for plan in (*run.plans.values(), run.saved) for task in plan for subset in plan[task]}
    named = {(slug(task), slug(subset)): (task, subset) for task, subset in planned}
    tasks = {slug(cell.task): cell.task for cell in own} | {slug(task): task for task, _ in planned}
    place = path.parent.name, path.stem
    task, subset = named.get(place) or (tasks.get(path.parent.name, path.parent.name), path.stem)
    return error_cell(run, task, subset, f"its file is refused: {why}", own)


def missing_cells(run: Run, cells: Sequence[Cell]) -> Iterator[Cell]:
    """What stands for cells that the manifest lists and that are not there any more."""
    there = {(cell.task, cell.subset) for cell in cells}
    for task, subsets in run.saved.items():
        for subset in subsets:
            if (task, subset) not in there:
                yield error_cell(run, task, subset, GONE, cells)


def error_cell(run: Run, task: str, subset: str, reason: str, cells: Sequence[Cell]) -> Cell:
    """A cell with an error in the place of one that cannot be read."""
    area = next((cell.area for cell in cells if cell.task == task and cell.area), "")
    return Cell(run.model, run.fingerprint, task, area, subset, (), "error", reason)


def read_json(path: Path) -> dict[str, Any] | None:
    """The checked content of a record's file; None where there is no file."""
    import msgspec

    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_JSON:
            raise ResultsError(f"{path} is no file of a record, or larger than {byte_count(LARGEST_JSON)}: {AGAIN}")
        plain = msgspec.json.decode(path.read_bytes())
        given = plain.pop("checksum", None) if isinstance(plain, dict) else None
        intact = given is not None and given == checksum(plain)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ResultsError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):  # cut off, no number (NaN), or nested without end
        raise ResultsError(f"{path} is cut off or no JSON: {AGAIN}") from None
    if not intact:
        raise ResultsError(f"{path} was changed after it was saved: {AGAIN}")
    return dict(plain)


def as_record(kind: Any, plain: dict[str, Any], path: Path) -> Any:
    """The record that a file's JSON holds; `ResultsError` names the file if it is none."""
    try:
        return from_json(kind, plain)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}") from None


@contextlib.contextmanager
def one_line_errors(path: Path) -> Iterator[None]:
    """Turn a failure to write (a full disk, a vanished folder) into one line."""
    try:
        yield
    except OSError as error:
        raise ResultsError(f"cannot save {path}: {error.strerror or error}; cells saved before are kept") from error
