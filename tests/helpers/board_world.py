"""A world of saved cells made from given hits, and the boards that are made of it."""

from __future__ import annotations

import csv
import io
import itertools
import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from xlbench import stats
from xlbench.builtin import xlbench_boards
from xlbench.core.record import Cell, Results, Run, Score
from xlbench.reports.boards import markdown, spreadsheet
from xlbench.reports.boards.board import Board
from xlbench.reports.boards.standings import standings
from xlbench.runs.items import Influence

LABELS = {
    ("pairs", "nan-eng"): {"register": "regularized", "facts": {"candidates": 97, "tie_rate": 0.0}},
    ("pairs", "eng-nan"): {"register": "regularized", "facts": {"repeated_candidates": 3, "candidates": 97}},
    ("bucc", "deu-eng"): {"register": "unregularized"},
    ("topics", "NA"): {"facts": {"test_duplicates": 3, "test_in_train": 7, "majority_accuracy": 0.4}},
    ("topics", "zho_Hans"): {"facts": {"tiny_classes": 4, "majority_accuracy": 0.5}},
}
"""What the cells of the golden world say of their data."""
PRINT = {"alpha": "a" * 64, "beta": "b" * 64, "gamma": "c" * 64}


@dataclass
class World:
    """Saved cells with the hits that they were scored from."""

    cells: list[Cell] = field(default_factory=list)
    influences: dict[str, Influence] = field(default_factory=dict)
    runs: dict[str, dict] = field(default_factory=dict)

    def add(self, model, task, subset, hits, clusters=None, *, area="retrieval", **changes) -> Cell:
        """A scored cell: its value is the mean of ``hits``, its interval (not under test) five points to each side."""
        hits = np.asarray(hits, float)
        ids = np.asarray(clusters or [f"{task}:{subset}:{i}" for i in range(len(hits))], dtype=object)
        names, codes = np.unique(ids, return_inverse=True)
        value = float(hits.mean())
        low, high = max(value - 0.05, min(hits.min(), 0)), min(value + 0.05, max(hits.max(), 1))
        score = Score(value, low, high, "percentile", 0.02, len(hits), len(names), metric="accuracy", chance=0.1)
        cell = Cell(
            model, PRINT.get(model, "f" * 64), task, area, subset, tuple(re.split("[->]", subset)), "ok",
            scores=(score,), key=f"{model} {task} {subset} {len(self.cells)}", data_fingerprint=f"{task} {subset}",
            items_digest=f"{hits.tolist()}", seconds=2.5, encode_seconds=2.0, encoded=len(hits),
        )  # fmt: skip
        cell = replace(cell, **changes)
        part = stats.part(value, hits - value, codes)
        self.influences[cell.key] = Influence(names, part.influence, part.weight, len(hits))
        self.cells.append(cell)
        return cell

    def fail(self, model, task, subset, status="error", reason="out of memory", area="retrieval") -> None:
        self.cells.append(Cell(model, PRINT.get(model, "f" * 64), task, area, subset, (subset,), status, reason))

    def results(self, order=lambda cells: cells) -> Results:
        """The cells as runs, a run a model; ``order`` shuffles cells and runs."""
        by_model: dict[tuple[str, str], list[Cell]] = {}
        for cell in order(list(self.cells)):
            by_model.setdefault((cell.model, cell.fingerprint), []).append(cell)
        runs = [Run(*model, tuple(cells), **self.runs.get(model[0], {})) for model, cells in by_model.items()]
        return Results(tuple(order(runs)))

    def board(self, title="mini", plan=None, order=lambda cells: cells) -> Board:
        return standings(self.results(order), lambda cell: self.influences[cell.key], title, plan)


def shares(count: int, n: int = 100) -> np.ndarray:
    """``n`` hits with the given number of them right, spread evenly."""
    return (np.arange(n) * 37 % n < count).astype(float)


def read_rows(board: Board, suffix: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(spreadsheet.render(board)[suffix])))


def by_name(board: Board):
    return {row.model: row for row in board.rows}


def full_world() -> World:
    """Two areas, three tasks, three models: retrieval (pairs: 2 subsets that share sentences; bucc: 1), ner (1)."""
    world = World()
    sentences = [f"s{i}" for i in range(100)]
    for model, lift in (("alpha", 0), ("beta", 10), ("gamma", 4)):
        world.add(model, "pairs", "nan-eng", shares(40 + lift), sentences)
        world.add(model, "pairs", "eng-nan", shares(60 + lift), sentences)
        world.add(model, "bucc", "deu-eng", shares(20 + lift, 50), None)
        world.add(model, "names", "hin", shares(70 + lift, 80), None, area="ner")
    return world


def golden_world() -> World:
    """What a board may have to say, in one: ties, a failure, notes, methods, twins, one name twice, odd texts."""
    world = full_world()
    hits = shares(33, 60)
    for model in ("alpha", "beta"):
        world.add(model, "topics", "NA", hits, None, area="news", notes=("3 duplicate texts | counted once",))
    notes = ("3 duplicate texts | counted once", "the model declares that it was trained on topics")
    world.add("gamma", "topics", "NA", shares(21, 60), None, area="news", notes=notes)
    small = world.add("beta", "topics", "zho_Hans", shares(9, 12), None, area="news")
    wilson = replace(small.scores[0], method="wilson", note="coverage of some 91% for so few items")
    world.cells[-1] = replace(small, scores=(wilson, replace(wilson, metric="macro-f1", value=-0.25, low=None)))
    world.add("alpha", "topics", "zho_Hans", shares(8, 12), None, area="news")
    world.cells = [replace(cell, **LABELS.get((cell.task, cell.subset), {})) for cell in world.cells]
    world.fail("gamma", "topics", "zho_Hans", reason="EncoderError: <b>NaN</b> in row 3", area="news")
    odd = {"fingerprint": "d" * 64}
    for cell in [cell for cell in world.cells if cell.model == "alpha"]:
        other = replace(cell, key="odd" + cell.key, items_digest="", **odd)
        world.influences[other.key] = world.influences[cell.key]
        world.cells.append(other)
    for model, parameters in (("alpha", None), ("beta", 1_000_000)):
        world.runs[model] = {"parameters": parameters, "provenance": {"peak_memory_bytes": 3 << 20}}
    return world


def frame_of(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def subsets_page(board: Board) -> str:
    """The page of a board that has every subset, and all that is said in full."""
    return markdown.render(board)[".subsets.md"]


def render_all(board: Board) -> dict[str, str]:
    return dict(itertools.chain.from_iterable(form.render(board).items() for form in xlbench_boards()))
