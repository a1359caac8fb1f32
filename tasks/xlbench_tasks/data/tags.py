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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xlbench import DataError
from xlbench.core.text import count_text, did_you_mean
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.tag_schemes import OUTSIDE as OUTSIDE
from xlbench_tasks.data.tag_schemes import PREFIXES, entities, find_scheme
from xlbench_tasks.data.tag_schemes import SCHEMES as SCHEMES
from xlbench_tasks.data.tag_schemes import Tag as Tag
from xlbench_tasks.data.text import visible
from xlbench_tasks.data.unknown_values import UnknownValues

ANY = "*"
"""In the place of an entity type: any that is not listed; in the place of the card's type: as it is in the files."""

_DAMAGED = "damaged tags and rows were repaired (which and how many is in the facts)"
CAUSES: Mapping[str, str] = {
    "tags_": _DAMAGED,
    "rows_": _DAMAGED,
    "entities_dropped": "entities of some types of the files count as no entities (which and how many is in the facts)",
    "entities_overlapping": "entities that overlap one of an earlier column count as none (how many is in the facts)",
}
"""How the names of facts begin -> the note that they call for."""


@dataclass
class Sentence:
    """Words and their tags, one a word."""

    words: list[str] = field(default_factory=list)
    tags: list[tuple[Tag, ...]] = field(default_factory=list)
    """Of each word as many as there are columns of tags."""
    lost_rows: int = 0
    """Tags without a word, which are left out."""
    lines: list[int] = field(default_factory=list)
    """The line of every word, where that is known."""

    def add(self, word: str, tags: tuple[Tag, ...], line: int = 0) -> None:
        """Add a word, or count it where there is nothing of it to see."""
        if not visible(word):
            self.lost_rows += 1
            return
        self.words.append(word)
        self.tags.append(tags)
        self.lines.append(line)

    def column(self, number: int) -> list[Tag]:
        """One tag of every word, from 0."""
        return [tags[number] for tags in self.tags]


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
            made.add(word, (meant or Tag(OUTSIDE),))
        return made

    def records(
        self, ids: tuple[str, ...], clusters: tuple[str, ...], sentences: Sequence[Sentence], where: str
    ) -> Records:
        """Words and final tags joined by tabs, the text by spaces, with what was done to each sentence counted.

        Raises:
            DataError: the tags' prefixes are of no scheme, or not of the card's; begins with ``where``.
        """
        columns = range(len(next((tags for one in sentences for tags in one.tags), ())))
        schemes = [self._scheme or _scheme_of(number, sentences, where) for number in columns]
        for number, scheme in enumerate(schemes):
            _check_prefixes(scheme, number, sentences, where)
        counts: list[Counter[str]] = [Counter() for _ in sentences]
        tags = tuple("\t".join(self._final(one, schemes, count)) for one, count in zip(sentences, counts, strict=True))
        words = [sentence.words for sentence in sentences]
        fields = {"text": tuple(map(" ".join, words)), "tokens": tuple(map("\t".join, words)), "tags": tags}
        return Records.counted(ids, clusters, fields, counts, CAUSES)

    def _final(self, sentence: Sentence, schemes: Sequence[str], count: Counter[str]) -> list[str]:
        """The tags of a sentence in IOB2 and the card's types; what was done to them is added to ``count``."""
        if sentence.lost_rows:
            count["rows_without_word"] = sentence.lost_rows
        final = [OUTSIDE] * len(sentence.words)
        for number, scheme in enumerate(schemes):
            for start, end, raw in _spans(sentence.column(number), scheme, count):
                kind = type_of(raw, self._types)
                if kind != OUTSIDE and any(tag != OUTSIDE for tag in final[start:end]):
                    count[f"entities_overlapping:{raw}"] += 1
                    continue
                count[_coverage(raw, kind)] += 1
                if kind != OUTSIDE:
                    final[start:end] = [f"B-{kind}", *[f"I-{kind}"] * (end - start - 1)]
        return final


def _spans(tags: Sequence[Tag], scheme: str, count: Counter[str]) -> list[tuple[int, int, str]]:
    """The entities of a column: first word, the word after the last one, and type in the files. Repairs and damages are
    added to ``count``."""
    spans: list[tuple[int, int, str]] = []
    for place, (tag, (begins, damage)) in enumerate(zip(tags, entities(tags, scheme), strict=True)):
        count.update(tag.repairs)
        if damage:
            count[damage] += 1
        if begins:
            spans.append((place, place + 1, tag.kind))
        elif tag.prefix != OUTSIDE:
            spans[-1] = (spans[-1][0], place + 1, spans[-1][2])
    return spans


def tagset_of(home: Home) -> Tagset:
    """The tags of a home: its table's, else those of the types that the card's options list, else any."""
    types: Mapping[str, str] | None = home.table.get("tags")
    if types is None:
        types = {kind: kind for kind in home.types} or {ANY: ANY}
    return Tagset(types, home.table.get("scheme", ""))


def _scheme_of(number: int, sentences: Sequence[Sentence], where: str) -> str:
    """The scheme of a column of tags; `DataError` says where the rarest prefix is, if it follows none."""
    try:
        return find_scheme([one.column(number) for one in sentences], where)
    except DataError as error:
        found = [
            (tag.prefix, line)
            for sentence in sentences
            for tag, line in zip(sentence.column(number), sentence.lines, strict=True)
            if tag.prefix != OUTSIDE
        ]
        prefix, times = Counter(prefix for prefix, _ in found).most_common()[-1]
        line = next(line for one, line in found if one == prefix)
        place = f", first at line {line}" if line else ""
        raise DataError(f"{error}; the rarest is {prefix}- ({count_text(times, 'time')}{place})") from None


def _check_prefixes(scheme: str, number: int, sentences: Sequence[Sentence], where: str) -> None:
    """Refuse prefixes that the scheme does not have, in one column of tags."""
    known = (OUTSIDE, *SCHEMES[scheme].prefixes)
    for sentence in sentences:
        for word, tag, line in zip(sentence.words, sentence.column(number), sentence.lines, strict=True):
            if tag.prefix not in known:
                place = f"{where}, line {line}" if line else where
                raise DataError(
                    f"{place}: the word {word!r} has a tag that begins with {tag.prefix}-, which the card's scheme "
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
