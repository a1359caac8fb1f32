"""What exports share: which scores of a run they have, what is left out, and numbers as they are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xlbench.core.errors import ResultsError, UsageError
from xlbench.core.record import Cell, Run, Score

DIGITS = 6
"""Decimals of exported numbers: as many as mteb's results have."""


@dataclass(frozen=True)
class Export:
    """Files of another program's format."""

    files: Mapping[str, str]
    """Path below the folder of the export, with ``/``, -> content."""
    is_own: Callable[[str, bytes], bool]
    """Whether a file that is there, by its name and content, was written by an export of this kind."""
    left_out: tuple[str, ...] = ()
    """What of the run is not in them: a line a kind."""


def scored(run: Run) -> tuple[list[tuple[Cell, Score]], tuple[str, ...]]:
    """The run's whole cells, each with its main score, and what is left out: a line a kind.

    Raises:
        ResultsError: A file of the run is damaged.
        UsageError: There is no score.
    """
    if run.troubles:
        raise ResultsError(f"a run that is damaged is not exported: {run.troubles[0]}")
    kept = [(cell, cell.main) for cell in run.cells if cell.whole and cell.main and cell.main.value is not None]
    why = Counter(_why_not(cell) for cell in run.cells)
    del why[""]
    if not kept:
        raise UsageError(f"the run of {run.model} has no score to export{_listed(why)}")
    return kept, tuple(f"{count:,} cell{'s' * (count != 1)} left out: {reason}" for reason, count in why.items())


def _why_not(cell: Cell) -> str:
    """Why a cell is not exported; "" where it is."""
    if not cell.whole:
        return "a sample (--limit), or a point of a curve"
    if cell.status != "ok":
        return f"no scores (status {cell.status})"
    return "" if cell.main and cell.main.value is not None else "its main score has no value"


def _listed(why: Mapping[str, int]) -> str:
    return f" ({'; '.join(f'{count:,} x {reason}' for reason, count in why.items())})" if why else ""


def number(value: float | None) -> float | None:
    """A number as it is written; None stays None: what is not known is null, never 0."""
    return None if value is None else round(value, DIGITS)


def ends(score: Score) -> tuple[float | None, float | None]:
    """The interval's ends as they are written; None where there is no interval."""
    return (number(score.low), number(score.high)) if score.has_interval else (None, None)
