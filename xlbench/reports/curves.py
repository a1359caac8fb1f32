"""Curves: main scores against the number of items learned from, as tables for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlbench.core.record import ALL, Cell, Score

if TYPE_CHECKING:
    import pandas as pd


LONG = (
    "model", "fingerprint", "area", "task", "subset", "train_size", "train_items", "metric", "value", "low", "high",
    "method", "n", "clusters", "chance", "status", "note",
)  # fmt: skip
"""Columns of the long table. ``train_size``: items asked for, or "all"; ``train_items``: items learned from."""

MISSING = "—"
DECIMALS = 1


@dataclass(frozen=True)
class Curve:
    """One model on one subset of one task, with more and more to learn from."""

    model: str
    fingerprint: str
    task: str
    subset: str
    cells: tuple[Cell, ...]
    """Ascending by training size; that which learned from all, where it is there, is the last."""

    @property
    def points(self) -> tuple[tuple[Cell, Score], ...]:
        """The cells with a main score, and that score."""
        return tuple((cell, cell.main) for cell in self.cells if cell.main and cell.main.value is not None)

    @property
    def enough(self) -> Cell | None:
        """The first cell from which on every score reaches the interval of the one that learned from all: it is at or
        above that interval's lower end. None where there is no such score, it has no interval, or its interval reaches
        down to chance: then there is nothing that could be enough.

        A reading aid and no test: the sizes share their test items, and the smaller ones are one draw each.
        """
        if not self.points or self.points[-1][0].train_size is not None:
            return None
        whole, first = self.points[-1][1], None
        least = whole.low
        if least is None or (whole.chance is not None and least <= whole.chance):
            return None
        for cell in reversed(self.cells):
            if cell.main is None or cell.main.value is None or cell.main.value < least:
                break
            first = cell
        return first


@dataclass(frozen=True)
class Curves:
    """All curves of one command, in the order of its models and tasks."""

    name: str
    curves: tuple[Curve, ...]
    idle: tuple[str, ...] = ()
    """Tasks that were asked for and learn nothing."""

    def __iter__(self) -> Iterator[Curve]:
        return iter(self.curves)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of all curves."""
        return tuple(cell for curve in self.curves for cell in curve.cells)

    @property
    def tasks(self) -> dict[str, tuple[Curve, ...]]:
        """Task -> its curves."""
        names = dict.fromkeys(curve.task for curve in self.curves)
        return {name: tuple(curve for curve in self.curves if curve.task == name) for name in names}

    def to_frame(self) -> pd.DataFrame:
        """The long table (columns: `LONG`) as a pandas DataFrame: a row a score, a row a cell without scores."""
        import pandas as pd

        return pd.DataFrame(list(long_rows(self.curves)), columns=LONG)


def curves_of(cells: Iterable[Cell]) -> tuple[Curve, ...]:
    """The curves that cells are points of, in the order of first appearance."""
    groups: dict[tuple[str, str, str, str], list[Cell]] = {}
    for cell in cells:
        subset = cell.subset.removesuffix(f"@{cell.train_size}")
        groups.setdefault((cell.model, cell.fingerprint, cell.task, subset), []).append(cell)
    return tuple(Curve(*place, tuple(sorted(found, key=_order))) for place, found in groups.items())


def _order(cell: Cell) -> tuple[bool, int]:
    return cell.train_size is None, cell.train_size or 0


def size_of(cell: Cell) -> int | str:
    """What was asked for: a number of items, or "all"."""
    return ALL if cell.train_size is None else cell.train_size


def long_rows(curves: Iterable[Curve]) -> Iterator[dict[str, Any]]:
    """Rows of the long table, all metrics of all cells."""
    for curve in curves:
        for cell in curve.cells:
            base = {
                "model": cell.model, "fingerprint": cell.fingerprint, "area": cell.area, "task": cell.task,
                "subset": curve.subset, "train_size": size_of(cell), "train_items": cell.train_items,
                "status": cell.status,
            }  # fmt: skip
            for score in cell.scores:
                note = "; ".join(filter(None, (score.note, *cell.notes)))
                yield base | {name: getattr(score, name) for name in LONG if hasattr(score, name)} | {"note": note}
            if not cell.scores:
                yield dict.fromkeys(LONG) | base | {"note": cell.reason}


