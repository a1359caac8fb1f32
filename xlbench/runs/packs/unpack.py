"""Writes packs back as run folders, which `xlbench run` can continue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from xlbench.core.errors import UsageError
from xlbench.core.record import Run
from xlbench.runs.packs.read import Pack
from xlbench.runs.run_folder import load_run
from xlbench.runs.staged_run import staged_run
from xlbench.runs.store import Store


def unpack(path: Path, root: Path) -> Run:
    """Write the run of a pack as a folder in the results folder ``root``, whole or not at all.

    Raises:
        UsageError: ``root`` cannot be written to, or has a run of this model already.
        ResultsError: The pack is refused, or the disk is full.
    """
    pack = Pack(path)
    pack.check()
    store = Store(root)
    store.check_writable()
    run = pack.manifest
    folder = store.folder(run.model, run.fingerprint)
    if folder.exists():
        raise UsageError(f"{folder} is there already, and no run is replaced: give another --results, or delete it")
    with staged_run(folder) as staged:
        written = Store(staged)
        for cell in pack.cells:
            written.save_cell(cell, pack.items(cell) if cell.status == "ok" else None)
        written.save_manifest(replace(run, cells=pack.cells))
    return load_run(folder)
