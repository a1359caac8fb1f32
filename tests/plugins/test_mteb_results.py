"""Results in mteb's format, read by mteb itself."""

import pytest
from saved_runs import PRINTS, save_run
from tiny_task import one_line

from xlbench.runs.run_folder import load_run

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")

PLACES = {("pairs", "eng-hin"): 30, ("pairs", "hin-eng"): 0, ("topics", "hin"): 20}


@pytest.fixture
def mteb(tmp_path, monkeypatch):
    """mteb, whose cache lies in the test's folder."""
    monkeypatch.setenv("MTEB_CACHE", str(tmp_path / "cache"))
    import mteb

    return mteb


def test_an_export_is_read_back_by_mteb(mteb, tmp_path, xlbench_cli):
    """mteb's cache finds the tasks of an export, keeps the interval's keys, and knows the model by its fingerprint."""
    from mteb.cache import ResultCache

    run = save_run(tmp_path / "results", "alpha", PLACES)
    done = xlbench_cli(["export", "mteb", run.folder, "--out", "theirs"])
    assert done.returncode == 0, done.stderr
    cache = ResultCache(tmp_path / "theirs")
    result = cache.load_task_result("pairs", "xlbench/alpha", PRINTS["alpha"])
    assert result.get_score() == pytest.approx(0.25)
    assert result.get_score(languages=["hin"]) == pytest.approx(0.25)
    entry = next(one for one in result.scores["test"] if one["hf_subset"] == "eng-hin")
    assert {key: entry[key] for key in ("ci_low", "ci_high", "n", "method", "n_clusters")} == {
        "ci_low": 0.4, "ci_high": 0.6, "n": 60, "method": "wilson", "n_clusters": 60
    }  # fmt: skip
    meta = cache._load_model_meta_from_cache("xlbench/alpha", PRINTS["alpha"])
    assert (meta.name, meta.revision) == ("xlbench/alpha", PRINTS["alpha"])
    (model,) = cache.load_results(validate_and_filter=False).model_results
    assert (model.model_name, model.model_revision) == ("xlbench/alpha", PRINTS["alpha"])
    assert {task.task_name for task in model.task_results} == {"pairs", "topics"}


@pytest.mark.parametrize("command", ["model-card", "every-eval-ever"])
def test_another_models_export_is_not_replaced(command, tmp_path, xlbench_cli):
    """Into the folder of one model's card, or record, that of another is not written: one line, and the file stays."""
    first, second = (save_run(tmp_path / "results", name, PLACES) for name in ("alpha", "beta"))
    assert xlbench_cli(["export", command, first.folder, "--out", "card"]).returncode == 0
    (path,) = (tmp_path / "card").iterdir()
    before = path.read_bytes()
    done = xlbench_cli(["export", command, second.folder, "--out", "card"])
    assert done.returncode == 2
    assert f"{path.name} was not written by this command for this model" in one_line(done, 2)
    assert path.read_bytes() == before


def test_an_export_replaces_its_own_files_alone(tmp_path, xlbench_cli):
    """The same command twice is fine; a result that something else has written is not overwritten: one line."""
    run = save_run(tmp_path / "results", "alpha", PLACES)
    for command in ("mteb", "model-card", "every-eval-ever"):
        for _ in range(2):
            done = xlbench_cli(["export", command, run.folder, "--out", command])
            assert done.returncode == 0, done.stderr
    assert load_run(tmp_path / "results" / run.folder.rpartition("/")[2]).cells
    theirs = next((tmp_path / "mteb").rglob("pairs.json"))
    theirs.write_text('{"task_name": "pairs"}')
    (line,) = xlbench_cli(["export", "mteb", run.folder, "--out", "mteb"]).stderr.splitlines()
    assert "pairs.json was not written by this command" in line
    done = xlbench_cli(["export", "mteb", "nowhere"])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
