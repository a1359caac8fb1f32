"""Hubs: how unevenly each model's queries fall on candidates, and in which direction of a pair that costs more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from xlbench.core.record import Cell, number_fact
from xlbench.reports.boards.gather import Place, Table

ACCURACY, CSLS_ACCURACY = "accuracy", "csls_accuracy"
"""The share of queries whose nearest candidate is the right one (P@1), and the same by CSLS, which allows for hubs."""
HUBNESS, HUB_SHARE = "hubness", "hub_share"
"""Facts of cells: the skewness of k-occurrence, and what share of the queries the ten largest hubs take."""
Subsets = Mapping[tuple[str, tuple[str, ...]], set[str]]
"""(task, languages) -> subsets."""


@dataclass(frozen=True)
class HubLine:
    """The hubs of one model in one subset, beside its accuracy. None is what is not known."""

    area: str
    task: str
    subset: str
    reverse: str
    """The subset of the task that has the same two languages the other way round; empty where there is none, or where
    several have the same languages, so that nobody can tell which is meant."""
    model: str
    fingerprint: str
    label: str
    """What the model is called on the board."""
    value: float
    """The main metric, `ACCURACY`."""
    low: float | None
    high: float | None
    """The ends of its interval, where there is one."""
    csls_accuracy: float | None
    hubness: float | None
    hub_share: float | None


@dataclass(frozen=True)
class HubGap:
    """Both directions of a pair, of which the worse has more hubs."""

    worse: HubLine
    better: HubLine

    @property
    def size(self) -> float:
        """By how much accuracy differs; above 0."""
        return self.better.value - self.worse.value


def of_hubs(table: Table) -> tuple[HubLine, ...]:
    """A line a subset and model, from the cells that count and that have a fact of hubs; areas and tasks in the
    board's order, models by name."""
    found: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for (_, task, subset), cell in table.cells.items():
        found.setdefault((task, cell.languages), set()).add(subset)
    places = (
        (area, (model, task, subset))
        for area, tasks in table.areas.items()
        for task in tasks
        for subset in table.plan[task]
        for model in table.models
    )
    lines = (_line(area, place, table, found) for area, place in places if place not in table.reasons)
    return tuple(line for line in lines if line)


def _line(area: str, place: Place, table: Table, subsets: Subsets) -> HubLine | None:
    """The line of a place that has a score; None where it is of another metric, or nothing is known of hubs."""
    cell, model = table.cells[place], place[0]
    hubness, share = number_fact(cell, HUBNESS), _share_or_none(number_fact(cell, HUB_SHARE))
    main = cell.main
    if main is None or main.value is None or main.metric != ACCURACY or (hubness is None and share is None):
        return None
    return HubLine(
        area, cell.task, cell.subset, _reverse(cell, subsets), *model, table.labels[model],
        value=main.value,
        low=main.low if main.has_interval else None,
        high=main.high if main.has_interval else None,
        csls_accuracy=next((score.value for score in cell.scores if score.metric == CSLS_ACCURACY), None),
        hubness=hubness,
        hub_share=share,
    )  # fmt: skip


def _share_or_none(number: float | None) -> float | None:
    """A number that is a share; another is of a stranger, who calls something else so."""
    return number if number is not None and 0 <= number <= 1 else None


def _reverse(cell: Cell, subsets: Subsets) -> str:
    """The one subset with a cell's two languages the other way round, where the cell is the only one with its own."""
    if len(cell.languages) != 2 or len(subsets[cell.task, cell.languages]) > 1:
        return ""
    others = subsets.get((cell.task, cell.languages[::-1]), set())
    return next(iter(others)) if len(others) == 1 else ""


def hub_gaps(lines: Iterable[HubLine]) -> tuple[HubGap, ...]:
    """The pairs of directions of a model that hubs tell apart, the largest gaps first.

    Both directions are of one task and have the same two languages. Their intervals do not overlap, and the worse one
    has both the greater hubness and the greater share of queries that the ten largest hubs take.
    """
    known = {(line.model, line.fingerprint, line.task, line.subset): line for line in lines}
    gaps = []
    for worse in known.values():
        better = known.get((worse.model, worse.fingerprint, worse.task, worse.reverse))
        if better and better.reverse == worse.subset and _is_below(worse, better) and _has_more_hubs(worse, better):
            gaps.append(HubGap(worse, better))

    def order(gap: HubGap) -> tuple[float, str, str, str, str]:
        return -gap.size, gap.worse.model, gap.worse.fingerprint, gap.worse.task, gap.worse.subset

    return tuple(sorted(gaps, key=order))


def _is_below(one: HubLine, other: HubLine) -> bool:
    """Whether an interval ends below the beginning of another; without an interval nobody can tell."""
    return one.high is not None and other.low is not None and one.high < other.low


def _has_more_hubs(one: HubLine, other: HubLine) -> bool:
    """Whether both facts are greater; what is not known is not greater."""
    both = ((one.hubness, other.hubness), (one.hub_share, other.hub_share))
    return all(mine is not None and theirs is not None and mine > theirs for mine, theirs in both)
