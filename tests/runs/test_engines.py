"""Engines: jobs that are addresses, workers in other processes, and an account of what comes back."""

import csv
import json
import os
import pickle
import re
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from board_files import repeatable_files
from conftest import ROOT, environment
from one_module import installed
from test_runner import go, model, task
from tiny_task import one_line, tiny

import xlbench
from xlbench import Data, UsageError
from xlbench.catalog import load
from xlbench.core.permissions import Permissions
from xlbench.runs import plan, processes, scheduling
from xlbench.runs.execute import run_prepared
from xlbench.runs.job_runners import LocalJobRunner, job_runner_of_this_process
from xlbench.runs.jobs import Context, Job, JobCell, Specs, jobs_of
from xlbench.runs.observer import Observer
from xlbench.runs.planned_cells import Settings
from xlbench.runs.request import Request, prepare
from xlbench.runs.store import Store
from xlbench.runs.worker import Worker

pytestmark = pytest.mark.slow

SMALL = ("run", "-m", "ngram", "-m", "random", "-t", "lexicon", "-t", "mini-ner", "-l", "hin")
"""Two models on two tasks, four jobs."""


# ---- jobs


def jobs(tmp_path, tasks=None, limit=None):
    """The jobs of two models and some tasks."""
    settings, store = Settings(limit=limit), Store(tmp_path / "r")
    tasks = tasks or [task("x"), task("y")]
    planned = plan.plan([model("one"), model("two")], tasks, Data(limit=limit), store, settings).cells
    names = {name: f"hf:org/{name}?pooling=mean" for name in ("one", "two")}
    provenance = {"versions": {f"library-{n}": "1.2.3" for n in range(40)}}
    context = Context(tmp_path.absolute(), settings, Data(limit=limit), Permissions(), provenance)
    return planned, jobs_of(planned, context, Specs(names, {"x": "x", "y": "y"}))


def test_a_job_is_small_whatever_is_in_the_task(tmp_path):
    """A task of 1,000 subsets becomes jobs of at most 100 cells, each under 10 kB pickled, with no cell left out."""
    texts = {f"lang{number:04}_Latn": ("a", "bb") for number in range(1000)}
    planned, made = jobs(tmp_path, [task("x", texts)])
    assert len(made) == 20
    assert max(len(pickle.dumps(job)) for job in made) < 10_000
    assert [(job.model, one.subset) for job in made for one in job.wanted] == [
        (item.model.name, item.subset.name) for item in planned
    ]


def test_a_job_is_small_whatever_its_names_are_like(tmp_path):
    """Subsets with long names, in any writing, make more jobs, each under 10 kB pickled, with no cell left out."""
    names = [f"{number:03} {'long name ' * 20}{'नाम' * 20}" for number in range(100)]
    planned, made = jobs(tmp_path, [task("x", dict.fromkeys(names, ("a", "bb")))])
    assert max(len(pickle.dumps(job)) for job in made) < 10_000
    assert [(job.model, one.subset) for job in made for one in job.wanted] == [
        (item.model.name, item.subset.name) for item in planned
    ]


def test_a_job_is_small_whatever_the_command_was(tmp_path):
    """A command line with 120 models is no part of a job: it is told in the manifest alone."""
    command = ["/bin/xlbench", "run", *(f"--model=hf:/data/{'checkpoints/' * 8}{number}" for number in range(120))]
    request = Request("random", "lexicon", languages="mlt", results=tmp_path / "r", command=command, cache=False)
    prepared = prepare(request)
    made = jobs_of(prepared.planned, prepared.context, prepared.specs)
    assert max(len(pickle.dumps(job)) for job in made) < 10_000
    (run,) = run_prepared(prepared)
    assert run.provenance["command"] == ["xlbench", *command[1:]]
    assert not any("command" in cell.provenance for cell in run.cells)


def test_work_is_pickled_without_models_tasks_or_observer(tmp_path):
    """What goes to another process is a name: the models' closures and the observer stay at home."""
    planned, _ = jobs(tmp_path)
    work = LocalJobRunner(planned, Worker(Store(tmp_path), Settings(), lambda *_: None))
    assert len(pickle.dumps(work)) < 200
    assert pickle.loads(pickle.dumps(work)) is job_runner_of_this_process()


