"""The report of a training: what is said of two models on the same pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xlbench import Model, Run
from xlbench.core.ids import digest
from xlbench_train.siamese import report
from xlbench_train.siamese.pairs.pairs import Pairs

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


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], Run]:
    """A folder with the cards of the pairs, and the base scored on them."""
    folder = tmp_path_factory.mktemp("report")
    cards = report.write_cards(PAIRS, folder)
    return folder, cards, report.score(model("before", 2.0, 0.0), cards, folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "common", "epochs", "gap", "notes"),
    [
        (2.0, 2.0, 3, "worse", {report.ANISOTROPY, report.CHOSEN}),
        (2.0, 0.7, 1, "cannot tell", {report.PERHAPS}),
        (0.2, 0.0, 1, "better", set()),
    ],
)
def test_vectors_that_all_came_closer_are_told_from_translations_that_did(before, noise, common, epochs, gap, notes):
    """A common direction in all vectors raises the mean cosine of translations and not the gap to random pairs, and a
    note says so, or that it cannot be told; less noise raises both, without one. Where an epoch was chosen on these
    pairs, that is said."""
    folder, cards, run = before
    found = report.compare_scores(run, report.score(model("after", noise, common), cards, folder), epochs)
    assert found.by_metric["cosine_true"].verdict == "higher"
    assert found.by_metric["cosine_gap"].verdict == gap
    assert set(found.notes) == notes


def test_pairs_of_one_text_in_several_files_are_one_cluster(tmp_path):
    """A sentence and its translations into two languages, each from a file of its own, are no independent evidence; a
    document keeps its name."""
    languages = (("eng", "hin"), ("eng", "hin"), ("eng", "hin"), ("eng", "tur"), ("eng", "tur"))
    first, second = ("one", "two", "three", "two", "four"), ("ek", "do", "teen", "iki", "dort")
    pairs = Pairs(first, second, ("h:0", "h:1", "d", "t:0", "d"), languages)
    report.write_cards(pairs, tmp_path)
    found = {}
    for language in ("eng", "hin", "tur"):
        rows = [line.split("\t") for line in (tmp_path / f"{language}.tsv").read_text("utf-8").splitlines()[1:]]
        found[language] = {text: cluster for _, cluster, text in rows}
    assert found == {
        "eng": {"one": "h:0", "two": "h:1", "three": "d", "four": "d"},
        "hin": {"ek": "h:0", "do": "h:1", "teen": "d"},
        "tur": {"iki": "h:1", "dort": "d"},
    }
