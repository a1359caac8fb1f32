"""Types of tasks of mteb beside bitext mining, classification and clustering: its own protocol, against mteb itself."""

import numpy as np
import pytest
import sklearn.metrics

import xlbench
from xlbench import Data
from xlbench.catalog import load

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")

MADE = ("Sts", "PairClassification")
OF_RESULTS = {"main_score", "hf_subset", "languages", "mteb_version"}
"""What results of mteb say beside metrics."""


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb with tasks of our own in its registry, which hold their data themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTEB_CACHE", str(tmp_path_factory.mktemp("mteb")))
        import mteb
        import mteb_tasks
        from mteb.get_tasks import _TASKS_REGISTRY

        for name in MADE:
            patch.setitem(_TASKS_REGISTRY, f"Made{name}", getattr(mteb_tasks, name))
        yield mteb


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """Encoders that always say the same: two without weights, and a transformer of two layers, made here."""
    pytest.importorskip("sentence_transformers")
    import checkpoints

    return "random", "ngram", f"st:{checkpoints.sentence_transformer(tmp_path_factory.mktemp('made') / 'two-layers')}"


def run(spec, models, tmp_path, **more):
    """The cells of a task, by model and subset; all of them have scores."""
    found = xlbench.run(models, spec, results=tmp_path, cache=False, **more)
    cells = {(run.model, cell.subset): cell for run in found for cell in run.cells}
    assert not [cell.reason for cell in cells.values() if cell.status != "ok"]
    return cells


@pytest.mark.parametrize("name", MADE)
def test_mtebs_protocol_gives_all_of_mtebs_scores(mteb, encoders, name, tmp_path):
    """With `protocol=mteb` the metrics of every subset are those of `mteb.evaluate`, to 1e-6, none left out, and each
    has an interval or says why not."""
    import mteb_tasks

    for model in encoders:
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
            assert set(ours) == set(expected) - OF_RESULTS
            assert ours == pytest.approx({metric: expected[metric] for metric in ours}, abs=1e-6)
            assert cell.main.has_interval
            assert all(score.has_interval or score.note for score in cell.scores)


def test_our_protocols_score_the_data(mteb, tmp_path):
    """Without a protocol the tasks have our metrics, languages as subsets, and intervals."""
    for name, main in {"Sts": "spearman", "PairClassification": "average_precision"}.items():
        cells = run(f"mteb:Made{name}", "ngram", tmp_path)
        assert {cell.main.metric for cell in cells.values()} == {main}
        assert {subset for _, subset in cells} == {"eng", "eng-hin"}
        assert all(cell.main.has_interval for cell in cells.values())


def test_both_protocols_agree_where_they_ask_the_same(mteb, tmp_path):
    """Spearman's correlation and average precision by the cosine are the same numbers in ours and in mteb's."""
    asked = {"Sts": ("spearman", "cosine_spearman"), "PairClassification": ("average_precision", "cosine_ap")}
    for name, (own, of_mteb) in asked.items():
        ours = run(f"mteb:Made{name}", "random", tmp_path)
        theirs = run(f"mteb:Made{name}?protocol=mteb", "random", tmp_path)
        for place, cell in ours.items():
            (value,) = [score.value for score in theirs[place].scores if score.metric == of_mteb]
            assert {score.metric: score.value for score in cell.scores}[own] == pytest.approx(value, abs=1e-5)


def test_pairs_that_share_a_text_are_one_cluster(mteb):
    """Pairs with one first text stand or fall together, in all languages that have it."""
    (task,) = load().select_tasks(["mteb:MadeSts"])
    one, other = (subset.load().pairs for subset in task.subsets(Data()))
    assert set(one.clusters) == set(other.clusters)
    assert len(one.ids) == 70
    assert len(set(one.clusters)) == len(set(one.first)) < 70
    assert {text.language for text in task.texts(list(task.subsets(Data()))[1])} == {"eng", "hin"}


def test_thresholds_are_those_that_mteb_finds(mteb):
    """Who is told rightly at mteb's thresholds gives scikit-learn's F1, precision and recall, and the highest there
    are of F1 and accuracy, with ties and for distances as for similarities."""
    import mteb_tasks

    from xlbench_mteb import paired

    (task,) = load().select_tasks(["mteb:MadePairClassification?protocol=mteb"])
    chance = np.random.default_rng(0)
    positive = chance.random(40) < 0.4
    near = np.round(positive + chance.normal(size=40), 1)
    given = {name: (sign * near).tolist() for name, sign in paired.SIMILARITIES.values()}
    columns = paired._columns(mteb_tasks.PairClassification(), given, positive)
    values = {one.name: float(one.value(one.rows(columns).sum(axis=0))) for one in task.metrics}
    cuts = [near >= level for level in np.unique(near)[1:]]
    for kind in paired.SIMILARITIES:
        told = columns[f"{kind}_told"]
        for name in ("f1", "precision", "recall"):
            assert values[f"{kind}_{name}"] == pytest.approx(getattr(sklearn.metrics, f"{name}_score")(positive, told))
        assert values[f"{kind}_f1"] == pytest.approx(max(sklearn.metrics.f1_score(positive, cut) for cut in cuts))
        assert values[f"{kind}_accuracy"] == pytest.approx(max(float((cut == positive).mean()) for cut in cuts))
