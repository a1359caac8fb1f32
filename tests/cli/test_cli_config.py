"""The configuration file: where it is found, what it sets and from where, and whose file is not used."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from xlbench.cli import main

MINE = """data = "texts"
results = "out"
cache-folder = "vectors"

[run]
model = ["./mine.py:Letters", "hf:./folder?pooling=cls", "ngram"]
seed = 3

[plugins]
deny = ["mteb"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder that is the current one, and that no variable of this process says anything about."""
    for name in ("XLBENCH_DATA", "XLBENCH_CACHE", "XLBENCH_CONFIG", "XLBENCH_DENY_PLUGINS", "XLBENCH_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project" / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def shown(capsys):
    """A function: a command line -> what `config show --json` prints, by command and option, and standard error."""

    def show(*args, before=()):
        code = call(*before, "config", "show", *args, "--json")
        printed = capsys.readouterr()
        assert code == 0, printed.err
        plain = json.loads(printed.out)
        return {(row["command"], row["option"]): (row["value"], row["from"]) for row in plain["settings"]}, printed.err

    return show


def call(*args):
    with pytest.raises(SystemExit) as stop:
        main([*args])
    return stop.value.code


def test_a_file_above_the_current_folder_counts_and_its_paths_are_relative_to_it(project, shown, monkeypatch):
    """xlbench.toml is looked for upwards; results, data, cards and files of models are where it lies."""
    (project / "xlbench.toml").write_text(MINE, encoding="utf-8")
    here, _ = shown("run")
    assert here["run", "model"] == (["./mine.py:Letters", "hf:./folder?pooling=cls", "ngram"], "xlbench.toml, line 6")
    assert here["run", "results"] == ("out", "xlbench.toml, line 2")
    monkeypatch.chdir(project / "deep" / "down")
    below, _ = shown("run")
    path = os.path.join("..", "..", "xlbench.toml")
    assert below["run", "data"] == ("../../texts", f"{path}, line 1")
    assert below["run", "model"][0] == ["../../mine.py:Letters", "hf:../../folder?pooling=cls", "ngram"]
    assert below["run", "seed"] == (3, f"{path}, line 7")
    every, _ = shown()
    assert every["", "plugins deny"] == (["mteb"], f"{path}, line 10")
    assert every["", "cache-folder"] == (str(project / "vectors"), f"{path}, line 3")
    assert shown("board")[0]["board", "folders"] == (["../../out"], f"{path}, line 2")
    assert shown("results", "verify")[0]["results verify", "folders"][0] == ["../../out"]
    assert shown("pack")[0]["pack", "run"][0] == "../../out"


def test_the_nearest_file_counts_alone(project, shown, monkeypatch):
    """A pyproject.toml with [tool.xlbench] is nearer than an xlbench.toml above it; one without is passed over."""
    (project / "xlbench.toml").write_text("[run]\nseed = 1\nlimit = 5\n", encoding="utf-8")
    (project / "deep" / "pyproject.toml").write_text(
        "[project]\nname = 'x'\n\n[tool.xlbench.run]\nseed = 2\n", encoding="utf-8"
    )
    (project / "deep" / "down" / "pyproject.toml").write_text("[project]\nname = 'xlbench-x'\n", encoding="utf-8")
    monkeypatch.chdir(project / "deep" / "down")
    run, _ = shown("run")
    assert run["run", "seed"] == (2, os.path.join("..", "pyproject.toml") + ", line 5")
    assert run["run", "limit"] == (None, "default")
    (project / "deep" / "xlbench.toml").write_text("", encoding="utf-8")
    assert shown("run")[0]["run", "seed"] == (0, "default")


def test_wrong_keys_of_pyproject_name_its_table_and_line(project, capsys):
    """An unknown key is an error with the line, the table as it is written there, and what may have been meant."""
    text = "[project]\nname = 'x'\n[tool.xlbench.run]\n\nsede = 2\n"
    (project / "pyproject.toml").write_text(text, encoding="utf-8")
    assert call("list", "areas") == 2
    told = capsys.readouterr().err
    assert "pyproject.toml, line 5: [tool.xlbench.run] has no option 'sede'. Did you mean 'seed'?" in told


def test_command_line_then_environment_then_file_then_default(project, shown, monkeypatch):
    """Each source gives way to the one before it, for options, for plugins and for the cache."""
    (project / "xlbench.toml").write_text(MINE + 'allow = ["xl-file"]\n', encoding="utf-8")
    assert shown()[0]["", "plugins allow"] == (["xl-file"], "xlbench.toml, line 11")
    monkeypatch.setenv("XLBENCH_DATA", "elsewhere")
    monkeypatch.setenv("XLBENCH_CACHE", "caches")
    monkeypatch.setenv("XLBENCH_PLUGINS", "xl-environment")
    monkeypatch.setenv("XLBENCH_DENY_PLUGINS", "train")
    assert shown("run")[0]["run", "data"] == ("elsewhere", "environment XLBENCH_DATA")
    every, _ = shown()
    assert every["", "cache-folder"] == ("caches", "environment XLBENCH_CACHE")
    assert every["", "plugins allow"] == (["xl-environment"], "environment XLBENCH_PLUGINS")
    both = "environment XLBENCH_DENY_PLUGINS and xlbench.toml, line 10"
    assert every["", "plugins deny"] == (["train", "mteb"], both)
    given, _ = shown(before=["--no-plugins"])
    assert given["", "plugins allow"] == ([], "command line")
    assert os.environ["XLBENCH_PLUGINS"] == "xl-environment"


def test_lists_of_the_file_choose_plugins(project, capsys):
    """What [plugins] denies is not loaded, and the options of `xlbench plugins` stand in the same table."""
    (project / "xlbench.toml").write_text('[plugins]\ndeny = "mteb"\njson = true\n', encoding="utf-8")
    assert call("plugins") == 0
    plain = json.loads(capsys.readouterr().out)
    assert [one["plugin"] for one in plain["not_loaded"]] == ["mteb"]
    assert "XLBENCH_DENY_PLUGINS" not in os.environ


def test_a_file_that_is_named_counts_alone(project, shown, monkeypatch, capsys):
    """--config, else XLBENCH_CONFIG, names the file in the place of what would be found, and must be right."""
    (project / "xlbench.toml").write_text("[run]\nseed = 1\n", encoding="utf-8")
    (project / "deep" / "other.toml").write_text('[run]\nseed = 2\ndata = "texts"\n', encoding="utf-8")
    named = str(Path("deep", "other.toml"))
    monkeypatch.setenv("XLBENCH_CONFIG", named)
    run, _ = shown("run")
    assert run["run", "seed"] == (2, f"{named}, line 2")
    assert Path(run["run", "data"][0]) == Path("deep", "texts")
    assert shown("run", before=["--config", "xlbench.toml"])[0]["run", "seed"] == (1, "xlbench.toml, line 2")
    assert call("--config", "nowhere.toml", "list", "areas") == 2
    assert "there is no configuration file nowhere.toml (--config)" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
@pytest.mark.parametrize("how", ["everybody may change it", "everybody may change its folder", "another user"])
def test_a_file_above_that_others_can_write_is_not_used(how, project, shown, monkeypatch):
    """It could name code to run: it is left out and named, unless --config names it."""
    file = project / "xlbench.toml"
    file.write_text("[run]\nseed = 1\n", encoding="utf-8")
    monkeypatch.chdir(project / "deep")
    if how == "everybody may change it":
        file.chmod(0o666)
    elif how == "everybody may change its folder":
        project.chmod(0o777)
    elif os.geteuid() == 0:
        os.chown(file, 4242, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
    run, told = shown("run")
    assert run["run", "seed"] == (0, "default")
    assert f"{file} is not used: it lies above the current folder and " in told
    assert how.replace("its folder", "it").removeprefix("another ") in told
    assert "name it with --config (or XLBENCH_CONFIG) if you trust it" in told
    named, told = shown("run", before=["--config", str(file)])
    assert (named["run", "seed"][0], told) == (1, "")


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs to give files away"
)
def test_a_file_in_the_current_folder_is_used_where_the_folder_is_its_owners(project, shown):
    """A project of somebody else, as in a container, has its settings; a stranger's file in one's folder has none."""
    file = project / "xlbench.toml"
    file.write_text("[run]\nseed = 1\n", encoding="utf-8")
    os.chown(file, 4242, -1)
    run, told = shown("run")
    assert run["run", "seed"] == (0, "default")
    assert "xlbench.toml is not used: it belongs to another user" in told
    os.chown(project, 4242, -1)
    assert shown("run")[0]["run", "seed"][0] == 1


def test_a_pyproject_that_is_no_toml_matters_where_it_is_ours(project, capsys):
    """A broken pyproject.toml ends commands where it has [tool.xlbench], and is passed over elsewhere."""
    (project / "pyproject.toml").write_text("[project\n", encoding="utf-8")
    assert call("config", "show") == 0
    assert "there is no configuration file" in capsys.readouterr().out
    (project / "pyproject.toml").write_text("[tool.xlbench]\n[\n", encoding="utf-8")
    assert call("config", "show") == 2
    assert "pyproject.toml is not valid TOML" in capsys.readouterr().err


def test_the_table_of_what_holds_is_read_by_people(project, capsys):
    """Without --json: the file, then a line a setting with its value and where it is from."""
    (project / "xlbench.toml").write_text(MINE, encoding="utf-8")
    assert call("config", "show") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "configuration file: xlbench.toml"
    assert [line.split() for line in lines if line.startswith("run seed")] == [
        ["run", "seed", "3", "xlbench.toml,", "line", "7"]
    ]
    assert call("config", "show", "runn") == 2
    assert "there is no command 'runn'. Did you mean 'run'?" in capsys.readouterr().err


def test_an_old_verdict_is_turned_whatever_stands_before_the_command(project, capsys):
    """A gate after --config is a gate: the PASS of the path that the file names does not stay."""
    (project / "deep" / "gate.toml").write_text('[gate]\nout = "v.json"\nalfa = 1\n', encoding="utf-8")
    verdict = project / "deep" / "v.json"
    verdict.write_text('{\n "schema": 1,\n "verdict": "PASS"\n}\n', encoding="utf-8")
    assert call("--config", str(Path("deep", "gate.toml")), "gate") == 2
    assert "[gate] has no option 'alfa'" in capsys.readouterr().err
    assert "PASS" not in verdict.read_text(encoding="utf-8")


def test_what_a_checkpoint_declares_is_no_configuration(project, shown, monkeypatch):
    """The xlbench.toml of a checkpoint's folder is passed over, and the one above it counts."""
    (project / "xlbench.toml").write_text("[run]\nseed = 1\n", encoding="utf-8")
    (project / "deep" / "xlbench.toml").write_text('trained_on = ["ntrex"]\n', encoding="utf-8")
    monkeypatch.chdir(project / "deep")
    assert shown("run")[0]["run", "seed"][0] == 1
