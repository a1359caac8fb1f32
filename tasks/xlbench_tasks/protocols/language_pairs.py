"""Pairs of languages, and the option ``pairs`` that chooses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

WORDS = ("within", "all")
"""What may stand among the languages: each with itself, and every one with every other."""


def crossings(pairs: Sequence[str], languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Ordered pairs of languages: with themselves, with all others, or with those that ``pairs`` names."""
    for one in languages:
        for other in languages:
            if ("within" if one == other else "all") in pairs or (one != other and {one, other} & {*pairs}):
                yield one, other


def crossing_name(one: str, other: str) -> str:
    """The subset of a crossing: ``hin``, ``eng-hin``."""
    return one if one == other else f"{one}-{other}"
