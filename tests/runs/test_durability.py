"""kill -9 anywhere, then the same command: nothing is damaged, lost or computed twice, and the boards are the same.

A command is killed, by a real SIGKILL, just before each of the steps by which it changes the disk (`mortal`). Its
process is forked from a server that has the libraries loaded, which makes hundreds of such processes cheap.
"""

from __future__ import annotations

import atexit
import csv
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from conftest import environment
from forking import Server
from mortal import another_parquet
from unix import ON_UNIX

from xlbench.runs.store import find_runs

pytestmark = [pytest.mark.slow, ON_UNIX]

CARD = """
name = "{name}"
area = "retrieval"
protocol = "retrieval"
description = "Find the other half of a made-up pair"
license = "CC0-1.0"
languages = ["eng", "deu"]

[data]
reader = "parallel"
files = "{folder}/{{language}}.txt"
"""
BOARDS = ("run.md", "run.csv", "run.scores.csv")
"""What does not hold seconds, so that it is the same to the byte."""
MODELS = ("-m", "ngram", "-m", "random")
RUN = ("run", "-t", "pairs.toml", "--data", ".", *MODELS)
BROADER = (*RUN, "-t", "more.toml")
LACKING = (*RUN, "-t", "absent.toml")


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str
    steps: tuple[str, ...]
    """How it changed the disk, step by step; empty where it was killed."""


@cache
def _server() -> Server:
    """What every command is forked from, to the end of this process."""
    server = Server(environment([], {}), ["mortal"])
    atexit.register(server.close)
    return server


class Commands:
    """Runs ``xlbench`` commands in a folder, each in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._logs = folder.parent / f"{folder.name}-logs"
        self._logs.mkdir(exist_ok=True)
        self._count = 0

    def start(
        self, arguments: Sequence[str], last_step: int = 0, before: Callable[[], None] | None = None
    ) -> Future[Done]:
        """Start a command, which is killed just before its ``last_step``; ``before``, a function of `mortal`, is called
        in its process."""
        self._count += 1
        steps = self._logs / f"{self._count}.steps"
        first = ["mortal", "begin", str(self.folder), str(steps), last_step, before.__name__ if before else ""]
        threads = ThreadPoolExecutor(1)
        started = threads.submit(self._run, tuple(arguments), steps, first)
        threads.shutdown(wait=False)
        return started

    def __call__(self, *arguments: str, last_step: int = 0, before: Callable[[], None] | None = None) -> Done:
        return self.start(arguments, last_step, before).result()

    def _run(self, arguments: Sequence[str], steps: Path, first: Sequence[str | int]) -> Done:
        variables = environment([], {"XLBENCH_CACHE": str(self._logs / "cache")})
        done = _server().run(arguments, variables, self.folder, 120, first)
        listed = steps.read_text(encoding="utf-8").splitlines() if steps.exists() else ()
        return Done(done.returncode, done.stdout, done.stderr, tuple(listed))


def write_job(folder: Path) -> Path:
    """Two cards with two subsets each, small files of text for them, and a card whose files are not there."""
    folder.mkdir(parents=True)
    for name, place in (("pairs", "texts"), ("more", "texts"), ("absent", "nowhere")):
        (folder / f"{name}.toml").write_text(CARD.format(name=name, folder=place))
    words = random.Random(7)
    eng = ["".join(words.choices("abcdeinorst ", k=30)).strip() + f" {i}" for i in range(60)]
    deu = ["".join(words.choice("xyz") if words.random() < 0.5 else sign for sign in text) for text in eng]
    (folder / "texts").mkdir()
    (folder / "texts" / "eng.txt").write_text("\n".join(eng) + "\n")
    (folder / "texts" / "deu.txt").write_text("\n".join(deu) + "\n")
    return folder


def files(folder: Path, pattern: str = "**/*") -> dict[str, tuple[bytes, int]]:
    """Every file below ``folder``: its content, and when it was written."""
    found = (path for path in folder.glob(pattern) if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in found}


def boards(folder: Path, names: Sequence[str] = BOARDS) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in names}


NO_AVERAGE = ("", "", "", "incomplete")


def averages(board: str) -> dict[str, tuple[str, ...]]:
    """By model, the overall average with its interval as the board's CSV gives them."""
    rows = csv.DictReader(io.StringIO(board))
    return {row["model"]: (row["overall"], row["overall_low"], row["overall_high"], row["status"]) for row in rows}