def test_an_object_cannot_be_had_in_another_process(tmp_path):
    """A model that was given as an object is named, with what to do."""
    work = pickle.loads(pickle.dumps(LocalJobRunner([], Worker(Store(tmp_path), Settings()))))
    _planned, (job, *_) = jobs(tmp_path)
    with pytest.raises(UsageError, match=r"cannot get the model 'one', which was given as an object: name it"):
        work(replace(job, model_spec=""))
    with pytest.raises(UsageError, match=r"a worker process cannot get the model 'one': there is no model 'hf-one'"):
        work(replace(job, model_spec="hf-one"))


def test_data_that_changed_since_it_was_planned_is_not_scored(tmp_path):
    """A worker whose data is not what was planned gives an error, which is not saved."""
    context = Context(tmp_path / "r", Settings(), Data(), Permissions())
    (random,) = load().select_models(["random"])
    wanted = JobCell("eng-mlt", None, "0" * 16)
    job = Job("random", "lexicon", "random", "lexicon", random.identity(), (wanted,), context)
    (cell,) = job_runner_of_this_process()(job)
    assert (cell.status, cell.subset) == ("error", "eng-mlt")
    assert "not what it was when the run was planned" in cell.reason
    assert not (tmp_path / "r").exists()


# ---- what comes back


def engine(map_, **more):
    return xlbench.Engine("odd", map_, **more)


def heard():
    lines = []
    return lines, Observer(warning=lines.append)


def test_jobs_that_do_not_come_back_are_errors_and_the_run_is_not_complete(tmp_path):
    """An engine that runs one job of four: the count is said, each lost cell is an error, and nothing of it is saved;
    the next run computes them."""
    lines, observer = heard()
    models, tasks = [model("a"), model("b", content="2")], [task("x"), task("y")]
    lazy = engine(lambda work, jobs: work(jobs[0]))
    _planned, cells = go(tmp_path, models, tasks, engine=lazy, observer=observer, engine_label="odd (xl-odd 1.0)")
    assert lines == ["9 of 12 planned cells did not come back from engine odd (xl-odd 1.0)"]
    assert [cell.status for cell in cells] == ["ok"] * 3 + ["error"] * 9
    assert {cell.reason for cell in cells[3:]} == {"it did not come back from engine odd (xl-odd 1.0)"}
    again, cells = go(tmp_path, models, tasks)
    assert [item.state for item in again] == ["done"] * 3 + ["todo"] * 9
    assert {cell.status for cell in cells} == {"ok"}


def test_an_engine_that_raises_keeps_what_came_back(tmp_path):
    """What an engine raises is the reason of the cells that are lost by it; those before are kept."""

    def broken(work, jobs):
        yield from work(jobs[0])
        raise ConnectionError("the cluster is gone")

    lines, observer = heard()
    _, cells = go(tmp_path, tasks=[task("x"), task("y")], engine=engine(broken), observer=observer)
    assert [cell.status for cell in cells] == ["ok"] * 3 + ["error"] * 3
    assert lines == ["3 of 6 planned cells did not come back from engine odd: ConnectionError: the cluster is gone"]


def test_cells_from_nowhere_or_twice_are_named(tmp_path):
    """A cell that comes twice counts once; one that nobody planned, and what is no cell, count for nothing."""

    def generous(work, jobs):
        for job in jobs:
            for cell in work(job):
                yield from (cell, cell, replace(cell, subset="zxx"), 7)

    lines, observer = heard()
    _, cells = go(tmp_path, tasks=[task("x", {"one": ("a", "bb")})], engine=engine(generous), observer=observer)
    assert [(cell.subset, cell.status) for cell in cells] == [("one", "ok")]
    assert lines == [
        "engine odd gave a cell twice: lengths x one",
        "engine odd gave a cell that nobody planned: lengths x zxx",
        "engine odd gave int in the place of a cell",
    ]


