"""Saved scores against saved items: every value follows from its rows, in whatever order they stand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score

from xlbench.catalog import load
from xlbench.runs.store import Store, find_runs

pytestmark = pytest.mark.slow


def test_every_saved_score_follows_from_its_items(finished):
    """The metrics of a saved cell, computed again from its rows in another order, are what was saved, to 4e-10."""
    tasks, store, seen = load().tasks, Store(finished), 0
    for run in find_runs(finished):
        for cell in run.cells:
            items = store.load_items(cell)
            order = np.random.default_rng(0).permutation(len(items.item_ids))
            columns = {name: column[order] for name, column in items.columns.items()}
            metrics = {metric.name: metric for metric in tasks[cell.task].metrics}
            for score in cell.scores:
                if score.value is None:
                    continue
                metric = metrics[score.metric]
                value = float(metric.value(np.asarray(metric.rows(columns), dtype=float).sum(axis=0)))
                assert value == pytest.approx(score.value, abs=4e-10), (cell.task, cell.subset, score.metric)
                seen += 1
    assert seen > 100


def test_retrieval_and_news_by_hand(finished):
    """Accuracy is the share of ranks of 1, and macro-F1 is scikit-learn's, from the columns that were saved."""
    store, seen = Store(finished), set()
    for run in find_runs(finished):
        for cell in run.cells:
            items = store.load_items(cell)
            if cell.task == "mini-parallel":
                assert cell.main.value == pytest.approx(float(np.mean(items.columns["rank"] == 1)), abs=1e-12)
                seen.add(cell.task)
            elif cell.task == "mini-news" and {"label", "predicted"} <= set(items.columns):
                own = f1_score(items.columns["label"], items.columns["predicted"], average="macro")
                assert cell.main.value == pytest.approx(own, abs=1e-12)
                seen.add(cell.task)
    assert "mini-parallel" in seen
