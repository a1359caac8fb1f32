"""Confusions: how often items of each label were given each label, counted from a classification cell's saved items."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xlbench.core.errors import ResultsError
from xlbench.core.record import Cell, Run
from xlbench.runs.store import Reader

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Confusion:
    """How often items of each label were given each label."""

    labels: tuple[str, ...]
    counts: Mapping[tuple[str, str], int]
    """(true label, predicted label) -> items; pairs that do not occur are left out."""

    def to_frame(self) -> pd.DataFrame:
        """The whole table as a pandas DataFrame: true labels down, predicted ones across."""
        import numpy as np
        import pandas as pd

        place = {label: code for code, label in enumerate(self.labels)}
        table = np.zeros((len(place), len(place)), np.int64)
        for (true, predicted), count in self.counts.items():
            table[place[true], place[predicted]] = count
        names = list(self.labels)
        return pd.DataFrame(table, pd.Index(names, name="true"), pd.Index(names, name="predicted"))


def confusion(run: Run, cell: Cell) -> Confusion | None:
    """Count the confusions of a cell, from the items saved in its run's folder or pack.

    Args:
        run: the run that the cell belongs to, computed in this process or read from a folder or a pack.
        cell: one of its cells.

    Returns:
        The counts, summed over training subsets where a probe learned several times; None for cells without scores, and
        for tasks of other kinds.

    Raises:
        ResultsError: the saved items are missing, or not those that were saved.
    """
    if cell.status != "ok" or "label_names" not in cell.facts:
        return None
    labels = _labels(cell)
    columns = Reader().load_items(cell, Path(run.folder)).columns
    if "true" not in columns:  # an item has any number of labels
        return None
    counts: Counter[tuple[str, str]] = Counter()
    for name, predicted in columns.items():
        if name.startswith("predicted"):
            for true, guess in zip(columns["true"].tolist(), predicted.tolist(), strict=True):
                counts[labels[true], labels[guess]] += 1
    return Confusion(labels, dict(counts))


def _labels(cell: Cell) -> tuple[str, ...]:
    try:
        labels = json.loads(str(cell.facts["label_names"]))
    except ValueError:
        labels = None
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ResultsError(f"{cell.task} {cell.subset}: the fact 'label_names' is no JSON list of labels")
    return tuple(labels)
