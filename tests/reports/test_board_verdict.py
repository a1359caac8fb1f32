"""The sentence in words that says what a board shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hand_boards import board, row, settled

from xlbench.reports.boards.models import ModelLine
from xlbench.reports.boards.verdict import verdict


class TestOrder:
    """Who is best, and how the others follow."""

    def test_models_that_are_told_apart_come_one_after_the_other(self):
        """The best is named, and the others behind it in their order."""
        found = verdict(settled(["siamese", "translit", "ngram"], [0.5, 0.4, 0.3]))
        assert found == "siamese is best; then comes translit, then ngram."

    def test_ties_with_the_best_and_behind_it(self):
        """The best and what cannot be told from it, then the two that are tied."""
        rows = [row("a", 0.5, (1, 1, 2), tied=True, letters="a"), row("b", 0.49, (2, 1, 2), tied=True, letters="a"),
                row("y", 0.3, (3, 3, 4), letters="b"), row("z", 0.29, (4, 3, 4), letters="b")]  # fmt: skip
        assert verdict(board(*rows)) == "a scores best, but cannot be told from b; then come y and z (tied)."

    def test_of_a_group_it_says_who_is_tied_with_whom(self):
        """y cannot be told from x nor from z, but x can be told from z: just these two ties are said."""
        rows = [row("a", 0.5, tied=True), row("x", 0.3, (2, 2, 3), letters="a"),
                row("y", 0.29, (3, 2, 4), letters="ab"), row("z", 0.28, (4, 3, 4), letters="b")]  # fmt: skip
        assert verdict(board(*rows)) == "a is best; then come x, y and z (x and y tied, y and z tied)."

    def test_a_long_group_is_not_called_tied(self):
        """A chain of neighbors, of which the first is told from the last: no more is said than that."""
        names = [f"m{place:02}" for place in range(9)]
        chain = [row(name, 0.4 - place / 100, (place + 2, 2, 10), letters="abcdefghi"[max(0, place - 1) : place + 1])
                 for place, name in enumerate(names)]  # fmt: skip
        found = verdict(board(row("a", 0.5, tied=True), *chain))
        assert found == "a is best; then come m00, m01, m02 and 6 more (not all told apart)."

    def test_what_is_told_from_the_best_may_not_be_told_from_the_second(self):
        """c is behind a, but not behind b, from which a cannot be told: that is said; d is behind all."""
        rows = [row("a", 0.5, (1, 1, 2), tied=True, letters="a"), row("b", 0.49, (2, 1, 3), tied=True, letters="ab"),
                row("c", 0.48, (3, 2, 3), letters="b"), row("d", 0.3, (4, 4, 4))]  # fmt: skip
        assert verdict(board(*rows)) == (
            "a scores best, but cannot be told from b; then comes c, then d; c cannot be told from b."
        )

    def test_several_behind_the_best_that_are_not_behind_all_of_its_ties(self):
        """c is not told from b, d neither from b nor from e: not every pair is open."""
        rows = [row("a", 0.5, (1, 1, 3), tied=True, letters="a"), row("b", 0.49, (2, 1, 5), tied=True, letters="ab"),
                row("e", 0.48, (3, 1, 5), tied=True, letters="ac"), row("c", 0.47, (4, 2, 5), letters="b"),
                row("d", 0.46, (5, 2, 5), letters="bc")]  # fmt: skip
        assert verdict(board(*rows)) == (
            "a scores best, but cannot be told from b or e; then come c and d (tied); "
            "not all of c and d can be told from all of b and e."
        )

    def test_one_score_for_several(self):
        """Equal scores share the first rank."""
        rows = [row("a", 0.5, (1, 1, 2), tied=True), row("b", 0.5, (1, 1, 2), tied=True), row("c", 0.3, (3, 3, 3))]
        assert verdict(board(*rows)) == "a and b share the best score; then comes c."

    def test_all_tied(self):
        """Where nothing is told apart, that is the sentence."""
        rows = [row(name, 0.5 - place / 100, (place, 1, 3), tied=True) for place, name in enumerate("abc", 1)]
        assert verdict(board(*rows)) == "a scores best, but cannot be told from any other model."
        assert verdict(board(*rows[:2])) == "a scores best, but cannot be told from b."

    def test_many_models_are_counted_and_not_listed(self):
        """Fifty models: a sentence that names a few and counts the rest."""
        found = verdict(settled([f"m{i:02}" for i in range(50)], [0.9 - i / 100 for i in range(50)]))
        assert found == "m00 is best; then comes m01, then m02, then m03, then m04, then 45 more models."
        tied = [row(f"m{i:02}", 0.9, (i + 1, 1, 49), tied=True) for i in range(49)] + [row("last", 0.2, (50, 50, 50))]
        assert verdict(board(*tied)) == (
            "m00 scores best, but cannot be told from m01, m02, m03 or 45 more; then comes last."
        )


class TestChance:
    """Which models are no better than guessing."""

    def test_an_interval_that_holds_chance_is_said(self):
        """random's interval holds .1, below's ends under it; of c's nothing is known, as it has no interval."""
        rows = [row("a", 0.5, (1, 1, 1), tied=True), row("random", 0.11, (2, 2, 2)), row("c", 0.1, (3, 3, 3), half=0),
                row("below", 0.05, (4, 4, 4))]  # fmt: skip
        found = verdict(board(*rows))
        assert found.endswith("; random cannot be told from chance; below scores below chance.")

    def test_nothing_is_better_than_chance(self):
        """Where that holds for all, it is said of all."""
        rows = [row("a", 0.11, (1, 1, 2), tied=True), row("b", 0.1, (2, 1, 2), tied=True)]
        assert verdict(board(*rows)) == "a scores best, but cannot be told from b; none can be told from chance."

    def test_without_a_chance_level_nothing_is_said_of_it(self):
        """Metrics without a chance level leave the clause away."""
        rows = [row("a", 0.5, tied=True, chance=None), row("b", 0.01, (2, 2, 2), chance=None)]
        assert "chance" not in verdict(board(*rows))


