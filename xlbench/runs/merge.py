"""`merge`: writes the runs of several places as one results folder, as the shards of a run are joined."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Run
from xlbench.runs.joined_runs import Placed, joined_cells, joined_manifest, same_to_the_bit
from xlbench.runs.run_folder import GONE, load_run
from xlbench.runs.staged_run import staged_run
from xlbench.runs.store import Reader, Store


def merge(folders: Sequence[Path], root: Path) -> list[Run]:
    """Write all runs in some folders and packs into the results folder ``root``, the parts of a run as one.

    A cell that several parts have is taken once; one with scores goes before one without. Everything is read and
    compared before anything is written, and each run is written whole or not at all.

    Raises:
        UsageError: ``root`` is no place to write to, or has one of the runs already; a folder holds no run.
        ResultsError: Something is damaged, or two parts have different scores of one cell: the message names both.
    """
    store, reader = Store(root), Reader(indexed=False)
    parts: dict[tuple[str, str], list[Run]] = {}
    for folder in folders:
        for run in reader.find_runs(folder):
            if run.troubles:
                raise ResultsError(f"nothing is merged: {run.troubles[0]}")
            parts.setdefault((run.model, run.fingerprint), []).append(run)
    try:
        joined = {key: joined_cells(runs, same_to_the_bit) for key, runs in parts.items()}
    except ResultsError as error:
        raise ResultsError(f"nothing is merged: {error}") from None
    for key in parts:
        if store.folder(*key).exists():
            raise UsageError(f"{store.folder(*key)} is there already, and no run is replaced: give another --out")
    store.check_writable()
    return [_write(store, reader, runs, joined[key]) for key, runs in parts.items()]


def _write(store: Store, reader: Reader, runs: Sequence[Run], cells: Placed) -> Run:
    """Write one run from its parts."""
    folder = store.folder(runs[0].model, runs[0].fingerprint)
    with staged_run(folder) as staged:
        written = Store(staged)
        for cell, run in cells.values():
            if cell.reason != GONE:  # that one is listed in the manifest as saved, and so is seen as missing again
                written.save_cell(cell, reader.load_items(cell, Path(run.folder)) if cell.status == "ok" else None)
        written.save_manifest(joined_manifest(runs, [cell for cell, _ in cells.values()]))
    return load_run(folder)
