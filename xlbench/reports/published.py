"""Compares published figures with the scores of saved runs."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from xlbench.core.errors import DataError, UsageError
from xlbench.core.foreign_files import check_regular
from xlbench.core.record import Cell, Results, Score
from xlbench.core.text import did_you_mean

COLUMNS = ("model", "task", "subset", "metric", "value")
MTEB_SUBSET = "mteb_subset"
"""A column that tables of imported figures have beside these; and the fact of a cell that says the same."""

Verdict = Literal["agrees", "differs", "missing"]


@dataclass(frozen=True)
class Figure:
    """A number that somebody published."""

    model: str
    task: str
    subset: str
    metric: str
    value: float
    mteb_subset: str = ""
    """mteb's name of the subset, where it is known. Languages may not tell subsets apart, and a file of results may
    hold some of them alone: then only this says which is meant."""


@dataclass(frozen=True)
class FigureComparison:
    """A published figure and ours."""

    figure: Figure
    score: Score | None
    """Ours; None where no run has it, and where it has no value."""
    verdict: Verdict

    @property
    def ends(self) -> tuple[float, float] | None:
        """The interval of the difference: that of our score, less theirs, which is one number. None: it has none."""
        low, high = (self.score.low, self.score.high) if self.score else (None, None)
        return None if low is None or high is None else (low - self.figure.value, high - self.figure.value)

    @property
    def difference(self) -> float | None:
        """Ours less theirs, in units of the metric."""
        return None if self.score is None or self.score.value is None else self.score.value - self.figure.value


def read_figures(path: Path) -> tuple[Figure, ...]:
    """The figures of a CSV file with the columns `COLUMNS`; `DataError` names the line that is wrong."""
    check_regular(path)
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


def merge_figures(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Figures of several files, each once; `DataError` where two say different things of one score."""
    known: dict[tuple[str, ...], Figure] = {}
    for one in figures:
        place = (one.model, one.task, one.subset, one.metric)
        if known.setdefault(place, one).value != one.value:
            raise DataError(
                f"there are two figures of {' '.join(place)}: {known[place].value:g} and {one.value:g}; keep one"
            )
    return tuple(known.values())


def _figure(path: Path, line: int, row: dict[str, str]) -> Figure:
    try:
        value = float(row["value"])
    except (TypeError, ValueError):
        raise DataError(f"{path}, line {line}: {row['value']!r} is no number; give a share such as 0.853") from None
    texts = [(row[name] or "").strip() for name in COLUMNS[:-1]]
    if not all(texts) or not -1.0 <= value <= 1.0:
        raise DataError(f"{path}, line {line}: every column needs a value, and a figure is a share: 0.853, not 85.3")
    model, task, subset, metric = texts
    return Figure(model, task, subset, metric, value, (row.get(MTEB_SUBSET) or "").strip())


def match_cells(figures: Iterable[Figure], cells: Iterable[Cell]) -> tuple[Figure, ...]:
    """The figures, their subsets called as the cells that mteb's names say they belong to.

    A cell of mteb's protocol says in its facts how mteb calls its subset. A figure whose languages are those of such a
    cell, and whose name in mteb is another, is not of that cell: it keeps mteb's name.
    """
    known: dict[str, dict[str, str]] = {}
    for cell in cells:
        if isinstance(name := cell.facts.get(MTEB_SUBSET), str):
            known.setdefault(cell.task, {})[name] = cell.subset
    return tuple(_match_cell(figure, known.get(figure.task, {})) for figure in figures)


def _match_cell(figure: Figure, subsets: Mapping[str, str]) -> Figure:
    """``subsets``: mteb's name of the task's subsets -> ours."""
    if not figure.mteb_subset or not subsets:
        return figure
    if figure.mteb_subset in subsets:
        return replace(figure, subset=subsets[figure.mteb_subset])
    return replace(figure, subset=figure.mteb_subset) if figure.subset in subsets.values() else figure


