"""Similarity and pair classification: subsets, scores and errors, on files that the tests write and on our pairs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

import xlbench
from xlbench import Data, EncoderError, EncodingSession, UsageError
from xlbench_baselines.ngrams import plain
from xlbench_tasks.card.read import CARDS, read_card
from xlbench_tasks.card.task import task

ROWS = [(f"p{n}", first, second, score) for n, (first, second, score) in enumerate([
    ("a goat", "a goat eats", 5), ("the river", "a river bank", 4), ("the lamp", "a candle", 2), ("music", "a song", 3),
    ("a letter", "the sea", 0), ("winter", "winter snow", 4.5), ("bread", "a school", 0.5), ("storm", "wind", 2.5),
])]  # fmt: skip


def made(tmp_path, protocol, options="", rows=ROWS, languages=("eng",)) -> xlbench.Task:
    """A card over a file a language, with scores from 0 to 5, and a label that is "yes" from 3 on."""
    for language in languages:
        own = "" if language == "eng" else language
        lines = [
            f"{item}\t{first}{language}\t{second}{own}\t{score}\t{'yes' if score >= 3 else 'no'}"
            for item, first, second, score in rows
        ]
        text = "\n".join(["id\tfirst\tsecond\tscore\tlabel", *lines]) + "\n"
        (tmp_path / f"{language}.tsv").write_text(text, encoding="utf-8")
    value = {"similarity": "score", "pairs": "label"}[protocol]
    labels = 'labels = ["yes", "no"]\npositive = "yes"\n' if protocol == "pairs" and "labels" not in options else ""
    card = f"""
name = "few"
area = "similarity"
protocol = "{protocol}"
description = "A few pairs"
license = "CC0-1.0"
languages = ["eng", "slk", "tur"]
[data]
reader = "delimited"
files = "{{language}}.tsv"
id = "id"
fields = {{ text = "first", second = "second", {value} = "{value}" }}
[options]
{labels}{options}
"""
    (tmp_path / "few.toml").write_text(card, encoding="utf-8")
    return task(read_card(tmp_path / "few.toml"))


def by_name(one: xlbench.Task, root=None) -> dict[str, xlbench.Subset]:
    return {subset.name: subset for subset in one.subsets(Data(root))}


def cosines(rows, language="eng"):
    a, b = (plain().encode([row[side] + (language if side == 1 else "") for row in rows]) for side in (1, 2))
    return [
        float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))
        for x, y in zip(a.astype(float), b.astype(float), strict=True)
    ]


def value_of(one: xlbench.Task, metric: str, outcome: xlbench.Outcome) -> float:
    rows = next(each for each in one.metrics if each.name == metric).rows(outcome.columns)
    return float(rows[:, 0].mean())


def test_similarity_is_the_correlation_of_scipy(tmp_path):
    """Spearman and Pearson of cosines and scores, the whole way from files."""
    one = made(tmp_path, "similarity")
    outcome = one.evaluate(by_name(one, tmp_path)["eng"], EncodingSession(plain()))
    scores = [row[3] for row in ROWS]
    assert value_of(one, "spearman", outcome) == pytest.approx(stats.spearmanr(cosines(ROWS), scores).statistic)
    assert value_of(one, "pearson", outcome) == pytest.approx(stats.pearsonr(cosines(ROWS), scores)[0], abs=1e-5)


@pytest.mark.slow
def test_pairs_have_the_average_precision_of_scikit_learn(tmp_path):
    """And the chance level of its mean over random orders; the accuracy's is that of the more frequent label."""
    one = made(tmp_path, "pairs")
    outcome = one.evaluate(by_name(one, tmp_path)["eng"], EncodingSession(plain()))
    positive = [row[3] >= 3 for row in ROWS]
    expected = average_precision_score(positive, cosines(ROWS))
    assert value_of(one, "average_precision", outcome) == pytest.approx(expected)
    assert outcome.facts["true_pairs"] == 4
    assert outcome.chance["threshold_accuracy"] == 0.5
    random = np.random.RandomState(0)
    draws = [average_precision_score(positive, random.rand(8)) for _ in range(4000)]
    assert outcome.chance["average_precision"] == pytest.approx(np.mean(draws), abs=0.01)


def test_across_languages_the_second_text_is_the_others(tmp_path):
    """Items are paired by their ids; absent languages are missing."""
    one = made(tmp_path, "similarity", 'pairs = ["within", "all"]', languages=("eng", "slk"))
    subsets = by_name(one, tmp_path)
    assert {name for name, subset in subsets.items() if not subset.missing} == {"eng", "slk", "eng-slk", "slk-eng"}
    texts = one.texts(subsets["eng-slk"])
    assert [text.text for text in texts[:1]] == ["a goateng"]
    assert {text.language for text in texts} == {"eng", "slk"}
    assert subsets["eng-slk"].n == 8


