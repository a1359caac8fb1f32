"""One cell of `label-budget`: its pool, the rounds of every seed, and the outcome that all of them come to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlbench import Outcome
from xlbench_tasks.protocols import label_budget_metrics as names
from xlbench_tasks.protocols.active import clusters
from xlbench_tasks.protocols.active.frozen import FrozenVectors, VectorLearner
from xlbench_tasks.protocols.active.pool import Pool
from xlbench_tasks.protocols.active.rounds import Learner, Plan, Point, first_of, run_rounds
from xlbench_tasks.protocols.active.strategy import Strategy, strategy_of
from xlbench_tasks.protocols.classification_facts import majority
from xlbench_tasks.protocols.cross_fitting import merge
from xlbench_tasks.protocols.numbers.one_thread import one_thread

if TYPE_CHECKING:
    from xlbench import EncodingSession
    from xlbench_tasks.protocols.transfer import SubsetRecords

Ints = NDArray[np.int64]
TWO_LABELS = "with two labels, entropy and margin put texts in the same order"
LEFT_OUT = "training items with the text of a test item are not in the pool (how many: pool_left_out in the facts)"
ALL_OF_IT = "the pool has fewer items than the budget: all of them are labeled, and from there on the curve is flat"


@dataclass(frozen=True, eq=False)
class Curves:
    """What all seeds have come to on one pool."""

    pool: Pool
    seeds: Sequence[Sequence[Point]]
    """A list of points a seed."""
    full: Ints | None
    """(m,) label codes of the test by whoever learned from the whole pool; None: that was not asked for."""


def plan_of(options: Mapping[str, Any], strategy: Strategy, pool: Pool, seed: Sequence[str]) -> Plan:
    """The plan for one seed, with no more labels and rounds than the pool has items."""
    budget = min(int(options["budget"]), len(pool.texts))
    rounds = min(int(options["rounds"]), budget)
    present = len(np.unique(pool.codes))
    count = present * int(options["clusters_a_class"])
    return Plan(strategy, first_of(budget, rounds), budget, rounds, count, seed, int(options.get("candidates", 0)))


def seed_of(parts: SubsetRecords, number: int) -> tuple[str, ...]:
    """What the draws of a seed follow from: the same for every model and strategy."""
    return parts.data_set, *parts.sources, str(parts.fold[0]), str(number)


def outcome(parts: SubsetRecords, session: EncodingSession, options: Mapping[str, Any]) -> Outcome:
    """The outcome of frozen vectors, with every seed."""
    strategy, found, rows = strategy_of(options), [], []
    for fold in parts.folds():
        pool = Pool.of(fold.parts, options["labels"])
        vectors, asked = session.encode(pool.texts), session.encode(pool.test_texts)
        if session.is_gathering:  # what comes of it is thrown away
            continue
        with one_thread():
            found.append(_curves(fold.parts, pool, FrozenVectors.of(vectors, asked), strategy, options, session))
        rows.append(fold.rows)
    if not found:
        return Outcome(parts.test.ids, {})
    return merged(parts, found, rows, options)


def _curves(
    parts: SubsetRecords,
    pool: Pool,
    vectors: FrozenVectors,
    strategy: Strategy,
    options: Mapping[str, Any],
    session: EncodingSession,
) -> Curves:
    grouped_on = clusters.tf_idf(pool.texts) if options["clustered_on"] == "tf-idf" else None
    points = []
    for number in range(options["seeds"]):
        plan = plan_of(options, strategy, pool, seed_of(parts, number))
        learner = vector_learner(vectors, options)
        points.append(run_rounds(plan, pool.ledger(plan.budget), learner, grouped_on))
        session.learned(number + 1, options["seeds"])
    return Curves(pool, points, learned_from_all(pool, vector_learner(vectors, options)))


def vector_learner(vectors: FrozenVectors, options: Mapping[str, Any]) -> VectorLearner:
    """The probe that the options ask for, before it has learned anything."""
    return VectorLearner(
        vectors, len(options["labels"]), float(options["c"]), int(options["samples"]), str(options["sampled_by"])
    )


def learned_from_all(pool: Pool, learner: Learner, seed: int = 0) -> Ints:
    """(m,) label codes of the test by what learns from every label of the pool."""
    ledger = pool.ledger(len(pool.texts))
    every = ledger.unlabeled
    ledger.buy(every)
    learner.learn(every, ledger.codes(every), np.random.RandomState(np.random.MT19937(seed)))
    return learner.label_test()


def merged(
    parts: SubsetRecords,
    found: Sequence[Curves],
    rows: Sequence[Sequence[int]],
    options: Mapping[str, Any],
    *,
    full: bool = True,
) -> Outcome:
    """The outcome of a subset, from the curves of its folds (of one, where it has none).

    Args:
        parts: The subset.
        found: The curves of every fold.
        rows: Where each fold's test items stand among all.
        options: With all defaults; ``labels``, ``budget``, ``rounds`` and ``seeds`` are read.
        full: Whether the curves say what is predicted with all labels.
    """
    labels, test = tuple(options["labels"]), parts.test
    columns = merge([_columns(one, options["rounds"]) for one in found], rows)
    facts: dict[str, float | int | str] = {
        "pool_items": max(len(one.pool.texts) for one in found),
        "pool_left_out": max(one.pool.left_out for one in found),
        "labels_paid": max(points[-1].labels for one in found for points in one.seeds),
        "label_names": json.dumps(labels, ensure_ascii=False, separators=(",", ":")),
        **_of_the_majority(found, len(labels)),
        **_ends(columns, options),
    }
    notes = list(dict.fromkeys(note for one in (*parts.train.values(), test) for note in one.notes))
    notes += [LEFT_OUT] * bool(facts["pool_left_out"]) + [TWO_LABELS] * (len(labels) == 2)
    notes += [ALL_OF_IT] * (int(facts["pool_items"]) < options["budget"])
    return Outcome(
        item_ids=test.ids,
        cluster_ids=test.clusters,
        item_texts=[(text,) for text in test.fields["text"]],
        columns=columns,
        chance=_chance(columns["true"], labels, options, full=full),
        seed_ids=_seed_ids(parts, options["seeds"]),
        facts={**facts, **test.facts},
        notes=tuple(notes),
    )


def _seed_ids(parts: SubsetRecords, seeds: int) -> list[str]:
    """What the seeds are called: the same for every strategy and model, so that comparisons pair them."""
    key = f"{parts.data_set} {'+'.join(parts.sources)} labels"
    return [f"{key} {seed}" for seed in range(seeds)] if seeds > 1 else []


def _columns(found: Curves, rounds: int) -> dict[str, NDArray[np.generic]]:
    """The columns of one fold's test items; where a pool has fewer items than rounds, its last round is repeated."""
    n = len(found.pool.test_codes)
    columns: dict[str, NDArray[np.generic]] = {"true": found.pool.test_codes}
    for seed, points in enumerate(found.seeds):
        for number in range(rounds):
            point = points[min(number, len(points) - 1)]
            columns[names.predicted(seed, number)] = point.predicted
            columns[names.paid(seed, number)] = np.full(n, point.labels)
    if found.full is not None:
        columns[names.FULL_COLUMN] = found.full
    return columns


