"""What pictures are made of, for tests: the published board, a comparison, curves; and what is in a figure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conftest import ROOT

import xlbench
from xlbench.core.record import Cell, Score
from xlbench.reports.boards.board import Board
from xlbench.reports.compare.comparison import Comparison
from xlbench.reports.curves import Curves, curves_of
from xlbench.reports.render import boards_of

RUNS = ROOT / "leaderboards" / "runs"


@pytest.fixture(scope="session")
def mini() -> Board:
    """The board of the published runs."""
    (board,) = boards_of([RUNS]).boards
    return board


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Two of the published runs."""
    before, after = (next(RUNS.glob(f"{name}-*.xlpack")) for name in ("ngram-translit", "siamese-mini"))
    return xlbench.compare(before, after)


def point(model: str, subset: str, size: int | None, value: float | None, **changes) -> Cell:
    """A cell that learned from ``size`` items, or from all, which are 80."""
    scores = () if value is None else (Score(value, value - 0.1, value + 0.1, "wilson", metric="macro_f1", chance=0.2),)
    cell = Cell(model, model[0] * 64, "news", "news", subset if size is None else f"{subset}@{size}", (subset,), "ok",
                scores=scores, train_size=size, train_items=size or 80)  # fmt: skip
    return replace(cell, **changes)


@pytest.fixture(scope="session")
def curves() -> Curves:
    """Two models on two subsets at three sizes."""
    places = [(model, subset) for model in ("alpha", "beta") for subset in ("hin", "eng>hin")]
    sizes = (10, 20, None)
    cells = [point(*place, size, 0.3 + 0.1 * n + 0.02 * k) for k, place in enumerate(places)
             for n, size in enumerate(sizes)]  # fmt: skip
    return Curves("news", curves_of(cells))


def artists(axes, label: str) -> list:
    """The lines of an axes that are called so."""
    return [line for line in axes.get_lines() if line.get_label() == label]


def named(figure) -> dict:
    """The axes of a figure by their headings."""
    return {axes.get_title(loc="left"): axes for axes in figure.axes if axes.get_visible()}
