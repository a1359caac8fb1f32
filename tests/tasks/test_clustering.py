"""The clustering protocol: values by hand and against scikit-learn, what seeds and order may do, and its cards."""

from __future__ import annotations

import csv
import random
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from real_data import DATA, needs
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, v_measure_score

import xlbench_baselines
from xlbench import Data, DataError, DataMissing, EncodingSession, UsageError, metrics
from xlbench.stats import Scorer
from xlbench.stats.rows import group, influences, value_of
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task
from xlbench_tasks.data.records import Records
from xlbench_tasks.data.source import Home
from xlbench_tasks.data.splits import DataSet
from xlbench_tasks.protocols import clustering
from xlbench_tasks.protocols.numbers import grouping, vector_rows
from xlbench_tasks.readers import delimited

OURS = [
    "cldr-words", "masakhanews-clustering", "mini-words-entities", "mini-words-relatedness", "mini-words-sentiment",
    "sib200-clustering",
]  # fmt: skip


class Points:
    """An encoder that knows every text's vector."""

    def __init__(self, vectors):
        self.vectors = vectors

    def encode(self, texts, *, role=None):
        return np.array([self.vectors[text] for text in texts], dtype=np.float32)


class Made:
    """A source of made-up records: language -> rows (id, text, label)."""

    name = "made"

    def __init__(self, rows):
        self.rows = rows

    def languages(self):
        return tuple(self.rows)

    def why_missing(self, language):
        return f"no {language}"

    def read(self, language):
        ids, texts, labels = (tuple(values) for values in zip(*self.rows[language], strict=True))
        return Records(ids, ids, {"text": texts, "label": labels})


def subsets_of(rows, declared=(), **options):
    """The protocol's subsets of made-up rows, by name."""
    found = clustering.subsets(DataSet({"test": Made(rows)}), options, Data(), declared)
    return {subset.name: subset for subset in found}


def outcome_of(rows, vectors, name="eng", **options):
    """What the protocol makes of one subset of made-up rows."""
    return clustering.evaluate(subsets_of(rows, **options)[name], EncodingSession(Points(vectors)), options)


def values_of(outcome, **options):
    """Metric -> value."""
    return {
        metric.name: value_of(metric, metric.rows(outcome.columns).sum(axis=0))
        for metric in clustering.metrics(options)
    }


def spots(texts, places):
    """Vectors of texts at numbered places, far apart: place p is the p-th axis."""
    return dict(zip(texts, np.eye(max(places) + 1)[list(places)], strict=True))


def rows_of(labels):
    """One row a label, ids in order."""
    return [(f"made:{row:04}", f"text {row}", label) for row, label in enumerate(labels)]


