"""Models that search by themselves: BM25 and its tokens, hybrids, and what a search may return."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xlbench
from xlbench import EncoderError, EncodingSession, UsageError, catalog
from xlbench_baselines.bm25 import BM25, NoVectors, best_of
from xlbench_baselines.hybrid import Hybrid, fused, worst_places
from xlbench_baselines.ngrams import plain
from xlbench_baselines.tokens import tokens
from xlbench_tasks.protocols.numbers import searches
from xlbench_tasks.protocols.numbers.judgments import Judgments


def nothing(depth):
    raise AssertionError("the vectors were asked for")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The goat's 2 Bells!", ["the", "goat", "s", "2", "bells"]),
        ("नदी के पास, किताबें।", ["नदी", "के", "पास", "किताबें"]),
        ("東京都に住む", ["東京", "京都", "都に", "に住", "住む"]),
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),
        ("AI와 서울", ["ai와", "서울"]),
        ("Straße ＡＢ", ["strasse", "ab"]),
        ("GPU模型", ["gpu", "模型"]),
        ("ప్లాట్\u200cఫారం", ["ప్లాట్ఫారం"]),
        ("。", []),
        ("水", ["水"]),
    ],
)
def test_tokens_of_scripts(text, expected):
    """Words with their vowel signs where there are spaces, pairs of characters where there are none."""
    assert tokens(text) == expected


def test_bm25_is_its_formula():
    """Scores are those of Lucene's BM25, computed here word by word."""
    documents = ["the goat eats bread", "a goat and a goat", "the river", "bread and river and lamp"]
    places, scores = BM25().search(["goat bread"], documents, 10, nothing)
    words = [document.split() for document in documents]
    mean = sum(map(len, words)) / len(words)

    def weight(word, document):
        having = sum(word in other for other in words)
        idf = math.log(1 + (len(words) - having + 0.5) / (having + 0.5))
        count = document.count(word)
        return idf * count / (count + 1.5 * (1 - 0.75 + 0.75 * len(document) / mean))

    expected = [weight("goat", document) + weight("bread", document) for document in words]
    order = [place for place in np.argsort(-np.array(expected)) if expected[place] > 0]
    assert places[0].tolist() == [*order, -1]
    assert scores[0, :3].tolist() == pytest.approx([expected[place] for place in order], rel=1e-5)


def test_bm25_finds_nothing_where_nothing_is_shared():
    """Across scripts, or in documents without a word, lists are empty; equal documents stand in their order."""
    assert (BM25().search(["goat"], ["बकरी", "नदी"], 5, nothing)[0] == -1).all()
    assert (BM25().search(["goat"], ["!", "?"], 5, nothing)[0] == -1).all()
    assert (BM25().search(["!"], ["goat", "lamp"], 5, nothing)[0] == -1).all()
    assert BM25().search(["goat"], ["lamp", "goat", "goat", "goat"], 2, nothing)[0].tolist() == [[1, 2]]


