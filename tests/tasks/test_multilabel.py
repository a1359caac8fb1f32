"""Multi-label classification from a card: readers of sets of labels, hand values, scikit-learn, and wrong data."""

from __future__ import annotations

import json

import numpy as np
import pytest
import sklearn.metrics as sk
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from xlbench import Data, DataError, UsageError
from xlbench.encoding import EncodingSession
from xlbench.stats import Scorer
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.data.source import Home
from xlbench_tasks.lookup import module_of
from xlbench_tasks.protocols import found_labels, multilabel_scores

LABELS = ("art", "law", "sea")

CARD = """\
protocol = "multilabel"
splits = {{ train = "train", test = "test" }}

[data]
reader = "delimited"
files = "{{language}}.{{split}}.tsv"
{fields}

[options]
{options}
"""
SEPARATED = 'fields = { text = "text", label = "labels" }\nlabel_separator = ";"'
MARKED = 'fields = { text = "text", label = ["art", "law", "sea"] }'


class Numbers:
    """An encoder of texts that are numbers."""

    def encode(self, texts, *, role=None):
        return np.array([[float(number) for number in text.split()] for text in texts], np.float32)


def items(seed, count):
    """Texts that are vectors (count, 4), and labels (count, 3) that follow from them but for some noise."""
    chance = np.random.default_rng(seed)
    vectors = chance.normal(size=(count, 4)).round(3)
    has = vectors[:, :3] + 0.6 * chance.normal(size=(count, 3)) > (0, 0.4, 0.8)
    return [" ".join(map(str, vector)) for vector in vectors], has


def rows_of(texts, has, form):
    if form == MARKED:
        return ["text\tart\tlaw\tsea", *("\t".join([text, *(str(int(one)) for one in its)])
                                        for text, its in zip(texts, has, strict=True))]  # fmt: skip
    sets = ("; ".join(np.array(LABELS)[its]) for its in has)
    return ["text\tlabels", *(f"{text}\t{its}" for text, its in zip(texts, sets, strict=True))]


@pytest.fixture
def made(tmp_path):
    """A function: form of the labels, options of the card -> its task, and where its data is."""

    def _made(form=SEPARATED, options="", languages=("eng",), cut=False, **splits):
        for language in languages:
            for split, seed, count in (("train", 1, 120), ("test", 2, 90)):
                texts, has = splits.get(split) or items(seed + len(language) * ord(language[0]), count)
                lines = "\n".join(rows_of(texts, has, form)) + "\n"
                (tmp_path / f"{language}.{split}.tsv").write_text(lines, encoding="utf-8")
        path = tmp_path / "topics.toml"
        text = CARD.format(fields=form, options=options)
        path.write_text(text.replace('splits = { train = "train", test = "test" }', "folds = 4").replace(
            "{split}", "test") if cut else text, encoding="utf-8")  # fmt: skip
        return task(read_card(path, str(path))), Data(tmp_path)

    return _made


def outcome_of(found, data, name="eng"):
    subsets = {subset.name: subset for subset in found.subsets(data)}
    assert not subsets[name].damaged, subsets[name].damaged
    return found.evaluate(subsets[name], EncodingSession(Numbers()))


def sets(outcome, kind):
    return np.stack([outcome.columns[f"{kind}_{number}"] for number in range(1, 4)], axis=1)


@pytest.mark.parametrize("form", [SEPARATED, MARKED])
def test_labels_and_values_are_scikit_learns(made, form):
    """Predictions are those of one-vs-rest logistic regression over vectors of length 1, metrics those of sklearn."""
    train, test = items(5, 150), items(6, 100)
    found, data = made(form, train=train, test=test)
    outcome = outcome_of(found, data)
    known, asked = (Numbers().encode(texts).astype(float) for texts, _ in (train, test))
    known, asked = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (known, asked))
    model = OneVsRestClassifier(LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)).fit(known, train[1].astype(int))
    assert (sets(outcome, "true") == test[1]).all()
    assert (sets(outcome, "predicted") == model.predict(asked)).all()
    told = model.predict(asked)
    expected = [
        sk.f1_score(test[1], told, average="macro"),
        sk.f1_score(test[1], told, average="micro"),
        sk.accuracy_score(test[1], told),
    ]
    assert [metric.name for metric in found.metrics] == ["macro_f1", "micro_f1", "accuracy"]
    values = [Scorer().score(metric, outcome.columns)[0].value for metric in found.metrics]
    assert values == pytest.approx(expected)


