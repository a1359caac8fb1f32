"""The store: writes and reads the saved runs of a results folder. Only this module and `packs.write` write results.

    RESULTS/<model>-<hash>/run.json                          the manifest: first the plan, last that it was carried out
    RESULTS/<model>-<hash>/cells/<task>/<subset>.json        a cell; its appearance is the commit
    RESULTS/<model>-<hash>/cells/<task>/<subset>.<content>.parquet   the items' rows, written before it

Items are named by their content: those of the cell that is there stay until the one that replaces it has appeared,
and two processes that score one cell never write one file with different bytes.

Every file appears whole or not at all (written beside, flushed, renamed). A cell and a manifest carry a checksum, and
a cell that of its items: what was edited or cut off is refused with its name, never taken for absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xlbench.core.codec import checksum, to_json
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.files import check_folder, is_old, remove, write_whole
from xlbench.core.ids import slug
from xlbench.core.record import WHOLE_TASK, Cell, Run
from xlbench.runs.items import Influence, Items, to_parquet
from xlbench.runs.reader import Reader as Reader
from xlbench.runs.reader import find_runs as find_runs
from xlbench.runs.run_folder import AGAIN, LOST, as_record, file_stem, one_line_errors, read_json


class Store(Reader):
    """A results folder."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.root = root
        self._failures: dict[Path, str] = {}
        """By folder: why its model as a whole cannot be scored; "" where it can."""

    def check_writable(self) -> None:
        """Create the folder, or raise `UsageError` where nothing can be written to it."""
        check_folder(self.root, "results", "--results")

    @property
    def is_writable(self) -> bool:
        """Whether something can be saved here; finished runs can be read where nothing can."""
        try:
            self.check_writable()
        except UsageError:
            return False
        return True

    def folder(self, model: str, fingerprint: str) -> Path:
        """The folder of one model's run: two models of the same name and different content never share one."""
        return self.root / slug(model, fingerprint)

    def cell_path(self, model: str, fingerprint: str, task: str, subset: str, limit: int | None) -> Path:
        """The file of a cell; a sample lies beside the whole, so that neither replaces the other."""
        return self.folder(model, fingerprint) / "cells" / slug(task) / f"{file_stem(subset, limit)}.json"

    def path_of(self, cell: Cell) -> Path:
        """`cell_path` of a cell."""
        return self.cell_path(cell.model, cell.fingerprint, cell.task, cell.subset, cell.limit)

    def load_cell(self, path: Path) -> Cell | None:
        """The cell saved at ``path``, None where there is none; `ResultsError` where it was edited or cut off."""
        if path.parent.exists() and not path.parent.is_dir():  # something stands in the way of all of the task's cells
            raise ResultsError(f"cannot read {path}: {path.parent.name} is no folder")
        plain = read_json(path)
        if plain is None:
            return None
        cell: Cell = as_record(Cell, plain, path)
        if self.path_of(cell) != path:
            raise ResultsError(f"{path} holds another cell ({cell.model} {cell.task} {cell.subset}): {AGAIN}")
        return cell

    def save_cell(self, cell: Cell, items: Items | None) -> Cell:
        """Save a cell: its items first, then its JSON, which commits it. Returns it with the items' file and digest."""
        path = self.path_of(cell)
        with one_line_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            if items is not None:
                content = to_parquet(items)
                content_hash = hashlib.sha256(content).hexdigest()
                name = f"{path.stem}.{content_hash[:12]}.parquet"
                write_whole(path.parent / name, content, durable_name=False)
                cell = replace(cell, items_file=name, items_digest=content_hash)
            _write_json(path, to_json(cell))
        return cell

    def forget(self, run: Run, cells: Collection[Cell]) -> None:
        """Remove cells of a run and their items for good: its manifest does not list them any more."""
        saved = {task: set(subsets) for task, subsets in run.saved.items()}
        for cell in cells:
            if cell.whole:
                saved.get(cell.task, set()).discard(cell.subset)
        listed = {task: tuple(sorted(subsets)) for task, subsets in sorted(saved.items()) if subsets}
        path = self.folder(run.model, run.fingerprint) / "run.json"
        with one_line_errors(path):
            if path.exists():
                _write_json(path, to_json(replace(run, cells=(), saved=listed, folder="", troubles=())))
            for cell in cells:
                self.discard(self.path_of(cell))
                if cell.items_file:
                    self.discard(self.path_of(cell).parent / cell.items_file)

    def discard(self, path: Path) -> None:
        """Remove a cell that no longer applies (the failure of a whole task that now has subsets)."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()

    def influence(self, cell: Cell, folder: Path | None = None) -> Influence:
        """As of a `Reader`; without ``folder``, of the run that it has in this results folder."""
        return super().influence(cell, folder or self.folder(cell.model, cell.fingerprint))

    def load_items(self, cell: Cell, run: Path | None = None) -> Items:
        """As of a `Reader`; without ``run``, of the run that it has in this results folder."""
        return super().load_items(cell, run or self.folder(cell.model, cell.fingerprint))

    def save_manifest(self, run: Run) -> None:
        """Write the run's manifest: what it is for, which cells it has and, where it is ``complete``, that it ended."""
        before = self.manifest(run.model, run.fingerprint)
        run = replace(run, saved=_saved_subsets(run, before))
        path = self.folder(run.model, run.fingerprint) / "run.json"
        with one_line_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_json(path, to_json(run))
        self._failures[path.parent] = run.failure

    def failure(self, model: str, fingerprint: str) -> str:
        """Why the model as a whole cannot be scored, where a run in this folder has found that; otherwise ""."""
        folder = self.folder(model, fingerprint)
        if folder not in self._failures:
            run = self.manifest(model, fingerprint)
            self._failures[folder] = run.failure if run else ""
        return self._failures[folder]

    def manifest(self, model: str, fingerprint: str) -> Run | None:
        """The saved manifest, without cells; None where there is none."""
        path = self.folder(model, fingerprint) / "run.json"
        plain = read_json(path)
        return None if plain is None else as_record(Run, plain, path)

    def runs(self, besides: Sequence[Run] = ()) -> list[Run]:
        """All runs in the folder with their cells, packed or not, except ``besides``, in the order of their names."""
        known = {self.folder(run.model, run.fingerprint) for run in besides}
        return self.runs_in(self.root, known)

    def sweep(self) -> None:
        """Remove what killed commands left behind: temporaries, runs that were not unpacked to the end, and items that
        no cell refers to, once they are old."""
        for path in [*self.root.rglob(".*.tmp"), *self.root.glob("*/cells/*/*.parquet")]:
            if is_old(path) and not _is_referenced(path):
                remove(path)


def _saved_subsets(run: Run, before: Run | None) -> dict[str, tuple[str, ...]]:
    """By task, the subsets of a run's whole cells, and of those that its manifest listed before. The failure of a whole
    task is no subset: it goes when the task has some."""
    saved = {task: set(subsets) for task, subsets in (before.saved if before else {}).items()}
    for cell in run.cells:
        if cell.whole and cell.subset != WHOLE_TASK and not cell.provenance.get(LOST):
            saved.setdefault(cell.task, set()).add(cell.subset)
    return {task: tuple(sorted(saved[task])) for task in sorted(saved)}


def _write_json(path: Path, plain: dict[str, Any]) -> None:
    plain = json.loads(json.dumps(plain))  # tuples become lists, as they will be read
    text = json.dumps(plain | {"checksum": checksum(plain)}, indent=1, sort_keys=True, ensure_ascii=False)
    write_whole(path, (text + "\n").encode(), durable_name=True)


def _is_referenced(path: Path) -> bool:
    """Whether a saved cell names this file as its items (a damaged cell is taken to name all)."""
    cell_file = path.with_name(path.name.split(".")[0] + ".json")
    if path.suffix == ".tmp" or not cell_file.exists():
        return False
    try:
        return f'"{path.name}"' in cell_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return True
