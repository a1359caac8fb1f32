"""The numbers of retrieval: ranks, ties, margins and mteb's own figures, against brute force and other libraries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from xlbench_tasks.protocols import retrieval, retrieval_metrics
from xlbench_tasks.protocols.numbers import ranking, vector_rows


def vectors(seed, n, d=8):
    return np.random.RandomState(seed).standard_normal((n, d)).astype(np.float32)


def texts(n):
    return [f"text {row}" for row in range(n)]


def slow_ranks(queries, candidates, names):
    """Rank by definition: one target a text; whatever is as near or nearer, and is another text, stands before."""
    ranks = []
    for i, query in enumerate(queries):
        cosine = [
            float(np.float64(query) @ np.float64(row) / np.linalg.norm(query.astype(float)) / np.linalg.norm(row))
            for row in candidates.astype(float)
        ]
        ahead = {names[j] for j in range(len(names)) if cosine[j] >= cosine[i] - 1e-9 and names[j] != names[i]}
        ranks.append(1 + len(ahead))
    return ranks


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=40, deadline=None)
def test_ranks_equal_brute_force(seed, n):
    """Ranks are those of the definition, computed one pair at a time."""
    a, b = vectors(seed, n), vectors(seed + 1, n)
    assert ranking.rank_pairs(a, b, texts(n)).columns["rank"].tolist() == slow_ranks(a, b, texts(n))


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_repeated_texts_and_vectors_rank_as_defined(seed):
    """With repeated texts, and other texts of equal vectors, ranks still are those of the definition."""
    random = np.random.RandomState(seed)
    kind = random.randint(0, 6, 20)
    names = [f"{code}{'x' if random.rand() < 0.4 else ''}" for code in kind]
    a, b = vectors(seed, 20), vectors(seed + 1, 6)[kind]
    assert ranking.rank_pairs(a, b, names).columns["rank"].tolist() == slow_ranks(a, b, names)


def test_a_rival_with_an_equal_vector_counts_against_the_model():
    """An encoder that gives all texts one vector hits nothing: every rival stands before the target."""
    same = np.ones((5, 4), np.float32)
    ranked = ranking.rank_pairs(same, same, texts(5))
    assert ranked.columns["rank"].tolist() == [5] * 5
    assert not ranked.columns["margin_hit"].any()
    assert ranked.tie_rate == 1.0


def test_a_repeated_text_is_one_target():
    """Two rows of the same text are one candidate: the second neither hurts nor helps."""
    b = vectors(0, 4)
    b[3] = b[0]
    ranked = ranking.rank_pairs(b.copy(), b, ["a", "b", "c", "a"])
    assert ranked.columns["rank"].tolist() == [1, 1, 1, 1]
    assert (ranked.candidates, ranked.tie_rate) == (3, 0.0)


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_scaling_some_rows_at_a_time_changes_no_bit(similarity, monkeypatch):
    """Rows are scaled in double precision as all at once would be; zeros stay zeros, without a sign."""
    rows = vectors(3, 50, 7)
    rows[4], rows[5, 0] = 0, -0.0
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    scale = np.where(lengths > 0, lengths, 1) if similarity == "cosine" else lengths.max()
    monkeypatch.setattr(vector_rows, "ROWS", 8)
    found = vector_rows.scaled(rows, similarity)
    np.testing.assert_array_equal(found, (rows / scale).astype(np.float32))
    assert not np.signbit(found[[4, 5], [0, 0]]).any()


def test_block_edges_change_nothing(monkeypatch):
    """The same rows come out of many small blocks as of one large one."""
    a, b = vectors(1, 300, 16), vectors(2, 300, 16)
    whole = ranking.rank_pairs(a, b, texts(300))
    monkeypatch.setattr(ranking, "BLOCK_CELLS", 300 * 16)
    parts = ranking.rank_pairs(a, b, texts(300))
    for name, column in whole.columns.items():
        np.testing.assert_allclose(parts.columns[name], column, rtol=1e-5, atol=1e-6, err_msg=name)


def xsim_hits(a, b, k=4):
    """Ratio margin as in LASER's xsim, a pair at a time: the best of the k nearest by margin."""
    a, b = a / np.linalg.norm(a, axis=1, keepdims=True), b / np.linalg.norm(b, axis=1, keepdims=True)
    similar = a.astype(np.float64) @ b.T.astype(np.float64)
    k = min(k, len(b))
    forward = np.array([np.mean(sorted(row)[-k:]) for row in similar])
    backward = np.array([np.mean(sorted(row)[-k:]) for row in similar.T])
    hits = []
    for i, row in enumerate(similar):
        nearest = sorted(range(len(row)), key=lambda j: -row[j])[:k]
        best = max(nearest, key=lambda j: row[j] / ((forward[i] + backward[j]) / 2))
        hits.append(best == i)
    return hits


