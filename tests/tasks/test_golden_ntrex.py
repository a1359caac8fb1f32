"""The published scores of mteb's random baseline on NTREX, reproduced without any weights."""

import csv

import pytest
from real_data import DATA, GOLDEN, needs

from xlbench import Data
from xlbench.catalog.loading import load
from xlbench.encoding import EncodingSession

pytestmark = [needs("ntrex", "random_encoder.tsv"), pytest.mark.slow]


def published():
    """Subset -> (accuracy, weighted F1), by our names: mteb writes the script of every language."""

    def code(name):
        return name if name.startswith("zho") else name.split("_")[0]

    with (GOLDEN / "random_encoder.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["task"] == "NTREXBitextMining"]
    return {
        "-".join(map(code, row["subset"].split("-"))): (float(row["accuracy"]), float(row["f1"]))
        for row in rows
        if "srp" not in row["subset"]  # two scripts of one code, and not at hand
    }


def test_random_reproduces_every_published_ntrex_pair(scale):
    """mteb_accuracy and mteb_f1 of `random` equal the published figures to six decimals, on every published pair
    among English and every third language that is at hand; in a campaign, among all that are."""
    found = load()
    task, model = found.tasks["ntrex-all"], found.models["random"]
    figures = published()
    listed = [subset for subset in task.subsets(Data(DATA)) if subset.name in figures and not subset.missing]
    languages = sorted({language for subset in listed for language in subset.languages})
    taken = {"eng", *(languages[::3] if scale == 1 else languages)}
    subsets = [subset for subset in listed if taken.issuperset(subset.languages)]
    session = EncodingSession(model.load())
    metrics = {metric.name: metric for metric in task.metrics}
    wrong = {}
    for subset in subsets:
        columns = task.evaluate(subset, session).columns
        ours = tuple(
            round(float(metrics[name].value(metrics[name].rows(columns).sum(axis=0))), 6)
            for name in ("mteb_accuracy", "mteb_f1")
        )
        if ours != figures[subset.name]:
            wrong[subset.name] = (ours, figures[subset.name])
    # Between English and the 34 languages at hand (Traditional Chinese is not) the file of published figures has 536
    # pairs, counted by its names alone.
    assert len(listed) >= 536
    assert len(subsets) >= (60 if scale == 1 else 536)
    assert not wrong
