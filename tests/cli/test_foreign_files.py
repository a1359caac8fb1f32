"""Files that a stranger may have written and a command reads: what could be read without end is refused at once."""

from __future__ import annotations

import os
import tomllib

import pytest
from unix import ON_UNIX

from xlbench import UsageError
from xlbench.core.foreign_files import LARGEST_TOML, check_regular, parse_toml
from xlbench.reports.compare.logs import inspect_log, lm_harness
from xlbench.reports.gate.policy import read_policy
from xlbench.reports.imported import read_mteb
from xlbench.reports.published import read_figures

NESTED = "[" * 100_000
ENDLESS = {"a key of 100,000 parts": "a" + ".a" * 100_000 + " = 1\n", "lists in lists": f"a = {NESTED}\n"}


def pipe(path):
    os.mkfifo(path)
    return path


READERS = {
    "figures": lambda folder: read_figures(pipe(folder / "figures.csv")),
    "a policy": lambda folder: read_policy(pipe(folder / "policy.toml")),
    "a log of inspect_ai": lambda folder: inspect_log.read(pipe(folder / "log.json")),
    "a packed log of inspect_ai": lambda folder: inspect_log.read(pipe(folder / "log.eval")),
    "results of lm-eval": lambda folder: lm_harness.read(pipe(folder / "results_1.json").parent),
    "xlbench.toml": lambda folder: check_regular(pipe(folder / "xlbench.toml"), LARGEST_TOML),
}


@ON_UNIX
@pytest.mark.parametrize("kind", READERS)
def test_a_pipe_is_refused(kind, tmp_path):
    """Whoever reads a pipe waits for ever: one line says what the file is."""
    with pytest.raises(UsageError, match=r"is no regular file \(a pipe or a device\): give a file"):
        READERS[kind](tmp_path)


@ON_UNIX
def test_a_device_behind_a_link_is_refused_and_what_is_absent_is_not(tmp_path):
    """A link to /dev/zero never ends; a file that is not there, and a folder, have lines of their own elsewhere."""
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="no regular file"):
        check_regular(tmp_path / "zero")
    check_regular(tmp_path)
    check_regular(tmp_path / "absent")


@ON_UNIX
def test_a_pipe_among_results_of_mteb_is_left_out(tmp_path):
    """It is counted with what cannot be read, and the command goes on."""
    folder = tmp_path / "org__name" / "1"
    folder.mkdir(parents=True)
    pipe(folder / "Task.json")
    with pytest.raises(UsageError, match="1 x a file that cannot be read as JSON"):
        read_mteb(tmp_path)


@pytest.mark.parametrize("kind", ENDLESS)
def test_toml_without_end_is_no_toml(kind, tmp_path):
    """What would take minutes, or end the process, is an error of the text, and of a policy a line."""
    with pytest.raises(tomllib.TOMLDecodeError):
        parse_toml(ENDLESS[kind])
    (tmp_path / "policy.toml").write_text(ENDLESS[kind], encoding="utf-8")
    with pytest.raises(UsageError, match=r"policy\.toml:1: not valid TOML"):
        read_policy(tmp_path / "policy.toml")


@pytest.mark.parametrize("kind", ENDLESS)
def test_settings_without_end_are_one_line(kind, xlbench_cli, tmp_path):
    """An xlbench.toml of that kind ends every command that reads it with code 2."""
    (tmp_path / "xlbench.toml").write_text(ENDLESS[kind], encoding="utf-8")
    done = xlbench_cli(["list", "areas"], timeout=60)
    assert done.returncode == 2
    assert "xlbench: xlbench.toml is not valid TOML: " in done.stderr
    assert len(done.stderr) < 300


def test_results_of_lm_eval_nested_without_end_are_one_line(tmp_path):
    """Neither the results nor a sample ends the process."""
    (tmp_path / "results_1.json").write_text(NESTED, encoding="utf-8")
    with pytest.raises(Exception, match="lists in one another without end") as found:
        lm_harness.read(tmp_path)
    assert "\n" not in str(found.value)