@pytest.fixture
def blobs():
    """120 texts of three classes that overlap: rows, and their vectors."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 3, 120)
    rows = rows_of([f"class {label}" for label in labels])
    points = np.eye(8)[labels] * 1.2 + rng.normal(size=(120, 8))
    return rows, {text: point for (_, text, _), point in zip(rows, points, strict=True)}


# Values


def test_values_by_hand():
    """Clusters {a,a,b}, {b,b}, {a}: 5 of 6 agree; a and b are 2 of 3 in their largest cluster, and in their match."""
    rows = rows_of("aabbba")
    vectors = spots([text for _, text, _ in rows], [0, 0, 0, 1, 1, 2])
    found = values_of(outcome_of({"eng": rows}, vectors, k=3), k=3)
    assert found["purity"] == pytest.approx(5 / 6)
    assert found["inverse_purity"] == pytest.approx(4 / 6)
    assert found["matched_accuracy"] == pytest.approx(4 / 6)
    # pairs together: 2 by both, 6 by label, 4 by cluster, of 15
    assert found["ari"] == pytest.approx((2 - 6 * 4 / 15) / ((6 + 4) / 2 - 6 * 4 / 15))


def test_values_are_scikit_learns(blobs):
    """V, NMI and ARI are the mean over the starts of what scikit-learn says of each."""
    rows, vectors = blobs
    outcome = outcome_of({"eng": rows}, vectors, k=5, seeds=4)
    found, label = values_of(outcome, k=5, seeds=4), outcome.columns["label"]
    clusterings = [outcome.columns[name] for name in clustering.cluster_columns({"seeds": 4})]
    oracles = {
        "v_measure": v_measure_score,
        "nmi": lambda true, guess: normalized_mutual_info_score(true, guess, average_method="geometric"),
        "ari": adjusted_rand_score,
    }
    for name, oracle in oracles.items():
        assert found[name] == pytest.approx(np.mean([oracle(label, one) for one in clusterings]), abs=1e-12)


def test_the_compact_rows_are_those_of_the_core(blobs):
    """Pseudo-values from value and gradient are those that the core makes from rows as wide as the table."""
    rows, vectors = blobs
    columns = outcome_of({"eng": rows}, vectors).columns
    names = clustering.cluster_columns({})
    ours = {metric.name: metric for metric in clustering.metrics({})}
    for name in ("purity", "inverse_purity", "v_measure", "nmi"):
        wide = metrics.averaged(name, [getattr(metrics, name)(name, range(3), "label", one) for one in names])
        np.testing.assert_allclose(ours[name].rows(columns), wide.rows(columns), atol=1e-12)
        assert ours[name].seeds(columns) == pytest.approx(wide.seeds(columns))
        assert ours[name].interval == wide.interval


def test_classes_that_lie_apart_score_1():
    """Every metric, with either algorithm."""
    rows = rows_of("abc" * 12)
    vectors = spots([text for _, text, _ in rows], [0, 1, 2] * 12)
    for options in ({}, {"algorithm": "agglomerative"}, {"algorithm": "agglomerative", "linkage": "average"}):
        found = values_of(outcome_of({"eng": rows}, vectors, **options), **options)
        assert found == pytest.approx(dict.fromkeys(found, 1.0))


def test_labels_at_random_score_as_chance_says():
    """With labels that have nothing to do with the vectors; chance is the same number whenever it is asked."""
    rng = np.random.default_rng(3)
    rows = rows_of(rng.choice(list("aaabbc"), 600))
    vectors = {text: rng.normal(size=6) for _, text, _ in rows}
    outcome = outcome_of({"eng": rows}, vectors)
    found = values_of(outcome)
    for name, chance in outcome.chance.items():
        assert found[name] == pytest.approx(chance, abs=0.03), name
    assert set(outcome.chance) == set(found)
    assert outcome_of({"eng": rows}, vectors).chance == outcome.chance


def test_chance_of_two_balanced_classes_in_pairs_is_exact():
    """Two items of two classes in one cluster of two: whatever is dealt, half of them agree."""
    label, cluster = np.array([0, 1]), np.array([0, 0])
    found = grouping.chance({"purity": metrics.purity}, label, [cluster], 1)
    assert found == {"purity": 0.5, "matched_accuracy": 0.5}


def test_a_cluster_is_matched_to_one_class_only():
    """Both clusters are mostly a: one of them goes to b, and what it holds of a is wrong."""
    label, cluster = np.array([0, 0, 0, 0, 0, 1]), np.array([0, 0, 0, 1, 1, 1])
    assert grouping.matched_items(label, cluster).tolist() == [True, True, True, False, False, True]


# The metrics that are new in the core


def table_of(seed, n=150):
    """Labels and clusters that agree a little."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 4, n)
    return {"label": label, "cluster": np.where(rng.random(n) < 0.6, label, rng.integers(0, 6, n))}


@pytest.mark.parametrize("seed", range(3))
def test_the_slope_of_nmi_is_its_derivative(seed):
    """Against central differences; and it does not change when all counts are multiplied."""
    columns = table_of(seed)
    metric = metrics.nmi("nmi", range(4))
    sums = metric.rows(columns).sum(axis=0).astype(float) + 0.5
    step = 1e-4 * np.eye(len(sums))
    slope = (metric.value(sums + step) - metric.value(sums - step)) / 2e-4
    np.testing.assert_allclose(metric.gradient(sums), slope, atol=1e-8)
    assert metric.value(sums * 7) == pytest.approx(float(metric.value(sums)))