def test_an_engine_is_closed_where_the_run_stops(tmp_path):
    """After the first failure with fail_fast an engine is told to end its workers."""
    ended = []

    def careful(work, jobs):
        try:
            for job in jobs:
                yield from work(job)
        finally:
            ended.append(True)

    def evaluate(subset, session):
        raise ValueError("no")

    _, cells = go(tmp_path, tasks=[replace(task(), evaluate=evaluate)], engine=engine(careful), fail_fast=True)
    assert ([cell.status for cell in cells], ended) == (["error"], [True])


def test_work_may_be_called_from_threads(tmp_path):
    """Two threads at once give the cells of one: a process computes one cell at a time."""

    def threads(work, jobs):
        found = []
        running = [threading.Thread(target=lambda job=job: found.extend(work(job))) for job in jobs]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        return found

    models, tasks = [model("a"), model("b", content="2")], [task("x"), task("y")]
    _, there = go(tmp_path / "a", models, tasks)
    _, back = go(tmp_path / "b", models, tasks, engine=engine(threads))
    assert [(cell.model, cell.task, cell.subset, cell.scores) for cell in there] == [
        (cell.model, cell.task, cell.subset, cell.scores) for cell in back
    ]


# ---- engines of processes


@pytest.fixture(scope="module")
def serial(tmp_path_factory, cli_in):
    """The boards of the small job, computed in one process."""
    folder = tmp_path_factory.mktemp("serial")
    done = cli_in(folder)(SMALL)
    assert done.returncode == 0, done.stderr
    return repeatable_files(folder / "leaderboards")


def test_several_processes_give_the_bytes_of_one(serial, xlbench_cli, tmp_path):
    """``--engine processes --workers 2`` gives the boards of the serial engine, byte for byte, and says how it goes."""
    done = xlbench_cli([*SMALL, "--engine", "processes", "--workers", "2"])
    assert done.returncode == 0, done.stderr
    assert repeatable_files(tmp_path / "leaderboards") == serial
    told = {line.partition(" (")[0] for line in done.stderr.splitlines()}  # what is left follows
    assert {"ngram: lexicon: 2 ok", "random: mini-ner: 1 ok"} <= told


def threads_of_libraries(job):
    """Work of a job: the threads that linear algebra has in this process, and those to come are told."""
    import numpy  # noqa: F401 - loads its linear algebra
    from threadpoolctl import threadpool_info

    return [([one["num_threads"] for one in threadpool_info()], os.environ["OMP_NUM_THREADS"])]


@pytest.mark.parametrize(("said", "told"), [(None, "1"), ("2", "2")])
def test_workers_share_the_processors(said, told, monkeypatch):
    """On two processors two workers use a thread each, whatever they load and when, unless the user says otherwise."""
    for name in scheduling.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    if said:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    monkeypatch.setattr(processes, "_processors", lambda: 2)
    jobs = [SimpleNamespace(model=name, task="x", work=1) for name in ("one", "other")]
    found = list(processes.processes(threads_of_libraries, jobs, workers=2))
    assert [variable for _, variable in found] == [told, told]
    assert said or [threads for threads, _ in found] == [[1], [1]]
    assert os.environ.get("OMP_NUM_THREADS") == said


def test_an_engine_written_from_the_docs_gives_the_bytes_of_one(serial, xlbench_cli, tmp_path):
    """The pool of docs/plugins.md, as a third party's plugin, gives the boards of the serial engine, byte for byte."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if "ProcessPoolExecutor" in block]
    site = installed(tmp_path / "site", "xl_pool", code)
    done = xlbench_cli([*SMALL, "--engine", "pool", "--workers", "2"], [site])
    assert done.returncode == 0, done.stderr
    assert repeatable_files(tmp_path / "leaderboards") == serial


LOSING = """
import os, signal
import xlbench


class Killed:
    def encode(self, texts, role=None):
        os.kill(os.getpid(), signal.SIGKILL)


class Slow:
    def encode(self, texts, role=None):
        import time

        print("slow is at work", flush=True)
        time.sleep(600)


@xlbench.hookimpl
def xlbench_models():
    yield xlbench.Model("killed", load=Killed)
    yield xlbench.Model("slow", load=Slow)


