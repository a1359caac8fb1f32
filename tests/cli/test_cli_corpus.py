"""`xlbench corpus` as a process: tables, dry runs, errors in one line, kills, and memory that does not grow."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from conftest import environment
from pseudo_terminal import in_terminal
from tiny_task import one_line
from unix import ON_UNIX

from xlbench.cli.corpus import progress_text
from xlbench.corpus import read
from xlbench.corpus.counting import Progress

LINES = ["नेपालका हिमालहरू धेरै अग्ला छन् र सुन्दर छन्।", "काठमाडौं नेपालको राजधानी हो।", "मेरो घरमा पानी छैन, बत्ती पनि छैन।"]


@pytest.fixture
def news(tmp_path):
    """A file of three sentences, in the folder of commands."""
    (tmp_path / "news.txt").write_text("\n".join([*LINES, LINES[0]]), encoding="utf-8")
    return "news.txt?register=news"


def test_what_is_printed(news, xlbench_cli, tmp_path):
    """The confusion table, the counts of each step and the totals are printed; notes and files go to standard error."""
    done = xlbench_cli(["corpus", news, "-l", "nep", "--out", "out", "--near", "1"])
    assert done.returncode == 0, done.stderr
    for text in ("taken for hin", "mini-parallel, nep", "dedupe", "copy of an earlier line 1", "3 lines (news 3)"):
        assert text in done.stdout
    assert "No license is known of news.txt" in done.stderr
    assert "wrote out/{README.md,corpus.json,corpus.jsonl.gz,dropped.jsonl.gz}" in done.stderr
    assert "xlbench corpus 'news.txt?register=news' -l nep" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert one_line(xlbench_cli(["corpus", news, "-l", "nep", "--out", "out"]), 2).startswith(
        "xlbench: --out out holds"
    )


def test_json_and_quiet(news, xlbench_cli, tmp_path):
    """With --json the manifest is printed, with --quiet nothing at all."""
    arguments = ["corpus", news, "-l", "nep", "--steps", "lid,dedupe", "--near", "1"]
    told = json.loads(xlbench_cli([*arguments, "--json", "--out", "a"]).stdout)
    assert told.pop("folder") == "a"
    written = json.loads((tmp_path / "a" / "corpus.json").read_text(encoding="utf-8"))
    assert told == written
    assert told["steps"] == ["lid", "dedupe"]
    done = xlbench_cli([*arguments, "--quiet", "--out", "b"])
    assert done.stdout == ""
    assert (tmp_path / "a" / "corpus.jsonl.gz").read_bytes() == (tmp_path / "b" / "corpus.jsonl.gz").read_bytes()


def test_a_dry_run_writes_nothing(news, xlbench_cli, tmp_path):
    """It says how many lines there are, counted or about, what would be kept of those tried, and how long it takes."""
    (tmp_path / "big.txt").write_text("\n".join(f"{number} {LINES[1]}" for number in range(20_000)), encoding="utf-8")
    done = xlbench_cli(["corpus", news, "big.txt", "-l", "nep", "--steps", "normalize", "--out", "out", "-n", "--json"])
    told = json.loads(done.stdout)["inputs"]
    assert (told[0]["lines"], told[0]["is_counted"], told[0]["kept"]) == (4, True, 4)
    assert (told[1]["tried"], told[1]["is_counted"]) == (3000, False)
    assert told[1]["lines"] == pytest.approx(20_000, rel=0.15)
    assert told[1]["seconds"] > 0
    done = xlbench_cli(["corpus", news, "big.txt", "-l", "nep", "--steps", "normalize", "--out", "out", "--dry-run"])
    assert "about " in done.stdout
    assert "nothing is written" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"news.txt", "big.txt"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nws.txt", "-l", "nep"], 2, "Did you mean 'news.txt'"),
        (["news.txt", "-l", "nep", "--steps", "lid,dedup"], 2, "Did you mean 'dedupe'"),
        (["news.txt", "-l", "hin", "--steps", "normalize"], 2, "there are no rules for hin, but for nep"),
        (["news.txt", "bad.txt", "-l", "nep"], 3, "bad.txt, line 2: not UTF-8"),
        (["card:ntrex:nep", "-l", "nep", "--data", "nowhere"], 3, "ntrex"),
        (["news.txt", "-l", "nep", "--steps", "split", "--rules", "rules.toml"], 3, "rules.toml: no TOML"),
        (["news.txt", "-l", "nep", "--steps", "split", "--near", ".9"], 2, "--near 0.9: it is for the step dedupe"),
        (["news.txt", "-l", "nep", "--steps", "split", "--measure-on", "nep=news.txt"], 2, "--measure-on is for the"),
        (["news.txt", "-l", "nep", "--steps", "split", "--measure-on", "nep=news.txt", "-n"], 2, "--measure-on is for"),
        (["news.txt", "-l", "nep", "--steps", "lid", "--measure-on", "nep=nws.txt", "-n"], 2, "there is no such file"),
    ],
)
def test_errors_are_one_line(arguments, code, message, news, xlbench_cli, tmp_path):
    """What is wrong is said in one line, with what to do, and nothing is left behind."""
    (tmp_path / "bad.txt").write_bytes(b"fine\n\xff\n")
    (tmp_path / "rules.toml").write_text("= 3")
    before = {path.name for path in tmp_path.iterdir()}
    assert message in one_line(xlbench_cli(["corpus", *arguments, "--out", "out"]), code)
    assert {path.name for path in tmp_path.iterdir()} == before


def test_how_far_it_is():
    """Progress says lines, rate, share and time left, which follow from bytes: half in 10 seconds, 10 more."""
    progress = Progress("a.txt", 500, 1000, 20_000, 15_000)
    assert progress_text(progress, 10) == "20,000 lines read, 15,000 kept  2,000 a second  50%  about 0:10 left  a.txt"
    assert progress_text(Progress("card", 0, 0, 5, 5), 1) == "5 lines read, 5 kept  5 a second  card"


def many(path, count):
    """A file of so many different sentences."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(f"{number} {LINES[number % 3]} {number * 7919 % 100_003} यो {number} होइन\n")


