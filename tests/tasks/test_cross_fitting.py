"""Cross-fitting: every item is scored once, by what was learned without it and without its translations."""

import numpy as np
import pytest

from xlbench import Data, DataError, EncodingSession, UsageError
from xlbench.runs.outcome_checks import check_outcome
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.protocols import classification
from xlbench_tasks.protocols.classification_probes import Labeled, Learned
from xlbench_tasks.protocols.cross_fitting import Folds, merge
from xlbench_tasks.protocols.numbers import probes
from xlbench_tasks.protocols.training_resamples import Retrained

CARD = """\
name = "reviews"
area = "sentiment"
protocol = "{protocol}"
description = "Reviews"
license = "CC0-1.0"
languages = ["eng", "hin"]
{top}
[data]
reader = "delimited"
files = "{{language}}.tsv"
fields = {{ text = "text", label = "label" }}
{data}
[options]
labels = ["bad", "good"]
{options}
"""
TRANSFER = 'transfer = ["within", "zero-shot", "all", "rest"]\nfrom = ["eng"]'
COUNT = 61


class Numbers:
    """An encoder of texts that are numbers."""

    def encode(self, texts, *, role=None):
        return np.array([[float(number) for number in text.split()] for text in texts], np.float32)


@pytest.fixture
def reviews(tmp_path):
    """A function: options, keys of the card -> a task of two languages with the same ids, and its subsets."""
    rng = np.random.RandomState(0)
    for language in ("eng", "hin"):
        points = rng.standard_normal((COUNT, 3)) + np.eye(3)[np.arange(COUNT) % 2]
        rows = [
            f"r{i}\td{i // 3}\t{a:.4f} {b:.4f} {c:.4f}\t{('bad', 'good')[i % 2]}" for i, (a, b, c) in enumerate(points)
        ]
        (tmp_path / f"{language}.tsv").write_text("id\tcluster\ttext\tlabel\n" + "\n".join(rows) + "\n", "utf-8")

    def make(options=TRANSFER, top="folds = 5", data='id = "id"', protocol="classification", **kinds):
        card = CARD.format(options=options, top=top, data=data, protocol=protocol)
        (tmp_path / "reviews.toml").write_text(card, encoding="utf-8")
        found = task(read_card(tmp_path / "reviews.toml"))
        return found, {subset.name: subset for subset in found.subsets(Data(tmp_path, **kinds))}

    return make


def test_an_item_is_in_one_fold_in_all_languages_and_directions(reviews):
    """The folds are a partition of the items, the same by id in every subset."""
    _, subsets = reviews()
    fold_of = {}
    for subset in subsets.values():
        parts = subset.load()
        seen = [row for fold in parts.folds() for row in fold.rows]
        assert sorted(seen) == list(range(COUNT))
        for number, fold in enumerate(parts.folds()):
            assert [parts.test.ids[row] for row in fold.rows] == list(fold.parts.test.ids)
            for item in fold.parts.test.ids:
                assert fold_of.setdefault(item, number) == number


@pytest.mark.parametrize("name", ["eng", "hin", "eng>hin", "all>hin", "rest>hin"])
def test_no_tested_item_is_learned_in_any_language(reviews, name):
    """A fold's training items are all items of the training languages but those under its own ids."""
    parts = reviews()[1][name].load()
    for fold in parts.folds():
        asked = set(fold.parts.test.ids)
        for records in fold.parts.train.values():
            assert not asked & set(records.ids)
            assert len(records.ids) == COUNT - len(asked)


@pytest.mark.parametrize("count", [COUNT, 10**9])
def test_more_folds_than_items_leave_one_out(reviews, count):
    """Folds without an item are none, however many the card asks for: all items are scored, and no fold is empty."""
    folds = reviews(top=f"folds = {count}")[1]["eng>hin"].load().folds()
    assert sorted(row for fold in folds for row in fold.rows) == list(range(COUNT))
    assert all(fold.rows for fold in folds)
    assert len(folds) == COUNT or count == COUNT


