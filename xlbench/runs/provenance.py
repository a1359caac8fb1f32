"""Provenance of a run: versions of the libraries, the machine, the command line, the git revision, peak memory."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from xlbench.core.record import PLUGINS, Cell, plugins_of

try:
    import resource
except ModuleNotFoundError:  # Windows
    resource = None  # type: ignore[assignment]

LIBRARIES = ("numpy", "scipy", "scikit-learn", "pyarrow", "pandas", "babel", "datasets", "torch", "transformers",
             "sentence-transformers", "mteb")  # fmt: skip
"""Distributions whose version may move a number in its last digits, or more."""


def of_process(plugins: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Provenance of what is computed here: versions (of xlbench, libraries and plugin distributions), git revision of
    the current folder where there is one, platform, processor, threads."""
    return {
        "versions": {"python": platform.python_version(), **_versions(LIBRARIES), **dict(plugins)},
        "git": git_revision(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processor": processor(),
        "threads": threads(),
    }


def of_plugins(model: Mapping[str, str], task: Mapping[str, str]) -> dict[str, Any]:
    """What a cell says of the plugins that its model and its task come from: distribution -> version of each."""
    return {PLUGINS: {"model": dict(model), "task": dict(task)}}


def of_cells(cells: Iterable[Cell]) -> dict[str, dict[str, str]]:
    """The plugins of all cells together: what took part -> distribution -> version, several where they differ."""
    found: dict[str, dict[str, dict[str, None]]] = {}
    for cell in cells:
        for what, versions in plugins_of(cell).items():
            for distribution, version in versions.items():
                found.setdefault(what, {}).setdefault(distribution, {})[version] = None
    return {
        what: {distribution: ", ".join(versions) for distribution, versions in found[what].items()} for what in found
    }


def of_command(command: Iterable[str]) -> list[str]:
    """The command with its program's name alone: where it is installed is nobody's business."""
    program, *arguments = list(command) or [""]
    return [os.path.basename(program), *arguments]


def _versions(distributions: Iterable[str]) -> dict[str, str]:
    versions = {}
    for name in distributions:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_revision() -> str | None:
    """Revision of the git checkout around the current folder (``+``: files differ from it); None outside of one."""
    try:
        revision = _git("rev-parse", "HEAD")
        return revision + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    return _output("git", *arguments)


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()


def processor() -> str:
    """The processor's name as its maker writes it; its kind (``x86_64``) where the system does not say."""
    if sys.platform == "linux":
        try:
            lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        return next(names, "") or platform.machine()
    if sys.platform == "darwin":
        try:
            return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
        except (OSError, subprocess.SubprocessError):
            return platform.machine()
    return platform.processor() or platform.machine()


def linear_algebra() -> list[dict[str, Any]]:
    """The BLAS libraries that this process has loaded so far, each once.

    Returns:
        Of each: ``library``, ``version``, the ``kernel`` that it chose for the processor, and its ``threads``. Numbers
        may differ in their last digits between kernels.
    """
    from threadpoolctl import threadpool_info

    pools = [
        {
            "library": pool["internal_api"],
            "version": pool["version"],
            "kernel": pool.get("architecture"),
            "threads": pool["num_threads"],
        }
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]
    return [pool for number, pool in enumerate(pools) if pool not in pools[:number]]


def threads() -> int:
    """Threads that the processor libraries may use."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        if os.environ.get(variable, "").isdigit():
            return int(os.environ[variable])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_memory_bytes() -> int | None:
    """Largest resident size of this process so far; None where the system does not say (Windows)."""
    if resource is None:
        return None
    if sys.platform == "linux":  # what getrusage says there is at least what the process had that started this one
        with contextlib.suppress(OSError):
            lines = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines()
            for line in lines:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
