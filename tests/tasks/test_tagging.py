"""The tagging protocol: word vectors, the probe, and whole cells over made-up files."""

import zlib

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from xlbench import Data, DataError, EncoderError, EncodingSession, UsageError, WordEncoder
from xlbench_tasks.card import read
from xlbench_tasks.card.task import task as task_of
from xlbench_tasks.data.records import Records
from xlbench_tasks.protocols import tagging
from xlbench_tasks.protocols.numbers import softmax, spans, tagging_probe

CARD = """
name = "made"
area = "ner"
protocol = "tagging"
description = "made up"
license = "CC0-1.0"
languages = ["eng", "hin", "tel"]
splits = { train = "train", test = "test" }
[data]
reader = "conll"
files = "{language}-{split}.txt"
tags = { PER = "PER", LOC = "LOC", X = "O" }
[options]
types = ["PER", "LOC"]
transfer = ["within", "zero-shot", "rest"]
from = ["eng"]
"""


class ByWord:
    """A vector a word, from its first letter; sees no context."""

    def encode(self, texts, role=None):
        letters = np.array([ord(text[0]) for text in texts])
        return (np.arange(64, 128) == letters[:, np.newaxis]).astype(np.float32) + 0.01


class InContext(ByWord):
    """The same beside that of the word before: what continues an entity can be told from what begins one."""

    def __init__(self):
        self.seen = []

    def encode_words(self, sentences):
        self.seen += sentences
        own = [self.encode(words) for words in sentences]
        return [np.hstack([one, np.vstack([0 * one[:1], one[:-1]])]) for one in own]


def sentences(seed, n):
    """Words in p and l are entities of two types, those in o are none; each in runs of up to two."""
    random = np.random.RandomState(seed)
    for _ in range(n):
        yield [(f"{letter}{random.randint(9)}", tag) for run in random.randint(0, 3, 5) for letter, tag in RUNS[run]]


RUNS = ([("o", "O")], [("p", "B-PER"), ("q", "I-PER")], [("l", "B-LOC"), ("m", "I-LOC"), ("m", "I-LOC")])


def text(rows):
    return "\n".join("".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in rows)


@pytest.fixture
def made(tmp_path):
    """A task over English and Hindi files; Telugu has a test file alone."""
    for seed, name in enumerate(("eng-train", "eng-test", "hin-train", "hin-test", "tel-test")):
        (tmp_path / f"{name}.txt").write_text(text(sentences(seed, 40)), encoding="utf-8")
    (tmp_path / "card.toml").write_text(CARD, encoding="utf-8")
    return task_of(read.read_card(tmp_path / "card.toml")), Data(tmp_path)


def cells(task, data):
    return {subset.name: subset for subset in task.subsets(data)}


def values(task, outcome):
    return {m.name: float(m.value(np.asarray(m.rows(outcome.columns)).sum(axis=0))) for m in task.metrics}


@pytest.mark.parametrize("encoder", [ByWord, InContext])
def test_a_separable_problem_is_learned(made, encoder):
    """Where vectors tell the tags, every metric is 1, within a language, across, and from the rest."""
    task, data = made
    found = cells(task, data)
    assert {name for name, subset in found.items() if not subset.missing} == {
        "eng", "hin", "eng>hin", "eng>tel", "rest>eng", "rest>hin", "rest>tel",
    }  # fmt: skip
    for name in ("eng", "eng>hin", "rest>tel"):
        outcome = task.evaluate(found[name], EncodingSession(encoder()))
        assert set(values(task, outcome).values()) == {1.0}, name
        assert set(outcome.chance.values()) == {0.0}
        assert len(outcome.item_ids) == found[name].n == 40
        alone = "no word vectors: every word was encoded alone"
        assert (alone in outcome.notes) == (encoder is ByWord)
    assert outcome.facts["train_sentences"] == 80


