"""Takes samples of rows while reading, and stops when a sample is complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import TypeVar

Row = TypeVar("Row")


def first_rows(rows: Iterable[Row], most: int | None, limit: int | None) -> list[Row]:
    """The first ``limit`` of the first ``most`` rows (None: all)."""
    return list(islice(rows, min((n for n in (most, limit) if n is not None), default=None)))


def of_every_label(
    rows: Iterable[Row], label_of: Callable[[Row], str], most: int | None, limit: int, labels: Collection[str] = ()
) -> list[Row]:
    """``limit`` of the first ``most`` rows, in order: in turns one of every label, each label's from the start.

    The same rows that `sample_by_label` takes of all labels. Reading ends where it cannot change any more: when all of
    ``labels`` (every label that there may be; none: not known) have enough rows.
    """
    turns: Counter[str] = Counter()
    enough, short = -(-limit // max(len(labels), 1)), len(labels)
    kept: list[tuple[int, int, Row]] = []
    for place, row in enumerate(islice(rows, most)):
        label = label_of(row)
        turn = turns[label]
        turns[label] += 1
        if turn < limit:
            kept.append((turn, place, row))
        if turns[label] == enough and label in labels:
            short -= 1
            if not short:
                break
    chosen = sorted(kept, key=lambda one: one[:2])[:limit]
    return [row for _, _, row in sorted(chosen, key=lambda one: one[1])]
