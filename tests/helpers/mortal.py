"""In a process of `forking.Server`: its changes of the disk are counted, and before one of them it is killed."""

from __future__ import annotations

import atexit
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path


def begin(folder: str, steps: str, last_step: int, before: str) -> None:
    """Call a function of this module, if any, and from now on list in the file ``steps``, once the process ends, what
    it changes in a folder; it is killed just before its ``last_step``."""
    if before:
        globals()[before]()
    mortal = Mortal(Path(folder), last_step)
    atexit.register(lambda: Path(steps).write_text("\n".join(mortal.steps), encoding="utf-8"))


def another_parquet(replace: Callable = setattr) -> None:
    """Write parquet as another version of the library would: equal rows, other bytes."""
    import pyarrow.parquet as pq

    write = pq.write_table
    replace(pq, "write_table", lambda table, sink, compression: write(table, sink, compression="gzip"))


class Mortal:
    """Lists the steps by which this process changes files in a folder, and kills it just before its last one.

    A kill at an fsync leaves half of the file, as one in the middle of the writing does.
    """

    STEPS = ("os.rename", "os.mkdir", "os.remove")  # the names that Python's audit gives to replace and unlink, too

    def __init__(self, folder: Path, last: int) -> None:
        self._folder, self._last = str(folder), last
        self.steps: list[str] = []
        self._fsync, os.fsync = os.fsync, self._flush
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple) -> None:
        writes = event == "open" and isinstance(arguments[1], str) and not set(arguments[1]).isdisjoint("wax+")
        if (writes or event in self.STEPS) and not isinstance(arguments[0], int):
            path = os.path.abspath(os.fsdecode(arguments[0]))
            if path.startswith(self._folder + os.sep):
                place = arguments[1] if event == "os.rename" else path
                self._step(f"{event} {os.path.relpath(place, self._folder)}")

    def _flush(self, descriptor: int) -> None:
        self._step("os.fsync", descriptor)
        self._fsync(descriptor)

    def _step(self, what: str, descriptor: int | None = None) -> None:
        self.steps.append(what)
        if len(self.steps) == self._last:
            if descriptor is not None and stat.S_ISREG(os.fstat(descriptor).st_mode):
                os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
