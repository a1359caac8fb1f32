"""Data of mteb's tasks that lacks something, and encoders that tell nothing apart: a line each, and no number."""

import re

import numpy as np
import pytest
from own_mteb import mteb_in

import xlbench
from xlbench import Data
from xlbench.catalog import load

pytestmark = pytest.mark.slow
pytest.importorskip("mteb")

TEXTS = ["rain and snow", "more snow", "bread", "bread and milk", "a ball", "a goal and a ball"]
LABELS = [0, 0, 1, 1, 2, 2]
NAMED = {"bread": "salted bread", "sport": "quick goal", "weather": "much rain"}
LANGUAGES = {"en": ["eng-Latn"], "hi": ["hin-Deva"]}


class Same:
    """Has one vector for every text."""

    def encode(self, texts, role=None):
        return np.ones((len(texts), 3), np.float32)


@pytest.fixture(scope="module")
def mteb(tmp_path_factory):
    """mteb, whose cache is a folder of the test."""
    with mteb_in(tmp_path_factory.mktemp("mteb")) as its:
        yield its


@pytest.fixture
def task_with(mteb, monkeypatch):
    """A function that gives a task of one of mteb's types in two languages the data of both: the name of the task."""
    import mteb_tasks
    from mteb.get_tasks import _TASKS_REGISTRY

    def made(kind, english, hindi):
        def load_data(self, num_proc=None, **more):
            self.dataset = {name: its for name, its in (("en", english), ("hi", hindi)) if name in self.hf_subsets}
            self.data_loaded = True

        of = getattr(mteb_tasks, kind)
        main = of.metadata.main_score
        told = mteb_tasks.metadata(f"Bad{kind}", of.metadata.type, LANGUAGES, main)
        task = type(f"Bad{kind}", (of,), {"metadata": told, "load_data": load_data})
        monkeypatch.setitem(_TASKS_REGISTRY, f"Bad{kind}", task)
        return f"mteb:Bad{kind}"

    return made


def tables(split="test", **columns):
    """A table a split; training data is the same as that of the test."""
    from datasets import Dataset, DatasetDict

    return DatasetDict({"train": Dataset.from_dict(columns), split: Dataset.from_dict(columns)})


def lacking(values):
    """The values without the second one."""
    return [values[0], None, *values[2:]]


DATA = {
    "Bitext": {"sentence1": TEXTS, "sentence2": TEXTS[::-1]},
    "Classification": {"text": TEXTS, "label": LABELS},
    "Clustering": {"sentences": TEXTS, "labels": LABELS},
    "Multilabel": {"text": TEXTS, "label": [[label] for label in LABELS]},
    "PairClassification": {"sentence1": TEXTS, "sentence2": TEXTS[::-1], "labels": [0, 1] * 3},
    "Sts": {"sentence1": TEXTS, "sentence2": TEXTS[::-1], "score": [0.0, 1, 2, 3, 4, 5]},
}


@pytest.mark.parametrize("kind", DATA)
def test_a_row_without_its_text_or_label_fails_its_language_alone(task_with, kind):
    """A value that is absent is not the word None: the language is damaged, with column and row; others are scored."""
    for column, values in DATA[kind].items():
        name = task_with(kind, tables(**DATA[kind]), tables(**{**DATA[kind], column: lacking(values)}))
        (task,) = load().select_tasks([f"{name}?protocol=mteb"])
        whole, lacks = task.subsets(Data())
        assert (whole.damaged, whole.n) == ("", 6)
        if column == "labels" and kind == "PairClassification":
            assert "labels are 0 and 1, and not None" in lacks.damaged
        elif column == "score":
            assert "the score of row 2 is None, and no number" in lacks.damaged
        else:
            assert f"row 2 has nothing in the column '{column}': mend the data" in lacks.damaged


@pytest.mark.parametrize(
    ("columns", "split", "said"),
    [
        ({"score": ["high", *"12345"]}, "test", "the score of row 1 is 'high', and no number"),
        ({}, "dev", "its data has no split 'test', but train, dev"),
    ],
)
def test_other_data_than_mteb_says_fails_its_language_alone(task_with, columns, split, said):
    """A score in words, or a split that is absent, is a line; the other language is scored."""
    name = task_with("Sts", tables(**DATA["Sts"]), tables(split, **{**DATA["Sts"], **columns}))
    (task,) = load().select_tasks([name])
    whole, other = task.subsets(Data())
    assert (whole.damaged, whole.n) == ("", 6)
    assert said in other.damaged


