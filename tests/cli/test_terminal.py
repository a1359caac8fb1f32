"""What a person sees: real processes in a pseudo-terminal, and in streams that go elsewhere."""

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import environment
from tiny_task import tiny

if os.name != "posix":
    pytest.skip("pseudo-terminals are of POSIX", allow_module_level=True)

from pseudo_terminal import in_terminal

pytestmark = pytest.mark.slow

RUN = ["run", "-m", "good-letters", "-m", "random"]
CLEAN = {"TERM": "xterm-256color", "CI": None, "NO_COLOR": None, "COLUMNS": None}
NUMBER = re.compile(r"\d+\.\d( ±\d+\.\d| \[-?\d+\.\d, -?\d+\.\d\])")

BARS = """
import logging
import sys
import time


class Bars:
    def encode(self, texts, role=None):
        import numpy as np

        for part in range(1, 11):
            print(f"\\rBatches: {part}0%", end="", file=sys.stderr, flush=True)
            time.sleep(0.03)
        print(file=sys.stderr)
        print("a line of the encoder")
        print("\\x1b[31ma red line\\x1b[0m", file=sys.stderr)
        logging.getLogger("bars").warning("a line of the log")
        return np.array([[len(text), text.count("a") + 0.5, text.count("e")] for text in texts])
"""


@pytest.fixture
def terminal(installed_dists, tmp_path):
    """A function that runs xlbench in a terminal, with the distribution bad_encoders installed."""

    def run(args, columns=80, env=None, **options):
        ours = environment([installed_dists("bad_encoders")], {**CLEAN, **(env or {})})
        return in_terminal(args, tmp_path, ours, columns, **options)

    return run


def assert_fits(shown, columns):
    """No line is wider than the window, no interval is broken, and nothing of the live line is left."""
    assert not [line for line in shown.screen if len(line) > columns]
    assert all(line.count("[") == line.count("]") for line in shown.screen if not line.startswith("wrote"))
    assert not [line for line in shown.screen if re.search(r"\d/\d+ cells", line)]


@pytest.mark.parametrize("columns", [pytest.param(200, marks=pytest.mark.campaign), 80, 40])
def test_a_run_shows_one_live_line_and_ends_with_the_standings(terminal, tmp_path, columns):
    """In any window: cells done while it runs, then table, verdict and files, and nothing of the live line."""
    shown = terminal([*RUN, *tiny(tmp_path)], columns)
    assert shown.code == 0
    assert_fits(shown, columns)
    assert any("/8 cells" in frame for frame in shown.frames)
    assert max(map(len, shown.frames)) < columns
    screen = [line for line in shown.screen if line]
    header, best = screen[:2]
    assert header.split()[:3] == ["Rank", "Model", "Retrieval"]
    assert best.split()[:2] == ["1", "good-letters"]
    assert NUMBER.search(best)
    assert "good-letters is best" in " ".join(screen)
    assert "wrote leaderboards/run.md" in screen


def test_a_run_that_encodes_says_how_fast_and_how_long(terminal, tmp_path):
    """Once a cell is computed, the live line has texts a second and the time that is left."""
    shown = terminal(["run", "-m", "slow", *tiny(tmp_path)], 80)
    assert any(re.search(r"[123]/4 cells  [\d,]+ texts/s  0:0\d left", frame) for frame in shown.frames)
    assert any("slow encodes 20 of 20 texts" in frame for frame in shown.frames)


@pytest.mark.parametrize(
    "engine",
    [[], pytest.param(["--engine", "processes", "--workers", "2"], marks=pytest.mark.campaign)],
    ids=["here", "processes"],
)
def test_lines_and_bars_of_an_encoder_leave_the_live_line_whole(terminal, tmp_path, engine):
    """What encoders print, here or in worker processes, stands in whole lines above; a bar is shown in the line."""
    (tmp_path / "bars.py").write_text(BARS, encoding="utf-8")
    shown = terminal(["run", "-m", "./bars.py:Bars", *tiny(tmp_path), *engine], 80)
    assert shown.code == 0
    assert_fits(shown, 80)
    printed = shown.screen[: shown.screen.index(next(line for line in shown.screen if line.startswith("Rank")))]
    assert {*printed} == {"a line of the encoder", "a red line", "a line of the log"}
    assert any("Batches: " in frame for frame in shown.frames)