@pytest.mark.parametrize(("label", "cluster"), [("aa", [0, 0]), ("aa", [0, 1]), ("ab", [0, 0]), ("ab", [0, 1])])
def test_nmi_and_ari_at_the_edges_are_scikit_learns(label, cluster):
    """One label, one cluster, and nothing but singles."""
    columns = {"label": np.array(list(label)), "cluster": np.array(cluster)}
    nmi, ari = metrics.nmi("nmi", "ab"), metrics.ari("ari")
    geometric = normalized_mutual_info_score(list(label), cluster, average_method="geometric")
    assert value_of(nmi, nmi.rows(columns).sum(axis=0)) == pytest.approx(geometric)
    assert value_of(ari, ari.rows(columns).sum(axis=0)) == pytest.approx(adjusted_rand_score(list(label), cluster))
    assert np.isfinite(nmi.gradient(nmi.rows(columns).sum(axis=0).astype(float))).all()


def test_the_influence_on_ari_is_that_of_leaving_an_item_out():
    """Against scikit-learn on n - 1 items, for every item; the value is exactly the sample's."""
    columns = table_of(9, 60)
    metric = metrics.ari("ari")
    rows = metric.rows(columns)
    label, cluster = columns["label"], columns["cluster"]
    whole = adjusted_rand_score(label, cluster)
    left_out = [adjusted_rand_score(np.delete(label, i), np.delete(cluster, i)) for i in range(60)]
    psi = 59 * (whole - np.array(left_out))
    assert value_of(metric, rows.sum(axis=0)) == pytest.approx(whole, abs=1e-12)
    np.testing.assert_allclose(influences(metric, columns, group(rows)), psi - psi.mean(), atol=1e-10)


# Order, seeds, intervals


def test_the_order_of_items_and_languages_leaves_no_trace(blobs):
    """Rows in another order, and languages in another order: equal ids, clusters, chance and facts."""
    rows, vectors = blobs
    other = [(item, f"{text}!", label) for item, text, label in rows]
    vectors |= {f"{text}!": vectors[text] + 0.1 for _, text, _ in rows}
    mixed = random.Random(4).sample(rows, len(rows))
    one, two = {"eng": rows, "hin": other}, {"hin": other[::-1], "eng": mixed}
    for name in ("eng", "all"):
        a = outcome_of(one, vectors, name, multilingual=True)
        b = outcome_of(two, vectors, name, multilingual=True)
        assert (a.item_ids, a.cluster_ids, a.chance, a.facts) == (b.item_ids, b.cluster_ids, b.chance, b.facts)
        assert all(np.array_equal(column, b.columns[key]) for key, column in a.columns.items())


def test_a_language_does_not_depend_on_the_others(blobs):
    """Its identity and its clusters are the same, alone or beside another."""
    rows, _ = blobs
    alone, beside = subsets_of({"eng": rows}), subsets_of({"eng": rows, "hin": rows[:50]}, multilingual=True)
    assert alone["eng"].fingerprint == beside["eng"].fingerprint != beside["all"].fingerprint
    assert (beside["all"].n, beside["all"].languages) == (170, ("eng", "hin"))
    assert "all" not in subsets_of({"eng": rows}, multilingual=True)


def test_seeds_come_from_the_items_alone(blobs):
    """Other vectors of the same items are started from the same seeds; other items from others."""
    rows, _ = blobs
    items, fewer = (subsets_of({"eng": part})["eng"].load() for part in (rows, rows[1:]))
    seeds = clustering.seeds_of(items, 10, 3)
    assert seeds == clustering.seeds_of(replace(items, texts=items.texts[::-1]), 12, 3)[:10]
    other = clustering.seeds_of(fewer, 10, 3)
    assert len({seed for starts in (*seeds, *other) for seed in starts}) == 60
    assert [starts[:1] for starts in seeds] == clustering.seeds_of(items, 10, 1)


