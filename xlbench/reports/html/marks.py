"""The page's small parts as HTML: a score with its interval as text and as a bar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlbench.reports.html.safe import escape
from xlbench.reports.markup import MISSING, points

if TYPE_CHECKING:
    from xlbench.core.estimate import Estimate


@dataclass(frozen=True)
class Scale:
    """Places scores (shares of 1) on a line, in percent of its width."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Scale:
        """A line that holds these values, with a little room; from 0 where they come near it."""
        known = [value for value in values if value is not None]
        low, high = min(known, default=0.0), max(known, default=1.0)
        room = max(0.01, 0.04 * (high - low))
        low = 0.0 if 0 <= low <= 0.3 * (high - low) else low - room
        return cls(low, high + room)

    def percent(self, value: float) -> float:
        """Where a value lies, from 0 to 100."""
        return 100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def ticks(self) -> list[float]:
        """Round values to label the line with, about five."""
        span = self.high - self.low
        step = next((one for one in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25) if span / one <= 6), 0.5)
        first = -int(-self.low // step) if self.low > 0 else int(self.low / step)
        return [tick * step for tick in range(first, int(self.high / step + 1e-9) + 1)]


def ends(entry: Estimate) -> str:
    """``35.8–38.1``; "" where there is no interval."""
    if not entry.has_interval or entry.low is None or entry.high is None:
        return ""
    low, high = points(entry.low), points(entry.high)
    return f"{low}–{high}" if entry.low >= 0 else f"{low} to {high}"


def bar(entry: Estimate, scale: Scale, chance: float | None) -> str:
    """An interval on its line, with the mark of chance; a lone dot where there is none."""
    if entry.value is None:
        return ""
    places = {"v": scale.percent(entry.value)}
    if entry.has_interval and entry.low is not None and entry.high is not None:
        places["l"] = scale.percent(entry.low)
        places["w"] = scale.percent(entry.high) - places["l"]
    if chance is not None:
        places["c"] = scale.percent(chance)
    style = ";".join(f"--{name}:{place:.1f}" for name, place in places.items())
    return f'<i class="iv" style="{style}" aria-hidden="true"></i>'


def score(entry: Estimate, scale: Scale, chance: float | None) -> str:
    """A score with its interval, as the content of a table's cell."""
    if entry.value is None:
        return f'<span class="none">{MISSING}</span>'
    between = ends(entry)
    text = f" <small>{escape(between)}</small>" if between else ""
    return f"<b>{points(entry.value)}</b>{text}{bar(entry, scale, chance)}"


def rank_text(rank: int | None, low: int | None, high: int | None) -> str:
    """``1``, or ``2`` with a small ``1–3`` where other ranks may be true; `MISSING` where there is none."""
    if rank is None:
        return MISSING
    return str(rank) if low == high else f"{rank} <small>{low}–{high}</small>"
