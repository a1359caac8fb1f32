"""The numbers of document search: ranks, ties and metrics, against hand values, brute force and other libraries."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from saved_runs import save_cell

from xlbench import FoundDocuments
from xlbench.core.search_lists import first_of_lists
from xlbench.reports.exports import trec
from xlbench.runs.store import Store
from xlbench_tasks.protocols.numbers import judgments, largest, nearest, top_k_kinds, vector_rows
from xlbench_tasks.protocols.numbers.judgments import Judgments


def judged(pairs, documents, queries=None):
    """Judgments from (query, document, grade)."""
    pairs = sorted(pairs)
    query, document, grade = (np.array([pair[part] for pair in pairs], np.int64) for part in range(3))
    return Judgments(query, document, grade, queries or int(query.max()) + 1, documents)


def random_judgments(random, queries, documents, most=12):
    """Some graded judgments a query, of which one at least is relevant."""
    pairs = []
    for query in range(queries):
        chosen = random.permutation(documents)[: random.randint(1, min(most, documents) + 1)]
        grades = random.randint(0, 4, len(chosen))
        grades[0] = max(grades[0], 1)
        pairs += [(query, int(document), int(grade)) for document, grade in zip(chosen, grades, strict=True)]
    return judged(pairs, documents, queries)


def worst_order(scores, grades):
    """Documents by descending score; of equal ones those that are not judged (-1) first, then by ascending grade."""
    return sorted(range(len(scores)), key=lambda document: (-scores[document], grades.get(document, -1), document))


def grades_of(judgments, query):
    mine = judgments.query == query
    return dict(zip(judgments.document[mine].tolist(), judgments.grade[mine].tolist(), strict=True))


def brute_force_ranks(scores, judgments):
    """Ranks (j,) by sorting all documents of each query, from scores (n, m)."""
    ranks = []
    for query, document in zip(judgments.query, judgments.document, strict=True):
        ranks.append(worst_order(scores[query], grades_of(judgments, query)).index(document) + 1)
    return ranks


def search(queries, documents, wanted, similarity="cosine"):
    return nearest.rank_judged(queries, nearest.Index.of(documents, similarity), wanted, similarity)[0]


def test_metrics_of_a_query_by_hand():
    """Of 20 documents, grades 3, 1 and 0 at ranks 2, 11 and 5: every metric, computed with a pencil."""
    found = judgments.measures(judged([(0, 4, 3), (0, 7, 1), (0, 9, 0)], 20), np.array([2, 11, 5]))
    ideal = 3 / math.log2(2) + 1 / math.log2(3)
    expected = {
        "ndcg_at_10": (3 / math.log2(3)) / ideal,
        "mrr_at_10": 1 / 2,
        "map": (1 / 2 + 2 / 11) / 2,
        "recall_at_10": 1 / 2,
        "recall_at_100": 1.0,
        "precision_at_1": 0.0,
        "precision_at_10": 1 / 10,
        "judged_at_10": 2 / 10,
    }
    assert {name: values.tolist() for name, values in found.items()} == {
        name: [pytest.approx(value)] for name, value in expected.items()
    }


def test_a_document_that_is_not_found_counts_for_nothing():
    """Rank 0 is no rank: neither a hit nor a judged document of the first ten."""
    found = judgments.measures(judged([(0, 0, 1), (0, 1, 1)], 30), np.array([0, 1]))
    assert found["map"].tolist() == [0.5]
    assert found["recall_at_100"].tolist() == [0.5]
    assert found["judged_at_10"].tolist() == [0.1]


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_order_of_ties_is_the_worst_there_is(seed):
    """No order of equally near documents has a lower score by any metric."""
    random = np.random.RandomState(seed)
    scores = random.randint(0, 3, (1, 6)).astype(np.float32)
    wanted = random_judgments(random, 1, 6, most=4)
    ours = judgments.measures(wanted, np.array(brute_force_ranks(scores, wanted)))
    for order in itertools.permutations(range(6)):
        if any(scores[0, a] < scores[0, b] for a, b in itertools.pairwise(order)):
            continue
        ranks = np.array([order.index(document) + 1 for document in wanted.document])
        for name, values in judgments.measures(wanted, ranks).items():
            assert ours[name][0] <= values[0] + 1e-12, name


def random_run(seed):
    """Judgments, qrels and a run with ties, whose worst order the run's scores spell out for others."""
    random = np.random.RandomState(seed)
    n, m = random.randint(1, 6), random.randint(2, 150)
    scores = random.randint(0, 8, (n, m)).astype(np.float32)
    wanted = random_judgments(random, n, m)
    qrels = {str(q): {f"d{d}": grade for d, grade in grades_of(wanted, q).items()} for q in range(n)}
    run = {
        str(q): {f"d{d}": float(m - rank) for rank, d in enumerate(worst_order(scores[q], grades_of(wanted, q)))}
        for q in range(n)
    }
    ours = judgments.measures(wanted, np.array(brute_force_ranks(scores, wanted)))
    return ours, qrels, run


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_metrics_are_those_of_pytrec_eval(seed):
    """On random runs with ties both agree to 1e-6, query by query."""
    pytrec_eval = pytest.importorskip("pytrec_eval", reason="it has no wheel for Linux on ARM")
    ours, qrels, run = random_run(seed)
    names = {"ndcg_at_10": "ndcg_cut_10", "map": "map", "recall_at_10": "recall_10", "recall_at_100": "recall_100",
             "precision_at_1": "P_1", "precision_at_10": "P_10"}  # fmt: skip
    theirs = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10", "map", "recall.10,100", "P.1,10"}).evaluate(run)
    for name, other in names.items():
        assert [theirs[query][other] for query in qrels] == pytest.approx(ours[name].tolist(), abs=1e-6), name


