"""How many labels there are after each round."""

from __future__ import annotations

FASTEST, SLOWEST = 1.5, 0.5
"""How much larger or smaller than an equal share of what is left a round of ``dif-build`` is, at most."""


def totals(schedule: str, first: int, budget: int, rounds: int) -> list[int]:
    """Labels in all after each round, of a schedule that is known beforehand.

    ``constant``: the rounds after the first are equal (those of ``dif-build``, before any are known, as well).
    ``linear``: they are in proportion to R - 1, R - 2, ..., 1, for R rounds. Each is rounded such that none is empty.

    Args:
        schedule: One of the two.
        first: Labels of the first round, at least 1.
        budget: Labels after the last round, at least ``first`` and one more for every further round.
        rounds: How many, at least 1.

    Returns:
        Ascending numbers, one a round: from ``first`` to ``budget``.
    """
    later = rounds - 1
    if not later:
        return [budget]
    weights = [later - place for place in range(later)] if schedule == "linear" else [1] * later
    total, done = sum(weights), 0
    found = [first]
    for place, weight in enumerate(weights, start=1):
        done += weight
        wanted = first + round((budget - first) * done / total)
        found.append(min(max(wanted, found[-1] + 1), budget - (later - place)))
    return found


def next_total(spent: int, budget: int, rounds_left: int, changed: float, largest: float) -> int:
    """Labels in all after the next round of ``dif-build``.

    The study names a schedule so, and this is a reading of it: a round is (1/2 + d / d_max) times an equal share of the
    labels that are left, where d is the share of the pool whose predicted label the last round has changed, and d_max
    the largest such share so far; before any is known, d / d_max is 1/2. A model that still changes its mind gets more;
    the last round takes what is left.

    Args:
        spent: Labels so far.
        budget: Labels in all.
        rounds_left: Rounds that are still to come, this one among them; at least 1.
        changed: d, from 0 to 1.
        largest: d_max, at least d.

    Returns:
        More than ``spent`` where anything is left, and so few that each of the later rounds has one at least.
    """
    left = budget - spent
    if rounds_left == 1 or left <= rounds_left:
        return budget if rounds_left == 1 else spent + min(1, left)
    factor = SLOWEST + (FASTEST - SLOWEST) * (changed / largest if largest > 0 else 0.5)
    wanted = round(factor * left / rounds_left)
    return spent + max(1, min(wanted, left - (rounds_left - 1)))
