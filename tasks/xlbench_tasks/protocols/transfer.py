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
from xlbench_tasks.data.records import Records, content_keys
from xlbench_tasks.data.source import Source
from xlbench_tasks.data.splits import DataSet

KINDS = ("within", "zero-shot", "all", "rest")

OPTIONS: Mapping[str, Any] = {"transfer": list[str], "from": list[str]}
"""``transfer``: which of `KINDS` (``within`` alone without it); ``from``: the languages that ``zero-shot`` trains on,
every one without it."""
LANGUAGE_OPTIONS: Mapping[str, tuple[str, ...]] = {"from": ()}


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

    @property
    def serves_others(self) -> bool:
        """Whether other subsets learn from the same training items: ``eng>hin``, ``all>hin``."""
        alone = self.sources == (self.target,)
        return not alone and (len(self.sources) == 1 or self.target in self.sources)

    @property
    def sources(self) -> tuple[str, ...]:
        """The training languages."""
        return tuple(self.train)


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
    if "from" in options and ("zero-shot" not in kinds or not options["from"]):
        raise UsageError("[options] from: the languages that 'zero-shot' of transfer trains on; name one, or leave it")


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
    unknown = [code for code in options.get("from", ()) if code not in languages]
    if unknown:
        hint = did_you_mean(unknown[0], languages)
        raise UsageError(f"{data_set.name}: [options] from: {unknown[0]!r} is none of the card's languages.{hint}")
    at_hand = {split: _Split(source) for split, source in _sources(data_set)}
    cut = TrainingSample(data_set.name, train_size) if train_size is not None else None
    for transfer in transfers(options, languages, at_hand["train"].languages()):
        yield _subset(data_set.name, at_hand, transfer, cut, check, redraws)


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
            self._why[language] = self._look(language)
        return self._why[language]

    def _look(self, language: str) -> str:
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
    check: Callable[[SubsetRecords], None],
    redraws: int,
) -> Subset:
    why = _why_missing(name, at_hand, transfer)
    if why:
        return Subset(transfer.name, transfer.languages, missing=why, train_items=0)
    try:
        parts = _read(name, at_hand, transfer)
        check(parts)
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
        train_items=sum(len(records.ids) for records in parts.train.values()),
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

    return digest("transfer", of(parts.train), of(parts.dev), parts.test.fingerprint())


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
            labels = records.fields.get("label", ("",) * len(records.ids))
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