def test_clusters_are_not_torn_apart(reviews):
    """Items of one cluster are in one fold: what hangs together is never learned from and asked for."""
    parts = reviews(data='id = "id"\ncluster = "cluster"')[1]["eng>hin"].load()
    assert len(set(parts.test.clusters)) < COUNT
    for fold in parts.folds():
        learned = {cluster for records in fold.parts.train.values() for cluster in records.clusters}
        assert not learned & set(fold.parts.test.clusters)


def test_without_shared_ids_equal_texts_are_in_one_fold(reviews, tmp_path):
    """Where ids are numbers of rows, the text decides, so that no text is learned and then asked for."""
    lines = (tmp_path / "eng.tsv").read_text("utf-8").splitlines()
    (tmp_path / "eng.tsv").write_text("\n".join([*lines, *lines[1:20]]) + "\n", "utf-8")
    found, subsets = reviews(data="")
    outcome = found.evaluate(subsets["eng"], EncodingSession(Numbers()))
    assert outcome.facts["test_duplicates"] == 19
    assert outcome.facts["test_in_train"] == 0


@pytest.mark.parametrize("name", ["eng", "eng>hin", "all>hin"])
def test_every_item_is_labeled_by_a_probe_of_the_other_folds(reviews, name):
    """Item by item, the prediction is that of a probe that is fitted here to the items of all other folds."""
    found, subsets = reviews()
    session = EncodingSession(Numbers())
    outcome = found.evaluate(subsets[name], session)
    check_outcome(found, outcome)
    parts = subsets[name].load()
    folds = Folds("reviews", 5)
    of_test = np.array(folds.of_items(parts.target, parts.test))
    of_train = np.concatenate([folds.of_items(language, one) for language, one in parts.train.items()])
    train = np.concatenate([session.encode(one.fields["text"]) for one in parts.train.values()])
    codes = np.array([label == "good" for one in parts.train.values() for label in one.fields["label"]], int)
    asked = session.encode(parts.test.fields["text"])
    for fold in range(5):
        probe = probes.Logistic().learn(train[of_train != fold], codes[of_train != fold])
        expected = probe.label(asked[of_test == fold])
        assert outcome.columns["predicted"][of_test == fold].tolist() == expected.tolist()
    assert list(outcome.item_ids) == list(parts.test.ids)
    assert outcome.columns["true"].tolist() == [int(label == "good") for label in parts.test.fields["label"]]
    assert outcome.facts["folds"] == 5
    assert any(note.startswith("cross-fitted: intervals hold") for note in outcome.notes)


def test_several_draws_and_training_sets_are_put_together_fold_by_fold(reviews):
    """Few shots and bootstrapped training sets give a prediction for every item, under names that languages share."""
    found, subsets = reviews(f"{TRANSFER}\nshots = 4\ndraws = 3")
    outcome = found.evaluate(subsets["eng>hin"], EncodingSession(Numbers()))
    check_outcome(found, outcome)
    assert [len(outcome.columns[f"predicted_{run}"]) for run in range(3)] == [COUNT] * 3
    found, subsets = reviews(training_draws=4)
    drawn = {name: found.evaluate(subsets[name], EncodingSession(Numbers())) for name in ("eng", "eng>hin", "hin")}
    for outcome in drawn.values():
        check_outcome(found, outcome)
        assert [len(own["predicted"]) for own in outcome.retrained] == [COUNT] * 4
        assert list(outcome.training_ids) == list(drawn["eng"].training_ids)
    assert len({*drawn["eng"].training_ids}) == 4


def test_one_probe_a_fold_serves_all_languages(reviews, monkeypatch):
    """What is learned from English is learned once a fold, however many languages are labeled by it."""
    found, subsets = reviews()
    learned = []
    learn = probes.Logistic.learn
    monkeypatch.setattr(probes.Logistic, "learn", lambda *given: learned.append(1) or learn(*given))
    session = EncodingSession(Numbers())
    for name in ("eng", "eng>hin"):
        found.evaluate(subsets[name], session)
    assert len(learned) == 5


