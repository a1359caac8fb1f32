"""How long a study takes: measured on a few steps of the kind that it takes, and counted up."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from xlbench_tasks.protocols.active import clusters
from xlbench_tasks.protocols.active.frozen import FrozenVectors, VectorLearner
from xlbench_tasks.protocols.active.strategy import Strategy
from xlbench_train.active.learners import Learners
from xlbench_train.active.places import Place
from xlbench_train.active.settings import Settings

WIDTH = 384
"""Dimensions of the vectors that are measured with: those of small encoders."""
TEXTS = 8
"""Texts that are read, or learned from, to know how long one takes."""


def seconds_of(settings: Settings, places: Sequence[Place], learners: Learners) -> float:
    """Seconds of computing, without encoding.

    Args:
        settings: Of the study.
        places: Where it is.
        learners: Of a transformer, which is loaded and measured; frozen vectors are measured with random ones.
    """
    cost = _transformer if settings.fine_tune else _probe
    return sum(cost(settings, place, learners) for place in places)


def _timed(what: Callable[[], object]) -> float:
    started = time.perf_counter()
    what()
    return time.perf_counter() - started


def _probe(settings: Settings, place: Place, learners: Learners) -> float:
    random = np.random.RandomState(0)
    n, tested = place.items, len(place.pools[0].test_texts)
    budget = min(settings.budget, n)
    vectors = FrozenVectors.of(random.randn(n, WIDTH), random.randn(tested, WIDTH))
    learner = VectorLearner(vectors, len(place.labels), settings.c, settings.samples, settings.sampled_by)
    some = max(budget // 2, 2)
    rows, codes = np.arange(some), np.arange(some) % len(place.labels)
    fit = _timed(lambda: learner.learn(rows, codes, random))
    score = _timed(lambda: learner.samples(np.arange(n), random))
    group = _timed(lambda: clusters.ward(vectors.pool, 20, random))
    per_seed = sum(_rounds(one, settings.rounds, fit, score, group) for one in settings.strategies)
    return per_seed * settings.seeds * len(place.pools)


def _rounds(strategy: Strategy, rounds: int, fit: float, score: float, group: float) -> float:
    """Seconds of all rounds of one strategy and seed."""
    seconds = rounds * fit
    if strategy.acquisition not in ("uniform", "furthest-batch"):
        seconds += rounds * score
    return seconds + {"none": 0.0, "ward": group, "ward-every-round": rounds * group}[strategy.clusters]


def _transformer(settings: Settings, place: Place, learners: Learners) -> float:
    learner = learners.learner(place, 0, settings.seed)
    random, rows = np.random.RandomState(0), np.arange(min(TEXTS, place.items))
    codes = rows % len(place.labels)
    learn = _timed(lambda: learner.learn(rows, codes, random)) / len(rows) / settings.epochs
    read = _timed(lambda: learner.samples(rows, random)) / len(rows) / settings.samples
    budget, tested = min(settings.budget, place.items), len(place.pools[0].test_texts)
    learned = settings.epochs * budget * (settings.rounds + 1) / 2
    asked = min(settings.candidates or place.items, place.items) * settings.samples
    unsure = sum(one.acquisition not in ("uniform", "furthest-batch") for one in settings.strategies)
    each = learned * learn + settings.rounds * tested * read
    per_seed = len(settings.strategies) * each + unsure * settings.rounds * asked * read
    whole = settings.full * settings.epochs * place.items * learn
    return (per_seed * settings.seeds + whole) * len(place.pools)
