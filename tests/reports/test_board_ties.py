"""Groups of rows of a board that are not all told apart."""

from __future__ import annotations

from hand_boards import row

from xlbench.reports.boards.ties import are_tied, tied_groups


def names(*letters: str) -> list[str]:
    """The groups of models, best first, with these letters; models are called by their places."""
    rows = [row(str(place), 0.9 - place / 100, letters=own) for place, own in enumerate(letters)]
    return ["".join(one.model for one in group) for group in tied_groups(rows)]


def test_models_that_are_told_apart_are_groups_of_their_own():
    """Without a letter in common each stands alone; of no rows there is no group."""
    assert names("", "", "a", "") == ["0", "1", "2", "3"]
    assert names() == []


def test_ties_keep_all_between_them_together():
    """A chain is one group, and so is what lies between two that are tied, though it is told from both."""
    assert names("a", "ab", "b", "c", "c") == ["012", "34"]
    assert names("", "a", "", "a") == ["0", "123"]


def test_letters_with_numbers_are_letters_of_their_own():
    """``a`` and ``a2`` are two letters."""
    assert names("a", "a2", "Za2") == ["0", "12"]
    assert not are_tied(row("x", 0.5, letters="a"), row("y", 0.4, letters="a2"))
    assert are_tied(row("x", 0.5, letters="Za2"), row("y", 0.4, letters="a2"))
