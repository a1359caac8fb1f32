"""Saved runs for tests of the gate: hits or scores of every item as a test wants them, without a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from xlbench.core.record import Cell, Run, Score, cell_key
from xlbench.runs.items import Items
from xlbench.runs.store import Store

PRINT = {"old": "a" * 64, "new": "b" * 64, "first": "c" * 64}
IDENTITY = "1" * 64
VERSION = 1


def save(
    root: Path,
    model: str,
    cells: Mapping[tuple[str, str], Sequence[float] | np.ndarray],
    area: str = "retrieval",
    clusters: Mapping[tuple[str, str], Sequence[str]] | None = None,
    changes: Mapping[tuple[str, str], Mapping[str, object]] | None = None,
    prefix: str = "",
    ranked: bool = False,
    **manifest: object,
) -> Path:
    """Save a run: of each (task, subset) the score of every item, of which the mean is the main score.

    ``changes`` replaces fields of single cells; ``prefix`` begins the items' ids; with ``ranked``, hits are saved as
    ranks, and influences hold what items take as candidates, too. Returns the run's folder.
    """
    store, saved = Store(root), []
    for place, scores in cells.items():
        values = np.asarray(scores, dtype=float)
        ids = [f"{prefix}{place[0]}:{place[1]}:{number}" for number in range(len(values))]
        groups = list((clusters or {}).get(place, ids))
        score = Score(float(values.mean()), n=len(ids), clusters=len(set(groups)), metric="accuracy", note="for a test")
        data = f"{place[0]} {place[1]} {len(ids)}"
        fingerprint = PRINT.get(model, "f" * 64)
        cell = Cell(
            model, fingerprint, place[0], area, place[1], tuple(place[1].split("-")), "ok", scores=(score,),
            key=cell_key(VERSION, fingerprint, IDENTITY, place[1], data), data_fingerprint=data, task_identity=IDENTITY,
        )  # fmt: skip
        cell = replace(cell, **(changes or {}).get(place, {}))
        taken = 0.3 * (-1.0) ** np.arange(len(ids)) if ranked else 0.0
        columns = {"rank": (2 - values).astype(int)} if ranked else {"hit": values}
        items = Items(ids, groups, columns, values - values.mean() + taken)
        saved.append(store.save_cell(cell, items if cell.status == "ok" else None))
    run = Run(model, PRINT.get(model, "f" * 64), tuple(saved), **manifest)
    store.save_manifest(run)
    return store.folder(run.model, run.fingerprint)


def hits(n: int, right: int, lost: int = 0, won: int = 0) -> np.ndarray:
    """n items of which the first ``right`` are right, but for the first ``lost`` of them, and ``won`` of the others."""
    found = (np.arange(n) < right).astype(float)
    found[:lost] = 0.0
    found[right : right + won] = 1.0
    return found


def missing(why: str, status: str = "error") -> dict[str, object]:
    """Changes that make a cell one without scores."""
    return {"status": status, "reason": why, "scores": ()}


PLACES = [(task, subset) for task in ("one", "two") for subset in ("eng-deu", "eng-hin")]
N = 400


def run_of(root: Path, model: str = "old", lost: int = 0, won: int = 0, places: Sequence[tuple[str, str]] = PLACES,
           **options: Any) -> Path:  # fmt: skip
    """A saved run whose every cell has 200 hits of `N`, less those lost and with those won."""
    return save(root, model, {place: hits(N, 200, lost, won) for place in places}, **options)


def asking(xlbench_cli: Callable[..., Any], folder: Path) -> Callable[..., tuple[int, str, dict[str, Any]]]:
    """A function that runs ``xlbench gate`` in a folder: (exit code, what was printed, gate.json), which agree."""

    def ask(baseline: Path, candidate: Path, *options: str, **more: Any) -> tuple[int, str, dict[str, Any]]:
        done = xlbench_cli(["gate", "--baseline", baseline, "--candidate", candidate, *options], **more)
        verdict = json.loads((folder / "gate.json").read_text(encoding="utf-8"))
        assert verdict["exit_code"] == done.returncode, done.stderr
        assert "Traceback" not in done.stderr
        return done.returncode, (done.stdout + done.stderr).strip(), verdict

    return ask