class TestFewModels:
    """Boards of one model, of none, and without an overall."""

    @pytest.mark.parametrize(
        ("value", "half", "chance", "said"),
        [
            (0.5, 0.02, 0.1, "50.0, which is above chance (10.0); there is no"),
            (0.11, 0.02, 0.1, "11.0, which cannot be told from chance (10.0); there is no"),
            (0.05, 0.02, 0.1, "5.0, which is below chance (10.0); there is no"),
            (0.5, 0.0, 0.1, "50.0, where chance is 10.0; there is no"),
            (0.5, 0.02, None, "50.0, with no"),
        ],
    )
    def test_one_model_is_held_against_chance(self, value, half, chance, said):
        """Alone, a model is best at nothing: its score stands beside chance."""
        assert verdict(board(row("a", value, tied=True, half=half, chance=chance))) == (
            f"a scores {said} other model to compare it with."
        )

    def test_models_without_an_overall_are_named(self):
        """They have no place in the order, and that is said."""
        rows = [row("a", 0.5, tied=True), row("b", 0.3, (2, 2, 2)), row("c", None), row("d", None)]
        assert verdict(board(*rows)) == "a is best; then comes b; c and d have no overall score."

    def test_nobody_has_an_overall(self):
        """Nothing can be said of the order, and why; of no models, not even that."""
        assert verdict(board(row("a", None))) == "No model has an overall score, as each lacks a part."
        assert verdict(board()) == "No model has a cell here."

    def test_names_of_strangers_stay_in_one_line(self):
        """A name with breaks and invisible characters breaks no sentence."""
        found = verdict(settled(["a\nb", "x\u202ey"], [0.5, 0.4]))
        assert found == "a b is best; then comes xy."


class TestTrainedOn:
    """Models that have seen what they are scored on."""

    def test_the_sentence_ends_with_who_was_trained_on_data_of_these_tasks(self):
        """How many tasks, the model with most first, those with as many together; if nobody, nothing is said."""
        made = settled(["a", "b", "c", "d"], [0.5, 0.4, 0.3, 0.2])
        tasks = tuple(("news", name) for name in "xyz")
        seen = {"a": ("x",), "b": ("x", "y"), "c": ("z",), "d": ()}
        lines = tuple(ModelLine(name, "f", name, name, None, None, "", "", seen=its) for name, its in seen.items())
        assert verdict(replace(made, tasks=tasks, models=lines)).endswith(
            "then comes b, then c, then d; b was trained on data of 2 of the 3 tasks; "
            "a and c were trained on data of 1 of the 3 tasks."
        )
        assert "trained" not in verdict(replace(made, tasks=tasks, models=lines[3:]))
        assert verdict(replace(made, models=lines[:1])).endswith("; a was trained on data of the task.")
