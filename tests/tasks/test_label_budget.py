"""The protocol `label-budget`: curves by hand, the budget and the test kept apart, seeds, folds, and wrong options."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import auc, f1_score

from xlbench import Data, DataError, UsageError
from xlbench.encoding import EncodingSession
from xlbench.stats import Scorer
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.protocols import label_budget, label_budget_metrics
from xlbench_tasks.protocols.active import cells, rounds
from xlbench_tasks.protocols.active.frozen import FrozenVectors, VectorLearner
from xlbench_tasks.protocols.active.ledger import Ledger
from xlbench_tasks.protocols.active.rounds import Plan
from xlbench_tasks.protocols.active.strategy import ACQUISITIONS, CLUSTERINGS, SCHEDULES, Strategy

CARD = """\
protocol = "label-budget"
{splits}

[data]
reader = "delimited"
files = "{files}"
fields = {{ text = "text", label = "label" }}
language = "eng"

[options]
labels = ["bad", "good"]
budget = 24
rounds = 4
seeds = 3
{options}
"""
SPLIT = 'splits = { train = "train", test = "test" }'


class Numbers:
    """An encoder of texts that are numbers."""

    def encode(self, texts, *, role=None):
        return np.array([[float(number) for number in text.split()] for text in texts], np.float32)


def rows(seed, count):
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(count, 6)).round(3)
    good = vectors[:, 0] + 0.5 * chance.normal(size=count) > 0.3
    labels = np.where(good, "good", "bad")
    return [f"{' '.join(map(str, vector))}\t{label}" for vector, label in zip(vectors, labels, strict=True)]


def write(folder, train, test):
    for split, lines in (("train", train), ("test", test)):
        (folder / f"{split}.tsv").write_text("\n".join(["text\tlabel", *lines]) + "\n", encoding="utf-8")


def opened(folder, options="", splits=SPLIT, files="{split}.tsv"):
    (folder / "few.toml").write_text(CARD.format(options=options, splits=splits, files=files), encoding="utf-8")
    found = task(read_card(folder / "few.toml", str(folder / "few.toml")))
    (subset,) = found.subsets(Data(root=folder))
    return found, subset


def outcome_of(folder, options="", **more):
    found, subset = opened(folder, options, **more)
    assert not subset.damaged, subset.damaged
    return found, found.evaluate(subset, EncodingSession(Numbers()))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, rows(1, 60), rows(2, 40))
    return tmp_path


def scores(found, outcome):
    return {one.name: Scorer().score(one, outcome.columns)[0] for one in found.metrics}


def test_scores_are_those_of_scikit_learn(folder):
    """Area, points of the curve and the end are means over seeds of scikit-learn's F1 and trapezoids."""
    found, outcome = outcome_of(folder)
    columns = outcome.columns
    f1 = np.array([[f1_score(columns["true"], columns[f"predicted_{s}_{r}"], average="macro") for r in range(4)]
                   for s in range(3)])  # fmt: skip
    labels = [6, 12, 18, 24]
    own = scores(found, outcome)
    assert own["f1_area"].value == pytest.approx(np.mean([auc(labels, one) for one in f1]) / 18)
    assert own["macro_f1"].value == pytest.approx(f1[:, 3].mean())
    assert [own[f"macro_f1_at_{n}"].value for n in labels] == pytest.approx(f1.mean(axis=0))
    assert own["macro_f1_full"].value == pytest.approx(
        f1_score(columns["true"], columns["predicted_full"], average="macro")
    )
    assert outcome.facts["f1_area_of_the_worst_seed"] == pytest.approx(min(auc(labels, one) for one in f1) / 18)
    assert 0 < own["f1_area"].low < own["f1_area"].value < own["f1_area"].high < 1
    assert own["f1_area"].seed_se > 0


def test_the_probe_of_all_labels_is_scikit_learns(folder):
    """What learned from the whole pool says what scikit-learn's logistic regression on unit vectors says."""
    _, outcome = outcome_of(folder, "c = 5.0")
    train, test = rows(1, 60), rows(2, 40)
    vectors = [Numbers().encode([line.split("\t")[0] for line in some]) for some in (train, test)]
    units = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in vectors]
    model = LogisticRegression(C=5.0, tol=1e-9, max_iter=10_000)
    model.fit(units[0].astype(float), [line.endswith("good") for line in train])
    assert outcome.columns["predicted_full"].tolist() == model.predict(units[1].astype(float)).astype(int).tolist()


