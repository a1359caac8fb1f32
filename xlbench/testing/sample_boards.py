"""Small boards by which formats are checked: a whole one, one with gaps, and one full of names that hurt."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xlbench.core.ids import digest
from xlbench.core.record import Cell, Results, Run, Score

if TYPE_CHECKING:
    from xlbench.reports.boards.board import Board
    from xlbench.runs.items import Influence

HOSTILE = 'st:./a|b,"c"<script>alert(1)</script>&_50%#$=1'
"""A name that a model can have, as the spec that it was made from, and that no format may print as it is."""

UNKIND = '<script>alert(1)</script> a|b & _50%_ #1 \x1b[31mred, "quoted"\n=1+1'
"""A reason as a library may give it, of several lines and with what a terminal obeys."""

TASKS = {"pairs": ("retrieval", ("eng-hin", "hin-eng")), "topics": ("news", ("eng", "hin", "nan"))}


def sample_boards() -> dict[str, Board]:
    """By what they are like: ``whole``, ``of one model``, ``with gaps`` and ``hostile``."""
    return {
        "whole": sample_board("alpha", "beta", "gamma"),
        "of one model": sample_board("alpha"),
        "with gaps": sample_board("alpha", "beta", failing="beta"),
        "hostile": sample_board("alpha", HOSTILE, "gamma", failing=HOSTILE),
    }


def sample_board(*models: str, failing: str = "") -> Board:
    """A board of made-up scores of a few tasks, the first model the best.

    Args:
        models: Names.
        failing: One of them, which has no score in some of its cells, with a reason that hurts.
    """
    from xlbench.reports.boards.standings import standings

    influences: dict[str, Influence] = {}
    runs = []
    for place, model in enumerate(models):
        cells = []
        for task, (area, subsets) in TASKS.items():
            for subset in subsets:
                cell, influences[f"{model} {task} {subset}"] = _cell(model, place, task, area, subset)
                if model == failing and subset in ("hin-eng", "nan"):
                    cell = replace(cell, status="error", reason=UNKIND, scores=())
                cells.append(cell)
        runs.append(Run(model, cells[0].fingerprint, tuple(cells), parameters=1000))
    return standings(Results(tuple(runs)), lambda cell: influences[cell.key], "sample")


def _cell(model: str, place: int, task: str, area: str, subset: str) -> tuple[Cell, Influence]:
    import numpy as np

    from xlbench.runs.items import Influence

    n = 40
    hits = (np.random.RandomState(int(digest(task, subset)[:6], 16)).rand(n) > 0.2 + 0.2 * place).astype(float)
    value = float(hits.mean())
    ids = np.array([f"{task} {item}" for item in range(n)], dtype=object)
    score = Score(value, max(0.0, value - 0.1), min(1.0, value + 0.1), "wilson", 0.05, n, n, metric="accuracy")
    cell = Cell(
        model, digest(model), task, area, subset, tuple(subset.split("-")), "ok", scores=(score,),
        key=f"{model} {task} {subset}", data_fingerprint=f"{task} {subset}", seconds=1.0, encode_seconds=0.5, encoded=n,
        notes=(UNKIND,),
    )  # fmt: skip
    return cell, Influence(ids, (hits - value) / (n - 1), np.full(n, 1 / n), n)