def first(work, jobs):
    return work(list(jobs)[0])


@xlbench.hookimpl
def xlbench_engines():
    yield xlbench.Engine("first", first)
"""


@pytest.mark.skipif(os.name != "posix", reason="kills as the system does where memory runs out")
def test_a_worker_that_dies_loses_its_job_alone(xlbench_cli, tmp_path):
    """A worker that is killed takes its job with it: its cells are named, the others are kept, the code is 1, and the
    board shows what is there."""
    site = installed(tmp_path / "site", "xl_losing", LOSING)
    args = ["run", "-m", "killed", "-m", "random", *tiny(tmp_path), "--engine", "processes", "--workers", "2"]
    done = xlbench_cli(args, [site])
    assert done.returncode == 1
    assert "the worker process that computed killed on tiny was killed" in done.stderr
    assert re.search(r"4 of 8 planned cells did not come back from engine processes \(xlbench \S+\)\n", done.stderr)
    assert re.search(r"error: tiny .*deu-eng.* \(killed\): it did not come back from engine processes", done.stderr)
    with (tmp_path / "leaderboards" / "run.scores.csv").open(encoding="utf-8", newline="") as file:
        status = {(row["model"], row["status"]) for row in csv.DictReader(file)}
    assert status == {("random", "ok"), ("killed", "error")}
    (manifest,) = [json.loads(path.read_text()) for path in (tmp_path / "results").glob("killed-*/run.json")]
    assert manifest["complete"] is False


def test_an_engine_that_loses_jobs_ends_with_1(xlbench_cli, tmp_path):
    """One job of two came back: code 1, with the engine's name, distribution and version."""
    site = installed(tmp_path / "site", "xl_losing", LOSING)
    done = xlbench_cli(["run", "-m", "ngram", "-m", "random", *tiny(tmp_path), "--engine", "first", "-q"], [site])
    assert done.returncode == 1
    assert "4 of 8 planned cells did not come back from engine first (xl-losing 1.5)" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
def test_ctrl_c_ends_the_workers(tmp_path):
    """SIGINT to the whole group, as a terminal sends it: code 130, one line, and no worker is left."""
    site = installed(tmp_path / "site", "xl_losing", LOSING)
    args = ["run", "-m", "slow", *tiny(tmp_path), "--engine", "processes", "--workers", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "xlbench", *args], cwd=tmp_path, env=environment([site], {}), text=True,
        stdout=subprocess.PIPE, stderr=(tmp_path / "err").open("w"), start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    while "slow is at work" not in (tmp_path / "err").read_text():
        assert process.poll() is None, (tmp_path / "err").read_text()
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    errors = (tmp_path / "err").read_text()
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("xlbench: stopped; what was done is saved")
    for _ in range(600):  # what keeps track of shared memory ends a moment after all others
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a worker is left")


def test_objects_need_an_engine_in_this_process(tmp_path):
    """A model given as an object, and the engine of processes: the error names it, and says what to do."""
    with pytest.raises(UsageError, match=r"cannot get the model 'lengths', which was given as an object"):
        xlbench.run([model()], ["lexicon"], languages=["mlt"], results=tmp_path / "r", engine="processes", workers=1)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["--workers", "2"],
            "the engine 'serial' takes no number of workers (--workers). Those that take it: processes, ray.",
        ),
        (["--engine", "procesess"], "there is no engine 'procesess'. Did you mean 'processes'?"),
    ],
)
def test_workers_are_for_engines_that_have_them(args, said, xlbench_cli):
    """A number of workers is refused where the engine has none, with those that have."""
    assert said in one_line(xlbench_cli(["run", "-m", "random", "-t", "lexicon", *args]), 2)


def test_a_number_of_workers_is_checked(tmp_path):
    """From Python: 0 workers, or True, is a `UsageError`."""
    for workers in (0, True, 1.5):
        with pytest.raises(UsageError, match="is no number of workers: give a whole number of at least 1"):
            xlbench.run("random", "lexicon", languages="mlt", engine="processes", workers=workers, results=tmp_path)