@pytest.mark.parametrize("is_named", [True, False])
def test_labels_that_are_numbered_split_by_split_are_told(task_with, is_named, tmp_path):
    """A test split that lacks a label, whose own numbers mean others than those of the training split: by our protocol
    names are scored, and without names a note says what may be wrong; so it does by mteb's, which goes by numbers."""
    from datasets import ClassLabel, Dataset, DatasetDict

    def split(rows, absent):
        kept = [(text, topic) for text, topic in rows if topic != absent]
        texts, topics = [text for text, _ in kept], [topic for _, topic in kept]
        names = sorted({*topics})
        table = Dataset.from_dict({"text": texts, "label": [names.index(topic) for topic in topics]})
        return table.cast_column("label", ClassLabel(names=names)) if is_named else table

    rows = [(f"{word} {number}", topic) for topic, word in NAMED.items() for number in range(12)]
    both = [DatasetDict(train=split(rows, None), test=split(rows, absent)) for absent in (None, "bread")]
    name = task_with("Classification", *both)
    found = xlbench.run("ngram", [name, f"{name}?protocol=mteb"], results=tmp_path, cache=False)
    whole, ours, whole_by_mteb, by_mteb = found.runs[0].cells
    assert not [note for cell in (whole, whole_by_mteb) for note in cell.notes if "numbers" in note]
    (said,) = by_mteb.notes
    if is_named:
        assert ours.main.value == whole.main.value == 1.0
        assert "labels go by their names, as mteb has numbered the labels" in ours.notes[-1]
        assert "by itself: 0 is 'bread' in train and 'sport' in test, so that" in said
    else:
        assert ours.main.value < 0.5
        assert said in ours.notes
        assert "numbers without names, 3 of them in train and 2 in test" in said
    assert whole_by_mteb.main.value > 0.9
    assert by_mteb.main.value < 0.5


def test_labels_that_every_process_numbers_otherwise_are_the_same_data(task_with, monkeypatch, tmp_path):
    """mteb numbers those of some tasks in the order of a set of words: the order of the rows counts in its place."""
    from xlbench_mteb import label_names

    other = [[2, 0, 1][label] for label in LABELS]
    one, two = (tables(text=TEXTS, label=labels) for labels in (LABELS, other))
    name = task_with("Classification", one, two)

    def fingerprints():
        (task,) = load().select_tasks([name])
        return [subset.fingerprint for subset in task.subsets(Data())]

    names = fingerprints()
    monkeypatch.setattr(label_names, "BY_A_SET", {"BadClassification"})
    made = fingerprints()
    (task,) = load().select_tasks([name])
    labels = [subset.load().parts.test.fields["label"] for subset in task.subsets(Data())]
    assert labels[0] == labels[1] == tuple(map(str, LABELS))
    assert made[0] == names[0]
    assert made[1] != names[1]
    found = xlbench.run("ngram", [name, f"{name}?protocol=mteb"], results=tmp_path, cache=False)
    values = [cell.main.value for cell in found.runs[0].cells]
    assert values[0] == values[1]
    assert values[2] == values[3]


def test_a_column_that_is_absent_fails_its_language_alone(task_with):
    """What of a table is not as tasks of the type have it is a line with the reason."""
    renamed = tables(**DATA["Classification"]).rename_column("text", "body")
    (task,) = load().select_tasks([task_with("Classification", tables(**DATA["Classification"]), renamed)])
    whole, other = task.subsets(Data())
    assert (whole.damaged, whole.n) == ("", 6)
    assert "its data is not what Classification of mteb has: " in other.damaged


def collection(documents, queries, ids=None):
    """A search: query i asks for document i."""
    from datasets import Dataset

    ids = ids or [f"wiki:{row}" for row in range(len(documents))]
    corpus = [{"id": item, "title": "", "text": text} for item, text in zip(ids, documents, strict=True)]
    asked = [{"id": f"q{row}", "text": text} for row, text in enumerate(queries)]
    judged = {f"q{row}": {ids[row]: 1} for row in range(len(queries))}
    return {"test": {"corpus": Dataset.from_list(corpus), "queries": Dataset.from_list(asked),
                     "relevant_docs": judged, "top_ranked": None}}  # fmt: skip


def test_a_search_says_what_its_data_lacks(task_with):
    """An absent text and an id that occurs twice are lines; empty texts are scored, and counted."""
    whole = collection([*TEXTS, " "], ["rain", "", "bread"])
    for other, said in (
        (collection(lacking(TEXTS), ["rain"]), "documents: row 2 has nothing in the column 'text': mend the data"),
        (collection(TEXTS[:3], ["rain"], ["a", "b", "a"]), "2 documents have the id 'a': mend the data"),
    ):
        (task,) = load().select_tasks([task_with("Retrieval", whole, other)])
        subset, damaged = task.subsets(Data())
        assert said in damaged.damaged
        assert {**subset.load().items.facts} == {"empty_queries": 1, "empty_documents": 1}
        assert "queries or documents without a text are taken as they are" in subset.load().items.notes[0]


