"""Coverage of scores among near misses in small: made vectors, few tests, wide tolerances."""

from __future__ import annotations

import numpy as np
import proof_near_misses
import proof_populations
import pytest

pytestmark = pytest.mark.slow


def test_made_near_misses_are_covered(scale):
    """Tests drawn without end: intervals hold the mean, of shares among near misses and of first places alike."""
    times = 120 * scale
    names = ("accuracy", "above_number", "above_entity")
    found = proof_near_misses.coverage(proof_near_misses.made(150, 20, 1.1, times), names)
    for name, one in found.items():
        assert one.covered >= 0.93 - 2.8 * np.sqrt(0.93 * 0.07 / times), name
        assert 0.8 < one.error < 1.25, name
    assert found["accuracy"].truth < found["above_number"].truth < found["above_entity"].truth


def test_what_is_drawn_of_the_embedded_suite_keeps_its_own_near_misses():
    """A test of some sentences has the near misses of these, under their new places, and of no others."""
    whole = proof_near_misses.embedded("slk-eng")
    session = proof_populations.session("ngram")
    (pair, _), *_ = proof_near_misses.drawn(whole, session, 40, 1)
    near = {whole.candidates[row]: [] for row, _ in whole.near_misses}
    for row, one in whole.near_misses:
        near[whole.candidates[row]].append(one)
    found = {text: [one for row, one in pair.near_misses if pair.candidates[row] == text] for text in pair.candidates}
    assert len(set(pair.candidates)) == 40
    assert found == {text: near.get(text, []) for text in pair.candidates}
