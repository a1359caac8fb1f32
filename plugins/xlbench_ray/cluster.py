"""`compute_jobs`: hands jobs to the actors of a Ray cluster, and takes back what they give."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xlbench
from xlbench.core.errors import require_extra
from xlbench.core.files import write_whole
from xlbench.runs.scheduling import RunWarning, split_jobs, take_next
from xlbench_ray.worker import Answer, RayWorker

RETRIES = 2
"""How often a job whose worker has died is given to another one."""


@dataclass
class _Slot:
    """A worker of the cluster, started with its first job, and started again where it has died."""

    actor: Any = None
    model: str = ""
    """Name of the model that it has loaded."""
    tried: _Tried | None = None
    """What it computes now."""


@dataclass(frozen=True)
class _Tried:
    """A job, and how many workers have died with it."""

    job: Any
    deaths: int = 0

    @property
    def model(self) -> str:
        """The name of its model."""
        return str(self.job.model)

    @property
    def work(self) -> int:
        """About how much work it is; a job that killed a worker comes last of its model."""
        return 0 if self.deaths else int(self.job.work)


def compute_jobs(
    work: Callable[[Any], Iterable[Any]],
    jobs: Iterable[Any],
    workers: int | None = None,
    *,
    address: str = "",
    cpus: float = 0.0,
    gpus: float = 0.0,
    retries: int = RETRIES,
    shared: bool = True,
) -> Iterator[Any]:
    """Compute jobs on a cluster, and yield what comes back as jobs end.

    Args:
        work: Gives the cells of a job.
        jobs: Addresses of cells.
        workers: How many actors; None: as many as the cluster has room for, at most one a job.
        address: Of a running cluster; "": Ray is started on this machine, and ended at the end.
        cpus: Processors of an actor; 0: an equal share of this machine's, or one of a cluster's.
        gpus: GPUs of an actor.
        retries: How often a job is given to another actor where one has died with it.
        shared: Whether actors see the results folder under its path here.

    Raises:
        UsageError: Ray is not installed, the cluster cannot be reached, or has no room for a worker.
    """
    with _cluster(address) as ray:
        total = ray.cluster_resources()
        each = cpus or (
            1.0 if address else max(1.0, total.get("CPU", 1) // max(1, workers or int(total.get("CPU", 1))))
        )
        count = _room(total, workers, each, gpus)
        waiting = [_Tried(job) for job in split_jobs(list(jobs), count)]
        options = {"num_cpus": each, "num_gpus": gpus, "max_restarts": 0}
        start = ray.remote(RayWorker).options(**options).remote
        slots = [_Slot() for _ in range(min(count, len(waiting)))]
        yield from _run(ray, work, waiting, slots, lambda: start(max(1, int(each)), shared=shared), retries)


def _run(
    ray: Any,
    work: Callable[[Any], Iterable[Any]],
    waiting: list[_Tried],
    slots: list[_Slot],
    start: Callable[[], Any],
    retries: int,
) -> Iterator[Any]:
    """Give every free worker a job until none is left; workers end when this does, however it ends."""
    running: dict[Any, _Slot] = {}
    try:
        there = ray.put(work)
        while waiting or running:
            for slot in [slot for slot in slots if slot.tried is None][: len(waiting)]:
                slot.tried = take_next(waiting, slot.model, {other.model for other in slots if other is not slot})
                slot.actor, slot.model = slot.actor or start(), slot.tried.model
                running[slot.actor.compute.remote(there, slot.tried.job)] = slot
            done, _ = ray.wait(list(running), num_returns=1)
            for answer in done:
                slot = running.pop(answer)
                tried, slot.tried = slot.tried, None
                assert tried is not None
                yield from _messages(ray, answer, slot, tried, waiting, retries)
    finally:
        for slot in slots:
            if slot.actor is not None:
                ray.kill(slot.actor)


def _messages(ray: Any, answer: Any, slot: _Slot, tried: _Tried, waiting: list[_Tried], retries: int) -> Iterator[Any]:
    """What a job gave; where its worker died, it waits for another, or is given up with a line that says so."""
    named = f"{tried.job.model} on {tried.job.task}"
    try:
        given: Answer = ray.get(answer)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause if hasattr(error, "cause") else None
        if isinstance(cause, xlbench.XlbenchError):
            raise cause from None
        yield RunWarning(f"a worker failed at {named}: {_reason(cause or error)}")
    except ray.exceptions.RayActorError as error:
        slot.actor, slot.model = None, ""
        deaths = tried.deaths + 1
        why = f"the worker that computed {named} died ({_reason(error)})"
        if deaths > retries:
            yield RunWarning(f"{why}, as {deaths} did: its cells are given up")
        else:
            yield RunWarning(f"{why}: another takes its cells ({deaths} of {retries} retries)")
            waiting.append(replace(tried, deaths=deaths))
    else:
        for name, content in given.files:
            _save(Path(tried.job.context.results), name, content)
        yield from given.messages


def _reason(error: BaseException) -> str:
    """The first line that says why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].rstrip(".") if lines else type(error).__name__


def _save(root: Path, name: str, content: bytes) -> None:
    """Save a file of a cell that a worker has sent."""
    path = root / name
    if root.resolve() not in path.resolve().parents:
        raise xlbench.ResultsError(f"a worker sent a file for another place: {name}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content, durable_name=path.suffix == ".json")


def _room(total: dict[str, float], workers: int | None, cpus: float, gpus: float) -> int:
    """How many workers to have. `UsageError` where the cluster has no room for one, or for those that are wanted."""
    free = [int(total.get("CPU", 0) // cpus)] + ([int(total.get("GPU", 0) // gpus)] if gpus else [])
    if min(free) < (workers or 1):
        has = f"{total.get('CPU', 0):g} CPUs and {total.get('GPU', 0):g} GPUs"
        wanted = f"{workers or 1} worker{'s' * ((workers or 1) != 1)} with {cpus:g} CPUs and {gpus:g} GPUs each"
        raise xlbench.UsageError(
            f"the cluster has {has}: no room for {wanted} (--workers, --engine-option cpus=, gpus=)"
        )
    return workers or min(free)


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster; one that was started for it ends with it."""
    with _variables_as_they_were():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would send figures of this machine to its makers
        require_extra("ray", "the engine ray", "ray")
        import ray

        was_there = ray.is_initialized()
        if not was_there:
            _start(ray, address)
        try:
            yield ray
        finally:
            if not was_there:
                ray.shutdown()


def _start(ray: Any, address: str) -> None:
    """Connect to the cluster at ``address``, or to one on this machine; `UsageError` where there is none."""
    try:
        ray.init(
            address=address or "local", include_dashboard=False if not address else None, log_to_driver=True,
            logging_level=logging.ERROR,
        )  # fmt: skip
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = (
            f"there is no Ray cluster at {address!r} (--engine-option address=)" if address else "Ray does not start"
        )
        raise xlbench.UsageError(f"{where}: {_reason(error).partition('. ')[0]}") from None


@contextlib.contextmanager
def _variables_as_they_were() -> Iterator[None]:
    """Ends with the environment variables that it began with, whatever was set of them for Ray or by it."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in {*os.environ} - {*before}:
            del os.environ[name]
        os.environ.update(before)
