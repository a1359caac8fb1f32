"""Progress of a run on standard error: one live line on a terminal, a line a task elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from xlbench.cli.output.live_line import LiveLine
from xlbench.cli.output.pace import Pace, duration
from xlbench.cli.output.printing import echo
from xlbench.cli.output.window import can_redraw, encodable
from xlbench.core.columns import cell_width
from xlbench.core.text import one_line
from xlbench.runs.observer import Observer
from xlbench.runs.planned_cells import PlannedCell

if TYPE_CHECKING:
    from xlbench.core.record import Cell

BAR = 20
"""Columns of the bar, in a window that has room for it."""
DETAIL = 16
"""Columns without which it is not said what is done now."""


@contextlib.contextmanager
def watching(planned: Sequence[PlannedCell], *, quiet: bool) -> Iterator[Observer]:
    """An observer that shows progress for as long as the context lasts; where Ctrl-C ends it, how far it came."""
    if quiet:
        yield Observer(warning=_warn)
        return
    pace = Pace(planned)
    try:
        if can_redraw(sys.stderr):
            with _live(pace) as observer:
                yield observer
        else:
            lines = _Lines(pace, Counter((item.cell.model, item.cell.task) for item in planned))
            yield Observer(lines.cell, lines.encoding, _warn, lines.learning, lines.comparing)
    except KeyboardInterrupt:
        echo(f"stopped with {pace.done:,} of {pace.total:,} cells done{_trouble(pace, ', ')}", err=True)
        raise


@contextlib.contextmanager
def _live(pace: Pace) -> Iterator[Observer]:
    stream, doing = sys.stderr, [pace.first]
    line = LiveLine(stream, lambda room, aside: live_text(pace, aside or doing[0], room, encodable("━", stream)))

    def cell(done: Cell) -> None:
        """Count a finished cell."""
        pace.cell(done)
        doing[0] = f"{done.model} {done.task} {done.subset}"
        line.draw(at_once=pace.is_over)

    def encoding(model: str, done: int, total: int) -> None:
        """Show how many texts of a request are encoded."""
        pace.request.progress(done, total)
        doing[0] = _encoding_text(model, done, total)
        line.draw()

    def learning(model: str, done: int, total: int) -> None:
        """Show from how many training sets a probe has learned."""
        pace.request.rest()
        doing[0] = _learning_text(model, done, total)
        line.draw()

    def comparing(model: str, done: int, total: int) -> None:
        """Show how many queries a search has compared."""
        pace.request.rest()
        doing[0] = _comparing_text(model, done, total)
        line.draw()

    with line.shown():
        yield Observer(cell, encoding, lambda text: line.print([one_line(text)]), learning, comparing)


def live_text(pace: Pace, doing: str, room: int, stroke: str) -> str:
    """How far the run is, how fast, how long it may go on and what is done now, in so many columns."""
    rate, left = pace.texts_per_second, pace.left
    parts = [
        f"{pace.done:,}/{pace.total:,} cells",
        *([_trouble(pace)] if _trouble(pace) else []),
        *([f"{rate:,.0f} texts/s"] if rate else []),
        *([f"{duration(left)} left"] if left is not None else []),
    ]
    text = "  ".join(parts)
    if room >= cell_width(text) + BAR + DETAIL + 4 and pace.total:
        drawn = BAR * pace.done // pace.total
        text = f"{stroke * drawn}{' ' * (BAR - drawn)}  {text}"
    return f"{text}  {one_line(doing)}" if room >= cell_width(text) + DETAIL else text


def _trouble(pace: Pace, before: str = "") -> str:
    errors = pace.status["error"]
    return f"{before}{errors:,} failed" if errors else ""


def _encoding_text(model: str, done: int, total: int) -> str:
    return f"{model} encodes {done:,} of {total:,} {'text' if total == 1 else 'texts'}"


def _learning_text(model: str, done: int, total: int) -> str:
    return f"{model}: a probe has learned from {done:,} of {total:,} training {'set' if total == 1 else 'sets'}"


def _comparing_text(model: str, done: int, total: int) -> str:
    return f"{model}: a search has done {100 * done // max(total, 1)}% of its comparisons"


def _warn(line: str) -> None:
    echo(one_line(line), err=True)


class _Lines:
    """Prints a line when the last cell of a model and task is finished, and one in half a minute of other work."""

    EVERY = 30.0
    """Seconds between two lines of what takes long."""

    def __init__(self, pace: Pace, left: Counter[tuple[str, str]]) -> None:
        self._pace, self._left, self._all = pace, left, len(left)
        self._cells = dict(left)
        self._status = {pair: Counter[str]() for pair in left}
        self._computed: set[tuple[str, str]] = set()
        self._ended, self._said = 0, time.monotonic()

    def cell(self, cell: Cell) -> None:
        """A cell is finished."""
        pair = cell.model, cell.task
        if self._pace.cell(cell):
            self._computed.add(pair)
        self._left[pair] -= 1
        self._status[pair][cell.status] += 1
        if not self._left[pair]:
            self._ended += 1
            counts = ", ".join(f"{count} {status}" for status, count in sorted(self._status[pair].items()))
            self._say(f"{cell.model}: {cell.task}: {counts}{self._when(pair)}")
        elif time.monotonic() - self._said > self.EVERY:
            count = self._cells[pair]
            self._say(f"{cell.model}: {cell.task}: {count - self._left[pair]:,} of {count:,} cells{self._rest()}")

    def encoding(self, model: str, done: int, total: int) -> None:
        """Some texts are encoded."""
        self._pace.request.progress(done, total)
        if done and time.monotonic() - self._said > self.EVERY:  # with none done, the time went to what came before
            rate = self._pace.request.rate
            pace = f", {rate:,.0f} a second" if rate else ""
            self._say(f"{_encoding_text(model, done, total)}{pace}{self._rest()}")

    def learning(self, model: str, done: int, total: int) -> None:
        """A probe has learned from some of its training sets."""
        self._pace.request.rest()
        if time.monotonic() - self._said > self.EVERY:
            self._say(_learning_text(model, done, total) + self._rest())

    def comparing(self, model: str, done: int, total: int) -> None:
        """A search has compared some of its queries."""
        self._pace.request.rest()
        if time.monotonic() - self._said > self.EVERY:
            self._say(_comparing_text(model, done, total) + self._rest())

    def _when(self, pair: tuple[str, str]) -> str:
        """How long the rest may take; of scores that were saved before, this; of what cannot be computed, nothing."""
        if pair in self._computed:
            return self._rest()
        return ", as before" if self._status[pair]["ok"] else ""

    def _rest(self) -> str:
        """How many lines of this kind are said of how many, and how long the rest may take."""
        left = self._pace.left
        return f" ({self._ended} of {self._all}{f', about {duration(left)} left' if left and left >= 1 else ''})"

    def _say(self, line: str) -> None:
        self._said = time.monotonic()
        echo(line, err=True)
