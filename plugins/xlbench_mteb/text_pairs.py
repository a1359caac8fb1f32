"""Pairs of texts with a value each, of mteb's STS and pair classification: read, and told text by text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xlbench import Data, DataError, DataMissing, ItemText, Subset
from xlbench.core.ids import digest
from xlbench_mteb.columns import complete_texts
from xlbench_mteb.names import NamedTask, SubsetOfTask
from xlbench_mteb.opened import Opened
from xlbench_tasks.protocols.text_pairs import FEWEST, TextPairs

Values = Callable[[str, Sequence[Any]], Sequence[float]]
"""From where the data is, in words, and what stands in its column, to a value a pair; `DataError`."""


@dataclass(frozen=True)
class Loaded:
    """The pairs of a subset."""

    pairs: TextPairs
    opened: Opened
    subset: SubsetOfTask
    split: str


def subset_of(
    task: NamedTask, opened: Opened, subset: SubsetOfTask, split: str, data: Data, columns: Sequence[Any],
    values: Values,
) -> Subset:  # fmt: skip
    """The pairs of a subset.

    Args:
        task: The task.
        opened: Its data.
        subset: Which of it.
        split: Which of that.
        data: How much is wanted.
        columns: Names of three columns: of the first texts, of the second ones, and of the values.
        values: Reads the values.

    Raises:
        DataError: It cannot be scored.
    """
    where = f"{task.name} {subset.label}"
    if not all(isinstance(column, str) for column in columns):
        raise DataError(f"{where}: its inputs are of several kinds, for which there is no protocol here")
    first, second, given = _columns(where, opened.splits(subset)[split], columns, data.limit)
    if len(first) < FEWEST:
        raise DataError(f"{where}: {len(first)} pairs are too few to score: {FEWEST} at the least")
    sides = [complete_texts(where, name, side) for name, side in zip(columns, (first, second), strict=False)]
    pairs = _pairs(task, subset, sides[0], sides[1], tuple(values(where, given)))
    content = digest(
        "mteb pairs", *pairs.ids, *pairs.clusters, *pairs.first, *pairs.second, *map(repr, pairs.values)
    )  # fmt: skip
    return Subset(
        subset.label, subset.languages, n=len(pairs.ids), fingerprint=content,
        load=lambda: Loaded(pairs, opened, subset, split),
    )  # fmt: skip


def _columns(where: str, table: Any, names: Sequence[str], limit: int | None) -> list[list[Any]]:
    """The three columns. In mteb's older data a single row holds them as lists."""
    if absent := [name for name in names if name not in table.column_names]:
        raise DataMissing(f"{where}: its data has no column {absent[0]!r}")
    found = [list(table[name]) for name in names]
    if len(found[0]) == 1 and isinstance(found[0][0], list):
        found = [list(column[0]) for column in found]
    return [column[:limit] for column in found]


def _pairs(
    task: NamedTask, subset: SubsetOfTask, first: tuple[str, ...], second: tuple[str, ...], values: tuple[float, ...]
) -> TextPairs:
    """The pairs with ids. Row i of translated data is one cluster in all languages; elsewhere pairs are that share
    their English text, where one side is English, or their first one (a premise has several hypotheses)."""
    languages = (subset.languages[0], subset.languages[-1])
    shared = second if languages[1] == "eng" and languages[0] != "eng" else first
    rows = range(1, len(first) + 1)
    keys = [*map(str, rows)] if task.is_translated else [digest(one)[:16] for one in shared]
    return TextPairs(
        tuple(f"{task.name}:{subset.name}:{row}" for row in rows),
        tuple(f"{task.name}:{key}" for key in keys),
        first, second, values, languages=languages,
    )  # fmt: skip


def texts(loaded: Loaded, languages: Sequence[str]) -> list[ItemText]:
    """The first texts, then the second ones."""
    return list(loaded.pairs.item_texts(languages))
