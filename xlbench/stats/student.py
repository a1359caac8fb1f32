"""Student's t distribution, with degrees of freedom that need not be whole.

Every average on a board needs one of its quantiles, and boards are made from saved scores alone: importing
``scipy.special`` would take longer than the rest of it. Both functions agree with scipy's to nine digits.
"""

from __future__ import annotations

import functools
import math
from statistics import NormalDist

LARGE = 30.0
"""Half of the degrees of freedom from which on the series for the ratio of gamma functions is exact."""
NORMAL = 1e8
"""Degrees of freedom from which on t is normal to eight digits; with more, rounding would tell."""
CLOSE = 1e-15
"""By how much a step of the continued fraction may still change it."""
STEPS = 10_000
"""Far more than any series here takes."""


def tail(t: float, freedom: float) -> float:
    """The probability of a value above ``t``.

    Half of the regularized incomplete beta function I_x(freedom / 2, 1 / 2) at x = freedom / (freedom + t**2)
    (Abramowitz and Stegun, 1964, 26.7.1), by its continued fraction (26.5.8).
    """
    if not freedom > 0 or math.isnan(t):
        return math.nan
    if freedom >= NORMAL:
        return math.erfc(t / math.sqrt(2)) / 2
    if math.isinf(t) or t < 0:
        return 0.0 if t > 0 else 1.0 if math.isinf(t) else 1 - tail(-t, freedom)
    a, square = freedom / 2, t * t
    inside = square / (freedom + square)  # 1 - x
    front = _beta_ratio(a) / math.sqrt(math.pi) * math.exp(-a * math.log1p(square / freedom)) * math.sqrt(inside)
    if inside > 2.5 / (a + 2.5):
        return 0.5 * front / a * _fraction(a, 0.5, freedom / (freedom + square))
    return 0.5 - front * _fraction(0.5, a, inside)


@functools.lru_cache(maxsize=4096)  # many averages have the same clusters
def quantile(p: float, freedom: float) -> float:
    """The value with probability ``p`` below it."""
    if not 0 < p < 1 or not freedom > 0:
        return math.nan
    return -_with_tail(p, freedom) if p < 0.5 else _with_tail(1 - p, freedom)


def _with_tail(above: float, freedom: float) -> float:
    """The value with a probability of at most a half above it: Newton's method on the tail, which is convex right of 0,
    from the normal quantile, which lies between 0 and it."""
    found = -NormalDist().inv_cdf(above)
    for _ in range(0 if freedom >= NORMAL else STEPS):
        density = _density(found, freedom)
        if density == 0:  # beyond what numbers hold
            return math.inf
        step = (tail(found, freedom) - above) / density
        found += step
        if step <= CLOSE * found:  # steps go right until rounding is all that is left
            break
    return found


def _density(t: float, freedom: float) -> float:
    """The density of Student's t."""
    shape = math.exp(-(freedom + 1) / 2 * math.log1p(t * t / freedom))
    return _beta_ratio(freedom / 2) / math.sqrt(math.pi * freedom) * shape


def _beta_ratio(a: float) -> float:
    """Gamma(a + 1/2) / Gamma(a): as a series where a is large, since a difference of logarithms would lose digits
    (Tricomi and Erdelyi, 1951)."""
    if a < LARGE:
        return math.gamma(a + 0.5) / math.gamma(a)
    inverse = 1 / a
    series = 1 + inverse * (-1 / 8 + inverse * (1 / 128 + inverse * (5 / 1024 - inverse * (21 / 32768))))
    series -= inverse**5 * 399 / 262144 - inverse**6 * 869 / 4194304
    return math.sqrt(a) * series


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1 / ((1 - (a + b) * x / (a + 1)) or tiny)
    value = d
    for m in range(1, STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            value *= c * d
        if abs(c * d - 1) < CLOSE:
            break
    return value
