"""Comparisons of saved runs: what is paired with what, every number beside an independent one, and the sentence."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from saved_runs import PRINTS, save_cell
from scipy import stats as reference

import xlbench
from xlbench import Results, ResultsError, Run, UsageError, catalog
from xlbench.core import codec
from xlbench.core.record import LOOSE, Cell
from xlbench.reports.compare import render
from xlbench.reports.compare.comparison import Comparison, against_baseline, all_pairs
from xlbench.reports.compare.differences import Options, Verdict
from xlbench.reports.compare.inputs import find_runs
from xlbench.reports.compare.logs.reader import LogReader
from xlbench.reports.compare.matching import CellFilter
from xlbench.reports.compare.verdict_table import points, signed
from xlbench.reports.render import standings
from xlbench.runs.items import Items
from xlbench.runs.store import Reader, Store
from xlbench.stats import paired
from xlbench.stats.paired import Difference

N = 120


def hits_of(seed, share):
    """Hits of N items that are hard or easy for every model."""
    rng = np.random.default_rng(seed)
    easy = rng.normal(0, 1, N)
    return lambda model: (easy + np.random.default_rng([seed, model]).normal(0, 0.7, N) > -share).astype(float)


SUBSETS = [("pairs", "eng-deu", "retrieval"), ("pairs", "eng-fra", "retrieval"), ("topics", "deu", "news"),
           ("topics", "fra", "news"), ("names", "deu", "ner")]  # fmt: skip


def saved(root, model, number, lift=0.0, subsets=SUBSETS, neither=(), **changes):
    """A run whose cells have hits of their own; the languages of `pairs` share their sentences."""
    store, cells = Store(root), []
    for place, (task, subset, area) in enumerate(subsets):
        x = hits_of(place, 0.3 + lift)(number)
        clusters = [f"s{i}" if task == "pairs" else f"{task}:{subset}:{i}" for i in range(N)]
        ids = [f"{task}:{subset}:{i}" for i in range(N)]
        cell = save_cell(store, model, task, subset, int(x.sum()), N, area=area, **changes)
        direction = "neither" if task in neither else "higher"
        score = replace(cell.scores[0], value=float(x.mean()), direction=direction)
        cells.append(store.save_cell(replace(cell, scores=(score,)), Items(ids, clusters, {"hit": x}, x - x.mean())))
    run = Run(model, PRINTS.get(model, "f" * 64), tuple(cells))
    store.save_manifest(run)
    return replace(run, folder=str(store.folder(run.model, run.fingerprint)))


def compared(*runs, **options):
    """The first comparison of runs."""
    return against_baseline({run.model: run for run in runs}, Reader().influence, **options)[0]


def items_of(run, task, subset):
    """Hits (N,) as they are saved."""
    (cell,) = [cell for cell in run.cells if (cell.task, cell.subset) == (task, subset)]
    return np.asarray(Store(".").load_items(cell, run=Path(run.folder)).columns["hit"])


@pytest.fixture
def two(tmp_path):
    return saved(tmp_path, "alpha", 1), saved(tmp_path, "beta", 2, lift=0.4)


def test_a_subset_is_a_paired_test_of_its_items(two):
    """Value, interval and p of every subset: scipy's paired t interval, and McNemar's mid-p of the discordant items."""
    for one in compared(*two).of("subset"):
        before, after = (items_of(run, *one.name.split()) for run in two)
        d = after - before
        t = reference.t.interval(0.95, N - 1, d.mean(), reference.sem(d))
        assert one.difference.value == pytest.approx(d.mean())
        assert (one.difference.low, one.difference.high) == pytest.approx(t, abs=1e-6)
        won, lost = int((d > 0).sum()), int((d < 0).sum())
        tail = reference.binom.cdf(min(won, lost), won + lost, 0.5) * 2
        mid = min(1.0, tail - reference.binom.pmf(min(won, lost), won + lost, 0.5))
        assert one.difference.p == pytest.approx(1.0 if won == lost else mid)


def test_a_task_whose_languages_share_sentences_is_a_test_of_sentences(two):
    """The average over two languages of the same sentences is a paired t test of the sentences' means."""
    (task,) = [one for one in compared(*two).of("task") if one.name == "pairs"]
    d = np.mean([items_of(two[1], "pairs", s) - items_of(two[0], "pairs", s) for s in ("eng-deu", "eng-fra")], axis=0)
    test = reference.ttest_1samp(d, 0.0)
    assert task.difference.value == pytest.approx(d.mean())
    assert task.difference.se == pytest.approx(reference.sem(d), rel=1e-6)
    assert task.difference.p == pytest.approx(test.pvalue, rel=1e-4)
    assert task.difference.clusters == N


