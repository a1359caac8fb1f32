"""Drafts for tables of translations, a column a language: protocol `retrieval`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from xlbench.core.text import first_of
from xlbench_tasks.data.source import LANGUAGE
from xlbench_tasks.draft import language
from xlbench_tasks.draft.columns import Column
from xlbench_tasks.draft.rows import Tables
from xlbench_tasks.draft.sets import aliases_of, say_files, say_splits
from xlbench_tasks.draft.written import Draft

MOST_GAPS = 0.25
"""A column with a larger share of empty cells is left out."""
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Wide:
    """Columns whose names differ in a language alone."""

    head: str
    """How the names begin: ``translation.``, or nothing."""
    columns: Mapping[str, Column]
    """The word for a language -> its column."""


def wide(columns: Sequence[Column]) -> Wide | None:
    """The columns that are languages: most that share how their names begin; None where there are no two."""
    groups: dict[str, dict[str, Column]] = {}
    for column in columns:
        ends = [match.end() for match in re.finditer(r"[._-]", column.name)]
        for start in (0, *ends):
            word = column.name[start:]
            if column.has_letters and language.meant(word):
                groups.setdefault(column.name[:start], {})[word] = column
                break
    able = [head for head, words in groups.items() if len(words) > 1 and not all(map(language.is_weak, words))]
    head = max(able, key=lambda one: len(groups[one]), default=None)
    return None if head is None else Wide(head, groups[head])


def fill_wide(draft: Draft, tables: Tables, found: Wide) -> None:
    """A column a language: the texts of a row are translations."""
    _begin(draft, f"{len(found.columns)} columns are languages: the texts of a row are translations")
    _one_table(draft, tables)
    kept = {word: one for word, one in found.columns.items() if one.empty <= MOST_GAPS * len(one.values)}
    if len(kept) < 2:
        kept = dict(found.columns)
    if lost := [one.name for word, one in found.columns.items() if word not in kept]:
        draft.unsure.append(f"Columns with many empty cells are left out: {first_of(lost, 5)}.")
    words = {word: language.meant(word) for word in kept}
    codes = sorted(set(words.values()))
    draft.card["languages"] = (codes, "from the names of columns")
    say_files(draft, tables.found)
    draft.data["fields"] = ({"text": f"{found.head}{LANGUAGE}"}, "a column a language")
    if aliases := aliases_of(words, codes):
        draft.data["aliases"] = (aliases, "the name of the column = the code")
    _allow_gaps(draft, [*kept.values()])
    if len(codes) > 2 and "eng" in codes:
        draft.options["pairs"] = ("eng", "every other language to it, and from it")


def fill_two(draft: Draft, tables: Tables, pair: tuple[Column, Column]) -> bool:
    """Two columns of texts and nothing else: translations, if two languages can be told; False where they cannot.

    Several files with one language in common are read each with this pivot.
    """
    found = tables.found
    first, second = _languages_of(tables, pair)
    if len(found.codes) > 1 and found.files[0].pattern.count(LANGUAGE) == 1:
        pivot = {first, second} - {one.language for one in found.files}
        shared, own = (pair[0], pair[1]) if first in pivot else (pair[1], pair[0])
        if len(pivot) == 1 and not min(pivot).startswith(language.UNKNOWN):
            _with_pivot(draft, tables, pivot.pop(), shared, own)
            return True
    if first == second:
        return False
    _begin(draft, "two columns of texts, and nothing else: they are taken for translations")
    draft.unsure.append(f"Are the columns {pair[0].ref!r} ({first}) and {pair[1].ref!r} ({second}) translations?")
    _one_table(draft, tables)
    draft.card["languages"] = (sorted((first, second)), "")
    say_files(draft, found)
    draft.data["fields"] = ({"text": {first: pair[0].ref, second: pair[1].ref}}, "")
    _allow_gaps(draft, pair)
    return True


def _begin(draft: Draft, why: str) -> None:
    draft.card["area"] = ("retrieval", "")
    draft.card["protocol"] = ("retrieval", why)


def _one_table(draft: Draft, tables: Tables) -> None:
    """Keep the one table (of every split) that a card with a column a language reads."""
    found = tables.found
    if len(found.files) > len(found.splits or "1") or (found.words and len(found.codes) > 1):
        first = found.files[0]
        draft.unsure.append(f"A card reads one such table: {first.file}. Make a draft of each of the others.")
        found.only(lambda one: one.file == first.file)
    say_splits(draft, found, learns=False)


def _languages_of(tables: Tables, pair: tuple[Column, Column]) -> tuple[str, str]:
    """The languages of two columns: those that the name of the file has side by side, else those of their texts."""
    words = [language.meant(word) for word in _WORD.findall(tables.found.files[0].file)]
    for one, two in pairwise(words):
        if one and two and one != two:
            return one, two
    first, second = (language.of_texts(column.own[:300])[0] for column in pair)
    return first, second


def _with_pivot(draft: Draft, tables: Tables, pivot: str, shared: Column, own: Column) -> None:
    """A file a language, each with its translations into the pivot."""
    found = tables.found
    _begin(draft, f"two columns of texts a file, one of which is in {pivot} in all files")
    say_splits(draft, found, learns=False)
    codes = found.codes
    draft.card["languages"] = (sorted({*codes, pivot}), "from the names of files")
    patterns = found.patterns
    draft.data["files"] = (patterns[0] if len(patterns) == 1 else patterns, "")
    if aliases := aliases_of(found.words, [*codes, pivot]):
        draft.data["aliases"] = (aliases, "the word of the file's name = the code")
    draft.data["fields"] = ({"text": own.ref}, "")
    draft.data["pivot"] = ({"language": pivot, "text": shared.ref}, "the language of the other column, in every file")
    if own.empty or shared.empty:
        draft.data["drop_empty"] = (True, "rows that lack a text are left out, and counted")
    draft.options["pairs"] = (pivot, "every other language to it, and from it")


def _allow_gaps(draft: Draft, columns: Sequence[Column]) -> None:
    """Where cells are empty: each language loses its own rows, and pairs are of the rest."""
    gaps: list[Any] = [f"{column.ref!r} ({column.empty:,})" for column in columns if column.empty]
    if gaps:
        draft.data["drop_empty"] = (True, f"empty cells: {first_of(gaps, 5)}")
        draft.data["shared"] = (0.5, "two languages need to have half of their rows in common, and not all")
