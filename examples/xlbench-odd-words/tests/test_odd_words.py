"""What this plugin asks and offers, beside what xlbench asks of every plugin."""

import numpy as np
import pytest
import xlbench_odd_words
from xlbench_odd_words.endings import SIZE, Endings
from xlbench_odd_words.protocol import rows_of

import xlbench
from xlbench_tasks.data.records import Records


def records(*words):
    """Records of (row, word, label)."""
    rows, texts, labels = zip(*words, strict=True)
    return Records(tuple(texts), rows, {"text": texts, "label": labels})


class Knowing:
    """An encoder that looks the answers up: a vector of its own for each odd word, one for all others."""

    def encode(self, texts, role=None):
        (task,) = xlbench_odd_words.xlbench_tasks()
        odd = set()
        for subset in task.subsets(xlbench.Data()):
            found = subset.load().records
            odd |= {word for word, label in zip(*found.fields.values(), strict=True) if label == "odd"}
        return np.array([[0.0, 1.0] if text in odd else [1.0, 0.0] for text in texts])


class Equal:
    """An encoder to which all words are the same."""

    def encode(self, texts, role=None):
        return np.ones((len(texts), 3))


@pytest.mark.parametrize(("encoder", "score"), [(Knowing, 1.0), (Equal, 0.0)])
def test_who_knows_is_right_and_who_sees_no_difference_is_wrong(encoder, score, xlbench_run):
    """An encoder that sets the odd words apart scores 1, one that gives all words one vector 0, which is no chance."""
    model = xlbench.Model("some", load=encoder, fingerprint=lambda: encoder.__name__)
    frame = xlbench_run([model], ["odd-words"]).to_frame()
    assert set(frame.subset) == {"deu", "eng"}
    assert set(frame.value) == {score}
    assert set(frame.n) == {24}
    assert set(frame.chance) == {0.25}


def test_a_word_is_known_by_its_end():
    """Words that end alike are nearer than others, and a text without words has a vector."""
    sung, rung, tea, nothing = Endings().encode(["sung", "rung", "tea", ""])
    assert sung.shape == (SIZE,)
    assert sung @ rung > sung @ tea
    assert nothing.any()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([("1", "a", "kin"), ("1", "b", "kin"), ("1", "c", "kin")], "row '1' has 0 odd texts of 3"),
        ([("1", "a", "kin"), ("1", "b", "odd")], "row '1' has 1 odd texts of 2"),
        ([("1", "a", "kin"), ("1", "b", "odd"), ("1", "c", "no")], "the label 'no' is neither"),
    ],
)
def test_a_row_without_an_answer_is_refused(words, message):
    """A row needs one odd text and two others, and labels are two."""
    with pytest.raises(xlbench.DataError, match=message):
        rows_of(records(*words))


def test_a_row_is_shown_as_a_text():
    """The words of a row, and the odd one as its label."""
    (task,) = xlbench_odd_words.xlbench_tasks()
    german, _ = sorted(task.subsets(xlbench.Data()), key=lambda subset: subset.name)
    first = next(iter(german.load().item_texts(german.languages)))
    assert (first.text.count(", "), first.language, first.label) == (3, "deu", "Hammer")


def test_the_suite_has_a_board(xlbench_catalog):
    """Both tasks of the suite are there."""
    suite = xlbench_catalog.suites["word-kinds"]
    assert all(task in xlbench_catalog.tasks for task in suite.tasks)
