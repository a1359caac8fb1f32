"""Bootstrapped training sets: which rows they have, and that probes learn from them what they would from these rows."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from xlbench import Data, DataError, EncodingSession
from xlbench.runs.outcome_checks import check_outcome
from xlbench_tasks.card.read import read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.data.records import Records
from xlbench_tasks.protocols.numbers import probes, spans, tagging_probe
from xlbench_tasks.protocols.training_resamples import redraws


def records(clusters, ids=None):
    return Records(tuple(ids or (f"made:{row}" for row in range(len(clusters)))), tuple(clusters), {})


def test_clusters_are_drawn_with_all_their_items():
    """As many clusters as there are, with replacement; all items of a cluster are there equally often."""
    names = [f"made:d{number // 3}" for number in range(60)]
    found = redraws("made", {"eng": records(names)}, 30)
    for rows in found.rows:
        times = Counter(rows.tolist())
        of_cluster = {name: {times[row] for row in range(60) if names[row] == name} for name in names}
        assert all(len(counts) == 1 for counts in of_cluster.values())
        assert sum(counts.copy().pop() for counts in of_cluster.values()) == 20
    assert len({tuple(rows) for rows in found.rows}) == 30


def test_draws_follow_from_the_clusters_alone():
    """In another order of the file, the same clusters are drawn equally often; of a longer list the first ones are the
    same; languages that share their clusters share draws and names, others do not."""
    names = [f"made:{number}" for number in range(40)]
    one = redraws("made", {"eng": records(names, names)}, 5)
    backwards = redraws("made", {"hin": records(names[::-1], names[::-1])}, 5)
    assert one.names == backwards.names
    for rows, other in zip(one.rows, backwards.rows, strict=True):
        assert sorted(names[row] for row in rows) == sorted(names[::-1][row] for row in other)
    longer = redraws("made", {"eng": records(names, names)}, 9)
    assert [rows.tolist() for rows in longer.rows[:5]] == [rows.tolist() for rows in one.rows]
    assert not {*longer.names} & {*one.names}
    assert not {*redraws("made", {"eng": records([f"made:eng:{n}" for n in range(40)])}, 5).names} & {*one.names}


def test_what_teaches_nothing_is_drawn_anew():
    """A set without the one item of the other label is not used; where none has it, that is an error."""
    names = [f"made:{number}" for number in range(12)]
    found = redraws("made", {"eng": records(names, names)}, 40, lambda rows: 7 in rows)
    assert all(7 in rows for rows in found.rows)
    with pytest.raises(DataError, match="made eng: nothing can be learned from any of 100 resampled training sets"):
        redraws("made", {"eng": records(names, names)}, 2, lambda rows: False)


class Numbers:
    """An encoder of texts that are numbers, which counts the texts."""

    def encode(self, texts, *, role=None):
        return np.array([[float(number) for number in text.split()] for text in texts], np.float32)


CARD = """\
name = "reviews"
area = "sentiment"
protocol = "classification"
description = "Reviews"
license = "CC0-1.0"
languages = ["eng", "hin"]
splits = {{ train = "train", test = "test" }}
[data]
reader = "delimited"
files = "{{language}}/{{split}}.tsv"
fields = {{ text = "text", label = "label" }}
[options]
labels = ["bad", "good"]
transfer = ["within", "zero-shot"]
from = ["eng"]
{options}
"""


@pytest.fixture
def reviews(tmp_path):
    """A function: options -> a task of two languages, and its data."""
    rng = np.random.RandomState(0)
    for language in ("eng", "hin"):
        (tmp_path / language).mkdir()
        for split, count in (("train", 30), ("test", 40)):
            points = rng.standard_normal((count, 3)) + np.eye(3)[np.arange(count) % 2]
            rows = [f"{a:.4f} {b:.4f} {c:.4f}\t{('bad', 'good')[i % 2]}" for i, (a, b, c) in enumerate(points)]
            (tmp_path / language / f"{split}.tsv").write_text("text\tlabel\n" + "\n".join(rows) + "\n", "utf-8")

    def make(options="", **data):
        (tmp_path / "reviews.toml").write_text(CARD.format(options=options), encoding="utf-8")
        found = task(read_card(tmp_path / "reviews.toml"))
        return found, {subset.name: subset for subset in found.subsets(Data(tmp_path, **data))}

    return make


@pytest.mark.parametrize("options", ["", "probe = 'knn'"])
def test_a_probe_learns_from_each_training_set(reviews, options):
    """What is said of the test items is what the probe says that learns from these rows; the whole set's predictions,
    chance, notes and the data's fingerprint stay what they are without it."""
    found, subsets = reviews(options, training_draws=4)
    _, plain = reviews(options)
    session = EncodingSession(Numbers())
    outcome = found.evaluate(subsets["eng>hin"], session)
    before = found.evaluate(plain["eng>hin"], EncodingSession(Numbers()))
    check_outcome(found, outcome)
    assert outcome.columns["predicted"].tolist() == before.columns["predicted"].tolist()
    assert (outcome.chance, outcome.notes, outcome.facts) == (before.chance, before.notes, before.facts)
    assert subsets["eng>hin"].fingerprint == plain["eng>hin"].fingerprint
    assert (subsets["eng>hin"].training_draws, plain["eng>hin"].training_draws) == (4, 0)
    parts = subsets["eng>hin"].load()
    vectors, asked = (session.encode(one.fields["text"]) for one in (parts.train["eng"], parts.test))
    codes = np.array([("bad", "good").index(label) for label in parts.train["eng"].fields["label"]])
    probe = probes.Neighbors() if options else probes.Logistic()
    for rows, own in zip(redraws("reviews", parts.train, 4).rows, outcome.retrained, strict=True):
        assert own["predicted"].tolist() == probe.learn(vectors[rows], codes[rows]).label(asked).tolist()


