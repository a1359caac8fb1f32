"""The slices of a task that a run scores: its subsets, by language and by how much there is to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xlbench.core.errors import DataMissing
from xlbench.core.record import WHOLE_TASK
from xlbench.core.task import Data, Subset, Task
from xlbench.core.text import reason_of
from xlbench.core.tracebacks import log_traceback
from xlbench.runs.outcome_checks import check_subsets


@dataclass(frozen=True)
class Slice:
    """A subset of a task, or (with a failure) the whole of a task that could not say what its subsets are."""

    subset: Subset
    failure: Literal["skipped", "error"] | None = None
    reason: str = ""
    train_size: int | None = None
    """Set where it learns from a part of what there is."""


@dataclass(frozen=True)
class TaskSlices:
    """What a run scores of one task."""

    slices: tuple[Slice, ...]
    absent: tuple[str, ...] = ()
    """Languages that the task has, that nobody asked for by name, and whose data is not at hand."""
    why_absent: str = ""
    """Why the first of them is absent."""


def slices_of(task: Task, data: Data, languages: Sequence[str], sizes: Sequence[int | None] = ()) -> TaskSlices:
    """The task's subsets that are wanted; for curves, each once for every one of the ``sizes`` (None: all items).

    A subset that is not at hand is kept, as skipped, only where it was asked for.
    """
    try:
        subsets = check_subsets(task.subsets(data))
    except DataMissing as error:
        return TaskSlices((Slice(Subset(WHOLE_TASK), "skipped", reason_of(error)),))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a task is a plugin: its failure is its own
        log_traceback(f"the subsets of {task.name}")
        return TaskSlices((Slice(Subset(WHOLE_TASK), "error", reason_of(error)),))
    at_hand = {language for subset in subsets if not subset.missing for language in subset.languages}
    wanted = [_slice(subset) for subset in subsets if _is_wanted(subset, set(languages), at_hand)]
    if not wanted and not languages:
        reasons = list(dict.fromkeys(subset.missing for subset in subsets)) or ["the task has no subsets"]
        more = f" (and {len(reasons) - 1} more of this kind)" if len(reasons) > 1 else ""
        return TaskSlices((Slice(Subset(WHOLE_TASK), "skipped", reasons[0] + more),))
    if not wanted and sizes:
        return TaskSlices((Slice(Subset(WHOLE_TASK), "skipped", "none of its subsets has data here"),))
    absent = dict.fromkeys(code for subset in subsets if subset.missing for code in subset.languages)
    lacking = () if languages else tuple(code for code in absent if code not in at_hand)
    why = next((one.missing for one in subsets if one.missing and lacking and lacking[0] in one.languages), "")
    return TaskSlices(_slices_by_size(task, data, wanted, sizes) if sizes else tuple(wanted), lacking, why)


def _is_wanted(subset: Subset, asked: set[str], at_hand: set[str]) -> bool:
    """Whether a subset is of the run. One without data is, where one of its languages was asked for and has none, or
    where all of its languages were asked for: ``--language eng`` does not ask for what English lacks a partner for."""
    if not subset.missing:
        return not asked or bool(asked & set(subset.languages))
    return bool((asked & set(subset.languages)) - at_hand) or (bool(asked) and set(subset.languages) <= asked)


def _slice(subset: Subset) -> Slice:
    """The subset, with why it cannot be scored where it cannot."""
    if subset.damaged:
        return Slice(subset, "error", " ".join(subset.damaged.split()))
    return Slice(subset, "skipped" if subset.missing else None, subset.missing)


def _slices_by_size(task: Task, data: Data, whole: Sequence[Slice], sizes: Sequence[int | None]) -> tuple[Slice, ...]:
    """The slices that learn something, each once for every size of what it learns from.

    A size that is no smaller than all there is to learn from is the whole, which is there once, as what it is in a run.
    """
    cut = {size: cut_slices(task, data, size) for size in sizes if size is not None}
    slices: list[Slice] = []
    for part in whole:
        if part.subset.train_items is None:
            continue
        smaller = [size for size in cut if size < part.subset.train_items]
        slices += [cut[size].get(part.subset.name, _ignores_size(part, size)) for size in smaller]
        if len(smaller) < len(sizes):
            slices.append(part)
    return tuple(slices)


def cut_slices(task: Task, data: Data, size: int) -> dict[str, Slice]:
    """By their names, the task's subsets where they learn from ``size`` items at most."""
    try:
        subsets = check_subsets(task.subsets(replace(data, train_size=size)))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - a task is a plugin; what it has no subsets for has no curve
        log_traceback(f"the subsets of {task.name} with {size} items to learn from")
        return {}
    return {
        subset.name: replace(_slice(subset), train_size=size)
        for subset in subsets
        if subset.train_items is not None and subset.train_items <= size
    }


def _ignores_size(part: Slice, size: int) -> Slice:
    """The error that stands where a task gives more to learn from than it was asked for, or another subset."""
    reason = f"the task does not heed Data(train_size={size}), and so has no curve"
    return Slice(part.subset, "error", reason, size)
