"""How fast encoders over n-grams are. A machine's speed varies from hour to hour, so each is held against a plain loop
that hashes the same n-grams in the same minute; sentences a second are recorded with the result, not asserted."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import xlbench_baselines
import xlbench_train

SENTENCES, CHARACTERS = 2000, 40
ALPHABETS = {"Latin": "abcdefghijklmnopqrstuvwxyzäéñß", "Cyrillic": "абвгдежзиклмнопрстуфхцчшыьэюя"}


def sentences(alphabet: str) -> list[str]:
    """Texts of exactly 40 characters: words of 1 to 9 letters, drawn from ``alphabet``, the same in every run."""
    generator = np.random.default_rng(20)
    letters = generator.choice(list(alphabet), size=(SENTENCES, CHARACTERS))
    letters[generator.random(letters.shape) < 1 / 6] = " "
    return ["".join(row) for row in letters]


def plain_loop(texts: list[str]) -> np.ndarray:
    """The obvious way: every n-gram of every word, hashed by zlib.crc32 into a signed bucket, damped, normalized."""
    vectors = np.zeros((len(texts), 1024), np.float32)
    for vector, text in zip(vectors, texts, strict=True):
        counts = [0] * 1024
        for word in text.casefold().split():
            padded = f" {word} "
            for n in (1, 2, 3, 4):
                for start in range(len(padded) - n + 1):
                    value = zlib.crc32(padded[start : start + n].encode())
                    counts[value % 1024] += 1 if value >> 31 else -1
        vector[:] = counts
        vector[:] = np.copysign(np.sqrt(np.abs(vector)), vector)
        vector /= np.linalg.norm(vector)
    return vectors


def shortest_seconds(*calls: Callable[[], object], rounds: int = 5) -> list[float]:
    """The shortest of ``rounds`` wall times of each call, taken in turns, so that a slow minute slows all of them."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            call()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


@pytest.mark.slow
@pytest.mark.parametrize("script", ALPHABETS)
@pytest.mark.parametrize(("name", "times_faster"), [("ngram", 3.0), ("ngram-translit", 2.0), ("siamese-mini", 2.0)])
def test_ngrams_are_faster_than_a_plain_loop(
    name: str, times_faster: float, script: str, record_property: Callable[[str, object], None]
) -> None:
    """On one thread and 40-character sentences, an encoder over n-grams is a multiple faster than a plain loop."""
    texts = sentences(ALPHABETS[script])
    models = [*xlbench_baselines.xlbench_models(), *xlbench_train.xlbench_models()]
    encoder = next(model for model in models if model.name == name).load()
    with threadpool_limits(limits=1):
        loop, vectorized = shortest_seconds(lambda: plain_loop(texts), lambda: encoder.encode(texts))
    record_property("sentences_per_second", round(SENTENCES / vectorized))
    record_property("times_faster_than_a_loop", round(loop / vectorized, 2))
    assert loop / vectorized > times_faster
