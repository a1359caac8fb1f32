"""Splits of a data set: train, dev and test, stored or drawn from one part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from xlbench import DataMissing, UsageError
from xlbench.core.ids import digest
from xlbench_tasks.data.records import Records, content_keys
from xlbench_tasks.data.source import Source


class DataSet:
    """A task's data: a source for every split that the card knows. A card without splits has ``test`` alone."""

    def __init__(self, splits: Mapping[str, Source], folds: int = 0) -> None:
        """``folds``: of the one part that is train and test, for cross-fitting; 0 where the two are apart."""
        self._splits = splits
        self.folds = folds

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.test.name

    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that any split has, sorted; `DataMissing` where nothing of a split is at hand."""
        return tuple(sorted({language for source in self._splits.values() for language in source.languages()}))

    @property
    def test(self) -> Source:
        """The items that are scored."""
        return self._splits["test"]

    @property
    def has_train(self) -> bool:
        """Whether there are items that a probe may learn from."""
        return "train" in self._splits

    @property
    def train(self) -> Source:
        """The items that a probe may learn from; `UsageError` where the card has none."""
        if "train" not in self._splits:
            raise UsageError(f"{self.name}: the card has no train split, which this protocol needs")
        return self._splits["train"]

    @property
    def dev(self) -> Source | None:
        """The items that a choice may be made on; None where the card has none."""
        return self._splits.get("dev")


class HeldOut:
    """A part of a source without splits: which part an item belongs to follows from the item alone.

    Where languages share their item ids, it is the id that says so: an item is in one part in all languages, and no
    translation of a tested text is learned. Elsewhere an id is only a row's number, and it is the text.
    """

    def __init__(self, whole: Source, shares: Mapping[str, float], part: str) -> None:
        self._whole = whole
        below = 0.0
        for name, share in shares.items():
            if name == part:
                self._low, self._high = below, below + share
            below += share
        self._records: dict[str, Records] = {}

    @property
    def name(self) -> str:
        """The data set's name."""
        return self._whole.name

    def languages(self) -> tuple[str, ...]:
        """See `Source`."""
        return self._whole.languages()

    def why_missing(self, language: str) -> str:
        """See `Source`."""
        return self._whole.why_missing(language)

    def files(self, language: str) -> Sequence[Path]:
        """The files that a language is read from, as far as its source tells."""
        return self._whole.files(language) if hasattr(self._whole, "files") else ()

    def undeclared(self) -> str:
        """What there is of languages that the card does not declare, in words."""
        return self._whole.undeclared() if hasattr(self._whole, "undeclared") else ""

    def read(self, language: str) -> Records:
        """See `Source`."""
        if language not in self._records:
            whole = self._whole.read(language)
            places = (int(digest("holdout", key)[:12], 16) / 16**12 for key in self._keys(whole, language))
            self._records[language] = whole.only([self._low <= place < self._high for place in places])
        return self._records[language]

    def _keys(self, whole: Records, language: str) -> tuple[str, ...]:
        """What decides, an item. By their text, equal texts go to the same part, so that no text is learned and then
        asked for."""
        return content_keys(self.name, language, whole)


class FirstAvailable:
    """A data set with several homes: the first that has anything is the one that is read; homes are never mixed."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    @property
    def name(self) -> str:
        """The data set's name."""
        return self._sources[0].name

    def languages(self) -> tuple[str, ...]:
        """See `Source`; where no home has anything, the error lists what each lacks."""
        return self._chosen.languages()

    def why_missing(self, language: str) -> str:
        """See `Source`: told by the home that is read."""
        return self._chosen.why_missing(language)

    def files(self, language: str) -> Sequence[Path]:
        """The files that a language is read from, as far as its source tells."""
        return self._chosen.files(language) if hasattr(self._chosen, "files") else ()

    def undeclared(self) -> str:
        """What there is of languages that the card does not declare, in words; "" where no home has anything."""
        try:
            return self._chosen.undeclared() if hasattr(self._chosen, "undeclared") else ""
        except DataMissing:
            return ""

    def read(self, language: str) -> Records:
        """See `Source`."""
        return self._chosen.read(language)

    @cached_property
    def _chosen(self) -> Source:
        reasons = []
        for source in self._sources:
            try:
                if source.languages():
                    return source
            except DataMissing as missing:
                reasons.append(str(missing))
        raise DataMissing("; and ".join(reasons))
