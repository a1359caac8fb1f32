"""What an exact search costs beside the matrix product that it cannot do without, in time and in memory.

With XLBENCH_LARGE=1: 100,000 documents and 1,000 queries of 384 numbers.
"""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest
from conftest import LARGE

from xlbench_tasks.protocols.numbers import judgments, nearest

DOCUMENTS, QUERIES, WIDTH = (100_000, 1_000, 384) if LARGE else (20_000, 200, 384)


def made() -> tuple[np.ndarray, np.ndarray, judgments.Judgments]:
    """Documents, queries that are near to some of them, and two judgments a query."""
    random = np.random.default_rng(0)
    documents = random.standard_normal((DOCUMENTS, WIDTH), np.float32)
    right = random.permutation(DOCUMENTS)[:QUERIES]
    queries = documents[right] + 1.5 * random.standard_normal((QUERIES, WIDTH), np.float32)
    rows = [
        (query, int(place), 1)
        for query, first in enumerate(right)
        for place in sorted({first, (first + 1) % DOCUMENTS})
    ]
    return documents, queries, judgments.of_rows(rows, QUERIES, DOCUMENTS)


@pytest.mark.slow
def test_a_search_takes_little_more_than_its_product(record_property):
    """Ranks of judged documents among all, exactly, in less than six times the time of the bare product; the hundred
    nearest, in less than twenty. Beyond the vectors both stay below a gigabyte."""
    documents, queries, judged = made()
    unit = nearest.scale(documents, "cosine")
    started = time.perf_counter()
    for start in range(0, QUERIES, 256):
        queries[start : start + 256] @ unit.T
    product = time.perf_counter() - started
    tracemalloc.start()
    started = time.perf_counter()
    index = nearest.Index.of(documents)
    ranks, _ = nearest.rank_judged(queries, index, judged)
    ranking = time.perf_counter() - started
    started = time.perf_counter()
    places, _ = nearest.nearest(queries, index, 100)
    finding = time.perf_counter() - started
    peak = tracemalloc.get_traced_memory()[1] - documents.nbytes  # the index holds scaled copies of the vectors
    tracemalloc.stop()
    figures = {"product": product, "ranks": ranking, "nearest": finding, "beyond_vectors": float(peak)}
    for name, figure in figures.items():
        record_property(name, figure)
    assert (ranks > 0).all()
    assert places.shape == (QUERIES, 100)
    assert ranking < 6 * product + 1
    assert finding < 20 * product + 1
    assert peak < 2**30
