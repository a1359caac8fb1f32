"""`WorkerOutput`: what a worker process writes to standard error, handed on to a stream of this process."""

from __future__ import annotations

import codecs
import contextlib
import multiprocessing
import os
import sys
import threading
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

PATIENCE = 2.0
"""Seconds to wait for the last words of a worker that has ended: a process that it has left behind may go on."""


class WorkerOutput:
    """A pipe whose writing end is a worker's standard error, and a thread that reads it."""

    @classmethod
    def of(cls, stream: TextIO) -> WorkerOutput | None:
        """Hand on to ``stream``; None where that is the standard error which worker processes have by themselves.

        A live line, a notebook or a test has put a stream of its own there, which knows nothing of what is written to
        the file below it.
        """
        return cls(stream) if stream is not sys.__stderr__ and os.name == "posix" else None

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._begin, self.end = multiprocessing.get_context("spawn").Pipe(duplex=False)
        self._thread = threading.Thread(target=self._read, name="xlbench worker output", daemon=True)

    def begin(self) -> None:
        """Read: the worker has been started, and has its end."""
        self.end.close()
        self._thread.start()

    def close(self) -> None:
        """The worker has ended: hand on what it has written last."""
        self._thread.join(PATIENCE)

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        with self._begin, contextlib.suppress(OSError, ValueError):  # whoever owned the stream may have closed it
            while raw := os.read(self._begin.fileno(), 1 << 16):
                self._stream.write(decoder.decode(raw))


def write_to(end: Connection) -> None:
    """In the worker process: standard error is the pipe from here on, for this language and others."""
    os.dup2(end.fileno(), 2)
    end.close()
