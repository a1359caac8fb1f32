"""The alignment protocol: true against random pairs, by hand, against scikit-learn and by deleting items one by one."""

import json

import numpy as np
import pytest
from conftest import Cli
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import DATA, needs
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from xlbench import Data, EncodingSession
from xlbench.catalog.loading import load
from xlbench.stats.scorer import Scorer
from xlbench_tasks.card.homes import open_data
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.protocols import alignment
from xlbench_tasks.protocols.numbers import pairwise

METRICS = {metric.name: metric for metric in alignment.metrics({})}
OF_PAIRS = ["auc", "cosine_gap", "cosine_true", "cosine_random", "threshold_accuracy", "negative_accuracy"]


def value(name, columns):
    return float(METRICS[name].value(np.asarray(METRICS[name].rows(columns), dtype=float).sum(axis=0)))


def texts(n):
    return [f"text {row}" for row in range(n)]


def aligned(seed, n, noise=1.0, d=6):
    """Vectors of n pairs: a common direction (so cosines are high), what the pair shares, and noise."""
    random = np.random.RandomState(seed)
    shared = random.standard_normal((n, d)) + np.eye(d)[0]
    return [(shared + noise * random.standard_normal((n, d))).astype(np.float32) for _ in range(2)]


def compared(a, b, one=None, other=None, parts=None, thresholds=(pairwise.STEPS,)):
    found = pairwise.pairs(a, b, one or texts(len(a)), other or texts(len(b)))
    parts = np.zeros(len(a), np.int8) if parts is None else parts
    return found, pairwise.compare(found, parts, thresholds)


def cosines(a, b):
    a, b = (x.astype(float) / np.linalg.norm(x.astype(float), axis=1, keepdims=True) for x in (a, b))
    return a @ b.T


# ---- by hand


THREE = [np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32), np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)]
"""Cosines [[1, .6, 0], [0, .8, 1], [.6, 1, .8]]: true pairs 1, .8, .8, random pairs .6, 0, 0, 1, .6, 1."""


def test_three_pairs_by_hand():
    """True pairs have mean 2.6/3, random ones 3.2/6; 13 of 18 comparisons are right, a tie being one half."""
    _, columns = compared(*THREE)
    assert value("cosine_true", columns) == pytest.approx(2.6 / 3)
    assert value("cosine_random", columns) == pytest.approx(3.2 / 6)
    assert value("cosine_gap", columns) == pytest.approx(1 / 3)
    assert value("auc", columns) == pytest.approx(13 / 18)


def test_mean_cosines_have_no_better_value():
    """All vectors may lie close together, which raises both of them and finds no translation; their gap shows that."""
    neither = {metric.name for metric in METRICS.values() if metric.direction == "neither"}
    assert neither == {"cosine_true", "cosine_random"}


def test_the_best_threshold_of_three_pairs_by_hand():
    """Between .6 and .8 all true pairs are accepted and four of six random ones rejected; the middle is taken."""
    found, _ = compared(*THREE)
    best = pairwise.best_threshold(found)
    assert pairwise.cosine(best) == pytest.approx(0.7, abs=1e-5)
    _, columns = compared(*THREE, thresholds=[best])
    assert value("positive_accuracy", columns) == 1
    assert value("negative_accuracy", columns) == pytest.approx(4 / 6)
    assert value("threshold_accuracy", columns) == pytest.approx((1 + 4 / 6) / 2)


def test_items_of_both_halves_are_tested_within_their_half():
    """With parts 0, 0, 1 only the pairs of the first two items are tested: .6 and 0, of which .5 rejects one."""
    half = int(1.5 * pairwise.STEPS)
    _, columns = compared(*THREE, parts=np.array([0, 0, 1], np.int8), thresholds=[half, int(1.9 * pairwise.STEPS)])
    assert columns["tested"].tolist() == [2, 2, 0]
    assert columns["rejected"].tolist() == [1, 1, 0]
    assert columns["accepted"].tolist() == [1, 1, 0]  # .8 is below .9, the threshold of the other part
    assert value("negative_accuracy", columns) == 0.5


# ---- against scikit-learn, and by definition


