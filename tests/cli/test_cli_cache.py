"""``xlbench cache``: what is there, clearing and checking it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cached_vectors import A, B, damage, keys, numbers
from conftest import Cli, environment
from unix import NO_TERMINAL

from xlbench.encoding.cache import (
    Cache,
)


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """A folder with a cache of two models."""
    folder = tmp_path / "kept"
    with Cache(folder) as cache:
        cache.put(A, "", keys(40), numbers(40))
        cache.remember(A, {"label": "alpha"})
        cache.put(B, "query", keys(2), numbers(2))
        cache.remember(B, {"label": "beta\x1b[31m"})
    return folder


def test_the_command_shows_what_is_there(filled, xlbench_cli: Cli):
    """info shows the folder, the sizes, and a line a model; the same as JSON; the option and the variable name it."""
    shown = xlbench_cli(["cache", "info", "--folder", filled])
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert str(filled) in lines[0]
    assert "of at most 20.0 GiB" in lines[0]
    assert lines[1] == "42 entries of 2 models"
    assert [line.split()[:3] for line in lines[3:]] == [
        ["model", "identity", "entries"], ["alpha", "a" * 12, "40"], ["beta[31m", "b" * 12, "2"]]  # fmt: skip
    plain = json.loads(xlbench_cli(["cache", "info", "--json"], env={"XLBENCH_CACHE": str(filled)}).stdout)
    assert (plain["schema"], plain["entries"], plain["cap"], plain["set_aside"]) == (1, 42, 20 << 30, [])
    first = plain["models"][0]
    assert (first["label"], first["entries"], first["bytes"]) == ("alpha", 40, 1280)
    assert plain["models"][0]["last_used"].endswith("Z")


def test_the_command_clears(filled, xlbench_cli: Cli):
    """clear removes a model, or all; where nobody can answer it wants --yes, in one line, with exit code 2."""
    for arguments in (["cache", "clear"], ["cache", "clear", "alpha"], ["cache", "clear", "alhpa", "--yes"]):
        done = xlbench_cli([*arguments, "--folder", filled])
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "--yes" in done.stderr or "Did you mean 'alpha'" in done.stderr
    done = xlbench_cli(["cache", "clear", "alpha", "--yes", "--folder", filled])
    assert (done.returncode, done.stdout.startswith("removed 40 entries")) == (0, True), done.stderr
    done = xlbench_cli(["cache", "clear", "-y", "--folder", filled])
    assert (done.returncode, done.stdout.startswith("removed 2 entries")) == (0, True), done.stderr
    assert xlbench_cli(["cache", "info", "--folder", filled]).stdout.splitlines()[1] == "0 entries of 0 models"


@pytest.mark.parametrize(("answer", "left"), [("y", 2), ("n", 42)])
def test_the_command_asks_on_a_terminal(filled, answer, left):
    """On a terminal it asks, and does what it is told."""
    pty = pytest.importorskip("pty", reason=NO_TERMINAL)
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "xlbench", "cache", "clear", "alpha", "--folder", str(filled)]
    one = subprocess.Popen(command, stdin=follower, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                           env=environment([], {}))  # fmt: skip
    os.write(leader, f"{answer}\n".encode())
    out, err = one.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert one.returncode == 0, err
    assert "Remove 40 entries of 1 model" in err
    assert ("nothing was removed" in out) == (answer == "n")
    with Cache(filled) as cache:
        assert cache.info().entries == left


def test_the_command_verifies(filled, xlbench_cli: Cli):
    """verify ends with 0 where all is well, with 3 where something was damaged, and with 0 thereafter."""
    done = xlbench_cli(["cache", "verify", "--folder", filled])
    assert (done.returncode, done.stdout, done.stderr) == (0, "checked 42 entries: 0 damaged\n", "")
    damage(Cache(filled), "UPDATE entries SET vectors = zeroblob(32) WHERE grp = 2")
    done = xlbench_cli(["cache", "verify", "--folder", filled])
    assert (done.returncode, done.stdout) == (3, "checked 42 entries: 2 damaged\n")
    assert done.stderr == "xlbench: 2 damaged entries of the cache were set aside and are computed again\n"
    assert xlbench_cli(["cache", "verify", "--folder", filled]).returncode == 0
    (filled / "vectors-2.sqlite").write_bytes(b"no database at all" * 99)
    done = xlbench_cli(["cache", "verify", "--folder", filled])
    assert done.returncode == 3
    assert "was set aside as" in done.stderr
    assert "set aside as damaged" in xlbench_cli(["cache", "info", "--folder", filled]).stdout


def test_the_command_without_a_cache(xlbench_cli: Cli, tmp_path):
    """Where there is none, nothing is made, and nothing is wrong."""
    for action in (["info"], ["clear", "--yes"], ["verify"], ["clear"]):
        done = xlbench_cli(["cache", *action, "--folder", tmp_path / "none"])
        assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("action", ["info", "clear", "verify"])
def test_each_action_explains_itself(action, xlbench_cli: Cli):
    """Each has its own help, with examples that name it."""
    shown = xlbench_cli(["cache", action, "--help"]).stdout
    assert "--folder" in shown
    assert f"  xlbench cache {action}" in shown.split("Examples:")[1]


def test_a_wrong_action_is_corrected(xlbench_cli: Cli):
    """An action that there is not is answered with the one that was meant."""
    done = xlbench_cli(["cache", "claer"])
    assert done.returncode == 2
    assert "Did you mean 'clear'" in done.stderr
