"""The check of a task: late loading, subsets that stay what they are, and items that metrics can be made from."""

from __future__ import annotations

import math
import pickle
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xlbench.core.errors import UsageError
from xlbench.core.ids import digest, is_language
from xlbench.core.model import Encoder, Role
from xlbench.core.record import WHOLE_TASK
from xlbench.core.task import Data, ItemText, Metric, Outcome, Subset, Task
from xlbench.core.text import did_you_mean
from xlbench.runs.outcome_checks import check_outcome, check_subsets, check_training
from xlbench.testing.metrics import check_metric, check_rows, metric_functions, value_of_rows
from xlbench.testing.models import ROLES
from xlbench.testing.process import (
    ConformanceError,
    ask_process,
    call,
    heavy_imports,
    import_paths,
    pickle_or_none,
    require_light,
    require_name,
    run_check,
)

if TYPE_CHECKING:
    import numpy as np

    from xlbench.encoding import EncodingSession


def check_task(
    task: Task, data: Data | None = None, encoder: Encoder | None = None, only: Collection[str] | None = None
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
    _check_description(task)
    subsets = _list_subsets(task, data)
    _check_listing(task, subsets)
    _check_limit(task, data, subsets)
    _check_train_size(task, data, subsets)
    present = _present(subsets, only)
    sessions = _session(encoder or _HashEncoder("one")), _session(_HashEncoder("other"))
    _check_training_draws(task, data, present, sessions[0])
    # A class may be missing from a sample, and from some subsets: only of the main metric a sample has to have a value.
    whole = only is None and data.limit is None
    undefined = {metric.name for metric in (task.metrics if whole else task.metrics[:1])}
    for subset in present:
        undefined &= _check_subset(task, subset, *sessions)
    if undefined:
        raise ConformanceError(
            f"metric {', '.join(sorted(undefined))} is not a finite number on any subset: mend value(), or give "
            "more data"
        )
    if _summary(_list_subsets(task, data)) != _summary(subsets):
        raise ConformanceError(
            "subsets() gives other names, sizes, languages or fingerprints after evaluate() than before: "
            "make them of the data alone, and leave the data as it is"
        )
    _check_task_elsewhere(task, data, subsets, min(present, key=lambda subset: subset.n))


def _check_description(task: Task) -> None:
    if not isinstance(task, Task):
        raise ConformanceError(f"expected a Task, not {type(task).__name__}")
    require_name("task", task.name)
    require_name("area", task.area)
    if not (isinstance(task.metrics, tuple) and all(isinstance(metric, Metric) for metric in task.metrics)):
        raise ConformanceError("metrics must be a tuple of Metric: (accuracy,), with the comma")
    if not task.metrics:
        raise ConformanceError("the task has no metric: give it one at the least, the main one first")
    names = [metric.name for metric in task.metrics]
    if len(set(names)) != len(names):
        raise ConformanceError("two metrics have one name: rename one")
    _check_languages("the task", task.languages)


def _check_languages(whose: str, languages: Any) -> None:
    if not isinstance(languages, tuple):
        raise ConformanceError(f"languages of {whose} must be a tuple of codes: ('hin',), with the comma")
    for code in languages:
        if not (isinstance(code, str) and is_language(code)):
            raise ConformanceError(
                f"{whose} has the language {code!r}: write ISO 639-3, with a script where it matters (hin, zho_Hans)"
            )


def _list_subsets(task: Task, data: Data) -> list[Subset]:
    def subsets() -> Any:
        """All that the task lists: a generator fails only once it is gone through."""
        listed = task.subsets(data)
        return list(listed) if hasattr(listed, "__iter__") else listed

    listed: list[Subset] = run_check("", check_subsets, call("subsets(data)", subsets))
    return listed


def _check_listing(task: Task, subsets: Sequence[Subset]) -> None:
    if not subsets:
        raise ConformanceError("the task has no subset: give one, or raise DataMissing with what to get")
    names = [subset.name for subset in subsets]
    for name in names:
        if not (isinstance(name, str) and name.isprintable() and name not in ("", WHOLE_TASK)):
            raise ConformanceError(f"a subset is named {name!r}: name it after its languages (hin, eng-hin, eng>hin)")
    for subset in subsets:
        where = f"subset {subset.name}"
        _check_languages(where, subset.languages)
        undeclared = sorted(set(subset.languages) - set(task.languages)) if task.languages else []
        if undeclared:
            raise ConformanceError(
                f"{where} has the language {', '.join(undeclared)}, which the task's languages do not list"
            )
        if not (subset.fingerprint or subset.missing or subset.damaged):
            raise ConformanceError(
                f"{where} has no fingerprint: give it one of its texts and labels, or changed data keeps its old scores"
            )


def _present(subsets: Sequence[Subset], only: Collection[str] | None) -> list[Subset]:
    """The subsets to evaluate: those of ``only`` whose data is at hand, and there must be one."""
    unknown = sorted(set(only or ()) - {subset.name for subset in subsets})
    if unknown:
        raise UsageError(f"the task has no subset {unknown[0]!r}.{did_you_mean(unknown[0], [s.name for s in subsets])}")
    wanted = [subset for subset in subsets if only is None or subset.name in only]
    for subset in wanted:
        if subset.damaged:
            raise ConformanceError(f"subset {subset.name} has damaged data: {subset.damaged}")
    present = [subset for subset in wanted if not subset.missing]
    if not present:
        why = wanted[0].missing if wanted else "none is asked for"
        raise ConformanceError(f"nothing can be evaluated: give check_task the data that it needs, Data(root); {why}")
    return present


def _check_limit(task: Task, data: Data, subsets: Sequence[Subset]) -> None:
    """With a limit of half as many items as there are of a language, no subset has more of any of its languages."""
    limit = max((subset.n // (2 * _pooled_languages(subset)) for subset in subsets if not subset.missing), default=0)
    if limit < 1:
        return
    for subset in [subset for subset in _list_subsets(task, replace(data, limit=limit)) if not subset.missing]:
        if subset.n > limit * _pooled_languages(subset):
            raise ConformanceError(
                f"subset {subset.name} has {subset.n} items with Data(limit={limit}): take the first data.limit items"
            )


def _check_training_draws(task: Task, data: Data, present: Sequence[Subset], session: EncodingSession) -> None:
    """With training draws a subset is of the same data, and its outcome has the same columns and as many others."""
    drawn = {subset.name: subset for subset in _list_subsets(task, replace(data, training_draws=2))}
    for subset in present:
        again = drawn.get(subset.name)
        if again is None or (again.n, again.fingerprint) != (subset.n, subset.fingerprint):
            raise ConformanceError(
                f"subset {subset.name} is another one with Data(training_draws=2): only learn more often"
            )
    first = next((subset for subset in present if drawn[subset.name].training_draws), None)
    if first is not None:
        plain, outcome = (_evaluate(task, one, session) for one in (first, drawn[first.name]))
        if not _is_same(plain, outcome):
            raise ConformanceError(f"subset {first.name}: evaluate() gives other items with Data(training_draws=2)")


def _check_train_size(task: Task, data: Data, subsets: Sequence[Subset]) -> None:
    """With a train size of half of what is learned from, a subset learns from no more, and scores what it scored."""
    whole = {subset.name: subset for subset in subsets if not subset.missing and (subset.train_items or 0) > 1}
    size = max((each.train_items or 0 for each in whole.values()), default=0) // 2
    if size < 1:
        return
    smaller = {subset.name: subset for subset in _list_subsets(task, replace(data, train_size=size))}
    for name, subset in whole.items():
        cut = smaller.get(name)
        if cut is None:
            raise ConformanceError(f"subset {name} is gone with Data(train_size={size})")
        if not (
            (cut.train_items or 0) <= size
            and (cut.fingerprint != subset.fingerprint) == (cut.train_items != subset.train_items)
        ):
            raise ConformanceError(
                f"subset {name} has train_items={cut.train_items} with Data(train_size={size}): learn from at most "
                f"data.train_size items, and let the fingerprint cover which; or leave train_items None"
            )
        if cut.n != subset.n:
            raise ConformanceError(
                f"subset {name} scores other items with Data(train_size={size}): only learn from fewer"
            )


def _pooled_languages(subset: Subset) -> int:
    """How many languages a subset may put together, each with items of its own."""
    return max(1, len(subset.languages))


def _summary(subsets: Iterable[Subset]) -> list[tuple[Any, ...]]:
    return [(each.name, each.languages, each.n, each.fingerprint, bool(each.missing)) for each in subsets]


def _session(encoder: Encoder) -> EncodingSession:
    from xlbench.encoding import EncodingSession

    return EncodingSession(encoder)


def _check_subset(task: Task, subset: Subset, session: EncodingSession, other: EncodingSession) -> set[str]:
    """Check one subset, and return the metrics that are not defined on its items (a class that does not occur)."""
    where = f"subset {subset.name}"
    outcome = _evaluate(task, subset, session)
    n = len(outcome.item_ids)
    if n != subset.n:
        raise ConformanceError(f"{where} says n={subset.n} and evaluates {n} items: say how many there are")
    kept = replace(outcome, columns={name: column.copy() for name, column in outcome.columns.items()})
    if not _is_same(_evaluate(task, subset, session), kept):
        raise ConformanceError(
            f"{where}: evaluate() gives other rows for the same vectors the second time: "
            "seed what is random, from the content, and leave the data as it is"
        )
    if _ids(_evaluate(task, subset, other)) != _ids(outcome):
        raise ConformanceError(f"{where}: item or cluster ids depend on the encoder: take them from the data alone")
    undefined = set()
    for metric in task.metrics:
        at = f"{where}, metric {metric.name}"
        value = value_of_rows(metric, check_rows(metric, outcome.columns, at).sum(axis=0), at)
        if value.shape == () and not math.isfinite(value):
            undefined.add(metric.name)
        else:
            check_metric(metric, outcome.columns, where)
    _check_texts(task, subset)
    if not _is_same(outcome, kept):
        raise ConformanceError(f"{where}: a metric changes the columns that it is given: let it work on a copy")
    return undefined


def _check_texts(task: Task, subset: Subset) -> None:
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


def _evaluate(task: Task, subset: Subset, session: EncodingSession) -> Outcome:
    where = f"subset {subset.name}"
    outcome: Outcome = call(f"{where}: evaluate()", task.evaluate, subset, session)
    run_check(where, check_outcome, task, outcome)
    run_check(where, check_training, subset, outcome)
    return outcome


def _ids(outcome: Outcome) -> list[str]:
    return [*outcome.item_ids, *(outcome.item_ids if outcome.cluster_ids is None else outcome.cluster_ids)]


def _is_same(a: Outcome, b: Outcome) -> bool:
    """Equal ids and equal columns: decisions exactly, real numbers but for their last digits."""
    import numpy as np

    def equal(one: np.ndarray, other: np.ndarray) -> bool:
        """Two columns."""
        if one.dtype.kind == other.dtype.kind == "f" and one.shape == other.shape:
            return bool(np.allclose(one, other, rtol=1e-5, atol=1e-6, equal_nan=True))
        return np.array_equal(one, other)

    return (
        _ids(a) == _ids(b)
        and a.columns.keys() == b.columns.keys()
        and all(equal(a.columns[name], b.columns[name]) for name in a.columns)
    )


class _HashEncoder:
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


def _check_task_elsewhere(task: Task, data: Data, subsets: Sequence[Subset], subset: Subset) -> None:
    """In a fresh process: nothing heavy is imported before it is needed, and subsets and items are the same."""
    places = import_paths(
        [task.subsets, task.evaluate, *(part for metric in task.metrics for part in metric_functions(metric))]
    )
    there = ask_process(
        _task_elsewhere, places, pickle_or_none(task.subsets), pickle_or_none(task.evaluate), data, subset.name
    )
    require_light(there["heavy"])
    if there["summary"] not in (None, _summary(subsets)):
        raise ConformanceError(
            "subsets() gives other names, sizes, languages or fingerprints in another process: "
            "leave out hash() and the order of sets"
        )
    if not (
        there["outcome"] is None or _is_same(there["outcome"], _evaluate(task, subset, _session(_HashEncoder("one"))))
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
    summary = None if listed is None else _summary(listed)
    chosen = [subset for subset in listed or () if subset.name == name]
    if evaluate is None or not chosen:
        return {"heavy": heavy, "summary": summary, "outcome": None}
    outcome = pickle.loads(evaluate)(chosen[0], _session(_HashEncoder("one")))
    plain = Outcome(list(outcome.item_ids), dict(outcome.columns), outcome.cluster_ids)
    return {"heavy": heavy, "summary": summary, "outcome": plain}