def test_a_smaller_training_set_is_taken_from_the_other_folds(reviews):
    """With ``train_size`` every fold learns from so many items, none of its own."""
    _, subsets = reviews(train_size=12)
    parts = subsets["eng>hin"].load()
    assert subsets["eng>hin"].train_items == 12
    for fold in parts.folds():
        learned = [item for one in fold.parts.train.values() for item in one.ids]
        assert len(learned) == 12
        assert not {*learned} & {*fold.parts.test.ids}
    assert subsets["eng>hin"].fingerprint != reviews()[1]["eng>hin"].fingerprint


def test_the_majority_of_the_other_folds_is_what_a_dummy_says(reviews):
    """The baseline says in each fold what is most frequent in the others."""
    from sklearn.dummy import DummyClassifier
    from sklearn.metrics import f1_score

    found, subsets = reviews()
    outcome = found.evaluate(subsets["eng"], EncodingSession(Numbers()))
    true = np.asarray(outcome.columns["true"])
    folds = np.array(Folds("reviews", 5).of_items("eng", subsets["eng"].load().test))
    said = np.empty(COUNT, int)
    for fold in range(5):
        dummy = DummyClassifier(strategy="most_frequent").fit(np.zeros((sum(folds != fold), 1)), true[folds != fold])
        said[folds == fold] = dummy.predict(np.zeros((sum(folds == fold), 1)))
    assert outcome.facts["majority_accuracy"] == pytest.approx(np.mean(said == true))
    assert outcome.facts["majority_macro_f1"] == pytest.approx(f1_score(true, said, average="macro"))


def test_chance_is_what_guessing_scores_where_folds_have_learned_other_labels():
    """By guessing, fold by fold, among the labels that were learned there, for so many items that no luck is left."""
    from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

    random = np.random.RandomState(0)
    folds, true, said = [], [], []
    for learned, asked in (((0, 1), (0, 0, 1, 2)), ((0, 1, 2), (1, 2, 2))):
        codes = np.array(asked)
        folds.append(Learned(Labeled((), np.array(learned)), Labeled((), codes), [], [], Retrained()))
        true.append(np.repeat(codes, 100_000))
        said.append(random.choice(learned, len(true[-1])))
    true, said = np.concatenate(true), np.concatenate(said)
    chance = classification._chance(folds, {"labels": ["a", "b", "c"]})
    assert chance["accuracy"] == pytest.approx(accuracy_score(true, said), abs=0.003)
    for name, of in (("f1", f1_score), ("precision", precision_score), ("recall", recall_score)):
        assert chance[f"macro_{name}"] == pytest.approx(of(true, said, average="macro"), abs=0.003), name
    assert chance["weighted_f1"] == pytest.approx(f1_score(true, said, average="weighted"), abs=0.003)


def test_the_number_of_folds_is_part_of_what_a_score_is(reviews):
    """Other folds are another task and other data; a card without them keeps its identity."""
    (five, of_five), (ten, of_ten) = reviews(), reviews(top="folds = 10")
    assert five.settings != ten.settings
    assert of_five["eng"].fingerprint != of_ten["eng"].fingerprint
    assert '"folds"' not in reviews(top="holdout = { train = 0.5, test = 0.5 }")[0].settings


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"top": "folds = 1"}, "folds: must be 2 or more"),
        ({"top": "folds = 5\nholdout = { train = 0.5, test = 0.5 }"}, "splits, holdout and folds exclude each other"),
        ({"protocol": "clustering", "options": ""}, "folds: protocol 'clustering' learns nothing from items"),
        ({"options": "mode = 'mteb'"}, "mode = 'mteb' has no cross-fitting"),
        ({"options": "c = 'dev'"}, "needs a dev split"),
    ],
)
def test_what_cannot_be_cross_fitted_is_told(reviews, keys, message):
    """A card whose folds would do nothing, or cannot be, is a mistake in the card."""
    with pytest.raises(UsageError, match=message):
        reviews(**keys)


