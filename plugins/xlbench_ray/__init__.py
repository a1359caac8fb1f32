"""The engine ``ray``: cells are computed by the actors of a Ray cluster, or of this machine alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import xlbench
from xlbench_ray.options import OPTIONS


@xlbench.hookimpl
def xlbench_engines() -> Iterator[xlbench.Engine]:
    """The engine, which imports Ray when it is used."""
    yield xlbench.Engine(
        "ray", _map, "Actors of a Ray cluster, or of this machine (--workers, --engine-option).", takes_workers=True,
        options=OPTIONS,
    )  # fmt: skip


def _map(work: Any, jobs: Iterable[Any], **told: Any) -> Iterator[Any]:
    from xlbench_ray.cluster import compute_jobs

    return compute_jobs(work, jobs, **told)