def labeled(a, b, wanted=None):
    """Cosines and labels of all pairs, as scikit-learn takes them."""
    similar = cosines(a, b)
    n = len(a)
    keep = np.ones((n, n), bool) if wanted is None else wanted
    return similar[keep], np.eye(n, dtype=bool)[keep]


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(2, 40), st.sampled_from([0.3, 1.0, 3.0]))
@settings(max_examples=15, deadline=None)
def test_auc_and_cosines_equal_scikit_learn(seed, n, noise):
    """The area is roc_auc_score over all n true and n (n - 1) random pairs; the means are plain means."""
    a, b = aligned(seed, n, noise)
    _, columns = compared(a, b)
    score, label = labeled(a, b)
    assert value("auc", columns) == pytest.approx(roc_auc_score(label, score), abs=2 / n**2 + 1e-9)
    assert value("cosine_true", columns) == pytest.approx(score[label].mean(), abs=1e-6)
    assert value("cosine_random", columns) == pytest.approx(score[~label].mean(), abs=1e-6)


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(2, 30))
@settings(max_examples=12, deadline=None)
def test_ties_count_half_as_in_scikit_learn(seed, n):
    """Vectors of few distinct values tie often, at cosines that are equal but for rounding."""
    random = np.random.RandomState(seed)
    a, b = (np.eye(3, dtype=np.float32)[random.randint(0, 3, n)] for _ in range(2))
    _, columns = compared(a, b)
    score, label = labeled(a, b)
    assert value("auc", columns) == pytest.approx(roc_auc_score(label, np.round(score, 9)), abs=1e-12)


@pytest.mark.slow
@given(st.integers(0, 10_000), st.integers(2, 25), st.sampled_from([0.3, 1.0, 3.0]))
@settings(max_examples=12, deadline=None)
def test_the_threshold_is_the_best_there_is(seed, n, noise):
    """No threshold at or between any two cosines has a higher balanced accuracy, which scikit-learn computes."""
    a, b = aligned(seed, n, noise)
    best = pairwise.best_threshold(compared(a, b)[0])
    score, label = labeled(a, b)
    _, columns = compared(a, b, thresholds=[best])
    ours = value("threshold_accuracy", columns)
    at = np.unique(score)
    every = max(((score[label] >= one).mean() + (score[~label] < one).mean()) / 2 for one in [-1.1, *midway(at)])
    assert ours == pytest.approx(every, abs=1 / n**2)
    assert ours == pytest.approx(balanced_accuracy_score(label, score >= pairwise.cosine(best)), abs=1 / n**2)
    assert value("positive_accuracy", columns) == pytest.approx(recall(label, score, best), abs=1 / n)


def midway(at):
    return (at[1:] + at[:-1]) / 2


def recall(label, score, best):
    return accuracy_score(label[label], score[label] >= pairwise.cosine(best))


def test_accuracy_is_that_of_as_many_random_as_true_pairs():
    """accuracy_score over the true pairs and a derangement, averaged over all shifts, is the threshold accuracy."""
    n = 40
    a, b = aligned(5, n)
    best = pairwise.best_threshold(compared(a, b)[0])
    _, columns = compared(a, b, thresholds=[best])
    similar, rows = cosines(a, b), np.arange(n)
    of_shifts = [
        accuracy_score(
            np.repeat([True, False], n),
            np.concatenate([np.diag(similar), similar[rows, (rows + shift) % n]]) >= pairwise.cosine(best),
        )
        for shift in range(1, n)
    ]
    assert value("threshold_accuracy", columns) == pytest.approx(np.mean(of_shifts), abs=1e-9)


def without(columns_of, a, b, item):
    keep = np.arange(len(a)) != item
    return columns_of(a[keep], b[keep], keep)


@pytest.mark.parametrize("name", OF_PAIRS)
def test_influences_are_those_of_leaving_an_item_out(name):
    """(n - 1) (value - value without the item and all of its pairs), centered, by computing everything anew."""
    n = 14
    a, b = aligned(3, n)
    parts, thresholds = np.arange(n, dtype=np.int8) % 2, [int(1.6 * pairwise.STEPS), int(1.5 * pairwise.STEPS)]
    whole = compared(a, b, parts=parts, thresholds=thresholds)[1]
    rest = [
        value(name, without(lambda x, y, k: compared(x, y, parts=parts[k], thresholds=thresholds)[1], a, b, item))
        for item in range(n)
    ]
    psi = (n - 1) * (value(name, whole) - np.array(rest))
    np.testing.assert_allclose(METRICS[name].influence(whole), psi - psi.mean(), atol=1e-9)
    rows = METRICS[name].rows(whole)[:, 0]
    np.testing.assert_allclose(rows - rows.mean(), psi - psi.mean(), atol=1e-9)


