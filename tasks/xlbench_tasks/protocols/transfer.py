"""Cross-lingual transfer: which languages a protocol trains on, and which it tests on.

Subsets and their records for any data set with a train split; what is learned, and how it is scored, is the protocol's.
Nothing heavy is imported.

| kind | subset | trains on |
|---|---|---|
| ``within`` | ``hin`` | the train split of the same language |
| ``zero-shot`` | ``eng>hin`` | that of one other language |
| ``all`` | ``all>hin`` | those of all languages at hand together |
| ``rest`` | ``rest>hin`` | those of all languages at hand but the tested one |

What a subset learns from can be cut down to a number of items (``Data.train_size``); `TrainingSample` says which are
left. The dev split is never cut: it is what choices are made on, and a choice on fewer items would be a second thing
that changes along a curve. Nor is the test split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from xlbench import DataError, DataMissing, Subset, UsageError
from xlbench.core.ids import digest
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import Source
from xlbench_tasks.data.splits import DataSet
from xlbench_tasks.protocols.cross_fitting import Folds
from xlbench_tasks.protocols.training_sample import TrainingSample

KINDS = ("within", "zero-shot", "all", "rest")

OPTIONS: Mapping[str, Any] = {"transfer": list[str], "from": list[str], "within": list[str]}
"""``transfer``: which of `KINDS` (``within`` alone without it); ``from``: the languages that ``zero-shot`` trains on,
``within``: those that learn from their own items; every one without them."""
LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"from": (), "within": ()}


@dataclass(frozen=True)
class Transfer:
    """One subset before any data is read: its name, the languages to train on, and the one to be tested in."""

    name: str
    sources: tuple[str, ...]
    target: str
    languages: tuple[str, ...]
    """What ``Subset.languages`` holds: the pair of a zero-shot transfer, else the tested language alone."""


@dataclass(frozen=True)
class SubsetRecords:
    """The records of one subset."""

    data_set: str
    target: str
    train: Mapping[str, Records]
    """By training language."""
    dev: Mapping[str, Records]
    """By training language, those that have any: a choice is never made on the tested language's."""
    test: Records
    redraws: int = 0
    """From how many bootstrapped training sets it is to be learned again."""
    cross_fitting: Folds | None = None
    """Where the same items are learned from and scored: the folds that keep the two apart."""
    fold: tuple[int, int] = (0, 1)
    """Which fold these are, from 0, and of how many."""

    def folds(self) -> tuple[Fold, ...]:
        """What is learned and scored one after the other: all at once, or with cross-fitting fold by fold, those of
        them that have a test item. All test items are in one of them."""
        if self.cross_fitting is None:
            return (Fold(self, tuple(range(len(self.test.ids)))),)
        return tuple(map(self._fold, sorted(set(self.cross_fitting.of_items(self.target, self.test)))))

    def _fold(self, number: int) -> Fold:
        folds = self.cross_fitting
        assert folds is not None
        test = folds.tested(number, self.target, self.test)
        parts = replace(
            self, train=folds.learned(number, self.train), test=test, cross_fitting=None, fold=(number, folds.count)
        )
        return Fold(parts, folds.rows(number, self.target, self.test))

    @property
    def learned(self) -> str:
        """In words, for errors: what is learned from."""
        number, count = self.fold
        but = f" (all but fold {number + 1} of {count})" if count > 1 else ""
        return f"{self.data_set} {'+'.join(self.sources)}{but}"

    @property
    def serves_others(self) -> bool:
        """Whether other subsets learn from the same training items: ``eng>hin``, ``all>hin``."""
        alone = self.sources == (self.target,)
        return not alone and (len(self.sources) == 1 or self.target in self.sources)

    @property
    def sources(self) -> tuple[str, ...]:
        """The training languages."""
        return tuple(self.train)


@dataclass(frozen=True)
class Fold:
    """Test items of a subset, and the training items that a probe learns from which is asked for them."""

    parts: SubsetRecords
    rows: tuple[int, ...]
    """Where its test items stand among those of the subset."""


def check(options: Mapping[str, Any]) -> None:
    """What the types of the options cannot say."""
    kinds = options.get("transfer", ["within"])
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(
                f"[options] transfer: there is no {kind!r}, only {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}"
            )
    if not kinds or len(set(kinds)) != len(kinds):
        raise UsageError("[options] transfer: name at least one kind, and each once")
    for name, kind in (("from", "zero-shot"), ("within", "within")):
        if name in options and (kind not in kinds or not options[name]):
            raise UsageError(
                f"[options] {name}: the languages that {kind!r} of transfer trains on; name one, or leave it"
            )


