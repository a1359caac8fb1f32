"""Classification: probes, few-shot draws, metrics against scikit-learn, what is said of bad data, published figures."""

from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest
from real_data import DATA, GOLDEN, needs
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from xlbench import Data, DataError, UsageError, metrics
from xlbench.encoding import EncodingSession
from xlbench.stats.rows import group, jackknife, value_of
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.protocols import classification, classification_facts
from xlbench_tasks.protocols.numbers import probes, softmax

LABELS = ("bad", "fine", "good")


def value(metric, columns):
    """A metric over columns."""
    return value_of(metric, metric.rows(columns).sum(axis=0))


class Numbers:
    """An encoder of texts that are numbers: ``1 0.5`` is the vector (1, 0.5)."""

    def encode(self, texts, *, role=None):
        return np.array([[float(number) for number in text.split()] for text in texts], np.float32)


def texts(seed, codes, noise=0.7):
    """A text for every code: near the code's own axis of three."""
    points = np.eye(3)[codes] + noise * np.random.RandomState(seed).standard_normal((len(codes), 3))
    return [" ".join(f"{number:.4f}" for number in point) for point in points]


CARD = """\
name = "reviews"
area = "sentiment"
protocol = "classification"
description = "Reviews"
license = "CC0-1.0"
languages = ["eng", "hin"]
splits = {{ train = "train", dev = "dev", test = "test" }}

[data]
reader = "delimited"
files = "{{language}}/{{split}}.tsv"
fields = {{ text = "text", label = "label" }}

[options]
labels = {labels}
{options}
"""


