"""The scheme `mteb:` for tasks and suites: mteb's data with our protocols and with mteb's own, against mteb itself."""

import json
import logging

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from own_mteb import mteb_in

import xlbench
from xlbench import Data, DataError, DataMissing, UsageError
from xlbench.catalog import load

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")

MADE = ("Bitext", "Parallel", "Classification", "Clustering", "LegacyClustering")


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb with tasks of our own in its registry, which hold their data themselves."""
    with mteb_in(tmp_path_factory.mktemp("mteb"), MADE) as its:
        yield its


def run(spec, models, tmp_path, **more):
    """The cells of a task, by model and subset; all of them have scores."""
    found = xlbench.run(models, spec, results=tmp_path, cache=False, **more)
    cells = {(run.model, cell.subset): cell for run in found for cell in run.cells}
    assert not [cell.reason for cell in cells.values() if cell.status != "ok"]
    return cells


@pytest.mark.parametrize("name", MADE)
def test_mtebs_protocol_gives_mtebs_scores(mteb, name, tmp_path, scale):
    """With `protocol=mteb` all metrics of every subset are those of `mteb.evaluate`, to 1e-6, by the n-grams, in a
    campaign by random vectors, too."""
    import mteb_tasks

    for model in ("ngram", "random") if scale > 1 else ("ngram",):
        cells = run(f"mteb:Made{name}?protocol=mteb", model, tmp_path)
        done = mteb.evaluate(
            xlbench.as_mteb(model, cache=False), [getattr(mteb_tasks, name)()], cache=None, co2_tracker=False,
            show_progress_bar=False,
        )  # fmt: skip
        theirs = {one["hf_subset"]: one for one in done.task_results[0].scores["test"]}
        assert {cell.facts["mteb_subset"] for cell in cells.values()} == set(theirs)
        for cell in cells.values():
            expected = theirs[cell.facts["mteb_subset"]]
            assert cell.main.value == pytest.approx(expected["main_score"], abs=1e-6)
            ours = {score.metric: score.value for score in cell.scores}
            assert ours == pytest.approx({metric: expected[metric] for metric in ours}, abs=1e-6)
            assert all(score.has_interval or score.note for score in cell.scores)


def test_our_protocols_score_mtebs_data(mteb, tmp_path):
    """Without a protocol the tasks have our metrics, languages as subsets, and intervals."""
    mains = {"Bitext": "accuracy", "Parallel": "accuracy", "Classification": "macro_f1", "Clustering": "purity",
             "LegacyClustering": "purity"}  # fmt: skip
    subsets = {"Bitext": {"eng-hin", "deu-eng"}, "Classification": {"eng", "hin"}, "Clustering": {"eng"},
               "LegacyClustering": {"eng"}}  # fmt: skip
    for name, main in mains.items():
        cells = run(f"mteb:Made{name}", "ngram", tmp_path)
        assert {cell.main.metric for cell in cells.values()} == {main}
        assert all(cell.main.has_interval for cell in cells.values())
        assert subsets.get(name, {subset for _, subset in cells}) == {subset for _, subset in cells}


def test_languages_are_chosen_before_data_is_loaded(mteb, tmp_path, monkeypatch):
    """With languages, mteb loads the subsets that have them, and no others."""
    import mteb_tasks

    asked = []
    original = mteb_tasks.Classification.load_data

    def load_data(self, **more):
        asked.append(list(self.hf_subsets))
        original(self, **more)

    monkeypatch.setattr(mteb_tasks.Classification, "load_data", load_data)
    assert {subset for _, subset in run("mteb:MadeClassification", "random", tmp_path, languages="hin")} == {"hin"}
    assert asked == [["hi"]]


def test_a_sentence_in_many_languages_is_one_cluster(mteb):
    """Rows of parallel data, and equal English texts of pairs, are one item in every subset."""
    (parallel,) = load().select_tasks(["mteb:MadeParallel"])
    pairs = {subset.name: subset.load().pair for subset in parallel.subsets(Data())}
    assert len(pairs) == 6
    assert len({pair.clusters for pair in pairs.values()}) == 1
    (bitext,) = load().select_tasks(["mteb:MadeBitext"])
    one, other = (subset.load().pair for subset in bitext.subsets(Data()))
    assert set(one.clusters) == set(other.clusters)
    assert len(set(one.clusters)) == 59  # of 60 texts two are equal


def test_results_go_back_under_mtebs_names(mteb, tmp_path, xlbench_cli):
    """A run by mteb's protocol is exported as mteb's task, subset, split, revision and version."""
    found = xlbench.run("ngram", "mteb:MadeBitext?protocol=mteb", results=tmp_path / "r", cache=False)
    done = xlbench_cli(["export", "mteb", found.runs[0].folder, "--out", "theirs"])
    assert done.returncode == 0, done.stderr
    told = json.loads(next((tmp_path / "theirs").rglob("MadeBitext.json")).read_text())
    assert (told["dataset_revision"], told["mteb_version"]) == ("1", mteb.__version__)
    assert {one["hf_subset"] for one in told["scores"]["test"]} == {"eng-hin", "deu-eng"}


def test_patterns_and_benchmarks_are_read_from_metadata(mteb, caplog):
    """`mteb:*` is every task of a type that has a protocol, without a word on betas; a benchmark is a suite of
    its tasks, with its subsets."""
    every = load().select_tasks(["mteb:*"])
    assert not [record for record in caplog.records if "beta" in record.getMessage()]
    assert len(every) > 300
    assert {"retrieval", "sentiment", "news", "clustering", "classification", "similarity"} == {
        task.area for task in every
    }
    ntrex = next(task for task in every if task.name == "mteb:NTREXBitextMining")
    assert {"hin", "zho_Hans", "zho_Hant", "srp_Cyrl", "srp_Latn"} <= set(ntrex.languages)
    suite = load().select_suite("mteb:MTEB(Scandinavian, v1)")
    assert suite.name.startswith("mteb-MTEB-Scandinavian-v1-")
    name = "mteb:MassiveIntentClassification?benchmark=MTEB(Scandinavian, v1)"
    assert name in suite.tasks
    (massive,) = load().select_tasks([name])
    assert massive.name == name
    assert {"dan", "swe"} <= set(massive.languages)
    assert "hin" not in massive.languages


def test_a_type_without_a_protocol_fails_alone(mteb, tmp_path):
    """Named by itself it is a wrong use; in a benchmark its cell says why it has no score, and the others go on."""
    with pytest.raises(UsageError, match="is of the type Summarization, for which there is no protocol here"):
        load().select_tasks(["mteb:SummEvalSummarization.v2"])
    suite = load().select_suite("mteb:MTEB(eng, v2)")
    (summaries,) = load().select_tasks([next(name for name in suite.tasks if "SummEval" in name)])
    found = xlbench.run(
        "random", [summaries, *load().select_tasks(["mteb:MadeClustering"])], results=tmp_path, cache=False
    )
    assert {cell.task.partition("?")[0]: cell.status for run in found for cell in run.cells} == {
        "mteb:SummEvalSummarization.v2": "error", "mteb:MadeClustering": "ok"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("tasks", "mteb:NTREXBitextMinin", r"mteb has no task 'NTREXBitextMinin'\. Did you mean 'NTREXBitextMining'"),
        ("tasks", "mteb:NTREXBitextMining?protocol=theirs", "choose one of xlbench, mteb"),
        ("tasks", "mteb:NTREXBitextMining?benchmark=MTEB(eng, v2)", "has no task 'NTREXBitextMining'"),
        ("suite", "mteb:MTEB(Indic, v)", r"mteb has no benchmark .* Did you mean 'MTEB\(Indic, v1\)'"),
    ],
)
def test_wrong_names_are_lines(mteb, kind, spec, said):
    """A task, a protocol or a benchmark that there is not: one line, with what was meant."""
    catalog = load()
    with pytest.raises(UsageError, match=said):
        catalog.select_tasks([spec]) if kind == "tasks" else catalog.select_suite(spec)


def test_data_that_is_not_here_is_skipped_offline(xlbench_cli):
    """Without a network the task is skipped, with a line that says how to bring its data, as a shell takes it."""
    spec = "mteb:SIB200Classification?protocol=mteb"
    done = xlbench_cli(["run", "-m", "random", "-t", spec, "-l", "hin", "--offline"])
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("skipped: ")]
    assert "mteb/sib200 at a74d7350ea12 is not at hand (offline, and not in the cache)" in line
    assert line.endswith(f"; xlbench fetch --task '{spec}' brings it")


def test_a_hub_that_does_not_answer_is_asked_once(mteb, monkeypatch):
    """One short attempt, and none by the library of data sets, which would try again for half a minute a task."""
    from xlbench import hub
    from xlbench_mteb.opened import Opened

    asked, loaded = [], []

    def absent(self, subset, source):
        loaded.append(subset.label)
        raise DataError("nothing is in the cache")

    monkeypatch.setattr(hub, "is_offline", lambda: False)
    monkeypatch.setattr(hub, "answers", lambda: bool(asked.append(1)))
    monkeypatch.setattr(Opened, "_by_mteb", absent)
    (task,) = load().select_tasks(["mteb:SIB200Classification"])
    with pytest.raises(DataMissing, match=r"is not at hand \(the hub does not answer\)"):
        [*task.subsets(Data(languages=("hin", "nep")))]
    assert (asked, loaded) == ([1], ["hin"])


def keep_as_loaded(folder, revision, rows):
    """Into the cache of the library of data sets: SIB-200 in Hindi, as if it had been loaded at a revision."""
    import datasets
    from datasets.arrow_writer import ArrowWriter

    home = folder / "mteb___sib200" / "hin_Deva" / "0.0.0" / revision
    home.mkdir(parents=True)
    features = datasets.Features({key: datasets.Value("int64" if key == "index_id" else "string") for key in rows[0]})
    splits = datasets.SplitDict(dataset_name="sib200")
    for split in ("train", "validation", "test"):
        with ArrowWriter(path=str(home / f"sib200-{split}.arrow"), features=features) as writer:
            for row in rows:
                writer.write(row)
            writer.finalize()
        splits.add(datasets.SplitInfo(split, 1, len(rows), dataset_name="sib200"))
    datasets.DatasetInfo(
        features=features, builder_name="json", dataset_name="sib200", config_name="hin_Deva", version="0.0.0",
        splits=splits,
    ).write_to_directory(str(home))  # fmt: skip


@pytest.mark.parametrize("name", ["SIB200Classification", "SIB200ClusteringS2S"])
def test_offline_the_pinned_revision_is_read_from_the_cache_and_no_other(mteb, name, tmp_path, monkeypatch):
    """What was loaded before is there again, without a word; another revision is not taken for it, nor where mteb makes
    other tables of it, which no longer say what they were."""
    import datasets
    from datasets.utils import logging as log

    from xlbench_mteb.opened import Opened

    def settings_now():
        return log.get_verbosity(), datasets.are_progress_bars_disabled()

    def load_data(self, *more, by_mteb=Opened._by_mteb):
        seen.append(settings_now())
        return by_mteb(self, *more)

    before, seen = settings_now(), []
    monkeypatch.setattr(Opened, "_by_mteb", load_data)
    monkeypatch.setattr("xlbench.hub.is_offline", lambda: True)
    rows = [
        {"index_id": number, "text": f"{word} {number}", "category": word}
        for number in range(20)
        for word in ("science", "travel")
    ]
    for number, revision in enumerate(("a74d7350ea12af010cfb1c21e34f1f81fd2e615b", "b" * 40)):
        folder = tmp_path / str(number)
        monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder)
        keep_as_loaded(folder, revision, rows)
        found = xlbench.run("ngram", f"mteb:{name}", languages="hin", results=tmp_path / f"r{number}", cache=False)
        (cell,) = found.runs[0].cells
        if number == 0:
            assert (cell.status, cell.main.value) == ("ok", 1.0)
        else:
            assert cell.status == "skipped"
            assert "is not at hand (offline: the cache holds another revision" in cell.reason
    assert set(seen) == {(logging.ERROR, True)}
    assert settings_now() == before


def test_a_folder_in_the_hubs_layout_is_read(mteb, tmp_path):
    """Below the data root, a folder of the repository's name stands in the place of the hub, as it is at the time."""
    folder = tmp_path / "data" / "mteb" / "sib200"
    (folder / "hin_Deva").mkdir(parents=True)
    splits = ("train", "test", "validation")
    files = "".join(f"  - split: {split}\n    path: hin_Deva/{split}.jsonl\n" for split in splits)
    (folder / "README.md").write_text(f"---\nconfigs:\n- config_name: hin_Deva\n  data_files:\n{files}---\n")
    for count in (20, 30):
        rows = [
            {"index_id": number, "text": f"{word} {number}", "category": word}
            for number in range(count)
            for word in ("science", "travel")
        ]
        for split in splits:
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / "hin_Deva" / f"{split}.jsonl").write_text(lines)
        cells = run("mteb:SIB200Classification", "ngram", tmp_path / "r", data=tmp_path / "data", languages="hin")
        ((place, cell),) = cells.items()
        assert place == ("ngram", "hin")
        assert (cell.main.value, cell.main.n) == (1.0, 2 * count)


