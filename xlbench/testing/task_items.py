"""What evaluating a subset gives: as many items as it says, the same every time, with rows that give every metric."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xlbench.core.ids import digest
from xlbench.core.model import Encoder, Role
from xlbench.core.task import ItemText, Outcome, Subset, Task
from xlbench.runs.outcome_checks import check_outcome, check_training
from xlbench.testing.metrics import check_metric, check_rows, value_of_rows
from xlbench.testing.model_rules import ROLES
from xlbench.testing.process import ConformanceError, call, run_check

if TYPE_CHECKING:
    import numpy as np

    from xlbench.encoding import EncodingSession


def session_of(encoder: Encoder) -> EncodingSession:
    """A session that encodes with this encoder."""
    from xlbench.encoding import EncodingSession

    return EncodingSession(encoder)


def kept_copy(outcome: Outcome) -> Outcome:
    """An outcome whose columns nobody else has."""
    return replace(outcome, columns={name: column.copy() for name, column in outcome.columns.items()})


def undefined_metrics(task: Task, subset: Subset, outcome: Outcome) -> set[str]:
    """Check the metrics on an outcome, and return those that are not defined there (a class that does not occur)."""
    where, undefined = f"subset {subset.name}", set()
    for metric in task.metrics:
        at = f"{where}, metric {metric.name}"
        value = value_of_rows(metric, check_rows(metric, outcome.columns, at).sum(axis=0), at)
        if value.shape == () and not math.isfinite(value):
            undefined.add(metric.name)
        else:
            check_metric(metric, outcome.columns, where)
    return undefined


def check_texts(task: Task, subset: Subset) -> None:
    """The texts of items, where the task tells them, are texts in the subset's languages."""
    if task.texts is None:
        return
    for one in call(f"subset {subset.name}: texts()", task.texts, subset):
        if not (isinstance(one, ItemText) and all(isinstance(part, str) for part in vars(one).values())):
            raise ConformanceError(f"subset {subset.name}: texts() gives {one!r}: give ItemTexts of str")
        if one.language not in subset.languages:
            raise ConformanceError(
                f"subset {subset.name}: texts() gives a text in {one.language!r}, none of its languages"
            )


def evaluate(task: Task, subset: Subset, session: EncodingSession) -> Outcome:
    """The outcome of a subset, checked as a run checks it."""
    where = f"subset {subset.name}"
    outcome: Outcome = call(f"{where}: evaluate()", task.evaluate, subset, session)
    run_check(where, check_outcome, task, outcome)
    run_check(where, check_training, subset, outcome)
    return outcome


def ids_of(outcome: Outcome) -> list[str]:
    """Item ids, then cluster ids."""
    return [*outcome.item_ids, *(outcome.item_ids if outcome.cluster_ids is None else outcome.cluster_ids)]


def is_same(a: Outcome, b: Outcome) -> bool:
    """Equal ids and equal columns: decisions exactly, real numbers but for their last digits."""
    import numpy as np

    def equal(one: np.ndarray, other: np.ndarray) -> bool:
        """Two columns."""
        if one.dtype.kind == other.dtype.kind == "f" and one.shape == other.shape:
            return bool(np.allclose(one, other, rtol=1e-5, atol=1e-6, equal_nan=True))
        return np.array_equal(one, other)

    return (
        ids_of(a) == ids_of(b)
        and a.columns.keys() == b.columns.keys()
        and all(equal(a.columns[name], b.columns[name]) for name in a.columns)
    )


class HashEncoder:
    """An encoder that gives every text a vector of its own: all that a task may rely on."""

    def __init__(self, salt: str) -> None:
        self._salt = salt

    def encode(self, texts: Sequence[str], role: Role | None = None) -> np.ndarray:
        """Vectors (n, 16) of n texts, random ones that follow from the salt and the text."""
        import numpy as np

        if role not in ROLES:
            raise ConformanceError(f"evaluate() encodes in the role {role!r}: there are 'query', 'document' and None")
        seeds = [int(digest(self._salt, text)[:8], 16) for text in texts]
        return np.stack([np.random.RandomState(seed).standard_normal(16) for seed in seeds]).astype(np.float32)