def test_a_probe_that_did_not_converge_is_told(made, monkeypatch):
    """A footnote and a fact stand beside its scores; where it converged, neither."""
    task, data = made
    settled = task.evaluate(cells(task, data)["eng"], EncodingSession(ByWord()))
    monkeypatch.setattr(softmax, "MAX_ITERATIONS", 1)
    stopped = task.evaluate(cells(task, data)["eng"], EncodingSession(ByWord()))
    told = [("the probe did not converge" in one.notes, one.facts.get("not_converged")) for one in (settled, stopped)]
    assert told == [(False, None), (True, 1)]


def test_vectors_without_information_find_next_to_nothing(made):
    """Vectors that know nothing of their words score near 0, as always saying O does."""

    class Random(ByWord):
        def encode_words(self, sentences):
            seeds = (zlib.crc32(" ".join(words).encode()) for words in sentences)
            lengths = map(len, sentences)
            return [np.random.RandomState(seed).randn(n, 4) for seed, n in zip(seeds, lengths, strict=True)]

    task, data = made
    for path, seed in (("eng-train", 1), ("eng-test", 2)):  # mostly O, as in real text
        rows = [[("o", "O")] * 12 + one[:3] for one in sentences(seed, 60)]
        (data.root / f"{path}.txt").write_text(text(rows), encoding="utf-8")
    outcome = task.evaluate(cells(task, data)["eng"], EncodingSession(Random()))
    assert values(task, outcome)["entity_f1"] < 0.05


def test_facts_count_overlap_support_and_repairs(made):
    """Facts hold the overlap with training, support, and what the reader did in both splits; notes tell of it."""
    task, data = made
    (data.root / "eng-train.txt").write_text("pa B-PER\no O\n\nla -LOC\n\no O\n", encoding="utf-8")
    (data.root / "eng-test.txt").write_text("pa B-PER\no O\n\nla I-LOC\no O\n\no O\nxa B-X\n", encoding="utf-8")
    outcome = task.evaluate(cells(task, data)["eng"], EncodingSession(ByWord()))
    facts = {"test_in_train": 1, "test_duplicates": 0, "tiny_classes": 2, "support:PER": 1, "support:LOC": 1,
             "words": 6, "train_words": 4, "tags_i_that_began": 1, "entities_dropped:X": 1,
             "train_tags_without_b": 1, "repairs": 1, "train_repairs": 1, "entities": 3,
             "entities_dropped": 1}  # fmt: skip
    assert facts.items() <= outcome.facts.items()
    assert sum("among the training sentences" in note for note in outcome.notes) == 1
    assert "types with fewer than 10 test entities: LOC (1), PER (1)" in outcome.notes


def test_repeated_sentences_are_counted(made):
    """Word for word, in each split by itself, whatever their tags; a type that does not occur is not a tiny one."""
    task, data = made
    (data.root / "eng-train.txt").write_text("pa B-PER\n\npa O\n\no O\n\npa B-PER\n", encoding="utf-8")
    (data.root / "eng-test.txt").write_text("la B-LOC\n\nla O\n\n" + "la B-LOC\n\n" * 9, encoding="utf-8")
    outcome = task.evaluate(cells(task, data)["eng"], EncodingSession(ByWord()))
    counts = {"test_in_train": 0, "test_duplicates": 10, "train_duplicates": 2, "tiny_classes": 0}
    assert counts.items() <= outcome.facts.items()
    assert sum("more than once" in note for note in outcome.notes) == 1


def test_the_fingerprint_covers_training(made):
    """Another training tag is another cell, as is another test word."""
    task, data = made
    before = cells(task, data)
    path = data.root / "eng-train.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("B-PER", "B-LOC", 1), encoding="utf-8")
    after = cells(task, data)
    changed = {name for name in before if before[name].fingerprint != after[name].fingerprint}
    assert changed == {"eng", "eng>hin", "eng>tel", "rest>hin", "rest>tel"}


