"""A real encoder in one process: mteb by itself, and tasks of mteb by its protocol here, are equal.

The encoder is multilingual-e5-small, 4 bits, where `make real` has made it; the data is SIB-200 and NTREX in the hub's
layout.
"""

import json

import pytest
from conftest import ROOT
from own_mteb import mteb_in
from real_data import DATA, needs

import xlbench

ENCODER = ROOT / "out" / "real" / "multilingual-e5-small-q4"
EVERY = {"train": 6, "validation": 2, "test": 3}
"""Every so many lines of SIB-200 are taken, which are ordered by topic: mteb numbers the topics of each split anew, so
that each has to have them all."""
PAIRS = 60
"""Lines of NTREX."""

pytestmark = [
    pytest.mark.slow,
    needs("sib200", "ntrex"),
    pytest.mark.skipif(not (ENCODER / "model.safetensors").is_file(), reason=f"no {ENCODER}: `make real` makes it"),
]
pytest.importorskip("mteb")
sentence_transformers = pytest.importorskip("sentence_transformers")


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb, whose cache is a folder of the test."""
    with mteb_in(tmp_path_factory.mktemp("mteb")) as its:
        yield its


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data root with lines of SIB-200 in Hindi, and of NTREX in English and Hindi, as the hub has them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    root = tmp_path_factory.mktemp("data")
    sib = root / "mteb" / "sib200"
    (sib / "hin_Deva").mkdir(parents=True)
    files = ""
    for split, name in {"train": "train", "validation": "dev", "test": "test"}.items():
        lines = (DATA / "sib200" / "data" / "annotated" / "hin_Deva" / f"{name}.tsv").read_text("utf-8").split("\n")
        rows = [line.rstrip("\r").split("\t") for line in lines[1:] if line][:: EVERY[split]]
        named = ({"index_id": int(index), "category": label, "text": text} for index, label, text in rows)
        (sib / "hin_Deva" / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named))
        files += f"  - split: {split}\n    path: hin_Deva/{split}.jsonl\n"
    (sib / "README.md").write_text(f"---\nconfigs:\n- config_name: hin_Deva\n  data_files:\n{files}---\n")
    ntrex = root / "mteb" / "NTREXBitextMining"
    ntrex.mkdir()
    sides = {"eng_Latn": "newstest2019-src.eng.txt", "hin_Deva": "newstest2019-ref.hin.txt"}
    columns = {}
    for column, name in sides.items():
        (file,) = (DATA / "ntrex").rglob(name)
        columns[column] = [line.rstrip("\r") for line in file.read_text("utf-8").split("\n")][:PAIRS]
    pq.write_table(pa.table(columns), ntrex / "test.parquet")
    return root


@pytest.mark.parametrize(
    ("name", "subset", "language"),
    [("SIB200Classification", "hin_Deva", "hin"), ("NTREXBitextMining", "eng_Latn-hin_Deva", "eng-hin")],
)
def test_both_sides_are_equal_in_one_process(mteb, folder, name, subset, language, tmp_path, monkeypatch):
    """`mteb.evaluate` of the checkpoint as sentence-transformers loads it, and `st:` with `protocol=mteb`: all metrics
    to 1e-6."""
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")  # where others' folders are not
    task = mteb.get_task(name, hf_subsets=[subset])
    own = task.metadata
    dataset = {**own.dataset, "path": str(folder / own.dataset["path"]), "revision": None}
    task.metadata = own.model_copy(update={"dataset": dataset})
    task.load_data()
    task.metadata = own
    model = sentence_transformers.SentenceTransformer(str(ENCODER), device="cpu")
    done = mteb.evaluate(model, [task], cache=None, co2_tracker=False, show_progress_bar=False)
    (theirs,) = (one for one in done.task_results[0].scores["test"] if one["hf_subset"] == subset)
    found = xlbench.run(
        f"st:{ENCODER}", f"mteb:{name}?protocol=mteb", languages="hin", data=folder, results=tmp_path, cache=False
    )
    (cell,) = (cell for cell in found.runs[0].cells if cell.subset == language)
    assert cell.status == "ok", cell.reason
    ours = {score.metric: score.value for score in cell.scores}
    assert len(ours) >= 4
    assert ours == pytest.approx({metric: theirs[metric] for metric in ours}, abs=1e-6)
    assert cell.main.value == pytest.approx(theirs["main_score"], abs=1e-6)
    assert cell.main.value > 0.4  # far from chance: a real encoder
    assert cell.main.has_interval
