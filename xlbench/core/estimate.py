"""`Estimate`: a value with its interval, standard error and method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CI_METHODS = ("auto", "bootstrap", "percentile", "bca", "student", "jackknife", "wilson")
"""The interval methods that may be asked for."""

Direction = Literal["higher", "neither"]
"""Which value of a metric is better: a higher one, or neither."""


@dataclass(frozen=True)
class Estimate:
    """A value with its interval. ``value`` is None where there is none (``note`` says why); it is never 0 for that."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    """The interval's ends; None where no interval can be given (``note`` says why)."""
    method: str = ""
    """How the interval was made: wilson, percentile, bca, student, jackknife, cluster-t ..., or empty."""
    se: float | None = None
    """Standard error, from the influence of clusters and from seeds."""
    n: int = 0
    """Items."""
    clusters: int = 0
    """Groups of items that stand or fall together; equal to n where all are alone."""
    note: str = ""

    @property
    def has_interval(self) -> bool:
        """Whether there is an interval to print: one of no width says nothing."""
        return self.low is not None and self.high is not None and self.low < self.high