# ---- what must not matter, and what must


def test_pairs_that_share_a_text_are_not_random_pairs():
    """Items 0 and 3 have the same query, 1 and 2 the same candidate: neither is a wrong answer to the other."""
    a, b = aligned(1, 4)
    a[3], b[2] = a[0], b[1]
    _, columns = compared(a, b, ["x", "y", "z", "x"], ["p", "q", "q", "r"])
    score = cosines(a, b)
    is_random = ~np.eye(4, dtype=bool)
    for i, j in ((0, 3), (1, 2)):
        is_random[i, j] = is_random[j, i] = False
    assert columns["random_pairs"].tolist() == [4, 4, 4, 4]
    assert value("cosine_random", columns) == pytest.approx(score[is_random].mean(), abs=1e-6)
    used = is_random | np.eye(4, dtype=bool)
    assert value("auc", columns) == pytest.approx(roc_auc_score(*labeled(a, b, used)[::-1]), abs=1e-9)


def test_an_encoder_that_gives_one_vector_is_at_chance():
    """All cosines are 1: area and threshold accuracy are one half, the gap is 0, and no query finds anything."""
    same = np.full((9, 7), 0.3, np.float32)
    found, _ = compared(same, same)
    _, columns = compared(same, same, thresholds=[pairwise.best_threshold(found)])
    assert [value(name, columns) for name in ("auc", "threshold_accuracy")] == [0.5, 0.5]
    assert value("cosine_gap", columns) == pytest.approx(0, abs=1e-6)


def test_both_directions_have_the_same_pairs():
    """What asks whether two texts are a pair does not depend on which of them is the query."""
    a, b = aligned(2, 30)
    one, other = compared(a, b)[1], compared(b, a)[1]
    for name in OF_PAIRS:
        assert value(name, one) == pytest.approx(value(name, other), abs=1e-9)


def test_a_scale_does_not_move_the_area():
    """Adding a common direction squeezes all cosines together: the gap shrinks, the area hardly moves.

    So the gap, like a mean cosine, does not compare models, and the area is the main metric.
    """
    a, b = aligned(6, 200, 0.7)
    far = np.zeros((1, a.shape[1] + 1), np.float32)
    far[0, -1] = 6
    wide, narrow = (compared(x, y)[1] for x, y in ((a, b), (_beside(a, far), _beside(b, far))))
    assert value("cosine_gap", narrow) < 0.3 * value("cosine_gap", wide)
    assert value("cosine_true", narrow) > value("cosine_true", wide)
    assert abs(value("auc", narrow) - value("auc", wide)) < 0.05
    assert next(iter(METRICS)) == "auc"


def _beside(vectors, common):
    long = np.hstack([vectors, np.zeros((len(vectors), 1), np.float32)])
    return long + common


def test_block_edges_change_nothing(monkeypatch):
    """The same columns come out of many small blocks as of one."""
    a, b = aligned(4, 100)
    parts = np.arange(100, dtype=np.int8) % 2
    thresholds = [int(1.6 * pairwise.STEPS), int(1.5 * pairwise.STEPS)]
    found, whole = compared(a, b, parts=parts, thresholds=thresholds)
    best = pairwise.best_threshold(found)
    monkeypatch.setattr(pairwise, "BLOCK_CELLS", 1)
    found, small = compared(a, b, parts=parts, thresholds=thresholds)
    assert len(list(found.blocks())) > 5
    assert pairwise.best_threshold(found) == best
    for name, column in whole.items():
        np.testing.assert_allclose(small[name], column, rtol=1e-9, err_msg=name)


def test_halves_hold_whole_clusters_and_as_many_items():
    """The sentences of a document are in one half; halves differ by less than a document, in any order of the items."""
    clusters = [f"d{row // 7}" for row in range(203)]
    half = pairwise.halves(clusters)
    assert all(len(set(half[start : start + 7])) == 1 for start in range(0, 203, 7))
    assert abs(int(half.sum()) * 2 - 203) <= 7
    order = np.random.RandomState(0).permutation(203)
    assert pairwise.halves([clusters[row] for row in order]).tolist() == half[order].tolist()


