"""How alike translations are written, by hand."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlbench_tasks.protocols import spelling


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("night", "nacht", 2 * 3 / 12), ("a", "a", 1.0), ("a", "b", 0.0), ("may", "मई", 0.0), ("aaa", "aa", 2 * 3 / 7)],
)
def test_dice_by_hand(one, other, expected):
    """Pairs of neighboring characters, ends included, as often as they occur: night and nacht share _n, ht and t_."""
    assert spelling.dice(["x", one], ["y", other]).tolist() == pytest.approx([0, expected])


def test_case_and_white_space_are_no_difference():
    """Names that are written alike are counted, and are wholly alike; the mean is over all pairs."""
    found = spelling.facts(["Peru", "New  Zealand", "Japan"], ["peru", "new zealand", "일본"])
    assert found == {"identical": pytest.approx(2 / 3), "spelling": pytest.approx(2 / 3)}


@given(st.text(), st.text())
def test_it_is_a_similarity(one, other):
    """Within 0 and 1, the same both ways, and 1 with itself."""
    (there,), (back,) = spelling.dice([one], [other]), spelling.dice([other], [one])
    assert 0 <= there == back <= 1
    assert spelling.dice([one], [one]).tolist() == [1]


@given(st.lists(st.tuples(st.text("abc", max_size=6), st.text("abc", max_size=6)), min_size=1, max_size=9))
def test_all_at_once_are_those_one_by_one(pairs):
    """No text's characters are counted for another, by counting them one by one."""
    counted = [[Counter(zip(f" {text}", f"{text} ", strict=True)) for text in pair] for pair in pairs]
    expected = [2 * (a & b).total() / (a.total() + b.total()) for a, b in counted]
    assert spelling.dice(*zip(*pairs, strict=True)).tolist() == pytest.approx(expected)
