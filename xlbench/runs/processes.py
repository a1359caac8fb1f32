"""The engine ``processes``: jobs are computed in several processes of this machine.

Each worker process has an executor of its own, so that one that dies takes with it the one job that it had.
What workers write to standard error comes out where this process's own goes.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING

from xlbench.runs.jobs import Job, Message, RunWarning
from xlbench.runs.scheduling import limit_threads, take_next
from xlbench.runs.worker_output import WorkerOutput, write_to

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Work = Callable[[Job], Iterable[Message]]


def processes(work: Work, jobs: Iterable[Job], workers: int | None = None) -> Iterator[Message]:
    """Compute jobs in ``workers`` processes (None: one a processor), and yield what comes back as jobs end.

    Numeric libraries get an equal share of the processors in each, unless OMP_NUM_THREADS says how many threads.
    """
    waiting = list(jobs)
    count = min(workers or _processors(), len(waiting))
    slots = [_WorkerSlot(threads=max(1, _processors() // max(1, count))) for _ in range(count)]
    running: dict[Future[list[Message]], tuple[_WorkerSlot, Job]] = {}
    try:
        while waiting or running:
            for slot in [slot for slot in slots if slot.job is None][: len(waiting)]:
                job = take_next(waiting, slot.model, {other.model for other in slots if other is not slot})
                running[slot.submit(work, job)] = slot, job
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                slot, job = running.pop(future)
                slot.job = None
                yield from _messages(future, slot, job)
    finally:
        for slot in slots:
            slot.end()


def _processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _messages(future: Future[list[Message]], slot: _WorkerSlot, job: Job) -> list[Message]:
    """What a job gave; where its process died, a line that says so, and the slot gets another process."""
    try:
        return future.result()
    except BrokenProcessPool:
        slot.end()
        return [RunWarning(f"the worker process that computed {job.model} on {job.task} was killed (out of memory?)")]


class _WorkerSlot:
    """A worker process, started with its first job, and started again where it has died."""

    def __init__(self, threads: int) -> None:
        """``threads``: how many its numeric libraries may use."""
        self._threads = threads
        self.job: Job | None = None
        """What it computes now."""
        self.model = ""
        """Name of the model that it has loaded."""
        self._executor: ProcessPoolExecutor | None = None
        self._pid: Future[int] | None = None
        self._output: WorkerOutput | None = None

    def submit(self, work: Work, job: Job) -> Future[list[Message]]:
        """Begin a job."""
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._output = WorkerOutput.of(sys.stderr)
            end = self._output.end if self._output else None
            self._executor = ProcessPoolExecutor(
                1, mp_context=context, initializer=_start_worker, initargs=(self._threads, end)
            )
            with _without_ctrl_c():
                self._pid = self._executor.submit(os.getpid)
            if self._output:
                self._output.begin()
        self.job, self.model = job, job.model
        return self._executor.submit(_compute, work, job)

    def end(self) -> None:
        """End the process: at once where it has a job, which is then lost."""
        if self._executor is None:
            return
        if self.job is not None and self._pid is not None:
            with contextlib.suppress(BrokenProcessPool, OSError):
                os.kill(self._pid.result(), signal.SIGTERM)
        self._executor.shutdown(cancel_futures=True)
        if self._output:
            self._output.close()
        self._executor, self._pid, self._output, self.job, self.model = None, None, None, None, ""


def _compute(work: Work, job: Job) -> list[Message]:
    """In the worker process: all that a job gives."""
    return list(work(job))


def _start_worker(threads: int, output: Connection | None) -> None:
    """In a new worker process: Ctrl-C is for the process that started it, and without that one it ends. What it writes
    to standard error goes to ``output``, if there is one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if output is not None:
        write_to(output)
    limit_threads(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """A process that is started in this context ignores Ctrl-C from its first instruction on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