def tables(curves: Curves) -> dict[str, str]:
    """The tables by file name: ``<name>.csv`` with every number, ``<name>.md`` for people."""
    from xlbench.reports.csv_text import to_csv

    return {f"{curves.name}.md": markdown(curves), f"{curves.name}.csv": to_csv(long_rows(curves), LONG)}


def markdown(curves: Curves) -> str:
    """Main scores for people: a table a task, a line a subset and model, a column a training size."""
    from xlbench.reports.markup import escape

    sections = [f"# {escape(curves.name)}: scores by training size", _HOW_TO_READ]
    for task, own in curves.tasks.items():
        drawn = any(curve.points for curve in own)
        image = f"![{escape(task)} by training size]({task}.svg)" if drawn else ""
        sections += [f"## {escape(task)}", _metric(own), image, table(own, escape), *_missing(own)]
    return "\n\n".join(filter(None, sections)) + "\n"


_HOW_TO_READ = """\
Columns are numbers of training items, all training languages of a subset together; smaller choices lie within larger
ones, keep the shares of classes and languages, and are the same for all models. Scores are points (hundredths) with
their interval, which covers the choice of test items, not that of training items. `all` is the whole training split
(how many items in brackets); a size that is no smaller is that same score: `=`, or no column where it is so of all.
*Enough* is the first size from which on every score reaches the lower end of the interval of `all`, where that lies
above chance: a reading aid, not a test."""


def _metric(curves: Sequence[Curve]) -> str:
    from xlbench.reports.markup import escape

    scores = [score for curve in curves for _, score in curve.points]
    metrics = sorted({score.metric for score in scores})
    methods = sorted({score.method for score in scores if score.method})
    if not scores:
        return ""
    return f"Metric: {escape(', '.join(metrics))}. Intervals: {escape(', '.join(methods) or 'none')}."


def table(curves: Sequence[Curve], shown: Callable[[str], str]) -> str:
    """The main scores of curves of one task as a table; ``shown`` makes names safe where the table is to stand."""
    from xlbench.reports.markup import table as markdown_table

    sizes = sorted({_order(cell) for curve in curves for cell in curve.cells})
    headers = ["subset", "model", "chance", *(ALL if whole else str(size) for whole, size in sizes), "enough"]
    rows = []
    for subset in dict.fromkeys(curve.subset for curve in curves):
        for curve in (curve for curve in curves if curve.subset == subset):
            at = {_order(cell): cell for cell in curve.cells}
            chance = next((score.chance for _, score in reversed(curve.points) if score.chance is not None), None)
            enough = str(size_of(curve.enough)) if curve.enough else MISSING
            entries = (_entry(at, size) for size in sizes)
            rows.append([shown(subset), shown(curve.model), _points(chance), *entries, enough])
    return markdown_table(headers, rows, "l" * len(headers))


def _entry(at: Mapping[tuple[bool, int], Cell], size: tuple[bool, int]) -> str:
    """A score with its interval; ``=`` where a size is no smaller than all there is."""
    whole = at.get((True, 0))
    if size not in at:
        return "=" if whole is not None else MISSING
    score = at[size].main
    if score is None or score.value is None:
        return MISSING
    text = _points(score.value)
    if score.low is not None and score.high is not None:
        text += f" [{_points(score.low)}, {_points(score.high)}]"
    return f"{text} ({whole.train_items})" if whole is at[size] else text


def _points(value: float | None) -> str:
    return MISSING if value is None else f"{100 * value:.{DECIMALS}f}"


def _missing(curves: Sequence[Curve]) -> list[str]:
    """A line a reason why a score or an interval is not there, with the cells that it befell."""
    from xlbench.reports.markup import escape

    reasons: dict[str, list[str]] = {}
    for curve in curves:
        for cell in curve.cells:
            main = cell.main
            why = f"{cell.status}: {cell.reason}" if main is None else main.note
            if why and (main is None or main.value is None or main.low is None):
                reasons.setdefault(why, []).append(f"{cell.model} {cell.subset}")
    lines = (
        f"- {escape(', '.join(cells[:6]))}{' …' * (len(cells) > 6)}: {escape(why)}" for why, cells in reasons.items()
    )
    text = "\n".join(lines)
    return [text] if text else []
