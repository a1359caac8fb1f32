"""The check of a task: late loading, subsets that stay what they are, and items that metrics can be made from."""

from __future__ import annotations

import pickle
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench.core.model import Encoder
from xlbench.core.one_or_more import as_list
from xlbench.core.task import Data, Outcome, Subset, Task
from xlbench.testing.metrics import metric_functions
from xlbench.testing.process import (
    ConformanceError,
    ask_process,
    heavy_imports,
    import_paths,
    pickle_or_none,
    require_light,
)
from xlbench.testing.task_items import HashEncoder, check_subset, evaluate, is_same, session_of
from xlbench.testing.task_lists import (
    check_description,
    check_limit,
    check_listing,
    check_train_size,
    list_subsets,
    present_subsets,
    summary_of,
)

if TYPE_CHECKING:
    from xlbench.encoding import EncodingSession


def check_task(
    task: Task, data: Data | None = None, encoder: Encoder | None = None, only: str | Collection[str] | None = None
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

    Raises:
        ConformanceError: The task breaks a rule; the message says which, and what to do.
    """
    data = data or Data()
    check_description(task)
    subsets = list_subsets(task, data)
    check_listing(task, subsets)
    check_limit(task, data, subsets)
    check_train_size(task, data, subsets)
    present = present_subsets(subsets, None if only is None else as_list(only))
    sessions = session_of(encoder or HashEncoder("one")), session_of(HashEncoder("other"))
    _check_training_draws(task, data, present, sessions[0])
    # A class may be missing from a sample, and from some subsets: only of the main metric a sample has to have a value.
    whole = only is None and data.limit is None
    undefined = {metric.name for metric in (task.metrics if whole else task.metrics[:1])}
    for subset in present:
        undefined &= check_subset(task, subset, *sessions)
    if undefined:
        raise ConformanceError(
            f"metric {', '.join(sorted(undefined))} is not a finite number on any subset: mend value(), or give "
            "more data"
        )
    if summary_of(list_subsets(task, data)) != summary_of(subsets):
        raise ConformanceError(
            "subsets() gives other names, sizes, languages or fingerprints after evaluate() than before: "
            "make them of the data alone, and leave the data as it is"
        )
    _check_task_elsewhere(task, data, subsets, min(present, key=lambda subset: subset.n))


def _check_training_draws(task: Task, data: Data, present: Sequence[Subset], session: EncodingSession) -> None:
    """With training draws a subset is of the same data, and its outcome has the same columns and as many others."""
    drawn = {subset.name: subset for subset in list_subsets(task, replace(data, training_draws=2))}
    for subset in present:
        again = drawn.get(subset.name)
        if again is None or (again.n, again.fingerprint) != (subset.n, subset.fingerprint):
            raise ConformanceError(
                f"subset {subset.name} is another one with Data(training_draws=2): only learn more often"
            )
    first = next((subset for subset in present if drawn[subset.name].training_draws), None)
    if first is not None:
        plain, outcome = (evaluate(task, one, session) for one in (first, drawn[first.name]))
        if not is_same(plain, outcome):
            raise ConformanceError(f"subset {first.name}: evaluate() gives other items with Data(training_draws=2)")


def _check_task_elsewhere(task: Task, data: Data, subsets: Sequence[Subset], subset: Subset) -> None:
    """In a fresh process: nothing heavy is imported before it is needed, and subsets and items are the same."""
    places = import_paths(
        [task.subsets, task.evaluate, *(part for metric in task.metrics for part in metric_functions(metric))]
    )
    there = ask_process(
        _task_elsewhere, places, pickle_or_none(task.subsets), pickle_or_none(task.evaluate), data, subset.name
    )
    require_light(there["heavy"])
    if there["summary"] not in (None, summary_of(subsets)):
        raise ConformanceError(
            "subsets() gives other names, sizes, languages or fingerprints in another process: "
            "leave out hash() and the order of sets"
        )
    if not (
        there["outcome"] is None or is_same(there["outcome"], evaluate(task, subset, session_of(HashEncoder("one"))))
    ):
        raise ConformanceError(
            f"subset {subset.name}: evaluate() gives other items or rows in another process: "
            "leave out hash() and the order of sets"
        )


def _task_elsewhere(
    places: Mapping[str, str], subsets: bytes | None, evaluate: bytes | None, data: Data, name: str
) -> dict[str, Any]:
    """In a fresh process: what is imported, what the task lists and the items of one subset; None for what could not
    be sent here."""
    heavy = heavy_imports(places)
    listed = None if subsets is None else list(pickle.loads(subsets)(data))
    summary = None if listed is None else summary_of(listed)
    chosen = [subset for subset in listed or () if subset.name == name]
    if evaluate is None or not chosen:
        return {"heavy": heavy, "summary": summary, "outcome": None}
    outcome = pickle.loads(evaluate)(chosen[0], session_of(HashEncoder("one")))
    plain = Outcome(list(outcome.item_ids), dict(outcome.columns), outcome.cluster_ids)
    return {"heavy": heavy, "summary": summary, "outcome": plain}
