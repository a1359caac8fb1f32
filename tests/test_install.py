"""Set-up: the stamp that says when to install anew, exact pins, and nothing of one machine in what is published."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from setuptools import find_packages
from test_wheel import tracked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PARTS = {".": "xlbench", "plugins": "xlbench_*", "tasks": "xlbench_*"}
"""Folder in which packages are found -> the top-level ones in it."""


def pins() -> dict[str, str]:
    """Name -> version of every line of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!]+)", line) for line in lines if line[:1] not in ("#", "")]
    assert all(found), "a line of constraints.txt is no exact pin"
    pinned = [(canonicalize_name(pin[1]), pin[2]) for pin in found if pin]
    assert len(dict(pinned)) == len(pinned), "constraints.txt pins something twice"
    return dict(pinned)


def declared(extra: str | None = None) -> list[Requirement]:
    project = PROJECT["project"]
    return [Requirement(it) for it in (project["optional-dependencies"][extra] if extra else project["dependencies"])]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The Makefile, and what it looks at, in a folder of their own."""
    for name in tracked():
        if name in ("Makefile", "pyproject.toml", "constraints.txt") or name.endswith(".py"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def make(tree: Path, *arguments: str) -> str:
    done = subprocess.run(["make", "-C", str(tree), *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def stamp(tree: Path) -> str:
    return make(tree, "--no-print-directory", "--eval", "stamp: ; @echo $(STAMP)", "stamp").strip()


def _append(name: str, text: str) -> Callable[[Path], None]:
    def change(tree: Path) -> None:
        with (tree / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def _new(name: str) -> Callable[[Path], None]:
    def change(tree: Path) -> None:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("")

    return change


def _without(name: str) -> Callable[[Path], None]:
    return lambda tree: shutil.rmtree(tree / name)


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        (_append("pyproject.toml", '\n[project.entry-points.other]\none = "two"\n'), True),
        (_append("constraints.txt", "another==1.0\n"), True),
        (_new("plugins/xlbench_another/__init__.py"), True),
        (_new("xlbench/another/__init__.py"), True),
        (_without("plugins/xlbench_baselines"), True),
        (_append("xlbench/runner.py", "# a comment\n"), False),
        (_new("xlbench/another.py"), False),
        (_new("tests/another/__init__.py"), False),
    ],
    ids=["pyproject", "pins", "plugin", "subpackage", "no plugin", "edited module", "new module", "tests"],
)
def test_the_stamp_changes_with_what_is_installed(tree, change, anew):
    """A changed dependency, pin or list of packages is installed; an edited or new module is there already."""
    before = stamp(tree)
    assert re.fullmatch(r"\.venv/installed-\d+", before)
    assert stamp(tree) == before
    change(tree)
    assert (stamp(tree) != before) is anew


def test_targets_install_once(tree):
    """Without the stamp every target installs first, with the pins; with it, nothing is installed."""
    for target in ("run", "test", "lint"):
        assert "--constraint constraints.txt" in make(tree, "-n", target)
    (tree / stamp(tree)).parent.mkdir()
    (tree / stamp(tree)).touch()
    for target in ("run", "test", "lint"):
        assert "pip" not in make(tree, "-n", target)


def test_every_declared_dependency_is_pinned():
    """What pyproject.toml asks for, for users and for developers, has its exact version in constraints.txt."""
    for requirement in [*declared(), *declared("dev"), *map(Requirement, PROJECT["build-system"]["requires"])]:
        version = pins().get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not pinned"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} does not allow {version}"


def test_torch_is_pinned_without_a_build():
    """The one version is for processors and accelerators alike: which build it is, the machine decides."""
    assert pins()["torch"] == "2.13.0"
    assert not [version for version in pins().values() if "+" in version]


def test_everything_that_a_dependency_draws_in_is_pinned():
    """The whole closure of the developers' install is fixed, so that two machines have the same versions."""
    pinned = pins()
    for name in sorted(closure()):
        assert name in pinned, f"{name} is installed and not pinned: `make lock`"
        assert metadata.version(name).split("+")[0] == pinned[name], f"{name} is not the version that is pinned"


def closure() -> set[str]:
    """Names of all that the project needs here, with the extras that are asked for on the way."""
    found: set[str] = set()
    left = [("xlbench", ""), ("xlbench", "dev")]
    seen = set(left)
    while left:
        name, extra = left.pop()
        found.add(canonicalize_name(name))
        for requirement in map(Requirement, metadata.requires(name) or ()):
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            wanted = {(requirement.name, one) for one in ("", *requirement.extras)} - seen
            seen |= wanted
            left += wanted
    return found - {"xlbench"}


def test_package_discovery_lists_exactly_the_packages_that_exist():
    """Each folder with code under xlbench, plugins and tasks is a package, and each is found; nothing else is."""
    options = PROJECT["tool"]["setuptools"]["packages"]["find"]
    assert sorted(options["where"]) == sorted(PARTS)
    found = {name for where in options["where"] for name in find_packages(ROOT / where, include=options["include"])}
    existing = set()
    for where, top in PARTS.items():
        for path in (ROOT / where).glob(f"{top}/**/*.py"):
            existing.add(".".join(path.parent.relative_to(ROOT / where).parts))
    assert {"xlbench", "xlbench.stats", "xlbench_baselines", "xlbench_tasks.readers"} <= existing
    assert found == existing


def test_every_first_party_plugin_has_an_entry_point():
    """A plugin's package that no entry point names is code that nobody can reach, and the other way round."""
    points = set(PROJECT["project"]["entry-points"]["xlbench"].values())
    folders = {
        path.parent.name for part in ("plugins", "tasks") for path in (ROOT / part).glob("xlbench_*/__init__.py")
    }
    assert points == folders


FOREIGN = {
    "a registry's host": r"pypi\.[o]rg|files\.python[h]osted",
    "a path of one machine": r"(?<![\w.~}])/(?:h[o]me|w[o]rk|o[p]t|r[o]ot)/",
}
"""What must not be in a published file. The brackets keep the patterns from finding themselves."""


@pytest.mark.parametrize("what", FOREIGN)
def test_no_published_file_names(what):
    """Sources, boards and runs hold nothing of the machine or the mirror that they were made on."""
    pattern = re.compile(FOREIGN[what].encode())
    hits = [
        f"{name}:{number}: {line.decode(errors='replace')}"
        for name in tracked()
        for number, line in enumerate((ROOT / name).read_bytes().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not hits, f"{what} in {hits}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("https://pypi" + ".org/simple", "a registry's host"),
        ("--index=files.python" + "hosted.org", "a registry's host"),
        ("cd /wo" + "rk/main", "a path of one machine"),
        ('"/ro' + 'ot/.cache"', "a path of one machine"),
        ("PREFIX=/op" + "t/x", "a path of one machine"),
    ],
)
def test_the_search_finds_what_it_is_for(text, what):
    """The patterns match the real thing, in spite of their brackets."""
    assert re.search(FOREIGN[what], text)