def test_values_are_those_of_the_board(two):
    """Overall, areas and tasks of both runs are what a board of them shows."""
    board = standings(LOOSE, Results(two), whole_suite=False)
    rows = {row.model: row for row in board.rows}
    for one in compared(*two).verdicts:
        of = {"overall": lambda row: row.overall, "area": lambda row, n=one.name: row.areas[n],
              "task": lambda row, n=one.name: row.tasks[n]}  # fmt: skip
        if one.level in of:
            assert one.baseline == pytest.approx(of[one.level](rows["alpha"]).value)
            assert one.candidate == pytest.approx(of[one.level](rows["beta"]).value)


def test_swapping_turns_every_sign(two):
    """beta against alpha is alpha against beta with the signs turned."""
    one, other = compared(*two), compared(*two[::-1])
    for a, b in zip(one.verdicts, other.verdicts, strict=True):
        assert a.difference.value == pytest.approx(-b.difference.value)
        assert a.adjusted == pytest.approx(b.adjusted)
        assert {a.judgment, b.judgment} in ({"better", "worse"}, {"cannot tell"}, {"identical"})


def test_the_same_items_are_identical(tmp_path):
    """A copy of a run differs nowhere: 0, p = 1, and the sentence says so."""
    one, other = saved(tmp_path, "alpha", 1), saved(tmp_path, "beta", 1)
    found = compared(one, other)
    assert {verdict.judgment for verdict in found.verdicts} == {"identical"}
    assert {verdict.difference.p for verdict in found.verdicts} == {1.0}
    assert found.sentence == "beta and alpha are identical, item by item."


def with_hits(root, model, hits, subsets, clusters=None):
    """A run with these hits (subset -> (N,)) of a task `pairs`."""
    store, cells = Store(root), []
    for subset in subsets:
        x = np.asarray(hits[subset], float)
        ids = [f"{subset}:{i}" for i in range(len(x))]
        cell = save_cell(store, model, "pairs", subset, int(x.sum()), len(x))
        shared = clusters or [f"s{i}" for i in range(len(x))]
        cells.append(store.save_cell(cell, Items(ids, shared, {"hit": x}, x - x.mean())))
    store.save_manifest(Run(model, PRINTS.get(model, "f" * 64), tuple(cells)))
    run = Run(model, PRINTS.get(model, "f" * 64), tuple(cells))
    return replace(run, folder=str(store.folder(run.model, run.fingerprint)))


def test_what_evens_out_is_not_identical(tmp_path):
    """Seven items lost in one language and won in another, or other items of the same documents: a difference of 0,
    and yet not identical."""
    right, wrong = np.ones(40), np.r_[np.zeros(7), np.ones(33)]
    one = with_hits(tmp_path / "1", "alpha", {"eng-deu": right, "eng-fra": wrong}, ["eng-deu", "eng-fra"])
    other = with_hits(tmp_path / "2", "beta", {"eng-deu": wrong, "eng-fra": right}, ["eng-deu", "eng-fra"])
    assert compared(one, other).overall.judgment == "cannot tell"
    assert "identical" not in compared(one, other).sentence
    documents = [f"d{i // 4}" for i in range(40)]
    first, last = np.tile([0, 1, 1, 1], 10), np.tile([1, 1, 1, 0], 10)
    one = with_hits(tmp_path / "3", "alpha", {"eng-deu": first}, ["eng-deu"], documents)
    other = with_hits(tmp_path / "4", "beta", {"eng-deu": last}, ["eng-deu"], documents)
    assert compared(one, other).overall.judgment == "cannot tell"
    copy = with_hits(tmp_path / "5", "beta", {"eng-deu": first}, ["eng-deu"], documents)
    assert compared(one, copy).overall.judgment == "identical"


