"""Words and their tags in IOB2, whatever file or table they stand in: what a tag means, and what becomes of it.

Published tags are damaged. What is plainly meant is repaired, counted and told in a footnote. The repairs: invisible
characters and other case in a tag; ``-NEL``, which has lost its B; a lone ``-``, which is O; a tag of quotes alone,
which names no type and becomes O; an I- with nothing before it to continue, which begins an entity; a tag without a
word, which is left out. Any other tag of no type that the card knows is None here, and its reader's error to tell.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from xlbench.core.text import did_you_mean
from xlbench_tasks.data.records import Records

OUTSIDE = "O"

_DAMAGED = "damaged tags and rows were repaired (which and how many is in the facts)"
CAUSES: Mapping[str, str] = {
    "tags_": _DAMAGED,
    "rows_": _DAMAGED,
    "entities_dropped": "entities of some types of the files count as no entities (which and how many is in the facts)",
}
"""How the names of facts begin -> the note that they call for."""


@dataclass(frozen=True)
class Tag:
    """What a tag in a data set stands for."""

    prefix: str
    """B, I or O."""
    kind: str = ""
    """The entity type as the data set spells it, but for repairs."""
    repairs: tuple[str, ...] = ()


@dataclass
class Sentence:
    """Words and their tags, one a word."""

    words: list[str] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    lost_rows: int = 0
    """Tags without a word, which are left out."""

    def add(self, word: str, tag: Tag) -> None:
        """Add a word, or count it where there is nothing of it to see."""
        if not visible(word):
            self.lost_rows += 1
            return
        self.words.append(word)
        self.tags.append(tag)


class Tagset:
    """The card's types of entities, and the tags of a data set, each distinct one of which is looked at once."""

    def __init__(self, types: Mapping[str, str]) -> None:
        self._types = types
        self._known: dict[str, Tag | None] = {}

    def read(self, raw: str) -> Tag | None:
        """What a tag stands for; None where nothing can be made of it."""
        if raw not in self._known:
            self._known[raw] = read_tag(raw, self._types)
        return self._known[raw]

    def unknown(self, raw: str) -> str:
        """What is said of a tag of which nothing can be made."""
        hint = did_you_mean(raw.partition("-")[2], self._types)
        return f"tag {raw!r} is of no type that tags of the card has.{hint}"

    def records(self, ids: tuple[str, ...], clusters: tuple[str, ...], sentences: Sequence[Sentence]) -> Records:
        """Words and final tags joined by tabs, the text by spaces, with what was done to each sentence counted."""
        counts: list[Counter[str]] = [Counter() for _ in sentences]
        tags = tuple("\t".join(self._final(one, count)) for one, count in zip(sentences, counts, strict=True))
        words = [sentence.words for sentence in sentences]
        fields = {"text": tuple(map(" ".join, words)), "tokens": tuple(map("\t".join, words)), "tags": tags}
        return Records.counted(ids, clusters, fields, counts, CAUSES)

    def _final(self, sentence: Sentence, count: Counter[str]) -> Iterator[str]:
        """The tags of a sentence in the card's types; what was done to them is added to ``count``."""
        before = ""
        if sentence.lost_rows:
            count["rows_without_word"] = sentence.lost_rows
        for tag in sentence.tags:
            prefix = tag.prefix
            count.update(tag.repairs)
            if prefix == "I" and tag.kind != before:
                prefix = "B"
                count["tags_i_that_began"] += 1
            before = tag.kind
            kind = self._types.get(tag.kind, OUTSIDE)
            if prefix == "B":
                count[_coverage(tag.kind, kind)] += 1
            yield OUTSIDE if kind == OUTSIDE else f"{prefix}-{kind}"


def read_tag(raw: str, types: Mapping[str, str]) -> Tag | None:
    """A tag with its repairs (see the module); None where it is neither O nor of one of the types."""
    repairs = []
    clean = "".join(char for char in raw if unicodedata.category(char) != "Cf").strip()
    if clean != raw:
        repairs.append("tags_with_hidden_characters")
    if clean == "-":
        return Tag(OUTSIDE, repairs=(*repairs, "tags_of_a_dash"))
    if clean.upper() == OUTSIDE:
        return Tag(OUTSIDE, repairs=(*repairs, *(["tags_in_other_case"] if clean != OUTSIDE else [])))
    if clean.startswith("-"):
        clean = f"B{clean}"
        repairs.append("tags_without_b")
    prefix, dash, kind = clean.partition("-")
    if not dash or prefix.upper() not in ("B", "I") or not kind:
        return None
    if not any(map(str.isalnum, kind)):
        return Tag(OUTSIDE, repairs=(*repairs, "tags_without_type"))
    spelled = kind if kind in types else next((one for one in types if one.casefold() == kind.casefold()), "")
    if (prefix, spelled) != (prefix.upper(), kind):
        repairs.append("tags_in_other_case")
    return Tag(prefix.upper(), spelled, tuple(repairs)) if spelled else None


def visible(word: str) -> bool:
    """Whether there is anything in it beside white space and invisible characters."""
    return word.isalnum() or any(not char.isspace() and unicodedata.category(char) != "Cf" for char in word)


def _coverage(raw: str, kind: str) -> str:
    """The name of the fact that counts entities of a type of the data set."""
    if kind == OUTSIDE:
        return f"entities_dropped:{raw}"
    return f"entities_kept:{raw}" if raw == kind else f"entities_mapped:{raw}>{kind}"
