"""The gate's rule beside independent references: p, Holm, margins, what would be seen, and who may be judged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from gate_runs import VERSION, hits, save
from scipy import stats as reference

import xlbench
from xlbench import Policy, UsageError
from xlbench.reports.gate import report
from xlbench.reports.gate.policy import Rule
from xlbench.reports.gate.validity import row_version
from xlbench.runs.planned_cells import ROW_VERSION
from xlbench.runs.store import Reader, find_runs


def scores(seed, n=300, loss=0.0):
    """Scores of items, hard or easy for both runs, the second of which loses something."""
    random = np.random.default_rng(seed)
    ease = random.normal(0.6, 0.1, n)
    return ease + random.normal(0, 0.05, n), ease - loss + random.normal(0, 0.05, n)


def two_runs(folder, tasks, **more):
    """Folders of two runs whose cells (a task each) have these scores."""
    cells = [{(task, "eng-deu"): pair[side] for task, pair in tasks.items()} for side in (0, 1)]
    return [save(folder / model, model, own, **more) for model, own in zip(("old", "new"), cells, strict=True)]


def test_p_is_that_of_a_paired_t_test(tmp_path):
    """Of one task with scores of single items, p is that of scipy's paired t-test, one-sided; so is the interval."""
    before, after = scores(1, loss=0.004)
    verdict = xlbench.gate(*two_runs(tmp_path, {"one": (before, after)}))
    suite = verdict.comparisons[0].suite
    assert suite is not None
    expected = reference.ttest_rel(after, before, alternative="less")
    assert suite.p == pytest.approx(expected.pvalue, rel=1e-3)
    ends = reference.ttest_rel(after, before).confidence_interval(0.95)
    assert (suite.difference.low, suite.difference.high) == pytest.approx((ends.low, ends.high), rel=1e-3)


def test_tasks_are_adjusted_by_holm(tmp_path):
    """The p of tasks are scipy's, adjusted for one another by Holm's steps."""
    tasks = {f"t{number}": scores(number, loss=0.002 * number) for number in range(4)}
    verdict = xlbench.gate(*two_runs(tmp_path, tasks))
    raw = np.array([reference.ttest_rel(b, a, alternative="less").pvalue for a, b in tasks.values()])
    order = np.argsort(raw)
    holm = np.empty(4)
    holm[order] = np.minimum(1, np.maximum.accumulate(raw[order] * np.arange(4, 0, -1)))
    found = {one.name: one.p for one in verdict.comparisons[0].tests if one.level == "task"}
    assert [found[name] for name in tasks] == pytest.approx(holm, rel=1e-3)


def test_both_p_and_margin_are_needed(tmp_path):
    """A loss that is certain and small passes, and one that is large and uncertain passes too."""
    certain = two_runs(tmp_path / "a", {"one": scores(1, 3000, 0.004)})
    assert xlbench.gate(*certain, margin=1, task_margin=1).outcome == "PASS"
    assert xlbench.gate(*certain, margin=0.2, task_margin=1).outcome == "REGRESSION"
    assert xlbench.gate(*certain, margin=1, task_margin=0.2).outcome == "REGRESSION"
    uncertain = two_runs(tmp_path / "b", {"one": scores(2, 12, 0.02)})
    assert xlbench.gate(*uncertain).outcome == "PASS"


def test_what_would_be_seen_is_seen_four_times_in_five(tmp_path):
    """Losses of the size that `detectable` promises are found in about 80% of draws."""
    (old, new) = two_runs(tmp_path / "first", {"one": scores(0)})
    suite = xlbench.gate(old, new, task_margin=100).comparisons[0].suite
    assert suite is not None
    assert suite.detectable is not None
    found = 0
    for seed in range(60):
        before, after = scores(seed, loss=suite.detectable)
        p = reference.ttest_rel(after, before, alternative="less").pvalue
        found += bool(p <= 0.025 and (after - before).mean() <= -0.002)
    assert 38 <= found <= 57  # 80% of 60 is 48, give or take three standard errors


def test_no_margin_is_below_what_rounding_does(tmp_path):
    """Runs of different processors say so, and lose what rounding may do without failing, critical or not."""
    pair = hits(2000, 1000), hits(2000, 1000, lost=1)
    policy = Policy(rules=(Rule("critical", tasks=("one",), margin=0.0),))
    folders = two_runs(tmp_path / "same", {"one": pair})
    assert xlbench.gate(*folders, policy=policy).outcome == "REGRESSION"
    (old, new) = (find_runs(folder)[0] for folder in folders)
    kernels = [{"linear_algebra": [{"kernel": name}]} for name in ("Haswell", "SkylakeX")]
    runs = [replace(run, provenance=kernel) for run, kernel in zip((old, new), kernels, strict=True)]
    verdict = xlbench.gate(*runs, policy=policy)
    assert verdict.outcome == "PASS"
    assert "Haswell, SkylakeX" in verdict.comparisons[0].notes[0]