def subsets(
    data_set: DataSet,
    options: Mapping[str, Any],
    languages: Sequence[str],
    train_size: int | None = None,
    check: Callable[[SubsetRecords], None] = lambda parts: None,
    redraws: int = 0,
) -> Iterator[Subset]:
    """A subset for every transfer between languages of the card; those without their data are marked as missing.

    With ``train_size`` each learns from at most so many items. ``check`` raises `DataError` for parts on which no score
    would mean anything: such a subset is marked as damaged. ``redraws``: `SubsetRecords.redraws` of each.
    """
    for name in LANGUAGE_OPTIONS:
        if unknown := [code for code in options.get(name, ()) if code not in languages]:
            hint = did_you_mean(unknown[0], languages)
            raise UsageError(
                f"{data_set.name}: [options] {name}: {unknown[0]!r} is none of the card's languages.{hint}"
            )
    at_hand = {split: _Split(source) for split, source in _sources(data_set)}
    folds = Folds(data_set.name, data_set.folds, train_size) if data_set.folds else None
    cut = TrainingSample(data_set.name, train_size) if train_size is not None and folds is None else None
    for transfer in transfers(options, languages, at_hand["train"].languages()):
        yield _subset(data_set.name, at_hand, transfer, cut, folds, check, redraws)


def _sources(data_set: DataSet) -> Iterator[tuple[str, Source]]:
    yield "train", data_set.train
    if data_set.dev is not None:
        yield "dev", data_set.dev
    yield "test", data_set.test


def transfers(options: Mapping[str, Any], languages: Sequence[str], trained: Sequence[str]) -> Iterator[Transfer]:
    """Every transfer that the options ask for, kind by kind; ``trained`` are the languages with a train split."""
    for kind in options.get("transfer", ["within"]):
        for target in languages:
            if kind == "within":
                if target in options.get("within", languages):
                    yield Transfer(target, (target,), target, (target,))
            elif kind == "zero-shot":
                for source in options.get("from", languages):
                    if source != target:
                        yield Transfer(f"{source}>{target}", (source,), target, (source, target))
            else:
                sources = tuple(source for source in trained if kind == "all" or source != target)
                yield Transfer(f"{kind}>{target}", sources, target, (target,))


class _Split:
    """One split, which remembers which languages have nothing in it: no file, or a header alone."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._why: dict[str, str] = {}

    def languages(self) -> tuple[str, ...]:
        """The languages that hold something, sorted."""
        return tuple(language for language in self._source.languages() if not self.lacks(language))

    def lacks(self, language: str) -> str:
        """Why there is nothing in a language; the empty string where there is something."""
        if language not in self._why:
            self._why[language] = self._find_reason(language)
        return self._why[language]

    def _find_reason(self, language: str) -> str:
        try:
            if language not in self._source.languages():
                return self._source.why_missing(language)
            return "" if self.read(language).ids else f"{self._source.name} has no items in {language!r} in this split"
        except DataMissing as missing:
            return str(missing)
        except DataError:  # it holds something: `read` says what is wrong with it
            return ""

    def read(self, language: str) -> Records:
        """The records of a language."""
        return self._source.read(language)


def _subset(
    name: str,
    at_hand: Mapping[str, _Split],
    transfer: Transfer,
    cut: TrainingSample | None,
    folds: Folds | None,
    check: Callable[[SubsetRecords], None],
    redraws: int,
) -> Subset:
    why = _why_missing(name, at_hand, transfer)
    if why:
        return Subset(transfer.name, transfer.languages, missing=why, train_items=0)
    try:
        parts = replace(_read(name, at_hand, transfer), cross_fitting=folds)
        check(parts)
        learned = [sum(len(one.ids) for one in fold.parts.train.values()) for fold in parts.folds()] if folds else []
    except DataError as damage:
        return Subset(transfer.name, transfer.languages, damaged=str(damage), train_items=0)
    if cut is not None:
        parts = replace(parts, train=cut(parts.train))
    parts = replace(parts, redraws=redraws)
    return Subset(
        transfer.name,
        transfer.languages,
        n=len(parts.test.ids),
        fingerprint=_fingerprint(parts),
        load=lambda: parts,
        train_items=max(learned, default=sum(len(records.ids) for records in parts.train.values())),
        training_draws=redraws,
    )


def _why_missing(name: str, at_hand: Mapping[str, _Split], transfer: Transfer) -> str:
    if why := at_hand["test"].lacks(transfer.target):
        return f"nothing to test on: {why}"
    for source in transfer.sources:
        if why := at_hand["train"].lacks(source):
            return f"nothing to train on: {why}"
    return "" if transfer.sources else f"{name}: nothing to train on: no other language with a train split is at hand"


def _read(name: str, at_hand: Mapping[str, _Split], transfer: Transfer) -> SubsetRecords:
    dev = at_hand.get("dev")
    return SubsetRecords(
        name,
        transfer.target,
        {source: at_hand["train"].read(source) for source in transfer.sources},
        {source: dev.read(source) for source in transfer.sources if not dev.lacks(source)} if dev else {},
        at_hand["test"].read(transfer.target),
    )


def _fingerprint(parts: SubsetRecords) -> str:
    """Over all that is learned from, chosen on and tested, each with its part, so that none can stand for another."""

    def of(records: Mapping[str, Records]) -> str:
        return digest(*(part for language, one in records.items() for part in (language, one.fingerprint())))

    content = of(parts.train), of(parts.dev), parts.test.fingerprint()
    if parts.cross_fitting is None:
        return digest("transfer", *content)
    learned = (of(fold.parts.train) for fold in parts.folds())
    return digest("cross-fitted transfer", str(parts.cross_fitting.count), *content, *learned)
