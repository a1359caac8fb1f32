"""Completion: a shell is offered commands, options and names, quickly, and never an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from conftest import environment

from xlbench.cli import COMMANDS, COMPLETE, main


@pytest.fixture
def offered(tmp_path, monkeypatch, capfd):
    """A function: a command line (its last word is incomplete) -> what is offered, the exit code, standard error."""
    monkeypatch.chdir(tmp_path)

    def ask(line, shell="bash"):
        words = ["xlbench", *line.split(" ")]
        monkeypatch.setenv(COMPLETE, f"{shell}_complete")
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        with pytest.raises(SystemExit) as stop:
            main([])
        shown = capfd.readouterr()
        return [one.partition(",")[2] for one in shown.out.splitlines() if one], stop.value.code, shown.err

    return ask


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("", ["run", "board", "completion"]),
        ("comp", ["compare", "completion"]),
        ("--no", ["--no-plugins"]),
        ("run --mod", ["--model"]),
        ("run -m n", ["ngram", "ngram-translit"]),
        ("run -m ngram -t mini-ne", ["mini-nearmiss", "mini-ner", "mini-news"]),
        ("run --suite mi", ["mini"]),
        ("run --language hi", ["hin"]),
        ("run --engine s", ["serial"]),
        ("run --format la", ["latex"]),
        ("run --ci b", ["bootstrap"]),
        ("board --area n", ["ner", "news"]),
        ("gate r", ["run"]),
        ("gate run --task lex", ["lexicon"]),
        ("list t", ["tasks"]),
        ("list models ng", ["ngram", "ngram-translit"]),
        ("list areas sent", ["sentiment"]),
        ("plugins check base", ["baselines"]),
        ("--plugin trans", ["transformers"]),
        ("--config a.toml run --eng", ["--engine"]),
        ("train siam", ["siamese"]),
        ("completion z", ["zsh"]),
    ],
)
def test_commands_options_and_names_are_offered(line, among, offered):
    """What begins as the last word, and nothing else; standard error is empty."""
    names, code, told = offered(line)
    assert (code, told) == (0, "")
    assert set(among) <= set(names)
    assert all(name.startswith(line.split(" ")[-1]) for name in names)


def test_every_command_is_offered(offered):
    """All commands, in their order, none of which is imported for its name."""
    assert offered("")[0] == [*COMMANDS]


def test_cards_and_files_are_offered_by_the_shell(offered, capfd):
    """A task or model that begins as a path is left to the shell."""
    assert offered("run -t ./my") == (["./my"], 0, "")


@pytest.mark.parametrize("line", ["nonsense ", "list nonsense ", "run --nonsense ", "gate nonsense x"])
def test_what_cannot_be_completed_gives_no_error(line, offered):
    """A command line that is wrong is completed by nothing, and nothing is printed."""
    names, _, told = offered(line)
    assert (names, told) == ([], "")


@pytest.mark.parametrize("dist", ["broken_import", "exits", "chatty", "half_way"])
def test_a_bad_plugin_does_not_disturb(dist, offered, installed_dists, monkeypatch):
    """Plugins that cannot be imported, that end the process or that print leave the names of others alone."""
    monkeypatch.syspath_prepend(installed_dists(dist, "good"))
    assert offered("run -m lett") == (["letters"], 0, "")


def test_plugins_that_are_shut_out_are_not_loaded(offered, installed_dists, monkeypatch, tmp_path):
    """Options on the line, the configuration and a configuration that is wrong keep plugins out here, too."""
    monkeypatch.syspath_prepend(installed_dists("good"))
    assert offered("run -m lett")[0] == ["letters"]
    assert offered("--no-plugins run -m lett") == ([], 0, "")
    for wrong in ('[plugins]\ndeny = ["xl-good"]\n', "[plugins\n"):
        (tmp_path / "xlbench.toml").write_text(wrong, encoding="utf-8")
        assert offered("run -m lett") == ([], 0, "")
    assert offered("run -m ngr")[0] == ["ngram", "ngram-translit"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_for_completion(shell, capsys):
    """What `xlbench completion` prints names the variable and the command; other shells are a wrong use."""
    with pytest.raises(SystemExit) as stop:
        main(["completion", shell])
    script = capsys.readouterr().out
    assert stop.value.code == 0
    assert f"{COMPLETE}={shell}_complete" in script
    assert "_xlbench_completion" in script


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_a_real_bash_completes(tmp_path, xlbench_cli):
    """The function that the script defines fills the shell's list from the words of a line."""
    script = tmp_path / "completion.sh"
    script.write_text(xlbench_cli(["completion", "bash"]).stdout, encoding="utf-8")
    program = tmp_path / "xlbench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xlbench "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    lines = [
        f"complete() {{ :; }}; source {script}",
        "COMP_WORDS=(xlbench run -m ngr); COMP_CWORD=3",
        "_xlbench_completion xlbench; printf '%s\\n' \"${COMPREPLY[@]}\"",
    ]
    env = environment([], {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"})
    done = subprocess.run(["bash", "-c", "\n".join(lines)], env=env, capture_output=True, text=True, timeout=100)
    assert (done.stdout.split(), done.stderr) == (["ngram", "ngram-translit"], "")
