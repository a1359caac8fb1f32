"""Saved runs for tests: results folders made in this process, without a model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from xlbench.core.record import Cell, Run, Score
from xlbench.runs import store as store_module
from xlbench.runs.items import Items
from xlbench.runs.store import Store

PRINTS = {"alpha": "a" * 64, "beta": "b" * 64}


def save_cell(store: Store, model: str, task: str, subset: str, hits: int, n: int = 60, **changes) -> Cell:
    """Save a scored cell with ``hits`` of ``n`` items right."""
    right = (np.arange(n) < hits).astype(float)
    value = hits / n
    score = Score(value, max(value - 0.1, 0), min(value + 0.1, 1), "wilson", 0.05, n, n, metric="accuracy", chance=0.1)
    cell = Cell(
        model, PRINTS.get(model, "f" * 64), task, "retrieval", subset, tuple(subset.split("-")), "ok",
        scores=(score,), key=f"{model}{task}{subset}", data_fingerprint=f"{task}{subset}",
    )  # fmt: skip
    ids = [f"{task}:{subset}:{i}" for i in range(n)]
    return store.save_cell(replace(cell, **changes), Items(ids, ids, {"hit": right}, right - value))


def save_run(root: Path, model: str, cells: dict[tuple[str, str], int], **manifest) -> Run:
    """Save a run whose cells (task, subset) have so many hits, and its manifest."""
    store = Store(root)
    saved = tuple(save_cell(store, model, *place, hits) for place, hits in cells.items())
    run = Run(model, PRINTS.get(model, "f" * 64), saved, **manifest)
    store.save_manifest(run)
    return replace(run, folder=str(store.folder(run.model, run.fingerprint)))


def cell_file(root: Path, model: str, task: str, subset: str) -> Path:
    """Where a cell lies."""
    return Store(root).cell_path(model, PRINTS.get(model, "f" * 64), task, subset, None)


def forge(path: Path, change) -> None:
    """Change what a file holds, with a checksum that fits: as somebody would who means to."""
    plain = json.loads(path.read_text(encoding="utf-8"))
    del plain["checksum"]
    change(plain)
    store_module._write_json(path, plain)