@pytest.fixture
def made(tmp_path):
    """A function: options, and changes of splits as lists of (text, label) -> a task and its subsets by name."""

    def _made(options="", language="eng", labels=LABELS, **splits):
        (tmp_path / language).mkdir(exist_ok=True)
        for split, seed, count in (("train", 1, 90), ("dev", 2, 60), ("test", 3, 120)):
            codes = np.arange(count) % 3
            rows = splits.get(split) or list(zip(texts(seed, codes), (LABELS[code] for code in codes), strict=True))
            lines = ["text\tlabel", *(f"{text}\t{label}" for text, label in rows)]
            (tmp_path / language / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (tmp_path / "reviews.toml").write_text(CARD.format(options=options, labels=list(labels)), encoding="utf-8")
        found = task(read_card(tmp_path / "reviews.toml"))
        return found, {subset.name: subset for subset in found.subsets(Data(tmp_path))}

    return _made


def evaluated(made, options="", subset="eng", **splits):
    """The task and the outcome of one subset."""
    found, by_name = made(options, **splits)
    return found, found.evaluate(by_name[subset], EncodingSession(Numbers()))


def split_of(made, seed, count):
    """Vectors of length 1 and codes, as the fixture writes them."""
    codes = np.arange(count) % 3
    vectors = Numbers().encode(texts(seed, codes)).astype(float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), codes


def damage(made, **splits):
    """Why the English subset cannot be scored."""
    _, by_name = made(**splits)
    assert by_name["eng"].load is None
    return by_name["eng"].damaged


# What is learned


def test_the_logistic_probe_is_scikit_learns_on_unit_vectors(made):
    """The same predictions, with C = 1 by default and with another."""
    train, codes = split_of(made, 1, 90)
    test, truth = split_of(made, 3, 120)
    for options, c in (("", 1.0), ("c = 0.01", 0.01)):
        _, outcome = evaluated(made, options)
        expected = LogisticRegression(C=c, max_iter=1000).fit(train, codes).predict(test)
        assert (outcome.columns["predicted"] == expected).all()
        assert (outcome.columns["true"] == truth).all()


def test_c_is_chosen_on_dev(made):
    """It is the C of the grid with the best macro-F1 on dev, of equal ones the smallest."""
    train, codes = split_of(made, 1, 90)
    dev, truth = split_of(made, 2, 60)
    scores = [
        sk.f1_score(truth, LogisticRegression(C=c, max_iter=1000).fit(train, codes).predict(dev), average="macro")
        for c in probes.GRID
    ]
    best = probes.GRID[int(np.argmax(scores))]
    _, outcome = evaluated(made, 'c = "dev"')
    assert outcome.facts["c"] == f"{best:g}"
    _, fixed = evaluated(made, f"c = {best}")
    assert (outcome.columns["predicted"] == fixed.columns["predicted"]).all()
    assert len(set(scores)) > 1


@pytest.mark.parametrize("options", ["", "c = 10.0", 'c = "dev"', "shots = 8\ndraws = 3"])
def test_a_probe_that_did_not_converge_is_told(made, options, monkeypatch):
    """A footnote and a count of probes stand beside its scores, whichever probe it is; where it converged, neither."""
    _, settled = evaluated(made, options)
    monkeypatch.setattr(softmax, "MAX_ITERATIONS", 1)
    _, stopped = evaluated(made, options)
    note, fact = "the probe did not converge", "not_converged"
    assert (note in settled.notes, fact in settled.facts) == (False, False)
    assert (note in stopped.notes, stopped.facts[fact]) == (True, 3 if "draws" in options else 1)


def test_neighbors_vote_by_cosine(made):
    """k-NN is scikit-learn's by cosine distance."""
    train, codes = split_of(made, 1, 90)
    test, _ = split_of(made, 3, 120)
    expected = KNeighborsClassifier(7, metric="cosine").fit(train, codes).predict(test)
    _, outcome = evaluated(made, 'probe = "knn"\nk = 7')
    assert (outcome.columns["predicted"] == expected).all()
    assert "c" not in outcome.facts


def test_few_shot_draws_are_balanced_and_the_same_for_every_model(made):
    """Each draw has ``shots`` rows a class; draws differ, and depend on the training set's name alone."""
    codes = np.random.RandomState(0).choice(3, 100, p=[0.2, 0.3, 0.5])
    drawn = list(probes.draws(codes, 5, 10, ("set", "eng")))
    assert [np.bincount(codes[rows]).tolist() for rows in drawn] == [[5, 5, 5]] * 10
    assert all(len(set(rows)) == 15 for rows in drawn)
    assert len({tuple(rows) for rows in drawn}) == 10
    assert all((a == b).all() for a, b in zip(drawn, probes.draws(codes, 5, 10, ("set", "eng")), strict=True))
    assert tuple(next(probes.draws(codes, 5, 1, ("set", "hin")))) != tuple(drawn[0])


def test_mtebs_draws_are_mtebs_own_loop():
    """One list of rows, shuffled on by a fresh RandomState(42) each time; the first eight of every label."""
    codes = np.random.RandomState(1).choice(3, 200)
    order, expected = list(range(200)), []
    for _ in range(10):
        np.random.RandomState(42).shuffle(order)
        count, rows = dict.fromkeys(range(3), 0), []
        for row in order:
            if count[codes[row]] < 8:
                count[codes[row]] += 1
                rows.append(row)
        expected.append(rows)
    assert [rows.tolist() for rows in probes.mteb_draws(codes)] == expected


def test_few_shot_scores_are_means_over_draws_with_their_spread(made):
    """The value is the mean of the draws' own; the variance of that mean goes into the interval."""
    found, outcome = evaluated(made, "shots = 4\ndraws = 6")
    runs = [outcome.columns[f"predicted_{run}"] for run in range(6)]
    each = [sk.f1_score(outcome.columns["true"], run, average="macro") for run in runs]
    main = found.metrics[0]
    assert main.name == "macro_f1"
    assert value(main, outcome.columns) == pytest.approx(np.mean(each))
    assert main.seeds(outcome.columns) == pytest.approx(np.array(each))


def test_joint_training_learns_from_all_languages(made):
    """``all>hin`` is one probe over both train splits, ``eng>hin`` one over English alone."""
    made(language="hin", train=list(zip(texts(9, np.arange(30) % 3), LABELS * 10, strict=True)))
    found, by_name = made('transfer = ["zero-shot", "all"]')
    session = EncodingSession(Numbers())
    sizes = {name: found.evaluate(by_name[name], session).facts["train_items"] for name in ("eng>hin", "all>hin")}
    assert sizes == {"eng>hin": 90, "all>hin": 120}


# How it is scored


@pytest.fixture
def answers():
    """Codes of four classes, of which the last is never predicted."""
    rng = np.random.default_rng(4)
    true = rng.choice(4, 300, p=[0.4, 0.3, 0.2, 0.1])
    return {"true": true, "predicted": np.where(rng.random(300) < 0.5, np.minimum(true, 2), rng.integers(0, 3, 300))}


@pytest.mark.parametrize(
    ("make", "oracle"),
    [
        (metrics.macro_precision, lambda t, p: sk.precision_score(t, p, average="macro", zero_division=0)),
        (metrics.macro_recall, lambda t, p: sk.recall_score(t, p, average="macro")),
        (metrics.weighted_f1, lambda t, p: sk.f1_score(t, p, average="weighted")),
        (lambda n, c: metrics.class_f1(n, c, 2), lambda t, p: sk.f1_score(t, p, average=None)[2]),
    ],
)
def test_metrics_of_classes_are_scikit_learns(answers, make, oracle):
    """Values to the last bits; the closed-form influence is the delete-one jackknife but for terms of order 1/n."""
    metric = make("m", range(4))
    assert value(metric, answers) == pytest.approx(oracle(answers["true"], answers["predicted"]), abs=1e-14)
    brute = jackknife(metric, group(metric.rows(answers)))
    assert metric.influence(answers) == pytest.approx(brute - brute.mean(), abs=0.1)
    sums = metric.rows(answers).sum(axis=0).astype(float)
    step = 1e-4
    central = [(metric.value(sums + d) - metric.value(sums - d)) / (2 * step) for d in step * np.eye(len(sums))]
    seen = sums > 0
    assert metric.gradient(sums)[seen] == pytest.approx(np.array(central)[seen], abs=1e-8)


def test_the_f1_of_a_class_without_support_is_not_defined():
    """It is no 0: the class is not in the test split."""
    columns = {"true": np.array([0, 0, 1]), "predicted": np.array([0, 2, 1])}
    assert np.isnan(value(metrics.class_f1("m", range(3), 2), columns))
    assert value(metrics.class_f1("m", range(3), 0), columns) == pytest.approx(2 / 3)


def test_chance_is_what_guessing_scores(made):
    """The stated figures are those of a hundred thousand items labeled at random."""
    train = list(zip(texts(1, np.arange(60) % 2), LABELS[:2] * 30, strict=True))  # "good" is never learned
    truth = np.random.RandomState(0).choice(3, 100, p=[0.6, 0.3, 0.1])
    test = list(zip(texts(3, truth), (LABELS[code] for code in truth), strict=True))
    found, outcome = evaluated(made, train=train, test=test)
    many = np.tile(truth, 4000)
    guess = {"true": many, "predicted": np.random.RandomState(1).randint(0, 2, len(many))}
    assert {metric.name for metric in found.metrics} == set(outcome.chance)
    for metric in found.metrics:
        assert outcome.chance[metric.name] == pytest.approx(value(metric, guess), abs=0.005), metric.name


def test_the_majority_baseline_is_a_dummy_classifier(made):
    """Of always saying the most frequent training label, whatever is frequent in the test split."""
    train = list(zip(texts(1, np.arange(40) % 3), ["fine"] * 20 + ["bad"] * 12 + ["good"] * 8, strict=True))
    _, outcome = evaluated(made, train=train)
    truth = outcome.columns["true"]
    always = np.ones_like(truth)
    assert outcome.facts["majority_accuracy"] == pytest.approx(sk.accuracy_score(truth, always))
    assert outcome.facts["majority_macro_f1"] == pytest.approx(sk.f1_score(truth, always, average="macro"))


def test_facts_tell_of_overlap_duplicates_and_labels(made):
    """Two test texts are training texts, one of them twice."""
    learned = list(zip(texts(1, np.arange(90) % 3), LABELS * 30, strict=True))
    asked = list(zip(texts(3, np.arange(30) % 3), LABELS * 10, strict=True))
    _, outcome = evaluated(made, train=learned, test=[*asked, learned[0], learned[0], learned[1]])
    facts = outcome.facts
    assert (facts["test_in_train"], facts["test_duplicates"], facts["train_duplicates"]) == (3, 1, 0)
    assert facts["tiny_classes"] == 0
    assert json.loads(facts["label_names"]) == ["bad", "fine", "good"]
    assert any("in the training set too" in note for note in outcome.notes)
    assert any("more than once" in note for note in outcome.notes)


# What is said of data that does not fit


def test_a_label_without_training_items_is_noted_and_never_predicted(made):
    """It counts as wrong; it does not stop the others from being scored."""
    train = list(zip(texts(1, np.arange(40) % 2), LABELS[:2] * 20, strict=True))
    test = list(zip(texts(3, np.arange(24) % 3), LABELS * 8, strict=True))
    _, outcome = evaluated(made, train=train, test=test)
    assert set(outcome.columns["predicted"]) <= {0, 1}
    assert "labels without a training item, which are never predicted: good" in outcome.notes
    assert "labels with fewer than 10 test items: bad, fine, good" in outcome.notes
    assert outcome.facts["tiny_classes"] == 3


def test_a_class_with_one_training_item_is_noted_and_stops_few_shot(made):
    """With all data it is a footnote; where more are to be drawn, the error says which class, where and how many."""
    train = [*zip(texts(1, np.arange(40) % 2), LABELS[:2] * 20, strict=True), ("0 0 1", "good")]
    _, outcome = evaluated(made, train=train)
    assert "labels with one training item: good" in outcome.notes
    with pytest.raises(DataError, match=r"reviews eng: 'good' has 1 training item, and shots asks for 4"):
        evaluated(made, "shots = 4", train=train)


def test_a_probe_needs_two_labels(made):
    """A training set of one label is an error that names it."""
    damaged = damage(made, train=[("1 0 0", "fine"), ("0 1 0", "fine"), ("0 0 1", "fine")])
    assert damaged == "reviews eng: all 3 training items are 'fine'; a probe needs two labels to learn from"


def test_a_score_needs_two_labels_to_tell(made):
    """A test split of one label is an error: every probe that has learned it alone would be right."""
    damaged = damage(made, test=[("1 0 0", "fine"), ("0 1 0", "fine")])
    assert damaged == "reviews eng: all 2 test items are 'fine'; with one label there is nothing to score"


def test_a_probe_must_have_learned_a_label_of_the_test(made):
    """Where no label of the test is among those of the training items, every score would be 0."""
    rows = list(zip(texts(5, np.arange(12) % 3), "abcd" * 3, strict=True))
    learned, asked = ([row for row in rows if row[1] in labels] for labels in ("ab", "cd"))
    _, by_name = made(labels="abcd", train=learned, dev=learned, test=asked)
    said = "reviews eng: none of the labels of its test items (c, d) is one of the training items (a, b)"
    assert by_name["eng"].damaged == said


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_label_that_the_card_does_not_list_is_an_error(made, split):
    """It names all such labels, with their counts and the file and line of the first of each."""
    rows = [("1 0 0", "bad"), ("0 1 0", "fine"), ("0 0 1", "Good"), ("1 1 0", "best"), ("0 0 1", "Good")]
    damaged = damage(made, **{split: rows})
    assert damaged.startswith("reviews: labels that are none of the card's (bad, fine, good); add them")
    assert re.search(rf"'Good' \(2 times, first at .*eng/{split}\.tsv, line 4\); 'best' \(1 time, .*line 5\)$", damaged)


def test_unknown_labels_are_counted_over_all_splits(made):
    """One that stands in training and test items is counted in both."""
    rows = [("1 0 0", "bad"), ("0 1 0", "fine"), ("0 0 1", "Good"), ("1 1 0", "best"), ("0 0 1", "Good")]
    damaged = damage(made, train=rows, test=rows)
    assert re.search(r"'Good' \(4 times, first at .*eng/train\.tsv, line 4\); 'best' \(2 times", damaged)


def test_averages_over_many_classes_are_those_of_few(answers, monkeypatch):
    """With more labels than have metrics of their own, values and slopes are what the rows of all classes give;
    influences of few classes follow the curve, and differ from the slopes by a hundredth."""
    labels = ["a", "b", "c", "d"]
    few = {metric.name: metric for metric in classification.metrics({"labels": labels})}
    monkeypatch.setattr(classification, "MANY", 3)
    many = {metric.name: metric for metric in classification.metrics({"labels": labels})}
    assert set(few) - set(many) == {"f1:a", "f1:b", "f1:c", "f1:d"}
    for name in ("macro_f1", "macro_precision", "macro_recall", "weighted_f1"):
        assert value(many[name], answers) == pytest.approx(value(few[name], answers), abs=1e-12)
        rows = many[name].rows(answers)[:, 0]
        own = few[name].rows(answers).astype(float)
        slopes = len(own) * own @ few[name].gradient(own.sum(axis=0))
        assert rows - rows.mean() == pytest.approx(slopes, abs=1e-9)
        curved = few[name].influence(answers)
        assert np.linalg.norm(curved - curved.mean() - slopes) < 0.02 * np.linalg.norm(slopes)


def test_thousands_of_labels_are_learned_and_scored_in_bounded_memory(made):
    """Thousands of labels, two items each: metrics are as few as their averages, and facts are no longer than names."""
    import tracemalloc

    many = 1500
    labels = [f"label {place:04}" for place in range(many)]
    codes = np.arange(2 * many) % many
    random = np.random.RandomState(0)
    centers = random.standard_normal((many, 24))

    class Centers:
        def encode(self, texts, *, role=None):
            return np.array([centers[int(text.split()[1])] for text in texts], np.float32)

    rows = [(f"{place} {code}", labels[code]) for place, code in enumerate(codes)]
    found, by_name = made(train=rows, dev=rows[:3], test=rows[many:], labels=labels)
    tracemalloc.start()
    outcome = found.evaluate(by_name["eng"], EncodingSession(Centers()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400 << 20
    assert len(found.metrics) == 5
    assert value(found.metrics[0], outcome.columns) > 0.9
    assert sum(len(str(fact)) for fact in outcome.facts.values()) < 20 * many


def test_a_choice_on_dev_needs_dev(made, tmp_path):
    """A card without the split, and a language without it, are told."""
    found, _ = made('c = "dev"')
    (tmp_path / "eng" / "dev.tsv").unlink()
    again = task(read_card(tmp_path / "reviews.toml"))
    subset = next(subset for subset in again.subsets(Data(tmp_path)) if subset.name == "eng")
    with pytest.raises(DataError, match="reviews eng: c = 'dev', and there is no dev split"):
        found.evaluate(subset, EncodingSession(Numbers()))
    card = (tmp_path / "reviews.toml").read_text(encoding="utf-8").replace(', dev = "dev"', "")
    (tmp_path / "reviews.toml").write_text(card, encoding="utf-8")
    with pytest.raises(UsageError, match="needs a dev split, which the card does not have"):
        list(task(read_card(tmp_path / "reviews.toml")).subsets(Data(tmp_path)))


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["-1", "0", "1"], ["f1:-1", "f1:0", "f1:1"]),
        (["A+", "A-", "B"], ["f1:a+", "f1:a-", "f1:b"]),
        (["😀", "😡", "meh 😀"], ["f1:😀", "f1:😡", "f1:meh"]),
        (["नकारात्मक", "तटस्थ"], ["f1:नकारात्मक", "f1:तटस्थ"]),
        (["कि", "की"], ["f1:कि", "f1:की"]),
        (["a b", "a/b"], ["f1:a-b", "f1:a/b"]),
        (["science/technology", "Spörts"], ["f1:science-technology", "f1:spörts"]),
    ],
)
def test_metrics_of_classes_keep_labels_apart(labels, names):
    """Numbers with a sign, grades, emoji and vowel signs: each label has a metric of its own name."""
    found = [metric.name for metric in classification.metrics({"labels": labels})]
    assert found[-len(names) :] == names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": ["a"]}, "two at least"),
        ({"labels": ["a", "\u200b"]}, "none of them empty"),
        ({"labels": ["a b", "a-b"]}, "'a b' and 'a-b' are one label; list each once"),
        ({"labels": ["Sport", "sport "]}, "'Sport' and 'sport ' are spellings of one label"),
        ({"labels": ["b", "b"]}, "'b' and 'b' are one label; list each once"),
        ({"c": "test"}, "'test' is not a number above 0, or 'dev'"),
        ({"c": 0}, "not a number above 0"),
        ({"probe": "knn", "c": 1.0}, "c: has no meaning with probe = 'knn'"),
        ({"k": 3}, "k: has no meaning with the logistic probe"),
        ({"draws": 3}, "draws: has no meaning with all training items"),
        ({"shots": -1}, "shots: must be 0 or more"),
        ({"mode": "mteb", "shots": 8}, "shots: has no meaning with mode = 'mteb'"),
        ({"transfer": ["some"]}, "there is no 'some'"),
    ],
)
def test_options_that_contradict_each_other_are_told(options, message):
    """An option that would do nothing is a mistake in the card."""
    with pytest.raises(UsageError, match=message):
        classification.metrics({"labels": ["a", "b"], **options})


