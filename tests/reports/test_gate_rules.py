"""What a gate's rules protect, and what a gate must not pass over in silence."""

from __future__ import annotations

import numpy as np
import pytest
from gate_runs import PLACES, N, hits, missing, run_of, save

import xlbench
from xlbench import Policy, UsageError
from xlbench.reports.gate import report
from xlbench.reports.gate.policy import Rule

HINDI = Rule("critical", languages=("hin",), margin=1.0)


def found_at(verdict, level):
    """Name -> test, of one level."""
    return {one.name: one for one in verdict.comparisons[0].tests if one.level == level}


@pytest.mark.parametrize("lossy", ["baseline", "candidate"])
@pytest.mark.parametrize("damage", ["gone", "refused"])
def test_a_run_that_lost_cells_is_no_side_of_a_gate(tmp_path, lossy, damage):
    """A saved cell whose file is gone or refused makes either run INVALID, by name, whatever may be left out."""
    runs = {"baseline": run_of(tmp_path / "a"), "candidate": run_of(tmp_path / "b", "new")}
    (path,) = runs[lossy].glob("cells/two*/eng-hin*.json")
    if damage == "gone":
        path.unlink()
    else:
        path.write_text("{", encoding="utf-8")
    verdict = xlbench.gate(runs["baseline"], runs["candidate"], allow_intersection=0.1)
    assert verdict.outcome == "INVALID"
    assert "two" in verdict.sentence
    assert "eng-hin" in verdict.sentence
    rule = Policy(rules=(Rule("critical", tasks=("two",), languages=("hin",)),))
    assert xlbench.gate(runs["baseline"], runs["candidate"], policy=rule).outcome == "INVALID"


def test_a_cell_that_the_baseline_failed_is_named(tmp_path):
    """A cell that the candidate scored and the baseline could not is noted first, and a fault with strict."""
    old, new = run_of(tmp_path / "a", changes={PLACES[1]: missing("out of memory")}), run_of(tmp_path / "b", "new")
    verdict = xlbench.gate(old, new)
    assert verdict.outcome == "PASS"
    assert report.notes(verdict.comparisons[0])[0] == "nothing judges one eng-hin: the baseline has no score there"
    assert xlbench.gate(old, new, strict=True).outcome == "INVALID"


def test_a_critical_language_makes_no_task_critical(tmp_path):
    """Only the language fails by its margin; its tasks stay supporting, unless a rule of tasks names them."""
    cells = {place: hits(N, 200, lost=12 * (place[1] == "eng-deu"), won=4) for place in PLACES}
    runs = run_of(tmp_path / "a"), save(tmp_path / "b", "new", cells)
    verdict = xlbench.gate(*runs, policy=Policy(rules=(HINDI,), margin=5, task_margin=0.5))
    assert {one.role for one in found_at(verdict, "task").values()} == {"supporting"}
    assert verdict.outcome == "PASS"
    named = Policy(rules=(HINDI, Rule("critical", tasks=("one",), margin=0.4)), margin=5, task_margin=5)
    verdict = xlbench.gate(*runs, policy=named)
    assert {name: one.role for name, one in found_at(verdict, "task").items()} == {
        "one": "critical",
        "two": "supporting",
    }
    assert verdict.outcome == "REGRESSION"


