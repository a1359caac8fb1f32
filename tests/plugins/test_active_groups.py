"""Groups of a study that are made on other vectors than those of its encoder."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import xlbench
from xlbench import catalog
from xlbench_train.active.settings import Settings
from xlbench_train.active.study import StudyRequest, run_recipe
from xlbench_train.training.terminal import Terminal

MINI = Path(xlbench.__file__).parent.parent / "tasks/xlbench_tasks"


def card(folder: Path) -> str:
    """A card of the embedded opinions with one pool: a half of them is held out."""
    head, _, _ = (MINI / "cards/mini-sentiment.toml").read_text("utf-8").partition("[options]")
    head = head.replace("folds = 10", "holdout = { train = 0.5, test = 0.5 }").replace("embedded = true\n", "")
    text = head.replace('"mini-sentiment"', '"few"') + '[options]\nlabels = ["negative", "neutral", "positive"]\n'
    (folder / "few.toml").write_text(text, encoding="utf-8")
    return str(folder / "few.toml")


def scores(out: Path, clustered_on: str) -> list[str]:
    """Macro-F1 of every seed and round of random draws from groups, by a whole study."""
    settings = Settings(
        "ngram", (f"{card(out.parent)}:isl",), out, clusters=("ward",), clustered_on=clustered_on, clusters_a_class=4,
        budget=12, rounds=2, seeds=2, full=False,
    )  # fmt: skip
    assert run_recipe(StudyRequest(settings, catalog.load(), MINI / "mini", ["xlbench"]), Terminal(quiet=True)) == 0
    with (out / "curves.csv").open(encoding="utf-8", newline="") as file:
        return [row["macro_f1"] for row in csv.DictReader(file) if row["strategy"] == "uniform_ward"]


@pytest.mark.slow
def test_texts_are_grouped_on_the_vectors_of_another_model(tmp_path):
    """Groups on another model's vectors choose other texts than groups on the base's."""
    found = {name: scores(tmp_path / name, name) for name in ("vectors", "siamese-mini")}
    assert len(found["vectors"]) == len(found["siamese-mini"]) == 4
    assert found["siamese-mini"] != found["vectors"]