def test_values_by_hand():
    """Of two labels F1 is 1 and 0; together 2 hits of 2 said and 3 true; two of three items have all right."""
    true, told = np.array([[1, 0], [1, 1], [0, 0]], bool), np.array([[1, 0], [1, 0], [0, 0]], bool)
    columns = {**multilabel_scores.set_columns("true", true), **multilabel_scores.set_columns("predicted", told)}
    values = [
        float(metric.value(np.asarray(metric.rows(columns), float).sum(axis=0))) for metric in multilabel_scores.METRICS
    ]
    assert values == pytest.approx([(1 + 0) / 2, 2 * 2 / (2 + 3), 2 / 3])


def test_both_forms_are_the_same_items(made):
    """Labels in a cell and columns of marks give one outcome."""
    one, other = (outcome_of(*made(form)) for form in (SEPARATED, MARKED))
    for name, column in one.columns.items():
        assert (column == other.columns[name]).all()
    assert one.facts == other.facts


def test_labels_that_were_found_are_shown(made):
    """They are in the facts with a footnote; listed ones have none, and the same values."""
    found, listed = outcome_of(*made()), outcome_of(*made(options='labels = ["art", "law", "sea"]'))
    assert json.loads(found.facts["label_names"]) == list(LABELS)
    assert found_labels.NOTE in found.notes
    assert found_labels.NOTE not in listed.notes
    assert (sets(found, "predicted") == sets(listed, "predicted")).all()


def test_cross_fitting_scores_every_item_by_the_probes_of_other_folds(made):
    """All items are scored; chance and majority follow from each fold's own training items."""
    outcome = outcome_of(*made(cut=True))
    assert (outcome.facts["folds"], len(outcome.item_ids)) == (4, 90)
    assert 50 < outcome.facts["train_items"] < 90
    assert Scorer().score(multilabel_scores.METRICS[0], outcome.columns)[0].value > outcome.chance["macro_f1"] + 0.1


def test_chance_is_what_shuffled_answers_score(made):
    """Labels said as often as in training, of anything: the mean of many draws is the chance level."""
    outcome = outcome_of(*made())
    _, learned = items(1 + 3 * ord("e"), 120)
    true, chance = sets(outcome, "true"), np.random.default_rng(0)
    drawn = [chance.random(true.shape) < learned.mean(axis=0) for _ in range(3000)]
    exact = np.mean([(one == true).all(axis=1).mean() for one in drawn])
    micro = np.mean([sk.f1_score(true, one, average="micro") for one in drawn[:300]])
    assert outcome.chance["accuracy"] == pytest.approx(exact, abs=0.005)
    assert outcome.chance["micro_f1"] == pytest.approx(micro, abs=0.01)


def test_transfers_learn_from_the_other_language(made):
    """``eng>hin`` is what English probes say of Hindi items."""
    found, data = made(options='transfer = ["within", "zero-shot", "all"]\nfrom = ["eng"]', languages=("eng", "hin"))
    assert [subset.name for subset in found.subsets(data)] == ["eng", "hin", "eng>hin", "all>eng", "all>hin"]
    across, within = outcome_of(found, data, "eng>hin"), outcome_of(found, data, "hin")
    assert across.item_ids == within.item_ids
    assert outcome_of(found, data, "all>hin").facts["train_items"] == 240


def test_training_sets_can_be_drawn_again(made, tmp_path):
    """Probes of bootstrapped training sets say other labels, under names of their own."""
    found, _ = made()
    outcome = outcome_of(found, Data(tmp_path, training_draws=3))
    assert len(outcome.retrained) == len(set(outcome.training_ids)) == 3
    assert set(outcome.retrained[0]) == {"predicted_1", "predicted_2", "predicted_3"}
    assert any((outcome.retrained[0][name] != outcome.columns[name]).any() for name in outcome.retrained[0])


def test_smaller_training_samples_and_limits_have_every_set(made, tmp_path):
    """A point of a curve learns from so many items, and a limit keeps so many."""
    found, _ = made()
    outcome = outcome_of(found, Data(tmp_path, train_size=30))
    assert outcome.facts["train_items"] == 30
    assert next(iter(found.subsets(Data(tmp_path, limit=20)))).n == 20


def test_texts_are_shown_with_all_their_labels(made):
    """With commas between them."""
    found, data = made()
    (subset,) = found.subsets(data)
    labels = {one.label for one in found.texts(subset)}
    assert {"", "art", "art, law"} <= labels


@pytest.mark.parametrize(
    ("split", "has", "said"),
    [
        ("test", lambda has: has | True, "all 90 test items have the same labels: there is nothing to score"),
        ("train", lambda has: has & False, "no label is one that some training items have and others have not"),
    ],
)
def test_data_on_which_every_encoder_scores_the_same_is_damaged(made, split, has, said):
    """Test items all alike, or nothing to learn."""
    texts, its = items(1, 120 if split == "train" else 90)
    found, data = made(**{split: (texts, has(its))})
    assert said in next(iter(found.subsets(data))).damaged


