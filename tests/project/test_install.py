"""Set-up: the stamp that says when to install anew, exact pins, and nothing of one machine in what is published."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from checkout import tracked
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_house import imports, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
GROUPS = PROJECT["dependency-groups"]
LINUX, WINDOWS, MAC = (
    {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"},
    {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"},
    {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix"},
)


def pins(**elsewhere: str) -> dict[str, str]:
    """Name -> version of every line of constraints.txt that is for this machine, or for one with other markers."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
    exact = re.compile(r"==[A-Za-z0-9.!]+")
    assert [str(pin) for pin in found if not exact.fullmatch(str(pin.specifier))] == [], "not an exact version"
    here = [pin for pin in found if pin.marker is None or pin.marker.evaluate(elsewhere)]
    pinned = [(canonicalize_name(pin.name), str(pin.specifier).removeprefix("==")) for pin in here]
    assert len(dict(pinned)) == len(pinned), "constraints.txt pins something twice"
    return dict(pinned)


def of_group(name: str) -> list[Requirement]:
    """What a dependency group asks for, with the groups that it includes."""
    found = []
    for entry in GROUPS[name]:
        found += of_group(entry["include-group"]) if isinstance(entry, dict) else [Requirement(entry)]
    return found


def declared(*extras: str) -> list[Requirement]:
    """What the core asks for and what ``extras`` add."""
    texts = [*PROJECT["project"]["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [Requirement(text) for text in texts]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The Makefile, and what it looks at, in a folder of their own."""
    for name in tracked():
        if name in ("Makefile", "pyproject.toml", "constraints.txt") or name.endswith(".py"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def make(tree: Path, *arguments: str) -> str:
    """What ``make`` prints in ``tree``, whichever make started the tests."""
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES"}
    env = {name: value for name, value in os.environ.items() if name not in outer}
    command = ["make", "--no-print-directory", "-C", str(tree), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def stamp(tree: Path) -> str:
    return make(tree, "--eval", "stamp: ; @echo $(EVERYTHING)", "stamp").strip()


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
        (_new("plugins/xlbench_another/__init__.py"), False),
        (_new("xlbench/another.py"), False),
        (_without("plugins/xlbench_baselines"), False),
    ],
    ids=["pyproject", "pins", "new plugin", "new module", "no plugin"],
)
def test_the_stamp_changes_with_what_is_installed(tree, change, anew):
    """A changed dependency, pin or entry point is installed; code is where it is imported from."""
    before = stamp(tree)
    assert re.fullmatch(r"\.venv/everything-\d+", before)
    assert stamp(tree) == before
    change(tree)
    assert (stamp(tree) != before) is anew


def test_targets_install_once(tree):
    """Without the stamps every target installs first, with the pins; with them, nothing is installed."""
    for target in ("run", "test", "lint"):
        assert "--constraint constraints.txt" in make(tree, "-n", target)
    everything = tree / stamp(tree)
    everything.parent.mkdir()
    everything.with_name(everything.name.replace("everything", "core")).touch()
    everything.touch()
    for target in ("run", "test", "lint"):
        assert "pip" not in make(tree, "-n", target)


def test_run_installs_the_core_alone(tree):
    """The embedded suite needs no extra and no tool of developers, so `make run` installs none."""
    assert not re.search(r"\[\w+\]|--group", make(tree, "-n", "run"))
    assert re.search(r"--editable '\.\[all\]' --group dev", make(tree, "-n", "test"))


def test_dependencies_are_wheels(tree):
    """Whatever pip installs is a wheel: nothing but xlbench itself is built on a user's machine."""
    installs = [line for line in make(tree, "-n", "test", "lock").splitlines() if "pip install" in line]
    assert len(installs) >= 4
    assert [line for line in installs if "--only-binary :all:" not in line] == []


@pytest.mark.parametrize("machine", [LINUX, WINDOWS, MAC], ids=["linux", "windows", "mac"])
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_every_declared_dependency_is_pinned(machine, python):
    """What pyproject.toml asks for, for users and for developers, has one exact version for each system and Python."""
    pinned = pins(**machine, python_version=python, python_full_version=f"{python}.0")
    tools = [*of_group("dev"), *of_group("lock"), *map(Requirement, PROJECT["build-system"]["requires"])]
    for requirement in [*declared(*EXTRAS), *tools]:
        version = pinned.get(canonicalize_name(requirement.name))
        if requirement.name != "xlbench":
            assert version, f"{requirement.name} is not pinned"
            assert requirement.specifier.contains(version, prereleases=True), f"{requirement} does not allow {version}"


def test_all_is_all_extras():
    """`xlbench[all]` names every other extra."""
    named = {extra for requirement in map(Requirement, EXTRAS["all"]) for extra in requirement.extras}
    assert named == set(EXTRAS) - {"all"}


IMPORTED_AS = {"scikit-learn": "sklearn"}
"""Distribution -> the module that it installs, where the names differ by more than a hyphen."""
THROUGH_OTHERS = {
    "accelerate": "the trainer of transformers runs on it",
    "protobuf": "transformers reads SentencePiece models with it",
    "sentencepiece": "transformers cuts texts with it",
}
"""Dependency -> why it is one although no code here imports it."""
WITH_OTHERS = {"tqdm": ("tqdm", "huggingface-hub"), "yaml": ("pyyaml", "transformers")}
"""Module that is imported and not declared -> its distribution, and the dependency that always brings it."""

LOADED_BY = {"pytest": "xlbench/testing/pytest_plugin.py"}
"""Module that is imported and not declared -> the one file that imports it, which only that library loads."""


def imported(top_level_only=False) -> set[str]:
    """The top-level modules that the code that is installed imports at run time."""
    paths = [path for folder in ("xlbench", "plugins", "tasks") for path in modules(folder)]
    return {name.partition(".")[0] for path in paths for name in imports(path, top_level_only)}


@pytest.mark.slow
def test_every_dependency_is_imported_and_every_import_declared():
    """What is installed for nothing costs time and disk; what is imported and comes by chance may be gone tomorrow."""
    used = {top for top in imported() - sys.stdlib_module_names if not top.startswith("xlbench")}
    names = {canonicalize_name(one.name) for one in declared(*EXTRAS)} - {"xlbench"}
    assert {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names - set(THROUGH_OTHERS)} == (
        used - set(WITH_OTHERS) - set(LOADED_BY)
    )
    paths = [path for folder in ("xlbench", "plugins", "tasks") for path in modules(folder)]
    for name, file in LOADED_BY.items():
        assert [path.relative_to(ROOT).as_posix() for path in paths if name in imports(path)] == [file]
    assert names > set(THROUGH_OTHERS)
    assert used > set(WITH_OTHERS)
    for distribution, other in WITH_OTHERS.values():
        assert other in names
        required = [Requirement(text) for text in metadata.requires(other) or ()]
        assert distribution in {canonicalize_name(one.name) for one in required if not one.marker}


POSIX = {"curses", "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
"""Modules that Python lacks on Windows."""


@pytest.mark.slow
def test_no_module_needs_what_windows_lacks():
    """A module of POSIX systems is imported inside a function, or where its absence is caught."""
    assert imported(top_level_only=True) & POSIX == set()
    assert imported() & POSIX == {"fcntl", "resource"}


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
    left = [(one.name, extra) for one in [*declared(*EXTRAS), *of_group("dev")] for extra in ("", *one.extras)]
    seen = set(left)
    while left:
        name, extra = left.pop()
        if name == "xlbench":
            continue
        found.add(canonicalize_name(name))
        for requirement in map(Requirement, metadata.requires(name) or ()):
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            wanted = {(requirement.name, one) for one in ("", *requirement.extras)} - seen
            seen |= wanted
            left += wanted
    return found - {"pip"}  # what installs the others


def test_every_folder_with_code_is_a_package():
    """A folder without ``__init__.py`` would be a namespace, into which any distribution could put its modules."""
    for top in [ROOT / "xlbench", *(ROOT / "plugins").glob("xlbench_*"), *(ROOT / "tasks").glob("xlbench_*")]:
        folders = {path.parent for path in top.rglob("*.py")}
        assert top in folders
        assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


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