@pytest.mark.slow
def test_a_threshold_is_not_tried_on_what_it_was_chosen_on():
    """Over vectors without any relation, thresholds from the other half are right half of the time; thresholds from
    the same items would look better than that."""
    honest, flattering = [], []
    for seed in range(12):
        random = np.random.RandomState(seed)
        a, b = (random.standard_normal((30, 8)).astype(np.float32) for _ in range(2))
        found, _ = compared(a, b)
        half = pairwise.halves(texts(30))
        crossed = [pairwise.best_threshold(found.only(half != mine)) for mine in (0, 1)]
        honest.append(value("threshold_accuracy", pairwise.compare(found, half, crossed)))
        best = [pairwise.best_threshold(found)]
        flattering.append(value("threshold_accuracy", pairwise.compare(found, np.zeros(30, np.int8), best)))
    assert np.mean(honest) == pytest.approx(0.5, abs=0.04)
    assert np.mean(flattering) > 0.54


# ---- as a task


def write_card(folder, n=6, dev=4, card=""):
    """A card with parallel files of n test (and dev) sentences, whose i-th translations share a word."""
    lines = [card or 'splits = { dev = "dev", test = "test" }']
    (folder / "own.toml").write_text(
        'name = "own"\narea = "retrieval"\nprotocol = "alignment"\ndescription = "d"\nlicense = "CC0-1.0"\n'
        'languages = ["eng", "hin"]\n' + "\n".join(lines) + '\n[data]\nreader = "parallel"\n'
        f'files = "{"{split}." if not card else "test."}{{language}}"\n',
        encoding="utf-8",
    )
    for split, count in (("test", n), ("dev", dev)):
        for language, word in (("eng", "one"), ("hin", "two")):
            if count:
                rows = (f"{split}{row} {word} {'abcdefghijklmnop'[row] * 5}\n" for row in range(count))
                (folder / f"{split}.{language}").write_text("".join(rows), encoding="utf-8")
    return task(read_card(folder / "own.toml"))


def outcomes(made, root, model="ngram"):
    """Subset -> outcome of every subset that is at hand."""
    session = EncodingSession(load().models[model].load())
    return {one.name: made.evaluate(one, session) for one in made.subsets(Data(root)) if not one.missing}


def test_both_directions_with_candidate_counts(tmp_path):
    """Every pair gives two subsets; the facts say among how many candidates, and how many random pairs there were."""
    found = outcomes(write_card(tmp_path), tmp_path)
    assert set(found) == {"eng-hin", "hin-eng"}
    assert found["eng-hin"].facts["candidates"] == 6
    assert found["eng-hin"].facts["random_pairs"] == 30
    chance = {"auc": 0.5, "cosine_gap": 0, "threshold_accuracy": 0.5, "accuracy": 1 / 6}
    assert chance.items() <= found["hin-eng"].chance.items()


def test_the_threshold_comes_from_the_dev_split_where_there_is_one(tmp_path):
    """It is the best one of the dev pairs alone, and all random pairs of the test split are held against it."""
    made = write_card(tmp_path)
    outcome = outcomes(made, tmp_path)["eng-hin"]
    session = EncodingSession(load().models["ngram"].load())
    sides = [[line.strip() for line in (tmp_path / f"dev.{code}").open(encoding="utf-8")] for code in ("eng", "hin")]
    best = pairwise.best_threshold(pairwise.pairs(*map(session.encode, sides), *sides))
    assert outcome.facts["threshold"] == pairwise.cosine(best)
    assert outcome.columns["tested"].tolist() == [10] * 6
    before = {one.name: one.fingerprint for one in made.subsets(Data(tmp_path))}
    (tmp_path / "dev.hin").write_text("a\nb\nc\nd\n", encoding="utf-8")
    after = {one.name: one.fingerprint for one in made.subsets(Data(tmp_path))}
    assert before["eng-hin"] != after["eng-hin"]


def test_a_missing_dev_split_is_said(tmp_path):
    """Where the card has a dev split that is not at hand, its subsets are skipped with the reason."""
    subsets = list(write_card(tmp_path, dev=0).subsets(Data(tmp_path)))
    assert len(subsets) == 2
    assert all("no dev split for the threshold" in one.missing and "dev" in one.missing for one in subsets)


def test_without_a_dev_split_each_half_gets_the_others_threshold(tmp_path):
    """Two thresholds, and random pairs are tested within a half: 3 items have 6, each at both of its items."""
    outcome = outcomes(write_card(tmp_path, card="version = 1"), tmp_path)["eng-hin"]
    assert {"threshold_1", "threshold_2"} <= set(outcome.facts)
    assert outcome.columns["tested"].tolist() == [4] * 6