def test_metrics_name_every_class():
    """Names have no spaces or strokes; mteb's accuracy is there, first, in mteb's mode alone."""
    labels = ["science/technology", "Spörts"]
    names = [metric.name for metric in classification.metrics({"labels": labels})]
    assert names[0] == "macro_f1"
    assert names[-2:] == ["f1:science-technology", "f1:spörts"]
    strict = [metric.name for metric in classification.metrics({"labels": labels, "mode": "mteb"})]
    assert strict == ["mteb_accuracy", *names]


# Published figures


@pytest.mark.slow
@needs("nusax", "random_encoder.tsv")
def test_random_reproduces_mtebs_few_shot_scores_on_nusax():
    """Accuracy and F1 of `random` are the published ones in all 12 languages, but for two of 4,000 predictions at most.

    mteb's probe stops before it has converged, so that a prediction may follow the rounding of a processor.
    """
    from xlbench.catalog.loading import load

    with (GOLDEN / "random_encoder.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["task"] == "NusaX-senti"]
    published = {row["subset"]: (float(row["accuracy"]), float(row["f1"])) for row in rows}
    found = task(read_card(CARDS / "nusax-senti-mteb.toml"))
    by_name = {metric.name: metric for metric in found.metrics}
    session = EncodingSession(load().models["random"].load())
    ours = {}
    for subset in found.subsets(Data(DATA)):
        columns = found.evaluate(subset, session).columns
        ours[subset.name] = tuple(round(value(by_name[name], columns), 6) for name in ("mteb_accuracy", "macro_f1"))
    assert found.metrics[0].name == "mteb_accuracy"
    assert len(ours) == 12
    for name, figures in ours.items():
        assert abs(figures[0] - published[name][0]) * 4000 < 2.01, name
        assert figures[1] == pytest.approx(published[name][1], abs=0.001), name
    assert sum(figures == published[name] for name, figures in ours.items()) >= 6


@needs("typology_sentiment", "typology_sentiment_mono.tsv")
def test_majority_baselines_are_the_published_ones():
    """Accuracy and macro-F1 of the majority label, in every language that is at hand and published."""
    aliases = {"sk": "slk", "mt": "mlt", "tr": "tur", "no": "nor", "fi": "fin", "eu": "eus", "es": "spa"}
    with (GOLDEN / "typology_sentiment_mono.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["lang"] in aliases]
    found = task(read_card(CARDS / "typology-sentiment.toml"))
    subsets = {subset.name: subset for subset in found.subsets(Data(DATA)) if not subset.missing}
    labels = ("negative", "positive")
    for row in rows:
        parts = subsets[aliases[row["lang"]]].load()
        codes = [
            np.array([labels.index(label) for label in records.fields["label"]])
            for records in (*parts.train.values(), parts.test)
        ]
        ours = classification_facts.majority([tuple(codes)], 2)
        figures = round(ours["majority_accuracy"], 5), round(ours["majority_macro_f1"], 5)
        assert figures == (float(row["majority_acc"]), float(row["majority_macro_f1"])), row["lang"]
    assert len(rows) == 7


def test_embedded_data_needs_no_data_root():
    """The plugin's own tasks run from nothing, with the same folds in all languages."""
    from xlbench.catalog.loading import load

    session = EncodingSession(load().models["ngram"].load())
    for name in ("mini-news", "mini-sentiment"):
        found = task(read_card(CARDS / f"{name}.toml"))
        subsets = {subset.name: subset for subset in found.subsets(Data()) if not subset.missing}
        assert {"eng", "slk", "eng>slk"} <= set(subsets)
        folds = [subset.load().folds() for subset in subsets.values()]
        assert len({tuple(fold.parts.test.ids for fold in some) for some in folds}) == 1
        for fold in (fold for some in folds for fold in some):
            assert all(set(fold.parts.test.ids).isdisjoint(one.ids) for one in fold.parts.train.values())
        outcome = found.evaluate(subsets["eng"], session)
        assert len(outcome.columns["predicted"]) == subsets["eng"].n >= 200
        if name == "mini-news":  # topics show in the spelling of words, opinions do not
            assert value(found.metrics[0], outcome.columns) > 1.2 * outcome.chance["macro_f1"]


def test_a_probe_is_learned_once_for_all_languages_that_it_is_tested_in(tmp_path, made, monkeypatch):
    """English alone and English to Hindi are one fit; other sessions learn anew, and have the same predictions."""
    learned, learn = [], probes.Logistic.learn
    monkeypatch.setattr(probes.Logistic, "learn", lambda *given: learned.append(1) or learn(*given))
    for language in ("eng", "hin"):
        made('transfer = ["within", "zero-shot"]\nfrom = ["eng"]', language)
    found = task(read_card(tmp_path / "reviews.toml"))
    subsets = [subset for subset in found.subsets(Data(tmp_path)) if not subset.missing]
    session = EncodingSession(Numbers())
    shared = [found.evaluate(subset, session) for subset in subsets]
    assert (len(subsets), len(learned)) == (3, 2)
    alone = [found.evaluate(subset, EncodingSession(Numbers())) for subset in subsets]
    assert len(learned) == 5
    for one, other in zip(shared, alone, strict=True):
        assert (one.columns["predicted"] == other.columns["predicted"]).all()
