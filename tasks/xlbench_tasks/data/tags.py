"""Tag schemes of named entities (IOB1, IOB2, IOBES ...), and repairs of damaged tags.

Whatever the scheme of the data set (IOB1, IOB2, BIOES, BMES, BILOU), tags come out in IOB2. The card names the scheme,
or it is found from the tags where they leave no doubt.

Published tags are damaged. What is plainly meant is repaired, counted and told in a footnote. The repairs: invisible
characters and other case in a tag; ``-NEL``, which has lost its B; a lone ``-``, which is O; a tag of quotes alone,
which names no type and becomes O; a tag that continues an entity where there is none, which begins one; a tag without a
word, which is left out. Any other tag is an error, which lists all such tags of a file.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xlbench import DataError
from xlbench.core.text import did_you_mean
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues

OUTSIDE = "O"

ANY = "*"
"""In the place of an entity type: any that is not listed; in the place of the card's type: as it is in the files."""

_DAMAGED = "damaged tags and rows were repaired (which and how many is in the facts)"
CAUSES: Mapping[str, str] = {
    "tags_": _DAMAGED,
    "rows_": _DAMAGED,
    "entities_dropped": "entities of some types of the files count as no entities (which and how many is in the facts)",
}
"""How the names of facts begin -> the note that they call for."""


@dataclass(frozen=True)
class TagScheme:
    """A way to mark entities word by word: prefixes of the first, the inner and the last word, and of a single one."""

    begin: str = "B"
    inside: str = "I"
    end: str = ""
    single: str = ""

    @property
    def prefixes(self) -> str:
        """All that it uses beside O."""
        return self.begin + self.inside + self.end + self.single


SCHEMES: Mapping[str, TagScheme] = {
    "iob1": TagScheme(),
    "iob2": TagScheme(),
    "bioes": TagScheme(end="E", single="S"),
    "bilou": TagScheme(end="L", single="U"),
    "bmes": TagScheme(inside="M", end="E", single="S"),
}
"""In iob1 an entity begins with I, and with B only where one of the same type stands right before it."""

PREFIXES = "BIESMLU"


@dataclass(frozen=True)
class Tag:
    """What a tag in a data set stands for."""

    prefix: str
    """O, or one of `PREFIXES`."""
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
    """The card's types of entities and its scheme of tags; each distinct tag is looked at once."""

    def __init__(self, types: Mapping[str, str], scheme: str = "") -> None:
        """
        Args:
            types: Entity type in the files -> the card's, or "O"; under `ANY`, that of all others.
            scheme: One of `SCHEMES`; the empty string: to be found from the tags.
        """
        self._types = types
        self._scheme = scheme
        self._known: dict[str, Tag | None] = {}

    def read(self, raw: str) -> Tag | None:
        """What a tag stands for; None where nothing can be made of it."""
        if raw not in self._known:
            self._known[raw] = read_tag(raw, self._types)
        return self._known[raw]

    def unknown(self, where: str) -> UnknownValues:
        """A collection of the tags of a file (or a table) of which nothing can be made."""
        fault = "tags of no type that 'tags' of the card has"
        if ANY in self._types:
            fault = "tags that are neither O nor a prefix, a hyphen and a type"
        return UnknownValues(where, fault, self._hint)

    def _hint(self, raw: str) -> str:
        return did_you_mean(raw.partition("-")[2] or raw, self._types)

    def sentence(self, words: Any, given: Any, where: str, unknown: UnknownValues) -> Sentence:
        """The words and tags of a row; `DataError` where they are not as many, or not what they ought to be.

        Tags of no known type are added to ``unknown``.
        """
        if not isinstance(words, list) or not isinstance(given, list) or len(words) != len(given):
            counts = [len(values) if isinstance(values, list) else repr(values) for values in (words, given)]
            raise DataError(f"{where}: {counts[0]} words but {counts[1]} tags")
        made = Sentence()
        for word, raw in zip(words, given, strict=True):
            if not isinstance(word, str) or not isinstance(raw, str):
                raise DataError(
                    f"{where}: the word {word!r} has the tag {raw!r}; both must be text, or classes with names"
                )
            if "\t" in word:
                raise DataError(f"{where}: a tab inside of the word {word!r}")
            meant = self.read(raw)
            if meant is None:
                unknown.add(raw, where.rpartition(", ")[2])
            made.add(word, meant or Tag(OUTSIDE))
        return made

    def records(
        self, ids: tuple[str, ...], clusters: tuple[str, ...], sentences: Sequence[Sentence], where: str
    ) -> Records:
        """Words and final tags joined by tabs, the text by spaces, with what was done to each sentence counted.

        Raises:
            DataError: the tags' prefixes are of no scheme, or not of the card's; begins with ``where``.
        """
        scheme = self._scheme or find_scheme([sentence.tags for sentence in sentences], where)
        _check_prefixes(scheme, sentences, where)
        counts: list[Counter[str]] = [Counter() for _ in sentences]
        tags = tuple("\t".join(self._final(one, scheme, count)) for one, count in zip(sentences, counts, strict=True))
        words = [sentence.words for sentence in sentences]
        fields = {"text": tuple(map(" ".join, words)), "tokens": tuple(map("\t".join, words)), "tags": tags}
        return Records.counted(ids, clusters, fields, counts, CAUSES)

    def _final(self, sentence: Sentence, scheme: str, count: Counter[str]) -> Iterator[str]:
        """The tags of a sentence in IOB2 and the card's types; what was done to them is added to ``count``."""
        if sentence.lost_rows:
            count["rows_without_word"] = sentence.lost_rows
        for tag, (begins, damage) in zip(sentence.tags, entities(sentence.tags, scheme), strict=True):
            count.update(tag.repairs)
            if damage:
                count[damage] += 1
            kind = type_of(tag.kind, self._types)
            if begins:
                count[_coverage(tag.kind, kind)] += 1
            yield OUTSIDE if kind == OUTSIDE else f"{'B' if begins else 'I'}-{kind}"


