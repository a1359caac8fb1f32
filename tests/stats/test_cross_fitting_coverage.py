"""Coverage of cross-fitted scores in small: data sets drawn fresh, each scored whole."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "campaigns"))

import proof_cross_fitting


@pytest.mark.slow
def test_cross_fitted_intervals_cover_as_those_of_a_half_and_are_shorter():
    """What the whole table of docs/coverage.md says, of fewer data sets: some nine in ten intervals hold the truth."""
    population = proof_cross_fitting.Population(3, 32, 0.3)
    whole = proof_cross_fitting.coverage(population, 150, 80)["accuracy"]
    half = proof_cross_fitting.coverage(population, 150, 80, proof_cross_fitting.halves)["accuracy"]
    assert whole.truth > half.truth
    assert whole.width < 0.8 * half.width
    assert whole.covered > 0.8
    assert 0.7 < whole.error < 1.2
