"""The engine `ray`: what it does with jobs, workers that die, and a real cluster of several nodes on this machine."""

from __future__ import annotations

import os
import sys
import time
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from board_files import repeatable_files
from one_module import installed

import xlbench
from xlbench.core.permissions import Permissions
from xlbench.core.task import Data
from xlbench.runs.jobs import Context, Job, JobCell, RunWarning
from xlbench.runs.planned_cells import Settings
from xlbench.runs.scheduling import split_jobs, take_next
from xlbench_ray import cluster
from xlbench_ray.options import OPTIONS
from xlbench_ray.worker import Answer, RayWorker


def job(model: str, *works: int, task: str = "t", results: Path = Path("r")) -> Job:
    """A job of cells with so much work each."""
    context = Context(results, Settings(), Data(), Permissions())
    return Job(
        model, task, model, task, "f", tuple(JobCell(f"s{n}", None, "k", it) for n, it in enumerate(works)), context
    )


# ---- which job comes next


def test_a_workers_own_model_comes_first_then_one_that_no_other_has_and_the_longest_of_these():
    """A worker without a model begins with the longest job of a model that no other worker has."""
    waiting = [job("a", 1), job("b", 5), job("c", 9), job("c", 3), job("a", 2)]
    taken = [take_next(waiting, held, {"b"}) for held in ("a", "a", "", "", "")]
    assert [(one.model, one.work) for one in taken] == [("a", 2), ("a", 1), ("c", 9), ("c", 3), ("b", 5)]
    assert not waiting


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_jobs_are_split_so_that_all_workers_have_one(workers):
    """No job with several cells has more than an equal share of the work; all cells are there, in order."""
    jobs = [job("a", *range(1, 30)), job("b", 4)]
    parts = split_jobs(jobs, workers)
    share = sum(one.work for one in jobs) / workers
    assert all(one.work <= share or len(one.wanted) == 1 for one in parts)
    assert [(one.model, cell) for one in parts for cell in one.wanted] == [(o.model, c) for o in jobs for c in o.wanted]
    assert len(parts) >= workers or all(len(one.wanted) == 1 for one in parts)


# ---- workers that die, told by a stand-in for Ray


