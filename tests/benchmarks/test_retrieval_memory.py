"""Large pools: ranking many queries among as many candidates stays within its memory."""

import json
import subprocess
import sys

import pytest
from conftest import LARGE

SENTENCES = 30_000 if LARGE else 15_000

CODE = """
import json, sys, time
import numpy as np
from xlbench.runs.provenance import peak_memory_bytes
from xlbench_tasks.protocols.numbers import ranking

n, d = int(sys.argv[1]), 128
queries, candidates = (np.empty((n, d), np.float32) for _ in range(2))
for start in range(0, n, 1000):  # in parts, so that making the vectors is not what is measured
    random = np.random.RandomState(start)
    candidates[start : start + 1000] = random.standard_normal((1000, d))
    queries[start : start + 1000] = candidates[start : start + 1000] + random.standard_normal((1000, d))
texts = [str(row) for row in range(n)]
started = time.perf_counter()
ranked = ranking.rank_pairs(queries, candidates, texts)
peak = peak_memory_bytes()
print(json.dumps({
    "beyond_vectors": peak - queries.nbytes - candidates.nbytes,
    "seconds": time.perf_counter() - started,
    "accuracy": float((ranked.columns["rank"] == 1).mean()),
}))
"""


@pytest.mark.slow
def test_a_large_pool_needs_far_less_than_all_its_cosines(record_property):
    """Beyond the two matrices of 15,000 vectors, with `make bench` of 30,000, the whole process needs little more than
    half of what all cosines would take (3.6 GB of 30,000)."""
    command = [sys.executable, "-c", CODE, str(SENTENCES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    for name, figure in figures.items():
        record_property(name, figure)
    assert figures["beyond_vectors"] < (2e9 if LARGE else 0.6e9)
    assert figures["accuracy"] > 0.9
