"""Aligned texts of two languages: the items that both have, and what must be true of them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench import DataError, DataMissing

if TYPE_CHECKING:
    from xlbench_tasks.data.records import Records

COPIED = 0.95
"""From this share of equal texts on, one side is a copy of the other. The languages and countries of Unicode's CLDR are
written alike in the two written standards of Norwegian, the nearest pair of languages that was tried, to 87%."""


@dataclass(frozen=True)
class Pair:
    """Aligned texts, queries and candidates: row i of one translates row i of the other."""

    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    queries: tuple[str, ...]
    candidates: tuple[str, ...]
    notes: tuple[str, ...]
    facts: Mapping[str, int]


def align(a: Records, b: Records) -> Pair:
    """The items that both languages have, in the order of the first; what is lost is counted, unless by design each
    language has items of its own."""
    notes, facts = tuple(dict.fromkeys((*a.notes, *b.notes))), {**a.facts, **b.facts}
    if a.ids == b.ids:
        return Pair(a.ids, a.clusters, a.fields["text"], b.fields["text"], notes, facts)
    rows = [*_rows(a, b)()]
    if min(a.shared, b.shared) > 0:
        facts |= {"lost_items": len(a.ids) + len(b.ids) - 2 * len(rows)}
        notes += ("items without a counterpart under the same id are left out (how many: Data warnings)",)
    return Pair(
        tuple(a.ids[i] for i, _ in rows),
        tuple(a.clusters[i] for i, _ in rows),
        tuple(a.fields["text"][i] for i, _ in rows),
        tuple(b.fields["text"][j] for _, j in rows),
        notes,
        facts,
    )


def check_pair(name: str, query: str, a: Records, candidate: str, b: Records, pair: Pair, *, is_sample: bool) -> None:
    """Raise `DataError` where two languages' items cannot be paired, or where every encoder would score the same.

    Args:
        name: the data set's name.
        query, a: the language of the queries, and its records; ``candidate`` and ``b`` those of the candidates.
        pair: what both have.
        is_sample: they are samples, whose ids may differ although those of the whole do not.
    """
    n, where = len(pair.ids), f"{name} {query}-{candidate}"
    for language, records in ((query, a), (candidate, b)):
        if not records.ids:
            raise DataMissing(f"{name} has no items in {language!r} in this split")
    if not n:
        raise DataError(
            f"{where}: no id in common: those of {query} begin with {a.ids[0]!r} ({a.place(0)}), those of {candidate} "
            f"with {b.ids[0]!r} ({b.place(0)})"
        )
    longer = max(len(a.ids), len(b.ids))
    if not is_sample and n < min(a.shared, b.shared) * longer:
        raise DataError(
            f"{where}: {n} ids in common, of {len(a.ids)} in {query} and {len(b.ids)} in {candidate}; without a "
            f"counterpart is {_first_alone(a, b) or _first_alone(b, a)}; mend the files, or, to score what both have, "
            f"set shared = {math.floor(10_000 * n / longer) / 10_000:g} in the card's [data]"
        )
    if n == 1:
        raise DataError(f"{where}: one item, and a single candidate is always found: there is nothing to score")
    _check_texts(where, query, a, candidate, b, pair)


def _check_texts(where: str, query: str, a: Records, candidate: str, b: Records, pair: Pair) -> None:
    """Raise `DataError` where one side is a copy of the other, or repeats one text."""
    n, rows = len(pair.ids), _rows(a, b)
    if alike := _copies(a, b, rows, n - math.ceil(COPIED * n)):
        share = f"the {n}" if alike == n else f"{alike} of the {n}"
        exact = sum(map(operator.eq, pair.queries, pair.candidates)) == alike
        but = "" if exact else " but for case, white space and notation"
        raise DataError(
            f"{where}: {share} texts of {query} and {candidate} are the same{but}: one file is a copy of the other"
        )
    for language, records, places in ((query, a, (i for i, _ in rows())), (candidate, b, (j for _, j in rows()))):
        first = next(places)
        if all(records.folded_text(place) == records.folded_text(first) for place in places):
            text = records.fields["text"][first]
            raise DataError(f"{where}: all {n} texts of {language} are the same ({text[:40]!r})")


def _rows(a: Records, b: Records) -> Callable[[], Iterator[tuple[int, int]]]:
    """Makes the rows of a and b that `align` pairs, in its order."""
    if a.ids == b.ids:
        return lambda: ((row, row) for row in range(len(a.ids)))
    row_of = {item: row for row, item in enumerate(b.ids)}
    return lambda: ((row, row_of[item]) for row, item in enumerate(a.ids) if item in row_of)


def _copies(a: Records, b: Records, rows: Callable[[], Iterator[tuple[int, int]]], spare: int) -> int:
    """How many texts are the same on both sides but for case, white space and notation; 0 as soon as more
    than ``spare`` are not."""
    alike = 0
    for i, j in rows():
        if a.folded_text(i) == b.folded_text(j):
            alike += 1
        elif (spare := spare - 1) < 0:
            return 0
    return alike


def _first_alone(a: Records, b: Records) -> str:
    """The first item of a that b does not have, and where it stands; "" where there is none."""
    others = set(b.ids)
    return next((f"{item!r} ({a.place(row)})" for row, item in enumerate(a.ids) if item not in others), "")
