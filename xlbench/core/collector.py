"""Puts off the search for circles of objects while millions of objects are made that hold none."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def set_apart() -> Iterator[None]:
    """Within it, objects that were there before are not searched for circles; afterwards they are again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextlib.contextmanager
def collector_paused() -> Iterator[None]:
    """Within it, Python does not look for circles of objects that nobody holds: with a million records in memory, each
    search takes as long as reading some thousand of them. Afterwards it is as before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