@pytest.mark.parametrize("protocol", ["xlbench", "mteb"])
def test_judgments_of_what_is_not_there_are_counted(task_with, protocol, tmp_path):
    """Of a document that the corpus lacks, and of a query that the data lacks: the rest is scored, with a note each."""
    lacks = collection(TEXTS, TEXTS[:3])
    lacks["test"]["relevant_docs"] |= {"q0": {"wiki:0": 1, "wiki:77": 1}, "q77": {"wiki:1": 1}}
    name = task_with("Retrieval", lacks, collection(TEXTS, TEXTS[:3]))
    found = xlbench.run("ngram", f"{name}?protocol={protocol}", languages="eng", results=tmp_path, cache=False)
    (cell,) = found.runs[0].cells
    assert (cell.status, cell.main.n) == ("ok", 3)
    assert (cell.facts["judgments_of_unknown_documents"], cell.facts["judged_queries_unknown"]) == (1, 1)
    assert "judgments of documents that the corpus lacks are left out (how many is in the facts)" in cell.notes
    assert "judgments of queries that the data lacks are left out (how many queries is in the facts)" in cell.notes


@pytest.mark.parametrize("kind", ["Retrieval", "Reranking"])
def test_texts_in_another_script_than_the_language_are_a_line(task_with, kind, tmp_path):
    """Documents said to be Hindi, and written in Latin letters: that language has no score of ours; others have."""
    data = collection(TEXTS, TEXTS[:3])
    data["test"]["top_ranked"] = {"q0": ["wiki:0", "wiki:1"]} if kind == "Reranking" else None
    found = xlbench.run("ngram", task_with(kind, data, data), results=tmp_path, cache=False)
    whole, wrong = found.runs[0].cells
    assert (whole.status, wrong.status) == ("ok", "error")
    assert "are written in Latin letters, and so in another language than mteb says (hin)" in wrong.reason


def test_a_search_is_found_again_with_the_ids_of_its_files(task_with):
    """What `xlbench export trec` writes of a task of mteb: ids are those of the data, whatever signs they hold; of
    mteb's own protocol there are no lists."""
    name = task_with("Retrieval", collection(TEXTS, TEXTS[:3]), collection(TEXTS, TEXTS[:2]))
    (task,), (theirs,) = (load().select_tasks([f"{name}{query}"]) for query in ("", "?protocol=mteb"))
    assert theirs.find is None
    model = load().select_models(["ngram"])[0]
    found = task.find(next(iter(task.subsets(Data()))), xlbench.EncodingSession(model.load()), 4)
    assert found.queries == ["q0", "q1", "q2"]
    assert list(found.documents) == [f"wiki:{row}" for row in range(6)]
    assert found.places[:, 0].tolist() == [0, 1, 2]
    assert found.ndcg(10).tolist() == [1, 1, 1]


def test_an_encoder_that_finds_all_documents_equally_near_has_no_score_of_mteb(task_with, tmp_path):
    """mteb would take them by their ids, and score the order of these."""
    data = collection(TEXTS, TEXTS[:3])
    name = task_with("Retrieval", data, data)
    same = xlbench.Model("same", Same, fingerprint=lambda: "same")
    found = xlbench.run(same, f"{name}?protocol=mteb", results=tmp_path, cache=False)
    assert {cell.status for cell in found.runs[0].cells} == {"error"}
    assert "finds all documents of a query equally near" in found.runs[0].cells[0].reason


def test_queries_that_no_encoder_can_answer_are_counted(task_with, tmp_path):
    """By mteb they score 0: a note says so, and the facts say how many they are."""
    data = collection(TEXTS, TEXTS[:3])
    data["test"]["relevant_docs"]["q1"] = {"wiki:1": 0}
    name = task_with("Retrieval", data, collection(TEXTS, TEXTS[:3]))
    found = xlbench.run("ngram", f"{name}?protocol=mteb", results=tmp_path, cache=False)
    lost, whole = found.runs[0].cells
    assert (lost.main.value, lost.facts["queries_without_answer"]) == (pytest.approx(2 / 3, abs=1e-5), 1)
    assert any("score 0 whatever the encoder" in note for note in lost.notes)
    assert (whole.main.value, "queries_without_answer" in whole.facts) == (1.0, False)


