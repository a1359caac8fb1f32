"""Saved scores against their saved items."""

import json
from pathlib import Path

import pytest

from xlbench import api
from xlbench.catalog.loading import load
from xlbench.runs import store as store_module
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
    assert len(found) == 16
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
    assert others == {("unknown", "no plugin offers this task")}


def test_the_command_ends_with_a_code_for_programs(root, xlbench_cli):
    """0 where all agree; 3 where one differs, which is named."""
    done = xlbench_cli(["results", "verify"])
    assert (done.returncode, done.stdout) == (0, "16 agree, 0 differ, 0 not computed\n")
    forge(root, "mini-news", lambda plain: plain["scores"][0].update(value=0.999, high=1.0))
    done = xlbench_cli(["results", "verify", "results"])
    assert done.returncode == 3
    assert done.stdout.startswith("differs: random mini-news hin: ")
