"""Rounds of labeling: choose texts, pay for their labels, learn from them, label the test, until all is spent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xlbench.core.ids import digest
from xlbench_tasks.protocols.active import acquisition, clusters, memory, schedules, selection
from xlbench_tasks.protocols.active.ledger import Ledger
from xlbench_tasks.protocols.active.strategy import Strategy

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Learner(Protocol):
    """What learns from labels: a probe on frozen vectors, or a transformer that is fine-tuned."""

    @property
    def vectors(self) -> Floats:
        """(n, d) of the pool as it sees it now: by which texts are grouped, and by which they are far apart."""
        ...

    def learn(self, rows: Ints, codes: Ints, random: np.random.RandomState) -> None:
        """Learn anew from pool items ``rows`` (m,) with label ``codes`` (m,)."""
        ...

    def label_test(self) -> Ints:
        """Label codes (m,) of the test."""
        ...

    def label_pool(self) -> Ints:
        """Label codes (n,) of the pool."""
        ...

    def samples(self, rows: Ints, random: np.random.RandomState) -> Floats:
        """Probabilities (s, m, k) that s samples of what it has learned give to pool items ``rows`` (m,)."""
        ...


@dataclass(frozen=True)
class Plan:
    """How much is labeled, in how many rounds, by which strategy."""

    strategy: Strategy
    first: int
    budget: int
    rounds: int
    clusters: int
    """How many, where the strategy has some."""
    seed: Sequence[str]
    """What all draws follow from: equal texts are equal draws. No strategy is part of it, so that all begin alike."""
    candidates: int = 0
    """How many drawn texts are scored in a round, where scoring all takes too long; 0: all."""

    def random(self, what: str, number: int = 0) -> np.random.RandomState:
        """Random numbers for one purpose, whatever was drawn before."""
        seed = np.random.SeedSequence(int(digest("label budget", *self.seed, what, str(number))[:32], 16))
        return np.random.RandomState(np.random.MT19937(seed))


@dataclass(frozen=True, eq=False)
class Point:
    """What one round has come to."""

    labels: int
    """Paid for so far."""
    learned_from: int
    predicted: Ints
    """(m,) label codes of the test."""
    seconds: float
    """Wall clock of choosing, learning and labeling."""
    peak_bytes: int
    """The most memory that the process held meanwhile."""


def first_of(budget: int, rounds: int) -> int:
    """Labels of the first round: an equal share."""
    return max(1, budget // rounds)


def run_rounds(
    plan: Plan, ledger: Ledger, learner: Learner, grouped_on: Floats | None = None,
    done: Callable[[int], None] = lambda round_number: None,
) -> list[Point]:  # fmt: skip
    """Spend the budget, round by round.

    Args:
        plan: What to do.
        ledger: Has the labels of the pool; nothing is spent yet.
        learner: Learns from them.
        grouped_on: (n, d) vectors by which texts are grouped; None: the learner's own.
        done: Told of every round that is over.

    Returns:
        A point a round.

    Raises:
        DataError: More than the budget would be spent, or a test item be learned from: checked in every round.
    """
    return list(_Rounds(plan, ledger, learner, grouped_on).run(done))


class _Rounds:
    def __init__(self, plan: Plan, ledger: Ledger, learner: Learner, grouped_on: Floats | None) -> None:
        self.plan, self.ledger, self.learner, self.grouped_on = plan, ledger, learner, grouped_on
        self._codes: Ints | None = None
        """The cluster of every pool item, where it was computed once."""
        self._n = len(ledger.unlabeled)
        self._before: Ints | None = None
        self._largest = self._changed = 0.0
        strategy = plan.strategy
        fixed = "constant" if strategy.schedule == "dif-build" else strategy.schedule
        self._totals = schedules.totals(fixed, plan.first, plan.budget, plan.rounds)

    def run(self, done: Callable[[int], None]) -> Iterator[Point]:
        for number in range(self.plan.rounds):
            memory.reset_peak()
            started = time.perf_counter()
            rows = self._chosen(number, self._total(number))
            self.ledger.buy(rows)
            if self.plan.strategy.sampling == "accumulating":
                rows = self.ledger.labeled
            self.learner.learn(np.sort(rows), self.ledger.codes(np.sort(rows)), self.plan.random("learning", number))
            self._note_changes()
            predicted = self.learner.label_test()
            seconds = time.perf_counter() - started
            yield Point(self.ledger.spent, len(rows), predicted, seconds, memory.peak_bytes())
            done(number)

    def _total(self, number: int) -> int:
        """How many labels there are to be after a round; or, recalculated, how many it learns from."""
        if self.plan.strategy.schedule != "dif-build" or number == 0:
            return self._totals[number]
        left = self.plan.rounds - number
        self._totals[number] = schedules.next_total(
            self._totals[number - 1], self.plan.budget, left, self._changed, self._largest
        )
        return self._totals[number]

    def _note_changes(self) -> None:
        """Which share of the pool has another predicted label than a round before, where the schedule asks."""
        if self.plan.strategy.schedule != "dif-build":
            return
        labels = self.learner.label_pool()
        # Before the first round nothing was predicted: all is new.
        self._changed = 1.0 if self._before is None else float(np.mean(labels != self._before))
        # Of the first round, where everything is new, the share says nothing of how much a round changes.
        self._largest = 0.0 if self._before is None else max(self._largest, self._changed)
        self._before = labels

    def _chosen(self, number: int, total: int) -> Ints:
        """The pool items that a round is to learn from, new ones alone where rounds accumulate."""
        if self.plan.strategy.sampling == "accumulating":
            return self._ranked(self.ledger.unlabeled, total - self.ledger.spent, number)
        wanted = self._ranked(np.arange(self._n), total, number)
        is_new = ~np.isin(wanted, self.ledger.labeled)
        affordable = is_new.cumsum() <= self.ledger.budget - self.ledger.spent
        kept = wanted[~is_new | affordable]
        others = np.setdiff1d(self.ledger.labeled, kept)
        return np.concatenate([kept, self._ranked(others, total - len(kept), number)])

    def _ranked(self, among: Ints, count: int, number: int) -> Ints:
        """The ``count`` pool items ``among`` which are wanted most."""
        if count < 1 or not len(among):
            return among[:0]
        order = self.plan.random("order", number).permutation(self._n)[among]
        if self._is_warming_up(number):
            return among[selection.best(np.zeros(len(among)), order, count)]
        name = self.plan.strategy.acquisition
        if self.plan.candidates and number and name in acquisition.SCORES:
            drawn = np.sort(np.argsort(order)[: max(self.plan.candidates, count)])
            among, order = among[drawn], order[drawn]
        groups = self._clusters(among, number)
        if name == "furthest-batch":
            vectors, known = self.learner.vectors, self.ledger.labeled
            known = known if self.plan.strategy.sampling == "accumulating" else known[:0]
            return among[selection.furthest(vectors[among], vectors[known], order, count, groups)]
        if number == 0 or name == "uniform":  # before the first round there is nothing that could be unsure
            scores = np.zeros(len(among))
        else:
            samples = self.learner.samples(among, self.plan.random("samples", number))
            scores = acquisition.SCORES[name](samples)
        return among[selection.best(scores, order, count, groups)]

    def _is_warming_up(self, number: int) -> bool:
        """Whether a round is one of those that a warm start draws at random: half of the budget is enough for it."""
        strategy, after = self.plan.strategy, self._totals[number]
        if strategy.sampling == "recalculating":  # all that it chooses may be new
            after += self.ledger.spent
        return strategy.warm_start and 2 * after <= self.plan.budget

    def _clusters(self, among: Ints, number: int) -> Ints | None:
        """The clusters of some pool items; None where the strategy has none."""
        kind = self.plan.strategy.clusters
        if kind == "none":
            return None
        if kind == "ward":
            if self._codes is None:
                self._codes = self._ward(np.arange(self._n), 0)
            return self._codes[among]
        return self._ward(among, number)

    def _ward(self, among: Ints, number: int) -> Ints:
        vectors = self.learner.vectors if self.grouped_on is None else self.grouped_on
        return clusters.ward(vectors[among], self.plan.clusters, self.plan.random("clusters", number))
