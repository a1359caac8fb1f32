"""Multilabel classification of mteb's data by our protocol, against scikit-learn."""

import json

import numpy as np
import pytest
import sklearn.metrics
from own_mteb import mteb_in
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import MultiLabelBinarizer, normalize

import xlbench
from xlbench import Data
from xlbench.catalog import load

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb with a task of our own in its registry, which holds its data itself."""
    with mteb_in(tmp_path_factory.mktemp("mteb"), ("Multilabel",)) as its:
        yield its


def cell_of(tmp_path, model="ngram", **more):
    """The one cell of a model."""
    (cell,) = xlbench.run(model, "mteb:MadeMultilabel", results=tmp_path, cache=False, **more).runs[0].cells
    assert cell.status == "ok", cell.reason
    return cell


def test_scores_are_those_of_scikit_learns_probes(mteb, tmp_path):
    """One-vs-rest logistic regression over all training items, carried to its end, has our scores on all test items,
    and every item's labels are saved."""
    import mteb_tasks

    made = mteb_tasks.Multilabel()
    made.load_data()
    session = xlbench.EncodingSession(load().select_models(["ngram"])[0].load())
    binary = MultiLabelBinarizer()
    true = binary.fit_transform(made.dataset["test"]["label"])
    model = OneVsRestClassifier(LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000))
    train, test = (
        normalize(session.encode(made.dataset[split]["text"]).astype(np.float64)) for split in ("train", "test")
    )
    model.fit(train, binary.transform(made.dataset["train"]["label"]))
    told = model.predict(test)
    cell = cell_of(tmp_path)
    expected = {
        "macro_f1": sklearn.metrics.f1_score(true, told, average="macro"),
        "micro_f1": sklearn.metrics.f1_score(true, told, average="micro"),
        "accuracy": sklearn.metrics.accuracy_score(true, told),
    }
    assert {score.metric: score.value for score in cell.scores} == pytest.approx(expected, abs=1e-9)
    assert all(score.has_interval for score in cell.scores)
    assert cell.main.n == 90  # where mteb draws a sample
    assert json.loads(cell.facts["label_names"]) == ["0", "1", "2"]
    assert cell.facts["majority_macro_f1"] < cell.main.value


def test_training_sets_are_drawn_again(mteb, tmp_path):
    """With `--ci-training` the score stays, and each of the training sets gives another one, by a name of its own."""
    alone, drawn = cell_of(tmp_path / "a"), cell_of(tmp_path / "b", ci_training=4)
    assert alone.main.value == drawn.main.value
    (task,) = load().select_tasks(["mteb:MadeMultilabel"])
    (subset,) = task.subsets(Data(training_draws=4))
    outcome = task.evaluate(subset, xlbench.EncodingSession(load().select_models(["ngram"])[0].load()))
    main = task.metrics[0]
    values = [float(main.value(main.rows({**outcome.columns, **own}).sum(axis=0))) for own in outcome.retrained]
    assert len(set(values)) == len(set(outcome.training_ids)) == 4


def test_a_part_of_the_training_items_can_be_learned_from(mteb):
    """A point of a curve has so many training items and all test items, and a sample few of both."""
    (task,) = load().select_tasks(["mteb:MadeMultilabel"])
    (whole,), (fewer,), (sample,) = (list(task.subsets(data)) for data in (Data(), Data(train_size=30), Data(limit=20)))
    assert (whole.n, whole.train_items) == (90, 120)
    assert (fewer.n, fewer.train_items) == (90, 30)
    assert (sample.n, sample.train_items) == (20, 20)
    assert len({whole.fingerprint, fewer.fingerprint, sample.fingerprint}) == 3
    told = task.texts(whole)
    assert (len(told), {text.language for text in told}) == (90, {"eng"})
    assert {"0, 1", "0"} <= {text.label for text in told}
