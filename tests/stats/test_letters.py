"""Letters of models that cannot be told apart."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from xlbench.stats.letters import letters, split


def apart_pairs(models: int, pairs) -> np.ndarray:
    """(M, M): these pairs are told apart."""
    apart = np.zeros((models, models), dtype=bool)
    for one, other in pairs:
        apart[one, other] = apart[other, one] = True
    return apart


def test_by_hand():
    """0 is told from 2 and 3, and 1 from 3: three groups, 0 1, 1 2 and 2 3."""
    assert letters(apart_pairs(4, [(0, 2), (0, 3), (1, 3)]), [0, 1, 2, 3]) == ["a", "ab", "bc", "c"]


def test_one_that_is_told_from_all_has_none():
    """The best is alone; the others share a letter; the order is that of places, not of rows."""
    assert letters(apart_pairs(3, [(2, 0), (2, 1)]), [1, 2, 0]) == ["a", "a", ""]
    assert letters(apart_pairs(1, []), [0]) == [""]


@pytest.mark.parametrize("seed", range(20))
def test_a_letter_in_common_is_a_tie_and_nothing_else(seed):
    """Whatever the pairs that are told apart, transitive or not: two models share a letter where they are not, and
    nowhere else."""
    random = np.random.RandomState(seed)
    models = 9
    apart = apart_pairs(models, [pair for pair in itertools.combinations(range(models), 2) if random.rand() < 0.5])
    found = letters(apart, list(range(models)))
    for one, other in itertools.combinations(range(models), 2):
        assert bool(set(found[one]) & set(found[other])) == (not apart[one, other])


def test_hundreds_of_models_take_no_time_and_few_letters():
    """500 models that are all tied have one letter; a chain of neighbors has a group each, the later ones numbered."""
    assert set(letters(np.zeros((500, 500), dtype=bool), [0] * 500)) == {"a"}
    near = np.abs(np.subtract.outer(np.arange(120), np.arange(120))) > 1
    found = letters(near, list(range(120)))
    assert found[:3] == ["a", "ab", "bc"]
    assert found[52] == "Za2"
    assert split(found[52]) == ["Z", "a2"]
