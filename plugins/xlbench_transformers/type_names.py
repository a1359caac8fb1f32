"""Types of entities by their names in different tag sets: which of a checkpoint's own types a task's types mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlbench import UsageError
from xlbench.core.text import did_you_mean

COMMON: Mapping[str, tuple[str, ...]] = {
    "person": ("per", "pers", "person", "persons", "people", "nep"),
    "location": ("loc", "location", "locations", "place", "nel", "lctn", "gpe"),
    "organization": ("org", "organization", "organizations", "company", "corporation", "neo", "orgz"),
    "number": ("num", "number", "numex", "nen", "cardinal", "quantity"),
    "time": ("neti", "timex", "time", "tim", "date", "dat", "datetime"),
    "artifact": ("near", "artifact", "artefact", "product", "prod", "art"),
    "event": ("evt", "event", "events", "eve"),
    "miscellaneous": ("misc", "miscellaneous", "other"),
}
"""What is meant -> how tag sets call it, in lower case: CoNLL-2003, OntoNotes, IL-NER (NEP, NEL, NEO, NEN, NETI, NEAR),
EverestNER, HiNER, WikiANN, MasakhaNER."""


def meaning_of(kind: str) -> str:
    """What a type means, in a word of `COMMON`; the type itself, in lower case, where no tag set there has it."""
    low = kind.casefold().replace("isation", "ization")
    return next((meaning for meaning, names in COMMON.items() if low == meaning or low in names), low)


def parse_map(text: str | None, own: Sequence[str] | None = None) -> dict[str, str]:
    """A mapping ``PER=NEP,LOC=NEL,MISC=O`` as own type -> type, "" for O (or nothing): left out.

    Args:
        text: The mapping; None or "": none.
        own: The types that a checkpoint has, where they are known.

    Raises:
        UsageError: It is no mapping, names a type twice, or one that the checkpoint does not have.
    """
    found: dict[str, str] = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        mine, sign, kind = (piece.strip() for piece in part.partition("="))
        if not sign or not mine:
            raise UsageError(f"map={text}: {part!r} is no OWN=TYPE: write map=PER=NEP,LOC=NEL,MISC=O")
        if mine in found:
            raise UsageError(f"map={text}: {mine} is mapped twice")
        if own is not None and mine not in own:
            hint = did_you_mean(mine, own)
            raise UsageError(f"map={text}: the checkpoint has no type {mine!r}.{hint} It has: {', '.join(own)}")
        found[mine] = "" if kind == "O" else kind
    return found


def read_as(own: Sequence[str], types: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """How a checkpoint's own types are read where ``types`` are asked for: own type -> one of them, "" for none.

    What ``given`` says first, where it names one of ``types`` or none; else the type of the same name, whatever its
    case; else the only one of ``types`` that means the same (`COMMON`). Where several do, none is chosen.
    """
    return {mine: _one_of(mine, types, given) for mine in own}


def _one_of(mine: str, types: Sequence[str], given: Mapping[str, str]) -> str:
    if mine in given and given[mine] in ("", *types):
        return given[mine]
    same = [kind for kind in types if kind.casefold() == mine.casefold()]
    alike = same or [kind for kind in types if meaning_of(kind) == meaning_of(mine)]
    return alike[0] if len(alike) == 1 else ""