@pytest.mark.parametrize("clusters", CLUSTERINGS)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("acquisition", ACQUISITIONS)
def test_every_strategy_spends_its_budget_and_no_more(acquisition, schedule, clusters):
    """Labels ascend to the budget in every seed, whatever the parts of a strategy."""
    vectors = np.random.RandomState(0).randn(40, 5)
    codes = (vectors[:, 0] > 0).astype(np.int64)
    learner = VectorLearner(FrozenVectors.of(vectors, vectors[:7]), 2, 10.0, 4, "dropout")
    for sampling in ("accumulating", "recalculating"):
        for warm in (False, True):
            strategy = Strategy(acquisition, clusters, schedule, sampling, warm)
            ledger = Ledger("x", codes, [str(row) for row in range(40)], ["t"], 20)
            points = rounds.run_rounds(Plan(strategy, 4, 20, 5, 3, ("x",)), ledger, learner)
            paid = [point.labels for point in points]
            assert paid[0] == 4
            assert paid == sorted(paid)
            assert paid[-1] == ledger.spent <= 20
            assert paid[-1] == 20 or sampling == "recalculating"
            learned = [point.learned_from for point in points]
            assert learned == paid or sampling == "recalculating"
            assert learned[-1] == 20 or sampling == "accumulating"


@pytest.mark.parametrize("sampling", ["accumulating", "recalculating"])
def test_a_warm_start_draws_the_first_half_at_random(sampling):
    """Until half of the budget is paid for, rounds are those of random draws; then the strategy begins."""
    vectors = np.random.RandomState(0).randn(60, 5)
    codes = (vectors[:, 0] > 0).astype(np.int64)

    def bought(strategy):
        ledger = Ledger("x", codes, [str(row) for row in range(60)], [], 30)
        learner = VectorLearner(FrozenVectors.of(vectors, vectors[:7]), 2, 10.0, 4, "dropout")
        chosen = []
        real = ledger.buy
        ledger.buy = lambda rows: (real(rows), chosen.append(sorted(rows.tolist())))
        points = rounds.run_rounds(Plan(strategy, 5, 30, 6, 3, ("x",)), ledger, learner)
        return chosen, [point.labels for point in points]

    plain, paid = bought(Strategy(sampling=sampling))
    warm, _ = bought(Strategy("entropy", sampling=sampling, warm_start=True))
    half = sum(labels <= 15 for labels in paid)
    assert half >= 2
    assert warm[:half] == plain[:half]
    assert warm[half] != plain[half]


def test_a_strategy_that_takes_too_many_is_caught(monkeypatch):
    """A planted fault, a selection of one text more than was asked for, ends the rounds with an error."""
    real = rounds.selection.best
    monkeypatch.setattr(rounds.selection, "best", lambda s, o, count, c=None: real(s, o, count + 1, c))
    learner = VectorLearner(FrozenVectors.of(np.eye(9), np.eye(9)), 2, 1.0, 2, "dropout")
    ledger = Ledger("x", np.arange(9) % 2, [str(row) for row in range(9)], [], 6)
    with pytest.raises(DataError, match="labels would be spent, and the budget is 6"):
        rounds.run_rounds(Plan(Strategy(), 2, 6, 3, 2, ("x",)), ledger, learner)


def test_a_test_item_in_the_pool_is_caught(folder, monkeypatch):
    """Where test items are left in the pool, a planted fault, the ledger ends the rounds with an error."""
    write(folder, [*rows(1, 10), *rows(2, 40)], rows(2, 40))
    monkeypatch.setattr(cells.Pool, "of", classmethod(lambda cls, parts, labels: leaking(parts, labels)))
    found, subset = opened(folder)
    with pytest.raises(DataError, match="has the text of a test item"):
        found.evaluate(subset, EncodingSession(Numbers()))


def leaking(parts, labels):
    """A pool of all training items."""
    from xlbench_tasks.data.text import folded
    from xlbench_tasks.protocols.active.pool import Pool
    from xlbench_tasks.protocols.classification_probes import Labeled

    train, test = (Labeled.of("x", one, labels) for one in (parts.train, {"eng": parts.test}))
    keys = [tuple(map(folded, one.texts)) for one in (train, test)]
    return Pool("x", tuple(labels), train.texts, train.codes, keys[0], test.texts, test.codes, keys[1], 0)


def test_training_items_with_the_text_of_a_test_item_are_left_out(folder):
    """They are counted, and a note says so; case and white space make no other text of it."""
    test = rows(2, 40)
    write(folder, [*rows(1, 60), test[0].replace(" ", "  ", 1), test[1]], test)
    _, outcome = outcome_of(folder)
    assert (outcome.facts["pool_items"], outcome.facts["pool_left_out"]) == (60, 2)
    assert any("not in the pool" in note for note in outcome.notes)


def test_the_same_again_and_the_same_for_every_strategy_at_the_start(folder):
    """Draws follow from the data alone; the first round of entropy is that of uniform, so that seeds can be paired."""
    _, one = outcome_of(folder, 'acquisition = "entropy"')
    _, again = outcome_of(folder, 'acquisition = "entropy"')
    _, plain = outcome_of(folder)
    assert all(np.array_equal(one.columns[name], again.columns[name]) for name in one.columns)
    assert one.seed_ids == plain.seed_ids
    assert len(set(one.seed_ids)) == 3
    assert all(np.array_equal(one.columns[f"predicted_{s}_0"], plain.columns[f"predicted_{s}_0"]) for s in range(3))
    assert any(not np.array_equal(one.columns[name], plain.columns[name]) for name in one.columns)