@pytest.mark.campaign
def test_ctrl_c_closes_the_live_line_and_says_how_far_it_came(terminal, tmp_path):
    """The last lines are how many cells are done and how to go on; nothing of the line stays before them."""
    shown = terminal(["run", "-m", "slow", *tiny(tmp_path)], 99, stop=lambda raw: bool(re.search("[12]/4 cells", raw)))
    assert shown.code == 130
    *before, stopped, hint = [line for line in shown.screen if line]
    assert before == []
    assert re.fullmatch("stopped with [123] of 4 cells done", stopped)
    assert hint.startswith("xlbench: stopped; what was done is saved")


@pytest.mark.parametrize("env", [{"CI": "true"}, {"TERM": "dumb"}], ids=["CI", "dumb"])
def test_where_a_line_cannot_be_drawn_again_there_is_one_a_task(terminal, tmp_path, env):
    """In the terminal of a CI service and in a dumb one: a line a model and task, no carriage return, no live line."""
    shown = terminal([*RUN, *tiny(tmp_path)], 80, env)
    assert not shown.frames
    assert "\r" not in shown.raw.replace("\r\n", "\n")
    lines = [re.sub(", about .* left", "", line) for line in shown.screen if " ok" in line]
    assert lines == ["good-letters: tiny: 4 ok (1 of 2)", "random: tiny: 4 ok (2 of 2)"]


@pytest.mark.parametrize(
    "env", [{"NO_COLOR": "1"}, pytest.param({"TERM": "dumb"}, marks=pytest.mark.campaign)], ids=["NO_COLOR", "dumb"]
)
def test_there_is_no_style_where_none_is_wanted(terminal, tmp_path, env):
    """Under NO_COLOR and in a dumb terminal no escape sequence is written; elsewhere the heading is bold."""
    assert "\x1b" not in terminal([*RUN, *tiny(tmp_path)], 80, env).raw
    assert "\x1b[1mRank" in terminal(["board"], 80).raw


def test_json_alone_goes_to_standard_output(terminal, tmp_path):
    """With --json standard output is one JSON value, while the terminal has the live line and nothing else for long."""
    shown = terminal(["run", "-m", "slow", *tiny(tmp_path), "--json"], 80, redirect={"stdout": tmp_path / "out"})
    assert shown.code == 0
    assert json.loads((tmp_path / "out").read_text(encoding="utf-8"))["exit_code"] == 0
    assert any("/4 cells" in frame for frame in shown.frames)
    assert not "".join(shown.screen)


def test_quiet_is_quiet_in_a_terminal(terminal, tmp_path):
    """--quiet writes nothing at all there."""
    assert terminal([*RUN, *tiny(tmp_path), "--quiet"], 80).raw == ""


def test_a_redirected_table_is_whole_though_the_window_is_narrow(terminal, tmp_path):
    """Standard output that goes to a file has all columns, in one line a model, and no style."""
    shown = terminal([*RUN, *tiny(tmp_path)], 40, redirect={"stdout": tmp_path / "out"})
    header, *_ = (tmp_path / "out").read_text(encoding="utf-8").splitlines()
    assert header.split() == ["Rank", "Model", "Retrieval", "Above", "chance", "n", "Clusters"]
    assert "\x1b" not in (tmp_path / "out").read_text(encoding="utf-8")
    assert any("/8 cells" in frame for frame in shown.frames)


@pytest.mark.parametrize(
    "encoding",
    ["ascii", pytest.param("cp1252", marks=pytest.mark.campaign), pytest.param("cp932", marks=pytest.mark.campaign)],
)
def test_no_encoding_of_a_stream_ends_a_command(tmp_path, encoding):
    """Where the stream lacks dashes, raised digits or a script, they are written otherwise: tables, JSON and pages."""
    (tmp_path / "letters.py").write_text(BARS + "\n\nclass हिन्दी(Bars):\n    pass\n", encoding="utf-8")
    env = environment([], {**CLEAN, "PYTHONIOENCODING": f"{encoding}:strict", "PYTHONUTF8": "0"})
    models = ["-m", "random", "-m", "./letters.py:हिन्दी"]

    def printed(*args):
        done = subprocess.run([sys.executable, "-m", "xlbench", *args], cwd=tmp_path, env=env, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode(encoding)

    for command in (["run", *models, *tiny(tmp_path)], ["board"], ["board", "--print"]):
        text = printed(*command)
        assert "random" in text
        assert "./letters.py:\\u0939\\u093f" in text
    plain = json.loads(printed("board", "--json"))
    assert {row["model"] for row in plain["boards"][0]["models"]} == {"random", "./letters.py:हिन्दी"}
