"""What a person sees while a run goes on, on standard error: a bar in a terminal, a line a task elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from xlbench.planning import Planned
from xlbench.runner import Observer

if TYPE_CHECKING:
    from xlbench.record import Cell


@contextlib.contextmanager
def watching(planned: Sequence[Planned], quiet: bool) -> Iterator[Observer]:
    """An observer that shows progress for as long as the context lasts."""
    if quiet:
        yield Observer()
    elif sys.stderr.isatty():
        with _bar(planned) as observer:
            yield observer
    else:
        yield Observer(cell=_lines(planned))


@contextlib.contextmanager
def _bar(planned: Sequence[Planned]) -> Iterator[Observer]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("cells", total=len(planned), detail="")

        def cell(done: Cell) -> None:
            progress.update(bar, advance=1, detail=_escaped(f"{done.model} {done.task} {done.subset}"))

        def encoding(model: str, done: int, total: int) -> None:
            progress.update(bar, detail=_escaped(f"{model} encodes {done:,} of {total:,} texts"))

        yield Observer(cell, encoding)


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _lines(planned: Sequence[Planned]) -> _Lines:
    return _Lines(Counter((item.cell.model, item.cell.task) for item in planned))


class _Lines:
    """Prints a line when the last cell of a model and task is finished."""

    def __init__(self, left: Counter[tuple[str, str]]) -> None:
        self._left, self._status = left, {pair: Counter[str]() for pair in left}

    def __call__(self, cell: Cell) -> None:
        pair = cell.model, cell.task
        self._left[pair] -= 1
        self._status[pair][cell.status] += 1
        if not self._left[pair]:
            counts = ", ".join(f"{count} {status}" for status, count in sorted(self._status[pair].items()))
            click.echo(f"{cell.model}: {cell.task}: {counts}", err=True)
