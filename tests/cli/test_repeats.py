"""Options that take one value and are given two."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from xlbench.cli import group
from xlbench.cli.options.repeats import refuse_repeats


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["board", "results", "--suite", "mini", "--suite", "open"], "--suite"),
        (["board", "results", "-s", "mini", "--suite", "open"], "--suite"),
        (["run", "--results", "a", "--dry-run", "--results=b"], "--results"),
        (["results", "merge", "a", "--out", "b", "--out", "c"], "--out"),
        (["gate", "run", "--baseline", "a", "--baseline", "b"], "--baseline"),
    ],
)
def test_a_second_value_is_refused(arguments, option, tmp_path, monkeypatch):
    """In commands and in those of groups, by the long name or the short one."""
    monkeypatch.chdir(tmp_path)  # a gate writes its verdict whatever happens
    done = CliRunner().invoke(group, arguments)
    assert done.exit_code == 2
    assert f"Error: {option} is given 2 times, and takes one value." in done.output


def test_what_may_be_repeated_stays():
    """Options that take several values, flags and counts; and click's own errors are told first."""

    @click.command()
    @click.option("--many", multiple=True)
    @click.option("--flag", is_flag=True)
    @click.option("--often", count=True)
    @click.option("--single", default="none")
    def command(many, flag, often, single):
        click.echo(f"{many} {flag} {often} {single}")

    for _ in range(2):  # heeded twice, refused once
        refuse_repeats(command)
    arguments = ["--many", "a", "--many", "b", "--flag", "--flag", "--often", "--often", "--single", "x"]
    assert CliRunner().invoke(command, arguments).output == "('a', 'b') True 2 x\n"
    assert "No such option" in CliRunner().invoke(command, ["--single", "x", "--single", "y", "--sinlge", "z"]).output
