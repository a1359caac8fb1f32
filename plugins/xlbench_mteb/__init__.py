"""Models of mteb's registry, by name: with its loaders, its prompts and its revisions.

The plugin's hook. mteb is imported when a spec that begins with ``mteb:`` is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import xlbench

OPTIONS = (
    xlbench.Option("task_type", default="STS", description="Whose prompts: as mteb calls types, such as BitextMining."),
)


@xlbench.hookimpl
def xlbench_schemes() -> Iterator[xlbench.Scheme]:
    """The scheme ``mteb``."""
    yield xlbench.Scheme(
        "mteb",
        matches=_is_of_mteb,
        model=_model,
        description="A model of mteb's registry, with its loader, prompts and revision: mteb:org/name?task_type=STS",
        options=OPTIONS,
    )


def _is_of_mteb(spec: str) -> bool:
    return spec.startswith("mteb:")


def _model(spec: str) -> xlbench.Model | Iterable[xlbench.Model]:
    from xlbench_mteb import models

    return models.model_of(spec, OPTIONS)
