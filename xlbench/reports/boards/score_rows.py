"""`ScoreRows`: every metric of every cell of a board as rows of the long table, made when they are asked for."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, overload

from xlbench.core.record import LONG, Cell, majority, note_of, score_rows
from xlbench.core.record import covers as covers_of
from xlbench.reports.csv_text import DECIMALS, cell


class ScoreRows(Sequence[dict[str, Any]]):
    """The rows of cells (`xlbench.core.record.score_rows`): a board of many cells has a million, and few readers want
    them."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._cells = tuple(cells)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return itertools.chain.from_iterable(map(score_rows, self._cells))

    def __len__(self) -> int:
        return sum(max(1, len(one.scores)) for one in self._cells)

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | Sequence[dict[str, Any]]:
        return [*self][place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScoreRows) and self._cells == other._cells

    def __hash__(self) -> int:
        return hash(len(self._cells))

    def of_metrics(self, names: Collection[str]) -> Iterator[dict[str, Any]]:
        """The rows of these metrics."""
        for one in self._cells:
            if any(score.metric in names for score in one.scores):
                yield from (row for row in score_rows(one) if row["metric"] in names)

    def to_csv(self) -> str:
        """What `xlbench.reports.csv_text.to_csv` makes of the rows, without making them first."""
        quoted = _Quoted()
        lines = [",".join(quoted[name] for name in LONG)]
        lines += ("\n".join(_lines(one, quoted)) for one in self._cells)
        lines.append("")
        return "\n".join(lines)


class _Quoted(dict[str, str]):
    """How a text stands in CSV between two others; each is looked at once."""

    def __missing__(self, value: str) -> str:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(["", cell(value)])
        quoted = self[value] = line.getvalue()[1:]
        return quoted


def _lines(one: Cell, quoted: _Quoted) -> Iterator[str]:
    """The lines of a cell in CSV."""
    has_majority = any(name.startswith("majority_") for name in one.facts)
    head = ",".join([quoted[name] for name in (one.model, one.fingerprint, one.area, one.task, one.subset)])
    tail = f"{quoted[one.register]},{quoted[one.status]}"
    held, cell_note = quoted[covers_of(one)], note_of(one)
    for score in one.scores:
        note = f"{score.note}; {cell_note}" if score.note and cell_note else score.note or cell_note
        most = _number(majority(one, score.metric)) if has_majority else ""
        yield (
            f"{head},{quoted[score.metric]},{_estimate(score.value, score.low, score.high)},"
            f"{quoted[score.method]},{score.n},{score.clusters},{_number(score.chance)},"
            f"{most},{tail},{quoted[note]},{held if score.has_interval else ''}"
        )
    if not one.scores:
        yield f"{head},,,,,,,,,,{tail},{quoted[one.reason]},"


ESTIMATE = ",".join([f"%.{DECIMALS}f"] * 3)


def _estimate(value: float | None, low: float | None, high: float | None) -> str:
    """Three numbers, in one step where all are there."""
    if type(value) is type(low) is type(high) is float and not math.isnan(value + low + high):
        return ESTIMATE % (value, low, high)
    return f"{_number(value)},{_number(low)},{_number(high)}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.{DECIMALS}f}" if type(value) is float and value == value else cell(value)