def test_a_card_that_extends_one_may_divide_its_data_otherwise(tmp_path):
    """Its own holdout takes the place of the other's folds, and the other way about."""
    (tmp_path / "halves.toml").write_text(
        'name = "halves"\nextends = "mini-news"\nholdout = { train = 0.5, test = 0.5 }\n'
    )
    (tmp_path / "folded.toml").write_text('name = "folded"\nextends = "halves"\nfolds = 3\n')
    halves, folded = (read_card(tmp_path / f"{name}.toml") for name in ("halves", "folded"))
    assert (halves.folds, dict(halves.holdout)) == (0, {"train": 0.5, "test": 0.5})
    assert (folded.folds, dict(folded.holdout)) == (3, {})


NER = """
name = "made"
area = "ner"
protocol = "tagging"
description = "made up"
license = "CC0-1.0"
languages = ["eng"]
folds = 4
[data]
reader = "conll"
files = "{language}.txt"
tags = { PER = "PER" }
[options]
types = ["PER"]
"""


class ByLetter:
    """A vector a word, from its first letter."""

    def encode(self, texts, role=None):
        return (np.arange(97, 123) == np.array([[ord(text[0])] for text in texts])).astype(np.float32)


def test_sentences_are_tagged_by_what_the_other_folds_teach(tmp_path):
    """Every sentence is scored once; with names that one letter gives away, all are found."""
    rng = np.random.RandomState(0)
    lines = []
    for _ in range(60):
        words = [f"{'pqoab'[rng.randint(5)]}{rng.randint(9)}" for _ in range(rng.randint(2, 7))]
        lines += [f"{word} {'B-PER' if word[0] in 'pq' else 'O'}" for word in words] + [""]
    (tmp_path / "eng.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "made.toml").write_text(NER, encoding="utf-8")
    found = task(read_card(tmp_path / "made.toml"))
    (subset,) = found.subsets(Data(tmp_path, training_draws=2))
    outcome = found.evaluate(subset, EncodingSession(ByLetter()))
    check_outcome(found, outcome)
    total = sum(tag != "O" for tag in (line.split()[1] for line in lines if line))
    assert len(outcome.item_ids) == subset.n == 60
    assert outcome.facts["support:PER"] == total == sum(outcome.columns["gold:PER"])
    assert sum(outcome.columns["right:PER"]) == total
    assert outcome.facts["folds"] == 4
    assert outcome.facts["train_sentences"] < 60
    assert [sum(own["gold:PER"]) for own in outcome.retrained] == [total] * 2


def test_a_fold_that_nothing_can_be_learned_for_is_an_error(tmp_path):
    """One sentence alone has a name: the fold that holds it learns from none, and that is no score of 0."""
    lines = [line for number in range(12) for line in (f"a{number} O", "")]
    (tmp_path / "eng.txt").write_text("\n".join(["p1 B-PER", "", *lines]) + "\n", encoding="utf-8")
    (tmp_path / "made.toml").write_text(NER, encoding="utf-8")
    found = task(read_card(tmp_path / "made.toml"))
    (subset,) = found.subsets(Data(tmp_path))
    with pytest.raises(DataError, match=r"made eng \(all but fold [1-4] of 4\): no entity to learn from in 1?[0-9] "):
        found.evaluate(subset, EncodingSession(ByLetter()))


@pytest.mark.parametrize("options", ["", "shots = 1", 'probe = "knn"'])
def test_a_label_whose_items_are_all_in_one_fold_is_an_error_that_says_so(reviews, tmp_path, options):
    """The others leave one label to learn from; how many items there are, and of which folds, is told."""
    rows = [f"r{i}\t{i} 1 2\t{'good' if i == 7 else 'bad'}" for i in range(20)]
    (tmp_path / "eng.tsv").write_text("id\ttext\tlabel\n" + "\n".join(rows) + "\n", encoding="utf-8")
    found, subsets = reviews(options)
    said = r"reviews eng \(all but fold [1-5] of 5\): all 1[0-9] training items are 'bad'"
    with pytest.raises(DataError, match=said):
        found.evaluate(subsets["eng"], EncodingSession(Numbers()))


def test_merging_puts_every_item_in_its_place():
    """Columns of folds come back in the order of all items."""
    merged = merge([{"a": np.array([1, 3])}, {"a": np.array([0, 2])}], [(1, 3), (0, 2)])
    assert merged["a"].tolist() == [0, 1, 2, 3]
