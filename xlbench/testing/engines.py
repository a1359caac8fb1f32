"""The check of an engine: every job comes back, unchanged, and the cells are those of `serial`."""

from __future__ import annotations

import multiprocessing
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.catalog.catalog import Catalog, Plugin
from xlbench.catalog.checking import flaw_of
from xlbench.catalog.hooks import Engine
from xlbench.core.errors import UsageError
from xlbench.core.text import first_of, reason_of
from xlbench.testing.checks import Check, Examination, NotAsked
from xlbench.testing.engine_jobs import JOBS, PARTS, REFUSED, SLOW_JOBS, TrialJob, TrialMessage, refusing_work, work
from xlbench.testing.process import ConformanceError

if TYPE_CHECKING:
    from xlbench.core.record import Cell

MODELS, TASK, LANGUAGE = ("ngram", "random"), "mini-parallel", "isl"
"""What is scored by the engine and by `serial`: models without weights, and a task whose data is embedded."""

GRACE = 10.0
"""Seconds that workers have to end."""


def check_engine(engine: Engine, catalog: Catalog | None = None) -> None:
    """Check that an engine computes all jobs and yields what they give, unchanged and once, here and in processes of
    its own; that it raises what ends a run, ends its workers when it is closed, and has the cells that `serial` has.

    Args:
        engine: The engine.
        catalog: Where the models and the task of a real run come from; None: the installed plugins.

    Raises:
        ConformanceError: The engine breaks a rule; the message says which, and what to do.
    """
    examine_engine(engine, catalog).require()


def examine_engine(engine: Engine, catalog: Catalog | None = None) -> Examination:
    """The checks of `check_engine`, to be made one by one."""
    name = getattr(engine, "name", type(engine).__name__)
    return Examination(f"engine {name}", CheckedEngine(engine, catalog), CHECKS)


class CheckedEngine:
    """An engine, and the ways to use it that checks have in common."""

    def __init__(self, engine: Engine, catalog: Catalog | None) -> None:
        self.engine, self._catalog = engine, catalog

    def map(self, function: Callable[..., Any], jobs: Sequence[TrialJob], **options: Any) -> Iterator[Any]:
        """What the engine yields; where it takes a number of workers, it is told None unless ``options`` say one."""
        if self.engine.takes_workers:
            options = {"workers": None} | options
        return iter(self.engine.map(function, jobs, **options))

    def all_of(self, jobs: Sequence[TrialJob], **options: Any) -> list[Any]:
        """All that the engine yields; `ConformanceError` where it raises."""
        try:
            return list(self.map(work, jobs, **options))
        except Exception as error:
            raise ConformanceError(f"map(work, jobs) fails: {reason_of(error)}") from error

    def cells(self, engine: Engine) -> dict[tuple[str, str, str], Cell]:
        """The cells of a small run by an engine, in a results folder of its own."""
        from xlbench.catalog import load
        from xlbench.runs.execute import run_prepared
        from xlbench.runs.request import Request, prepare

        catalog = self._catalog or load()
        if lacking := [name for name in MODELS if name not in catalog.models] + [TASK] * (TASK not in catalog.tasks):
            raise NotAsked(f"no plugin offers {', '.join(lacking)}")
        plugin = catalog.origins.get(("engines", engine.name), Plugin("checked", "checked", ""))
        catalog = replace(
            catalog,
            engines={**catalog.engines, engine.name: engine},
            origins={**catalog.origins, ("engines", engine.name): plugin},
        )
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            request = Request(
                MODELS, TASK, languages=LANGUAGE, results=Path(folder, "results"), limit=20, engine=engine.name,
                command=("xlbench.testing",), cache=False,
            )  # fmt: skip
            results = run_prepared(prepare(request, catalog))
        return {(cell.model, cell.task, cell.subset): cell for run in results for cell in run.cells}


def _describes_itself(one: CheckedEngine) -> None:
    if flaw := flaw_of("engines", one.engine):
        raise ConformanceError(flaw)


def _sends_what_can_be_pickled(one: CheckedEngine) -> None:
    """A failure of another kind is told by the check of all jobs."""
    try:
        list(one.map(work, JOBS[:1]))
    except Exception as error:
        if "pickl" in f"{type(error).__name__} {error}".lower():
            raise ConformanceError(f"it sends something that cannot be pickled: {reason_of(error)}") from error


def _does_every_job(one: CheckedEngine) -> None:
    _compare(one.all_of(JOBS), JOBS)