def test_a_label_that_the_card_does_not_list_is_told_with_its_place(made):
    """All of them at once, with file and line."""
    found, data = made(options='labels = ["art", "law"]')
    said = next(iter(found.subsets(data))).damaged
    assert "labels that are none of the card's (art, law)" in said
    assert "'sea' (" in said
    assert "eng.train.tsv, line " in said


def read(folder, text, **table):
    (folder / "eng.tsv").write_text(text, encoding="utf-8")
    table = {"files": "{language}.tsv", "fields": {"text": "text", "label": "labels"}, **table}
    home = Home("card.toml: [data]", "made", "delimited", ("eng",), table)
    return module_of("reader", "delimited").source(home, Data(folder)).read("eng").fields["labels"]


def test_cells_become_sets(tmp_path):
    """An empty cell has no label, blanks are no part of one, and labels of the file become the card's."""
    text = "text\tlabels\na\tx, y\nb\t\nc\ty\n"
    assert read(tmp_path, text, label_separator=",") == ('["x", "y"]', "[]", '["y"]')
    assert read(tmp_path, text, label_separator=",", labels={"x": "X", "y": "X"}) == ('["X"]', "[]", '["X"]')


@pytest.mark.parametrize(
    ("cell", "table", "said"),
    [
        ("x,,y", {}, r"line 3: a label is missing beside ',' in 'x,,y'"),
        ("x,", {}, r"line 3: a label is missing beside ',' in 'x,'"),
        ("x,x", {}, r"line 3: a label is there twice in 'x,x'"),
        ("x,z", {"labels": {"x": "X"}}, r"none of the card's \['x'\]: 'z' \(1 time, first at .*line 3\)"),
    ],
)
def test_a_broken_set_is_an_error_with_its_line(tmp_path, cell, table, said):
    """Nothing is guessed."""
    with pytest.raises(DataError, match=said):
        read(tmp_path, f"text\tlabels\na\tx\nb\t{cell}\n", label_separator=",", **table)


@pytest.mark.parametrize("mark", ["2", "yes", "", "-1"])
def test_a_mark_that_is_neither_0_nor_1_is_an_error_with_its_line(tmp_path, mark):
    """In whichever column."""
    with pytest.raises(DataError, match=rf"line 3: column 'y' holds '{mark}', which is neither 0 nor 1"):
        read(tmp_path, f"text\tx\ty\na\tTrue\t1.0\nb\t0\t{mark}\n", fields={"text": "text", "label": ["x", "y"]})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"label_separator": ""}, "label_separator: give the sign"),
        ({"label_separator": ",", "fields": {"text": "text"}}, "label_separator: goes with one column of labels"),
        (
            {"label_separator": ",", "fields": {"text": "text", "label": ["a", "b"]}},
            "label_separator: goes with one column of labels",
        ),
        ({"label_separator": ",", "bins": [1, 2, 3]}, "bins: make one label an item"),
        (
            {"fields": {"text": "text", "label": ["a", "a"]}},
            "a label can be columns of 0 and 1, of two columns or more",
        ),
    ],
)
def test_wrong_keys_are_told_with_the_card(tmp_path, table, said):
    """Before any file is read."""
    with pytest.raises(UsageError, match=rf"^card\.toml: \[data\].*{said}"):
        read(tmp_path, "", **table)


@pytest.mark.parametrize(
    ("protocol", "form", "said"),
    [
        (
            "multilabel",
            'fields = { text = "text", label = "labels" }',
            "the data has no sets of labels; give label_sep",
        ),
        ("classification", SEPARATED, "has no labels; add label to fields"),
    ],
)
def test_no_protocol_takes_one_label_for_several(made, tmp_path, protocol, form, said):
    """Nor several for one."""
    made()
    path = tmp_path / "topics.toml"
    path.write_text(CARD.format(fields=form, options="").replace("multilabel", protocol), encoding="utf-8")
    if protocol == "multilabel":  # a cell of one label may not be empty
        for split in ("train", "test"):
            file = tmp_path / f"eng.{split}.tsv"
            file.write_text(file.read_text().replace("\t\n", "\tx\n"))
    assert said in next(iter(task(read_card(path, str(path))).subsets(Data(tmp_path)))).damaged


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('labels = ["a"]', "two at least"),
        ('labels = ["a", "a"]', "each once"),
        ('labels = ["a", "A"]', "spellings of one label"),
        ("c = 0", "c: 0 is not a number above 0"),
        ("shots = 3", "no key 'shots'"),
    ],
)
def test_wrong_options_are_told(made, options, said):
    """One line that names the key."""
    with pytest.raises(UsageError, match=said):
        made(options=options)
