"""`prunable` and `prune`: cells that nobody wants any more, and how they leave a results folder."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell, Run
from xlbench.core.text import did_you_mean
from xlbench.runs.packs.header import ENDING
from xlbench.runs.run_folder import one_line_errors, read_cells
from xlbench.runs.store import Store


@dataclass(frozen=True)
class Unwanted:
    """Cells of one run that are to go; ``whole``: all of it, its folder too."""

    run: Run
    cells: tuple[Cell, ...]
    whole: bool


def prunable(
    root: Path,
    models: Collection[str] = (),
    *,
    failed: bool = False,
    samples: bool = False,
    curves: bool = False,
) -> list[Unwanted]:
    """What a results folder holds of some kinds of cells; nothing is removed.

    Args:
        root: The results folder. Packs in it are left alone.
        models: Names or patterns: only these models' runs; none: all. Without a kind of cells, their whole runs.
        failed: Cells that were saved without scores: errors, and what was skipped. Files that are damaged or gone are
            no such cells.
        samples: Cells of the first items alone (``--limit``).
        curves: Points of curves (``xlbench curve``).

    Raises:
        UsageError: There is no such folder, nothing was chosen, or no run is of a model that is named.
    """
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}: give a results folder of `xlbench run`")
    if not (models or failed or samples or curves):
        raise UsageError("say what is to go: --failed, --samples, --curves, or the whole runs of a --model")
    runs = [run for run in Store(root).runs() if Path(run.folder).suffix != ENDING]
    for pattern in models:
        if not any(fnmatchcase(run.model, pattern) for run in runs):
            raise UsageError(f"{root} has no run of {pattern!r}.{did_you_mean(pattern, {run.model for run in runs})}")
    chosen = [run for run in runs if not models or any(fnmatchcase(run.model, pattern) for pattern in models)]
    if not (failed or samples or curves):
        return [Unwanted(run, run.cells, whole=True) for run in chosen]
    found = []
    for run in chosen:
        saved, _ = read_cells(Path(run.folder))  # as they are: what is damaged or gone is left for its owner to look at
        cells = tuple(
            cell
            for cell in saved.values()
            if (failed and cell.status != "ok")
            or (samples and cell.limit is not None)
            or (curves and cell.train_size is not None)
        )
        if cells:
            found.append(Unwanted(run, cells, whole=False))
    return found


def prune(root: Path, unwanted: Iterable[Unwanted]) -> None:
    """Remove them: a manifest first, then the files that it does not list any more. `ResultsError` where that fails."""
    store = Store(root)
    store.check_writable()
    for one in unwanted:
        folder = Path(one.run.folder)
        if one.whole:
            with one_line_errors(folder):
                shutil.rmtree(folder)
        elif folder != store.folder(one.run.model, one.run.fingerprint):
            raise ResultsError(
                f"{folder} is not named as xlbench names this run: was it moved? Nothing of it is removed"
            )
        else:
            store.forget(one.run, one.cells)
