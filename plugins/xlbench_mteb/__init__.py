"""mteb's registry as models, tasks and suites: ``mteb:org/name``, ``mteb:TASK``, ``mteb:BENCHMARK``.

The plugin's hook. mteb is imported when a spec that begins with ``mteb:`` is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import xlbench

OPTIONS = (
    xlbench.Option("task_type", default="STS", description="Whose prompts: as mteb calls types, such as BitextMining."),
)
OF_TASKS = (
    xlbench.Option("protocol", "choice", "xlbench", ("xlbench", "mteb"), "Ours, or mteb's to the letter."),
    xlbench.Option("benchmark", default="", description="The benchmark whose subsets of the task are meant."),
)


@xlbench.hookimpl
def xlbench_schemes() -> Iterator[xlbench.Scheme]:
    """The scheme ``mteb``."""
    yield xlbench.Scheme(
        "mteb",
        matches=_is_of_mteb,
        model=_model,
        tasks=_tasks,
        suites=_suite,
        description="A model of mteb's registry, with its loader, prompts and revision: mteb:org/name?task_type=STS; "
        "a task or a benchmark of mteb: mteb:NTREXBitextMining?protocol=mteb",
        options=OPTIONS,
    )


def _is_of_mteb(spec: str) -> bool:
    return spec.startswith("mteb:")


def _model(spec: str) -> xlbench.Model | Iterable[xlbench.Model]:
    from xlbench_mteb import models

    return models.model_of(spec, OPTIONS)


def _tasks(spec: str) -> Iterable[xlbench.Task]:
    from xlbench_mteb import tasks

    return tasks.tasks_of(spec, OF_TASKS)


def _suite(spec: str) -> xlbench.Suite:
    from xlbench_mteb import tasks

    return tasks.suite_of(spec, OF_TASKS)