@pytest.mark.parametrize("c", [tagging_probe.C, 0.03])
def test_weighted_pairs_give_the_same_probe(c):
    """Distinct pairs with weights are the regression over all words, scaled by all words, with the card's penalty."""
    random = np.random.RandomState(0)
    vectors = (random.standard_normal((30, 6)) * 10.0 ** np.arange(-2, 4) + 5).astype(np.float32)
    rows, codes = random.randint(0, 30, 400), random.randint(0, 5, 400)
    probe = tagging_probe.fit(vectors, rows, codes, 7, c)
    assert probe.converged
    scaler = StandardScaler().fit(vectors[rows].astype(float))
    slow = LogisticRegression(C=c, max_iter=5000, tol=1e-9)
    slow.fit(scaler.transform(vectors[rows].astype(float)), codes)
    scores = np.exp(probe.log_probabilities(vectors))
    np.testing.assert_allclose(scores[:, :5], slow.predict_proba(scaler.transform(vectors.astype(float))), atol=1e-5)
    assert not scores[:, 5:].any()


@pytest.mark.parametrize("seen", [[0], [0, 3]])
def test_one_or_two_tags(seen):
    """A training set with one tag always answers it, one with two tags learns them; others are impossible."""
    vectors = np.eye(8, dtype=np.float32)
    codes = np.resize(seen, 8)
    scores = np.exp(tagging_probe.fit(vectors, np.arange(8), codes, 5).log_probabilities(vectors))
    assert scores.argmax(axis=1).tolist() == codes.tolist()
    np.testing.assert_allclose(scores[:, seen].sum(axis=1), 1.0)


def test_words_and_tags_of_different_number():
    """A sentence with more words than tags is a data error that names it, and a data set without tags one too."""
    bad = Records(("x:1",), ("x:1",), {"text": ("a b",), "tokens": ("a\tb",), "tags": ("O",)})
    with pytest.raises(DataError, match="item x:1: 2 words but 1 tags"):
        tagging._sentences([bad])
    with pytest.raises(DataError, match="field 'tags'"):
        tagging._sentences([Records(("x:1",), ("x:1",), {"text": ("a",), "tokens": ("a",)})])


def test_types_are_needed():
    """A card with an empty list of types, or with one twice, is a usage error."""
    for options in ({"types": []}, {"types": ["PER", "PER"]}, {"types": ["O"]}):
        with pytest.raises(UsageError, match="name the entity types"):
            tagging.metrics(options)


def test_every_cell_of_tags_is_declared(made):
    """A type of the files that the options do not name is a data error at once, not a silent O."""
    _, data = made
    broken = (data.root / "card.toml").read_text(encoding="utf-8").replace('["PER", "LOC"]', '["PER"]')
    (data.root / "card.toml").write_text(broken, encoding="utf-8")
    changed = task_of(read.read_card(data.root / "card.toml"))
    said = r"none of the card's types \(PER\): .*'B-LOC' \(\d+ times, first at .*, line \d+\)"
    with pytest.raises(DataError, match=said):
        changed.evaluate(cells(changed, data)["eng"], EncodingSession(ByWord()))


def test_a_training_set_is_learned_once(made, monkeypatch):
    """English alone, English to Hindi and English to Telugu are one fit, and give what fits of their own give."""
    learned, fit = [], tagging_probe.fit
    monkeypatch.setattr(tagging_probe, "fit", lambda *given: learned.append(1) or fit(*given))
    found, data = made
    subsets, session = cells(found, data), EncodingSession(InContext())
    shared = [found.evaluate(subsets[name], session) for name in ("eng", "eng>hin", "eng>tel")]
    assert len(learned) == 1
    for name, one in zip(("eng", "eng>hin", "eng>tel"), shared, strict=True):
        alone = found.evaluate(subsets[name], EncodingSession(InContext()))
        assert all((one.columns[column] == alone.columns[column]).all() for column in one.columns)