def test_few_items_of_disagreement_cannot_tell(tmp_path):
    """Five items lost of five: no verdict, whatever p; and runs that differ on every item are told apart in letters."""
    runs = {}
    for n in (5, 40):
        for model, value in (("alpha", 1.0), ("beta", 0.0)):
            runs[model, n] = with_hits(tmp_path / str(n), model, {"eng-deu": np.full(n, value)}, ["eng-deu"])
    assert compared(runs["alpha", 5], runs["beta", 5]).overall.judgment == "cannot tell"
    assert compared(runs["alpha", 40], runs["beta", 40]).overall.judgment == "worse"
    letters = {n: all_pairs({m: runs[m, n] for m in ("alpha", "beta")}, Reader().influence)[0].letters for n in (5, 40)}
    assert letters == {5: ("a", "a"), 40: ("", "")}


def test_a_score_whose_seeds_were_not_saved_is_refused(two):
    """A cell that moves with seeds and does not say how counts in no average: its interval would be too narrow."""
    cell = two[0].cells[0]
    seeded = replace(cell, scores=(replace(cell.scores[0], seed_se=0.01),))
    one = replace(two[0], cells=(seeded, *two[0].cells[1:]))
    with pytest.raises(ResultsError, match="was saved without its scores by single seeds"):
        compared(one, two[1])


def test_documents_of_other_length_keep_their_hits(tmp_path):
    """Four hits lost in one long document are -4 there, and 0 in all others."""
    documents = ["big"] * 24 + [f"d{i // 2}" for i in range(16)]
    before, after = np.ones(40), np.r_[np.zeros(4), np.ones(36)]
    before[30] = after[30] = 0
    one = with_hits(tmp_path / "1", "alpha", {"eng-deu": before}, ["eng-deu"], documents)
    other = with_hits(tmp_path / "2", "beta", {"eng-deu": after}, ["eng-deu"], documents)
    changes = {found["item"]: found["change"] for found in compared(one, other, examples=9).changed}
    assert changes.pop("big") == pytest.approx(-4, abs=1e-4)
    assert [*changes.values()] == pytest.approx([0.0] * 8, abs=1e-4)


def test_samples_of_several_sizes_are_not_mixed(tmp_path):
    """A run with samples of two sizes of one subset is not compared by one of them."""
    one, other = (saved(tmp_path, name, number, limit=6) for number, name in enumerate(("alpha", "beta")))
    twice = replace(other, cells=(*other.cells, *(replace(cell, limit=38) for cell in other.cells)))
    with pytest.raises(UsageError, match="beta has samples of several sizes"):
        compared(one, twice)


def test_damage_is_not_absence(two):
    """A run of which a file was refused is not compared by what is left: the file is named."""
    with pytest.raises(ResultsError, match=r"cell\.json was changed \(and 1 more\)"):
        compared(two[0], replace(two[1], troubles=("cell.json was changed", "other.json too")))


def test_several_runs_have_no_other_method(tmp_path):
    """Intervals of several candidates hold together by t: another method is refused, not ignored."""
    runs = {name: saved(tmp_path, name, number) for number, name in enumerate(("alpha", "beta", "gamma"))}
    with pytest.raises(UsageError, match="--method bootstrap is for two runs"):
        against_baseline(runs, Reader().influence, options=Options(method="bootstrap"))


def test_p_values_are_adjusted_within_their_level(two):
    """Holm by default, Benjamini-Hochberg where one explores; the raw p stay."""
    for explore, reference_of in ((False, "holm"), (True, "bh")):
        tasks = compared(*two, options=Options(explore=explore)).of("task")
        p = [one.difference.p for one in tasks]
        if reference_of == "bh":
            expected = reference.false_discovery_control(p)
        else:
            order = np.argsort(p)
            expected = np.empty(len(p))
            expected[order] = np.minimum(np.maximum.accumulate(np.sort(p) * np.arange(len(p), 0, -1)), 1)
        assert [one.adjusted for one in tasks] == pytest.approx(list(expected))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"data_fingerprint": "other"}, "other data"),
        ({"task_identity": "version 3"}, "another version of the task"),
        ({"status": "error", "reason": "out of memory"}, "beta has no score (error: out of memory)"),
    ],
)
def test_what_cannot_be_paired_is_named_and_stops_it(tmp_path, changes, why):
    """Another data set, another version or a missing score of one task ends the comparison, with its reason; with an
    allowance it is left out, said, and the rest compared."""
    one = saved(tmp_path, "alpha", 1)
    other = saved(tmp_path, "beta", 2, lift=0.4)
    cells = tuple(replace(cell, **changes) if cell.task == "names" else cell for cell in other.cells)
    other = replace(other, cells=cells)
    with pytest.raises(UsageError) as refused:
        compared(one, other)
    assert f"names deu: {why}" in str(refused.value)
    assert "80.0% of the items can be compared; --allow-intersection 0.80 compares what is left" in str(refused.value)
    with pytest.raises(UsageError, match=r"fewer than --allow-intersection 0\.9 asks for"):
        compared(one, other, allow_intersection=0.9)
    found = compared(one, other, allow_intersection=0.8)
    assert [one.name for one in found.of("task")] == ["pairs", "topics"]
    assert f"left out: names deu: {why}" in found.notes


