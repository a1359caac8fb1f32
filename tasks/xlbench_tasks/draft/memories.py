"""Drafts for translation memories (TMX): protocol `retrieval`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xlbench import UsageError
from xlbench_tasks.data.tmx_files import units
from xlbench_tasks.draft import language
from xlbench_tasks.draft.sets import FileSet, aliases_of
from xlbench_tasks.draft.written import Draft

MOST_GAPS = 0.5
"""A language that more of the units lack is left out."""


@dataclass(frozen=True)
class Memory:
    """What a file holds."""

    units: int
    codes: Counter[str]
    """What the file calls a language -> in how many units it is."""


def look(path: Path) -> Memory | None:
    """The languages of a TMX file; None for any other. `DataError` for one that is damaged."""
    if ".tmx" not in path.suffixes[-2:]:
        return None
    codes: Counter[str] = Counter()
    number = 0
    for unit in units(path, lambda code: None):
        number += 1
        codes.update(set(unit.codes))
    return Memory(number, codes)


def fill(draft: Draft, found: FileSet, seen: Mapping[str, Memory]) -> None:
    """Make a draft of files that have the same languages each.

    Raises:
        UsageError: They have texts of one language alone.
    """
    total = sum((memory.codes for memory in seen.values()), Counter[str]())
    count = sum(memory.units for memory in seen.values())
    words = {code: language.meant(code) for code, times in total.items() if times >= (1 - MOST_GAPS) * count}
    codes = sorted({code for code in words.values() if code})
    if len(codes) < 2:
        raise UsageError(f"{found.files[0].file}: its units have texts of fewer than two known languages in common")
    draft.card["area"] = ("retrieval", "")
    draft.card["protocol"] = ("retrieval", f"{count:,} units with texts that translate each other")
    draft.card["languages"] = (codes, "from the languages of its texts")
    draft.data["reader"] = ("tmx", "")
    names = [one.file for one in found.files]
    draft.data["files"] = (names[0] if len(names) == 1 else names, "")
    if aliases := aliases_of(words, codes):
        draft.data["aliases"] = (aliases, "the file's word for a language = the code")
    if left := sorted(set(total) - set(words)):
        draft.unsure.append(f"Languages that most units lack are left out: {', '.join(left[:5])}.")
    if any(total[word] < count for word in words):
        draft.data["shared"] = (0.5, "some units lack a language: two need to have half in common, and not all")
    draft.data["drop_empty"] = (True, "empty texts are left out, and counted")
    if len(codes) > 2 and "eng" in codes:
        draft.options["pairs"] = ("eng", "every other language to it, and from it")
