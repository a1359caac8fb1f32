"""Cross-fitting: every item is scored, by a probe that has learned from the items of all other folds.

Which fold an item is in follows from its cluster or its id alone, so that it is the same in every language and
direction: no translation of a tested item is learned. Nothing heavy is imported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlbench.core.ids import digest
from xlbench_tasks.data.records import Records, content_keys
from xlbench_tasks.protocols.training_sample import TrainingSample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

COVERED = "cross-fitted: intervals hold the probes of the folds as they are, 88 to 94% covered (docs/coverage.md)"
"""A note of every score that is made so."""


class Folds:
    """The items of a data set, dealt out to folds; one for all subsets, which share what they take out."""

    def __init__(self, name: str, count: int, train_size: int | None = None) -> None:
        """
        Args:
            name: Of the data set.
            count: How many folds there are.
            train_size: How many training items each fold's probe learns from at most; all without it.
        """
        self.count = count
        self._name = name
        self._taken: dict[tuple[str, int, bool], Records] = {}
        self._of_items: dict[str, tuple[int, ...]] = {}
        self._train_size = train_size
        self._samples: dict[int, TrainingSample] = {}

    def of_items(self, language: str, records: Records) -> tuple[int, ...]:
        """The fold of each item, from 0. ``records`` are always the same ones of a language."""
        if language not in self._of_items:
            keys = zip(records.ids, records.clusters, content_keys(self._name, language, records), strict=True)
            known = (key if cluster == item else cluster for item, cluster, key in keys)
            self._of_items[language] = tuple(int(digest("fold", one)[:12], 16) % self.count for one in known)
        return self._of_items[language]

    def rows(self, fold: int, language: str, records: Records) -> tuple[int, ...]:
        """Where the fold's items stand among those of a language."""
        return tuple(row for row, own in enumerate(self.of_items(language, records)) if own == fold)

    def tested(self, fold: int, language: str, records: Records) -> Records:
        """The items of a language that are in the fold."""
        return self._take(fold, language, records, inside=True)

    def learned(self, fold: int, train: Mapping[str, Records]) -> dict[str, Records]:
        """The training items, by language, that are in other folds."""
        others = {language: self._take(fold, language, one, inside=False) for language, one in train.items()}
        left = {language: one for language, one in others.items() if one.ids}
        if self._train_size is None:
            return left
        return dict(self._samples.setdefault(fold, TrainingSample(self._name, self._train_size))(left))

    def _take(self, fold: int, language: str, records: Records, *, inside: bool) -> Records:
        key = language, fold, inside
        if key not in self._taken:
            self._taken[key] = records.only([(own == fold) is inside for own in self.of_items(language, records)])
        return self._taken[key]


def merge(
    found: Sequence[Mapping[str, NDArray[np.generic]]], rows: Sequence[Sequence[int]]
) -> dict[str, NDArray[np.generic]]:
    """Columns of all items, from those of each fold's items and from where these stand among all."""
    import numpy as np

    if len(found) == 1:
        return dict(found[0])
    order = np.argsort(np.concatenate([np.asarray(some, np.int64) for some in rows]), kind="stable")
    return {name: np.concatenate([columns[name] for columns in found])[order] for name in found[0]}


def names_of_draws(of_folds: Sequence[Sequence[str]]) -> Sequence[str]:
    """What bootstrapped training sets are called of which each fold has one: by the names of all of them."""
    if len(of_folds) == 1:
        return of_folds[0]
    return [f"cross-fitted {digest(*names)[:16]}" for names in zip(*of_folds, strict=True)]
