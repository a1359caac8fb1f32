"""The probe of the tagging protocol on many words: what it costs in time and memory."""

import json
import os
import subprocess
import sys

import pytest
from conftest import LARGE

WORDS = "32768" if LARGE else "4096"
CODE = """
import json, sys, time
import numpy as np
from xlbench.runs.provenance import peak_memory_bytes
from xlbench_tasks.protocols.numbers import tagging_probe

words, d, tags = int(sys.argv[1]), 768, 13  # a word encoder of the usual width
random = np.random.RandomState(0)
codes = np.where(random.rand(words) < 0.85, 0, random.randint(1, tags, words))
directions = 0.1 * random.standard_normal((tags, d)).astype(np.float32)  # weak: most words can be told, not all
vectors = np.empty((words, d), np.float32)
for start in range(0, words, 4096):  # in parts, so that making the vectors is not what is measured
    part = slice(start, start + 4096)
    vectors[part] = random.standard_normal(vectors[part].shape)
    vectors[part] += directions[codes[part]]
started = time.process_time()
probe = tagging_probe.fit(vectors, np.arange(words), codes, tags)
seconds = time.process_time() - started
started = time.process_time()
for start in range(0, words, 4096):  # what each step has to do at least: two products in double precision
    part = vectors[start : start + 4096].astype(np.float64)
    part.T @ (part @ probe.weights)
products = time.process_time() - started
peak = peak_memory_bytes()
answers = probe.log_probabilities(vectors[:20_000]).argmax(axis=1)
print(json.dumps({
    "processor_seconds": seconds,
    "of_products": products,
    "iterations": probe.iterations,
    "converged": probe.converged,
    "beyond_vectors": peak - vectors.nbytes,
    "vectors": vectors.nbytes,
    "accuracy": float((answers == codes[:20_000]).mean()),
}))
"""


@pytest.mark.slow
def test_a_large_training_set_costs_what_its_products_cost_and_bounded_memory(record_property):
    """4,096 words of 768 dimensions, with `make bench` 32,768: the probe converges, in a small multiple of the time of
    its steps' products.

    Beside the vectors it needs less than three times their memory, and a quarter of a gigabyte.
    """
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CODE, WORDS], env=environment, capture_output=True, text=True, check=True
    )
    figures = json.loads(done.stdout)
    for name, figure in figures.items():
        record_property(name, figure)
    assert figures["converged"]
    assert figures["processor_seconds"] < 4 * figures["of_products"] * (figures["iterations"] + 20)
    assert figures["beyond_vectors"] < 3 * figures["vectors"] + (256 << 20)
    assert figures["accuracy"] > 0.9
