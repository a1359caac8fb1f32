"""Saved scores against their saved items."""

import json
from pathlib import Path

import pytest
from tiny_task import tiny

from xlbench import api
from xlbench.catalog.loading import load
from xlbench.runs import store as store_module
from xlbench.runs.failures import MODEL_FAILED
from xlbench.runs.store import find_runs
from xlbench.runs.verify import verify


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A results folder with a model on a task of each of two areas."""
    root = tmp_path_factory.mktemp("saved") / "results"
    api.run(["random"], ["mini-parallel", "mini-news"], languages=["hin"], results=root, cache=False)
    return root


@pytest.fixture
def root(saved, tmp_path):
    """A copy to forge in."""
    import shutil

    return Path(shutil.copytree(saved, tmp_path / "results"))


def forge(root, task, change):
    path = next(
        path
        for path in sorted(root.glob("*/cells/*/*.json"))
        if path.parent.name.startswith(task) and path.name.startswith("hin-")
    )
    plain = json.loads(path.read_text(encoding="utf-8"))
    del plain["checksum"]
    change(plain)
    store_module._write_json(path, plain)


def test_scores_of_a_run_are_those_of_their_items(root):
    """Every metric of every cell is computed again to 1e-9."""
    found = list(verify(find_runs(root), load().tasks))
    assert len(found) == 20
    assert {one.verdict for one in found} == {"agrees"}


def test_a_forged_score_differs(root):
    """A value within all bounds, with a checksum that fits, is not what the items give; the others agree."""
    forge(root, "mini-news", lambda plain: plain["scores"][1].update(value=0.999, high=1.0))
    found = {(one.task, one.subset): one for one in verify(find_runs(root), load().tasks)}
    assert found["mini-news", "hin"].verdict == "differs"
    assert "is saved as 0.999, and its items give 0." in found["mini-news", "hin"].reason
    assert {one.verdict for place, one in found.items() if place != ("mini-news", "hin")} == {"agrees"}


def test_a_forged_count_differs(root):
    """More items than there are make a narrower interval."""
    forge(root, "mini-news", lambda plain: [score.update(n=9000) for score in plain["scores"]])
    reasons = [one.reason for one in verify(find_runs(root), load().tasks) if one.verdict == "differs"]
    assert len(reasons) == 1
    assert "says 9000 items in" in reasons[0]


def test_what_cannot_be_computed_is_no_agreement(root):
    """A task that no plugin offers, or of another version, is unknown, with the reason."""
    forge(root, "mini-news", lambda plain: plain.update(key="0" * 64))
    tasks = {name: task for name, task in load().tasks.items() if name == "mini-news"}
    found = {(one.task, one.subset): one for one in verify(find_runs(root), tasks)}
    assert (found["mini-news", "hin"].verdict, found["mini-news", "eng>hin"].verdict) == ("unknown", "agrees")
    assert "another version" in found["mini-news", "hin"].reason
    others = {(one.verdict, one.reason) for (task, _), one in found.items() if task == "mini-parallel"}
    assert others == {("unknown", "no plugin offers this task (a card of one's own is given with --task)")}


def test_the_command_ends_with_a_code_for_programs(root, xlbench_cli):
    """0 where all agree; 3 where one differs, which is named."""
    done = xlbench_cli(["results", "verify"])
    assert (done.returncode, done.stdout) == (0, "20 agree, 0 differ, 0 not computed\n")
    forge(root, "mini-news", lambda plain: plain["scores"][0].update(value=0.999, high=1.0))
    done = xlbench_cli(["results", "verify", "results"])
    assert done.returncode == 3
    assert done.stdout.startswith("differs: random mini-news hin: ")


def test_an_area_or_register_that_is_not_the_tasks_differs(root):
    """Either would move the score to where it does not belong on a board."""
    forge(root, "mini-news", lambda plain: plain.update(area="ner"))
    forge(root, "mini-parallel", lambda plain: plain.update(register="unregularized"))
    found = {one.task: one.reason for one in verify(find_runs(root), load().tasks) if one.verdict == "differs"}
    assert found == {
        "mini-news": "the area is saved as 'ner', and the task's is 'news'",
        "mini-parallel": "the register is saved as 'unregularized', and the task's is 'regularized'",
    }


def test_a_run_mends_an_area_from_the_saved_items(root):
    """A task that has moved to another area takes its scores along; no model is loaded for that."""
    forge(root, "mini-news", lambda plain: plain.update(area="ner"))
    api.run(["random"], ["mini-news"], languages=["hin"], results=root, cache=False)
    assert {one.verdict for one in verify(find_runs(root), load().tasks)} == {"agrees"}


FAILED = {"status": "error", "scores": [], "items_file": "", "items_digest": ""}


@pytest.mark.parametrize(
    ("change", "verdict", "said"),
    [
        ({"reason": "out of memory"}, "unknown", "it has no scores (error): out of memory"),
        ({"reason": " "}, "differs", "it has no scores (error), and no reason for that"),
        ({"reason": "out of memory", "area": "ner"}, "differs", "the area is saved as 'ner', and the task's is 'news'"),
        ({"reason": "x", "status": "skipped"}, "unknown", "it has no scores (skipped): x"),
    ],
)
def test_a_cell_without_scores_is_no_agreement(root, change, verdict, said):
    """Its reason is told, and what can be checked of it without the model is."""
    forge(root, "mini-news", lambda plain: plain.update({**FAILED, **change}))
    found = {(one.task, one.subset): one for one in verify(find_runs(root), load().tasks)}
    assert len(found) == 20
    assert (found["mini-news", "hin"].verdict, found["mini-news", "hin"].reason) == (verdict, said)


def test_a_reason_beside_scores_differs(root):
    """No run saves both."""
    forge(root, "mini-news", lambda plain: plain.update(reason="out of memory"))
    (one,) = [one for one in verify(find_runs(root), load().tasks) if one.verdict == "differs"]
    assert one.reason == "it has scores, and a reason for having none: out of memory"


def test_a_reason_that_is_not_the_manifests_differs(root):
    """A model that failed as a whole has its reason in the manifest; a cell that names another was changed."""
    forge(root, "mini-news", lambda plain: plain.update({**FAILED, "reason": "x", "provenance": {MODEL_FAILED: "y"}}))
    (path,) = root.glob("*/run.json")
    plain = json.loads(path.read_text(encoding="utf-8"))
    del plain["checksum"]
    store_module._write_json(path, {**plain, "failure": "the vectors move"})
    found = list(verify(find_runs(root), load().tasks))
    (one,) = [one for one in found if one.verdict == "differs"]
    assert one.reason == "its reason is 'x', and the run's manifest says 'the vectors move'"
    others = {(one.verdict, one.reason) for one in found if one.verdict != "differs"}
    assert others == {("unknown", "it has no scores (error): the vectors move")}


def test_a_cell_whose_file_is_gone_differs(root, xlbench_cli):
    """The manifest lists it; the command names it and ends with 3, as for a damaged one, which is named once."""
    gone, damaged = sorted(root.glob("*/cells/mini-news*/*.json"))[:2]
    gone.unlink()
    damaged.write_text("{", encoding="utf-8")
    done = xlbench_cli(["results", "verify"])
    assert done.returncode == 3
    assert done.stdout.count("differs: ") == 1
    assert "it was saved, and its file is gone: run it again" in done.stdout
    assert "18 agree, 1 differ, 0 not computed" in done.stdout
    assert done.stderr.count(damaged.name) == 1


def test_a_card_of_ones_own_is_verified_where_it_is_given(tmp_path, xlbench_cli):
    """By the same --task as `run` takes; without it, its cells are not computed, and what to give is said."""
    options = tiny(tmp_path)
    assert xlbench_cli(["run", "-m", "random", "--no-cache", *options]).returncode == 0
    done = xlbench_cli(["results", "verify"])
    assert done.returncode == 1
    assert "no plugin offers this task (a card of one's own is given with --task)" in done.stdout
    done = xlbench_cli(["results", "verify", "-t", "./tiny.toml"])
    assert (done.returncode, done.stdout) == (0, "4 agree, 0 differ, 0 not computed\n")
    (path,) = tmp_path.glob("results/*/cells/tiny*/eng-deu-*.json")
    plain = json.loads(path.read_text(encoding="utf-8"))
    del plain["checksum"]
    plain["scores"][0].update(value=0.999, high=1.0)
    store_module._write_json(path, plain)
    done = xlbench_cli(["results", "verify", "-t", "./tiny.toml", "--json"])
    assert done.returncode == 3
    assert [one["subset"] for one in json.loads(done.stdout)["cells"] if one["verdict"] == "differs"] == ["eng-deu"]


def test_only_the_cells_of_named_tasks_are_verified(root, xlbench_cli):
    """The others are counted."""
    forge(root, "mini-parallel", lambda plain: plain["scores"][0].update(value=0.999, high=1.0))
    done = xlbench_cli(["results", "verify", "--task", "mini-news"])
    assert (done.returncode, done.stdout) == (0, "2 agree, 0 differ, 0 not computed\n")
    assert done.stderr == "18 cells of other tasks left out (--task)\n"
    done = xlbench_cli(["results", "verify", "--task", "mini-nws"])
    assert done.returncode == 2
    assert "Did you mean 'mini-news'" in done.stderr
