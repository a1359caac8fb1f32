"""Writes packs back as run folders, which `xlbench run` can continue."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.files import staging_folder
from xlbench.core.record import Run
from xlbench.runs.packs.read import Pack
from xlbench.runs.run_folder import load_run
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
    with _staging_folder(folder) as staged:
        written = Store(staged)
        for cell in pack.cells:
            written.save_cell(cell, pack.items(cell) if cell.status == "ok" else None)
        written.save_manifest(replace(run, cells=pack.cells))
    return load_run(folder)


@contextlib.contextmanager
def _staging_folder(folder: Path) -> Iterator[Path]:
    """A results folder in which ``folder`` is written, to appear in its place once it is whole."""
    staged = staging_folder(folder)
    try:
        yield staged
        os.replace(staged / folder.name, folder)
    except OSError as error:
        raise _not_written(folder, error) from None
    except ResultsError as error:
        if isinstance(error.__cause__, OSError):  # of the store, which says that cells are kept: here none are
            raise _not_written(folder, error.__cause__) from None
        raise
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _not_written(folder: Path, error: OSError) -> ResultsError:
    return ResultsError(f"cannot write {folder}: {error.strerror or error}; nothing of it is there")
