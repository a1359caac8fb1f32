"""The report of a training: what is said of two models on the same pairs."""

from __future__ import annotations

import numpy as np
import pytest

from xlbench import Model
from xlbench.core.ids import digest
from xlbench_train.pairs.pairs import Pairs
from xlbench_train.training import report

pytestmark = pytest.mark.slow

N = 40
PAIRS = Pairs(
    tuple(f"first {row}" for row in range(N)), tuple(f"second {row}" for row in range(N)),
    tuple(f"d{row}" for row in range(N)), (("eng", "hin"),) * N,
)  # fmt: skip


class Made:
    """A vector of its own a pair, with as much noise a text, and as much of one direction in all of them."""

    def __init__(self, noise: float, common: float) -> None:
        self.noise, self.common = noise, common

    def encode(self, texts, role=None):
        def drawn(text):
            return np.random.default_rng(int(digest(text)[:8], 16)).normal(size=16)

        return np.array([drawn(text.split()[1]) + self.noise * drawn(text) + self.common for text in texts])


def model(name, noise, common):
    return Model(name, load=lambda: Made(noise, common), fingerprint=lambda: f"{noise} {common}")


@pytest.mark.parametrize(
    ("noise", "common", "epochs", "notes"),
    [(2.0, 2.0, 3, {report.ANISOTROPY, report.CHOSEN}), (0.2, 0.0, 1, set())],
)
def test_vectors_that_all_came_closer_are_told_from_translations_that_did(tmp_path, noise, common, epochs, notes):
    """A common direction in all vectors raises the mean cosine of translations and not the gap to random pairs, and a
    note says so; less noise raises both, without one. Where an epoch was chosen on these pairs, that is said."""
    cards = report.write_cards(PAIRS, tmp_path)
    runs = [report.score(one, cards, tmp_path) for one in (model("before", 2.0, 0.0), model("after", noise, common))]
    found = report.compare_scores(*runs, epochs)
    assert found.by_metric["cosine_true"].verdict == "higher"
    assert (found.by_metric["cosine_gap"].verdict == "better") == (report.ANISOTROPY not in notes)
    assert set(found.notes) == notes
