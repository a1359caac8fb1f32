"""A board of twice as many models takes about twice as long: nothing but the ranks looks at every pair of them."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from xlbench.builtin import xlbench_boards
from xlbench.core.record import Cell, Results, Run, Score
from xlbench.reports.boards.standings import standings
from xlbench.runs.items import Influence

pytestmark = pytest.mark.slow

SUBSETS, ITEMS = 20, 60


def results(models: int) -> tuple[Results, dict[str, Influence]]:
    """Runs of models with the same cells over the same items, every hit by chance."""
    random = np.random.default_rng(0)
    influences, runs = {}, []
    for number in range(models):
        model, print_of, cells = f"m{number:03}", f"{number:064x}", []
        for subset in range(SUBSETS):
            hits = (random.random(ITEMS) < 0.3 + 0.4 * number / models).astype(float)
            value, key = float(hits.mean()), f"{number} {subset}"
            score = Score(
                value, max(value - 0.1, 0.0), min(value + 0.1, 1.0), "percentile", 0.05, ITEMS, ITEMS,
                metric="accuracy", chance=0.1,
            )  # fmt: skip
            place = (model, print_of, f"t{subset % 4}", "news", f"x{subset:02}", ("hin",), "ok")
            cells.append(Cell(*place, scores=(score,), key=key, data_fingerprint=f"{subset}", items_digest=key))
            ids = np.asarray([f"{subset}:{item}" for item in range(ITEMS)], dtype=object)
            influences[key] = Influence(ids, (hits - value) / ITEMS, np.full(ITEMS, 1 / ITEMS), ITEMS)
        runs.append(Run(model, print_of, tuple(cells)))
    return Results(tuple(runs)), influences


def seconds(models: int) -> float:
    """Processor time of a board with all of its renderings."""
    found, influences = results(models)
    started = time.process_time()
    board = standings(found, lambda cell: influences[cell.key], "many", None)
    for form in xlbench_boards():
        assert form.render(board)
    return time.process_time() - started


def test_a_board_of_many_models_is_nearly_linear(capsys):
    """Four times as many models take at most eight times as long (quadratic would be sixteen)."""
    seconds(5)  # imports
    few, many = seconds(15), seconds(60)
    with capsys.disabled():
        sys.stdout.write(f"\nboard: 15 models {few:.2f} s, 60 models {many:.2f} s, ratio {many / few:.1f}\n")
    assert many < 8 * few
