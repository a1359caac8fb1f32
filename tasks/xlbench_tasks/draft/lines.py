"""Drafts for texts that are aligned line by line, a file a language: protocol `retrieval`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xlbench import UsageError
from xlbench.core.text import count_text, first_of
from xlbench_tasks.data import text
from xlbench_tasks.draft.sets import FileSet, say_languages, say_splits
from xlbench_tasks.draft.written import Draft

SHARED = 0.5
"""So large a share of their lines two languages need to have in common, where some are empty."""


def fill(
    draft: Draft,
    found: FileSet,
    counts: Mapping[str, int],
    texts: Callable[[str], Sequence[str]],
    beside: Mapping[str, Path],
) -> None:
    """Make a draft of parallel files.

    Args:
        draft: what is written.
        found: the files.
        counts: how many lines each has.
        texts: gives some texts of a file.
        beside: other files of the same length, by name, one of which may say what hangs together.

    Raises:
        UsageError: They are of one language.
    """
    draft.card["area"] = ("retrieval", "")
    lines = counts[found.files[0].file]
    draft.card["protocol"] = ("retrieval", f"the files have equally many lines ({lines:,}): line i translates line i")
    say_splits(draft, found, learns=False)
    draft.data["reader"] = ("parallel", "")
    say_languages(draft, found, texts, single=False)
    for name, path in beside.items():
        values = list(text.lines(path))
        if len(set(values)) < len(values) / 2:
            draft.data["clusters"] = (name, f"it has as many lines, and only {len(set(values)):,} different ones")
            break
    languages = draft.card["languages"][0]
    if len(languages) < 2:
        first = found.files[0].file
        if others := [file for file in counts if counts[file] != counts[first]]:
            raise UsageError(
                f"{first} has {count_text(counts[first], 'line')} and {others[0]} {counts[others[0]]:,}: translations "
                f"line by line have equally many"
            )
        raise UsageError(
            f"{found.files[0].file}: one text a line and no label, in one language: there is nothing to ask"
        )
    if len(languages) > 2:
        pivot = "eng" if "eng" in languages else "all"
        draft.options["pairs"] = (pivot, "every other language to it, and from it" if pivot == "eng" else "")


def say_gaps(draft: Draft, paths: Mapping[str, Path]) -> None:
    """Where lines are empty: each language loses its own, and pairs are of the rest."""
    empty = {name: sum(not text.visible(line) for line in text.lines(path)) for name, path in paths.items()}
    if gaps := [f"{count:,} in {name}" for name, count in empty.items() if count]:
        draft.data["drop_empty"] = (True, f"empty lines: {first_of(gaps, 5)}")
        draft.data["shared"] = (SHARED, "two languages need to have half of their lines in common, and not all")