def test_a_missing_cell_is_named(tmp_path):
    """A subset that one run lacks, in either, ends the comparison; no cell in common always does."""
    one, other = saved(tmp_path, "alpha", 1), saved(tmp_path, "beta", 2, subsets=SUBSETS[1:])
    with pytest.raises(UsageError, match="pairs eng-deu: beta has not run it"):
        compared(one, other)
    with pytest.raises(UsageError, match="pairs eng-deu: beta has not run it"):
        compared(other, one)
    with pytest.raises(UsageError, match="no cell in common"):
        compared(one, replace(other, cells=()), allow_intersection=0.01)


def test_tasks_and_languages_narrow_it(two):
    """Only what is asked for is compared; a name that no run knows is an error with a suggestion."""
    found = compared(*two, wanted=CellFilter(("pairs",), ("fra",)))
    assert [one.name for one in found.of("subset")] == ["pairs eng-fra"]
    with pytest.raises(UsageError, match=r"no run has a task 'pears'\. Did you mean 'pairs'"):
        compared(*two, wanted=CellFilter(("pears",)))
    with pytest.raises(UsageError, match="no run has the language 'ger'"):
        compared(*two, wanted=CellFilter((), ("ger",)))


def test_languages_in_general(tmp_path):
    """Each language is one observation: a t test over the languages' differences; English, in every pair, is none."""
    subsets = [("pairs", f"eng-{code}", "retrieval") for code in ("deu", "fra", "hin", "tel", "swa")]
    runs = [saved(tmp_path, name, number, number * 0.2, subsets) for name, number in (("alpha", 1), ("beta", 2))]
    overall = compared(*runs, options=Options(over_languages=True)).overall
    d = [(items_of(runs[1], "pairs", s) - items_of(runs[0], "pairs", s)).mean() for _, s, _ in subsets]
    t = reference.t.interval(0.95, 4, np.mean(d), reference.sem(d))
    assert overall.difference.value == pytest.approx(np.mean(d))
    assert (overall.difference.low, overall.difference.high) == pytest.approx(t)
    assert overall.candidate - overall.baseline == pytest.approx(np.mean(d))
    with pytest.raises(UsageError, match="3 languages at least, and these runs share 2"):
        compared(*runs, options=Options(over_languages=True), wanted=CellFilter((), ("deu", "fra")))


def in_languages(root, subsets):
    """Two runs whose cells are of the languages that their subsets name, and their board."""
    runs = [saved(root, name, number, number * 0.2, subsets) for name, number in (("alpha", 1), ("beta", 2))]
    runs = [
        replace(run, cells=tuple(replace(cell, languages=(*re.split("[->]", cell.subset),)) for cell in run.cells))
        for run in runs
    ]

    def board(over):
        return standings("run", Results(tuple(runs)), whole_suite=False, read=Reader().influence, over=over)

    return runs, board


def test_a_transfer_is_about_the_language_it_is_tested_in(tmp_path):
    """Of eng>deu deu alone, as on boards: the differences of languages are those of a board's lines."""
    subsets = [("names", f"eng>{code}", "ner") for code in ("deu", "fra", "hin")] + [("names", "eng", "ner")]
    runs, board = in_languages(tmp_path, subsets)
    found = {one.name: one.difference.value for one in compared(*runs).of("language")}
    shown = board("items")
    alpha, beta = sorted(range(2), key=lambda place: shown.rows[place].model)
    expected = {line.language: line.entries[beta].value - line.entries[alpha].value for line in shown.languages}
    assert found == pytest.approx(expected)
    assert found["eng"] == pytest.approx((items_of(runs[1], "names", "eng") - items_of(runs[0], "names", "eng")).mean())