class RayTaskError(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__(f"ray::compute()\nlong traceback of {cause}")
        self.cause = cause


class RayActorError(Exception):
    pass


@dataclass(frozen=True, eq=False)
class Reference:
    """What stands for the answer of an actor."""

    result: object


class FakeRay:
    """As much of Ray as the engine uses, in this process; an answer that is an error is raised when it is asked for."""

    exceptions = SimpleNamespace(RayTaskError=RayTaskError, RayActorError=RayActorError)

    def __init__(self, deaths: dict[str, int]) -> None:
        self.deaths, self.killed, self.started = dict(deaths), 0, 0
        """Subset -> how many workers die with it."""

    def actor(self):
        self.started += 1
        return SimpleNamespace(compute=SimpleNamespace(remote=self._compute))

    def _compute(self, work, one):
        name = one.wanted[0].subset
        if self.deaths.get(name, 0) > 0:
            self.deaths[name] -= 1
            return Reference(RayActorError("The actor died.\nmore of it"))
        try:
            return Reference(Answer(list(work(one)), []))
        except Exception as error:  # noqa: BLE001 - as Ray does
            return Reference(RayTaskError(error))

    def put(self, value):
        return value

    def wait(self, references, num_returns):
        return references[:num_returns], references[num_returns:]

    def get(self, reference):
        if isinstance(reference.result, Exception):
            raise reference.result
        return reference.result

    def kill(self, actor):
        self.killed += 1


def named(one):
    """Work that gives the names of a job's cells."""
    return [f"{one.model} {cell.subset}" for cell in one.wanted]


def run(ray, work, jobs, workers=2, retries=2):
    slots = [cluster._Slot() for _ in range(workers)]
    return list(cluster._run(ray, work, [cluster._Tried(one) for one in jobs], slots, ray.actor, retries))


def test_a_job_whose_worker_died_is_given_to_another():
    """Its cells come once, a line says what happened, and another worker is started."""
    ray = FakeRay({"s0": 1})
    jobs = [job("a", 1), replace(job("a", 1), wanted=(JobCell("s1", None, "k", 1),))]
    given = run(ray, named, jobs, workers=1)
    assert sorted(one for one in given if isinstance(one, str)) == ["a s0", "a s1"]
    (line,) = (one.line for one in given if isinstance(one, RunWarning))
    assert line == "the worker that computed a on t died (The actor died): another takes its cells (1 of 2 retries)"
    assert (ray.started, ray.killed) == (2, 1)


def test_a_job_that_kills_every_worker_is_given_up():
    """After so many retries a line says so; the other jobs are done."""
    ray = FakeRay({"s0": 99})
    jobs = [job("a", 1), replace(job("b", 1), wanted=(JobCell("s1", None, "k", 1),))]
    given = run(ray, named, jobs, retries=1)
    lines = [one.line for one in given if isinstance(one, RunWarning)]
    assert "b s1" in given
    assert "a s0" not in given
    assert lines[-1] == "the worker that computed a on t died (The actor died), as 2 did: its cells are given up"
    assert len(lines) == 2


def test_an_error_of_the_request_ends_the_run_and_others_are_told():
    """`UsageError` of a worker is raised here, and workers end; any other failure costs its job alone."""

    def wrong(one):
        raise xlbench.UsageError("no such model")

    def broken(one):
        if one.model == "a":
            raise MemoryError("no room")
        return named(one)

    ray = FakeRay({})
    with pytest.raises(xlbench.UsageError, match="no such model"):
        run(ray, wrong, [job("a", 1)], workers=1)
    assert ray.killed == 1
    given = run(FakeRay({}), broken, [job("a", 1), job("b", 1)])
    assert "b s0" in given
    assert [one.line for one in given if isinstance(one, RunWarning)] == ["a worker failed at a on t: no room"]


def test_workers_end_when_the_iterator_is_closed():
    """As when the user stops the run."""
    ray = FakeRay({})
    slots = [cluster._Slot()]
    messages = cluster._run(
        ray, named, [cluster._Tried(job("a", 1, 1)), cluster._Tried(job("a", 1))], slots, ray.actor, 0
    )
    next(messages)
    messages.close()
    assert ray.killed == 1


# ---- without a shared folder


def test_files_of_a_worker_without_the_results_folder_are_saved_here(tmp_path):
    """It computes in a folder of its own, which it empties; items are saved before the cell that names them."""
    worker = RayWorker(1, shared=False)
    seen = []

    def work(one):
        folder = one.context.results / "m-1" / "cells" / "t"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "s0.json").write_text("cell")
        (folder / "s0.abc.parquet").write_text("items")
        seen.append(folder)
        return ["message"]

    answer = worker.compute(work, job("m", 1, results=tmp_path))
    assert answer.messages == ["message"]
    assert [name for name, _ in answer.files] == ["m-1/cells/t/s0.abc.parquet", "m-1/cells/t/s0.json"]
    assert not list(seen[0].iterdir())
    assert not list(tmp_path.iterdir())
    for name, content in answer.files:
        cluster._save(tmp_path, name, content)
    assert (tmp_path / "m-1" / "cells" / "t" / "s0.json").read_text() == "cell"
    with pytest.raises(xlbench.ResultsError, match="another place"):
        cluster._save(tmp_path, "../elsewhere.json", b"")


# ---- what it may be told


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("gpus", "0.5", 0.5),
        ("retries", "0", 0),
        ("shared", "no", False),
        ("address", "auto", "auto"),
        ("cpus", "2", 2.0),
    ],
)
def test_options_are_read(name, text, value):
    """Each by a converter of its own."""
    assert OPTIONS[name](text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("gpus", "x"), ("gpus", "-1"), ("gpus", "nan"), ("retries", "1.5"), ("shared", "1"), ("address", "")],
)
def test_other_texts_are_refused(name, text):
    """With what to give."""
    with pytest.raises(ValueError, match="give "):
        OPTIONS[name](text)