COMMAND = [sys.executable, "-m", "xlbench", "corpus", "many.txt", "-l", "nep", "--out", "out"]


@pytest.mark.slow
def test_a_kill_leaves_nothing_that_stays(xlbench_cli, tmp_path):
    """A killed process leaves no corpus; what it has left beside is removed by the next one, and by none that runs."""
    many(tmp_path / "many.txt", 60_000)
    command = [*COMMAND, "--steps", "normalize,dedupe"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment([], {}), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not [*tmp_path.glob(".out.*.tmp/corpus.jsonl.gz")]:
        time.sleep(0.05)
    (left,) = tmp_path.glob(".out.*.tmp")
    (tmp_path / "few.txt").write_text(LINES[0], encoding="utf-8")
    few = ["corpus", "few.txt", "-l", "nep", "--steps", "dedupe", "--near", "1", "-q", "--out"]
    assert xlbench_cli([*few, "other"]).returncode == 0
    assert left.is_dir()  # of another folder, and at work
    process.kill()
    process.wait()
    assert not (tmp_path / "out").exists()
    assert left.is_dir()
    assert xlbench_cli([*few, "out"]).returncode == 0
    assert not left.exists()
    assert len(read(tmp_path / "out")) == 1


@pytest.mark.slow
@ON_UNIX
def test_ctrl_c_leaves_nothing(tmp_path):
    """Ctrl-C ends it with 130 and one line; there is no folder, and nothing beside it."""
    many(tmp_path / "many.txt", 60_000)
    process = subprocess.Popen([*COMMAND, "--steps", "normalize"], cwd=tmp_path, env=environment([], {}),
                               stderr=subprocess.PIPE, text=True)  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not [*tmp_path.glob(".out.*.tmp/corpus.jsonl.gz")]:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert (process.returncode, error.strip()) == (130, "xlbench: stopped.")
    assert [path.name for path in tmp_path.iterdir()] == ["many.txt"]


@pytest.mark.slow
@ON_UNIX
def test_progress_is_one_live_line(tmp_path):
    """On a terminal there is a line that says how far it is, and nothing is left of it."""
    many(tmp_path / "many.txt", 30_000)
    shown = in_terminal([*COMMAND[3:], "--steps", "normalize"], tmp_path, environment([], {"CI": None}), 100)
    assert shown.code == 0, shown.raw
    assert any("lines read" in frame and "left" in frame for frame in shown.raw.split("\r"))
    assert not any("lines read" in line for line in shown.screen)


PEAK = """
import resource, sys, xlbench.corpus
from xlbench.corpus import duplicates
duplicates.MEGABYTES = 2
xlbench.corpus.prepare([sys.argv[1]], "nep", sys.argv[2], steps=["normalize", "dedupe"])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@ON_UNIX
def test_memory_does_not_grow_with_the_files(tmp_path):
    """Ten times as many lines take no more than a tenth more memory: the index of duplicates lies on the disk."""
    peaks = {}
    for count in (1_000, 10_000):
        with (tmp_path / f"{count}.txt").open("w", encoding="utf-8") as file:
            for number in range(count):  # half a KiB each: the index of the larger file has 15 MiB
                file.write(random.Random(number).randbytes(250).hex() + "\n")
        command = [sys.executable, "-c", PEAK, str(tmp_path / f"{count}.txt"), str(tmp_path / f"out-{count}")]
        done = subprocess.run(command, capture_output=True, text=True, env=environment([], {}), timeout=280)
        assert done.returncode == 0, done.stderr
        peaks[count] = int(done.stdout)
    assert peaks[10_000] < 1.1 * peaks[1_000]