def test_words_are_encoded_once_each():
    """Without vectors in context each distinct word is encoded once; with them, each distinct sentence."""
    asked = [["pa", "o", "pa"], ["o"], ["pa", "o", "pa"]]
    session = EncodingSession(ByWord())
    found = session.encode_words(asked)
    assert (found.contextual, session.encoded, found.rows.tolist()) == (False, 2, [0, 1, 0, 1, 0, 1, 0])
    encoder = InContext()
    assert isinstance(encoder, WordEncoder)
    assert not isinstance(ByWord(), WordEncoder)
    session = EncodingSession(encoder)
    found = session.encode_words(asked)
    assert (found.contextual, session.encoded, encoder.seen[:2]) == (True, 2, [["o"], ["pa", "o", "pa"]])
    expected = np.vstack(InContext().encode_words(asked))
    np.testing.assert_array_equal(found.vectors[found.rows], expected)


def test_many_sentences_come_back_in_order():
    """Chunks and sorting by length leave every word its own vector."""
    asked = [[f"{chr(65 + n % 50)}{n}"] * (1 + n % 7) for n in range(1500)]
    found = EncodingSession(InContext()).encode_words(asked)
    np.testing.assert_array_equal(found.vectors[found.rows], np.vstack(InContext().encode_words(asked)))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda sentences: [], "words of 0 sentences for 1"),
        (lambda sentences: [np.ones((1, 3))], "1 vectors for 2 words"),
        (lambda sentences: [np.array([[1.0], [np.nan]])], "'b' holds NaN"),
        (lambda sentences: [np.ones(2)], "shape"),
        (lambda sentences: [[["a"], ["b"]]], "no array"),
    ],
)
def test_bad_word_vectors_are_refused(answer, reason):
    """Too few sentences or words, numbers that are none, and other shapes are errors of the encoder."""

    class Bad(ByWord):
        def encode_words(self, sentences):
            return answer(sentences)

    with pytest.raises(EncoderError, match=reason):
        EncodingSession(Bad()).encode_words([["a", "b"]])
    with pytest.raises(EncoderError, match="nothing to encode"):
        EncodingSession(Bad()).encode_words([["a"], []])


def test_a_long_sentence_goes_through(made):
    """A test sentence of 3,000 words is scored like any other."""
    task, data = made
    long = [pair for one in sentences(9, 400) for pair in one][:3000]
    path = data.root / "eng-test.txt"
    path.write_text(text([long, [("o", "O")]]), encoding="utf-8")
    outcome = task.evaluate(cells(task, data)["eng"], EncodingSession(InContext()))
    assert values(task, outcome)["entity_f1"] == 1.0
    starts = sum(tag.startswith("B") for _, tag in long)
    assert outcome.columns["gold:PER"][0] + outcome.columns["gold:LOC"][0] == starts
    assert spans.tag_names(("PER",)) == ["O", "B-PER", "I-PER"]


@pytest.mark.parametrize("width", [1, 8])
def test_equal_vectors_are_one_example(width):
    """Every row is told which distinct row it equals, bit by bit, and these stay in the order of their first rows."""
    random = np.random.RandomState(width)
    vectors = random.randint(-2, 3, (40_000, width)).astype(np.float32) * np.float32(0.1)
    vectors[:10] = random.standard_normal((10, width))
    first, same = tagging_probe._distinct(vectors)
    np.testing.assert_array_equal(vectors[first][same], vectors)
    assert len(first) == len(np.unique(vectors.view(np.uint32), axis=0))
    assert np.all(np.diff(first) > 0)
    codes = random.randint(0, 3, 40_000)
    one = tagging_probe.fit(vectors.copy(), np.arange(40_000), codes, 3)
    other = tagging_probe.fit(vectors[first], same, codes, 3)
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-6)


def test_where_sums_collide_every_row_stands_for_itself(monkeypatch):
    """Rows with one 64-bit sum that are not equal are never merged."""
    monkeypatch.setattr(np.random, "default_rng", lambda seed: SameNumbers())
    vectors = np.array([[1, 2], [2, 1], [1, 2]], np.float32)
    first, same = tagging_probe._distinct(vectors)
    assert first.tolist() == same.tolist() == [0, 1, 2]


class SameNumbers:
    """A generator of one number, with which sums do not tell the order of a row."""

    def integers(self, high, size, dtype):
        return np.zeros(size, dtype)