@pytest.mark.parametrize(("workers", "gpus"), [(3, 0.0), (None, 1.0), (1, 2.0)])
def test_a_cluster_without_room_is_said(workers, gpus):
    """How much it has, and how much was wanted."""
    with pytest.raises(xlbench.UsageError, match=r"the cluster has 2 CPUs and 0 GPUs: no room for"):
        cluster._room({"CPU": 2.0}, workers, 1.0, gpus)
    assert cluster._room({"CPU": 5.0, "GPU": 2.0}, None, 2.0, 1.0) == 2


@pytest.mark.parametrize("fails", [False, True])
def test_variables_are_as_they_were_when_the_cluster_has_ended(fails, monkeypatch):
    """What is set for Ray, and what Ray sets, holds while it runs: also where it does not start."""
    seen = []

    def init(**_):
        seen.append(os.environ["RAY_USAGE_STATS_ENABLED"])
        os.environ["RAY_OF_ITS_OWN"] = os.environ["OURS"] = "1"
        if fails:
            raise ConnectionError("nobody is there")

    ray = SimpleNamespace(is_initialized=lambda: False, init=init, shutdown=lambda: None)
    monkeypatch.setitem(sys.modules, "ray", ray)
    monkeypatch.setattr(cluster, "require_extra", lambda *_: None)
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    monkeypatch.setenv("OURS", "0")
    before = dict(os.environ)
    refused = pytest.raises(xlbench.UsageError, match="nobody is there") if fails else nullcontext()
    with refused, cluster._cluster("") as given:
        assert given is ray
        assert os.environ["RAY_OF_ITS_OWN"] == "1"
    assert seen == ["0"]
    assert dict(os.environ) == before


# ---- a real cluster

SLOW = """
import time
import numpy as np
import xlbench
from xlbench_baselines import *


class Slow:
    def encode(self, texts, role=None):
        time.sleep(0.4)
        return np.array([[len(text), sum(map(ord, text)) % 101 + 1.0] for text in texts], np.float32)


@xlbench.hookimpl
def xlbench_models():
    yield xlbench.Model("slow", Slow)
"""
ARGUMENTS = ["run", "-m", "slow", "-t", "lexicon", "-l", "mlt", "-l", "isl", "-l", "tur", "-l", "slk"]


@pytest.mark.campaign
@pytest.mark.slow
def test_a_node_that_dies_loses_nothing(cli_in, tmp_path, monkeypatch):
    """Two nodes as processes of their own, one killed in the middle: the boards are those of the serial engine, to the
    byte, and no cell that was saved before is computed again."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    site = installed(tmp_path / "site", "xl_slow", SLOW)
    for name in ("serial", "ray"):
        (tmp_path / name).mkdir()
    alone = cli_in(tmp_path / "serial")([*ARGUMENTS, "-q"], [site])
    assert alone.returncode == 0, alone.stderr
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))
    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        other = nodes.add_node(num_cpus=1)
        saved = _kill_in_the_middle(nodes, other, cli_in(tmp_path / "ray"), site, tmp_path / "ray")
    finally:
        nodes.shutdown()
    assert saved
    assert all(path.stat().st_mtime_ns == before for path, before in saved.items())
    assert repeatable_files(tmp_path / "ray" / "leaderboards") == repeatable_files(tmp_path / "serial" / "leaderboards")


def _kill_in_the_middle(nodes, other, cli, site, folder):
    """Run, and take a node away once two cells are saved; when these cells were saved, by their file."""
    from concurrent.futures import ThreadPoolExecutor

    def cells():
        return {path: path.stat().st_mtime_ns for path in folder.glob("results/*/cells/*/*.json")}

    with ThreadPoolExecutor(1) as pool:
        told = ["--engine", "ray", "--workers", "2", "--engine-option", f"address={nodes.address}"]
        running = pool.submit(cli, [*ARGUMENTS, *told], [site])
        while not running.done() and len(cells()) < 2:
            time.sleep(0.05)
        saved = cells()
        nodes.remove_node(other, allow_graceful=False)
        done = running.result()
    assert done.returncode == 0, done.stderr
    assert len(saved) < len(cells()), "the node was to die in the middle"
    return saved