def test_seeds_that_disagree_widen_the_interval(blobs):
    """The variance between starts is part of the standard error; one start, or none, has no such part."""
    rows, vectors = blobs
    outcome = outcome_of({"eng": rows}, vectors, k=9)
    purity = clustering.metrics({"k": 9})[0]
    each = [values_of(replace_columns(outcome, one), k=9, seeds=1)["purity"] for one in clustering.cluster_columns({})]
    wide, _ = Scorer(ci="jackknife").score(purity, outcome.columns)
    narrow, _ = Scorer(ci="jackknife").score(replace(purity, seeds=None), outcome.columns)
    assert np.std(each) > 0
    assert wide.value == pytest.approx(np.mean(each))
    assert wide.seed_se == pytest.approx(np.std(each, ddof=1) / np.sqrt(10))
    assert wide.se == pytest.approx(np.hypot(narrow.se, wide.seed_se))
    assert wide.high - wide.low > narrow.high - narrow.low
    options = {"algorithm": "agglomerative"}
    once = outcome_of({"eng": rows}, vectors, **options)
    assert sorted(once.columns) == ["cluster_1", "label"]
    assert Scorer().score(clustering.metrics(options)[0], once.columns)[0].seed_se == 0


def replace_columns(outcome, one):
    """The outcome with one of its clusterings as the only one."""
    return replace(outcome, columns={"label": outcome.columns["label"], "cluster_1": outcome.columns[one]})


def test_the_number_of_threads_changes_nothing(blobs):
    """Twice the same clusters, asked for with one thread and with two."""
    from threadpoolctl import threadpool_limits

    vectors = np.array([*blobs[1].values()], dtype=np.float32)
    with threadpool_limits(1):
        one = grouping.k_means(vectors, 6, [[1, 4], [2, 5], [3, 6]])
    with threadpool_limits(2):
        two = grouping.k_means(vectors, 6, [[1, 4], [2, 5], [3, 6]])
    assert [found.labels.tolist() for found in one] == [found.labels.tolist() for found in two]


def test_clusters_are_those_of_scikit_learn_when_it_runs_to_its_end(blobs):
    """The same first centers from a seed, and the same items in every cluster."""
    from sklearn.cluster import KMeans

    vectors = vector_rows.unit(np.array([*blobs[1].values()], dtype=np.float32))
    for seed, found in enumerate(grouping.k_means(vectors, 6, [[seed] for seed in range(8)])):
        expected = KMeans(6, n_init=1, tol=0, max_iter=1000, random_state=seed).fit(vectors.astype(np.float64)).labels_
        assert found.converged
        assert found.labels.tolist() == expected.tolist()


def test_no_order_of_sums_changes_clusters_where_distances_are_equal():
    """Corners of a cube, many of them level with several centers: dimensions in any order give the same clusters."""
    corners = np.array([[i >> bit & 1 for bit in range(6)] for i in range(1, 64)], dtype=np.float32)
    vectors = vector_rows.unit(np.hstack([corners, 1 - corners]))
    shuffled = np.random.RandomState(0).permutation(12)
    one, other = (grouping.k_means(some, 5, [[seed] for seed in range(20)]) for some in (vectors, vectors[:, shuffled]))
    assert [found.labels.tolist() for found in one] == [found.labels.tolist() for found in other]


def test_starts_that_did_not_settle_are_told(blobs, monkeypatch):
    """A footnote and the count of such starts stand beside the scores; where all settled, neither."""
    rows, vectors = blobs[0][:60], blobs[1]
    settled = outcome_of({"eng": rows}, vectors)
    monkeypatch.setattr(grouping, "MAX_ITERATIONS", 1)
    stopped = outcome_of({"eng": rows}, vectors)
    told = [("k-means did not converge" in one.notes, one.facts.get("not_converged", 0)) for one in (settled, stopped)]
    assert told[0] == (False, 0)
    assert told[1][0]
    assert told[1][1] > 1