def test_languages_in_general_are_those_of_boards(tmp_path):
    """All pairs, and single languages in another area: the paired difference of two rows of a board over languages,
    which leaves out a language with all its pairs."""
    subsets = [("pairs", f"{one}-{other}", "retrieval") for one in "abcd" for other in "abcd" if one != other]
    runs, board = in_languages(tmp_path, subsets + [("topics", name, "news") for name in "abcd"])
    found = compared(*runs, options=Options(over_languages=True)).overall
    trees = board("languages").evidence.trees
    alpha, beta = (trees[model].overall.part for model in sorted(trees))
    expected = paired.compare(beta, alpha)
    assert (found.baseline, found.candidate) == pytest.approx((alpha.value, beta.value))
    assert (found.difference.low, found.difference.high) == pytest.approx((expected.low, expected.high))


def test_items_that_changed_most(two):
    """Hits won less hits lost, over all subsets in which a sentence is: the first has the largest sum."""
    found = compared(*two, wanted=CellFilter(("pairs",)), examples=N).changed
    d = sum(items_of(two[1], "pairs", s) - items_of(two[0], "pairs", s) for s in ("eng-deu", "eng-fra"))
    sums = {one["item"]: one["change"] for one in found}
    assert [sums[f"s{i}"] for i in range(N)] == pytest.approx(d.tolist(), abs=1e-4)
    assert [abs(one["change"]) for one in found] == sorted((abs(one["change"]) for one in found), reverse=True)
    assert found[0]["subsets"] == 2


def judged(name, level, judgment, value):
    """A verdict on a difference of some size."""
    difference = Difference(value, value - 0.007, value + 0.007, detectable=0.01)
    return Verdict(level, name, 0.5, 0.5 + value, difference, 0.01, judgment)


@pytest.mark.parametrize(
    ("overall", "tasks", "said"),
    [
        (("better", 0.018), [("masakhanews", "worse", -0.036), ("lexicon", "worse", -0.01), ("a", "better", 0.02),
                             ("b", "cannot tell", 0.0), ("c", "cannot tell", 0.0)],
         "B is better than A overall (+1.8 [1.1, 2.5]); worse on masakhanews (-3.6) and lexicon (-1.0); "
         "2 tasks cannot be told apart."),
        (("worse", -0.018), [("a", "better", 0.02), ("b", "cannot tell", 0.0)],
         "B is worse than A overall (-1.8 [-2.5, -1.1]); better on a (+2.0); 1 task cannot be told apart."),
        (("cannot tell", 0.001), [("a", "better", 0.02), ("b", "worse", -0.03)],
         "B cannot be told from A overall (+0.1 [-0.6, 0.8]; a difference of 1.0 would probably have been seen); "
         "better on a (+2.0); worse on b (-3.0)."),
        (("better", 0.018), [("a", "better", 0.02)], "B is better than A overall (+1.8 [1.1, 2.5])."),
        (("better", 0.05), [(name, "worse", -0.01) for name in "abcde"],
         "B is better than A overall (+5.0 [4.3, 5.7]); worse on a (-1.0), b (-1.0), c (-1.0) and 2 more."),
        (("higher", 0.018), [("a", "higher", 0.02), ("b", "worse", -0.01), ("c", "lower", -0.01)],
         "B is higher than A overall (+1.8 [1.1, 2.5]); worse on b (-1.0); lower on c (-1.0)."),
        (("cannot tell", 0.001), [("a", "higher", 0.02), ("b", "worse", -0.03)],
         "B cannot be told from A overall (+0.1 [-0.6, 0.8]; a difference of 1.0 would probably have been seen); "
         "worse on b (-3.0); higher on a (+2.0)."),
    ],
    ids=["better", "worse", "open", "one task", "many", "higher", "all kinds"],
)  # fmt: skip
def test_the_sentence(overall, tasks, said):
    """Overall with its interval, then the tasks that went the other way, then how many are open."""
    verdicts = (judged("overall", "overall", *overall), *(judged(name, "task", *rest) for name, *rest in tasks))
    assert Comparison("A", "B", verdicts, (), (), Options()).sentence == said