def test_subsets_that_learn_from_the_same_items_share_draws_and_probes(reviews):
    """`eng` and `eng>hin` have the same training ids, `hin` has others; who watches hears of every set."""
    found, subsets = reviews(training_draws=3)
    session, heard = EncodingSession(Numbers()), []
    session.learned = lambda done, total: heard.append((done, total))
    ids = {name: [*found.evaluate(subsets[name], session).training_ids] for name in ("eng", "eng>hin", "hin")}
    assert ids["eng"] == ids["eng>hin"]
    assert not {*ids["hin"]} & {*ids["eng"]}
    assert heard == [(1, 3), (2, 3), (3, 3)] * 3
    found.evaluate(subsets["eng>hin"], session)
    assert len(heard) == 9


def test_few_shots_are_drawn_already(reviews):
    """Where several small training sets are drawn anyway, none is drawn beside them."""
    found, subsets = reviews("shots = 4\ndraws = 3", training_draws=5)
    assert subsets["eng"].training_draws == 0
    assert [*found.evaluate(subsets["eng"], EncodingSession(Numbers())).retrained] == []


NER = """
name = "made"
area = "ner"
protocol = "tagging"
description = "made up"
license = "CC0-1.0"
languages = ["eng"]
splits = { train = "train", test = "test" }
[data]
reader = "conll"
files = "{language}-{split}.txt"
tags = { PER = "PER" }
[options]
types = ["PER"]
"""


class ByLetter:
    """A vector a word, from its first letter, with some noise."""

    def encode(self, texts, role=None):
        letters = np.array([[ord(text[0]), ord(text[-1])] for text in texts])
        known = (np.arange(97, 123) == letters[:, :1]).astype(np.float32)
        return known + 0.3 * np.sin(letters[:, 1:] * np.arange(26)).astype(np.float32)


def test_a_tagger_learns_from_whole_sentences(tmp_path):
    """Its columns by training sets are those of the probe that learns from the words of these sentences, one as often
    as it was drawn."""
    rng = np.random.RandomState(0)
    for split in ("train", "test"):
        lines = []
        for _ in range(25):
            words = [f"{'pqoab'[rng.randint(5)]}{rng.randint(9)}" for _ in range(rng.randint(2, 7))]
            noisy = [(word[0] in "pq") != (rng.random_sample() < 0.3) for word in words]
            lines += [f"{word} {'B-PER' if is_name else 'O'}" for word, is_name in zip(words, noisy, strict=True)] + [
                ""
            ]
        (tmp_path / f"eng-{split}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "made.toml").write_text(NER, encoding="utf-8")
    found = task(read_card(tmp_path / "made.toml"))
    (subset,) = found.subsets(Data(tmp_path, training_draws=3))
    session = EncodingSession(ByLetter())
    outcome = found.evaluate(subset, session)
    check_outcome(found, outcome)
    parts = subset.load()
    split = {"train": parts.train["eng"], "test": parts.test}
    words = {name: [text.split("\t") for text in one.fields["tokens"]] for name, one in split.items()}
    tags = {name: [text.split("\t") for text in one.fields["tags"]] for name, one in split.items()}
    asked = session.encode_words(words["test"])
    gold = spans.encode([tag for one in tags["test"] for tag in one], ("PER",))
    lengths = np.array([len(one) for one in words["test"]])
    sets = redraws("made", parts.train, 3).rows
    assert len({str(own["predicted:PER"].tolist()) for own in outcome.retrained}) > 1
    for rows, own in zip(sets, outcome.retrained, strict=True):
        known = session.encode_words([words["train"][row] for row in rows])
        codes = spans.encode([tag for row in rows for tag in tags["train"][row]], ("PER",))
        probe = tagging_probe.fit(known.vectors, known.rows, codes, 3)
        expected = tagging_probe.score(probe.log_probabilities(asked.vectors), asked.rows, gold, lengths, ("PER",))
        assert {name: column.tolist() for name, column in own.items()} == {
            name: column.tolist() for name, column in expected.columns.items()
        }