def test_every_critical_language_has_all_of_its_subsets(tmp_path):
    """A second language rule is judged over cells that the first one names too, but for advisory ones."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=1)
    english = Rule("critical", languages=("eng",), margin=50.0)
    both = found_at(xlbench.gate(*runs, policy=Policy(rules=(HINDI, english))), "language")
    assert {name: one.difference.n for name, one in both.items()} == {"hin": 2 * N, "eng": 4 * N}
    other = found_at(xlbench.gate(*runs, policy=Policy(rules=(english, HINDI))), "language")
    assert other["hin"].difference.n == 2 * N
    advisory = Policy(rules=(Rule("advisory", tasks=("two",)), HINDI))
    assert found_at(xlbench.gate(*runs, policy=advisory), "language")["hin"].difference.n == N


def test_what_is_critical_cannot_be_left_out(tmp_path):
    """Cells of a critical rule that the candidate lacks are INVALID, whatever share is allowed to be left out."""
    runs = run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", places=PLACES[:3])
    assert xlbench.gate(*runs, allow_intersection=0.5).outcome == "PASS"
    verdict = xlbench.gate(*runs, policy=Policy(rules=(HINDI,)), allow_intersection=0.5)
    assert verdict.outcome == "INVALID"
    assert "critical" in verdict.sentence
    assert "two eng-hin" in verdict.sentence


def canceling(tmp_path):
    """Runs of which one cell wins by every document what the other loses: the suite has no spread."""
    groups = {place: [str(number % 40) for number in range(N)] for place in PLACES}
    steps = np.tile([0.1, -0.1, 0.2, 0.0], N // 4)
    start = {place: np.full(N, 0.5) + 0.1 * (np.arange(N) % 3) for place in PLACES}
    moved = {place: values + (steps if place[1] == "eng-hin" else -steps) for place, values in start.items()}
    return [save(tmp_path / name, name, cells, clusters=groups) for name, cells in (("old", start), ("new", moved))]


def test_what_cannot_be_seen_does_not_pass_must_detect(tmp_path):
    """must_detect is INCONCLUSIVE where nobody knows what would be seen, and passes what is identical."""
    old = run_of(tmp_path / "a")
    assert xlbench.gate(old, run_of(tmp_path / "b", "new"), must_detect=0.1).outcome == "PASS"
    few = run_of(tmp_path / "c", "new", places=PLACES[:1], won=1)
    verdict = xlbench.gate(run_of(tmp_path / "d", places=PLACES[:1]), few, must_detect=1)
    assert verdict.outcome == "INCONCLUSIVE"  # six items of 400 are needed, 1.5 points
    assert "1.50 points" in verdict.sentence


def test_a_suite_without_spread_is_not_identical(tmp_path):
    """Gains and losses that cancel in every document are no identity, and nobody knows what would be seen."""
    runs = canceling(tmp_path)
    suite = xlbench.gate(*runs).comparisons[0].suite
    assert suite is not None
    assert (suite.detectable, suite.finding) == (None, "cannot tell")
    assert xlbench.gate(*runs, must_detect=5).outcome == "INCONCLUSIVE"


def test_a_loss_beyond_the_margin_that_cannot_be_resolved_is_inconclusive(tmp_path):
    """Too few items to tell a loss from chance do not pass a loss that is larger than the margin."""
    runs = run_of(tmp_path / "a", places=PLACES[:1]), run_of(tmp_path / "b", "new", places=PLACES[:1], lost=5)
    verdict = xlbench.gate(*runs)
    assert verdict.outcome == "INCONCLUSIVE"
    assert "would have been seen" not in verdict.sentence
    assert xlbench.gate(*runs, margin=2).outcome == "PASS"


def test_no_sentence_promises_what_was_not_found(tmp_path):
    """A loss that is larger than what would be seen, and was not found, takes the promise out of the sentence."""
    from dataclasses import replace

    verdict = xlbench.gate(run_of(tmp_path / "a"), run_of(tmp_path / "b", "new", lost=30, won=30))
    assert "would have been seen" in verdict.sentence
    (one,) = verdict.comparisons
    suite = one.tests[0]
    loss = replace(suite.difference, value=-2 * suite.detectable)
    changed = replace(one, tests=(replace(suite, difference=loss), *one.tests[1:]))
    assert "would have been seen" not in replace(verdict, comparisons=(changed,)).sentence


def test_identical_tasks_are_no_part_of_the_better_ones(tmp_path):
    """Tasks without a difference, and with too few, count as p = 1 among gains: a real gain pays for them."""
    names = [(f"t{number}", "eng-deu") for number in range(12)]
    won = {names[0]: 9, names[1]: 3}
    cells = {place: hits(N, 200, lost=1 if place == names[0] else 0, won=won.get(place, 0)) for place in names}
    runs = run_of(tmp_path / "a", places=names), save(tmp_path / "b", "new", cells)
    found = found_at(xlbench.gate(*runs), "task")
    assert found["t0"].finding == "cannot tell"  # p of about .007, times 12
    assert found["t2"].finding == "identical"
    alone = run_of(tmp_path / "c", places=names[:1]), save(tmp_path / "d", "new", {names[0]: cells[names[0]]})
    assert found_at(xlbench.gate(*alone), "task")["t0"].finding == "better"


def test_alpha_has_a_range():
    """An alpha that arithmetic cannot keep apart from 0, and NaN, are wrong usage."""
    assert Policy(alpha=1e-6).alpha == 1e-6
    for wrong in (1e-17, 9e-7, 0.6, float("nan")):
        with pytest.raises(UsageError):
            Policy(alpha=wrong)


@pytest.mark.parametrize("mixed", ["baseline", "candidate"])
def test_samples_of_several_sizes_are_no_run(tmp_path, mixed):
    """A run whose samples have several sizes is INVALID on either side, and its sizes are named."""
    one_size = {place: {"limit": N} for place in PLACES}
    changes = {"baseline": one_size, "candidate": one_size} | {mixed: one_size | {PLACES[0]: {"limit": 500}}}
    old = run_of(tmp_path / "a", changes=changes["baseline"])
    verdict = xlbench.gate(old, run_of(tmp_path / "b", "new", changes=changes["candidate"]))
    assert verdict.outcome == "INVALID"
    assert "samples of several sizes (--limit 400, 500)" in verdict.sentence
