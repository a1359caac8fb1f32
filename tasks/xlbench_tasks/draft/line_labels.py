"""Drafts for a text a line with its label on the same line of a second file: protocol `classification`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from xlbench_tasks.card.schema import SPLIT
from xlbench_tasks.data import text
from xlbench_tasks.data.source import LANGUAGE
from xlbench_tasks.data.text import visible
from xlbench_tasks.draft.columns import MOST_LABELS
from xlbench_tasks.draft.found import Found
from xlbench_tasks.draft.labels import area_of, sorted_labels
from xlbench_tasks.draft.names import NamedFile
from xlbench_tasks.draft.sets import FileSet, say_languages, say_splits
from xlbench_tasks.draft.written import Draft

FEWEST = 8
"""A file of labels has so many lines."""
SOME = 300
"""So many texts tell a language."""


def fill(draft: Draft, found: Found, named: Sequence[NamedFile], counts: Mapping[str, int]) -> FileSet | None:
    """Make a draft of files of texts that have a file of labels each; None where they have not."""
    read = {one.file: list(text.lines(found.path(one.file))) for one in named if counts[one.file] >= FEWEST}
    labels = [one for one in named if one.file in read and _are_labels(read[one.file])]
    texts = [one for one in named if one.file in read and one not in labels]
    partners = {one.file: _partner(one, labels, counts) for one in texts}
    chosen = FileSet([one for one in texts if partners[one.file]], str(found.root))
    patterns = {one.pattern for one in chosen.files}
    if not chosen.files or len(patterns) > 1 or len(labels) < len(chosen.files) or len(chosen.files) < len(texts):
        return None
    chosen.left_out = [one.file for one in named if one.file not in read]
    values = Counter(label for one in labels for label in read[one.file] if visible(label))
    names = sorted_labels(values)
    draft.card["area"] = area_of(names, [found.root.name, chosen.files[0].file])
    draft.card["protocol"] = (
        "classification",
        f"a text a line, and one of {len(names)} labels a line of a second file",
    )
    say_splits(draft, chosen, learns=True)
    draft.data["reader"] = ("files", "")
    say_languages(draft, chosen, lambda file: read[file][:SOME])
    partner = partners[chosen.files[0].file]
    assert partner is not None  # those without one are not chosen
    draft.data["fields"] = ({"label": _pattern_like(str(draft.data["files"][0]), partner)}, "the file of the labels")
    draft.options["labels"] = (names, "")
    return chosen


def _are_labels(lines: Sequence[str]) -> bool:
    """Whether few short lines occur again and again."""
    different = set(lines)
    return 2 <= len(different) <= min(MOST_LABELS, len(lines) // 4) and sum(map(len, lines)) < 60 * len(lines)


def _partner(one: NamedFile, labels: Sequence[NamedFile], counts: Mapping[str, int]) -> NamedFile | None:
    """The file of labels of the same split and language, with as many lines."""
    keys = (one.split, one.word, counts[one.file])
    return next((other for other in labels if (other.split, other.word, counts[other.file]) == keys), None)


def _pattern_like(files: str, partner: NamedFile) -> str:
    """The partner's name, with the placeholders that the pattern of the texts has."""
    name = partner.pattern
    if LANGUAGE not in files:
        name = name.replace(LANGUAGE, partner.word)
    return name if SPLIT in files else name.replace(SPLIT, partner.split_word)