def tagset_of(home: Home) -> Tagset:
    """The tags of a home: its table's, else those of the types that the card's options list, else any."""
    types: Mapping[str, str] | None = home.table.get("tags")
    if types is None:
        types = {kind: kind for kind in home.types} or {ANY: ANY}
    return Tagset(types, home.table.get("scheme", ""))


def entities(tags: Sequence[Tag], scheme: str) -> Iterator[tuple[bool, str]]:
    """For every tag of a sentence, whether an entity begins with it, and the name of its damage ("" for none)."""
    marks = SCHEMES[scheme]
    may_begin = marks.begin + marks.single + (marks.inside if scheme == "iob1" else "")
    running = ""  # the type of an entity that has begun and has not ended
    for tag in tags:
        continues = tag.prefix in (marks.inside, marks.end) and tag.kind == running
        begins = tag.prefix != OUTSIDE and not continues
        damage = "tags_i_that_began" if begins and tag.prefix not in may_begin else ""
        if marks.end and running and not continues and not damage:  # its last word ought to say so
            damage = "tags_after_an_entity_without_end"
        yield begins, damage
        running = "" if tag.prefix in (OUTSIDE, marks.end, marks.single) else tag.kind


def find_scheme(sentences: Sequence[Sequence[Tag]], where: str) -> str:
    """The scheme that the tags of a file leave no doubt about; `DataError` where their prefixes are of none.

    B, I and O alone are IOB2, unless every entity begins with I, but for those right after one of their own type.
    """
    used = {tag.prefix for tags in sentences for tag in tags} - {OUTSIDE}
    if used <= set("BI"):
        return "iob1" if _is_iob1(sentences) else "iob2"
    fitting = [name for name in ("bioes", "bilou", "bmes") if used <= set(SCHEMES[name].prefixes)]
    for name in fitting:
        damaged = sum(bool(damage) for tags in sentences for _, damage in entities(tags, name))
        begun = sum(begins for tags in sentences for begins, _ in entities(tags, name))
        if damaged <= begun // 100:
            return name
    known = f"; where they are meant so, set scheme = {fitting[0]!r} in the card" if fitting else ""
    raise DataError(
        f"{where}: its tags begin with {', '.join(sorted(used))}, and follow none of the schemes "
        f"{', '.join(SCHEMES)}{known}"
    )


def _is_iob1(sentences: Sequence[Sequence[Tag]]) -> bool:
    """Whether entities begin with I, and with B only right after an entity of the same type."""
    begun_by_i = False
    for tags in sentences:
        before = ""
        for tag in tags:
            if tag.prefix == "B" and tag.kind != before:
                return False
            begun_by_i |= tag.prefix == "I" and tag.kind != before
            before = tag.kind
    return begun_by_i


def _check_prefixes(scheme: str, sentences: Sequence[Sentence], where: str) -> None:
    """Refuse prefixes that the scheme does not have."""
    known = (OUTSIDE, *SCHEMES[scheme].prefixes)
    for sentence in sentences:
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            if tag.prefix not in known:
                raise DataError(
                    f"{where}: the word {word!r} has a tag that begins with {tag.prefix}-, which the card's scheme "
                    f"{scheme!r} does not have"
                )


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
    if not dash or len(prefix) != 1 or prefix.upper() not in PREFIXES or not kind:
        return None
    if not any(map(str.isalnum, kind)):
        return Tag(OUTSIDE, repairs=(*repairs, "tags_without_type"))
    spelled = kind if kind in types else next((one for one in types if one.casefold() == kind.casefold()), "")
    if not spelled and ANY in types:
        spelled = kind
    if (prefix, spelled) != (prefix.upper(), kind):
        repairs.append("tags_in_other_case")
    return Tag(prefix.upper(), spelled, tuple(repairs)) if spelled else None


def type_of(kind: str, types: Mapping[str, str]) -> str:
    """The card's type for one of the files, or O; of no type ("") it is O."""
    if not kind:
        return OUTSIDE
    found = types.get(kind, types.get(ANY, OUTSIDE))
    return kind if found == ANY else found


def _coverage(raw: str, kind: str) -> str:
    """The name of the fact that counts entities of a type of the data set."""
    if kind == OUTSIDE:
        return f"entities_dropped:{raw}"
    return f"entities_kept:{raw}" if raw == kind else f"entities_mapped:{raw}>{kind}"
