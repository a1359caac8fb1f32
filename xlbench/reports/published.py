"""Published figures beside saved runs: a table of figures is read, and each is compared with the score of its name."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xlbench.core.errors import DataError, UsageError
from xlbench.core.record import Results, Score
from xlbench.core.text import did_you_mean

COLUMNS = ("model", "task", "subset", "metric", "value")

Verdict = Literal["agrees", "differs", "missing"]


@dataclass(frozen=True)
class Figure:
    """A number that somebody published."""

    model: str
    task: str
    subset: str
    metric: str
    value: float


@dataclass(frozen=True)
class FigureComparison:
    """A published figure and ours."""

    figure: Figure
    score: Score | None
    """Ours; None where no run has it, and where it has no value."""
    verdict: Verdict

    @property
    def difference(self) -> float | None:
        """Ours less theirs, in units of the metric."""
        return None if self.score is None or self.score.value is None else self.score.value - self.figure.value


def read_figures(path: Path) -> tuple[Figure, ...]:
    """The figures of a CSV file with the columns `COLUMNS`; `DataError` names the line that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if lacking:
                hint = did_you_mean(lacking[0], reader.fieldnames or ())
                raise DataError(
                    f"{path}, line 1: there is no column {lacking[0]!r}.{hint} Needed: {', '.join(COLUMNS)}"
                )
            figures = tuple(_figure(path, reader.line_num, row) for row in reader)
    except (FileNotFoundError, IsADirectoryError):
        raise UsageError(f"there is no file {path}: give a CSV file of published figures") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table of figures: {error}") from None
    if not figures:
        raise DataError(f"{path} holds no figure")
    return figures


def _figure(path: Path, line: int, row: dict[str, str]) -> Figure:
    try:
        value = float(row["value"])
    except (TypeError, ValueError):
        raise DataError(f"{path}, line {line}: {row['value']!r} is no number; give a share such as 0.853") from None
    texts = [(row[name] or "").strip() for name in COLUMNS[:-1]]
    if not all(texts) or not -1.0 <= value <= 1.0:
        raise DataError(f"{path}, line {line}: every column needs a value, and a figure is a share: 0.853, not 85.3")
    model, task, subset, metric = texts
    return Figure(model, task, subset, metric, value)


def compare(figures: Iterable[Figure], results: Results, tolerance: float) -> tuple[FigureComparison, ...]:
    """Every figure with the score of that name; they agree where they differ by ``tolerance`` at the most.

    A tolerance, and not the score's interval: on the same data and the same weights the same number is expected, up to
    what another processor rounds otherwise. Samples and points of curves do not count.
    """
    scores = {
        (run.model, cell.task, cell.subset, score.metric): score
        for run in results
        for cell in run.cells
        if cell.whole and cell.status == "ok"
        for score in cell.scores
        if score.value is not None
    }
    return tuple(
        _compared(figure, scores.get((figure.model, figure.task, figure.subset, figure.metric)), tolerance)
        for figure in figures
    )


def _compared(figure: Figure, score: Score | None, tolerance: float) -> FigureComparison:
    if score is None or score.value is None:
        return FigureComparison(figure, None, "missing")
    close = abs(score.value - figure.value) <= tolerance + 1e-9
    return FigureComparison(figure, score, "agrees" if close else "differs")


def summary(compared: Sequence[FigureComparison]) -> str:
    """One line: how many agree, differ and are missing, and the largest difference."""
    counts = {verdict: sum(one.verdict == verdict for one in compared) for verdict in ("agrees", "differs", "missing")}
    largest = max((abs(one.difference) for one in compared if one.difference is not None), default=None)
    largest_text = "" if largest is None else f"; the largest difference is {100 * largest:.2f} points"
    return f"{counts['agrees']} agree, {counts['differs']} differ, {counts['missing']} missing{largest_text}"
