"""Pairs of texts with a value each, as `similarity` and `pairs` score them: read, crossed between languages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xlbench import Data, DataError, DataMissing, ItemText, Subset
from xlbench.core.ids import digest
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import Source
from xlbench_tasks.data.splits import DataSet
from xlbench_tasks.data.text import folded
from xlbench_tasks.protocols.aligned_texts import COPIED
from xlbench_tasks.protocols.language_pairs import crossing_name, crossings

SECOND = "second"
"""The field of a pair's other text."""

FEWEST = 3
"""Of fewer pairs there is no interval."""

Values = Callable[[str, Records], Sequence[float]]
"""From where the records are, in words, and the records, to a value a pair; `DataError`."""


@dataclass(frozen=True)
class TextPairs:
    """Texts in two languages, or one: row i of one side is compared with row i of the other."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    values: tuple[float, ...]
    notes: tuple[str, ...] = ()
    facts: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, str] = ("", "")

    def item_texts(self, languages: Sequence[str]) -> Iterator[ItemText]:
        """The first texts, then the second ones."""
        for language, side in zip(self.languages, (self.first, self.second), strict=True):
            for item, text, cluster in zip(self.ids, side, self.clusters, strict=True):
                yield ItemText(item, text, language, cluster=cluster)


def pair_subsets(
    data_set: DataSet, options: Mapping[str, Any], data: Data, languages: Sequence[str], values: Values
) -> Iterable[Subset]:
    """The subsets at hand, then (marked as missing) those that only the card declares."""
    source, pairs = data_set.test, options.get("pairs", ["within"])
    present = source.languages()
    for one, other in crossings(pairs, [language for language in languages if language in present]):
        yield _subset(source, one, other, values, is_sample=data.limit is not None)
    for one, other in crossings(pairs, languages):
        if gone := [language for language in (one, other) if language not in present]:
            yield Subset(crossing_name(one, other), _languages(one, other), missing=source.why_missing(gone[0]))


def _languages(one: str, other: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((one, other)))


def _subset(source: Source, one: str, other: str, values: Values, *, is_sample: bool) -> Subset:
    name, languages = crossing_name(one, other), _languages(one, other)
    try:
        a, b = source.read(one), source.read(other)
        pairs = _crossed(f"{source.name} {name}", one, a, other, b, values, is_sample=is_sample)
    except DataError as damage:
        return Subset(name, languages, damaged=str(damage))
    except DataMissing as missing:  # a file with nothing in it
        return Subset(name, languages, missing=str(missing))
    fingerprint = digest("pairs", a.fingerprint(), b.fingerprint())
    return Subset(name, languages, n=len(pairs.ids), fingerprint=fingerprint, load=lambda: pairs)


def _crossed(where: str, one: str, a: Records, other: str, b: Records, values: Values, *, is_sample: bool) -> TextPairs:
    """First texts of one language with the second texts that the same pairs have in the other."""
    if SECOND not in b.fields:
        raise DataError(f"{where}: the data has single texts; add {SECOND} to fields in the card's [data]")
    row_of = {item: row for row, item in enumerate(b.ids)}
    rows = [(row, row_of[item]) for row, item in enumerate(a.ids) if item in row_of]
    longer = max(len(a.ids), len(b.ids))
    if not is_sample and len(rows) < min(a.shared, b.shared) * longer:
        raise DataError(
            f"{where}: {len(rows)} ids in common, of {len(a.ids)} in {one} and {len(b.ids)} in {other}; mend the "
            f"files, or set shared in the card's [data]"
        )
    if len(rows) < FEWEST:
        raise DataError(f"{where}: {len(rows)} pairs are too few to score: {FEWEST} at the least")
    _check_copies(where, one, a, other, b, rows)
    of_a, of_b = values(where, a), values(where, b)
    for i, j in rows:
        if of_a[i] != of_b[j]:
            raise DataError(f"{where}: the pair of {a.place(i)} has another value at {b.place(j)}: correct one of them")
    lost = len(a.ids) + len(b.ids) - 2 * len(rows)
    return TextPairs(
        tuple(a.ids[i] for i, _ in rows),
        tuple(a.clusters[i] for i, _ in rows),
        tuple(a.fields["text"][i] for i, _ in rows),
        tuple(b.fields[SECOND][j] for _, j in rows),
        tuple(of_a[i] for i, _ in rows),
        tuple(dict.fromkeys((*a.notes, *b.notes))),
        {**a.facts, **b.facts, **({"lost_items": lost} if lost else {})},
        (one, other),
    )


def _check_copies(where: str, one: str, a: Records, other: str, b: Records, rows: Sequence[tuple[int, int]]) -> None:
    """Raise `DataError` where each pair is one text twice, or where one language's texts are those of the other."""
    if all(folded(a.fields["text"][i]) == folded(b.fields[SECOND][j]) for i, j in rows):
        raise DataError(f"{where}: the two texts of every pair are the same: one column is a copy of the other")
    if one != other and SECOND in a.fields:
        alike = sum(folded(a.fields[SECOND][i]) == folded(b.fields[SECOND][j]) for i, j in rows)
        if alike >= COPIED * len(rows):
            raise DataError(
                f"{where}: {alike} of the {len(rows)} second texts in {one} and {other} are the same: one file is a "
                f"copy of the other"
            )
