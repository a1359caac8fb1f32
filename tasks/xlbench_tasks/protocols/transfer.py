"""Transfers: in which languages a protocol that learns may train, and in which it is tested.

Subsets and their records for any data set with a train split; what is learnt, and how it is scored, is the protocol's.
Nothing heavy is imported.

| kind | subset | trains on |
|---|---|---|
| ``within`` | ``hin`` | the train split of the same language |
| ``zero-shot`` | ``eng>hin`` | that of one other language |
| ``all`` | ``all>hin`` | those of all languages at hand together |
| ``rest`` | ``rest>hin`` | those of all languages at hand but the tested one |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xlbench import DataMissing, Subset, UsageError
from xlbench.names import did_you_mean, digest
from xlbench_tasks.source import DataSet, Records, Source

KINDS = ("within", "zero-shot", "all", "rest")

OPTIONS: Mapping[str, Any] = {"transfer": list[str], "from": list[str]}
"""``transfer``: which of `KINDS` (``within`` alone without it); ``from``: the languages that ``zero-shot`` trains on,
every one without it."""


@dataclass(frozen=True)
class Transfer:
    """One subset before any data is read: its name, the languages to train on, and the one to be tested in."""

    name: str
    sources: tuple[str, ...]
    target: str
    languages: tuple[str, ...]
    """What ``Subset.languages`` holds: the pair of a zero-shot transfer, else the tested language alone."""


@dataclass(frozen=True)
class Parts:
    """The records of one subset."""

    data_set: str
    target: str
    train: Mapping[str, Records]
    """By training language."""
    dev: Mapping[str, Records]
    """By training language, those that have any: a choice is never made on the tested language's."""
    test: Records

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


def subsets(data_set: DataSet, options: Mapping[str, Any], languages: Sequence[str]) -> Iterator[Subset]:
    """A subset for every transfer between languages of the card; those without their data are marked as missing."""
    unknown = [code for code in options.get("from", ()) if code not in languages]
    if unknown:
        hint = did_you_mean(unknown[0], languages)
        raise UsageError(f"{data_set.name}: [options] from: {unknown[0]!r} is none of the card's languages.{hint}")
    at_hand = {split: _Shelf(source) for split, source in _sources(data_set)}
    for transfer in transfers(options, languages, at_hand["train"].languages()):
        yield _subset(data_set.name, at_hand, transfer)


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


class _Shelf:
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

    def read(self, language: str) -> Records:
        """The records of a language."""
        return self._source.read(language)


def _subset(name: str, at_hand: Mapping[str, _Shelf], transfer: Transfer) -> Subset:
    why = _why_missing(name, at_hand, transfer)
    if why:
        return Subset(transfer.name, transfer.languages, missing=why)
    parts = _read(name, at_hand, transfer)
    return Subset(
        transfer.name,
        transfer.languages,
        n=len(parts.test.ids),
        fingerprint=_fingerprint(parts),
        load=lambda: parts,
    )


def _why_missing(name: str, at_hand: Mapping[str, _Shelf], transfer: Transfer) -> str:
    if why := at_hand["test"].lacks(transfer.target):
        return f"nothing to test on: {why}"
    for source in transfer.sources:
        if why := at_hand["train"].lacks(source):
            return f"nothing to train on: {why}"
    return "" if transfer.sources else f"{name}: nothing to train on: no other language with a train split is at hand"


def _read(name: str, at_hand: Mapping[str, _Shelf], transfer: Transfer) -> Parts:
    dev = at_hand.get("dev")
    return Parts(
        name,
        transfer.target,
        {source: at_hand["train"].read(source) for source in transfer.sources},
        {source: dev.read(source) for source in transfer.sources if not dev.lacks(source)} if dev else {},
        at_hand["test"].read(transfer.target),
    )


def _fingerprint(parts: Parts) -> str:
    """Over all that is learnt from, chosen on and tested, each with its part, so that none can stand for another."""

    def of(records: Mapping[str, Records]) -> str:
        return digest(*(part for language, one in records.items() for part in (language, one.fingerprint())))

    return digest("transfer", of(parts.train), of(parts.dev), parts.test.fingerprint())
