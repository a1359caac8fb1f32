"""The kinds of files, one by one: how each is told, and what makes a draft of those that go together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

from xlbench import DataError, UsageError
from xlbench_tasks.data import text
from xlbench_tasks.draft import (
    dialect,
    line_labels,
    lines,
    memories,
    names,
    objects,
    rows,
    searches,
    sets,
    tables,
    tagged,
    words,
)
from xlbench_tasks.draft.found import Found
from xlbench_tasks.draft.written import Draft


def look(found: Found, named: Sequence[names.NamedFile]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Kind -> file -> what was seen in it; and why other files are nothing."""
    seen: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    broken: dict[str, str] = {}
    for one in named:
        path = found.path(one.file)
        try:
            if units := memories.look(path):
                seen["memories"][one.file] = units
            elif shape := searches.shape_of(path):
                seen["questions"][one.file] = shape
            elif table := objects.look(path):
                seen["tables"][one.file] = table
            elif how := tagged.layout(path):
                seen["tags"][one.file] = how
            elif table := dialect.sniff(path):
                seen["tables"][one.file] = table
            else:
                seen["lines"][one.file] = text.count_lines(path)
        except DataError as error:
            broken[one.file] = str(error)
    return seen, broken


def _tags(found: Found, named: list[names.NamedFile], seen: Mapping[str, tagged.Layout], draft: Draft) -> sets.FileSet:
    chosen = next(sets.sets(named, lambda one, other: seen[one.file] == seen[other.file], str(found.root)))
    read = {one.file: tagged.read(found.path(one.file), seen[one.file]) for one in chosen.files}
    words.fill(draft, chosen, seen, read)
    return chosen


def _tables(
    found: Found, named: list[names.NamedFile], seen: Mapping[str, dialect.Dialect], draft: Draft
) -> sets.FileSet:
    trouble: UsageError | None = None
    for chosen in sets.sets(named, lambda one, other: rows.fits(seen, one, other), str(found.root)):
        made = Draft()
        try:
            tables.fill(made, chosen, seen)
        except UsageError as error:
            trouble = trouble or error
            continue
        draft.take(made)
        return chosen
    assert trouble is not None
    raise trouble


def _lines(found: Found, named: list[names.NamedFile], seen: Mapping[str, int], draft: Draft) -> sets.FileSet:
    if labeled := line_labels.fill(draft, found, named, seen):
        return labeled
    with_language = [one for one in named if one.language]
    if not with_language:
        raise UsageError(
            f"{named[0].file}: one text a line, no label, and no language in its name: there is nothing to ask"
        )
    chosen = next(sets.sets(with_language, lambda one, other: seen[one.file] == seen[other.file], str(found.root)))
    others = [one for one in named if one not in with_language]
    lines_ = {seen[one.file] for one in chosen.files}
    beside = [one.file for one in others if {seen[one.file]} == lines_]
    chosen.left_out += [one.file for one in others if one.file not in beside]

    def texts(file: str) -> Sequence[str]:
        return list(islice(text.lines(found.path(file)), 300))

    lines.fill(draft, chosen, seen, texts, {file: found.path(file) for file in beside})
    lines.say_gaps(draft, {one.file: found.path(one.file) for one in chosen.files})
    return chosen


def _questions(found: Found, named: list[names.NamedFile], seen: Mapping[str, str], draft: Draft) -> sets.FileSet:
    chosen = next(sets.sets(named, lambda one, other: seen[one.file] == seen[other.file], str(found.root)))
    searches.fill(draft, chosen, seen[chosen.files[0].file], found)
    return chosen


def _memories(
    found: Found, named: list[names.NamedFile], seen: Mapping[str, memories.Memory], draft: Draft
) -> sets.FileSet:
    chosen = sets.FileSet(named, str(found.root))
    memories.fill(draft, chosen, seen)
    return chosen


KINDS: Mapping[str, tuple[Callable[..., sets.FileSet], str]] = {
    "tags": (_tags, "Words with tags"),
    "tables": (_tables, "Rows of a table"),
    "lines": (_lines, "Lines of text"),
    "questions": (_questions, "Questions and passages"),
    "memories": (_memories, "Units of a translation memory"),
}
"""Kind of files -> what makes a draft of them, and how their data is called."""
