"""What a task says of itself and lists: its description, its subsets, and how limits and train sizes change them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.ids import is_language
from xlbench.core.record import WHOLE_TASK
from xlbench.core.task import Data, Metric, Subset, Task
from xlbench.core.text import did_you_mean
from xlbench.runs.outcome_checks import check_subsets
from xlbench.testing.process import ConformanceError, call, require_name, run_check


def check_description(task: Task) -> None:
    """Check what a task says of itself: its names, its metrics and its languages."""
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


def list_subsets(task: Task, data: Data) -> list[Subset]:
    """The subsets of a task, checked as a run checks them."""

    def subsets() -> Any:
        """All that the task lists: a generator fails only once it is gone through."""
        listed = task.subsets(data)
        return list(listed) if hasattr(listed, "__iter__") else listed

    listed: list[Subset] = run_check("", check_subsets, call("subsets(data)", subsets))
    return listed


def check_listing(task: Task, subsets: Sequence[Subset]) -> None:
    """Check that there are subsets, and that each has a name, declared languages and a fingerprint."""
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


def present_subsets(subsets: Sequence[Subset], only: Collection[str] | None) -> list[Subset]:
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


def check_limit(task: Task, data: Data, subsets: Sequence[Subset]) -> None:
    """With a limit of half as many items as there are of a language, no subset has more of any of its languages."""
    limit = max((subset.n // (2 * _pooled_languages(subset)) for subset in subsets if not subset.missing), default=0)
    if limit < 1:
        return
    for subset in [subset for subset in list_subsets(task, replace(data, limit=limit)) if not subset.missing]:
        if subset.n > limit * _pooled_languages(subset):
            raise ConformanceError(
                f"subset {subset.name} has {subset.n} items with Data(limit={limit}): take the first data.limit items"
            )


def check_train_size(task: Task, data: Data, subsets: Sequence[Subset]) -> None:
    """With a train size of half of what is learned from, a subset learns from no more, and scores what it scored."""
    whole = {subset.name: subset for subset in subsets if not subset.missing and (subset.train_items or 0) > 1}
    size = max((each.train_items or 0 for each in whole.values()), default=0) // 2
    if size < 1:
        return
    smaller = {subset.name: subset for subset in list_subsets(task, replace(data, train_size=size))}
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


def summary_of(subsets: Iterable[Subset]) -> list[tuple[Any, ...]]:
    """What of subsets must not change: names, languages, sizes, fingerprints, and whether their data is missing."""
    return [(each.name, each.languages, each.n, each.fingerprint, bool(each.missing)) for each in subsets]
