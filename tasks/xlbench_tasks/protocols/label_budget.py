"""What a frozen encoder is worth with few labels: macro-F1 against the number of labels that were paid for.

The card's training split is the pool, whose labels are bought in rounds by a strategy; a probe learns from them, and is
scored on the card's test split. Subsets are transfers (see `transfer`). Pool items with the text of a test item are
left out before anything is chosen, and the ledger of labels checks in every round that none is learned from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlbench import Data, DataMissing, Metric, Outcome, Subset, UsageError
from xlbench_tasks.data.labels import check_known
from xlbench_tasks.protocols import classification, found_labels, label_budget_metrics, transfer
from xlbench_tasks.protocols.active.strategy import (
    ACQUISITIONS,
    CLUSTERED_ON,
    CLUSTERINGS,
    SAMPLED_BY,
    SAMPLINGS,
    SCHEDULES,
    strategy_of,
)

if TYPE_CHECKING:
    from xlbench import EncodingSession
    from xlbench_tasks.data.splits import DataSet
    from xlbench_tasks.protocols.transfer import SubsetRecords

VERSION = 1

CROSS_FITTING = True
"""Cards may have ``folds``: each has a pool and a budget of its own."""

OPTIONS: Mapping[str, Any] = {
    "labels": list[str],
    "budget": int,
    "rounds": int,
    "seeds": int,
    "acquisition": tuple(ACQUISITIONS),
    "clusters": tuple(CLUSTERINGS),
    "clusters_a_class": int,
    "clustered_on": tuple(CLUSTERED_ON),
    "schedule": tuple(SCHEDULES),
    "sampling": tuple(SAMPLINGS),
    "warm_start": bool,
    "samples": int,
    "sampled_by": tuple(SAMPLED_BY),
    "c": float | int,
    **transfer.OPTIONS,
}
"""``budget``: labels in all, 500 by default; ``rounds``: 10, the first an equal share; ``seeds``: 5; ``acquisition``
(``uniform``), ``clusters`` (``none``), ``schedule`` (``constant``), ``sampling`` (``accumulating``) and ``warm_start``
are the strategy; ``clusters_a_class``: 10; ``clustered_on``: ``vectors``; ``samples``: 10 of the probe, ``sampled_by``
``dropout``; ``c``: of the probe, 30."""

FOLLOWS = {"labels": "labels"}

LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = transfer.LANGUAGE_OPTIONS

DEFAULTS: Mapping[str, Any] = {
    "budget": 500, "rounds": 10, "seeds": 5, "clusters_a_class": 10, "clustered_on": "vectors", "samples": 10,
    "sampled_by": "dropout", "c": 30.0,
}  # fmt: skip
LEAST = {"budget": 2, "rounds": 1, "seeds": 1, "clusters_a_class": 1, "samples": 2}
"""The smallest values of the options that are numbers."""


def metrics(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """The metrics, the main one first; checks the options."""
    given = with_defaults(options)
    return label_budget_metrics.metrics(given["budget"], given["rounds"], given["seeds"])


def with_defaults(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with what they leave out; `UsageError` for what the types cannot say."""
    given = {**DEFAULTS, **options}
    for name, least in LEAST.items():
        if given[name] < least:
            raise UsageError(f"[options] {name}: must be {least} or more")
    if given["c"] <= 0:
        raise UsageError(f"[options] c: {given['c']!r} is not above 0")
    if given["budget"] < given["rounds"]:
        raise UsageError(f"[options] rounds: {given['rounds']} of them need as many labels, and budget is "
                         f"{given['budget']}: lower one")  # fmt: skip
    strategy = strategy_of(given)
    idle = [("clusters_a_class", strategy.clusters == "none", "clusters = 'none'"),
            ("clustered_on", strategy.clusters == "none", "clusters = 'none'"),
            *((name, strategy.acquisition in ("uniform", "furthest-batch"), f"acquisition = '{strategy.acquisition}'")
              for name in ("samples", "sampled_by"))]  # fmt: skip
    for name, unused, beside in idle:
        if name in options and unused:
            raise UsageError(f"[options] {name}: has no meaning with {beside}")
    if "labels" in options:
        classification.metrics({"labels": options["labels"]})  # checks the labels
    transfer.check(options)
    return given


def subsets(data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str]) -> Iterable[Subset]:
    """A subset for every transfer of the options."""
    return transfer.subsets(data_set, options, languages, data.train_size, lambda parts: _check(parts, options))


def _check(parts: SubsetRecords, options: Mapping[str, Any]) -> None:
    """Raise `DataError` for labels that the card does not list."""
    labels = found_labels.with_labels(options, parts)["labels"]
    check_known(parts.data_set, labels, parts.train, {}, {parts.target: parts.test})


def evaluate(subset: Subset, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """Spend the budget once a seed, and label the test after every round."""
    if subset.load is None:
        raise DataMissing(subset.missing)
    from xlbench_tasks.protocols.active import cells

    parts: SubsetRecords = subset.load()
    given = with_defaults(found_labels.with_labels(options, parts))
    return cells.outcome(parts, session, given)