@pytest.mark.parametrize("seed", range(5))
def test_margin_accuracy_equals_xsim(seed):
    """Margin hits are those of an independent reading of xsim, over noisy copies of the same vectors."""
    a = np.abs(vectors(seed, 120, 12))
    b = a + 0.5 * np.abs(vectors(seed + 50, 120, 12))
    assert ranking.rank_pairs(a, b, texts(120)).columns["margin_hit"].tolist() == xsim_hits(a, b)


def test_mteb_figures_equal_scikit_learn():
    """mteb_f1 is scikit-learn's weighted F1 over row indices, mteb_accuracy the plain share of equal indices."""
    a = vectors(3, 200)
    b = a + vectors(4, 200)
    columns = ranking.rank_pairs(a, b, texts(200)).columns
    by_name = {metric.name: metric for metric in retrieval.metrics({})}
    f1, accuracy = (
        float(metric.value(metric.rows(columns).sum(axis=0)))
        for metric in (by_name["mteb_f1"], by_name["mteb_accuracy"])
    )
    truth, predicted = np.arange(200), columns["mteb_row"]
    assert f1 == pytest.approx(f1_score(truth, predicted, average="weighted", zero_division=0), abs=1e-12)
    assert accuracy == pytest.approx((truth == predicted).mean())


def test_influence_on_mteb_f1_is_its_derivative():
    """The closed form is what a small change of one item's weight does to the weighted F1."""
    a = vectors(5, 30, 3)
    b = a + 0.7 * vectors(6, 30, 3)
    columns = ranking.rank_pairs(a, b, texts(30)).columns
    truth, predicted = np.arange(30), columns["mteb_row"]
    influence = retrieval_metrics._f1_influence(columns)

    def weighted(weight):
        return f1_score(truth, predicted, average="weighted", sample_weight=weight, zero_division=0)

    for item in range(30):
        step = np.ones(30)
        step[item] += 1e-5
        assert 30 * (weighted(step) - weighted(np.ones(30))) / 1e-5 == pytest.approx(influence[item], abs=1e-3)


def test_random_cosine_is_the_mean_over_all_other_candidates():
    """cosine_random is the exact expectation over random pairs, so it needs no draw; cosines are in steps of 2^-16."""
    a, b = vectors(7, 20), vectors(8, 20)
    columns = ranking.rank_pairs(a, b, texts(20)).columns
    unit_a, unit_b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a.astype(float), b.astype(float)))
    similar = unit_a @ unit_b.T
    random = (similar.sum(1) - np.diag(similar)) / 19
    for found, exact in ((columns["cosine_true"], np.diag(similar)), (columns["cosine_random"], random)):
        np.testing.assert_allclose(found, exact, rtol=0, atol=2**-14 + 1e-6)
        assert (found * 2**16 == np.rint(found * 2**16)).all()
        assert found.dtype == np.float32


def test_order_of_the_pairs_does_not_matter():
    """Shuffling the aligned pairs shuffles ranks and margin hits alike."""
    a = vectors(9, 60)
    b = a + vectors(10, 60)
    order = np.random.RandomState(0).permutation(60)
    names = texts(60)
    straight = ranking.rank_pairs(a, b, names).columns
    shuffled = ranking.rank_pairs(a[order], b[order], [names[row] for row in order]).columns
    for name in ("rank", "margin_hit"):
        assert (straight[name][order] == shuffled[name]).all()


