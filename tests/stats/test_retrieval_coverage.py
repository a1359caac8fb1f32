"""Coverage of retrieval's intervals in small: pools of made vectors with hubs, each drawn fresh."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "campaigns"))

import proof_retrieval


@pytest.mark.slow
def test_standard_errors_are_those_of_fresh_pools():
    """Queries and candidates drawn anew: the standard error is the spread of the scores, and intervals cover."""
    pools = proof_retrieval.made(300, 5, 1.0, 200)
    names = ("accuracy", "mrr", "margin_accuracy", "csls_accuracy")
    for name, one in proof_retrieval.coverage(pools, 1.0, names).items():
        assert 0.92 <= one.covered <= 0.99, name
        assert 0.88 < one.error < 1.15, name


@pytest.mark.slow
def test_hubs_are_covered_where_fixed_ranks_fail():
    """A few candidates, others in every pool, stand before many answers: fixed ranks cover .85; CSLS covers."""

    def pools():
        random = np.random.RandomState(0)
        for _ in range(150):
            candidates = random.standard_normal((400, 40)).astype(np.float32)
            queries = candidates + np.float32(1.5) * random.standard_normal((400, 40)).astype(np.float32) + 1
            candidates[random.rand(400) < 0.02] += 1
            yield queries, candidates, None

    found = proof_retrieval.coverage(pools, 1.0, ("accuracy", "csls_accuracy"))
    assert found["accuracy"].before < 0.9
    assert 0.93 < found["accuracy"].covered < 0.995
    assert found["csls_accuracy"].covered > 0.93
