"""Entities in tag sequences: against seqeval, and valid sequences against all that there are."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, Entities

from xlbench import DataError
from xlbench_tasks.protocols import spans, tagging, tagging_probe

TYPES = ("PER", "LOC")
NAMES = spans.tag_names(TYPES)
SENTENCES = st.lists(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=8),
                     min_size=1, max_size=6)  # fmt: skip


def flat(sentences):
    """Codes of the tags of all sentences, and the lengths of these."""
    tags = [tag for sentence in sentences for tag in sentence]
    return spans.encode(tags, TYPES), np.array([len(sentence) for sentence in sentences])


def listed(found, lengths):
    """Entities as (sentence, type, first word, last word)."""
    starts = spans.starts_of(lengths)
    of_word = np.repeat(np.arange(len(lengths)), lengths)[found.first]
    rows = zip(of_word, found.kind, found.first - starts[of_word], found.length, strict=True)
    return [(int(s), TYPES[k], int(first), int(first + n - 1)) for s, k, first, n in rows]


@given(SENTENCES)
@settings(max_examples=200, deadline=None)
def test_entities_are_those_of_seqeval(sentences):
    """Lenient entities are conlleval's, strict ones those of IOB2, whatever the order of tags."""
    tags = [[tag for tag, _ in sentence] for sentence in sentences]
    codes, lengths = flat(tags)
    found = spans.find(codes, lengths)
    lenient = [(row, *entity) for row, sentence in enumerate(tags) for entity in get_entities(sentence)]
    assert listed(found, lengths) == lenient
    strict = [entity.to_tuple() for entities in Entities(tags, IOB2).entities for entity in entities]
    assert [(s, k, a, b + 1) for s, k, a, b in listed(found.strict(), lengths)] == strict


def certain(codes):
    """Log-probabilities that leave no doubt about each word's tag."""
    return np.where(np.arange(len(NAMES)) == np.asarray(codes)[:, np.newaxis], -1.0, -100.0)


def value(columns, name):
    metric = next(metric for metric in tagging.metrics({"types": list(TYPES)}) if metric.name == name)
    return float(metric.value(metric.rows(columns).sum(axis=0)))


@given(SENTENCES)
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_scores_are_those_of_seqeval(sentences):
    """Lenient F1 of any tags, and strict F1, precision and recall of the valid ones, are seqeval's."""
    gold = [[tag for tag, _ in sentence] for sentence in sentences]
    guess = [[tag for _, tag in sentence] for sentence in sentences]
    truth, lengths = flat(gold)
    codes, _ = flat(guess)
    best = spans.best_sequences(certain(codes), lengths)
    valid = [[NAMES[code] for code in part] for part in np.split(best, np.cumsum(lengths)[:-1])]
    columns = tagging_probe.score(certain(codes), np.arange(len(codes)), truth, lengths, TYPES).columns
    lenient, strict = [columns[f"lenient_{part}"].sum() for part in ("predicted", "gold")], {}
    if sum(lenient):
        assert value(columns, "lenient_f1") == pytest.approx(f1_score(gold, guess, zero_division=0))
    strict = {"entity_f1": f1_score, "precision": precision_score, "recall": recall_score}
    sides = [sum(columns[f"{part}:{kind}"].sum() for kind in TYPES) for part in ("predicted", "gold")]
    for name, function in strict.items():
        if any(sides):
            expected = function(gold, valid, mode="strict", scheme=IOB2, zero_division=0)
            assert value(columns, name) == pytest.approx(expected), name
        else:
            assert value(columns, name) == 1.0


def test_rows_by_hand():
    """Of three predicted entities one is right, one has the wrong type and one the wrong end."""
    gold, lengths = flat([["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC", "I-LOC"]])
    guess, _ = flat([["B-PER", "I-PER", "O", "B-PER"], ["B-LOC", "O"]])
    columns = tagging_probe.score(certain(guess), np.arange(6), gold, lengths, TYPES).columns
    assert columns["right:PER"].tolist() == [1, 0]
    assert columns["predicted:PER"].tolist() == [2, 0]
    assert columns["gold:LOC"].tolist() == [1, 1]
    assert columns["placed"].tolist() == [2, 0]
    assert value(columns, "entity_f1") == pytest.approx(2 * 1 / (3 + 3))
    assert value(columns, "span_f1") == pytest.approx(2 * 2 / (3 + 3))
    assert value(columns, "f1:PER") == pytest.approx(2 * 1 / (2 + 1))
    assert value(columns, "f1:LOC") == 0.0


def test_nothing_to_find():
    """Without entities, F1, precision and recall are 1 where none is predicted either, else 0."""
    gold, lengths = flat([["O", "O"]])
    names = ("entity_f1", "precision", "recall", "lenient_f1", "span_f1", "f1:PER")
    for guess, expected in ((["O", "O"], 1.0), (["B-PER", "O"], 0.0)):
        columns = tagging_probe.score(certain(flat([guess])[0]), np.arange(2), gold, lengths, TYPES).columns
        assert [value(columns, name) for name in names] == [expected] * len(names)


def valid(tags):
    return all(
        tag[0] != "I" or (before != "O" and before[2:] == tag[2:])
        for before, tag in zip(["O", *tags], tags, strict=False)
    )


@given(st.integers(0, 10_000), st.lists(st.integers(1, 5), min_size=1, max_size=5))
@settings(max_examples=60, deadline=None)
def test_best_sequences_equal_brute_force(seed, lengths):
    """The sequence found is the best of all valid ones, for each of several sentences of unequal length."""
    lengths = np.array(lengths)
    scores = np.random.RandomState(seed).standard_normal((lengths.sum(), len(NAMES)))
    scores[np.random.RandomState(seed + 1).rand(*scores.shape) < 0.1] = -np.inf
    scores[:, 0] = np.maximum(scores[:, 0], -5)  # so that every sentence has a way
    best = np.split(spans.best_sequences(scores, lengths), np.cumsum(lengths)[:-1])
    for codes, part in zip(best, np.split(scores, np.cumsum(lengths)[:-1]), strict=True):
        ways = [way for way in itertools.product(range(len(NAMES)), repeat=len(part)) if valid([NAMES[c] for c in way])]
        totals = [sum(part[word, code] for word, code in enumerate(way)) for way in ways]
        assert valid([NAMES[code] for code in codes])
        assert sum(part[word, code] for word, code in enumerate(codes)) == pytest.approx(max(totals))


def test_a_sentence_of_3000_words():
    """The longest sentences of real files are no trouble, beside short ones."""
    lengths = np.array([1, 3000, 2])
    scores = np.random.RandomState(0).standard_normal((3003, len(NAMES)))
    best = spans.best_sequences(scores, lengths)
    alone = spans.best_sequences(scores[1:3001], np.array([3000]))
    assert (best[1:3001] == alone).all()
    assert valid([NAMES[code] for code in alone])


def test_unknown_types_are_named():
    """A tag of a type that the card does not declare is a data error that says where to name it."""
    with pytest.raises(DataError, match=r"'B-ORG' is none of the card's types \(PER, LOC\)"):
        spans.encode(["O", "B-ORG"], TYPES)
