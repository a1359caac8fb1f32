"""What reaches the terminal: nothing that strangers wrote is obeyed by it."""

import ast
import json
from pathlib import Path

import click
import pytest

from xlbench import cli
from xlbench.cli.output import printing
from xlbench.core.text import escaped_json, printable

CLI = Path(printing.__file__).parent.parent
HOSTILE = "a\x1b]0;owned\x07b\x1b[2Jc\x9b2Jd\re\u202ef\x7f"


def test_every_text_to_the_terminal_goes_one_way():
    """`click.echo`, `secho`, `print` and writes to the streams occur in printing.py alone."""
    for path in sorted(CLI.rglob("*.py")):
        calls = [
            node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
        ]
        names = {f"{ast.unparse(call)}" for call in calls}
        ways = {
            "click.echo",
            "click.secho",
            "print",
            "sys.stdout.write",
            "sys.stderr.write",
            "traceback.print_exception",
        }
        assert names & ways <= ({"click.echo"} if path.name == "printing.py" else set()), path.name


def test_printed_text_holds_nothing_that_a_terminal_obeys(capsys):
    """Escape sequences, C1 controls, carriage returns and bidi overrides are gone; tabs and line breaks stay."""
    printing.echo(f"{HOSTILE}\n\tnext\r\nlast")
    assert capsys.readouterr().out == "a]0;ownedb[2Jc2Jd ef\n\tnext\nlast\n"
    printing.echo(HOSTILE, err=True)
    assert "\x1b" not in capsys.readouterr().err


def test_printed_json_is_the_same_value_with_escapes(capsys):
    """What would be obeyed is escaped, so that programs read what was there; letters of every script stay."""
    plain = {"name": HOSTILE, "text": "हिन्दी\u200d \U000e0041", "ascii": "\x7f"}
    printing.echo_json(plain)
    shown = capsys.readouterr().out
    assert json.loads(shown) == plain
    assert "हिन्दी" in shown
    assert printable(shown) == shown


def test_escaped_json_of_ascii_is_left_alone():
    """Most JSON needs no escape."""
    assert escaped_json('{"a": 1}') == '{"a": 1}'


@pytest.mark.parametrize(
    "args",
    [["list", f"models{HOSTILE}"], ["run", "-m", HOSTILE], [f"run{HOSTILE}"], ["board", f"no{HOSTILE}"],
     ["published", f"no{HOSTILE}"], ["board", f"--no{HOSTILE}"]],
    ids=lambda args: args[0][:9],
)  # fmt: skip
def test_messages_of_every_command_are_harmless(args, xlbench_cli, tmp_path):
    """Whatever is quoted in an error, by xlbench or by click, comes out as plain text."""
    done = xlbench_cli(args)
    assert done.returncode == 2
    text = done.stdout + done.stderr
    assert text == printable(text)


def test_a_config_file_cannot_write_to_the_terminal(xlbench_cli, tmp_path):
    """A key of a stranger's xlbench.toml is quoted in the error, without its escape sequence."""
    (tmp_path / "xlbench.toml").write_text('[run]\n"\\u001b]0;owned\\u0007" = 1\n', encoding="utf-8")
    done = xlbench_cli(["list", "tasks"])
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("group", ["cache", "results"])
def test_a_wrong_subcommand_gets_a_guess(group, xlbench_cli):
    """click's own: the nearest subcommand is named."""
    done = xlbench_cli([group, "verfy"])
    assert done.returncode == 2
    assert "No such command 'verfy'. Did you mean 'verify'?" in done.stderr


@pytest.mark.parametrize(("command", "goes_on"), [("run", True), ("train", False), ("board", False)])
def test_what_is_stopped_says_whether_it_goes_on(command, goes_on, monkeypatch, capsys):
    """Only of commands that go on from where they were stopped the last line says that they do."""

    def stopped(*given, **named):
        raise click.Abort

    monkeypatch.setattr(cli.group, "main", stopped)
    with pytest.raises(SystemExit) as ended:
        cli.main([command])
    assert ended.value.code == 130
    said = capsys.readouterr().err
    assert ("goes on from there" in said, said.startswith("xlbench: stopped")) == (goes_on, True)
