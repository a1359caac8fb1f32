"""Averages of a board over languages in place of items."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from board_world import World, by_name, shares
from scipy import stats as reference

from xlbench.core.errors import UsageError
from xlbench.reports.boards import markdown
from xlbench.reports.boards.standings import standings
from xlbench.reports.language_sample import TaskLanguages, influences, weights

COUNTS = {"deu": (50, 60), "hin": (40, 45), "isl": (30, 41), "swa": (62, 60)}
"""Right answers of two models by language."""


def task_of(pairs) -> TaskLanguages:
    names = sorted({name for pair in pairs for name in pair})
    members = np.array([[float(name in pair) for name in names] for pair in pairs])
    return TaskLanguages(tuple("-".join(pair) for pair in pairs), tuple(names), members, np.arange(len(names)))


def world(counts=COUNTS) -> World:
    found = World()
    for place, model in enumerate(("alpha", "beta")):
        for language, right in counts.items():
            found.add(model, "topics", language, shares(right[place]), area="news")
    return found


def over_languages(found: World, **options):
    return standings(found.results(), lambda cell: found.influences[cell.key], "run", over="languages", **options)


class TestByHand:
    """What the numbers are."""

    def test_one_language_each_is_students_t_over_their_means(self):
        """Value, standard error and ends are scipy's of the four means, with three degrees of freedom."""
        board = over_languages(world())
        entry = by_name(board)["alpha"].overall
        means = np.array([right[0] / 100 for right in COUNTS.values()])
        low, high = reference.t.interval(0.95, 3, means.mean(), reference.sem(means))
        assert (entry.value, entry.low, entry.high) == pytest.approx((means.mean(), low, high))
        assert (entry.clusters, entry.n, entry.method, entry.covers) == (4, 400, "cluster-t", "languages")

    def test_models_are_told_apart_by_their_differences_over_languages(self):
        """beta is above alpha by as much everywhere: told apart, though intervals overlap; by random gaps, not."""
        steady = {language: (30 + 15 * place, 36 + 15 * place + place % 2) for place, language in enumerate(COUNTS)}
        first, second = over_languages(world(steady)).rows
        assert (first.model, first.rank_high, second.rank_low) == ("beta", 1, 2)
        assert first.overall.low < second.overall.high
        assert over_languages(world()).rows[1].tied_with_best

    def test_leaving_out_a_language_takes_its_pairs_along(self):
        """All pairs of five languages: the influences are those of leaving each out by hand."""
        pairs = list(itertools.permutations("abcde", 2))
        values = np.random.RandomState(0).rand(len(pairs))

        def mean(names):
            kept = {pair: value for pair, value in zip(pairs, values, strict=True) if set(pair) <= set(names)}
            return np.mean([np.mean([value for pair, value in kept.items() if name in pair]) for name in names])

        found, moved = influences(task_of(pairs), values)
        without = [mean([name for name in "abcde" if name != left]) for left in "abcde"]
        expected = 4 * (mean("abcde") - np.array(without)) / 5
        assert found == pytest.approx(mean("abcde"))
        assert moved == pytest.approx(expected - expected.mean())

    def test_subsets_weigh_what_their_languages_do(self):
        """a has two pairs and b one alone, c is in both of a's: the weights give the mean over languages."""
        task = task_of([("a", "c"), ("c", "a"), ("b",)])
        values = np.array([0.2, 0.6, 0.9])
        assert sum(weights(task)[name] * value for name, value in zip(task.subsets, values, strict=True)) == (
            pytest.approx((0.4 + 0.9 + 0.4) / 3)
        )


class TestCoverage:
    """How often intervals hold the truth."""

    @pytest.mark.slow
    @pytest.mark.parametrize("languages", [5, 12])
    def test_pairs_cover_what_they_promise(self, languages):
        """Every pair is the sum of what its two languages do, and noise: 95%, and not the 70% of language means."""
        random = np.random.RandomState(languages)
        pairs = list(itertools.permutations(range(languages), 2))
        task = task_of([tuple(f"{name:02}" for name in pair) for pair in pairs])
        ends, quantile = np.array(pairs), reference.t.ppf(0.975, languages - 1)
        hits = alone = 0
        for _ in range(1000):
            query, candidate = random.randn(2, languages) * [[0.1], [0.07]]
            values = 0.5 + query[ends[:, 0]] + candidate[ends[:, 1]] + random.randn(len(pairs)) * 0.1
            mean, moved = influences(task, values)
            hits += abs(mean - 0.5) <= quantile * np.sqrt(languages / (languages - 1) * np.sum(moved**2))
            means = values @ task.members / task.members.sum(axis=0)
            alone += abs(means.mean() - 0.5) <= quantile * reference.sem(means)
        assert 930 <= hits <= 985
        assert alone < 800


class TestWhatCounts:
    """Which subsets are about languages."""

    def test_a_pivot_is_no_language_of_the_sample(self):
        """English in all pairs of a task is none of its languages; elsewhere it may be one."""
        found = World()
        for language, right in COUNTS.items():
            found.add("alpha", "pairs", f"eng-{language}", shares(right[0]))
            found.add("alpha", "pairs", f"{language}-eng", shares(right[1]))
        entry = over_languages(found).rows[0].tasks["pairs"]
        means = np.array([sum(right) / 200 for right in COUNTS.values()])
        assert entry.clusters == 4
        assert entry.se == pytest.approx(reference.sem(means))

    def test_subsets_over_many_languages_are_left_out(self):
        """A joint subset is in no average, its chance neither, and its line says so; the task's others stay."""
        found = world()
        for model in ("alpha", "beta"):
            cell = found.add(model, "topics", "all", shares(99), area="news")
            found.cells[-1] = replace(cell, languages=tuple(COUNTS), scores=(replace(cell.scores[0], chance=0.9),))
        board = over_languages(found)
        assert by_name(board)["alpha"].overall.value == pytest.approx(0.455)
        assert board.chances["overall"] == pytest.approx(0.1)
        assert [line.subset for line in board.cells if line.left_out] == ["all"]

    def test_a_missing_language_is_missing(self):
        """A model that failed in one language has no average, and the reason."""
        found = world()
        found.cells = [cell for cell in found.cells if (cell.model, cell.subset) != ("beta", "isl")]
        found.fail("beta", "topics", "isl", area="news")
        row = by_name(over_languages(found))["beta"]
        assert row.rank is None
        assert row.overall.reason == "no average, as isl of topics has no score"

    @pytest.mark.parametrize(
        ("more", "missing"),
        [({"topics": (*COUNTS, "tam")}, "tam of topics has"), ({"mood": ("deu", "hin")}, "deu, hin")],
    )
    def test_what_no_model_has_run_is_missing(self, more, missing):
        """A planned subset, or a planned task, without a cell of any model: no overall, as over items."""
        board = over_languages(world(), plan={"topics": tuple(COUNTS), **more})
        assert [row.overall.value for row in board.rows] == [None, None]
        assert all(missing in row.overall.reason for row in board.rows)

    def test_two_languages_are_no_sample(self):
        """Fewer than three: a usage error that says how many there are."""
        with pytest.raises(UsageError, match="need 3 languages at least, and this board has 2"):
            over_languages(world({"deu": (50, 60), "hin": (40, 45)}))

    def test_the_page_says_what_its_intervals_are_over(self):
        """In the line under the title, and in how to read it."""
        text = markdown.render(over_languages(world()))[".md"]
        assert "intervals, for languages in general, of which these are a sample." in text
        assert "is what the test languages leave open" in text
