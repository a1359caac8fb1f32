"""`History`: the figures of each evaluation, in a CSV file that survives a crash."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xlbench.core.files import write_whole

FIRST: Mapping[str, str] = {"epoch": "epoch", "step": "step", "loss": "loss", "validation_loss": "val loss"}
"""Column that every history has -> its heading in the table."""

Row = Mapping[str, float | None]


class History:
    """The evaluations so far; the first row, of epoch 0, is the base."""

    def __init__(self, path: Path, show: Callable[[str], None], figures: Mapping[str, str], *, steps: bool = False):
        """``path``: of the CSV file. ``show``: prints a line of the table. ``figures``: what an evaluator finds, name
        -> heading. ``steps``: the table has a column of steps, too, which the file always has."""
        self._path, self._show = path, show
        self._columns = (*FIRST, *figures)
        self.headings = {**FIRST, **figures}
        if not steps:
            del self.headings["step"]
        self.rows: list[Row] = []

    def read(self, until_step: int) -> None:
        """Take up what an earlier process has written, as far as it can be gone on from."""
        if not self._path.is_file():
            return
        with self._path.open(encoding="utf-8", newline="") as file:
            known = [
                {name: float(value) if value else None for name, value in row.items()} for row in csv.DictReader(file)
            ]
        self.rows = [row for row in known if (row["step"] or 0) <= until_step]
        self._show(heading(self.headings))
        for row in self.rows:
            self._show(line(self.headings, row))

    def cut(self, until_step: int) -> None:
        """Forget what was after a step: it is trained again."""
        self.rows = [row for row in self.rows if (row["step"] or 0) <= until_step]

    def add(self, epoch: float, step: int, loss: float | None, metrics: Mapping[str, Any]) -> None:
        """A row of what an evaluation has found (``eval_loss``, ``eval_mrr`` ...)."""
        own = {name: metrics.get(f"eval_{name}") for name in self._columns}
        row: Row = {**own, "epoch": epoch, "step": step, "loss": loss, "validation_loss": metrics.get("eval_loss")}
        if not self.rows:
            self._show(heading(self.headings))
        self.rows.append(row)
        self._show(line(self.headings, row))
        text = io.StringIO()
        writer = csv.DictWriter(text, self._columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "epoch": f"{row['epoch']:g}", "step": f"{row['step']:.0f}"} for row in self.rows)
        write_whole(self._path, text.getvalue().encode(), durable_name=True)


def has_epochs(path: Path) -> bool:
    """Whether a history tells of anything that was trained, and not of the base alone."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", newline="") as file:
        return any((row.get("step") or "0") != "0" for row in csv.DictReader(file))


def heading(headings: Mapping[str, str]) -> str:
    """The table's headings."""
    return "  ".join(f"{name:>9}" for name in headings.values())


def line(headings: Mapping[str, str], row: Row) -> str:
    """A row of the table."""
    return "  ".join(f"{shown(name, row[name]):>9}" for name in headings)


def shown(name: str, value: float | None) -> str:
    """A figure as the table has it; ``-`` where it is not known."""
    if value is None:
        return "-"
    if name == "step":
        return f"{value:,.0f}"
    if name == "epoch":
        return f"{value:g}" if value == round(value) else f"{value:.2f}"
    return f"{value:.4f}"