def test_dot_products_rank_by_length_too():
    """By dot products, a long vector comes before a near one, exactly as numpy's products say; cosines stay cosines."""
    draw = np.random.default_rng(0)
    a, b = draw.normal(size=(2, 200, 8)).astype(np.float32)
    b *= draw.uniform(0.1, 100, size=(200, 1)).astype(np.float32)
    found = ranking.rank_pairs(a, b, texts(200), "dot").columns
    products = a.astype(np.float64) @ b.T.astype(np.float64)
    assert found["rank"].tolist() == (products >= products.diagonal()[:, None]).sum(axis=1).tolist()
    assert found["mteb_row"].tolist() == products.argmax(axis=1).tolist()
    cosine = ranking.rank_pairs(a, b, texts(200)).columns
    assert found["rank"].tolist() != cosine["rank"].tolist()
    assert found["cosine_true"].tolist() == cosine["cosine_true"].tolist()


def test_vectors_of_zeros_find_nothing():
    """A query without a vector has similarity 0 to all candidates: they all stand level, and ties count against it."""
    a = np.eye(4, dtype=np.float32)
    b = a.copy()
    a[1] = b[2] = 0
    found = ranking.rank_pairs(a, b, texts(4))
    assert found.columns["rank"].tolist() == [1, 4, 4, 1]
    assert np.isfinite(found.columns["cosine_random"]).all()


@pytest.mark.parametrize("seed", range(3))
def test_no_order_of_sums_changes_a_rank_or_a_margin(seed):
    """Counts of few features, whose cosines often tie: dimensions in any order give the same ranks, ties and hits."""
    random = np.random.RandomState(seed)
    queries, candidates = (random.poisson(0.7, (150, 12)).astype(np.float32) for _ in range(2))
    queries[:, 0] += 1
    candidates[:, 0] += 1
    texts = [str(place) for place in range(150)]
    one = ranking.rank_pairs(queries, candidates, texts)
    assert one.tie_rate > 0.05
    for other_seed in range(5):
        order = np.random.RandomState(other_seed).permutation(12)
        other = ranking.rank_pairs(queries[:, order], candidates[:, order], texts)
        for name in ("rank", "margin_hit", "mteb_row"):
            assert (one.columns[name] == other.columns[name]).all(), name


def test_the_largest_of_columns_are_found_in_blocks_of_any_height():
    """By groups of rows, it is what sorting whole columns gives."""
    random = np.random.RandomState(0)
    for rows in (3, 40, 128, 300):
        similar = random.standard_normal((rows, 17)).astype(np.float32)
        before = -np.sort(-random.standard_normal((4, 17)).astype(np.float32), axis=0)
        expected = -np.sort(-np.concatenate([before, similar]), axis=0)[:4]
        np.testing.assert_array_equal(ranking._merge_largest(before, similar), expected)


def test_the_largest_of_columns_are_found_where_few_values_are_larger():
    """As those of a late block are: these alone are merged, several of one column and equal ones among them."""
    random = np.random.RandomState(1)
    before = -np.sort(-random.standard_normal((4, 500)).astype(np.float32), axis=0) + 2
    similar = random.standard_normal((40, 500)).astype(np.float32) - 2
    similar[random.randint(0, 40, 200), random.randint(0, 500, 200)] += 6
    similar[:7, 3] = 9
    similar[0, 4] = before[3, 4]
    expected = -np.sort(-np.concatenate([before, similar]), axis=0)[:4]
    assert 0 < (similar > before[3]).sum() <= similar.size // ranking.RARE
    np.testing.assert_array_equal(ranking._merge_largest(before, similar), expected)


def test_a_search_says_how_far_it_is(monkeypatch):
    """Block by block, every query twice: once for ranks and neighbors, once for CSLS."""
    a, b = vectors(1, 100, 16), vectors(2, 100, 16)
    monkeypatch.setattr(ranking, "BLOCK_CELLS", 50 * 100)
    heard = []
    ranking.rank_pairs(a, b, texts(100), progress=lambda done, total: heard.append((done, total)))
    assert heard == [(50, 200), (100, 200), (150, 200), (200, 200)]


def test_texts_in_two_notations_are_several_and_said_to_be():
    """What an encoder is given is not changed: NFC and NFD of one word are two candidates, and a note counts them."""
    from xlbench_tasks.protocols.footnotes import notes_on_notation

    twice = ["caf\u00e9", "cafe\u0301", "cafe", "caf\u00e9"]
    assert ranking.rank_pairs(np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32), twice).candidates == 3
    assert list(notes_on_notation(twice)) == [
        "1 text differs from another in notation alone (NFC, NFD): they are taken as they are, for different ones"
    ]
    assert list(notes_on_notation(["caf\u00e9", "cafe"])) == []
