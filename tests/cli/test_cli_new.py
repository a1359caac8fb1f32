"""``xlbench new``: every kind of plugin, made from its template, installs, passes its tests and is there at once."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT
from run_pytest import run_pytest

from xlbench.core.errors import UsageError
from xlbench.templates.project import ENDING, HERE, KINDS, Project

pytestmark = pytest.mark.slow


def install(source: Path, target: Path) -> Path:
    """Install a project with pip into a folder, without a network."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return target


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.campaign if kind in ("board", "protocol") else ()) for kind in KINDS]
)
def test_a_new_plugin_is_complete(kind, tmp_path, xlbench_cli):
    """It is made by one command, installs with pip, is listed, passes its own tests, every check of xlbench, and checks
    of style; and the command of its README uses it."""
    made = xlbench_cli(["new", kind, "my-thing", "--dir", "made"])
    assert made.returncode == 0, made.stderr
    project = tmp_path / "made" / "xlbench-my-thing"
    assert {"README.md", "pyproject.toml", ".github", ".gitignore", "tests", "xlbench_my_thing"} == {
        path.name for path in project.iterdir()
    }
    path = [install(project, tmp_path / "installed")]
    strict = xlbench_cli(["plugins", "--strict"], path)
    assert strict.returncode == 0, strict.stdout
    assert "my-thing    xlbench-my-thing 0.1.0\n" in strict.stdout
    listed = xlbench_cli(["plugins"] if kind in ("board", "engine") else ["list", KINDS[kind].offers], path).stdout
    assert "my-thing" in listed
    checked = xlbench_cli(["plugins", "check", "my-thing"], path)
    assert checked.returncode == 0, checked.stdout
    assert "skipped" not in checked.stdout
    said = run_pytest(["-v"], project, path)
    assert said.endswith("exit code 0"), said
    assert f"xlbench_my_thing::{KINDS[kind].offers.removesuffix('s')} my-thing: " in said
    assert "tests/test_xlbench_my_thing.py::" in said
    style = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "120", "--select", "E,F,W,I", "."]
    done = subprocess.run(style, cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 or "No module named ruff" in done.stderr, done.stdout
    used = xlbench_cli([*Project(kind, "my-thing").use.split()[1:], "--limit", "20"], path)
    assert used.returncode == 0, used.stderr


def test_the_tutorial_says_what_pytest_says(tmp_path, xlbench_cli):
    """The wrong encoder of docs/plugins.md, in the template's place, fails with the lines that are shown there."""
    tutorial = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8").partition("## A whole plugin")[0]
    (wrong,) = re.findall(r"^```py\n(.*?)^```$", tutorial, re.MULTILINE | re.DOTALL)
    (shown,) = re.findall(r"^```text\n(what: .*?)^```$", tutorial, re.MULTILINE | re.DOTALL)
    assert xlbench_cli(["new", "model", "my-letters"]).returncode == 0
    module = tmp_path / "xlbench-my-letters" / "xlbench_my_letters" / "__init__.py"
    code = module.read_text(encoding="utf-8")
    right = next(line for line in code.splitlines() if line.strip().startswith("return np.array"))
    module.write_text(code.replace(right, textwrap.indent(wrong, " " * 8)), encoding="utf-8")
    said = run_pytest(["-k", "alone and batch"], module.parent.parent, [module.parent.parent])
    assert shown in said


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_to_fill_in(kind):
    """No placeholder of a template is left, and every template is of this project's own tree."""
    files = Project(kind, "my-thing").files()
    assert not [place for place, text in files.items() if "PACKAGE" in place + text or "{{name" in text]
    filled = [text.replace("${{ matrix.python }}", "") for text in files.values()]
    assert not [text for text in filled if "{{" in text or "}}" in text]
    assert tomllib.loads(files["pyproject.toml"])["project"]["entry-points"]["xlbench"] == {
        "my-thing": "xlbench_my_thing"
    }
    assert {folder.name for folder in HERE.iterdir() if folder.is_dir()} - {"__pycache__"} == {*KINDS, "common"}


@pytest.mark.parametrize(
    "name", ["My-thing", "my_thing", "my thing", "-my", "my-", "my--thing", "3d", "", "a" * 51, "../x"]
)
def test_a_bad_name_is_refused_with_what_is_allowed(name, xlbench_cli, tmp_path):
    """One line says what a name is made of, and nothing is written."""
    done = xlbench_cli(["new", "model", "--", name])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "lower-case letters, digits and single hyphens" in done.stderr
    assert not list(tmp_path.iterdir())


def test_names_that_are_taken_are_refused(xlbench_cli, tmp_path):
    """The name of an installed model, of a package, of a device, and a folder that is there, end in one line each."""
    told = {
        "ngram": "the model name 'ngram' is taken by baselines (xlbench",
        "tasks": "there is a package xlbench_tasks already",
        "con": "reserved on some systems",
    }
    for name, said in told.items():
        done = xlbench_cli(["new", "model", name])
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert said in done.stderr
    (tmp_path / "xlbench-mine").mkdir()
    done = xlbench_cli(["new", "model", "mine"])
    assert done.returncode == 2
    assert "xlbench-mine is there already: choose another name, or another place with --dir" in done.stderr
    assert list((tmp_path / "xlbench-mine").iterdir()) == []


def test_the_next_command_can_be_typed_as_it_stands(xlbench_cli):
    """A place with a space in it is in quotes, another is not."""
    for place, typed in (("my place", '"my place/xlbench-vowels"'), ("place", "place/xlbench-vowels")):
        made = xlbench_cli(["new", "model", "vowels", "--dir", place]).stdout.replace("\\", "/")
        assert f"  cd {typed}\n" in made


def test_a_prefix_is_not_doubled():
    """A name that begins with xlbench- names the distribution as it is."""
    assert Project("model", "xlbench-vowels").distribution == "xlbench-vowels"
    assert Project("model", "vowels").package == "xlbench_vowels"


def test_a_place_that_cannot_be_written_is_told(tmp_path):
    """A file where the folder is to be is one line."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UsageError, match=r"cannot be written|is there already"):
        Project("model", "vowels").write(tmp_path / "file")


def test_templates_are_no_modules():
    """Every file of a template ends in what keeps it from being imported, formatted and checked as it stands."""
    folders = [folder for folder in (ROOT / "xlbench" / "templates").iterdir() if folder.is_dir()]
    files = [
        path for folder in folders for path in folder.rglob("*") if path.is_file() and folder.name != "__pycache__"
    ]
    assert len(files) > 20
    assert {path.suffix for path in files} == {ENDING}
