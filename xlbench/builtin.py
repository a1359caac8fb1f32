"""What xlbench offers through its own hooks, like any other plugin: the engines and the board formats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from xlbench.catalog.hooks import BoardFormat, Engine, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from xlbench.reports.boards.board import Board


@hookimpl
def xlbench_engines() -> Iterable[Engine]:
    """The engines that compute in this process, and in several of this machine."""
    yield Engine("serial", _serial, "One cell after the other, in this process.")
    yield Engine("processes", _processes, "Several processes of this machine (--workers).", takes_workers=True)


@hookimpl
def xlbench_boards() -> Iterable[BoardFormat]:
    """Markdown and a page for people, CSV for programs."""
    yield BoardFormat(
        "markdown",
        _markdown,
        "Tables for people: the board, its subsets with all footnotes, costs.",
        (".md", ".subsets.md", ".costs.md"),
    )
    yield BoardFormat(
        "csv",
        _csv,
        "Tables for programs: a row a model, a task, a language, a score, a subset's data, a register, hubs, costs.",
        (
            ".csv",
            ".tasks.csv",
            ".scores.csv",
            ".data.csv",
            ".costs.csv",
            ".models.csv",
            ".registers.csv",
            ".hubs.csv",
            ".languages.csv",
        ),
    )
    yield BoardFormat(
        "html", _html, "A page to sort, to filter and to compare models in; needs no network.", (".html",)
    )
    yield BoardFormat("latex", _latex, "The standings as a table of a paper (booktabs).", (".tex",), default=False)
    yield BoardFormat("json", _json, "What `xlbench board --json` prints of a board.", (".json",), default=False)


def _serial(work: Callable[[Any], Iterable[Any]], jobs: Iterable[Any]) -> Iterator[Any]:
    from xlbench.runs.engine import serial

    return serial(work, jobs)


def _processes(work: Callable[[Any], Iterable[Any]], jobs: Iterable[Any], workers: int | None = None) -> Iterator[Any]:
    from xlbench.runs.processes import processes

    return processes(work, jobs, workers)


def _markdown(board: Board) -> Mapping[str, str]:
    from xlbench.reports.boards.markdown import render

    return render(board)


def _latex(board: Board) -> Mapping[str, str]:
    from xlbench.reports.boards.latex import render

    return render(board)


def _json(board: Board) -> Mapping[str, str]:
    from xlbench.reports.boards.plain import as_json

    return {".json": as_json(board)}


def _csv(board: Board) -> Mapping[str, str]:
    from xlbench.reports.boards.spreadsheet import render

    return render(board)


def _html(board: Board) -> Mapping[str, str]:
    from datetime import date

    from xlbench.reports.html.page import render

    return {".html": render(board, date.today())}