def test_a_cluster_that_loses_all_items_gets_the_furthest_one():
    """Two of three first centers are one place: the third cluster takes what lies furthest from its center."""
    places = np.array([[0.0, 0.0], [1.0, 0.0], [10.0, 0.0], [14.0, 0.0]])
    found = grouping.Points(places, np.ones(4), np.arange(4))
    squares = (places * places).sum(axis=1)
    (labels,), (converged,), _ = grouping.lloyd(found, squares, places[[[0, 0, 1]]])
    assert converged
    assert sorted(np.bincount(labels, minlength=3).tolist()) == [1, 1, 2]


def test_the_best_start_is_that_of_least_inertia(blobs):
    """Of eight starts the clustering is that of the one whose items are nearest to their centers, as scikit-learn's
    `n_init` has it; one start alone is what it was."""
    from sklearn.cluster import KMeans

    vectors = vector_rows.unit(np.array([*blobs[1].values()], dtype=np.float32))
    alone = [grouping.k_means(vectors, 9, [[seed]])[0].labels for seed in range(8)]

    def inertia(labels):
        groups = [vectors[labels == label].astype(np.float64) for label in range(9)]
        return sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups if len(group))

    fits = [KMeans(9, n_init=1, tol=0, max_iter=1000, random_state=seed).fit(vectors) for seed in range(8)]
    np.testing.assert_allclose([inertia(labels) for labels in alone], [fit.inertia_ for fit in fits], rtol=1e-4)
    assert len({round(inertia(labels), 6) for labels in alone}) > 1
    (best,) = grouping.k_means(vectors, 9, [range(8)])
    assert inertia(best.labels) == pytest.approx(min(map(inertia, alone)))
    several = grouping.k_means(vectors, 9, [[0, 1], [2, 3]])
    for pair, found in zip(((0, 1), (2, 3)), several, strict=True):
        assert inertia(found.labels) == pytest.approx(min(inertia(alone[seed]) for seed in pair))


def test_starts_in_parts_are_those_at_once(blobs, monkeypatch):
    """Memory bounds how many starts go together, and changes no cluster."""
    vectors = vector_rows.unit(np.array([*blobs[1].values()], dtype=np.float32))
    whole = grouping.k_means(vectors, 6, [range(10)])
    monkeypatch.setattr(grouping, "CELLS", 1)
    assert [one.labels.tolist() for one in grouping.k_means(vectors, 6, [range(10)])] == [
        one.labels.tolist() for one in whole
    ]


# All languages together


@pytest.mark.parametrize(("strong", "purity", "language_purity"), [("label", 1.0, 0.5), ("language", 0.5, 1.0)])
def test_all_languages_together_show_what_an_encoder_groups_by(strong, purity, language_purity):
    """Two classes in two languages: an encoder that groups by meaning, and one that groups by language."""
    rng = np.random.default_rng(2)
    rows, vectors = {}, {}
    for language in ("eng", "hin"):
        rows[language] = [(f"made:{i}", f"{language} {i}", "ab"[i % 2]) for i in range(40)]
        for i in range(40):
            sides = {"label": i % 2, "language": language == "hin"}
            vector = rng.normal(scale=0.05, size=6)
            vector[int(sides[strong])] += 1.0
            vectors[f"{language} {i}"] = vector
    outcome = outcome_of(rows, vectors, "all", multilingual=True)
    found = values_of(outcome, multilingual=True)
    assert found["purity"] == pytest.approx(purity, abs=0.01)
    assert found["language_purity"] == pytest.approx(language_purity, abs=0.01)
    assert outcome.chance["language_purity"] == pytest.approx(0.55, abs=0.06)
    assert outcome.item_ids[:2] == ("made:0:eng", "made:0:hin")
    assert outcome.cluster_ids[:2] == ("made:0", "made:0")
    assert outcome.columns["language"][:2].tolist() == [0, 1]


