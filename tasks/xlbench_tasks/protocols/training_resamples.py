"""Bootstrapped training sets, and what a probe learns from each.

Clusters are drawn with replacement, as many as there are, each with all its items; an item that is drawn twice is there
twice. Draws follow from the names of the clusters alone: they are the same for every model, and for languages whose
training items are the same ones. Nothing heavy is imported.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from xlbench import DataError
from xlbench.core.ids import digest
from xlbench_tasks.data.records import Records

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xlbench import EncodingSession
    from xlbench_tasks.protocols.transfer import SubsetRecords

T = TypeVar("T")

TRIES = 100
"""How often a set is drawn anew from which nothing can be learned (one label alone), before that is an error."""


@dataclass(frozen=True)
class Redraws:
    """Several training sets, drawn from one."""

    names: tuple[str, ...]
    """What each is called: equal names are equal draws of equal clusters."""
    rows: tuple[NDArray[np.int64], ...]
    """The rows of each, in ascending order, among the items of all languages one after the other."""


def redraws(
    data_set: str,
    train: Mapping[str, Records],
    count: int,
    teaches: Callable[[NDArray[np.int64]], bool] = lambda rows: True,
) -> Redraws:
    """Training sets in the place of ``train``.

    Args:
        data_set: Its name.
        train: The records, by language.
        count: How many to draw.
        teaches: Whether anything can be learned from some rows; others are drawn anew.

    Raises:
        DataError: None of `TRIES` draws teaches anything.
    """
    import numpy as np

    clusters = [cluster for records in train.values() for cluster in records.clusters]
    distinct = sorted(set(clusters))
    place = {cluster: code for code, cluster in enumerate(distinct)}
    codes = np.fromiter((place[cluster] for cluster in clusters), np.int64, len(clusters))
    identity = digest("training set", data_set, *distinct)

    def drawn(number: int, attempt: int) -> NDArray[np.int64]:
        seed = np.random.SeedSequence(int(digest(identity, str(number), str(attempt))[:32], 16))
        random = np.random.RandomState(np.random.MT19937(seed))
        times = np.bincount(random.randint(0, len(distinct), len(distinct)), minlength=len(distinct))
        return np.repeat(np.arange(len(codes)), times[codes])

    rows = []
    for number in range(count):
        attempts = (drawn(number, attempt) for attempt in range(TRIES))
        found = next((some for some in attempts if teaches(some)), None)
        if found is None:
            raise DataError(
                f"{data_set} {'+'.join(train)}: nothing can be learned from any of {TRIES} resampled training sets of "
                f"{len(distinct)} clusters: leave --ci-training out"
            )
        rows.append(found)
    names = tuple(f"{data_set} training {identity[:16]} {number + 1} of {count}" for number in range(count))
    return Redraws(names, tuple(rows))


@dataclass(frozen=True)
class Retrained(Generic[T]):
    """What was learned from bootstrapped training sets, one after the other."""

    names: tuple[str, ...] = ()
    learned: Iterable[T] = ()


def retrain(
    parts: SubsetRecords,
    session: EncodingSession,
    kind: Hashable,
    drawn: Redraws,
    learn: Callable[[NDArray[np.int64]], T],
) -> Retrained[T]:
    """What is learned from every training set; kept for other subsets that learn from the same items, where there are
    such. ``kind`` says all that it follows from besides model and items."""

    fold, folds = parts.fold
    total = folds * len(drawn.rows)

    def each(done: Callable[[int], int]) -> Iterator[T]:
        for number, rows in enumerate(drawn.rows):
            yield learn(rows)
            session.learned(done(number), total)

    if not parts.serves_others:
        # Of several folds, each learns from its first training set before any learns from its second.
        return Retrained(drawn.names, each(lambda number: number * folds + fold + 1))
    content = tuple((language, one.fingerprint()) for of in (parts.train, parts.dev) for language, one in of.items())
    return Retrained(
        drawn.names,
        session.once(
            (kind, content, drawn.names), lambda: list(each(lambda number: fold * len(drawn.rows) + number + 1))
        ),
    )