def _of_the_majority(found: Sequence[Curves], labels: int) -> dict[str, float]:
    """The score of always saying the pool's most frequent label."""
    scores = majority([(one.pool.codes, one.pool.test_codes) for one in found], labels)
    return {"majority_macro_f1": scores["majority_macro_f1"]}


def _ends(columns: Mapping[str, NDArray[np.generic]], options: Mapping[str, Any]) -> dict[str, float | int | str]:
    """What is read off the curves: the worst seed, and where the mean curve reaches the score of all labels."""
    curve = read_curve(columns, options["seeds"], options["rounds"])
    area = names.metrics(options["budget"], options["rounds"], options["seeds"], full=False)[0]
    facts: dict[str, float | int | str] = {}
    if area.seeds is not None:
        facts["f1_area_of_the_worst_seed"] = round(float(area.seeds(columns).min()), 6)
    if names.FULL_COLUMN in columns:
        goal = float(names.pseudo_values(columns, names.FULL_COLUMN).mean())
        reached = labels_to_reach(goal, *mean_curve(*curve))
        facts["labels_to_full"] = f"more than {int(curve[0].max())}" if reached is None else round(reached)
    return facts


def read_curve(
    columns: Mapping[str, NDArray[np.generic]], seeds: int, rounds: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The labels and macro-F1 after every round, (seeds, rounds) each."""
    labels, scores = np.zeros((seeds, rounds)), np.zeros((seeds, rounds))
    for seed in range(seeds):
        for number in range(rounds):
            labels[seed, number] = np.mean(columns[names.paid(seed, number)].astype(np.float64))
            scores[seed, number] = names.pseudo_values(columns, names.predicted(seed, number)).mean()
    return labels, scores


def mean_curve(
    labels: NDArray[np.float64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean over seeds of curves (seeds, rounds), at every number of labels that any of them has."""
    sizes = np.unique(labels)
    heights = [
        [float(names.point_weights(own, size) @ of) for size in sizes]
        for own, of in zip(labels, scores, strict=True)
    ]  # fmt: skip
    return sizes, np.mean(heights, axis=0)


def labels_to_reach(goal: float, labels: NDArray[np.float64], scores: NDArray[np.float64]) -> float | None:
    """The first number of labels at which a curve is as high as ``goal``, on straight lines between its points.

    Args:
        goal: A score.
        labels: (p,) ascending.
        scores: (p,) the curve's heights there.

    Returns:
        None where it is nowhere as high.
    """
    reached = np.flatnonzero(scores >= goal)
    if not len(reached):
        return None
    first = int(reached[0])
    if first == 0:
        return float(labels[0])
    share = (goal - scores[first - 1]) / (scores[first] - scores[first - 1])
    return float(labels[first - 1] + share * (labels[first] - labels[first - 1]))


def _chance(
    true: NDArray[np.generic], labels: Sequence[str], options: Mapping[str, Any], *, full: bool
) -> dict[str, float]:
    """The macro-F1 of guessing each of k labels equally often: the mean of 2p / (pk + 1), p being a label's share."""
    shares = np.bincount(true.astype(np.int64), minlength=len(labels)) / len(true)
    seen = shares[shares > 0]
    level = float(np.mean(2 * seen / (seen * len(labels) + 1)))
    made = names.metrics(options["budget"], options["rounds"], options["seeds"], full=full)
    return {metric.name: level for metric in made}
