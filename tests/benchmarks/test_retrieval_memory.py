"""Large pools: ranking 30,000 queries among 30,000 candidates stays within its memory."""

import json
import subprocess
import sys

import pytest

CODE = """
import json, time
import numpy as np
from xlbench.runs.provenance import peak_memory_bytes
from xlbench_tasks.protocols.numbers import ranking

n, d = 30_000, 128
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
def test_thirty_thousand_by_thirty_thousand_stay_below_two_gigabytes(record_property):
    """The whole process needs less than 2 GB beyond the two matrices of vectors; all cosines would need 3.6."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    figures = json.loads(done.stdout)
    for name, figure in figures.items():
        record_property(name, figure)
    assert figures["beyond_vectors"] < 2e9
    assert figures["accuracy"] > 0.9