def _compare(given: Sequence[Any], jobs: Sequence[TrialJob]) -> None:
    expected = {TrialMessage(job, part) for job in jobs for part in range(PARTS)}
    foreign = [message for message in given if not isinstance(message, TrialMessage) or message not in expected]
    if foreign:
        raise ConformanceError(
            f"map(work, jobs) yields {type(foreign[0]).__name__}, which no job gave: yield what work(job) yields, "
            "one by one and unchanged"
        )
    count = Counter(given)
    if twice := sum(number > 1 for number in count.values()):
        raise ConformanceError(f"map(work, jobs) yields {twice} messages more than once: call work once a job")
    lost = sorted({message.job.number for message in expected - count.keys()})
    if lost:
        numbers = first_of([f"{number + 1}" for number in lost], 5)
        raise ConformanceError(
            f"{len(lost)} of {len(jobs)} jobs did not come back whole (number {numbers}): yield all that each gives"
        )


def _takes_workers(one: CheckedEngine) -> None:
    if one.engine.takes_workers:
        _compare(one.all_of(JOBS, workers=2), JOBS)


def _raises_what_ends_a_run(one: CheckedEngine) -> None:
    try:
        list(one.map(refusing_work, JOBS))
    except UsageError as error:
        if REFUSED in str(error):
            return
        raise ConformanceError(f"an error of work() comes back as another: {reason_of(error)}") from error
    except Exception as error:
        raise ConformanceError(
            f"a UsageError of work() comes back as {type(error).__name__}: raise it as it is"
        ) from error
    raise ConformanceError("a UsageError that work() raises is lost: raise it from map()")


def _ends_its_workers(one: CheckedEngine) -> None:
    before = _workers()
    messages = one.map(work, SLOW_JOBS)
    next(messages, None)
    close = getattr(messages, "close", None)
    if close is not None:
        close()
    until = time.monotonic() + GRACE
    while left := _workers() - before:
        if time.monotonic() > until:
            names = first_of(sorted(worker.name for worker in left), 3)
            raise ConformanceError(f"workers are still there {GRACE:.0f} s after the iterator was closed: {names}")
        time.sleep(0.05)


def _workers() -> set[Any]:
    """The threads and child processes of this process."""
    return {*threading.enumerate(), *multiprocessing.active_children()}


def _has_the_cells_of_serial(one: CheckedEngine) -> None:
    from xlbench.runs.engine import serial

    expected = one.cells(Engine("serial", serial))
    found = one.cells(one.engine)
    for address, cell in expected.items():
        where = " ".join(address)
        other = found.get(address)
        if other is None or other.status != cell.status:
            why = "is missing" if other is None else f"is {other.status}: {other.reason}"
            raise ConformanceError(f"the cell {where} is {cell.status} by serial, and here it {why}")
        for one_score, other_score in zip(cell.scores, other.scores, strict=False):
            if not _is_close(one_score.value, other_score.value):
                raise ConformanceError(
                    f"the cell {where} has {one_score.metric} {other_score.value}, and by serial {one_score.value}"
                )


def _is_close(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and other is not None and abs(one - other) <= 1e-4)


CHECKS = (
    Check(
        "it has a name and a function map",
        "the name is what --engine takes, and map is called with the work and the jobs of a run",
        "give Engine(name, map) a name of letters, digits, '.', '_' and '-', and a function map(work, jobs)",
        _describes_itself,
        basic=True,
    ),
    Check(
        "what it sends to its workers can be pickled",
        "work and jobs reach other processes and machines as pickles, and so does what comes back",
        "send functions from the top of a module, and exhaust what work(job) yields in the worker: list(work(job))",
        _sends_what_can_be_pickled,
        basic=True,
    ),
    Check(
        "all that every job gives comes back, once and unchanged",
        "a cell that does not come back is an error on the board, though it was computed",
        "call work(job) once for every job, and yield all that it yields",
        _does_every_job,
        basic=True,
    ),
    Check(
        "it does every job with --workers, too",
        "takes_workers says that map(work, jobs, workers=2) can be called, and with workers=None where nothing is said",
        "take the argument workers, or leave takes_workers out",
        _takes_workers,
    ),
    Check(
        "an error that ends the run is raised",
        "a full disk, or a model that only this process has, would look like a run that found nothing",
        "raise from map() what work(job) raises: future.result() does",
        _raises_what_ends_a_run,
    ),
    Check(
        "it ends its workers when it is closed",
        "after Ctrl-C and --fail-fast they would go on computing, and keep memory and accelerators",
        "make map() a generator, with its workers in a `with` or ended in `finally`",
        _ends_its_workers,
    ),
    Check(
        "its cells are those of serial",
        "a score must not depend on where it was computed",
        "call work(job) as it is, in a process with the same plugins, data and folder, one cell at a time",
        _has_the_cells_of_serial,
    ),
)
"""What is asked of an engine, in this order."""
