"""Schemes of tags: what marks the first, the inner and the last word of an entity, and which scheme tags follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xlbench import DataError

OUTSIDE = "O"


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
