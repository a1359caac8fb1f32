"""A number of a board as texts in points: its value, and its interval as plus-minus or as two ends."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from xlbench.core.estimate import Estimate
from xlbench.reports.markup import points

MOST_DECIMALS = 6


@dataclass(frozen=True)
class Figure:
    """The texts of one number; the interval is either ``half`` or ``low`` and ``high``, or there is none."""

    value: str
    half: str = ""
    """Half the interval's width, where that is the same to both sides in the digits that are shown."""
    low: str = ""
    high: str = ""


def figure(entry: Estimate, decimals: int) -> Figure | None:
    """The texts of a number; None where it has no value.

    An interval never has a width of 0: it gets more decimals, and where these do not help it is left away.
    """
    if entry.value is None:
        return None
    if not entry.has_interval or entry.low is None or entry.high is None:
        return Figure(points(entry.value, decimals))
    while points(entry.low, decimals) == points(entry.high, decimals) and decimals < MOST_DECIMALS:
        decimals += 1
    value, low, high = (points(number, decimals) for number in (entry.value, entry.low, entry.high))
    if low == high:
        return Figure(value)
    below, above = Decimal(value) - Decimal(low), Decimal(high) - Decimal(value)
    return Figure(value, half=str(above)) if below == above else Figure(value, low=low, high=high)
