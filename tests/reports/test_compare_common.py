"""Cells over other data are compared on common items, or refused where that would answer another question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from saved_runs import PRINTS, save_cell

from xlbench import Run, UsageError
from xlbench.reports.compare.comparison import against_baseline
from xlbench.runs.items import Items
from xlbench.runs.store import Reader, Store

SHIFT = 5


def run_of(root, model, numbers, area="news", columns=(), influence=None, **changes):
    """A run with one cell over items of these numbers; its hits."""
    store = Store(root)
    x = (np.random.default_rng([ord(model[0]), 1]).random(300) < 0.6).astype(float)[numbers]
    cell = save_cell(
        store, model, "topics", "deu", int(x.sum()), len(x), area=area, data_fingerprint=str(numbers), **changes
    )
    cell = replace(cell, scores=(replace(cell.scores[0], value=float(x.mean())),))
    ids = [f"i{number}" for number in numbers]
    psi = x - x.mean() if influence is None else influence(x)
    saved = store.save_cell(cell, Items(ids, ids, {"hit": x, **dict(columns)}, psi))
    run = Run(model, PRINTS[model], (saved,))
    store.save_manifest(run)
    return replace(run, folder=str(store.folder(model, PRINTS[model]))), x


def compared(one, other, least=0.9):
    """The comparison of two runs on their common items."""
    reader = Reader()
    runs = {run.model: run for run in (one, other)}
    return against_baseline(runs, reader.influence, allow_intersection=least, read_items=reader.load_items)[0]


def test_common_items_are_compared_and_what_is_dropped_is_said(tmp_path):
    """95 of 100 items are in both: the difference of their means, and a note with what each side lost."""
    one, x = run_of(tmp_path, "alpha", [*range(100)])
    other, y = run_of(tmp_path, "beta", [*range(SHIFT, 100 + SHIFT)])
    found = compared(one, other)
    assert found.overall.difference.value == pytest.approx(y[:-SHIFT].mean() - x[SHIFT:].mean())
    assert found.overall.baseline == pytest.approx(x[SHIFT:].mean())
    assert found.overall.difference.n == 95
    (note,) = [note for note in found.notes if "dropped" in note]
    assert note == ("topics deu: other data, compared on the 95 items that all have, by their ids; "
                    "dropped: 5 of alpha, 5 of beta")  # fmt: skip


def test_the_share_is_of_each_side(tmp_path):
    """All of a small run's items are common, and a third of the other's: refused, with the share."""
    one, _ = run_of(tmp_path, "alpha", [*range(100)])
    other, _ = run_of(tmp_path, "beta", [*range(300)])
    with pytest.raises(UsageError, match=r"33\.3% of the items are common, and 90% are asked for"):
        compared(one, other)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"area": "retrieval"}, "another pool of candidates is another question"),
        ({"facts": {"candidates": 100}}, "another pool of candidates is another question"),
        ({"influence": lambda x: 0.7 * (x - x.mean())}, "its score is no mean over single items"),
        ({"columns": {"true": None}}, "items of one id have other labels"),
        ({"task_identity": "2"}, "other data"),
    ],
)
def test_what_cannot_be_computed_again_is_refused(tmp_path, change, said):
    """Pools of retrieval, scores that are no means, ids of other labels and other versions: refused at any share."""
    sides = []
    for model, start in (("alpha", 0), ("beta", SHIFT)):
        own = {**change}
        if "columns" in change:
            own["columns"] = {"true": np.arange(100) % 7}
        if "task_identity" in change:
            own["task_identity"] = model
        sides.append(run_of(tmp_path, model, [*range(start, start + 100)], **own)[0])
    with pytest.raises(UsageError, match=said):
        compared(*sides, least=0.01)
