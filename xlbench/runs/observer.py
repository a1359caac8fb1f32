"""`Observer`: receives the progress of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xlbench.core.record import Cell


@dataclass(frozen=True)
class Observer:
    """Who is told of progress; every call may do nothing."""

    cell: Callable[[Cell], None] = lambda cell: None
    """A cell is finished (or was done before)."""
    encoding: Callable[[str, int, int], None] = lambda model, done, total: None
    """A model has encoded so many of the texts of one request, in this process."""
    warning: Callable[[str], None] = lambda line: None
    """Something was wrong that cost no result: a damaged part of the cache, say."""
    learning: Callable[[str, int, int], None] = lambda model, done, total: None
    """A probe has learned from so many of the training sets of one cell, in this process."""
    comparing: Callable[[str, int, int], None] = lambda model, done, total: None
    """A search of one cell has compared so many queries, in all its passes over them, in this process."""
