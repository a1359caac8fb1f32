"""Records: the items of one language, with ids, clusters and fields."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

from xlbench import DataError
from xlbench.core.ids import digest
from xlbench_tasks.data.text import folded

OF_WHOLE = " (of all items, before a part was taken)"
"""Ends the name of a fact that stands beside a part of the items it was counted over."""


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
    shared: float = 1.0
    """The least share of its ids, 0 to 1, that another language must have too where their items are paired. 0: by
    design a language has items of its own."""
    places: Callable[[int], str] | None = field(default=None, compare=False)
    """Where item i stands, counted from 0: ``eng.tsv, line 8``."""

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

    def place(self, row: int) -> str:
        """Where an item stands in its file, or else its id."""
        return self.places(row) if self.places else f"item {self.ids[row]}"

    def only(self, wanted: Sequence[bool]) -> Records:
        """The items for which ``wanted`` is true, with the facts of these alone, or else a name that says whose they
        are: what a reader has left out of a language as a whole belongs to no item."""

        def kept_rows(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(compress(values, wanted))

        ids, clusters = kept_rows(self.ids), kept_rows(self.clusters)
        fields = {name: kept_rows(values) for name, values in self.fields.items()}
        if self.counts:
            counts = tuple(compress(self.counts, wanted))
            part = Records.counted(ids, clusters, fields, counts, self.causes, self.origin)
        else:
            facts = {name if name.endswith(OF_WHOLE) else name + OF_WHOLE: n for name, n in self.facts.items()}
            part = Records(ids, clusters, fields, self.notes, facts, self.origin)
        rows = tuple(compress(range(len(self.ids)), wanted))
        return replace(part, shared=self.shared, places=lambda row: self.place(rows[row]))

    def folded_text(self, row: int) -> str:
        """An item's text as it is compared with others for being a copy; folded once, for a language is held against
        many others."""
        if row not in self._folded:
            self._folded[row] = folded(self.fields["text"][row])
        return self._folded[row]

    @cached_property
    def _folded(self) -> dict[int, str]:
        return {}

    def fingerprint(self) -> str:
        """64 hex digits over ids, clusters, fields and origin; notes and facts follow from these and are left out."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        columns = [("id", self.ids), ("cluster", self.clusters), *sorted(self.fields.items())]
        parts = [part for name, values in columns for part in (name, *values)]
        return digest("records", self.origin, str(len(self.ids)), *parts)


def joined(parts: Sequence[Records]) -> Records:
    """The items of several records as one: of a pivot, which has part of its items with each other language."""
    places = [(part, row) for part in parts for row in range(len(part.ids))]
    return Records(
        tuple(item for part in parts for item in part.ids),
        tuple(cluster for part in parts for cluster in part.clusters),
        {"text": tuple(one for part in parts for one in part.fields["text"])},
        tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        {name: count for part in parts for name, count in part.facts.items()},
        places=lambda row: places[row][0].place(places[row][1]),
    )


def _first_repeated(values: Iterable[str]) -> str:
    seen: set[str] = set()
    return next(value for value in values if value in seen or seen.add(value))  # type: ignore[func-returns-value]


def sample_by_label(labels: Sequence[str], n: int) -> list[int]:
    """The places of n items, in order: in turns one of every label, each label's from the start.

    Many files are sorted by label, and their first items have one label alone, from which nothing can be learned. The
    choice follows from labels alone, so that languages with the same labels keep the same items.
    """
    turns: Counter[str] = Counter()
    turn_of = []
    for label in labels:
        turn_of.append(turns[label])
        turns[label] += 1
    return sorted(sorted(range(len(labels)), key=lambda place: (turn_of[place], place))[:n])


def content_keys(name: str, language: str, records: Records) -> tuple[str, ...]:
    """What an item of the data set ``name`` is known by, wherever it stands in its file: its id where languages share
    their ids; its text where ids begin with the language, and so are numbers of rows."""
    own = f"{name}:{language}:"
    return records.fields["text"] if all(item.startswith(own) for item in records.ids) else records.ids