def test_too_few_pairs_have_no_threshold_and_say_so(tmp_path):
    """Of two pairs neither half has a random pair: no accuracy, never 0; the area has a value but no interval."""
    outcome = outcomes(write_card(tmp_path, n=2, card="version = 1"), tmp_path)["eng-hin"]
    assert any("no threshold" in note for note in outcome.notes)
    scores = {name: Scorer().score(METRICS[name], outcome.columns)[0] for name in METRICS}
    for name in ("threshold_accuracy", "positive_accuracy", "negative_accuracy"):
        assert scores[name].value is None
        assert "not defined" in scores[name].note
    assert scores["auc"].value is not None
    assert scores["auc"].low is None
    assert "no interval" in scores["auc"].note


def test_the_suite_runs_and_skips_what_is_not_at_hand(tmp_path, xlbench_cli: Cli):
    """Without any data every task of the suite is skipped, with where it can be had."""
    done = xlbench_cli(["run", "--suite", "en-hi-alignment", "--data", str(tmp_path), "-m", "random", "--json"])
    cells = json.loads(done.stdout)["cells"]
    assert {cell["task"] for cell in cells} == {"iitb-english-hindi", "ntrex-eng-hin-alignment"}
    assert {cell["status"] for cell in cells} == {"skipped"}
    assert any("cfilt.iitb.ac.in" in cell["reason"] for cell in cells)


def test_the_corpus_reads_its_own_files(tmp_path):
    """The card of the IIT Bombay corpus reads dev_test/{dev,test}.{en,hi} as its archive has them."""
    folder = tmp_path / "iitb" / "dev_test"
    folder.mkdir(parents=True)
    for split, n in (("dev", 2), ("test", 3)):
        for code in ("en", "hi"):
            (folder / f"{split}.{code}").write_text("".join(f"{code} {row}\n" for row in range(n)), encoding="utf-8")
    data = open_data(read_card(CARDS / "iitb-english-hindi.toml"), Data(tmp_path))
    assert data.test.languages() == data.dev.languages() == ("eng", "hin")
    assert (len(data.dev.read("hin").ids), len(data.test.read("eng").ids)) == (2, 3)


def test_the_corpus_reads_its_hub_layout(tmp_path):
    """Of the hub's copy it reads both languages of the column of translations; the dev split is called validation."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = tmp_path / "cfilt" / "iitb-english-hindi" / "data"
    folder.mkdir(parents=True)
    for split, n in (("train", 4), ("validation", 2), ("test", 3)):
        rows = [{"en": f"{split} {row}", "hi": f"{split} {row} हिन्दी"} for row in range(n)]
        pq.write_table(pa.table({"translation": rows}), folder / f"{split}-00000-of-00001.parquet")
    data = open_data(read_card(CARDS / "iitb-english-hindi.toml"), Data(tmp_path))
    assert data.dev.read("eng").fields["text"] == ("validation 0", "validation 1")
    assert data.test.read("hin").fields["text"][2] == "test 2 हिन्दी"
    assert data.test.read("hin").ids == data.test.read("eng").ids


@pytest.mark.slow
@needs("ntrex")
def test_random_is_at_chance_and_counts_tell_on_ntrex():
    """On 1,997 English-Hindi pairs `random` has an area of one half and no gap; `ngram`, which shares numbers and Latin
    names with the text, is above it; both directions have the same area."""
    made = load().tasks["ntrex-eng-hin-alignment"]
    found = {model: outcomes(made, DATA, model) for model in ("random", "ngram")}
    assert set(found["random"]) == {"eng-hin", "hin-eng"}
    assert found["random"]["eng-hin"].facts["candidates"] == 1996
    assert found["random"]["hin-eng"].facts["candidates"] == 1997
    names, clusters = np.unique(found["random"]["eng-hin"].cluster_ids, return_inverse=True)
    assert len(names) == 123
    scorer = Scorer(resamples=500)
    for name, chance in (("auc", 0.5), ("cosine_gap", 0.0), ("threshold_accuracy", 0.5)):
        score, _ = scorer.score(METRICS[name], found["random"]["eng-hin"].columns, clusters, "ntrex")
        assert score.low < chance < score.high
        better, _ = scorer.score(METRICS[name], found["ngram"]["eng-hin"].columns, clusters, "ntrex")
        assert better.low > chance
        assert value(name, found["ngram"]["hin-eng"].columns) == pytest.approx(better.value, abs=1e-6)