@pytest.mark.slow
def test_metrics_are_those_of_ranx():
    """On random runs with ties both agree to 1e-6, query by query."""
    import numba

    numba.config.DISABLE_JIT = True  # which compiles a minute for a second of work
    import ranx

    names = {"ndcg_at_10": "ndcg@10", "map": "map", "recall_at_10": "recall@10", "recall_at_100": "recall@100",
             "precision_at_1": "precision@1", "precision_at_10": "precision@10", "mrr_at_10": "mrr@10"}  # fmt: skip
    for seed in range(20):
        ours, qrels, run = random_run(seed)
        scored = ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), [*names.values()], return_mean=False)
        for name, other in names.items():
            assert np.atleast_1d(scored[other]).tolist() == pytest.approx(ours[name].tolist(), abs=1e-6), name


@pytest.mark.slow
def test_ranx_reads_exported_files(tmp_path):
    """From a run file and qrels as they are exported, ties and a query without documents among them, ranx makes the
    nDCG@10 of the lists."""
    import numba

    numba.config.DISABLE_JIT = True
    import ranx

    random = np.random.RandomState(0)
    scores = -np.sort(-random.randint(0, 4, (6, 30)), axis=1).astype(float)
    places = np.array([random.permutation(40)[:30] for _ in range(6)])
    places[5] = -1
    wanted = random_judgments(random, 6, 40)
    rows = tuple(zip(wanted.query.tolist(), wanted.document.tolist(), wanted.grade.tolist(), strict=True))
    queries, documents = [f"q {number}" for number in range(6)], [f"d {number}" for number in range(40)]
    found = FoundDocuments(queries, queries, documents, places, scores, rows)
    files = trec.export("m", "f" * 64, 30, [(save_cell(Store(tmp_path), "m", "find", "eng", 6), found)], b"").files
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    judged, run = (str(tmp_path / f"find.eng.{kind}.txt") for kind in ("qrels", "run"))
    pair = ranx.Qrels.from_file(judged, kind="trec"), ranx.Run.from_file(run, kind="trec")
    theirs = ranx.evaluate(*pair, "ndcg@10", return_mean=False)
    assert dict(zip(pair[0].keys(), theirs, strict=True)) == pytest.approx(
        {query.replace(" ", "%20"): value for query, value in zip(queries, found.ndcg(10), strict=True)}, abs=1e-6
    )


@given(st.integers(0, 10_000), st.sampled_from(["cosine", "dot"]))
@settings(max_examples=40, deadline=None)
def test_ranks_are_those_of_sorting_all_documents(seed, similarity):
    """Vectors of few directions have many ties; documents have repeated vectors, and some are zeros."""
    random = np.random.RandomState(seed)
    n, m = 5, 60
    documents = random.randint(-1, 2, (m, 4)).astype(np.float32)
    queries = random.randint(-2, 3, (n, 4)).astype(np.float32)
    wanted = random_judgments(random, n, m)
    wide = documents.astype(np.float64)
    if similarity == "cosine":
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        wide = wide / np.where(lengths > 0, lengths, 1)
    scores = np.round(queries.astype(np.float64) @ wide.T, 9)
    assert search(queries, documents, wanted, similarity).tolist() == brute_force_ranks(scores, wanted)


