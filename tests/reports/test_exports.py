"""Saved runs in the formats of others, and what a run must have to be exported."""

import json

import pytest
from saved_runs import save_cell, save_run

from xlbench import ResultsError, UsageError
from xlbench.core.record import Run
from xlbench.reports.exports import every_eval_ever, model_card, mteb_results
from xlbench.runs.run_folder import load_run
from xlbench.runs.store import Store

PLACES = {("pairs", "eng-hin"): 30, ("pairs", "hin-eng"): 0, ("./my card.toml", "zho_Hans"): 20}


@pytest.fixture
def run(tmp_path):
    """A run of three scores, a sample and a cell that failed."""
    made = save_run(tmp_path, "alpha", PLACES)
    store = Store(tmp_path)
    save_cell(store, "alpha", "pairs", "eng-tur", 10, limit=60)
    save_cell(store, "alpha", "pairs", "tur-eng", 10, status="error", reason="it failed", scores=())
    return load_run(store.folder(made.model, made.fingerprint))


def test_a_results_folder_of_mteb_has_the_interval_beside_the_score(run):
    """Every task has a file below the model's name and fingerprint, with main_score, interval, method and counts."""
    files = mteb_results.export(run).files
    folder = f"results/xlbench__alpha/{'a' * 64}"
    names = sorted(name.removeprefix(f"{folder}/") for name in files)
    assert [name.partition("-")[0] for name in names] == ["model_meta.json", "my", "pairs.json"]
    pairs = json.loads(files[f"{folder}/pairs.json"])
    entry = next(one for one in pairs["scores"]["test"] if one["hf_subset"] == "eng-hin")
    expected = {"main_score": 0.5, "accuracy": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n": 60, "method": "wilson",
                "n_clusters": 60}  # fmt: skip
    assert {key: entry[key] for key in expected} == expected
    assert entry["languages"] == ["eng-Latn", "hin-Deva"]
    (own,) = (name for name in files if name.startswith(f"{folder}/my"))
    assert json.loads(files[own])["scores"]["test"][0]["languages"] == ["zho-Hans"]


def test_what_mteb_scored_has_mtebs_names(tmp_path):
    """A cell whose facts say what mteb calls its task, subset, split and revision is exported under these names."""
    store = Store(tmp_path)
    facts = {"mteb_task": "NTREX", "mteb_subset": "eng_Latn-hin_Deva", "mteb_split": "dev", "mteb_version": "2.26.24",
             "mteb_revision": "r1"}  # fmt: skip
    save_cell(store, "alpha", "mteb:NTREX?protocol=mteb", "eng-hin", 30, facts=facts)
    (path,) = (path for path in mteb_results.export(load_run(store.folder("alpha", "a" * 64))).files if "NTREX" in path)
    told = json.loads(mteb_results.export(load_run(store.folder("alpha", "a" * 64))).files[path])
    assert path.endswith("/NTREX.json")
    assert (told["task_name"], told["dataset_revision"], told["mteb_version"]) == ("NTREX", "r1", "2.26.24")
    assert told["scores"]["dev"][0]["hf_subset"] == "eng_Latn-hin_Deva"


def test_a_missing_interval_is_null(tmp_path):
    """A score without an interval is exported with null ends, and never with ends of its value."""
    store = Store(tmp_path)
    cell = save_cell(store, "alpha", "pairs", "eng-hin", 30)
    bare = type(cell.scores[0])(0.5, metric="accuracy", n=1, clusters=1)
    save_cell(store, "alpha", "pairs", "eng-hin", 30, scores=(bare,))
    found = load_run(store.folder("alpha", "a" * 64))
    (entry,) = json.loads(next(iter(mteb_results.export(found).files.values())))["scores"]["test"]
    assert (entry["main_score"], entry["ci_low"], entry["ci_high"]) == (0.5, None, None)
    assert "no interval; n = 1" in model_card.export(found).files[model_card.FILE]
    (result,) = json.loads(*every_eval_ever.export(found, 0, "x").files.values())["evaluation_results"]
    assert result["score_details"]["uncertainty"] == {"num_samples": 1}


def test_samples_and_failures_are_left_out_and_counted(run):
    """No export holds a sample or a cell without scores, and each says how many it left out."""
    exports = [mteb_results.export(run), model_card.export(run), every_eval_ever.export(run, 0, "x")]
    for made in exports:
        assert not [content for content in made.files.values() if "eng-tur" in content or "tur-eng" in content]
        assert made.left_out == (
            "1 cell left out: a sample (--limit), or a point of a curve", "1 cell left out: no scores (status error)"
        )  # fmt: skip


def test_a_model_card_is_read_by_the_hubs_client(run):
    """The block is YAML from which the client of the hub makes its own results, with the interval in name and args."""
    yaml = pytest.importorskip("yaml")
    client = pytest.importorskip("huggingface_hub.repocard_data")
    told = yaml.safe_load(model_card.export(run).files[model_card.FILE])
    name, results = client.model_index_to_eval_results(told["model-index"])
    assert (name, len(results)) == ("alpha", 3)
    one = next(one for one in results if one.dataset_config == "eng-hin")
    assert (one.task_type, one.metric_type, one.metric_value) == ("sentence-similarity", "accuracy", 0.5)
    assert one.metric_name == "accuracy (95% interval 0.4 to 0.6, wilson; n = 60, 60 clusters)"
    assert one.metric_args == {"ci_low": 0.4, "ci_high": 0.6, "method": "wilson", "n": 60, "n_clusters": 60}


def test_a_record_of_every_eval_ever_has_what_its_schema_requires(run):
    """All fields that the schema requires are there, details are texts, and the interval is an uncertainty object."""
    record = json.loads(every_eval_ever.export(run, 1_700_000_000, "University of X").files["every_eval_ever.json"])
    assert set(record) == {"schema_version", "evaluation_id", "retrieved_timestamp", "source_metadata", "model_info",
                           "eval_library", "evaluation_results"}  # fmt: skip
    assert record["retrieved_timestamp"] == "1700000000"
    assert {"source_type", "source_organization_name", "evaluator_relationship"} <= set(record["source_metadata"])
    assert {"deployment_type", "model_availability"} <= set(record["model_info"]["additional_details"])
    one = record["evaluation_results"][0]
    assert {"evaluation_name", "source_data", "metric_config", "score_details"} <= set(one)
    assert all(isinstance(text, str) for text in one["source_data"]["additional_details"].values())
    first = next(one for one in record["evaluation_results"] if one["evaluation_name"] == "pairs eng-hin")
    assert first["score_details"]["uncertainty"]["confidence_interval"] == {
        "lower": 0.4, "upper": 0.6, "confidence_level": 0.95, "method": "wilson"
    }  # fmt: skip


def test_what_cannot_be_exported_is_a_line(run):
    """A run without a score is a wrong use, and a damaged one is damaged: neither is half an export."""
    with pytest.raises(UsageError, match="the run of beta has no score to export"):
        mteb_results.export(Run("beta", "b" * 64, ()))
    with pytest.raises(ResultsError, match=r"damaged is not exported: x\.json was edited"):
        model_card.export(Run("beta", "b" * 64, run.cells, troubles=("x.json was edited",)))