@given(st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_best_are_those_of_sorting_all(seed):
    """With ties, and with fewer scores above 0 than are wanted."""
    random = np.random.RandomState(seed)
    scores = random.randint(0, 4, 20).astype(np.float32)
    k = random.randint(1, 21)
    places, found = best_of(scores, k)
    expected = [place for place in np.lexsort((np.arange(20), -scores)) if scores[place] > 0][:k]
    assert places.tolist() == expected
    assert found.tolist() == scores[expected].tolist()


def test_ranks_are_fused_by_their_reciprocals():
    """The sum of 1 / (60 + rank) over the lists that a document is in; equal scores share the last rank of theirs."""
    first = np.array([[3, 1, 0]]), np.array([[9.0, 5.0, 5.0]])
    second = np.array([[1, 2, -1]]), np.array([[0.9, 0.1, 0.0]])
    assert worst_places(*first).tolist() == [[1, 3, 3]]
    assert worst_places(*second).tolist()[0][:2] == [1, 2]
    places, scores = fused([first, second], 5, 4)
    expected = {1: 1 / 63 + 1 / 61, 3: 1 / 61, 2: 1 / 62, 0: 1 / 63}
    assert places.tolist() == [list(expected)]
    assert scores[0].tolist() == pytest.approx(list(expected.values()))
    assert fused([first, second], 5, 2)[0].tolist() == [[1, 3]]
    empty = np.full((1, 2), -1), np.zeros((1, 2))
    assert fused([empty, empty], 2, 2)[0].tolist() == [[-1, -1]]


def test_what_a_cut_list_leaves_to_the_order_of_a_file_is_no_rank():
    """Of a thousand and more documents that a part finds equally good, none gains a place in the fused list."""
    documents = [f"word {number}" for number in range(1, 1201)]
    alike = xlbench.EncodingSession(Alike(), search=lambda: Hybrid(BM25(), None))
    places, scores = alike.search(["word 7", "word 1100"], documents, 1000, lambda depth: level(depth, 2))
    assert places[:, 0].tolist() == [6, 1099]
    assert (places[:, 1:] == -1).all()
    assert scores[:, 0] == pytest.approx(1 / 61)


def level(depth, n):
    """What vectors say that are all alike: the first documents, with one score."""
    return np.tile(np.arange(depth), (n, 1)), np.ones((n, depth))


class Alike:
    """An encoder to which all texts are one."""

    def encode(self, texts, role=None):
        return np.ones((len(texts), 4), np.float32)


def test_a_hybrid_searches_by_words_and_by_vectors():
    """Its lists are those of BM25 and of the model's vectors; the model's session encodes, once."""
    documents = ["the goat eats", "goats and bells", "a river", "the lamp", "bread"]
    session = EncodingSession(plain(), search=lambda: Hybrid(BM25(), None))
    found = searches.search_of(["goat?", "river lamp"], documents, session)
    vectors = searches.ByVectors(["goat?", "river lamp"], documents, EncodingSession(plain()))
    expected = fused([BM25().search(["goat?", "river lamp"], documents, 1000, nothing), vectors.nearest(1000)], 5, 1000)
    assert found._places[:, :5].tolist() == expected[0].tolist()
    assert session.encoded == 7
    assert "what is not among its first 1,000 documents is not found" in found.notes()[0]
    judged = Judgments(np.array([0, 1]), np.array([0, 2]), np.array([1, 1]), 2, 5)
    ranks, ties = found.ranks(judged)
    assert ranks[0] == 1
    assert ties.shape == (2,)


def test_a_hybrid_is_named_by_a_spec():
    """Of the models that the catalog knows; its content is that of both, and it shares the second one's vectors."""
    known = catalog.load()
    (model,) = known.select_models(["hybrid:bm25+ngram"])
    assert model.name == "hybrid:bm25+ngram"
    assert model.identity() not in (known.models["ngram"].identity(), known.models["bm25"].identity())
    assert model.search is not None
    with pytest.raises(UsageError, match="'ngram' compares vectors; the first model is one that searches without"):
        known.select_models(["hybrid:ngram+bm25"])
    with pytest.raises(UsageError, match=r"write hybrid:bm25\+SPEC"):
        known.select_models(["hybrid:bm25"])
    with pytest.raises(UsageError, match=r"there is no model 'ngramm'\. Did you mean 'ngram'"):
        known.select_models(["hybrid:bm25+ngramm"])


def test_bm25_has_no_vectors():
    """Every other task is an error that says so."""
    with pytest.raises(EncoderError, match="bm25 has no vectors of texts: it searches documents"):
        EncodingSession(NoVectors()).encode(["a"])


class Returns:
    """A search that gives what it was made with."""

    def __init__(self, *found):
        self.found = found

    def search(self, queries, documents, depth, nearest):
        return self.found


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ((np.array([[0, 2]]), np.array([[2.0, 1.0]])), "places that are none of the 2 documents"),
        ((np.array([[0, 1]]), np.array([[1.0, 2.0]])), "not in descending order of their scores, with -1 at the end"),
        ((np.array([[-1, 1]]), np.array([[2.0, 1.0]])), "not in descending order of their scores, with -1 at the end"),
        ((np.array([[0, 0]]), np.array([[2.0, 1.0]])), "a document twice for one query"),
        ((np.array([[0, 1]]), np.array([[2.0, np.nan]])), "scores that are not finite"),
        ((np.array([[0.0, 1.0]]), np.array([[2.0, 1.0]])), "places that are none of the 2 documents"),
        ((np.array([[0, 1, -1]]), np.array([[2.0, 1.0, 0.0]])), r"shape \(1, 3\) and \(1, 3\)"),
        ((np.array([0]), np.array([1.0])), r"shape \(1,\) and \(1,\)"),
        ((np.array([[0]]),), "search returned tuple: return places and scores"),
    ],
)
def test_what_no_list_of_documents_is_told(found, message):
    """Lists of a plugin's search are looked at before they are scored."""
    session = EncodingSession(plain(), search=lambda: Returns(*found))
    with pytest.raises(EncoderError, match=message):
        session.search(["a"], ["b", "c"], 10, nothing)


def test_a_search_that_fails_is_one_line():
    """Whatever a plugin raises is the model's failure."""

    class Fails:
        def search(self, queries, documents, depth, nearest):
            raise KeyError("index")

    with pytest.raises(EncoderError, match="the model's search fails: KeyError: 'index'"):
        EncodingSession(plain(), search=Fails).search(["a"], ["b", "c"], 10, nothing)


def test_searches_stand_on_a_board_beside_encoders(tmp_path):
    """A run of a search with BM25, a hybrid and an encoder: scores with intervals, and costs."""
    words = ["river", "bread", "winter", "school", "goat", "lamp", "music", "garden", "letter", "storm"]
    rows = "".join(f"{n}\t{word}?\tabout a {word}: {word}, {words[n - 1]}\n" for n, word in enumerate(words))
    (tmp_path / "eng.tsv").write_text("id\tq\tp\n" + rows, encoding="utf-8")
    (tmp_path / "few.toml").write_text(
        'name = "few"\narea = "retrieval"\nprotocol = "search"\ndescription = "x"\nlicense = "x"\nlanguages = ["eng"]\n'
        '[data]\nreader = "delimited"\nfiles = "{language}.tsv"\nid = "id"\nfields = { text = "q", passage = "p" }\n',
        encoding="utf-8",
    )
    models = ["bm25", "hybrid:bm25+ngram", "ngram", "random"]
    results = xlbench.run(models, [str(tmp_path / "few.toml")], data=tmp_path, results=tmp_path / "r")
    cells = {cell.model: cell for run in results.runs for cell in run.cells}
    assert {cell.status for cell in cells.values()} == {"ok"}
    mains = {name: cell.main for name, cell in cells.items()}
    assert mains["bm25"].value > 0.7
    assert mains["hybrid:bm25+ngram"].value > mains["random"].value
    assert all(main.low < main.high for main in mains.values())
    assert cells["bm25"].encoded == 0
    assert cells["bm25"].encode_seconds > 0
    assert cells["hybrid:bm25+ngram"].encoded == 20
