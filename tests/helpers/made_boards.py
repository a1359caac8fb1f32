"""Boards of made-up scores for tests of the HTML report."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np

from xlbench.core.record import Cell, Results, Run, Score
from xlbench.reports.boards.board import Board
from xlbench.reports.boards.standings import standings
from xlbench.runs.items import Influence

LANGUAGES = ("eng", "hin", "swa", "tel", "deu", "fin", "zho_Hans", "tur", "yor", "isl")
HOSTILE = "<img src=x onerror=\"document.title='run'\"></script><script>document.title='run'</script>'\"`${0}&amp;"


def made_board(
    models: list[str],
    tasks: dict[str, tuple[str, tuple[str, ...]]],
    n: int = 60,
    title: str = "made",
    changes: dict | None = None,
    run_changes: dict | None = None,
) -> Board:
    """A board on which every model has every cell, the first models the most hits.

    Args:
        models: Their names, best first.
        tasks: By name: the area, and the subsets (``eng``, ``eng-hin``, ``eng>hin``).
        n: Items of a subset, the same sentences in all subsets of a task.
        title: Of the board.
        changes: Fields of every cell.
        run_changes: Fields of every run.
    """
    influences: dict[str, Influence] = {}
    runs = []
    for place, model in enumerate(models):
        cells = []
        for number, (task, (area, subsets)) in enumerate(tasks.items()):
            for order, subset in enumerate(subsets):
                cell, influence = _cell(model, place / max(1, len(models)), task, area, subset, number + order, n)
                cells.append(replace(cell, **(changes or {})))
                influences[cell.key] = influence
        runs.append(Run(model, cells[0].fingerprint, tuple(cells), parameters=10 ** (5 + place % 4),
                        **(run_changes or {})))  # fmt: skip
    return standings(Results(tuple(runs)), lambda cell: influences[cell.key], title)


def _cell(model: str, weakness: float, task: str, area: str, subset: str, seed: int, n: int) -> tuple[Cell, Influence]:
    rng = np.random.RandomState(seed)
    luck, own = rng.rand(n), np.random.RandomState(int(hashlib.md5(f"{model}{seed}".encode()).hexdigest()[:8], 16))
    hits = (luck * 0.8 + own.rand(n) * 0.2 > 0.25 + 0.4 * weakness).astype(float)
    value = float(hits.mean())
    languages = tuple(subset.replace(">", "-").split("-"))
    ids = np.array([f"{task} {item}" for item in range(n)], dtype=object)
    score = Score(value, max(0.0, value - 0.06), min(1.0, value + 0.06), "wilson", 0.03, n, n, metric="accuracy",
                  chance=0.1)  # fmt: skip
    cell = Cell(
        model, hashlib.sha256(model.encode()).hexdigest(), task, area, subset, languages, "ok", scores=(score,),
        key=f"{model} {task} {subset}", data_fingerprint=f"{task} {subset}", seconds=2.0, encode_seconds=1.0 + weakness,
        encoded=n, provenance={"versions": {"xlbench": "0.1.0"}},
    )  # fmt: skip
    return cell, Influence(ids, (hits - value) / (n - 1), np.full(n, 1 / n), n)


def small_board(**changes) -> Board:
    """Four models, three tasks in two areas, with pairs and transfers."""
    pairs = tuple(f"{one}-{other}" for one in LANGUAGES[:3] for other in LANGUAGES[:3] if one != other)
    transfers = tuple(f"eng>{other}" for other in LANGUAGES[1:5])
    tasks = {"pairs": ("retrieval", pairs), "topics": ("news", LANGUAGES[:5]), "moods": ("news", transfers)}
    return made_board(["alpha", "beta", "gamma", "delta"], tasks, **changes)


def large_board(models: int, cells: int) -> Board:
    """As many models as that, with as many cells each: tasks of fifty languages, ten to a board's area."""
    codes = [f"{first}{second}x" for first in "abcdefgh" for second in "abcdefg"][: min(50, cells)]
    tasks = {f"task-{number:02}": (f"area-{number % 5}", tuple(codes)) for number in range(max(1, cells // 50))}
    return made_board([f"model-{number:03}" for number in range(models)], tasks, n=40)
