"""Collects values that a card does not list, and reports them in one error."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from xlbench import DataError

SHOWN = 20
"""So many different values are listed."""


class UnknownValues:
    """Unknown values with how often each occurs and where it stands first."""

    def __init__(self, where: str, fault: str, hint: Callable[[str], str] = lambda value: "") -> None:
        """Args:
        where: the file or table that they stand in.
        fault: what is wrong with them ("labels that are none of the card's a, b").
        hint: a sentence on what a value may have meant, or the empty string.
        """
        self._where, self._fault, self._hint = where, fault, hint
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, value: str, place: str) -> None:
        """Count a value that stands at a place: ``line 7``."""
        self._counts[value] += 1
        self._first.setdefault(value, place)

    def check(self) -> None:
        """Raise `DataError` that lists all values, the most frequent first; nothing where there are none."""
        if not self._counts:
            return
        listed = [self._describe(value, count) for value, count in self._counts.most_common(SHOWN)]
        more = f" and {len(self._counts) - SHOWN} more" if len(self._counts) > SHOWN else ""
        raise DataError(f"{self._where}: {self._fault}: {'; '.join(listed)}{more}")

    def _describe(self, value: str, count: int) -> str:
        hint = self._hint(value)
        times = f"{count} time{'s' if count > 1 else ''}"
        return f"{value!r} ({times}, first at {self._first[value]}){'.' if hint else ''}{hint}"
