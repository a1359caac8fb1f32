"""Fixtures for all tests: real third-party distributions, really installed, and the command line as a real process."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pytest
from filelock import FileLock
from forking import OF_CHECKPOINTS, Server

if "PYTEST_XDIST_WORKER" in os.environ:
    # A worker a core: more threads than cores wait for each other, and take three times the processor time.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent
DISTS = ROOT / "tests" / "dists"
SOURCES = (ROOT, ROOT / "plugins", ROOT / "tasks")

AT_THE_START = ("PYTHON", "LD_", "DYLD_", "OMP_", "OPENBLAS_", "MKL_", "NPY_")
"""How the variables begin that the interpreter and the libraries read when they are loaded."""

OF_THE_HUB = ("HF_", "TRANSFORMERS_")
"""How those begin that the libraries of checkpoints read then."""

ALL_SLOW = re.compile(r"^pytestmark = (?:\[[^\]]*)?\bpytest\.mark\.slow\b", re.MULTILINE)
"""What a file says all of whose tests are slow."""

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With ``-m "not slow"``, files all of whose tests are slow are not even imported (that of torch takes longer than
    a hundred fast tests); with ``-m slow``, those none of whose tests are."""
    asked = config.option.markexpr
    if asked not in ("slow", "not slow") or not collection_path.match("test_*.py"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    return ("mark.slow" not in text if asked == "slow" else bool(ALL_SLOW.search(text))) or None


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for each test, made when it is needed: models of tests share identities, and nobody's home is used."""
    folder = tmp_path_factory.getbasetemp() / "caches" / uuid.uuid4().hex
    monkeypatch.setenv("XLBENCH_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session", autouse=True)
def _cache_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What fixtures of modules and of the session use: they are made before `own_cache` is."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XLBENCH_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def _every_dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed every distribution of tests/dists, in one go, without a network: once, for
    all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "dists"
    with FileLock(home.with_suffix(".lock")):
        if not home.exists():
            part = home.with_suffix(".part")
            _install_dists(part)
            part.rename(home)
    return home / "installed"


def _install_dists(home: Path) -> None:
    """Install them into ``installed`` in a folder that is not there yet."""
    home.mkdir()
    shutil.copytree(DISTS, home / "sources")  # a build may write beside its sources
    target = home / "installed"
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    folders = sorted(str(folder.parent) for folder in (home / "sources").glob("*/pyproject.toml"))
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(target), *folders]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def installed_dists(_every_dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function: names of folders in tests/dists -> a folder for PYTHONPATH in which exactly these are installed."""
    known: dict[frozenset[str], Path] = {}
    folders = {dist.metadata["Name"]: dist for dist in metadata.distributions(path=[str(_every_dist)])}

    def install(*names: str) -> Path:
        wanted = frozenset(names)
        if wanted not in known:
            known[wanted] = tmp_path_factory.mktemp("site")
            for name in wanted:
                _copy(folders[f"xl-{name.replace('_', '-')}"], known[wanted])
        return known[wanted]

    return install


def _copy(distribution: metadata.Distribution, target: Path) -> None:
    """Copy the files that an installed distribution records as its own."""
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        if source.is_file() and "__pycache__" not in file.parts:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / file)


@pytest.fixture(scope="session")
def _server() -> Iterator[Server | None]:
    """What `xlbench_cli` forks its processes from, where this system can fork."""
    yield from _served()


@pytest.fixture(scope="session")
def _server_of_checkpoints() -> Iterator[Server | None]:
    """What `checkpoint_cli` forks its processes from, where this system can fork."""
    yield from _served(OF_CHECKPOINTS)


def _served(more: Sequence[str] = ()) -> Iterator[Server | None]:
    server = Server(environment([], {}), more) if hasattr(os, "fork") else None
    yield server
    if server:
        server.close()


@pytest.fixture
def xlbench_cli(tmp_path: Path, _server: Server | None) -> Cli:
    """A function that runs ``python -m xlbench`` with ``args`` in a process of its own and returns what it did.

    ``pythonpath``: folders before the sources of xlbench; ``env``: changes to the environment (None removes);
    ``cwd``: by default an empty folder; ``fresh``: whether it is an interpreter of its own, too, that loads every
    module itself (as it is where ``env`` or ``pythonpath`` hold what is read at its start), and no fork of one that has
    them. Several can run at once.
    """
    return _cli(tmp_path, _server)


@pytest.fixture(scope="session")
def cli_in(_server: Server | None) -> Callable[[Path], Cli]:
    """A function: a folder -> what `xlbench_cli` is, in this folder; for fixtures of modules and of the session."""
    return lambda folder: _cli(folder, _server)


@pytest.fixture
def checkpoint_cli(tmp_path: Path, _server_of_checkpoints: Server | None) -> Cli:
    """As `xlbench_cli`, forked from a process that has torch and the libraries of checkpoints, too."""
    return _cli(tmp_path, _server_of_checkpoints, (*AT_THE_START, *OF_THE_HUB))


def _cli(folder: Path, server: Server | None, read_early: tuple[str, ...] = AT_THE_START) -> Cli:
    ours = environment([], {})

    def run(
        args: Sequence[str | Path],
        pythonpath: Sequence[Path] = (),
        env: Mapping[str, str | None] | None = None,
        cwd: Path | None = None,
        timeout: float = 300,
        fresh: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        command, variables = [*map(str, args)], environment(pythonpath, env or {})
        changed = {name for name, value in (env or {}).items() if value != ours.get(name)}
        at_the_start = any(name.startswith(read_early) for name in changed)
        at_the_start |= any((site / "sitecustomize.py").exists() for site in pythonpath)  # which no fork would run
        if server and not fresh and not at_the_start:
            return server.run(command, variables, cwd or folder, timeout)
        return subprocess.run(
            [sys.executable, "-m", "xlbench", *command],
            env=variables,
            cwd=cwd or folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=timeout,
        )

    return run


def environment(pythonpath: Sequence[Path], changes: Mapping[str, str | None]) -> dict[str, str]:
    """This process's environment with other folders to import from, and of xlbench's settings the cache alone."""
    ours = {name for name in os.environ if name.startswith("XLBENCH_") and name != "XLBENCH_CACHE"}
    values: dict[str, str | None] = {name: it for name, it in os.environ.items() if name not in ours}
    values |= {"PYTHONPATH": os.pathsep.join(map(str, (*pythonpath, *SOURCES))), "PYTHONUTF8": "1"}
    values |= changes
    return {name: value for name, value in values.items() if value is not None}


# ---- campaigns: tests of chance that grow


@pytest.fixture(scope="session")
def scale() -> int:
    """How many times as much as usual a campaign tries (XLBENCH_CAMPAIGN, by `make campaign`)."""
    return int(os.environ.get("XLBENCH_CAMPAIGN", "1"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, outside a campaign, a test that takes long and of whose kind the ordinary tests have a quicker one."""
    if item.get_closest_marker("campaign") and "XLBENCH_CAMPAIGN" not in os.environ:
        pytest.skip("it takes long: `make campaign` has it")


LARGE = bool(os.environ.get("XLBENCH_LARGE"))
"""Whether benchmarks measure at their full size (XLBENCH_LARGE, by `make bench`)."""


@pytest.fixture(scope="session")
def chance() -> random.Random:
    """A source of chance with a seed that can be given again (XLBENCH_CAMPAIGN_SEED)."""
    return random.Random(int(os.environ.get("XLBENCH_CAMPAIGN_SEED", "20")))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a finished run with a cell of every area, of two models."""
    import xlbench

    folder = tmp_path_factory.mktemp("campaign")
    xlbench.run(
        ["random", "ngram"], ["mini-parallel", "mini-words-relatedness", "mini-news", "mini-sentiment", "mini-ner"],
        languages=["isl"], results=folder / "results", cache=False,
    )  # fmt: skip
    return folder / "results"
