"""`Pairs`: aligned texts with their languages, clusters and sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, compress

from xlbench import DataError

UNKNOWN = ("qaa", "qab")
"""Codes that ISO 639-3 leaves for local use: of the two sides of pairs whose languages nobody says."""


@dataclass(frozen=True)
class Source:
    """Where pairs come from."""

    spec: str
    """As it was given."""
    data: str = ""
    """Name of the data set, as cards call it; "" for files."""
    license: str = ""
    languages: tuple[str, str] = UNKNOWN
    pairs: int = 0
    """How many pairs were read."""
    notes: tuple[str, ...] = ()
    """What was left out or taken for granted, each a sentence for a person."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of texts; every tuple but ``sources`` has one entry a pair."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    clusters: tuple[str, ...]
    """Pairs of one cluster (a document) are held out together."""
    languages: tuple[tuple[str, str], ...]
    """Of the two texts, as ISO 639-3 codes."""
    sources: tuple[Source, ...] = ()

    def __len__(self) -> int:
        return len(self.first)

    def only(self, wanted: Sequence[bool]) -> Pairs:
        """The pairs for which ``wanted`` is true."""
        first, second, clusters = (
            tuple(compress(column, wanted)) for column in (self.first, self.second, self.clusters)
        )
        return Pairs(first, second, clusters, tuple(compress(self.languages, wanted)), self.sources)

    def texts(self) -> list[str]:
        """All texts of both sides."""
        return [*self.first, *self.second]


def concatenate(parts: Iterable[Pairs]) -> Pairs:
    """All pairs of several sources, in their order."""
    parts = list(parts)

    def column(name: str) -> tuple[str, ...]:
        return tuple(chain.from_iterable(getattr(part, name) for part in parts))

    languages = tuple(chain.from_iterable(part.languages for part in parts))
    sources = tuple(chain.from_iterable(part.sources for part in parts))
    return Pairs(column("first"), column("second"), column("clusters"), languages, sources)


def without_repeats(pairs: Pairs) -> tuple[Pairs, int]:
    """The pairs, each once, and how many repeats were left out."""
    seen: set[tuple[str, str]] = set()
    new = []
    for pair in zip(pairs.first, pairs.second, strict=True):
        new.append(pair not in seen)
        seen.add(pair)
    return pairs.only(new), len(pairs) - sum(new)


def check(pairs: Pairs, what: str) -> None:
    """`DataError` where there is nothing to learn from pairs, whatever the objective."""
    if not len(pairs):
        raise DataError(f"{what}: there is no pair of texts: give files or cards that hold some")
    if len(pairs) == 1:
        raise DataError(f"{what}: there is one pair of texts alone ({pairs.first[0][:40]!r}): give more")
    if pairs.first == pairs.second:
        raise DataError(
            f"{what}: both sides of all {len(pairs):,} pairs are equal, so that there is nothing to learn: give the "
            f"other language as the second side"
        )
    for side, texts in (("first", pairs.first), ("second", pairs.second)):
        if len(set(texts)) == 1:
            raise DataError(
                f"{what}: all {len(pairs):,} texts of the {side} side are the same ({texts[0][:40]!r}), so that no "
                f"pair can be told from another: give other pairs"
            )