@pytest.mark.parametrize("cells", [1 << 25, 300])
def test_ranks_do_not_depend_on_blocks(monkeypatch, cells):
    """The same ranks whether all similarities are held at once or a few rows of them."""
    random = np.random.RandomState(3)
    documents = random.standard_normal((200, 16)).astype(np.float32)
    documents[100:150] = documents[:50]
    queries = documents[:70] + 0.5 * random.standard_normal((70, 16)).astype(np.float32)
    wanted = random_judgments(random, 70, 200)
    monkeypatch.setattr(nearest, "BLOCK_CELLS", cells)
    unit = vector_rows.scaled(documents, "cosine").astype(np.float64)
    scores = np.round(vector_rows.scaled(queries, "cosine").astype(np.float64) @ unit.T, 12)
    assert search(queries, documents, wanted).tolist() == brute_force_ranks(scores, wanted)


def test_ties_are_counted():
    """How many other documents are as near as a judged one: those of an equal vector, and those of an equal cosine."""
    documents = np.array([[1, 0], [1, 1], [1, -1], [2, 2], [0, 1]], np.float32)
    wanted = judged([(0, 0, 1), (0, 1, 1), (0, 4, 1)], 5)
    _, ties = nearest.rank_judged(documents[:1], nearest.Index.of(documents), wanted)
    assert ties.tolist() == [0, 2, 0]


def test_an_encoder_that_tells_nothing_apart_finds_nothing():
    """Where all vectors are equal, relevant documents stand last."""
    same = np.ones((50, 3), np.float32)
    wanted = judged([(0, 3, 1), (0, 8, 2), (0, 9, 0)], 50)
    assert search(same[:1], same, wanted).tolist() == [49, 50, 48]


@pytest.mark.parametrize("k", [1, 7, 40])
def test_nearest_documents_are_those_of_sorting_all(k):
    """The k nearest with their similarities, descending; documents with one vector follow each other in their order."""
    random = np.random.RandomState(k)
    documents = random.standard_normal((60, 8)).astype(np.float32)
    documents[40:] = documents[:20]
    queries = random.standard_normal((9, 8)).astype(np.float32)
    places, values = nearest.nearest(queries, nearest.Index.of(documents), k)
    unit = vector_rows.scaled(documents, "cosine").astype(np.float64)
    scores = np.round(vector_rows.scaled(queries, "cosine").astype(np.float64) @ unit.T, 9)
    expected = np.lexsort((np.broadcast_to(np.arange(60), scores.shape), -scores), axis=1)[:, :k]
    assert places.tolist() == expected.tolist()
    assert values == pytest.approx(np.take_along_axis(scores, expected, axis=1), abs=1e-6)


def test_fewer_documents_than_are_wanted():
    """All of them, where there are no more."""
    places, _ = nearest.nearest(np.eye(3, dtype=np.float32), nearest.Index.of(np.eye(3, dtype=np.float32)), 10)
    assert sorted(places[0].tolist()) == [0, 1, 2]


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_lists_rank_as_all_documents_do(seed):
    """Ranks from lists of the best k documents are those among all; where equal scores go on beyond a list's end, none
    of these is found."""
    random = np.random.RandomState(seed)
    n, m = 4, 30
    k = random.randint(1, m + 1)
    scores = random.randint(0, 9, (n, m)).astype(np.float32)
    wanted = random_judgments(random, n, m)
    more = np.argsort(-scores, axis=1, kind="stable")[:, : k + 1]
    places, listed = first_of_lists(more, np.take_along_axis(scores, more, axis=1), k)
    assert places.shape == (n, k)
    expected = []
    for q, d in zip(wanted.query, wanted.document, strict=True):
        grades = {one: grade for one, grade in grades_of(wanted, q).items() if one in places[q]}
        expected.append(worst_order(scores[q], grades).index(d) + 1 if d in places[q] else 0)
        goes_on = (scores[q] >= scores[q, d]).sum() > k
        assert (d in places[q]) == (not goes_on)
    assert nearest.rank_listed(places, listed, wanted).tolist() == expected


@pytest.mark.parametrize("k", [3, 10, 40])
def test_documents_of_one_level_share_the_places_that_are_left(k):
    """Shares among the first k, of vectors and of lists, are means over all orders of equally near documents."""
    random = np.random.RandomState(k)
    rows = random.randint(0, 2, (30, 6)).astype(np.float32) + np.float32(0.5)
    documents, queries = rows[random.randint(0, 30, 40)], rows[:5]
    codes = random.randint(0, 3, 40)
    index = nearest.Index.of(documents)
    places, values = nearest.nearest(queries, index, 40)
    found = top_k_kinds.of_vectors(queries, index, k, codes, 3, "cosine")
    levels = np.round(values, 5)
    np.testing.assert_allclose(top_k_kinds.of_lists(places, levels, k, codes, 3), found, atol=1e-9)
    for query in range(5):
        orders = [np.lexsort((random.permutation(40), -levels[query]))[:k] for _ in range(4000)]
        mean = np.mean([np.bincount(codes[places[query][order]], minlength=3) / k for order in orders], axis=0)
        np.testing.assert_allclose(found[query], mean, atol=0.02)
    everything_alike = np.ones((40, 6), np.float32)
    shares = top_k_kinds.of_vectors(queries, nearest.Index.of(everything_alike), k, codes, 3, "cosine")
    np.testing.assert_allclose(shares, np.tile(np.bincount(codes, minlength=3) / 40, (5, 1)))


