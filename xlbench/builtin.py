"""What xlbench offers through its own hooks, like any other plugin: the serial engine and the board formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from xlbench.catalog.hooks import BoardFormat, Engine, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from xlbench.core.record import Cell
    from xlbench.reports.boards.standings import Board


@hookimpl
def xlbench_engines() -> Iterable[Engine]:
    """The engine that computes in this process."""
    yield Engine("serial", _serial, "one cell after the other, in this process")


@hookimpl
def xlbench_boards() -> Iterable[BoardFormat]:
    """Markdown for people, CSV for programs."""
    yield BoardFormat(
        "markdown", _markdown, "Tables for people: the board, its parts, footnotes; costs apart.", (".md", ".costs.md")
    )
    yield BoardFormat(
        "csv",
        _csv,
        "Tables for programs: a row a model, a score, a subset's data, a register, a model's costs.",
        (".csv", ".scores.csv", ".data.csv", ".costs.csv", ".models.csv", ".registers.csv"),
    )


def _serial(work: Callable[[Any], Iterable[Cell]], jobs: Iterable[Any]) -> Iterator[Cell]:
    from xlbench.runs.engine import serial

    return serial(work, jobs)


def _markdown(board: Board) -> Mapping[str, str]:
    from xlbench.reports.boards.markdown import render

    return render(board)


def _csv(board: Board) -> Mapping[str, str]:
    from xlbench.reports.boards.spreadsheet import render

    return render(board)