def compare(
    figures: Iterable[Figure], results: Results, tolerance: float, model: str = ""
) -> tuple[FigureComparison, ...]:
    """Every figure with the score of that name; they agree where they differ by ``tolerance`` at the most.

    ``model`` is whose scores to take, where it is not the model of the figures: a copy of it in fewer bits, say.

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
    named = match_cells(figures, (cell for run in results for cell in run.cells))
    return tuple(
        _compare_figure(
            figure, scores.get((model or figure.model, figure.task, figure.subset, figure.metric)), tolerance
        )
        for figure in named
    )


def _compare_figure(figure: Figure, score: Score | None, tolerance: float) -> FigureComparison:
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


@dataclass(frozen=True)
class MeanDifference:
    """Ours less theirs over all figures of a task and a metric that have a score."""

    task: str
    metric: str
    differences: tuple[float, ...]
    within: int
    """How many published figures lie within the interval of our score."""

    @property
    def mean(self) -> float:
        """The mean of the differences."""
        return sum(self.differences) / len(self.differences)

    @property
    def ends(self) -> tuple[float, float] | None:
        """95% interval of the mean (Student's t), as if the figures were drawn one by one from many of their kind; None
        where there is one alone."""
        import numpy as np
        from scipy.stats import t

        n = len(self.differences)
        if n < 2:
            return None
        half = float(t.ppf(0.975, n - 1) * np.std(self.differences, ddof=1) / np.sqrt(n))
        return self.mean - half, self.mean + half


def mean_differences(compared: Sequence[FigureComparison]) -> tuple[MeanDifference, ...]:
    """A mean difference a task and metric, in the order of the figures."""
    groups: dict[tuple[str, str], list[FigureComparison]] = {}
    for one in compared:
        if one.difference is not None:
            groups.setdefault((one.figure.task, one.figure.metric), []).append(one)
    return tuple(
        MeanDifference(
            *place,
            tuple(one.difference for one in own if one.difference is not None),
            sum(one.ends is not None and one.ends[0] <= 0 <= one.ends[1] for one in own),
        )
        for place, own in groups.items()
    )


def sentence(mean: MeanDifference, shown: Callable[[str], str] = str) -> str:
    """A mean difference in words, in points; ``shown`` makes names safe where it is to stand."""
    n = len(mean.differences)
    between = f" [{signed(mean.ends[0])}, {signed(mean.ends[1])}]" if mean.ends else ""
    return (
        f"{shown(mean.task)}, {shown(mean.metric)}: ours less theirs is {signed(mean.mean)}{between} points "
        f"in the mean over {n} figure{'s' * (n != 1)} ({signed(min(mean.differences))} to "
        f"{signed(max(mean.differences))}); {mean.within} of these lie within our interval"
    )


def signed(value: float) -> str:
    """A difference in points, with its sign; 0 has none."""
    text = f"{100 * value:+.2f}"
    return "0.00" if float(text) == 0 else text


def markdown(compared: Sequence[FigureComparison], model: str = "") -> str:
    """The figures that have a score as a page: what they are in the mean, then a line a figure."""
    from xlbench.reports.markup import escape, points, table

    rows = []
    for one in compared:
        if one.score is None or one.score.value is None or one.difference is None:
            continue
        figure, score = one.figure, one.score
        own, apart = points(one.score.value, 2), signed(one.difference)
        if score.low is not None and score.high is not None and one.ends is not None:
            own += f" [{points(score.low, 2)}, {points(score.high, 2)}]"
            apart += f" [{signed(one.ends[0])}, {signed(one.ends[1])}]"
        names = [escape(name) for name in (figure.task, figure.subset, figure.metric)]
        rows.append([*names, points(figure.value, 2), own, apart])
    theirs = ", ".join(dict.fromkeys(one.figure.model for one in compared))
    head = f"# {escape(theirs)} as published{f', and {escape(model)}' if model else ''}"
    means = "\n".join(f"- {sentence(one, escape)}" for one in mean_differences(compared))
    missing = sum(one.verdict == "missing" for one in compared)
    rest = f"{missing} of the figures {'has' if missing == 1 else 'have'} no score here." if missing else ""
    headers = ["task", "subset", "metric", "published", "ours", "difference"]
    return "\n\n".join(filter(None, [head, _HOW, means, rest, table(headers, rows, "lllrrr")])) + "\n"


_HOW = """\
In points, with 95% intervals. That of a difference is ours less one number: it holds the luck of the test items, which
the published figure shares, so that a paired one would be narrower. That of a mean holds the spread over figures, as if
each were drawn by itself."""
