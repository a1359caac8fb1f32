"""`History`: the figures of each epoch, in a CSV file that survives a crash."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xlbench.core.files import write_whole

COLUMNS = ("epoch", "step", "loss", "validation_loss", "accuracy", "positive_accuracy", "negative_accuracy", "p_at_1",
           "mrr")  # fmt: skip
HEADINGS = {
    "epoch": "epoch", "loss": "loss", "validation_loss": "val loss", "accuracy": "accuracy",
    "positive_accuracy": "positives", "negative_accuracy": "negatives", "p_at_1": "P@1", "mrr": "MRR",
}  # fmt: skip
"""Column -> its heading in the table."""

Row = Mapping[str, float | None]


class History:
    """The epochs so far; the first row, of epoch 0, is the base."""

    def __init__(self, path: Path, show: Callable[[str], None]) -> None:
        self._path, self._show = path, show
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
        self._print(heading())
        for row in self.rows:
            self._print(line(row))

    def cut(self, until_step: int) -> None:
        """Forget what was after a step: it is trained again."""
        self.rows = [row for row in self.rows if (row["step"] or 0) <= until_step]

    def add(self, epoch: float, step: int, loss: float | None, metrics: Mapping[str, Any]) -> None:
        """A row of what an evaluation has found (``eval_loss``, ``eval_mrr`` ...)."""
        own = {name: metrics.get(f"eval_{name}") for name in COLUMNS}
        row: Row = {**own, "epoch": epoch, "step": step, "loss": loss, "validation_loss": metrics.get("eval_loss")}
        if not self.rows:
            self._print(heading())
        self.rows.append(row)
        self._print(line(row))
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "epoch": f"{row['epoch']:g}", "step": f"{row['step']:.0f}"} for row in self.rows)
        write_whole(self._path, text.getvalue().encode(), durable_name=True)

    def _print(self, text: str) -> None:
        self._show(text)


def has_epochs(path: Path) -> bool:
    """Whether a history tells of anything that was trained, and not of the base alone."""
    if not path.is_file():
        return False
    with path.open(encoding="utf-8", newline="") as file:
        return any((row.get("step") or "0") != "0" for row in csv.DictReader(file))


def heading() -> str:
    """The table's headings."""
    return "  ".join(f"{name:>9}" for name in HEADINGS.values())


def line(row: Row) -> str:
    """A row of the table."""
    return "  ".join(f"{shown(name, row[name]):>9}" for name in HEADINGS)


def shown(name: str, value: float | None) -> str:
    """A figure as the table has it; ``-`` where it is not known."""
    if value is None:
        return "-"
    if name == "epoch":
        return f"{value:g}" if value == round(value) else f"{value:.2f}"
    return f"{value:.4f}"
