"""Where a task's items come from: `Records` (one language), `Source` (a data set), `Home` (a place that a card names).

What all readers share, and nothing about any file format: those are in ``readers/``. Nothing heavy is imported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.names import digest

LANGUAGE = "{language}"
"""The placeholder that stands, in a card, for the code that the data set uses for a language."""

OF_ALL = " (of all items, before a part was taken)"
"""Ends the name of a fact that stands beside a part of the items it was counted over."""

_SCRIPT = re.compile(r"(?P<language>[a-z]{2,3})[_-][A-Z][a-z]{3}")


@dataclass(frozen=True)
class Records:
    """The items of one language (one split) of a data set; every tuple has one entry an item."""

    ids: tuple[str, ...]
    """Stable, unique, beginning with the data set: ``ntrex:17``. Equal ids in two languages are the same item."""
    clusters: tuple[str, ...]
    """Items with one id stand or fall together: ``ntrex:bbc.381790``; equal to ``ids`` where items are alone."""
    fields: Mapping[str, tuple[str, ...]]
    """``text``, ``label`` ..."""
    notes: tuple[str, ...] = ()
    """What the reader left out or repaired, as a sentence for a footnote; how often is in ``facts``."""
    facts: Mapping[str, int] = field(default_factory=dict)
    """Counts of what was left out or repaired."""
    origin: str = ""
    """Whatever else identifies the data: the version of a library that it comes from."""
    counts: tuple[Mapping[str, int], ...] = ()
    """An item's share of the facts, which are their sums; empty where facts are of the language as a whole."""
    causes: Mapping[str, str] = field(default_factory=dict)
    """How the names of facts begin -> the note that they call for."""

    @classmethod
    def counted(
        cls,
        ids: tuple[str, ...],
        clusters: tuple[str, ...],
        fields: Mapping[str, tuple[str, ...]],
        counts: Sequence[Mapping[str, int]],
        causes: Mapping[str, str],
        origin: str = "",
    ) -> Records:
        """Records whose facts and notes follow from what was counted in each item, so that those of a part do too."""
        total: Counter[str] = Counter()
        for one in counts:
            total.update(one)
        facts = {name: total[name] for name in sorted(total) if total[name]}
        notes = dict.fromkeys(note for begins, note in causes.items() if any(name.startswith(begins) for name in facts))
        return cls(ids, clusters, fields, tuple(notes), facts, origin, tuple(counts), causes)

    def __post_init__(self) -> None:
        if self.counts and len(self.counts) != len(self.ids):
            raise DataError(f"{len(self.ids)} ids but {len(self.counts)} counts")
        lengths = {"clusters": len(self.clusters)} | {name: len(values) for name, values in self.fields.items()}
        if wrong := [f"{n} {name}" for name, n in lengths.items() if n != len(self.ids)]:
            raise DataError(f"{len(self.ids)} ids but {', '.join(wrong)}")
        if len(set(self.ids)) != len(self.ids):
            raise DataError(f"item id {_first_repeated(self.ids)!r} occurs twice")

    def only(self, wanted: Sequence[bool]) -> Records:
        """The items for which ``wanted`` is true, with the facts of these alone, or else a name that says whose they
        are: what a reader has left out of a language as a whole belongs to no item."""

        def kept(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(compress(values, wanted))

        ids, clusters = kept(self.ids), kept(self.clusters)
        fields = {name: kept(values) for name, values in self.fields.items()}
        if self.counts:
            counts = tuple(compress(self.counts, wanted))
            return Records.counted(ids, clusters, fields, counts, self.causes, self.origin)
        facts = {name if name.endswith(OF_ALL) else name + OF_ALL: n for name, n in self.facts.items()}
        return Records(ids, clusters, fields, self.notes, facts, self.origin)

    def fingerprint(self) -> str:
        """64 hex digits over ids, clusters, fields and origin; notes and facts follow from these and are left out."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        columns = [("id", self.ids), ("cluster", self.clusters), *sorted(self.fields.items())]
        parts = [part for name, values in columns for part in (name, *values)]
        return digest("records", self.origin, str(len(self.ids)), *parts)


def _first_repeated(values: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(value for value in values if value in seen or seen.add(value))  # type: ignore[func-returns-value]


class Source(Protocol):
    """A data set as protocols see it: languages, and the records of each."""

    @property
    def name(self) -> str:
        """The data set's name, with which item ids begin."""
        ...

    def languages(self) -> tuple[str, ...]:
        """Codes of the languages at hand, sorted; `DataMissing` where nothing of the data set is at hand."""
        ...

    def why_missing(self, language: str) -> str:
        """One line: why a declared language is not at hand, and how to get it."""
        ...

    def read(self, language: str) -> Records:
        """The records of a language, read once; `DataError` names file and line, `DataMissing` says what is absent."""
        ...


@runtime_checkable
class Bringing(Protocol):
    """What a source may have besides: its data can be brought onto this machine (``xlbench fetch``)."""

    def at_hand(self, languages: Sequence[str] = ()) -> tuple[Path, ...]:
        """Where these languages (none: all) lie, found without a request; empty where one of them does not."""
        ...

    def bring(self, languages: Sequence[str] = ()) -> tuple[Path, ...]:
        """Bring what is not at hand, and say where all lies; `DataMissing` where that does not succeed."""
        ...


@dataclass(frozen=True)
class Home:
    """A place where a card's data can be: one of the card's tables, whose keys and types have been checked."""

    where: str
    """Names the card's file and table in errors: ``ntrex.toml: [data]``."""
    name: str
    """The data set's name."""
    reader: str
    """Which module of ``readers/`` opens it."""
    languages: tuple[str, ...]
    """All that the card declares."""
    table: Mapping[str, Any] = field(default_factory=dict)
    task: str = ""
    """What ``--task`` takes to mean the card's task: its name, or the path of its file."""

    def language_of(self, code: str) -> str | None:
        """The declared language that the data set calls ``code``, or None.

        The card's ``aliases`` come first. Otherwise hyphens count as underscores, and a script that the card does not
        declare is dropped: ``srp-Cyrl`` is ``srp_Cyrl``, and ``hin_Deva`` is ``hin``.
        """
        aliases: Mapping[str, str] = self.table.get("aliases", {})
        if code in aliases:
            return aliases[code]
        plain = code.replace("-", "_")
        if plain not in self.languages and (match := _SCRIPT.fullmatch(plain)):
            plain = match["language"]
        return plain if plain in self.languages else None

    def by_language(self, codes: Iterable[str], place: str) -> dict[str, str]:
        """Declared language -> the data set's code for it; `DataError` where two codes are one language."""
        found: dict[str, str] = {}
        for code in codes:
            language = self.language_of(code)
            if language is None:
                continue
            if language in found:
                raise DataError(
                    f"{place}: {found[language]!r} and {code!r} are both {language!r}; "
                    f"give one of them another language under aliases in {self.where}"
                )
            found[language] = code
        return found


class Reading:
    """What the readers' sources share: what is at hand is looked up once, and each language is read once.

    A reader adds ``_find()`` (language -> whatever it needs to read it; `DataMissing` where nothing is there),
    ``_read(language)`` and ``_place()`` (where it looks, for errors). Making a source touches no file.
    """

    def __init__(self, home: Home, data: Data) -> None:
        self.home = home
        self.data = data
        self._records: dict[str, Records] = {}
        self._damaged: dict[str, DataError] = {}

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.home.name

    def languages(self) -> tuple[str, ...]:
        """See `Source`."""
        return tuple(sorted(self._found))

    def why_missing(self, language: str) -> str:
        """See `Source`."""
        return self.missing(f"{self.name} has no {language!r} here: none in {self._place()}")

    def read(self, language: str) -> Records:
        """See `Source`."""
        if language not in self._records:
            if language not in self._found:
                raise DataMissing(self.why_missing(language))
            if language in self._damaged:  # many subsets may ask for it
                raise self._damaged[language]
            try:
                self._records[language] = self._read(language)
            except DataError as damage:
                self._damaged[language] = damage
                raise
        return self._records[language]

    @property
    def _found(self) -> Mapping[str, Any]:
        if isinstance(self._looked_up, DataMissing):
            raise self._looked_up
        return self._looked_up

    @cached_property
    def _looked_up(self) -> Mapping[str, Any] | DataMissing:
        try:
            return self._find()
        except DataMissing as missing:  # remembered too: to find that a network is not there takes half a minute
            return missing

    def missing(self, what: str) -> str:
        """What is missing, and where the card says that it can be had."""
        url = self.home.table.get("url")
        return f"{what}; get it from {url}" if url else what

    def _rows(self) -> int | None:
        """How many rows are wanted: the lesser of the card's ``max_rows`` and the run's limit; None: all."""
        wanted = [n for n in (self.home.table.get("max_rows"), self.data.limit) if n is not None]
        return min(wanted, default=None)

    def _places(self, n: int, labels: Sequence[str] = ()) -> Sequence[int]:
        """Which of n rows are wanted: the first ``max_rows``, and of these as many as the run's limit says, from the
        start or, where rows have ``labels``, spread over these."""
        n = min(n, self.home.table.get("max_rows", n))
        if self.data.limit is None or self.data.limit >= n:
            return range(n)
        return spread(labels[:n], self.data.limit) if labels else range(self.data.limit)

    def _find(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def _read(self, language: str) -> Records:
        raise NotImplementedError

    def _place(self) -> str:
        raise NotImplementedError


def spread(labels: Sequence[str], n: int) -> list[int]:
    """The places of n items, in order: in turns one of every label, each label's from the start.

    Many files are sorted by label, and their first items have one label alone, from which nothing can be learnt. The
    choice follows from labels alone, so that languages with the same labels keep the same items.
    """
    turns: Counter[str] = Counter()
    turn_of = []
    for label in labels:
        turn_of.append(turns[label])
        turns[label] += 1
    return sorted(sorted(range(len(labels)), key=lambda place: (turn_of[place], place))[:n])


class DataSet:
    """A task's data: a source for every split that the card knows. A card without splits has ``test`` alone."""

    def __init__(self, splits: Mapping[str, Source]) -> None:
        self._splits = splits

    @property
    def name(self) -> str:
        """The data set's name."""
        return self.test.name

    @property
    def test(self) -> Source:
        """The items that are scored."""
        return self._splits["test"]

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


def content_keys(name: str, language: str, records: Records) -> tuple[str, ...]:
    """What an item of the data set ``name`` is known by, wherever it stands in its file: its id where languages share
    their ids; its text where ids begin with the language, and so are numbers of rows."""
    own = f"{name}:{language}:"
    return records.fields["text"] if all(item.startswith(own) for item in records.ids) else records.ids


class HeldOut:
    """A part of a source without splits: which part an item belongs to follows from the item alone.

    Where languages share their item ids, it is the id that says so: an item is in one part in all languages, and no
    translation of a tested text is learnt. Elsewhere an id is only a row's number, and it is the text.
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

    def read(self, language: str) -> Records:
        """See `Source`."""
        if language not in self._records:
            whole = self._whole.read(language)
            places = (int(digest("holdout", key)[:12], 16) / 16**12 for key in self._keys(whole, language))
            self._records[language] = whole.only([self._low <= place < self._high for place in places])
        return self._records[language]

    def _keys(self, whole: Records, language: str) -> tuple[str, ...]:
        """What decides, an item. By their text, equal texts go to the same part, so that no text is learnt and then
        asked for."""
        return content_keys(self.name, language, whole)


class FirstAtHand:
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
