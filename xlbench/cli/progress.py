"""Progress of a run on standard error: a bar in a terminal, a line a task elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xlbench.cli.output import echo
from xlbench.core.text import one_line
from xlbench.runs.observer import Observer
from xlbench.runs.planned_cells import PlannedCell

if TYPE_CHECKING:
    from xlbench.core.record import Cell


@contextlib.contextmanager
def watching(planned: Sequence[PlannedCell], *, quiet: bool) -> Iterator[Observer]:
    """An observer that shows progress for as long as the context lasts."""
    if quiet:
        yield Observer(warning=_warn)
    elif sys.stderr.isatty():
        with _bar(planned) as observer:
            yield observer
    else:
        lines = _Lines(Counter((item.cell.model, item.cell.task) for item in planned))
        yield Observer(lines.cell, lines.encoding, _warn, lines.learning)


@contextlib.contextmanager
def _bar(planned: Sequence[PlannedCell]) -> Iterator[Observer]:
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

        pace = _EncodingRate()

        def cell(done: Cell) -> None:
            """Move the bar on by a finished cell."""
            pace.rest()
            progress.update(bar, advance=1, detail=_escape(f"{done.model} {done.task} {done.subset}"))

        def encoding(model: str, done: int, total: int) -> None:
            """Show how fast texts are encoded, beside the bar."""
            progress.update(bar, detail=_escape(pace.line(model, done, total)))

        def learning(model: str, done: int, total: int) -> None:
            """Show from how many training sets a probe has learned, beside the bar."""
            progress.update(bar, detail=_escape(_learning_text(model, done, total)))
            pace.rest()

        def warning(line: str) -> None:
            """Print a line above the bar."""
            progress.console.print(one_line(line), markup=False, highlight=False)

        yield Observer(cell, encoding, warning, learning)


def _learning_text(model: str, done: int, total: int) -> str:
    return f"{model}: a probe has learned from {done:,} of {total:,} training sets"


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(one_line(text))


def _warn(line: str) -> None:
    echo(one_line(line), err=True)


class _EncodingRate:
    """How fast texts are encoded, over one request of a model."""

    def __init__(self) -> None:
        self._last = self._began = time.monotonic()
        self._done = 0

    def rest(self) -> None:
        """Something else than encoding was done until now."""
        self._last, self._done = time.monotonic(), 0

    def line(self, model: str, done: int, total: int) -> str:
        """Texts done of all, texts a second, and the time left."""
        if done <= self._done or not self._done:  # the first chunk of a request began when the last event ended
            self._began = self._last
        self._last, self._done = time.monotonic(), done if done < total else 0
        a_second = done / max(self._last - self._began, 1e-9)
        left = round((total - done) / a_second)
        rest = f", {left // 60}:{left % 60:02d} left" if left else ""
        return f"{model} encodes {done:,} of {total:,} texts, {a_second:,.0f} a second{rest}"


class _Lines:
    """Prints a line when the last cell of a model and task is finished, and one in half a minute of encoding."""

    EVERY = 30.0
    """Seconds between two lines about encoding."""

    def __init__(self, left: Counter[tuple[str, str]]) -> None:
        self._left, self._status = left, {pair: Counter[str]() for pair in left}
        self._pace, self._said = _EncodingRate(), time.monotonic()

    def cell(self, cell: Cell) -> None:
        """A cell is finished."""
        self._pace.rest()
        pair = cell.model, cell.task
        self._left[pair] -= 1
        self._status[pair][cell.status] += 1
        if not self._left[pair]:
            counts = ", ".join(f"{count} {status}" for status, count in sorted(self._status[pair].items()))
            self._say(f"{cell.model}: {cell.task}: {counts}")

    def encoding(self, model: str, done: int, total: int) -> None:
        """Some texts are encoded."""
        line = self._pace.line(model, done, total)
        if time.monotonic() - self._said > self.EVERY:
            self._say(line)

    def learning(self, model: str, done: int, total: int) -> None:
        """A probe has learned from some of its training sets."""
        if time.monotonic() - self._said > self.EVERY:
            self._say(_learning_text(model, done, total))
        self._pace.rest()

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        echo(line, err=True)
