"""Calls a task's `texts` function and checks the item texts that it returns."""

from __future__ import annotations

from xlbench.core.errors import UsageError, XlbenchError
from xlbench.core.task import ItemText, Subset, Task
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback


def item_texts(task: Task, subset: Subset) -> list[ItemText]:
    """What ``Task.texts`` gives of a subset, checked.

    Raises:
        UsageError: The task does not tell its texts, fails at it, or gives something else than an `ItemText` of a str.
        DataMissing: The data is not at hand.
        DataError: It is damaged.
    """
    if task.texts is None:
        raise UsageError(f"the task {task.name} does not tell the texts of its items (Task.texts)")
    try:
        found = list(task.texts(subset))
    except (XlbenchError, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a plugin raises is its own failure, and no traceback
        log_traceback(f"the texts of {task.name} {subset.name}")
        raise UsageError(f"{task.name} {subset.name}: its texts cannot be had: {reason_of(error)}") from None
    wrong = next((one for one in found if not isinstance(one, ItemText) or not isinstance(one.text, str)), None)
    if wrong is not None:
        raise UsageError(f"{task.name} {subset.name}: its texts are {type(wrong).__name__}, and no ItemText of a str")
    return found
