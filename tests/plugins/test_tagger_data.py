"""What the recipe `tagger` learns from: windows and labels, data of cards, and how development sentences are scored."""

import checkpoints
import numpy as np
import pytest
import taggings
from taggings import CARD

import xlbench
from xlbench import UsageError, catalog
from xlbench_train.tagger.bases import labels_of
from xlbench_train.tagger.data import read_sources
from xlbench_train.tagger.evaluation import score, tags_of
from xlbench_train.tagger.pieces import IGNORED, windows_of

card = taggings.card

# ---- windows and labels


def test_labels_stand_at_first_pieces():
    """Each word's label is at its first piece, checked against the tokenizer word by word; special tokens have none."""
    tokenizer = checkpoints.wordpiece()
    words = ["यह", "काठमाडौँविश्वविद्यालय", "Oslo"]
    pieces = [tokenizer.convert_tokens_to_ids(tokenizer.tokenize(word)) for word in words]
    assert len(pieces[1]) > 1
    (window,) = windows_of(tokenizer, [words], [[1, 2, 3]], 64).windows
    expected = [IGNORED]
    for label, own in enumerate(pieces, 1):
        expected += [label, *[IGNORED] * (len(own) - 1)]
    assert list(window.labels) == [*expected, IGNORED]
    assert list(window.ids) == [2, *(piece for own in pieces for piece in own), 3]
    assert window.words == (0, 1, 2)


def test_long_sentences_are_windows_of_whole_words():
    """No word is lost or split over windows, each has one label, and windows hold what fits; what is special is
    counted."""
    tokenizer = checkpoints.wordpiece()
    words = [word for text in checkpoints.sentences("tur")[:5] for word in text.split()]
    found = windows_of(tokenizer, [words, words[:1]], [list(range(len(words))), [7]], 24)
    first = [window for window in found.windows if window.sentence == 0]
    assert [place for window in first for place in window.words] == list(range(len(words)))
    assert all(len(window.ids) <= 24 for window in found.windows)
    labels = [label for window in first for label in window.labels if label != IGNORED]
    assert labels == list(range(len(words)))
    assert (found.long_sentences, found.cut_words, found.empty_words) == (1, 0, 0)
    pieces = [tokenizer.tokenize(word) for word in words]
    assert sum(len(window.ids) - 2 for window in first) == sum(map(len, pieces))


def test_words_beyond_a_window_and_without_pieces_are_counted():
    """A word longer than a window keeps its label and first pieces; one of no piece has no label; both are told."""
    tokenizer = checkpoints.wordpiece()
    long = checkpoints.sentences("tur")[0].replace(" ", "")
    found = windows_of(tokenizer, [["a", long, "\u200b"]], [[1, 2, 3]], 12)
    labels = [label for window in found.windows for label in window.labels if label != IGNORED]
    assert labels == [1, 2]
    assert (found.cut_words, found.empty_words) == (1, 1)
    assert len(found.notes("training sentences")) == 3
    with pytest.raises(UsageError, match="no room"):
        windows_of(tokenizer, [["a"]], [[1]], 2)


# ---- data


def test_a_part_of_the_training_sentences_is_that_of_curves(card):
    """``--train-size`` takes the items that a curve takes; languages, sizes and leaked sentences are told."""
    (task,) = catalog.load().select_tasks([str(card / "made.toml")])
    subsets = task.subsets(xlbench.Data(root=card, train_size=10))
    parts = next(subset for subset in subsets if subset.name == "hin").load()
    (source,) = read_sources([f"{card / 'made.toml'}:hin"], catalog.load(), card, train_size=10, dev_size=5)
    assert source.training.texts() == [text.replace("\t", " ") for text in parts.train["hin"].fields["tokens"]]
    assert (len(source.training), source.whole, len(source.dev)) == (10, 40, 5)
    (source,) = read_sources([f"{card / 'made.toml'}:hin"], catalog.load(), card, train_size=None, dev_size=None)
    assert any("2 test sentences of 22" in note for note in source.notes)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{card}:hni", "Did you mean 'hin'"),
        ("{card}:hin,hin", "given twice"),
        ("mini-sentiment", "no task of named entities"),
        ("mini-ner:eng", "learns from its test sentences"),
        ("li-ner", "Did you mean 'il-ner'"),
    ],
)
def test_wrong_data_is_told(card, spec, message):
    """What cannot be trained on is one line that says why, and what may have been meant."""
    with pytest.raises(UsageError, match=message):
        read_sources([spec.format(card=card / "made.toml")], catalog.load(), card, train_size=None, dev_size=None)


def test_without_a_development_part_a_tenth_is_held_out(card):
    """One cluster in ten is not trained on, and a note says so."""
    (card / "undeveloped.toml").write_text(CARD.replace(', dev = "dev"', ""), encoding="utf-8")
    spec = f"{card / 'undeveloped.toml'}:tur"
    (source,) = read_sources([spec], catalog.load(), card, train_size=None, dev_size=None)
    assert (len(source.training), len(source.dev)) == (36, 4)
    assert not set(source.training.words) & set(source.dev.words)
    assert any("held out" in note for note in source.notes)


def test_development_scores_are_those_of_the_protocol(card):
    """Two of three entities right, by hand: precision 2/3 and recall 2/40, counted by the task's own protocol."""
    (source,) = read_sources([f"{card / 'made.toml'}:hin"], catalog.load(), card, train_size=None, dev_size=None)
    tags = [["O"] * len(words) for words in source.dev.words]
    tags[0][1] = "B-PER"
    tags[1][4:6] = ["B-LOC", "I-LOC"]
    tags[2][0] = "B-PER"
    entities = sum(tag[0] == "B" for own in source.dev.tags for tag in own)
    found = score(source, tags)
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / entities)
    assert found["entity_f1"] == pytest.approx(4 / (3 + entities))


def test_an_orphan_begins_an_entity(card):
    """Of each word's best label, an I- that continues nothing is a B-, and words without a piece are O."""
    (source,) = read_sources([f"{card / 'made.toml'}:hin"], catalog.load(), card, train_size=None, dev_size=1)
    labels = labels_of(source.types)
    tokenizer = checkpoints.wordpiece()
    windows = windows_of(tokenizer, source.dev.words, [[0] * len(words) for words in source.dev.words], 64)
    marks = np.array([window.labels for window in windows.windows])
    best = np.zeros_like(marks)
    place = int(np.flatnonzero(marks[0] != IGNORED)[1])
    best[0, place] = labels.index("I-LOC")
    (tags,) = tags_of(source, windows, labels, best, marks)
    assert tags[:3] == ["O", "B-LOC", "O"]
