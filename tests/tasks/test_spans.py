"""Entities in tag sequences: against nervaluate, and valid sequences against all that there are."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nervaluate import Evaluator, collect_named_entities

from xlbench import DataError
from xlbench_tasks.protocols import tagging
from xlbench_tasks.protocols.numbers import spans, tagging_probe

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


PROPER = re.compile(r"(?<!\S)B-(\w+)(?: I-\1(?!\S))*")
"""An entity of IOB2 in the tags of a sentence, joined by blanks."""


def proper(tags):
    """The entities of IOB2, as nervaluate's: type, first word, last word."""
    text = " ".join(tags)
    return [
        {"label": found[1], "start": text.count(" ", 0, found.start()), "end": text.count(" ", 0, found.end())}
        for found in PROPER.finditer(text)
    ]


@given(SENTENCES)
@settings(max_examples=200, deadline=None)
def test_entities_are_those_of_nervaluate_and_of_iob2(sentences):
    """Lenient entities are conlleval's, strict ones those of IOB2, whatever the order of tags."""
    tags = [[tag for tag, _ in sentence] for sentence in sentences]
    codes, lengths = flat(tags)
    found = spans.find(codes, lengths)
    for read, entities in ((collect_named_entities, found), (proper, found.strict())):
        expected = [(row, *entity.values()) for row, sentence in enumerate(tags) for entity in read(sentence)]
        assert listed(entities, lengths) == expected


def certain(codes):
    """Log-probabilities that leave no doubt about each word's tag."""
    return np.where(np.arange(len(NAMES)) == np.asarray(codes)[:, np.newaxis], -1.0, -100.0)


def value(columns, name):
    metric = next(metric for metric in tagging.metrics({"types": list(TYPES)}) if metric.name == name)
    return float(metric.value(metric.rows(columns).sum(axis=0)))


def scores_of_nervaluate(gold, guess, read):
    """Its results by strategy: ``strict`` compares words and types, ``exact`` the words alone."""
    sides = [[read(sentence) for sentence in sentences] for sentences in (gold, guess)]
    return Evaluator(*sides, tags=list(TYPES), loader="dict").evaluate()["overall"]


@given(SENTENCES)
@settings(max_examples=150, deadline=None)
def test_scores_are_those_of_nervaluate(sentences):
    """Lenient F1 of any tags, and strict F1, precision, recall and F1 of spans of the valid ones, are nervaluate's."""
    gold = [[tag for tag, _ in sentence] for sentence in sentences]
    guess = [[tag for _, tag in sentence] for sentence in sentences]
    truth, lengths = flat(gold)
    codes, _ = flat(guess)
    best = spans.best_sequences(certain(codes), lengths)
    valid = [[NAMES[code] for code in part] for part in np.split(best, np.cumsum(lengths)[:-1])]
    columns = tagging_probe.score(certain(codes), np.arange(len(codes)), truth, lengths, TYPES).columns
    lenient = scores_of_nervaluate(gold, guess, collect_named_entities)["strict"]
    if lenient.actual or lenient.possible:
        assert value(columns, "lenient_f1") == pytest.approx(lenient.f1)
    found = scores_of_nervaluate(gold, valid, proper)
    strict, exact = found["strict"], found["exact"]
    expected = {
        "entity_f1": strict.f1, "precision": strict.precision, "recall": strict.recall, "span_f1": exact.f1,
    }  # fmt: skip
    none = not strict.actual and not strict.possible
    for name, score in expected.items():
        assert value(columns, name) == (1.0 if none else pytest.approx(score)), name


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
