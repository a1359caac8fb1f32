"""Comparisons of two recipes by several runs of each: the formula, what is refused, and what the intervals cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as reference
from test_compare import SUBSETS, saved

from xlbench import UsageError, stats
from xlbench.reports.compare.differences import Options, difference_at
from xlbench.reports.compare.recipes import mean_of, of_recipes
from xlbench.runs.store import Reader
from xlbench.stats import paired

ITEMS = 150
PLACES = (("one", "x"), ("two", "x"))


def runs_of(rng, ease, count, between, noise=0.3):
    """Runs of one recipe as parts: two places over the same items, each moved by what one run's training does."""
    found = []
    for _ in range(count):
        luck = rng.normal(0, between)
        own = {}
        for place in PLACES:
            x = ease + luck + rng.normal(0, noise, ITEMS)
            own[place] = stats.part(x.mean(), x - x.mean(), np.arange(ITEMS))
        found.append(own)
    return found


def judged(before, after):
    """The difference of the two places' mean."""
    apart = [difference_at(after[place], before[place]) for place in PLACES]
    return paired.judge(stats.combine(apart))


def test_the_variance_is_that_of_items_and_of_runs():
    """se^2 = that of the mean influences over items + the variance between runs over their number, on each side."""
    rng = np.random.default_rng(3)
    ease = rng.normal(0, 1, ITEMS)
    before, after = runs_of(rng, ease, 3, 0.1), runs_of(rng, ease, 4, 0.2)
    found = judged(mean_of(before, ITEMS), mean_of(after, ITEMS + 3))
    means = [np.mean([[own[place].influence * ITEMS + own[place].value for place in PLACES] for own in side], (0, 1))
             for side in (before, after)]  # fmt: skip
    items = reference.sem(means[1] - means[0]) ** 2
    runs = [np.var([np.mean([own[p].value for p in PLACES]) for own in side], ddof=1) / len(side)
            for side in (before, after)]  # fmt: skip
    assert found.value == pytest.approx(means[1].mean() - means[0].mean())
    assert found.se**2 == pytest.approx(items + sum(runs))
    terms = np.array([items, *runs])
    assert found.freedom == pytest.approx(terms.sum() ** 2 / (terms**2 / np.array([ITEMS - 1, 2, 3])).sum())


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 5])
def test_intervals_hold_the_recipes_difference(count, scale):
    """Where runs differ by more than items tell, intervals over runs hold the truth in about 95%, others in few."""
    rng, tries = np.random.default_rng([7, count]), 600 * scale
    held, alone = 0, 0
    for _ in range(tries):
        ease = rng.normal(0, 1, ITEMS)
        before, after = runs_of(rng, ease, count, 0.08), runs_of(rng, ease, count, 0.08)
        found = judged(mean_of(before, ITEMS), mean_of(after, ITEMS + count))
        held += found.low <= 0 <= found.high
        single = judged(before[0], after[0])
        alone += single.low <= 0 <= single.high
    slack = 4 * np.sqrt(0.05 * 0.95 / tries)
    assert 0.94 - slack < held / tries < 0.985 + slack
    assert alone / tries < 0.6


def test_recipes_of_saved_runs(tmp_path):
    """Runs on each side: the difference of means, no McNemar, and a note that runs are in the intervals."""
    before = [saved(tmp_path / f"a{i}", "alpha", i, subsets=SUBSETS[-1:]) for i in range(3)]
    after = [saved(tmp_path / f"b{i}", "beta", 10 + i, 0.5, SUBSETS[-1:]) for i in range(3)]
    found = of_recipes(before, after, Reader().influence, Options())
    values = [[np.mean([cell.main.value for cell in run.cells if cell.task == "names"]) for run in side]
              for side in (before, after)]  # fmt: skip
    (task,) = [one for one in found.of("task") if one.name == "names"]
    assert task.difference.value == pytest.approx(np.mean(values[1]) - np.mean(values[0]))
    assert (found.baseline, found.candidate) == ("alpha (3 runs)", "beta (3 runs)")
    assert "what differs between runs of one recipe is in the intervals" in found.notes[0]
    assert task.difference.method == "paired-t"


def test_one_run_a_side_or_a_copy_is_no_recipe(tmp_path):
    """A side of one run, and a copy of a run as another one, are usage errors."""
    runs = [saved(tmp_path / str(i), "alpha", min(i, 3), subsets=SUBSETS[-1:]) for i in range(5)]
    with pytest.raises(UsageError, match="--a is given 1 time: a recipe needs 2 runs"):
        of_recipes(runs[:1], runs[1:3], Reader().influence, Options())
    with pytest.raises(UsageError, match="are the same on every item: a copy is no other run"):
        of_recipes(runs[:2], runs[3:], Reader().influence, Options())
    with pytest.raises(UsageError, match="--over languages takes languages as the sample"):
        of_recipes(runs[:2], runs[2:4], Reader().influence, Options(over_languages=True))
