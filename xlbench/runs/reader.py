"""`Reader`: finds saved runs in folders and packs, and reads their items."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.collector import collector_paused
from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.ids import slug
from xlbench.core.record import Cell, Run
from xlbench.runs.item_clusters import KnownClusters
from xlbench.runs.items import Influence, Items, influence, read_items, read_table
from xlbench.runs.joined_runs import JoinedRuns
from xlbench.runs.model_names import model_of
from xlbench.runs.packs.header import ENDING
from xlbench.runs.packs.read import Pack
from xlbench.runs.run_folder import load_run, missing_cells, without_scores
from xlbench.runs.run_index import RunIndex, SharedTexts

if TYPE_CHECKING:
    import pyarrow as pa


SMALLEST_INDEXED = 1000
"""Cells in all folders that are read together from which on their runs get indexes."""


class Reader:
    """Saved runs, in folders and packs: each pack is opened and checked once, and a cell's influence read once."""

    def __init__(self, *, indexed: bool = True) -> None:
        """``indexed``: whether what the indexes of runs know is believed of files that were left alone; otherwise every
        file is read, whatever there is."""
        self._packs: dict[Path, Pack] = {}
        self._influence: dict[tuple[Path, str, str], Influence] = {}
        """By folder, items' file and digest: what was read already."""
        self._clusters = KnownClusters()
        self._texts = SharedTexts()
        self._indexed = indexed
        self._indexes: dict[Path, RunIndex] = {}
        self._joined = JoinedRuns()

    def find_joined(self, places: Iterable[Path]) -> list[Run]:
        """The runs of several places, the parts of one as one, each place counting once.

        Raises:
            UsageError: There is none in one of them.
            ResultsError: Two parts of a run contradict each other.
        """
        distinct = {where.resolve(): where for where in places}
        found = {Path(run.folder).resolve(): run for where in distinct.values() for run in self.find_runs(where)}
        return self.join(found.values())

    def find_named(self, places: Iterable[Path], model: str) -> list[Run]:
        """The runs of a model as `find_joined` has them; those of other models are not read.

        Raises:
            ResultsError: Two parts of a run contradict each other.
        """
        distinct = {where.resolve(): where for where in places}
        paths = [path for where in distinct.values() for path in _runs_at(where) if model_of(path) in (model, None)]
        with collector_paused():
            found = {path.resolve(): self._at(path) for path in paths}
        return self.join(run for run in found.values() if run.model == model)

    def join(self, runs: Iterable[Run]) -> list[Run]:
        """Runs that this reader has read, the parts of one as one (`JoinedRuns.join`)."""
        return self._joined.join(runs)

    def find_runs(self, where: Path) -> list[Run]:
        """`find_runs`, for whoever goes on to read the items of the runs."""
        if where.is_file() or (where.suffix == ENDING and where.exists() and not where.is_dir()):
            return [self._packed(where)]
        if not where.is_dir():
            what = "pack" if where.suffix == ENDING else "folder"
            raise UsageError(f"there is no {what} {where}: give a results folder of `xlbench run`, or a pack")
        runs = [self._folder(where)] if (where / "cells").is_dir() else self.runs_in(where)
        if not runs:
            raise UsageError(f"{where} holds no runs: give a results folder of `xlbench run`, or packs")
        return runs

    def runs_in(self, folder: Path, besides: Collection[Path] = ()) -> list[Run]:
        """The runs of a results folder, packs among them, in the order of their names, except folders ``besides``."""
        with collector_paused():
            return [self._at(path) for path in _runs_below(folder) if path not in besides]

    def influence(self, cell: Cell, folder: Path) -> Influence:
        """`influence` of a saved cell, its items read and checked once, however often it is asked for.

        Args:
            cell: A cell with scores.
            folder: The folder or the pack of its run.
        """
        folder = self._joined.folder_of(cell, folder)
        key = folder, cell.items_file, cell.items_digest
        if key not in self._influence:
            packed = self._pack_at(folder)
            self._influence[key] = packed.influence(cell) if packed else self._of_folder(cell, folder)
        return self._influence[key]

    def save_indexes(self) -> None:
        """Write what was read into the indexes of runs, where there are so many cells that it is worth a file."""
        if sum(index.count for index in self._indexes.values()) >= SMALLEST_INDEXED:
            for index in self._indexes.values():
                if index.has_news:
                    index.save()

    def load_items(self, cell: Cell, run: Path) -> Items:
        """The items of a cell with scores; ``run`` is the folder or the pack of its run.

        Raises:
            ResultsError: The file is missing, or not the one that was saved.
        """
        run = self._joined.folder_of(cell, run)
        packed = self._pack_at(run)
        return packed.items(cell) if packed else read_items(run / "cells" / slug(cell.task), cell)

    def load_table(self, cell: Cell, run: Path) -> pa.Table:
        """The items as they are saved; otherwise as `load_items`."""
        run = self._joined.folder_of(cell, run)
        packed = self._pack_at(run)
        return packed.table(cell) if packed else read_table(run / "cells" / slug(cell.task), cell)

    def _at(self, path: Path) -> Run:
        """The run of a folder or a pack."""
        return self._folder(path) if path.is_dir() else self._packed(path)

    def _folder(self, folder: Path) -> Run:
        """The run of a folder."""
        index = RunIndex(folder, self._clusters, self._texts) if self._indexed else None
        if index is not None:
            self._indexes[folder] = index
        return load_run(folder, index)

    def _of_folder(self, cell: Cell, folder: Path) -> Influence:
        """The influence of a cell of a folder."""
        index = self._indexes.get(folder)
        known = index.influence(cell) if index else None
        if known is not None:
            return known
        before = index.before_influence(cell) if index else None
        found = influence(folder, cell, self._clusters)
        if index:
            index.learn_influence(cell, found, before)
        return found

    def _pack_at(self, where: Path) -> Pack | None:
        """The pack that is there; None where it is a folder."""
        if where not in self._packs and where.is_file():
            self._packs[where] = Pack(where, known=self._clusters)
        return self._packs.get(where)

    def _packed(self, path: Path) -> Run:
        """The run of a pack. One that is refused is named in ``troubles``, and has no cell."""
        try:
            pack = self._packs[path] = Pack(path, known=self._clusters)
        except ResultsError as error:
            return Run(path.name.removesuffix(ENDING), "", (), complete=False, folder=str(path), troubles=(str(error),))
        run = pack.manifest
        own = tuple(without_scores(cell, run.failure) if run.failure else cell for cell in pack.cells)
        return replace(run, cells=(*own, *missing_cells(run, own)), folder=str(path))


def _runs_at(where: Path) -> list[Path]:
    """The folders and packs of the runs that lie somewhere; none where there is nothing."""
    is_run = where.is_file() or (where / "cells").is_dir()
    return [where] if is_run else _runs_below(where) if where.is_dir() else []


def _runs_below(folder: Path) -> list[Path]:
    """The runs of a results folder, packs among them, in the order of their names."""
    there = sorted(folder.iterdir(), key=lambda path: path.name.removesuffix(ENDING))
    return [path for path in there if (path / "cells").is_dir() or (path.suffix == ENDING and not path.is_dir())]


def find_runs(where: Path) -> list[Run]:
    """The runs of a results folder or a folder of packs, or the one run that ``where`` itself is, a folder or a pack.

    Raises:
        UsageError: There is none.
    """
    return Reader().find_runs(where)