def test_a_list_without_documents_has_no_shares():
    """Where nothing is found no kind is first; a list that is shorter than k is what there is."""
    shares = top_k_kinds.of_lists(np.array([[-1, -1], [1, -1]]), np.zeros((2, 2)), 2, np.array([0, 1]), 2)
    assert np.isnan(shares[0]).all()
    assert shares[1].tolist() == [0.0, 1.0]


def test_ties_in_lists_are_counted():
    """Listed documents of one score, and none of what is behind the end of a list."""
    places, scores = np.array([[3, 0, 1, -1]]), np.array([[2.0, 1.0, 1.0, 1.0]])
    wanted = judged([(0, 0, 1), (0, 2, 1), (0, 3, 1)], 4)
    assert nearest.ties_listed(places, scores, wanted).tolist() == [1, 0, 0]
    assert nearest.rank_listed(places, scores, wanted).tolist() == [3, 0, 1]


def test_short_lists_end_with_minus_one():
    """Nothing is found in an empty list, and the places behind a short one are of no document."""
    places = np.array([[2, -1], [-1, -1]])
    wanted = judged([(0, 2, 1), (1, 0, 1)], 3)
    assert nearest.rank_listed(places, np.array([[1.0, 0.0], [0.0, 0.0]]), wanted).tolist() == [1, 0]


@pytest.mark.parametrize("documents", [7, 30])
def test_chance_is_the_mean_over_orders(documents):
    """What is said of guessing is what all orders of a few documents score, and thousands of random ones of more."""
    random = np.random.RandomState(documents)
    one = random_judgments(random, 1, documents, most=6)
    orders = np.array(list(itertools.permutations(range(7))) if documents == 7 else random.rand(20_000, 30).argsort(1))
    n, many = len(orders), len(one.query)
    tiled = Judgments(
        np.repeat(np.arange(n), many), np.tile(one.document, n), np.tile(one.grade, n), n, documents
    )  # every order is a query of its own
    found = judgments.measures(tiled, orders[tiled.query, tiled.document] + 1)
    for name, level in judgments.chance(one).items():
        assert found[name].mean() == pytest.approx(level, abs=1e-12 if documents == 7 else 0.01), name


@pytest.mark.parametrize("k", [1, 5, 40])
@pytest.mark.parametrize("columns", [64, 100, 1000])
def test_the_largest_products_are_those_of_sorted_rows(monkeypatch, k, columns):
    """Tile by tile: the same columns and values as sorting whole rows gives, equal ones in the order of vectors."""
    monkeypatch.setattr(largest, "TILE_ROWS", 7)
    monkeypatch.setattr(largest, "TILE_COLUMNS", columns)
    random = np.random.default_rng(k)
    queries, vectors = (random.integers(-3, 4, (n, 3)).astype(np.float32) for n in (20, 500))
    products = queries @ vectors.T
    expected = np.argsort(-products, axis=1, kind="stable")[:, :k]
    for here, places, values in largest.largest_products(queries, vectors, k):
        np.testing.assert_array_equal(values, np.take_along_axis(products, expected, 1)[here])
        if k <= largest.FEW:  # a partition of the first tile takes any of equal ones at its edge
            np.testing.assert_array_equal(places, expected[here])


def test_a_large_corpus_is_searched_as_a_small_one(monkeypatch):
    """Documents of equal vectors, more than a tile of distinct ones: the same lists, and progress by queries."""
    random = np.random.default_rng(1)
    documents = random.standard_normal((900, 8), np.float32)
    documents[500:520] = documents[:20]
    queries = random.standard_normal((30, 8), np.float32)
    heard = []
    index = nearest.Index.of(documents, progress=lambda done, total: heard.append((done, total)))
    small = nearest.nearest(queries, index, 40)
    monkeypatch.setattr(largest, "TILE_ROWS", 16)
    monkeypatch.setattr(largest, "TILE_COLUMNS", 100)
    monkeypatch.setattr(largest, "MANY", 200)
    heard.clear()
    large = nearest.nearest(queries, index, 40)
    np.testing.assert_array_equal(large[0], small[0])
    np.testing.assert_allclose(large[1], small[1], rtol=1e-6)
    assert heard == [(16, 30), (30, 30)]
