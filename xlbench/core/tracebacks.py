"""Logs tracebacks of errors that are shown as one line, and shows them with ``--debug``."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator

DEBUG = "XLBENCH_DEBUG"
"""Environment variable that asks for tracebacks; worker processes inherit it."""

_LOGGER = logging.getLogger("xlbench")


def log_traceback(what: str) -> None:
    """Log the traceback of the exception that is being handled, at level DEBUG; ``what`` failed."""
    _LOGGER.debug("%s failed:", what, exc_info=True)


@contextlib.contextmanager
def shown_tracebacks(*, wanted: bool | None = None) -> Iterator[None]:
    """Show logged tracebacks on standard error until the end of the ``with``, in this process and in its workers.

    Args:
        wanted: Whether to; None: where the environment variable `DEBUG` asks for it.
    """
    before = os.environ.get(DEBUG)
    if not (bool(before) if wanted is None else wanted):
        yield
        return
    handler, level = logging.StreamHandler(), _LOGGER.level
    os.environ[DEBUG] = "1"
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(level)
        os.environ.pop(DEBUG, None)
        if before is not None:
            os.environ[DEBUG] = before
