"""mteb's published scores of its random baseline on NTREX, through `mteb:` on a folder in the hub's layout."""

import csv

import pytest
from real_data import DATA, GOLDEN, needs

import xlbench
from xlbench import Data
from xlbench.catalog import load

pytestmark = [needs("ntrex", "random_encoder.tsv"), pytest.mark.slow]
pytest.importorskip("mteb")

TAKEN = {"eng": "eng_Latn", "hin": "hin_Deva", "deu": "deu_Latn", "swa": "swa_Latn", "nep": "nep_Deva"}


@pytest.fixture
def folder(tmp_path):
    """A data root with NTREX as the hub has it: a column a language, of some of the languages."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = {}
    for subset in load().tasks["ntrex"].subsets(Data(DATA, languages=tuple(TAKEN))):
        if not subset.missing and set(subset.languages) <= set(TAKEN):
            pair = subset.load()
            texts |= dict(zip(subset.languages, (pair.queries, pair.candidates), strict=True))
    home = tmp_path / "mteb" / "NTREXBitextMining"
    home.mkdir(parents=True)
    pq.write_table(pa.table({TAKEN[code]: list(side) for code, side in texts.items()}), home / "test.parquet")
    return tmp_path


def test_published_scores_are_reproduced(folder, tmp_path):
    """Accuracy and F1 of every pair of these languages are the published ones, to six decimals."""
    with (GOLDEN / "random_encoder.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["task"] == "NTREXBitextMining"]
    published = {row["subset"]: (float(row["accuracy"]), float(row["f1"].strip())) for row in rows}
    found = xlbench.run(
        "random", "mteb:NTREXBitextMining?protocol=mteb", data=folder, results=tmp_path / "r", cache=False
    )
    scored = [cell for cell in found.runs[0].cells if cell.status == "ok"]
    compared = 0
    for cell in scored:
        if cell.facts["mteb_subset"] not in published:
            continue
        by_metric = {score.metric: score.value for score in cell.scores}
        expected = published[cell.facts["mteb_subset"]]
        assert (by_metric["accuracy"], by_metric["f1"]) == pytest.approx(expected, abs=1e-6), cell.subset
        assert cell.main.has_interval
        compared += 1
    assert compared >= 8