def test_mtebs_protocol_is_of_all_data(mteb, tmp_path):
    """A sample, a curve or resampled training sets are none of mteb's: the cell says so."""
    found = xlbench.run("random", "mteb:MadeBitext?protocol=mteb", limit=5, results=tmp_path, cache=False)
    assert "it has no --limit" in found.runs[0].cells[0].reason


def test_the_spread_over_mtebs_draws_is_in_the_interval(mteb, tmp_path):
    """mteb's clustering draws documents ten times: the cell has ten seeds, and says that this is not determined."""
    ((_, cell),) = run("mteb:MadeClustering?protocol=mteb", "ngram", tmp_path).items()
    assert len(cell.seeds) == 10
    assert cell.main.seed_se > 0
    assert any("mteb draws documents anew" in note for note in cell.notes)


def test_a_task_in_another_process_is_the_same(mteb):
    """A task pickles into what was asked for: settings follow from the spec alone."""
    one, other = (load().select_tasks(["mteb:MadeBitext?protocol=mteb"])[0] for _ in range(2))
    assert one.identity() == other.identity()
    assert one.identity() != load().select_tasks(["mteb:MadeBitext"])[0].identity()


def test_tasks_tell_their_texts(mteb):
    """Pairs have both sides, labeled texts their labels, each with its language."""
    told = {}
    for name in ("Bitext", "Classification", "Clustering"):
        (task,) = load().select_tasks([f"mteb:Made{name}"])
        subset = next(iter(task.subsets(Data())))
        texts = task.texts(subset)
        told[name] = (len(texts), {one.language for one in texts}, {bool(one.label) for one in texts})
        assert all(one.item and one.cluster for one in texts)
    assert told == {
        "Bitext": (120, {"eng", "hin"}, {False}),
        "Classification": (90, {"eng"}, {True}),
        "Clustering": (89, {"eng"}, {True}),
    }


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=2, max_size=30))
def test_averages_over_classes_are_scikit_learns(pairs):
    """Pseudo-values have scikit-learn's number for a mean, and leaving an item out moves it as they say, nearly."""
    from xlbench_mteb.of_classes import pseudo_values

    true, predicted = (np.array(side) for side in zip(*pairs, strict=True))
    for kind in ("f1", "precision", "recall"):
        of = getattr(sklearn.metrics, f"{kind}_score")
        for name, average in ((kind, "macro"), (f"{kind}_weighted", "weighted")):
            expected = of(true, predicted, average=average, zero_division=0)
            assert pseudo_values(name, true, predicted).mean() == pytest.approx(expected)