def test_purity_by_language_is_not_defined_in_one_language(blobs):
    """Its score says so rather than 1; other metrics are not touched."""
    rows, vectors = blobs
    outcome = outcome_of({"eng": rows}, vectors, multilingual=True)
    by_name = {metric.name: metric for metric in clustering.metrics({"multilingual": True})}
    score, _ = Scorer().score(by_name["language_purity"], outcome.columns)
    assert score.value is None
    assert "not defined" in score.note
    assert "language_purity" not in outcome.chance
    assert "language_purity" not in {metric.name for metric in clustering.metrics({})}


# What is told


def test_tiny_classes_repeated_texts_and_texts_of_two_classes_are_noted():
    """Three notes and a count; equal texts lie in one cluster."""
    rows = rows_of("a" * 12 + "b" * 12 + "c")
    rows[1] = (rows[1][0], rows[0][1], "a")
    rows[12] = (rows[12][0], rows[0][1], "b")
    vectors = {text: np.eye(3)["abc".index(label)] for _, text, label in reversed(rows)}
    outcome = outcome_of({"eng": rows}, vectors)
    assert outcome.notes == (
        clustering.COVERED,
        "classes with fewer than 10 items: c (1)",
        "texts that occur more than once lie in one cluster (how many more times: Data warnings)",
        "1 text has more than one class",
    )
    assert (outcome.facts["test_duplicates"], outcome.facts["tiny_classes"]) == (2, 1)
    assert outcome.columns["cluster_1"][0] == outcome.columns["cluster_1"][12]


def test_an_encoder_that_gives_one_vector_scores_the_largest_class():
    """All fall into one cluster, and a note says why; nothing is raised and nothing printed."""
    rows = rows_of("aaab" * 10)
    outcome = outcome_of({"eng": rows}, {text: np.ones(3) for _, text, _ in rows})
    found = values_of(outcome)
    assert (found["purity"], found["inverse_purity"], found["v_measure"]) == pytest.approx((0.75, 1.0, 0.0))
    assert (found["nmi"], found["ari"]) == pytest.approx((0.0, 0.0))
    assert outcome.facts["fewest_clusters"] == 1
    assert outcome.notes[1:] == ("the encoder's vectors fall into fewer than 2 clusters: too many of them are equal",)


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (["a"] * 3, {}, "made eng: the class of all items is 'a'; it takes two to tell classes apart"),
        (["a", "b", "c"], {}, "made eng: every text is a class of its own, so there is nothing to group"),
        (["a", "a", "b"], {"k": 3}, "made eng: 3 different texts, too few for 3 clusters"),
        (
            ["a", "b", "c", "d", "c"], {"labels": ["a", "b"]},
            "made: labels that are none of the card's (a, b); add them to labels of [options], or mend the data: "
            "'c' (2 times, first at item made:0002); 'd' (1 time, first at item made:0003)",
        ),
        (["Sport", "x", "sport ", "x"], {}, "made eng: 'Sport' and 'sport ' are spellings of one label; mend the data"),
        (["caf\u00e9", "x", "cafe\u0301", "x"], {}, "are spellings of one label"),
    ],
)  # fmt: skip
def test_a_language_that_cannot_be_clustered_says_why(labels, options, message):
    """One class, a class a text, a cluster a text, unknown labels and two spellings of one are an error of the cell:
    every encoder would score the same, or the score would be of other classes."""
    subset = subsets_of({"eng": rows_of(labels)}, **options)["eng"]
    assert message in subset.damaged
    assert subset.load is None