def test_a_first_round_of_one_label_is_no_error(folder):
    """A probe that has seen one label says nothing else, and goes on."""
    train = [line for line in rows(1, 200) if line.endswith("bad")][:57] + [
        line for line in rows(1, 200) if line.endswith("good")
    ][:3]
    write(folder, train, rows(2, 40))
    found, outcome = outcome_of(folder, 'acquisition = "bald"')
    assert np.isfinite(scores(found, outcome)["f1_area"].value)


def test_a_small_pool_is_labeled_whole(folder):
    """Where the pool is smaller than the budget, all of it is labeled, and a note says that the curve is flat then."""
    write(folder, rows(1, 15), rows(2, 40))
    found, outcome = outcome_of(folder)
    assert outcome.facts["labels_paid"] == 15
    assert any("fewer items than the budget" in note for note in outcome.notes)
    own = scores(found, outcome)
    assert own["macro_f1"].value == pytest.approx(own["macro_f1_at_18"].value)
    assert own["macro_f1"].value == pytest.approx(own["macro_f1_full"].value)


def test_folds_have_a_pool_each(folder):
    """With folds, every item is scored by a probe whose pool is of the other folds."""
    (folder / "all.tsv").write_text("\n".join(["text\tlabel", *rows(1, 90)]) + "\n", encoding="utf-8")
    found, outcome = outcome_of(folder, splits="folds = 3", files="all.tsv")
    assert len(outcome.item_ids) == 90
    assert outcome.facts["pool_items"] < 90
    assert 0 < scores(found, outcome)["f1_area"].value < 1


def test_a_pool_of_one_label_is_an_error_that_says_so(folder):
    """There is nothing to learn from one label."""
    write(folder, [line for line in rows(1, 60) if line.endswith("bad")], rows(2, 40))
    found, subset = opened(folder)
    with pytest.raises(DataError, match="fewer than two labels"):
        found.evaluate(subset, EncodingSession(Numbers()))


def test_labels_to_reach_a_score_by_hand():
    """On a straight line between points; the first where it begins so high; none where it never is."""
    labels, heights = np.array([10.0, 20.0, 30.0]), np.array([0.2, 0.6, 0.5])
    assert cells.labels_to_reach(0.4, labels, heights) == pytest.approx(15)
    assert cells.labels_to_reach(0.1, labels, heights) == 10
    assert cells.labels_to_reach(0.7, labels, heights) is None


def test_weights_of_points_and_areas_by_hand():
    """Straight lines between rounds, flat beyond them, and of rounds with equal labels the last."""
    labels = np.array([10.0, 20.0, 40.0])
    assert label_budget_metrics.point_weights(labels, 25).tolist() == [0, 0.75, 0.25]
    assert label_budget_metrics.point_weights(labels, 5).tolist() == [1, 0, 0]
    assert label_budget_metrics.point_weights(labels, 99).tolist() == [0, 0, 1]
    assert label_budget_metrics.point_weights(np.array([10.0, 20.0, 20.0]), 20).tolist() == [0, 0, 1]
    assert label_budget_metrics.area_weights(labels, 10, 40) == pytest.approx([5 / 30, 15 / 30, 10 / 30])
    assert label_budget_metrics.area_weights(labels, 10, 60) == pytest.approx([5 / 50, 15 / 50, 30 / 50])
    assert label_budget_metrics.area_weights(np.array([10.0, 10.0]), 10, 10).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"budget": 1}, "budget: must be 2 or more"),
        ({"budget": 5, "rounds": 6}, "rounds: 6 of them need as many labels"),
        ({"c": 0}, "c: 0 is not above 0"),
        ({"samples": 20}, "samples: has no meaning with acquisition = 'uniform'"),
        ({"clusters_a_class": 20}, "clusters_a_class: has no meaning with clusters = 'none'"),
        ({"labels": ["one"]}, "two at least"),
        ({"acquisition": "bald", "samples": 1}, "samples: must be 2 or more"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, said):
    """A number that is too small, and an option that would do nothing, are errors that name it."""
    with pytest.raises(UsageError, match=said):
        label_budget.metrics(options)


@pytest.mark.parametrize("sampled_by", ["dropout", "bootstrap"])
def test_samples_of_a_probe_are_probabilities(sampled_by):
    """They add up to 1 over labels, vary from sample to sample, and have the probe's own as their middle."""
    vectors = np.random.RandomState(0).randn(50, 8)
    learner = VectorLearner(FrozenVectors.of(vectors, vectors), 3, 10.0, 200, sampled_by)
    codes = (vectors[:, 0] > 0).astype(np.int64)
    learner.learn(np.arange(50), codes, np.random.RandomState(0))
    found = learner.samples(np.arange(5, 25), np.random.RandomState(1))
    assert found.shape == (200, 20, 3)
    assert found.sum(axis=-1) == pytest.approx(np.ones((200, 20)))
    assert not found[..., 2].any()
    assert found.std(axis=0)[:, 0].min() > 0
    assert (found.mean(axis=0).argmax(axis=1) == learner.label_pool()[5:25]).mean() > 0.85
