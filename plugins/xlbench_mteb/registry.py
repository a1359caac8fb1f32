"""What mteb knows by name: models, with "did you mean" for others. The private parts of mteb that are used are here.

`tests/plugins/test_mteb_contract.py` looks at each of them, so that an upgrade of mteb names what broke.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlbench import UsageError
from xlbench.core.text import did_you_mean
from xlbench.libraries.mteb_import import import_mteb


def model_meta(spec: str, name: str) -> Any:
    """mteb's description (`ModelMeta`) of a registered model; `UsageError` where there is none of the name."""
    import_mteb(repr(spec))
    from mteb.models.model_implementations import MODEL_REGISTRY

    if name in MODEL_REGISTRY:
        return MODEL_REGISTRY[name]
    ends = [known for known in MODEL_REGISTRY if known.rpartition("/")[2].casefold() == name.casefold()]
    hint = f" Did you mean {' or '.join(map(repr, ends[:2]))}?" if ends else did_you_mean(name, MODEL_REGISTRY)
    raise UsageError(
        f"{spec!r}: mteb's registry has no model {name!r}.{hint} A checkpoint of the hub needs no registry: "
        f"st:org/name or hf:org/name"
    )


def version() -> str:
    """mteb's own version."""
    from importlib import metadata

    return metadata.version("mteb")


def task_types() -> tuple[str, ...]:
    """What mteb calls types of tasks."""
    from typing import get_args

    from mteb.abstasks.task_metadata import TaskType

    return get_args(TaskType)


def prompt_of_type(task_type: str) -> str | None:
    """The instruction that mteb gives to models for tasks of a type that have none of their own."""
    from mteb.get_tasks import _TASKS_REGISTRY

    kinds = (task for task in _TASKS_REGISTRY.values() if task.metadata.type == task_type)
    return next((task.abstask_prompt for task in kinds if hasattr(task, "abstask_prompt")), None)


def loader_of_texts(texts: Sequence[str]) -> Any:
    """Texts in the form in which mteb hands them to an encoder."""
    from mteb._create_dataloaders import _create_dataloader_from_texts

    return _create_dataloader_from_texts(list(texts))