@pytest.mark.parametrize(
    ("lists", "said"),
    [
        ({"q0": ["wiki:0", "wiki:9"]}, "the query 'q0' has the candidate 'wiki:9', which the corpus lacks"),
        ({"q0": ["wiki:0"], "q1": ["wiki:1"]}, "no query has two candidates"),
        ({"q0": ["wiki:1", "wiki:2"], "q1": []}, "no query has a relevant document among its candidates"),
    ],
)
def test_candidates_among_which_nothing_can_be_scored_are_lines(task_with, lists, said):
    """Of reranking: a document that the corpus lacks, lists of one, and lists without a relevant document."""
    good, bad = collection(TEXTS, TEXTS[:2]), collection(TEXTS, TEXTS[:2])
    good["test"]["top_ranked"], bad["test"]["top_ranked"] = {"q0": ["wiki:0", "wiki:1"]}, lists
    (task,) = load().select_tasks([f"{task_with('Reranking', good, bad)}?protocol=mteb"])
    whole, damaged = task.subsets(Data())
    assert (whole.damaged, whole.n) == ("", 2)
    assert said in damaged.damaged


def test_lists_of_reranking_that_our_protocol_cannot_order_are_counted(task_with):
    """A query all or none of whose candidates are relevant is left out, and counted; where that is every one, or there
    are no lists, or all candidates are one text, the subset is a line."""
    good = collection(TEXTS, TEXTS[:3])
    good["test"]["relevant_docs"]["q0"]["wiki:5"] = 1
    good["test"]["top_ranked"] = {
        "q0": ["wiki:0", "wiki:1", "wiki:1"], "q1": ["wiki:1"], "q2": ["wiki:0", "wiki:1"]
    }  # fmt: skip
    bad = collection(TEXTS, TEXTS[:2])
    for lists, said in (
        ({"q0": ["wiki:0"], "q1": ["wiki:1", "wiki:1"]}, "no query has two candidates|are not: there is no order"),
        (None, "no query has a list of candidates"),
    ):
        bad["test"]["top_ranked"] = lists
        (task,) = load().select_tasks([task_with("Reranking", good, bad)])
        whole, damaged = task.subsets(Data())
        assert re.search(said, damaged.damaged), damaged.damaged
        loaded = whole.load()
        assert (whole.n, loaded.candidates) == (1, ((0, 0), (0, 1)))
        assert loaded.facts == {"queries_without_order": 2, "relevant_but_no_candidates": 1}
        assert len(loaded.notes) == 2
    same = collection(["one text"] * 4, TEXTS[:2])
    same["test"]["top_ranked"] = {"q0": ["wiki:0", "wiki:1"]}
    (task,) = load().select_tasks([task_with("Reranking", good, same)])
    assert "all 2 candidates are the same ('one text')" in list(task.subsets(Data()))[1].damaged


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([[0, 1]] * 6, "all 6 test items have the same labels"),
        ([[1], ["1"], [2], [2], [1], [1]], "its data is not what MultilabelClassification of mteb has"),
    ],
)
def test_labels_that_no_probe_can_tell_apart_are_lines(task_with, labels, said):
    """Of several labels: one set for all items, and labels of several types; the other language is scored."""
    from datasets import Dataset, DatasetDict

    whole = tables(**DATA["Multilabel"])
    made = {
        "text": TEXTS,
        "label": labels if isinstance(labels[1][0], int) else [[str(one) for one in row] + [None] for row in labels],
    }
    other = DatasetDict({split: Dataset.from_dict(made) for split in ("train", "test")})
    (task,) = load().select_tasks([task_with("Multilabel", whole, other)])
    fine, damaged = task.subsets(Data())
    assert (fine.damaged, fine.n) == ("", 6)
    assert said in damaged.damaged


def test_a_label_that_no_training_item_has_is_never_said(task_with, tmp_path):
    """A footnote names it; training data from which no label can be learned is an error."""
    from datasets import Dataset, DatasetDict

    plain = {"text": TEXTS, "label": [[0], [0], [1], [1], [0], [1]]}
    more = {"text": [f"{text}!" for text in TEXTS], "label": [[0], [0, 7], [1], [1], [0], [1]]}
    one = {"text": TEXTS, "label": [[0]] * 6}
    named = DatasetDict(train=Dataset.from_dict(plain), test=Dataset.from_dict(more))
    nothing = DatasetDict(train=Dataset.from_dict(one), test=Dataset.from_dict(more))
    name = task_with("Multilabel", named, nothing)
    scored, failed = xlbench.run("ngram", name, results=tmp_path, cache=False).runs[0].cells
    assert "labels without a training item, which are never predicted: 7" in scored.notes
    assert "no label is one that some training items have and others have not" in failed.reason


def test_a_benchmark_says_which_split_is_scored(mteb):
    """A task that a benchmark evaluates on another split than test is scored on that one."""
    name = "mteb:RuSTSBenchmarkSTS"
    of_benchmark, alone = load().select_tasks([f"{name}?benchmark=Encodechka", name])
    assert ('"split": "validation"' in of_benchmark.settings, '"split": "test"' in alone.settings) == (True, True)
