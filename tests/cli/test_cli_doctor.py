"""``xlbench doctor``: every part is looked at, a problem is an exit code, and nothing is asked of a network unasked."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from importlib import metadata

import pytest

from xlbench import hub
from xlbench.cli import main
from xlbench.cli.doctor import machine

PARTS = ["versions", "configuration", "plugins", "devices", "caches", "folders", "network", "offers"]


@pytest.fixture
def doctor(tmp_path, monkeypatch, capsys):
    """A function: options -> (exit code, findings), in an empty folder, with a torch that has one accelerator."""
    for name in ("XLBENCH_DATA", "XLBENCH_CONFIG", "XLBENCH_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    torch_says(monkeypatch, json.dumps({"cuda": [["H200", 1 << 37]], "mps": False}))
    monkeypatch.setitem(sys.modules, "torch", None)  # to import it here would be an error

    def look(*options, before=()):
        with pytest.raises(SystemExit) as stop:
            main([*before, "doctor", "--json", *options])
        plain = json.loads(capsys.readouterr().out)
        assert plain["exit_code"] == stop.value.code
        return stop.value.code, plain["findings"]

    return look


def torch_says(monkeypatch, out, err="", code=0):
    """What a process prints that is asked for devices; all others are as they are."""
    real = subprocess.run

    def run(command, *more, **options):
        if "torch" in str(command):
            return subprocess.CompletedProcess(command, code, out, err)
        return real(command, *more, **options)

    monkeypatch.setattr(machine.subprocess, "run", run)


def problems(found):
    return [(one["part"], one["what"]) for one in found if one["state"] == "problem"]


def told(found, part):
    return [one for one in found if one["part"] == part]


def test_every_part_is_looked_at_and_no_request_is_made(doctor, monkeypatch):
    """There is a finding of every part of `PARTS`; without --online, no connection is made."""
    attempts = []
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, lambda *given: attempts.append(given))
    code, found = doctor()
    assert list(dict.fromkeys(one["part"] for one in found)) == PARTS
    assert (code, problems(found), attempts) == (0, [], [])
    assert "cuda:0 H200, 128.0 GiB" in told(found, "devices")[-1]["what"]
    assert [one["remedy"] for one in told(found, "network")] == ["--online asks whether the hub answers"]
    assert any("xlbench fetch -m NAME" in one["remedy"] for one in told(found, "offers"))


def test_it_is_read_by_people(doctor, capsys):
    """Without --json: a heading a part, a line a finding, and a sentence at the end."""
    doctor()
    with pytest.raises(SystemExit):
        main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:-1] for line in lines if line.endswith(":") and not line.startswith(" ")] == PARTS
    assert lines[-1] == "nothing is in the way"


def test_broken_plugins_are_problems(doctor, monkeypatch, installed_dists):
    """A plugin that cannot be imported is named with its reason, and ends with 1; one that is shut out is a note."""
    monkeypatch.syspath_prepend(installed_dists("broken_import"))
    code, found = doctor()
    assert code == 1
    ((part, what),) = problems(found)
    assert part == "plugins"
    assert "broken-import (xl-broken-import" in what
    code, found = doctor(before=["--no-plugins"])
    assert code == 0
    assert any("is not loaded: no plugins are wanted" in one["what"] for one in told(found, "plugins"))


def test_a_wrong_configuration_is_told_and_the_rest_is_looked_at(doctor, tmp_path):
    """What ends every other command is a line of this one."""
    (tmp_path / "xlbench.toml").write_text("[run]\nmodle = 'x'\n", encoding="utf-8")
    code, found = doctor()
    assert code == 1
    assert problems(found) == [
        ("configuration", "xlbench.toml, line 2: [run] has no option 'modle'. Did you mean 'model'?")
    ]
    assert list(dict.fromkeys(one["part"] for one in found)) == PARTS


def test_folders_are_those_of_the_configuration(doctor, tmp_path):
    """A data root that is not there, and a cache below a file, are problems; the results folder is that of the file."""
    (tmp_path / "file").touch()
    settings = 'data = "nowhere"\nresults = "cells"\ncache-folder = "file/cache"\n'
    (tmp_path / "xlbench.toml").write_text(settings, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("XLBENCH_CACHE")
        code, found = doctor()
    assert code == 1
    assert ("folders", "data: there is no folder nowhere") in problems(found)
    assert ("caches", f"{tmp_path / 'file' / 'cache'} cannot be written") in problems(found)
    assert told(found, "folders")[0]["what"] == "results: cells, not there yet"


@pytest.mark.parametrize(
    ("out", "err", "state", "said"),
    [
        ("", "Traceback\nImportError: libcudart.so", "problem", "torch cannot be imported: ImportError: libcudart.so"),
        ('{"cuda": [], "mps": true}', "", "ok", "accelerators: mps"),
        ('{"cuda": [], "mps": false}', "", "note", "accelerators: none that torch finds"),
    ],
)
def test_devices_are_what_torch_says_in_another_process(out, err, state, said, doctor, monkeypatch):
    """Accelerators by name, none, or why torch cannot be asked."""
    torch_says(monkeypatch, out, err, int(bool(err)))
    assert [(one["state"], one["what"]) for one in told(doctor()[1], "devices")][1:] == [(state, said)]


def test_libraries_that_are_gone_or_too_old_are_told_with_the_command_that_mends_it(doctor, monkeypatch):
    """An extra that is not whole is missing; a library that is older than what xlbench needs is a problem."""
    real = metadata.version

    def version(name):
        if name == "matplotlib":
            raise metadata.PackageNotFoundError(name)
        return "1.9.1" if name == "numpy" else real(name)

    monkeypatch.setattr(machine.metadata, "version", version)
    code, found = doctor()
    states = {one["what"].partition(":")[0]: one for one in told(found, "versions")}
    assert code == 1
    assert states["plots"]["state"] == "missing"
    assert states["plots"]["remedy"] == "pip install --upgrade 'xlbench[plots]'"
    assert (states["core"]["state"], states["core"]["what"]) == ("problem", "core: numpy 1.9.1 (needs 2.0)")


@pytest.mark.parametrize(("answers", "state"), [(True, "ok"), (False, "problem")])
def test_online_asks_the_hub(answers, state, doctor, monkeypatch):
    """With --online one request is made; offline, none is, and that is said."""
    monkeypatch.setattr(hub, "answers", lambda: answers)
    code, found = doctor("--online")
    assert ([one["state"] for one in told(found, "network")], code) == ([state], int(not answers))
    monkeypatch.setenv("XLBENCH_OFFLINE", "1")
    monkeypatch.setattr(hub, "answers", lambda: pytest.fail("asked"))
    assert "offline, as XLBENCH_OFFLINE says" in told(doctor("--online")[1], "network")[0]["what"]


@pytest.mark.slow
def test_torch_itself_is_asked(xlbench_cli):
    """The real question gets an answer of the real torch, where one is installed."""
    pytest.importorskip("torch")
    plain = json.loads(xlbench_cli(["doctor", "--json"]).stdout)
    assert "accelerators: " in told(plain["findings"], "devices")[-1]["what"]
    assert told(plain["findings"], "devices")[-1]["state"] in ("ok", "note")
