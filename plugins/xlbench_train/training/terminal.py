"""Progress of a training on standard error: a bar in a terminal, elsewhere a line every half minute."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from xlbench.core.text import one_line, printable

EVERY = 30.0
"""Seconds between two lines where standard error is no terminal."""


class Terminal:
    """Lines and progress of one recipe."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._bar: Any = None
        self._task: Any = None
        self._began = self._said = time.monotonic()
        self._start = 0

    def say(self, line: str) -> None:
        """Print a line of what is going on."""
        if not self._quiet:
            self._print(one_line(line))

    def row(self, line: str) -> None:
        """Print a line of a table, its spaces as they are."""
        if not self._quiet:
            self._print(printable(line))

    def warn(self, line: str) -> None:
        """Print a line that is no progress, also where one wants to see nothing but trouble."""
        self._print(one_line(line))

    def out(self, text: str) -> None:
        """Print a result, on standard output."""
        if not self._quiet:
            click.echo(printable(text))

    @contextlib.contextmanager
    def training(self) -> Iterator[None]:
        """For as long as `step` is called; how long is left is told from the steps of this time."""
        self._start = 0
        if self._quiet or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                   TextColumn("{task.fields[detail]}"))  # fmt: skip
        with Progress(*columns, console=Console(stderr=True), transient=True) as self._bar:
            self._task = self._bar.add_task("steps", total=None, detail="")
            try:
                yield
            finally:
                self._bar, bar = None, self._bar
                bar.stop()

    def step(self, done: int, total: int, epoch: float) -> None:
        """Some steps of all are done."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, detail=f"epoch {epoch:.2f}")
            return
        now = time.monotonic()
        if self._start == 0:
            self._start, self._began, self._said = done, now, now
        if now - self._said >= EVERY and done > self._start:
            self._said = now
            left = round((total - done) * (now - self._began) / (done - self._start))
            self.say(f"step {done:,} of {total:,}, epoch {epoch:.2f}, {left // 60}:{left % 60:02d} left")

    def slow(self, line: str) -> None:
        """Print a line of what takes long, no more than one in half a minute."""
        if time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self.say(line)

    def _print(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            click.echo(line, err=True)
