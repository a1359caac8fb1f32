"""Checks of what a task's functions return, shared by runs and `check_task`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xlbench.core.errors import UsageError
from xlbench.core.task import Outcome, Subset, Task
from xlbench.runs.items import CELL, CLUSTER_ID, INFLUENCE, ITEM_ID


def check_subsets(subsets: Any) -> list[Subset]:
    """What ``task.subsets(data)`` returned, as a list; `UsageError` where it is no collection of subsets."""
    if not hasattr(subsets, "__iter__"):
        raise UsageError(f"subsets(data) gives {type(subsets).__name__}: give Subset objects")
    listed = list(subsets)
    for subset in listed:
        if not isinstance(subset, Subset):
            raise UsageError(f"subsets(data) gives {type(subset).__name__}: give Subset objects")
    doubled = [name for name, count in Counter(subset.name for subset in listed).items() if count > 1]
    if doubled:
        raise UsageError(f"two subsets have one name, {doubled[0]!r}: rename one")
    return listed


def check_outcome(task: Task, outcome: Any) -> Sequence[str]:
    """The cluster ids of what ``task.evaluate`` returned (its item ids where all are alone).

    Raises:
        UsageError: Where it is no outcome, contradicts itself, or holds what cannot be saved.
    """
    if not isinstance(outcome, Outcome):
        raise UsageError(f"evaluate() returns {type(outcome).__name__}: return an Outcome")
    clusters = outcome.item_ids if outcome.cluster_ids is None else outcome.cluster_ids
    _check_items(outcome, clusters)
    _check_item_texts(outcome)
    _check_columns(outcome)
    _check_chance(task, outcome)
    _check_notes(outcome)
    _check_seeds(outcome)
    _check_retrained(task, outcome)
    return clusters


def check_training(subset: Subset, outcome: Outcome) -> None:
    """`UsageError` where an outcome has other training sets than its subset says."""
    if len(outcome.retrained) != subset.training_draws:
        raise UsageError(
            f"the task gave columns for {len(outcome.retrained)} training sets, and its subset says "
            f"training_draws={subset.training_draws}"
        )


def _check_items(outcome: Outcome, clusters: Any) -> None:
    for what, ids in (("item_ids", outcome.item_ids), ("cluster_ids", clusters)):
        if isinstance(ids, str) or not hasattr(ids, "__len__") or not all(isinstance(name, str) for name in ids):
            raise UsageError(f"{what} are {type(ids).__name__}: item and cluster ids must be texts, in a list")
    n = len(outcome.item_ids)
    if not n:
        raise UsageError("the task scored no items")
    if len(set(outcome.item_ids)) != n:
        doubled = Counter(outcome.item_ids).most_common(1)[0][0]
        raise UsageError(f"the task gave two items the id {doubled!r}")
    if len(clusters) != n:
        raise UsageError(f"the task gave {n} items and {len(clusters)} values of cluster_ids")


def _check_item_texts(outcome: Outcome) -> None:
    """The same number of texts an item, or none at all."""
    given = outcome.item_texts
    if not len(given):
        return
    texts = [text for item in given if isinstance(item, tuple | list) for text in item]
    if len({len(item) for item in given}) != 1 or not texts or not all(isinstance(text, str) for text in texts):
        raise UsageError("item_texts must hold a tuple of texts an item, of one length: [('a text',), ...]")
    if len(given) != len(outcome.item_ids):
        raise UsageError(f"the task gave {len(outcome.item_ids)} items and {len(given)} values of item_texts")


def _check_columns(outcome: Outcome) -> None:
    import numpy as np

    if not isinstance(outcome.columns, Mapping) or not outcome.columns:
        raise UsageError("there is no column: give one that the metrics are made from")
    reserved = {ITEM_ID, CLUSTER_ID, INFLUENCE, CELL} & set(outcome.columns)
    if reserved:
        raise UsageError(f"the task calls a column {reserved.pop()!r}, which the results folder needs for itself")
    n = len(outcome.item_ids)
    for name, column in outcome.columns.items():
        if (
            not isinstance(column, np.ndarray)
            or column.ndim != 1
            or (column.dtype.kind not in "biufU" and not all(isinstance(value, str) for value in column))
        ):
            raise UsageError(f"column {name!r} must be a numpy array of n numbers, booleans or texts")
        if len(column) != n:
            raise UsageError(f"the task gave {n} items and {len(column)} values of {name}")
        if masked := int(np.ma.getmaskarray(column).sum()):
            raise UsageError(f"column {name!r} holds {masked} masked values of {n}: leave these items out, or give NaN")


def _check_chance(task: Task, outcome: Outcome) -> None:
    metrics = {metric.name: metric for metric in task.metrics}
    for name, level in outcome.chance.items():
        if name not in metrics:
            raise UsageError(f"a chance level for {name!r}, which is no metric: {', '.join(metrics)} are")
        low, high = metrics[name].bounds
        if not isinstance(level, int | float) or not low <= level <= high:
            raise UsageError(f"the chance level of {name} is {level!r}: give a plain number from {low:g} to {high:g}")


def _check_seeds(outcome: Outcome) -> None:
    ids = outcome.seed_ids
    if isinstance(ids, str) or not all(isinstance(name, str) for name in ids) or len(set(ids)) != len(ids):
        raise UsageError("seed_ids must be texts, no two alike, in a list")


def _check_retrained(task: Task, outcome: Outcome) -> None:
    """Columns by training sets: others of the same, one set of them a name, beside metrics without seeds."""
    ids, given = outcome.training_ids, outcome.retrained
    if isinstance(ids, str) or not all(isinstance(name, str) for name in ids) or len(set(ids)) != len(ids):
        raise UsageError("training_ids must be texts, no two alike, in a list")
    if len(ids) != len(given) or len(given) == 1:
        raise UsageError(f"the task gave {len(ids)} training_ids and {len(given)} of retrained: two of each at least")
    for columns in given:
        if not isinstance(columns, Mapping) or not columns or not columns.keys() <= outcome.columns.keys():
            raise UsageError("retrained must hold some of the outcome's columns, by their names")
        _check_columns(replace(outcome, columns=columns))
    if given and (seeded := [metric.name for metric in task.metrics if metric.seeds is not None]):
        raise UsageError(f"the task has retrained columns, and {seeded[0]} has seeds: a score has one of them")


def _check_notes(outcome: Outcome) -> None:
    for name, fact in outcome.facts.items():
        if not isinstance(fact, int | float | str) or (not isinstance(fact, str) and not math.isfinite(fact)):
            raise UsageError(f"the fact {name!r} is {fact!r}: give a plain finite number (float(x), int(x)) or a text")
    if not isinstance(outcome.notes, tuple) or not all(isinstance(note, str) for note in outcome.notes):
        raise UsageError("notes must be a tuple of texts: ('a sentence',), with the comma")
