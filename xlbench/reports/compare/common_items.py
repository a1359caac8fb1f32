"""Restricts cells scored on different data to their common items."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from xlbench.core.record import Cell, Run
from xlbench.reports.compare.matching import Matched, Place, Unmatched
from xlbench.runs.items import Influence, Items, cluster_sums

ReadItems = Callable[[Cell, Path], Items]
ROUNDING = 1e-4
"""Of scores of items that are read off saved influences, which have single precision."""
POOLED = "retrieval"
"""The area whose items are candidates for one another."""


@dataclass(frozen=True)
class Common:
    """Cells with those that were cut down to common items."""

    matched: Matched
    influences: Mapping[tuple[int, Place], Influence] = field(default_factory=dict)
    """By the run's number and place: of the cells that were cut down."""
    notes: tuple[str, ...] = ()
    """What was dropped, a line a place."""

    def has(self, number: int, cell: Cell) -> Influence | None:
        """The influence of a cell that was cut down; None of any other."""
        return self.influences.get((number, (cell.task, cell.subset)))


def on_common_items(
    matched: Matched, runs: Sequence[Run], labels: Sequence[str], read: ReadItems, least: float
) -> Common:
    """Cut cells that were scored on other data down to the items that all runs have.

    Only where ``least`` of every run's items are common, and the score is the mean of what single items score. A pool
    of retrieval is never cut down: every item there is a candidate for the others.

    Args:
        matched: Cells that can be paired as they are, and those that cannot.
        runs: In the order of ``labels``.
        labels: What they are called.
        read: The items of a cell whose run lies in a folder or pack.
        least: The share of each run's items.
    """
    influences: dict[tuple[int, Place], Influence] = {}
    cells = [dict(own) for own in matched.cells]
    lost: list[Unmatched] = []
    notes = []
    for one in matched.unmatched:
        place = one.task, one.subset
        apart = matched.apart.get(place)
        if apart is None:
            lost.append(one)
            continue
        items = [read(cell, Path(run.folder)) for cell, run in zip(apart, runs, strict=True)]
        cut = _restrict_cells(apart, items, least)
        if isinstance(cut, str):
            lost.append(replace(one, why=f"{one.why}; {cut}"))
            continue
        for number, (cell, influence) in enumerate(cut):
            cells[number][place] = cell
            influences[number, place] = influence
        kept = cut[0][1].n
        dropped = (f"{len(own.item_ids) - kept:,} of {label}" for own, label in zip(items, labels, strict=True))
        notes.append(f"{' '.join(place)}: other data, compared on the {kept:,} items that all have, by their ids; "
                     f"dropped: {', '.join(dropped)}")  # fmt: skip
    ordered = tuple({place: own[place] for place in sorted(own)} for own in cells)
    return Common(replace(matched, cells=ordered, unmatched=tuple(lost)), influences, tuple(notes))


def _restrict_cells(cells: Sequence[Cell], items: Sequence[Items], least: float) -> list[tuple[Cell, Influence]] | str:
    """Every run's cell over the common items, or why there is none."""
    if any(cell.area == POOLED or "candidates" in cell.facts for cell in cells):
        return "another pool of candidates is another question"
    scores = [_scores(cell, own) for cell, own in zip(cells, items, strict=True)]
    if any(values is None for values in scores):
        return "its score is no mean over single items, and cannot be computed again from some of them"
    common = set.intersection(*({*own.item_ids} for own in items))
    share = min(len(common) / len(own.item_ids) for own in items)
    if share < least or len(common) < 2:
        return f"{math.floor(1000 * share) / 10:g}% of the items are common, and {100 * least:g}% are asked for"
    places = [{name: at for at, name in enumerate(own.item_ids)} for own in items]
    rows = [np.array([at[name] for name in sorted(common)]) for at in places]
    if any("true" in own.columns for own in items):
        truths = [own.columns.get("true", np.array([])) for own in items]
        if any(not len(t) or not np.array_equal(t[r], truths[0][rows[0]]) for t, r in zip(truths, rows, strict=True)):
            return "items of one id have other labels, and so are other items"
    return [
        _cell_over_items(cell, own, np.asarray(values), row)
        for cell, own, values, row in zip(cells, items, scores, rows, strict=True)
    ]


def _scores(cell: Cell, items: Items) -> np.ndarray | None:
    """(n,) what every item scores, where the cell's score is their mean: hits of 0 and 1, or a saved column."""
    main = cell.main
    if main is None or main.value is None or main.seed_se > 0 or cell.seeds:
        return None
    x = items.influence + main.value
    if np.abs(x - x.round()).max() < ROUNDING and np.isin(x.round(), (0, 1)).all():
        x = x.round()
        return x if abs(float(x.mean()) - main.value) < ROUNDING else None
    column = np.asarray(items.columns.get(main.metric, np.array([])))
    same = column.shape == x.shape and column.dtype.kind == "f" and np.allclose(column, x, rtol=1e-6, atol=ROUNDING)
    return column if same and math.isclose(float(column.mean()), main.value, rel_tol=1e-6, abs_tol=1e-9) else None


def _cell_over_items(cell: Cell, items: Items, values: np.ndarray, rows: np.ndarray) -> tuple[Cell, Influence]:
    """A cell over some of its items: its score, computed again, and their influence."""
    assert cell.main is not None
    kept = values[rows]
    clusters, codes = np.unique(np.asarray(items.cluster_ids, dtype=object)[rows], return_inverse=True)
    mean = float(kept.mean())
    score = replace(
        cell.main, value=mean, low=None, high=None, se=None, n=len(rows), clusters=len(clusters), training_se=0.0
    )
    # What its training sets scored was over all of its items.
    cut = replace(cell, scores=(score,), items_digest="", training={}, ci_training=0)
    return cut, cluster_sums(cut, clusters, codes, kept - mean)
