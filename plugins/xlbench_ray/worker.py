"""`RayWorker`: what an actor of the cluster does. It has one model loaded, and computes a job at a time."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Answer:
    """All that a job gave."""

    messages: list[Any]
    """Cells and warnings, as `work` gives them."""
    files: list[tuple[str, bytes]]
    """Where the worker does not see the results folder: the files of the cells, by their path in it. Items come before
    the cell that names them."""


class RayWorker:
    """Computes jobs in a process of the cluster."""

    def __init__(self, threads: int, *, shared: bool) -> None:
        """Begin with nothing loaded.

        Args:
            threads: Threads of numeric libraries, unless OMP_NUM_THREADS says so on that machine.
            shared: Whether the results folder is the one of the machine that planned the run.
        """
        from xlbench.runs.scheduling import limit_threads

        limit_threads(threads)
        self._own = None if shared else tempfile.TemporaryDirectory(prefix="xlbench-")

    def compute(self, work: Callable[[Any], Iterable[Any]], job: Any) -> Answer:
        """All that a job gives; what it raises is raised where the answer is asked for."""
        if self._own is None:
            return Answer(list(work(job)), [])
        root = Path(self._own.name)
        messages = list(work(replace(job, context=replace(job.context, results=root))))
        paths = sorted(root.glob("*/cells/*/*"), key=lambda path: (path.suffix == ".json", path))
        files = [(path.relative_to(root).as_posix(), path.read_bytes()) for path in paths if not _is_temporary(path)]
        for path in paths:
            path.unlink()
        return Answer(messages, files)


def _is_temporary(path: Path) -> bool:
    return path.name.startswith(".")
