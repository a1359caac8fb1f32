"""The wheel: it holds every package with its data and nothing else, and works where no checkout is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from checkout import tracked
from conftest import ROOT

pytestmark = pytest.mark.slow

SOURCES = {"xlbench": ROOT, "plugins": ROOT / "plugins", "tasks": ROOT / "tasks"}
"""Folder of packages -> what the paths in a wheel are relative to."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources, without a network."""
    home = tmp_path_factory.mktemp("wheel")
    for name in tracked():
        (home / "sources" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, home / "sources" / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(home / "dist")]
    done = subprocess.run(command, cwd=home / "sources", capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (home / "dist").iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the wheel alone."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--target", str(target)]
    command = [sys.executable, "-m", "pip", "install", *options, str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return target


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        assert archive.testzip() is None
        return {name for name in archive.namelist() if not name.endswith("/")}


def info(wheel: Path, name: str) -> str:
    """The text of a file of the wheel's metadata."""
    with zipfile.ZipFile(wheel) as archive:
        (path,) = (path for path in archive.namelist() if path.endswith(f".dist-info/{name}"))
        return archive.read(path).decode()


def of_packages() -> set[str]:
    """Every source file of a package, code or data, by its path in a wheel."""
    found = {name: name.split("/")[0] for name in tracked() if name.split("/")[0] in SOURCES}
    return {str((ROOT / name).relative_to(SOURCES[top])) for name, top in found.items()}


def test_the_wheel_holds_every_file_of_the_packages_and_no_other(wheel):
    """Code, cards, suites, other data and py.typed are inside; tests and whatever lies beside the packages are not."""
    inside = {name for name in names(wheel) if ".dist-info/" not in name}
    assert inside == of_packages()
    assert "xlbench/py.typed" in inside
    assert {"xlbench_tasks/cards/lexicon.toml", "xlbench_tasks/suites/mini.toml"} <= inside


def test_every_toml_of_the_packages_is_in_the_wheel(wheel):
    """A card, a suite, a rule or a list of models that is not packaged would be missing for everyone but its author."""
    tomls = {
        path.relative_to(ROOT / top).as_posix() for top in ("tasks", "plugins") for path in (ROOT / top).rglob("*.toml")
    }
    tomls |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "xlbench").rglob("*.toml")}
    assert tomls
    assert tomls == {name for name in names(wheel) if name.endswith(".toml")}


def test_the_embedded_suite_is_small(wheel):
    """Its texts take less than 2 MB of what everybody downloads."""
    with zipfile.ZipFile(wheel) as archive:
        sizes = [one.compress_size for one in archive.infolist() if one.filename.startswith("xlbench_tasks/mini/")]
    assert len(sizes) > 70
    assert sum(sizes) < 2_000_000


def test_top_level_packages_are_the_projects_own(wheel):
    """`tests`, `plugins` and `tasks` are folders of the checkout: as packages they would clash with anybody's."""
    tops = {name.split("/")[0] for name in names(wheel) if ".dist-info/" not in name}
    assert "xlbench" in tops
    assert all(top == "xlbench" or top.startswith("xlbench_") for top in tops)


def test_metadata_names_command_plugins_and_license(wheel):
    """The command, every first-party plugin and the license's text travel with the wheel."""
    points = info(wheel, "entry_points.txt")
    assert "xlbench = xlbench.cli:main" in points
    plugins = {name.split("/")[0] for name in names(wheel) if name.startswith("xlbench_")}
    assert plugins
    assert [name for name in sorted(plugins) if f"= {name}\n" not in points + "\n"] == []
    assert info(wheel, "licenses/LICENSE") == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "License-Expression: Apache-2.0" in info(wheel, "METADATA")


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python with the installed wheel, and of this environment the libraries alone: without `site`, no path file is
    read, so neither the checkout nor its editable install can be imported."""
    libraries = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    paths = os.pathsep.join([str(installed), *dict.fromkeys(libraries)])
    kept = (name for name in os.environ if not name.startswith("XLBENCH_") or name == "XLBENCH_CACHE")
    environment = {name: os.environ[name] for name in kept}
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        cwd=folder, env=environment | {"PYTHONPATH": paths, "PYTHONUTF8": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_the_installed_wheel_is_what_is_imported(installed, tmp_path):
    """The tests below would say nothing if they ran the checkout."""
    code = "import sys, xlbench, xlbench_tasks, xlbench_baselines as b; print(xlbench.__file__, b.__file__, sys.path)"
    done = run(installed, tmp_path, "-c", code)
    assert done.returncode == 0, done.stderr
    first, second, path = done.stdout.split(" ", 2)
    assert Path(first).is_relative_to(installed)
    assert Path(second).is_relative_to(installed)
    assert repr(str(ROOT)) not in path


def test_the_installed_wheel_makes_boards(installed, tmp_path):
    """Installed elsewhere, in an empty folder, the command finds its plugins, cards and suites and scores a model."""
    done = run(installed, tmp_path, "-m", "xlbench", "run", "--task", "lexicon", "-l", "mlt", "-m", "ngram")
    assert done.returncode == 0, done.stderr
    assert "ngram" in (tmp_path / "leaderboards" / "run.md").read_text(encoding="utf-8")
    assert len(list((tmp_path / "results").glob("ngram-*/cells/*/*.json"))) == 2
    listed = run(installed, tmp_path, "-m", "xlbench", "list", "suites")
    assert "mini" in listed.stdout
    assert "broken" not in listed.stderr, listed.stderr