@pytest.mark.parametrize("others", [0, 1], ids=["two runs", "three runs"])
def test_of_a_metric_without_a_better_value_it_is_said_which_is_higher(tmp_path, others):
    """A task whose metric has no better value, and every average that holds it, are higher, others better."""
    runs = [saved(tmp_path, "alpha", 1, neither=("names",)), saved(tmp_path, "beta", 2, lift=0.9, neither=("names",))]
    runs += [saved(tmp_path, "gamma", 3, lift=0.9, neither=("names",))] * others
    words = {one.name: one.judgment for one in compared(*runs).verdicts if one.level in ("overall", "area", "task")}
    assert words == {
        "overall": "higher", "retrieval": "better", "news": "better", "ner": "higher",
        "pairs": "better", "topics": "better", "names": "higher",
    }  # fmt: skip
    assert compared(runs[1], runs[0]).sentence.startswith("alpha is lower than beta overall (-")


def test_a_saved_score_knows_that_neither_value_is_better(tmp_path):
    """What the metric says is in the file of the cell; where that says nothing, a higher value is better."""
    run = saved(tmp_path, "alpha", 1, neither=("names",))
    (again,) = Reader().find_runs(Path(run.folder))
    assert {cell.task: cell.main.direction for cell in again.cells} == {
        "pairs": "higher", "topics": "higher", "names": "neither",
    }  # fmt: skip
    plain = codec.to_json(again.cells[0])
    for score in plain["scores"]:
        del score["direction"]
    assert codec.from_json(Cell, plain).main.direction == "higher"


def test_several_candidates_hold_together(tmp_path):
    """With several candidates each overall interval is wider than alone, by Dunnett's quantile, not by Bonferroni's."""
    runs = [saved(tmp_path, name, number, number * 0.1) for number, name in enumerate(("alpha", "beta", "gamma"))]
    alone = [compared(runs[0], run).overall.difference for run in runs[1:]]
    together = [
        one.overall.difference for one in against_baseline({run.model: run for run in runs}, Reader().influence)
    ]
    for one, both in zip(alone, together, strict=True):
        ratio = (both.high - both.low) / (one.high - one.low)
        assert 1.05 < ratio < reference.norm.ppf(1 - 0.05 / 4) / reference.norm.ppf(0.975) * 1.03
        assert both.method == "simultaneous-t"


def test_areas_tasks_and_languages_hold_together_too(tmp_path):
    """With several candidates every interval is wider by Dunnett's quantile, and no p is smaller than of two runs."""
    names = enumerate(("alpha", "beta", "gamma"))
    runs = [saved(tmp_path, name, number, number * 0.2, SUBSETS[2:4]) for number, name in names]
    together = against_baseline({run.model: run for run in runs}, Reader().influence)
    critical = dunnett_quantile(2)
    for one, run in zip(together, runs[1:], strict=True):
        for alone, both in zip(compared(runs[0], run).verdicts, one.verdicts, strict=True):
            assert both.adjusted >= alone.adjusted * (1 - 1e-9)
            ratio = (both.difference.high - both.difference.low) / (alone.difference.high - alone.difference.low)
            assert ratio == pytest.approx(critical / reference.norm.ppf(0.975), rel=0.04)
            assert both.judgment in ("cannot tell", alone.judgment)
    explored = against_baseline({run.model: run for run in runs}, Reader().influence, Options(explore=True))
    raw = [verdict.difference.p for one in explored for verdict in one.of("task")]
    found = [verdict.adjusted for one in explored for verdict in one.of("task")]
    assert found == pytest.approx(reference.false_discovery_control(raw))


def dunnett_quantile(others):
    """The quantile of the largest of several |t| against one that they share, of many degrees of freedom."""
    drawn = np.random.default_rng(0).standard_normal((200_000, others + 1))
    return float(np.quantile(np.abs(drawn[:, 1:] - drawn[:, :1]).max(1), 0.95)) / np.sqrt(2)


def test_all_pairs_have_letters(tmp_path):
    """Runs that share a letter cannot be told apart; a clear winner has none, as on boards."""
    runs = [saved(tmp_path, "alpha", 1), saved(tmp_path, "beta", 2), saved(tmp_path, "gamma", 3, lift=1.5)]
    overall, *rest = all_pairs({run.model: run for run in runs}, Reader().influence)
    assert (overall.name, overall.letters) == ("overall", ("a", "a", ""))
    assert [one.name for one in rest] == ["retrieval", "news", "ner", "pairs", "topics", "names"]


