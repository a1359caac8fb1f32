"""`LiveLine`: the last line of a terminal, drawn anew in its place, while others print above it.

What is written to standard error and output in the meantime is shown in whole lines above. A bar, which is written over
and over behind a carriage return, would draw over the line: it is shown within it instead.

rich.live is not used: it prints each state of such a bar as a line of its own, its stand-ins for the streams take a
lock that a forked process may find held, and it fails where the encoding of the stream lacks a sign.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from xlbench.cli.output.window import USUAL_WIDTH, encodable, is_terminal, width
from xlbench.core.columns import cell_width, cut
from xlbench.core.text import one_line

_CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
"""What terminals obey: colors, moves of the cursor, titles."""

CTRL_C = 2
"""Columns of the ``^C`` that a terminal shows behind the line."""

Content = Callable[[int, str], str]
"""What the line says, in so many columns, with the bar that another library draws, or "": ``content(room, aside)``.
It holds nothing that a terminal obeys."""


class LiveLine:
    """A line of its own at the end of a terminal, for as long as `shown` lasts."""

    EVERY = 0.1
    """Seconds between two drawings, at least."""
    TICK = 1.0
    """Seconds after which it is drawn anew though nothing happened: its clock goes on."""

    def __init__(self, stream: Any, content: Content) -> None:
        self._stream, self._content = stream, content
        self._lock = threading.RLock()
        self._drawn = 0
        """Columns that it has on the screen now."""
        self._last = 0.0
        self._aside = ""
        self._process = os.getpid()
        self._over = threading.Event()

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Draw the line for as long as the context lasts, and leave nothing of it."""
        before = sys.stdout, sys.stderr
        err = _Above(self, self._stream)
        out = err if sys.stdout is self._stream else _Above(self, sys.stdout) if is_terminal(sys.stdout) else sys.stdout
        ours = out, err
        sys.stdout, sys.stderr = ours
        ticker = threading.Thread(target=self._tick, name="xlbench progress", daemon=True)
        ticker.start()
        try:
            yield
        finally:
            self._over.set()
            if (sys.stdout, sys.stderr) == ours:  # else somebody has put a stream of theirs there, and keeps it
                sys.stdout, sys.stderr = before
            with self._lock:
                self._erase()
                for one in dict.fromkeys(each for each in ours if isinstance(each, _Above)):
                    one.finish()

    def draw(self, *, at_once: bool = False) -> None:
        """Draw the line as its content is now, unless that was done just before."""
        now = time.monotonic()
        if self._over.is_set() or (not at_once and now - self._last < self.EVERY):
            return
        with self._lock:
            self._last = now
            room = (width(self._stream) or USUAL_WIDTH) - 1  # in the last column some terminals begin a new line
            text = cut(encodable(self._content(room, self._aside), self._stream), room)
            columns = cell_width(text)
            spaces = min(max(self._drawn + CTRL_C - columns, 0), room - columns)
            self._write("\r" + text + " " * spaces + "\b" * spaces)  # what is pressed then shows at its end
            self._drawn = columns

    def print(self, lines: Iterable[str], stream: Any = None) -> None:
        """Print whole lines above the line, on standard error or another stream of the same terminal."""
        stream = self._stream if stream is None else stream
        with self._lock:
            self._erase()
            stream.write("".join(f"{encodable(line, stream)}\n" for line in lines))
            stream.flush()
            if not self._over.is_set():
                self.draw(at_once=True)

    def show_aside(self, text: str) -> None:
        """Show the bar that another library draws now within the line; "": none."""
        if text != self._aside:
            self._aside = text
            self.draw()

    @property
    def is_ours(self) -> bool:
        """Whether the line stands, and this is the process that draws it, not one forked off it."""
        return not self._over.is_set() and os.getpid() == self._process

    def _tick(self) -> None:
        while not self._over.wait(self.TICK):
            self.draw()

    def _erase(self) -> None:
        if self._drawn:
            room = (width(self._stream) or USUAL_WIDTH) - 1
            self._write("\r" + " " * room + "\r")  # all of it: what is pressed may show anywhere in it
            self._drawn = 0

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a window that was closed takes nothing from the run
            self._stream.write(text)
            self._stream.flush()


class _Above:
    """Stands in for a stream of the terminal: what is written to it is printed above the line."""

    def __init__(self, line: LiveLine, stream: Any) -> None:
        self._line, self._stream = line, stream
        self._begun = ""
        """What was written since the last line break."""

    def write(self, text: str) -> int:
        """Print the lines that are whole; keep what is begun, and show it if it is a bar."""
        if not self._line.is_ours:
            return int(self._stream.write(text))
        *whole, begun = (self._begun + text).replace("\r\n", "\n").split("\n")
        self._begun = begun if len(begun) < 10_000 else begun[-10_000:]  # a bar without end is one of carriage returns
        shown = [line for line in map(_visible, whole) if line]
        if shown:
            self._line.print(shown, self._stream)
        self._line.show_aside(one_line(_CODES.sub("", begun.rpartition("\r")[2])) if "\r" in begun else "")
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of several texts."""
        for line in lines:
            self.write(line)

    def finish(self) -> None:
        """Print what was begun, unless it is a bar: nothing more is to come."""
        if last := _visible(self._begun):
            self._line.print([last], self._stream)
        self._begun = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _visible(line: str) -> str:
    """A line that others wrote without what terminals obey; nothing of a bar that has come to its end."""
    return "" if "\r" in line else _CODES.sub("", line).rstrip()
