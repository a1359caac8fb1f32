"""Training items cut down to a number of items, the same ones for every model."""

from __future__ import annotations

from collections.abc import Mapping

from xlbench.core.ids import digest
from xlbench_tasks.data.records import Records, content_keys


class TrainingSample:
    """Training items cut down to ``size`` of them, all languages together; all of them where there are no more.

    The items are put in one order, and the first ``size`` are taken: of two sizes, the smaller choice lies within the
    larger. In this order every class has one item before any has two, and after that each of its n items is due when
    its share of the whole is: item i, from 0, at (i + 1/2) / n (Webster's method, that of Sainte-Laguë). So classes
    keep their shares to within an item or so, and languages theirs in each class. Records without a ``label`` are one
    class. Which of a class's items in a language come first is decided by a hash of what they are known by
    (`content_keys`): the same for all models, and in any order of the file. A single training language leaves itself
    out of the hash, so that where languages share their items, their curves learn from the same ones; of several
    languages, each draws items of its own.
    """

    def __init__(self, name: str, size: int) -> None:
        self._name, self._size = name, size
        self._done: dict[tuple[str, ...], dict[str, Records]] = {}
        self._drawn: dict[tuple[str, bool], dict[str, list[tuple[str, int]]]] = {}

    def __call__(self, train: Mapping[str, Records]) -> dict[str, Records]:
        """What is left of the training items; languages of which nothing is left are gone. Asked twice for the same
        languages, it has the same answer."""
        languages = tuple(train)
        if languages not in self._done:
            self._done[languages] = self._take_sample(train)
        return self._done[languages]

    def _take_sample(self, train: Mapping[str, Records]) -> dict[str, Records]:
        if sum(len(records.ids) for records in train.values()) <= self._size:
            return dict(train)
        classes: dict[str, list[tuple[float, str, str, int]]] = {}
        for language, records in train.items():
            for label, drawn in self._by_class(language, records, alone=len(train) == 1).items():
                due = ((_due(place, len(drawn)), key, language, row) for place, (key, row) in enumerate(drawn))
                classes.setdefault(label, []).extend(due)
        queue = [
            (-1.0 if place == 0 else _due(place, len(items)), -len(items), key, language, row)
            for items in classes.values()
            for place, (_, key, language, row) in enumerate(sorted(items))
        ]
        kept = {(language, row) for *_, language, row in sorted(queue)[: self._size]}
        wanted = {language: [(language, row) in kept for row in range(len(one.ids))] for language, one in train.items()}
        return {language: one.only(wanted[language]) for language, one in train.items() if any(wanted[language])}

    def _by_class(self, language: str, records: Records, *, alone: bool) -> dict[str, list[tuple[str, int]]]:
        """Label -> (hash, row) of its items, as they are drawn."""
        if (language, alone) not in self._drawn:
            labels = records.fields.get("label", records.fields.get("labels", ("",) * len(records.ids)))
            keys = content_keys(self._name, language, records)
            hashed = (digest("train size", "" if alone else language, key) for key in keys)
            by_class: dict[str, list[tuple[str, int]]] = {}
            # Equal texts have equal hashes; then the ids decide, and which is taken makes no difference.
            for key, _, row, label in sorted(zip(hashed, records.ids, range(len(keys)), labels, strict=True)):
                by_class.setdefault(label, []).append((key, row))
            self._drawn[language, alone] = by_class
        return self._drawn[language, alone]


def _due(place: int, count: int) -> float:
    """At which share of the whole the item at ``place``, from 0, of ``count`` is due."""
    return (place + 0.5) / count