def test_every_form_says_the_same(two):
    """Markdown, CSV, JSON and the frame hold the same verdicts; a hostile name is no markup."""
    found = compared(two[0], replace(two[1], model="be|ta<b>"))
    page = render.as_markdown(found)
    assert page.startswith("# be\\|ta&lt;b&gt; against alpha\n")
    assert page.count("\n| names ") == 2, "the task and its subset"
    table = list(csv.DictReader(io.StringIO(render.as_csv([found]))))
    plain = json.loads(render.to_json([found]))
    frame = found.to_frame()
    assert len(table) == len(plain["verdicts"]) == len(frame) == len(found.verdicts)
    assert [float(row["difference"]) for row in table] == pytest.approx(frame.difference.tolist())
    assert [row["judgment"] for row in plain["verdicts"]] == frame.judgment.tolist()
    assert plain["sentence"] == found.sentence
    assert "be|ta&lt;b&gt;" in found._repr_html_()


def test_no_name_in_a_csv_is_a_formula_or_a_row(two):
    """Names of tasks and notes that a spreadsheet would run, or cut in two, are plain text; numbers are in full."""
    odd = ("=1+1", "nice\r=1+1", "a\n@b", '=cmd|"x"', "+1")
    found = compared(*two)
    task = next(one for one in found.verdicts if one.level == "task")
    wicked = replace(found, verdicts=tuple(replace(task, name=name, note=name, baseline=-0.1) for name in odd))
    text = render.as_csv([wicked])
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(text.splitlines()) == 1 + len(odd) == 1 + len(table)
    for row, name in zip(table, odd, strict=True):
        assert None not in row
        for column in ("task", "name", "note"):
            assert not row[column].startswith(("=", "+", "-", "@", "\t", "\r")), (name, row[column])
        assert float(row["baseline"]) == -0.1
        assert float(row["se"]) == task.difference.se


def test_packs_and_folders_compare_alike(two, tmp_path):
    """A run and its pack are the same run: a comparison says the same, and a pack of the other one does, too."""
    packs = [tmp_path / f"{run.model}.xlpack" for run in two]
    for run, path in zip(two, packs, strict=True):
        xlbench.pack(run.folder, path)
    pairs = [(run.folder for run in two), packs, (two[0].folder, packs[1])]
    folders, packed, mixed = (render.to_json([xlbench.compare(*pair)]) for pair in pairs)
    assert folders == packed == mixed


def test_points_have_no_negative_zero():
    """A difference that rounds to nothing is a plain 0.0."""
    assert [signed(value) for value in (-0.0001, 0.0123, -0.0123, None)] == ["0.0", "+1.2", "-1.2", ""]
    assert points(-0.0) == "0.0"


def test_from_python(two):
    """`xlbench.compare` takes folders and saved runs; one that was not saved, or is given twice, is an error."""
    found = xlbench.compare(two[0].folder, two[1])
    assert found.sentence == compared(*two).sentence
    with pytest.raises(UsageError, match="was not saved"):
        xlbench.compare(two[0], replace(two[1], folder=""))
    with pytest.raises(UsageError, match="given twice"):
        xlbench.compare(two[0], two[0].folder)
    with pytest.raises(UsageError, match="holds several runs"):
        xlbench.compare(two[0], str(Path(two[0].folder).parent))


def test_a_checkpoint_is_compared_by_the_name_that_it_has(tmp_path, monkeypatch):
    """A model that is called as its folder is: the name means its run in the results folder, and not the folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "checkpoint").mkdir()
    ngram = catalog.load().models["ngram"]
    models = [replace(ngram, name=name) for name in ("./checkpoint", "ngram")]
    xlbench.run(models, ["mini-words-sentiment"], languages=["eng"], results=tmp_path / "results")
    found = find_runs(("./checkpoint", "ngram"), [tmp_path / "results"], LogReader())
    assert [run.model for run in found.values()] == ["./checkpoint", "ngram"]
    with pytest.raises(UsageError, match="holds no runs"):
        find_runs(("checkpoint", "ngram"), [tmp_path / "results"], LogReader())
