"""Boards by another metric than each task's main one, from the saved items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import xlbench
from xlbench.core.errors import UsageError
from xlbench.core.task import Outcome, Subset
from xlbench.reports.boards import markdown
from xlbench.reports.render import boards_of
from xlbench.reports.selection import Selection
from xlbench.stats import metrics

ITEMS = [f"s{place}" for place in range(80)]
ACCURACY, MRR = metrics.share("accuracy", "hit"), metrics.mean("mrr", "reciprocal")
CHANCE = {"accuracy": 0.2, "mrr": 0.45}
STARTS = metrics.averaged("starts", [metrics.mean("one", "reciprocal"), metrics.mean("other", "second")])


class Lengths:
    """A text's vector is its length."""

    def encode(self, texts, role=None):
        return np.array([[len(text), 1.0] for text in texts])


MODEL = xlbench.Model("lengths", load=Lengths, fingerprint=lambda: "lengths")


def task(*of, name="ranks", version=1) -> xlbench.Task:
    """Two subsets whose items' ranks are given, scored by these metrics."""

    def evaluate(subset, session):
        session.encode(["a", "bb", "ccc"])
        ranks = 1 + (np.arange(80) * 7 + len(subset.name)) % 5
        columns = {"hit": ranks == 1, "reciprocal": 1 / ranks, "second": 1 / (1 + ranks)}
        return Outcome(ITEMS, columns, chance={one.name: CHANCE[one.name] for one in of if one.name in CHANCE})

    def subsets(data):
        for language in ("deu", "hindi"):
            yield Subset(language, (language,), 80, language, lambda: None)

    return xlbench.Task(name, "news", of, subsets, evaluate, version, languages=("deu", "hindi"))


def saved(folder, *tasks) -> None:
    xlbench.run([MODEL], list(tasks), results=folder, cache=None)


def board_by(folder, metric, *tasks):
    return boards_of([folder], Selection(metric=metric), tasks={one.name: one for one in tasks})


@pytest.mark.parametrize("other", [MRR, STARTS], ids=lambda metric: metric.name)
def test_it_is_the_board_of_a_task_whose_main_metric_it_is(other, tmp_path):
    """Values, intervals, chance and averages are those of the same items scored by that metric first; of a metric with
    seeds, their variance included."""
    of = task(ACCURACY, other)
    saved(tmp_path / "a", of)
    saved(tmp_path / "b", task(other, ACCURACY))
    (found,) = board_by(tmp_path / "a", other.name, of).boards
    (expected,) = boards_of([tmp_path / "b"]).boards
    for name in ("value", "low", "high", "se", "n", "clusters", "method", "covers"):
        theirs, ours = getattr(expected.rows[0].overall, name), getattr(found.rows[0].overall, name)
        assert ours == (pytest.approx(theirs, rel=1e-6) if isinstance(theirs, float) else theirs), name
    assert found.chances == expected.chances
    assert [line.metric for line in found.cells] == [other.name] * 2
    assert (found.title, found.metric) == ("run", other.name)
    assert f"scores by {other.name} in points" in markdown.render(found)[".md"]


def test_tasks_without_it_are_left_out_and_said(tmp_path):
    """A board by mrr has the tasks that have one, and counts the cells of the others."""
    first, second = task(ACCURACY, MRR), task(ACCURACY, name="plain")
    saved(tmp_path, first, second)
    made = board_by(tmp_path, "mrr", first, second)
    assert [board.tasks for board in made.boards] == [(("news", "ranks"),)]
    assert made.left_out == ("without a score by mrr: 2 saved cells of plain",)
    with pytest.raises(UsageError, match="no cell has a score by a metric 'mr'"):
        board_by(tmp_path, "mr", first)


def test_a_metric_that_orders_nothing_makes_no_board(tmp_path):
    """Where neither more nor less is better, nothing can be ranked, and the command says so."""
    of = task(ACCURACY, replace(MRR, direction="neither"))
    saved(tmp_path, of)
    with pytest.raises(UsageError, match="of mrr neither more nor less is better"):
        board_by(tmp_path, "mrr", of)


@pytest.mark.parametrize(
    ("installed", "why"),
    [
        ((), "no installed task has the metric mrr"),
        ((task(ACCURACY, MRR, version=2),), "the installed task has another version, or other settings"),
    ],
    ids=["none", "other version"],
)
def test_it_needs_the_task_that_scored_the_cells(installed, why, tmp_path):
    """Without the metric's functions there is no interval of an average, and so no board of these cells; of a task
    whose main metric it is there is one."""
    saved(tmp_path, task(ACCURACY, MRR), task(MRR, name="main"))
    made = board_by(tmp_path, "mrr", *installed)
    assert made.left_out == (f"{why}: 2 saved cells of ranks",)
    assert [board.tasks for board in made.boards] == [(("news", "main"),)]
    saved(tmp_path / "alone", task(ACCURACY, MRR))
    with pytest.raises(UsageError, match=f"nothing is left of a board by mrr: {why}: 2 saved cells of ranks"):
        board_by(tmp_path / "alone", "mrr", *installed)


def test_items_that_do_not_give_the_score_are_refused(tmp_path):
    """A metric that computes something else than what was saved makes the cell refused, with both numbers."""
    of = task(ACCURACY, MRR)
    saved(tmp_path, of)
    wrong = replace(of, metrics=(ACCURACY, metrics.mean("mrr", "second")))
    made = board_by(tmp_path, "mrr", wrong)
    assert "mrr is saved as 0.4" in made.troubles[0]
    assert "and its items give 0.2" in made.troubles[0]
    assert made.boards[0].rows[0].overall.value is None