@pytest.mark.parametrize(
    ("protocol", "rows", "message"),
    [
        ("similarity", [("a", "x", "y", "high"), *ROWS], "scores that are no numbers: 'high' (1 time, first at "),
        ("similarity", [(*row[:3], 2) for row in ROWS], "all pairs have the score 2: there is no order to find"),
        (
            "similarity",
            [(item, first, f"{first.title()}eng ", score) for item, first, _, score in ROWS],
            "the two texts of every pair are the same: one column is a copy of the other",
        ),
        ("similarity", ROWS[:2], "2 pairs are too few to score: 3 at the least"),
        (
            "pairs",
            [row for row in ROWS if row[3] >= 3],
            "all pairs have the label 'yes': there is nothing to tell apart",
        ),
    ],
)
def test_pairs_that_cannot_be_scored_are_told(tmp_path, protocol, rows, message):
    """One line each, with the line of the file where there is one."""
    one = made(tmp_path, protocol, rows=[row if isinstance(row[3], float | int) else (*row[:3], 1.0) for row in rows])
    path = tmp_path / "eng.tsv"
    if "high" in message:
        path.write_text(path.read_text(encoding="utf-8").replace("\t1.0\t", "\thigh\t", 1), encoding="utf-8")
    assert message in by_name(one, tmp_path)["eng"].damaged


def test_all_unknown_labels_of_pairs_are_told_at_once(tmp_path):
    """Each with how often it occurs and its first line, the most frequent first."""
    one = made(tmp_path, "pairs")
    path = tmp_path / "eng.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, label in ((1, "maybe"), (2, "YES"), (4, "maybe")):
        lines[number] = lines[number].rpartition("\t")[0] + "\t" + label
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    damaged = by_name(one, tmp_path)["eng"].damaged
    assert "labels that are none of the card's (yes, no)" in damaged
    assert "'maybe' (2 times, first at " in damaged
    assert "line 2); 'YES' (1 time, first at " in damaged


def test_a_language_that_is_a_copy_of_another_is_an_error(tmp_path):
    """Across two languages whose files are one, every encoder would score as within the one."""
    one = made(tmp_path, "similarity", 'pairs = ["within", "all"]', languages=("eng", "slk"))
    (tmp_path / "slk.tsv").write_bytes((tmp_path / "eng.tsv").read_bytes())
    subsets = by_name(one, tmp_path)
    assert not subsets["eng"].damaged
    assert "8 of the 8 second texts in eng and slk are the same: one file is a copy" in subsets["eng-slk"].damaged


def test_other_values_in_another_language_are_an_error(tmp_path):
    """A pair has one score; the line says where the two stand."""
    one = made(tmp_path, "similarity", 'pairs = ["all"]', languages=("eng", "slk"))
    path = tmp_path / "slk.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("\t4\t", "\t1\t"), encoding="utf-8")
    damaged = by_name(one, tmp_path)["eng-slk"].damaged
    assert "eng.tsv, line 3 has another value at" in damaged
    assert "slk.tsv, line 3: correct one of them" in damaged


@pytest.mark.parametrize(
    "options", ['labels = ["yes"]\npositive = "yes"', 'labels = ["yes", "no"]\npositive = "maybe"']
)
def test_pairs_need_two_labels_one_of_them_positive(tmp_path, options):
    """Otherwise the card is wrong."""
    with pytest.raises(UsageError, match="needs \\[options\\] labels, two of them, and positive, one of the two"):
        made(tmp_path, "pairs", options)


def test_an_encoder_that_tells_no_pair_apart_has_no_correlation(tmp_path):
    """The cell of such an encoder is an error, and no zero; that of another has a score, and as of eight pairs no
    interval."""

    class Same:
        def encode(self, texts, role=None):
            return np.ones((len(texts), 3), np.float32)

    made(tmp_path, "similarity")
    same = xlbench.Model("same", Same, fingerprint=lambda: "same")
    run = xlbench.run([same, "ngram"], [str(tmp_path / "few.toml")], data=tmp_path, results=tmp_path / "r")
    cells = {cell.model: cell for one in run.runs for cell in one.cells}
    assert cells["same"].status == "error"
    assert "the encoder finds all pairs equally similar" in cells["same"].reason
    main = cells["ngram"].main
    assert main is not None
    assert (main.value > 0, main.low, main.high) == (True, None, None)
    assert main.note == "no interval: 8 items are too few for a correlation's"


def test_an_encoder_that_tells_no_pair_apart_has_no_average_precision():
    """All pairs stand at one place then, and their share of true ones is no score of the encoder."""

    class Same:
        def encode(self, texts, role=None):
            return np.ones((len(texts), 3), np.float32)

    one = task(read_card(CARDS / "mini-pairs.toml"))
    with pytest.raises(EncoderError, match="finds all pairs equally similar: no threshold tells them apart"):
        one.evaluate(by_name(one)["eng"], EncodingSession(Same()))


@pytest.mark.parametrize("name", ["mini-similarity", "mini-pairs"])
def test_our_own_pairs_are_told_apart_by_letters_alone_no_better_than_chance(name):
    """Related words do not look alike: n-grams of letters are near the chance level, within a language and across."""
    one = task(read_card(CARDS / f"{name}.toml"))
    subsets = by_name(one)
    assert len(subsets) == 100
    for place in ("eng", "eng-tel"):
        outcome = one.evaluate(subsets[place], EncodingSession(plain()))
        metric = one.metrics[0].name
        assert abs(value_of(one, metric, outcome) - outcome.chance[metric]) < 0.25
