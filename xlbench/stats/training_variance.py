"""Standard error of a score over training sets, from bootstrapped training sets.

    v_s  = the score by training set s of N, over the same test items
    U_cs = how much cluster c of test items moves v_s
    Var  = variance of v_1 ... v_N - sum over c of the variance of U_c1 ... U_cN,   at least 0

The second term is what training set and test items do together: some items change sides from one set to the next, and
of few items these do not cancel. The variance over items holds that already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xlbench.core.task import Columns, Metric
from xlbench.stats import interval_methods, intervals
from xlbench.stats.rows import dense, group, influences, metric_rows, value_of
from xlbench.stats.variances import linear_sums


@dataclass(frozen=True, eq=False)
class Training:
    """How much a score moves with the training set."""

    se: float
    """Standard deviation between training sets; NaN where the metric is not defined for one of them."""
    draws: int
    """From how many training sets that is known, at least 2."""
    values: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """(draws,) the score by each of them; empty where it was computed before."""

    @classmethod
    def of(
        cls, metric: Metric, columns: Columns, retrained: Sequence[Columns], clusters: np.ndarray | None = None
    ) -> Training:
        """From the columns of each training set, which take the place of some of ``columns``.

        ``clusters`` are integer codes (n,) of the items; None: all are alone.
        """
        n = len(next(iter(columns.values())))
        codes = np.arange(n) if clusters is None else dense(clusters)
        values, moved = np.empty(len(retrained)), np.empty((len(retrained), int(codes.max()) + 1))
        for number, own in enumerate(retrained):
            both = {**columns, **own}
            grouped = group(metric_rows(metric, both))
            values[number] = value_of(metric, grouped.sums)
            moved[number] = linear_sums(influences(metric, both, grouped), codes)
        if not np.isfinite(values).all() or not np.isfinite(moved).all():
            return cls(float("nan"), len(values), values)
        together = float(moved.var(axis=0, ddof=1).sum())
        return cls(math.sqrt(max(0.0, float(values.var(ddof=1)) - together)), len(values), values)

    @property
    def is_known(self) -> bool:
        """Whether the metric is defined for all training sets."""
        return math.isfinite(self.se)

    def added_to(
        self, interval: intervals.Interval, sample: interval_methods.Sample, level: float
    ) -> intervals.Interval:
        """The interval of the items with this variance added; none where it is not known."""
        if not self.is_known:
            return intervals.Interval(None, None, "", "no interval: from one of the training sets it is not defined")
        return intervals.widen(interval, sample, self.se**2, level, self.draws)


def training_sums(values: np.ndarray, se: float) -> np.ndarray:
    """How much each training set moves a score: U_s (N,), whose variance (CR1) is ``se`` squared.

    Args:
        values: (N,) the score by each.
        se: `Training.se`.
    """
    spread = float(values.std(ddof=1))
    sums: np.ndarray = (values - values.mean()) / math.sqrt(len(values)) * (se / spread if spread > 0 else 0.0)
    return sums
