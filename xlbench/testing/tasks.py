"""The check of a task: late loading, subsets that stay what they are, and items that metrics can be made from."""

from __future__ import annotations

from collections.abc import Collection

from xlbench.core.model import Encoder
from xlbench.core.one_or_more import as_list
from xlbench.core.task import Data, Task
from xlbench.testing.checked_task import CheckedTask
from xlbench.testing.checks import Examination
from xlbench.testing.task_rules import CHECKS


def check_task(
    task: Task,
    data: Data | None = None,
    encoder: Encoder | None = None,
    only: str | Collection[str] | None = None,
    *,
    elsewhere: bool = True,
) -> None:
    """Check that a task lists late, that its subsets have a name each, keep their fingerprints, stay within a limit
    and involve languages that the task declares; and that evaluating one gives as many items as it says, with ids that
    are unique and do not depend on the encoder, the same every time, and rows that give every metric (`check_metric`).

    Where ``subsets`` and ``evaluate`` can be pickled (functions of a module, `functools.partial`), they have to give
    the same in another process, too.

    Args:
        task: The task.
        data: What it is asked with; give it a limit to be quick. None: the default `Data`.
        encoder: An encoder whose vectors are scored, beside one of the kit's own; None: two of the kit's own.
        only: Names of the subsets to evaluate, where there are many; None: all.
        elsewhere: Whether another process is asked, too.

    Raises:
        ConformanceError: The task breaks a rule; the message says which, and what to do.
    """
    names = None if only is None else as_list(only)
    Examination("task", CheckedTask(task, data or Data(), encoder, names, elsewhere=elsewhere), CHECKS).require()


def examine_task(task: Task, data: Data | None = None, *, stated: bool = False) -> Examination:
    """The checks of a task, to be made one by one; of its subsets, the shortest and the widest are evaluated.

    Args:
        task: The task.
        data: What it is asked with; None: the default `Data`.
        stated: Whether a data root was named for this: then data that is not there is a failure, and else a reason to
            leave the checks that need it.
    """
    name = getattr(task, "name", type(task).__name__)
    state = CheckedTask(task, data or Data(), few=True, stated=stated)
    return Examination(f"task {name}", state, CHECKS)
