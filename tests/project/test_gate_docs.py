"""docs/gate.md and action.yml are true: their jobs run, their schema is that of gate.json, their tables are whole."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, environment

import xlbench
from xlbench.reports.gate import report
from xlbench.reports.gate.policy import read_policy
from xlbench.reports.gate.verdict import EXIT_CODES

PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The page's code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def mismatches(schema: dict[str, Any], value: Any, root: dict[str, Any], where: str = "") -> list[str]:
    """Where a value is not as a JSON schema says, of the words of JSON Schema that the page uses."""
    if "$ref" in schema:
        return mismatches(root["$defs"][schema["$ref"].rpartition("/")[2]], value, root, where)
    assert set(schema) <= {"$schema", "$defs", "type", "const", "enum", "required", "properties", "items",
                           "additionalProperties"}  # fmt: skip
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "null": type(None)}
    named = schema.get("type", [])
    named = [named] if isinstance(named, str) else named
    if named and (isinstance(value, bool) or not any(isinstance(value, kinds[kind]) for kind in named)):
        return [f"{where} is {value!r}, and no {named}"]
    found = [f"{where} is {value!r}"] if value not in schema.get("enum", [value]) else []
    found += [f"{where} is {value!r}"] if value != schema.get("const", value) else []
    if isinstance(value, dict):
        found += [f"{where} lacks {name}" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            if name in schema.get("properties", {}):
                found += mismatches(schema["properties"][name], inner, root, f"{where}.{name}")
            elif schema.get("additionalProperties") is False:
                found.append(f"{where} has {name}")
    for number, inner in enumerate(value if isinstance(value, list) else []):
        found += mismatches(schema.get("items", {}), inner, root, f"{where}[{number}]")
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the page's baseline, and a command ``xlbench`` that is this checkout's."""
    home = tmp_path_factory.mktemp("gate")
    command = home / "bin" / "xlbench"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m xlbench "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    python = home / "bin" / "python"
    python.write_text(f'#!/bin/sh\n[ "$2" = pip ] && exit 0\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return home


def shell(folder: Path, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What bash did with a script in the folder."""
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-e", "-c", script], cwd=folder, env=environment([], {"PATH": path, **variables}), capture_output=True,
        text=True, timeout=300,
    )  # fmt: skip


@pytest.mark.slow
def test_the_jobs_of_the_page_run(folder):
    """The three steps, the GitLab job, the hook and the action run as they stand, and tell a worse model."""
    steps = shell(folder, "\n".join(blocks("sh")))
    assert steps.returncode == 0, steps.stderr
    (gitlab,) = [text for text in blocks("yaml") if "script:" in text]
    lines = re.findall(r"^    - (.+)$", gitlab, re.MULTILINE)
    (hook,) = blocks("bash")
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    gate = re.sub(r"^ {8}", "", action.rpartition("run: |\n")[2], flags=re.MULTILINE)
    install = re.findall(r"^ +run: (python .+)$", action, re.MULTILINE)
    variables = {"MODEL": "ngram", "BASELINE": "baseline.xlpack", "OPTIONS": "--alpha 0.01", "INSTALL": "xlbench",
                 "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_ACTIONS": "true"}  # fmt: skip
    for script in ("\n".join(lines), hook, "\n".join([*install, gate])):
        done = shell(folder, script, **variables)
        assert done.returncode == 0, done.stderr
        done = shell(folder, script.replace("--model ngram", "--model random"), **{**variables, "MODEL": "random"})
        assert done.returncode == 1, done.stdout + done.stderr
    assert (folder / "output").read_text(encoding="utf-8").split() == ["verdict=PASS", "verdict=REGRESSION"]


def test_gate_json_is_as_its_schema_says(folder):
    """The page's JSON schema takes a verdict with tests, and one that could not be reached, and no other key."""
    (text,) = blocks("json")
    schema = json.loads(text)
    packs = sorted((ROOT / "leaderboards" / "runs").glob("*.xlpack"))
    for verdict in (xlbench.gate(packs[0], packs[1]), report.failed_gate("USAGE", "why", "a", "b")):
        plain = json.loads(json.dumps(report.as_json(verdict)))
        assert not mismatches(schema, plain, schema)
        assert mismatches(schema, {**plain, "more": 1}, schema)
        assert mismatches(schema, {**plain, "exit_code": "0"}, schema)


def test_the_policy_of_the_page_is_one(tmp_path):
    """The page's policy is read, and its roles are those of its table."""
    (text,) = blocks("toml")
    (tmp_path / "gate.toml").write_text(text, encoding="utf-8")
    assert [rule.role for rule in read_policy(tmp_path / "gate.toml").rules] == ["critical", "advisory"]
    assert tomllib.loads(text)["alpha"] == 0.05


def test_the_codes_of_the_page_are_those_of_the_code():
    """The table of verdicts has every verdict with its exit code."""
    rows = re.findall(r"^\| (\d) \| `(\w+)` \|", PAGE, re.MULTILINE)
    assert {name: int(code) for code, name in rows} == EXIT_CODES