def test_data_without_labels_is_an_error_and_languages_that_are_not_there_are_listed():
    """The first says what the card lacks, the second why it is skipped."""
    plain = Made({"eng": []})
    plain.read = lambda language: Records(("made:1",), ("made:1",), {"text": ("x",)})
    (subset,) = clustering.subsets(DataSet({"test": plain}), {}, Data(), ["eng"])
    assert "the data of 'eng' has no labels" in subset.damaged
    gone = subsets_of({"eng": rows_of("ab")}, ["eng", "hin"])["hin"]
    assert gone.missing == "no hin"
    with pytest.raises(DataMissing, match="no hin"):
        clustering.evaluate(gone, EncodingSession(Points({})), {})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"linkage": "ward"}, "linkage: is for algorithm = 'agglomerative'"),
        ({"algorithm": "agglomerative", "seeds": 3}, "seeds: agglomerative clustering has no random start"),
        ({"seeds": 0}, "seeds: must be 1 or more"),
        ({"starts": 0}, "starts: must be 1 or more"),
        ({"algorithm": "agglomerative", "starts": 3}, "starts: agglomerative clustering has no random start"),
        ({"k": 1}, "k: must be 2 or more"),
        ({"labels": ["a"]}, "labels: must be two or more different labels"),
        ({"labels": ["a", "a"]}, "labels: must be two or more different labels"),
    ],
)
def test_options_that_contradict_themselves_are_mistakes_in_the_card(options, message):
    """What the types of the options cannot say."""
    with pytest.raises(UsageError) as error:
        clustering.metrics(options)
    assert message in str(error.value)


# Agglomerative clustering


def test_linkages_differ_as_they_should():
    """An outlier and a tight pair of groups: average leaves the outlier alone, ward splits what is large."""
    angles = np.concatenate([np.linspace(0, 0.5, 30), np.linspace(0.75, 1.25, 30), [2.4]])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    average, ward = (grouping.agglomerate(vectors, 2, linkage).labels for linkage in ("average", "ward"))
    assert sorted(np.bincount(average).tolist()) == [1, 60]
    assert sorted(np.bincount(ward).tolist()) == [30, 31]


def test_too_many_items_to_agglomerate_are_refused(monkeypatch):
    """Rather than sampled in silence, or a machine without memory."""
    monkeypatch.setattr(grouping, "MOST_AGGLOMERATED", 3)
    with pytest.raises(DataError, match=r"of 4 items needs too much memory \(at most 3\); use algorithm = 'kmeans'"):
        grouping.agglomerate(np.eye(4, dtype=np.float32), 2, "ward")


# Cards, and what they need of readers


def test_rows_can_be_chosen_by_a_columns_value(tmp_path):
    """Only these rows, with the numbers that they have in the file; a limit counts what was chosen."""
    (tmp_path / "eng.tsv").write_text("set\tword\nx\ta\ny\tb\nx\tc\nx\td\n")
    table = {"files": "{language}.tsv", "fields": {"text": "word"}, "where": {"set": "x"}}

    def read(limit=None, **more):
        return delimited.source(Home("t", "made", "delimited", ("eng",), table | more), Data(tmp_path, limit)).read(
            "eng"
        )

    assert read().fields["text"] == ("a", "c", "d")
    assert read().ids == ("made:eng:1", "made:eng:3", "made:eng:4")
    assert read(2).fields["text"] == ("a", "c")
    with pytest.raises(DataError, match=r"eng\.tsv has no row whose set is 'z'; correct where in t"):
        read(where={"set": "z"})
    with pytest.raises(DataError, match=r"no column 'sets'.*Did you mean 'set'"):
        read(where={"sets": "x"})
    with pytest.raises(UsageError, match="without a header, columns are numbers"):
        read(header=False, fields={"text": 2})


def test_our_cards_are_right():
    """Area, protocol and main metric; the labels that they declare are sorted."""
    for name in OURS:
        card = read_card(CARDS / f"{name}.toml")
        made = task(card)
        assert (card.area, card.protocol, made.metrics[0].name) == ("clustering", "clustering", "purity")
        assert card.options["labels"] == sorted(card.options["labels"])


@pytest.mark.parametrize("name", [name for name in OURS if name.startswith("mini")])
def test_the_embedded_word_sets_are_balanced(name):
    """Every language that is there has all the classes, of one size each, and the same items."""
    card = task(read_card(CARDS / f"{name}.toml"))
    there = [subset for subset in card.subsets(Data()) if not subset.missing]
    items = {subset.name: subset.load() for subset in there}
    assert {"eng", "slk", "tur", "all"} <= set(items)
    labels = [items["eng"].labels.count(label) for label in sorted(set(items["eng"].labels))]
    assert len(set(labels)) == 1
    for subset in there:
        if subset.name != "all":
            assert (items[subset.name].ids, items[subset.name].labels) == (items["eng"].ids, items["eng"].labels)