def test_clusters_count_as_one(tmp_path):
    """Items of few documents tell less than as many items alone: the same losses are no longer certain."""
    place = ("one", "eng-deu")
    rows = hits(400, 200), hits(400, 200, lost=24)
    alone = two_runs(tmp_path / "a", {"one": rows})
    groups = {place: [str(number // 40) for number in range(400)]}
    together = two_runs(tmp_path / "b", {"one": rows}, clusters=groups)
    assert xlbench.gate(*alone).outcome == "REGRESSION"
    assert xlbench.gate(*together).outcome == "PASS"


def test_items_won_and_lost_are_counted_in_clusters_too(tmp_path):
    """Items of documents: as many won and lost as if they were alone; of scores that are no hits, none is counted."""
    place = ("one", "eng-deu")
    groups = {place: [str(number // 8) for number in range(400)]}
    runs = two_runs(tmp_path / "a", {"one": (hits(400, 200), hits(400, 200, lost=24, won=7))}, clusters=groups)
    (against,) = xlbench.gate(*runs).comparisons
    assert [one.flips for one in against.tests] == [(7, 24), (7, 24)]
    halves = hits(400, 200) / 2, hits(400, 200, lost=24) / 2
    (against,) = xlbench.gate(*two_runs(tmp_path / "b", {"one": halves}, clusters=groups)).comparisons
    assert [one.flips for one in against.tests] == [None, None]


def test_few_items_in_clusters_cannot_be_resolved(tmp_path):
    """Five items lost in five documents: no test can tell, in clusters as alone."""
    place = ("one", "eng-deu")
    groups = {place: [str(number % 50) for number in range(400)]}
    runs = two_runs(tmp_path, {"one": (hits(400, 200), hits(400, 200, lost=5))}, clusters=groups)
    (against,) = xlbench.gate(*runs).comparisons
    assert {one.finding for one in against.tests} == {"cannot be resolved"}


def test_hits_of_retrieval_are_counted_by_their_ranks(tmp_path):
    """Influences that hold the items' part as candidates tell no hits, and saved ranks do: five lost are too few."""
    place = ("one", "eng-deu")
    old = save(tmp_path / "a", "old", {place: hits(400, 200)}, ranked=True)
    for lost, finding in ((5, "cannot be resolved"), (40, "regression")):
        new = save(tmp_path / f"lost {lost}", "new", {place: hits(400, 200, lost=lost)}, ranked=True)
        (against,) = xlbench.gate(old, new).comparisons
        assert {one.flips for one in against.tests} == {(0, lost)}
        assert {one.finding for one in against.tests} == {finding}


def test_the_version_of_rows_is_read_off_a_key():
    """The key of a published cell tells by which version of xlbench's rows it was scored."""
    (path, *_) = sorted((ROOT / "leaderboards" / "runs").glob("*.xlpack"))
    (run,) = Reader().find_runs(path)
    assert {row_version(cell) for cell in run.cells} == {ROW_VERSION}
    assert VERSION == ROW_VERSION
    assert row_version(replace(run.cells[0], key="0" * 64)) is None


def test_a_policy_cannot_ask_for_what_there_is_not():
    """Values out of their range are refused where a policy is made in Python, too."""
    for wrong in ({"alpha": 0.0}, {"alpha": 1.0}, {"margin": -1.0}, {"pushes": 0}, {"must_detect": float("nan")}):
        with pytest.raises(UsageError):
            Policy(**wrong)


def test_a_page_stays_below_its_limit(tmp_path):
    """A summary of many tasks with long names is cut at a line, and says where the rest is."""
    tasks = {f"task-{number}-{'x' * 200}": scores(number, 20) for number in range(25)}
    verdict = xlbench.gate(*two_runs(tmp_path, tasks))
    whole = report.as_markdown(verdict)
    cut = report.as_markdown(verdict, 3000)
    assert len(whole.encode()) > 5000
    assert len(cut.encode()) <= 3000
    assert cut.endswith("The rest is in gate.json.\n")


def test_a_verdict_shows_itself(tmp_path):
    """A verdict's repr is its sentence, and its plain form is JSON without NaN."""
    verdict = xlbench.gate(*two_runs(tmp_path, {"one": scores(3)}))
    assert repr(verdict) == verdict.sentence
    assert json.loads(json.dumps(report.as_json(verdict), allow_nan=False))["verdict"] == verdict.outcome
    assert isinstance(Path(verdict.candidate.path), Path)
