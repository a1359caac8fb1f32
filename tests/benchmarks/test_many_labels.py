"""Many labels: learning and scoring take a time that grows no faster than their number."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from xlbench import Data
from xlbench.encoding import EncodingSession
from xlbench.stats.scorer import Scorer
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task

CARD = """\
name = "many"
area = "news"
protocol = "classification"
description = "Many labels"
license = "CC0-1.0"
languages = ["eng"]
splits = {{ train = "train", test = "test" }}
[data]
reader = "delimited"
files = "{{split}}.tsv"
language = "eng"
fields = {{ text = "text", label = "label" }}
[options]
labels = {labels}
"""
ITEMS, DIMENSIONS = 2400, 16


class Centers:
    """Vectors that lie around that of their label: a text is its item's number and its label's."""

    def encode(self, texts, role=None):
        pairs = np.array([text.split() for text in texts], np.int64)
        centers = np.random.RandomState(0).standard_normal((ITEMS, DIMENSIONS))
        noise = np.random.RandomState(1).standard_normal((ITEMS, DIMENSIONS))
        return (centers[pairs[:, 1]] + 0.1 * noise[pairs[:, 0]]).astype(np.float32)


def seconds(folder, labels: int) -> float:
    """CPU seconds of a cell with so many labels among as many items as ever, with all its scores."""
    folder.mkdir()
    names = [f"label {number:04}" for number in range(labels)]
    for split, first in (("train", 0), ("test", ITEMS // 2)):
        rows = [f"{item} {item % labels}\t{names[item % labels]}\n" for item in range(first, first + ITEMS // 2)]
        (folder / f"{split}.tsv").write_text("text\tlabel\n" + "".join(rows), encoding="utf-8")
    (folder / "many.toml").write_text(CARD.format(labels=names), encoding="utf-8")
    began = time.process_time()
    found = task(read_card(folder / "many.toml"))
    (subset,) = found.subsets(Data(folder))
    outcome = found.evaluate(subset, EncodingSession(Centers()))
    values = [Scorer().score(metric, outcome.columns)[0].value for metric in found.metrics]
    assert min(values) > 0.5
    return time.process_time() - began


@pytest.mark.slow
def test_a_cell_of_many_labels_is_nearly_linear(tmp_path, capsys):
    """Four times as many labels among equally many items take at most eight times as long (quadratic: sixteen)."""
    seconds(tmp_path / "imports", 20)
    few, many = seconds(tmp_path / "few", 150), seconds(tmp_path / "many", 600)
    with capsys.disabled():
        sys.stdout.write(f"\nlabels: 150 in {few:.2f} s, 600 in {many:.2f} s, ratio {many / few:.1f}\n")
    assert many < 8 * few