def test_the_categories_of_the_cldr_are_classes_that_letters_betray():
    """Slovak languages end in "ina", currencies hold "dolár": n-grams of letters do better than chance, not well."""
    card = task(read_card(CARDS / "cldr-words.toml"))
    (model,) = (model for model in xlbench_baselines.xlbench_models() if model.name == "ngram")
    (subset,) = (subset for subset in card.subsets(Data(limit=600)) if subset.name == "slk")
    outcome = card.evaluate(subset, EncodingSession(model.load()))
    score, _ = Scorer().score(card.metrics[0], outcome.columns, chance=outcome.chance["purity"])
    assert 450 < subset.n == len(outcome.item_ids) < 600
    assert score.chance < score.low < score.value < 0.95
    assert outcome.facts["clusters"] == len(set(subset.load().labels)) >= 2


def test_listing_needs_no_numpy():
    """Cards of this protocol are read, and their metrics made, without it."""
    code = (
        "import sys\nfrom xlbench_tasks.card.read import CARDS, read_card\nfrom xlbench_tasks.card.task import task\n"
        "made = task(read_card(CARDS / 'cldr-words.toml'))\n"
        "print(len(made.metrics), [name for name in ('numpy', 'scipy', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "7 []\n"


@needs("sib200/data/annotated/eng_Latn/test.tsv", "masakhanews/data/swa/test.tsv")
@pytest.mark.parametrize(("name", "language", "n"), [("sib200", "nep", 204), ("masakhanews", "eng", 948)])
def test_real_topics_have_all_their_items(name, language, n):
    """Every item of the test split, with labels that the card declares."""
    card = read_card(CARDS / f"{name}-clustering.toml")
    subsets = {subset.name: subset for subset in task(card).subsets(Data(DATA))}
    items = subsets[language].load()
    assert subsets[language].n == len(items.ids) == n
    assert set(items.labels) <= set(card.options["labels"])


@pytest.mark.slow
def test_the_board_sets_purity_by_class_beside_purity_by_language(xlbench_cli, tmp_path):
    """A board of a task with all languages together has both, each with interval and chance; other boards have not."""
    run = ["run", "-m", "random", "-l", "eng", "-l", "isl", "--quiet", "-t"]
    assert xlbench_cli([*run, "mini-words-sentiment"]).returncode == 0
    board = (tmp_path / "leaderboards" / "run.subsets.md").read_text(encoding="utf-8").replace("\xa0", " ")
    (line,) = [line for line in board.partition("## By meaning or by language")[2].splitlines() if "random" in line][:1]
    task, subset, model, by_class, _, by_language, chance = (part.strip() for part in line.strip("|").split("|"))
    assert (task, subset, model) == ("mini-words-sentiment", "all", "random")
    with (tmp_path / "leaderboards" / "run.scores.csv").open(encoding="utf-8", newline="") as file:
        scores = {row["metric"]: row for row in csv.DictReader(file) if row["subset"] == "all"}

    def shown(row):
        value, low, high = (f"{100 * float(row[name]):.1f}" for name in ("value", "low", "high"))
        half = round(float(value) - float(low), 1)
        is_symmetric = half == round(float(high) - float(value), 1)
        return f"{value} ±{half}" if is_symmetric else f"{value} [{low}, {high}]"

    assert (by_class, by_language) == (shown(scores["purity"]), shown(scores["language_purity"]))
    assert chance == f"{100 * float(scores['language_purity']['chance']):.1f}"
    assert xlbench_cli([*run, "mini-sentiment", "--results", "other"]).returncode == 0
    assert "By meaning or by language" not in (tmp_path / "leaderboards" / "run.subsets.md").read_text(encoding="utf-8")