def averages_in(folder: Path) -> dict[str, tuple[str, ...]]:
    return averages((folder / "run.csv").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Undisturbed:
    """A run that came to its end."""

    folder: Path
    steps: tuple[str, ...]
    boards: dict[str, bytes]
    averages: dict[str, tuple[str, ...]]


def undisturbed(folder: Path, *arguments: str) -> Undisturbed:
    done = Commands(write_job(folder))(*arguments)
    assert done.code == 0, done.err
    return Undisturbed(folder, done.steps, boards(folder / "leaderboards"), averages_in(folder / "leaderboards"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The small job, undisturbed."""
    return undisturbed(tmp_path_factory.mktemp("reference") / "job", *RUN)


def check_state(commands: Commands, reference: Undisturbed, when: str) -> set[str]:
    """Whatever was killed: saved files are whole and no board lies. Returns the cells that have scores."""
    results = commands.folder / "results"
    seen = commands("board", "--boards", "seen")
    assert seen.code in (0, 2), f"{when}: {seen.err}"
    assert (seen.code == 0) == any(results.glob("*/cells/*/*.json")), f"{when}: {seen.err}"
    if seen.code == 0:
        for model, average in averages_in(commands.folder / "seen").items():
            assert average in (reference.averages[model], NO_AVERAGE), f"{when}: {model} {average}"
    return {
        str(path.relative_to(results))
        for path in results.glob("*/cells/*/*.json")
        if json.loads(path.read_bytes())["status"] == "ok"
    }


def check_resume(commands: Commands, reference: Undisturbed, arguments: Sequence[str], scored: set[str], when: str):
    """The same command ends well, with the same boards, and computes nothing that was there."""
    results = commands.folder / "results"
    plan = json.loads(commands(*arguments, "--dry-run", "--json").out)["cells"]
    assert sum(cell["state"] == "done" for cell in plan) == len(scored), when
    assert {cell["state"] for cell in plan} <= {"done", "todo", "skipped"}, when
    kept = {name: content for name, content in files(results).items() if name in scored}
    done = commands(*arguments)
    assert done.code == 0, f"{when}: {done.err}"
    assert boards(commands.folder / "leaderboards") == reference.boards, when
    assert kept.items() <= files(results).items(), when
    assert all(run.complete for run in find_runs(results)), when


def step_after(steps: Sequence[str], *parts: str, times: int = 1) -> int:
    """The number of the step after the one that holds all ``parts`` for so many ``times``."""
    found = [number for number, step in enumerate(steps, 1) if all(part in step for part in parts)]
    assert len(found) >= times, f"{parts} is no step of {steps}"
    return found[times - 1] + 1


def committed(steps: Sequence[str], cells: int) -> int:
    """The step after the one by which so many cells are there."""
    return step_after(steps, "os.rename", "cells", ".json", times=cells)


@pytest.mark.parametrize(
    ("arguments", "stride"),
    [
        pytest.param(RUN, 29, id="all tasks are there"),
        pytest.param(LACKING, 29, id="with a failing task"),
    ],
)
def test_a_run_killed_at_any_step_goes_on_to_the_same_boards(tmp_path, arguments, stride, scale):
    """Before any step that changes the disk, a kill damages nothing, and the same command ends in equal boards; some of
    the steps usually, all of them in a campaign."""
    whole = undisturbed(tmp_path / "whole", *arguments)
    assert len(whole.steps) > 50
    for step in range(1, len(whole.steps) + 1, max(1, stride // scale)):
        commands = Commands(write_job(tmp_path / str(step)))
        assert commands(*arguments, last_step=step).code == -signal.SIGKILL
        when = f"before step {step}, {whole.steps[step - 1]}"
        check_resume(commands, whole, arguments, check_state(commands, whole, when), when)
        shutil.rmtree(commands.folder)


@pytest.mark.campaign
def test_a_run_killed_again_and_again_comes_to_its_end(reference, tmp_path):
    """However often it is killed, every attempt keeps what the ones before it have saved, until there is no more."""
    commands = Commands(write_job(tmp_path / "job"))
    saved: list[set[str]] = [set()]
    while (done := commands(*RUN, last_step=len(reference.steps) // 3)).code:
        assert done.code == -signal.SIGKILL
        saved.append(check_state(commands, reference, f"attempt {len(saved)}"))
        assert saved[-1] >= saved[-2]
        assert len(saved) < 10
    assert len(saved) > 2
    assert boards(commands.folder / "leaderboards") == reference.boards


def test_a_killed_run_is_shown_as_incomplete(reference, tmp_path):
    """With half of a model's cells there is no average, and the missing subset is named as not run."""
    assert reference.averages["ngram"][-1] == "ranked"
    commands = Commands(write_job(tmp_path / "job"))
    commands(*RUN, last_step=committed(reference.steps, cells=1))
    assert commands("board").code == 0
    assert averages_in(commands.folder / "leaderboards") == {"ngram": NO_AVERAGE}
    assert "not run" in (commands.folder / "leaderboards" / "run.md").read_text(encoding="utf-8")
    (run,) = find_runs(commands.folder / "results")
    assert (len(run.cells), run.complete) == (1, False)


def test_a_broader_run_that_is_killed_is_not_taken_for_whole(reference, tmp_path):
    """Where a complete run is widened and killed, its old manifest does not vouch for the cells that are missing."""
    whole = undisturbed(tmp_path / "whole", *BROADER)
    steps = Commands(shutil.copytree(reference.folder, tmp_path / "copy"))(*BROADER).steps
    for more in (1, 3):
        commands = Commands(shutil.copytree(reference.folder, tmp_path / str(more)))
        commands(*BROADER, last_step=committed(steps, cells=more))
        scored = check_state(commands, whole, f"{more} more cells")
        assert len(scored) == 4 + more
        assert averages_in(commands.folder / "seen")["random"] == NO_AVERAGE
        check_resume(commands, whole, BROADER, scored, f"{more} more cells")


def test_a_sample_that_is_killed_makes_no_run_incomplete(reference, tmp_path):
    """A sample is on no board: killed or not, it changes none."""
    commands = Commands(shutil.copytree(reference.folder, tmp_path / "job"))
    sample = (*RUN, "--limit", "9")
    steps = Commands(shutil.copytree(reference.folder, tmp_path / "copy"))(*sample).steps
    assert commands(*sample, last_step=committed(steps, cells=3)).code == -signal.SIGKILL
    assert all(run.complete for run in find_runs(commands.folder / "results"))
    assert commands("board", "--boards", "seen").code == 0
    assert boards(commands.folder / "seen") == reference.boards


def test_a_second_run_changes_nothing(reference, tmp_path):
    """Where all is done, the same command writes no finished cell, and everything else with the same bytes."""
    whole = undisturbed(tmp_path / "job", *LACKING)
    commands = Commands(whole.folder)
    before = files(commands.folder / "results", "*/cells/*/*")
    assert commands(*LACKING).code == 0
    after = files(commands.folder / "results", "*/cells/*/*")
    assert {name: content for name, (content, _) in after.items()} == {
        name: content for name, (content, _) in before.items()
    }
    assert len(before) == 8 + 2  # four cells with items, and a skipped one a model
    assert {name: it for name, it in after.items() if "pairs" in name}.items() <= before.items()
    assert boards(commands.folder / "leaderboards") == whole.boards
    assert commands("board", "--boards", "seen").code == 0
    assert boards(commands.folder / "seen") == whole.boards


def test_what_a_kill_leaves_behind_is_swept_once_it_is_old(reference, tmp_path):
    """Half-written files are beside the real ones, disturb nobody, and are gone after a later run."""
    commands = Commands(write_job(tmp_path / "job"))
    commands(*RUN, last_step=step_after(reference.steps, "open", "cells", ".json"))
    steps = Commands(shutil.copytree(commands.folder, tmp_path / "copy"))(*RUN).steps
    commands(*RUN, last_step=step_after(steps, "open", ".run.md"))
    leftovers = list(commands.folder.glob("*/**/.*.tmp"))
    assert {path.relative_to(commands.folder).parts[0] for path in leftovers} == {"results", "leaderboards"}
    assert commands(*RUN).code == 0
    assert boards(commands.folder / "leaderboards") == reference.boards
    for path in leftovers:
        os.utime(path, (0, 0))
    assert commands(*RUN).code == 0
    assert not list(commands.folder.glob("*/**/.*.tmp"))
    assert boards(commands.folder / "leaderboards") == reference.boards


@pytest.mark.campaign
def test_scoring_again_can_be_killed_at_any_step(reference, tmp_path, scale):
    """The items of a cell that is scored anew stay until the new cell is there, even where their bytes differ; killed
    before some of the steps usually, before all of them in a campaign."""
    again = (*RUN, "--ci", "bootstrap", "--seed", "5")
    whole = Commands(shutil.copytree(reference.folder, tmp_path / "whole"))
    done = whole(*again, before=another_parquet)
    assert done.code == 0, done.err
    expected = boards(whole.folder / "leaderboards")
    assert expected != reference.boards
    for step in range(1, len(done.steps) + 1, max(1, 29 // scale)):
        commands = Commands(shutil.copytree(reference.folder, tmp_path / str(step)))
        assert commands(*again, last_step=step, before=another_parquet).code == -signal.SIGKILL
        seen = commands("board", "--boards", "seen")
        assert seen.code == 0, f"step {step}: {seen.err}"
        resumed = commands(*again)
        assert resumed.code == 0, f"step {step}: {resumed.err}"
        assert boards(commands.folder / "leaderboards") == expected, f"step {step}"
        shutil.rmtree(commands.folder)


LEXICON = ("run", "--task", "lexicon", "-l", "mlt", "-l", "slk", *MODELS)


def test_a_process_killed_from_outside_at_random_moments(xlbench_cli, tmp_path, scale):
    """`kill -9` of `python -m xlbench run` after so many cells and a random moment; then it runs to equal boards."""
    done = xlbench_cli([*LEXICON, "--results", "r0", "--boards", "b0"])
    assert done.returncode == 0, done.stderr
    chance = random.Random(1)
    saved: dict[str, tuple[bytes, int]] = {}
    for _ in range(min(3 * scale, 30)):
        _kill_at_random(tmp_path, chance)
        seen = xlbench_cli(["board", "--boards", "seen"])
        assert seen.returncode in (0, 2), seen.stderr
        now = files(tmp_path / "results", "*/cells/*/*.json") if (tmp_path / "results").exists() else {}
        assert saved.items() <= now.items()
        saved = now
    done = xlbench_cli(LEXICON)
    assert done.returncode == 0, done.stderr
    assert boards(tmp_path / "leaderboards") == boards(tmp_path / "b0")
    assert saved.items() <= files(tmp_path / "results").items()


def _kill_at_random(folder: Path, chance: random.Random) -> None:
    """Start the command, wait for up to three more cells and then up to 0.3 s, and kill it."""

    def cells() -> int:
        return len(list(folder.glob("results/*/cells/*/*.json")))

    wanted = cells() + chance.randrange(4)
    process = subprocess.Popen(
        [sys.executable, "-m", "xlbench", *LEXICON], cwd=folder, env=environment((), {}),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while process.poll() is None and cells() < wanted:
        time.sleep(0.002)
    time.sleep(chance.random() * 0.3)
    process.kill()
    process.wait()
