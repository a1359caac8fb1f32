"""`Finding`: a line of ``xlbench doctor``; and those of this machine: versions, devices, folders, the network."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from xlbench.core.errors import EXTRAS
from xlbench.core.permissions import OFFLINE, permissions
from xlbench.core.text import byte_count, count_text, one_line
from xlbench.core.version import __version__

LEAST_FREE = 1 << 30
"""Bytes of a disk below which a run is soon in trouble."""
DEVICE_SECONDS = 120
"""How long torch may take to say which devices there are."""
_DEVICES = """
import json, torch
numbers = range(torch.cuda.device_count()) if torch.cuda.is_available() else ()
cuda = [torch.cuda.get_device_properties(number) for number in numbers]
print(json.dumps({"cuda": [[one.name, one.total_memory] for one in cuda], "mps": torch.backends.mps.is_available()}))
"""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    part: str
    state: Literal["ok", "note", "missing", "problem"]
    """``missing`` is not installed or not at hand, and asked for by nobody yet; a ``problem`` is in the way."""
    what: str
    remedy: str = ""
    """What to do about it."""


def versions() -> Iterator[Finding]:
    """xlbench, Python and the system; then the libraries of the core and of every extra."""
    yield Finding("versions", "ok", f"xlbench {__version__}, Python {platform.python_version()}, {platform.platform()}")
    try:
        wanted = metadata.requires("xlbench") or []
    except metadata.PackageNotFoundError:
        yield Finding("versions", "note", "xlbench runs from its sources, and is not installed", "pip install xlbench")
        return
    extras: dict[str, dict[str, str]] = {}
    for extra, name, least in filter(None, map(_requirement, wanted)):
        if not any(name in known for known in extras.values()):  # an extra may hold others
            extras.setdefault(extra, {})[name] = least
    for extra, libraries in extras.items():
        yield _of_extra(extra, libraries)


def _requirement(text: str) -> tuple[str, str, str] | None:
    """Extra ("": of the core), distribution and least version; None for those of no extra of ours, and for our own."""
    found = re.match(r"([\w.-]+)(?:\[[^]]*\])?\s*(?:>=([\d.]+))?", text)
    extra = re.search(r"extra == ['\"]([\w-]+)['\"]", text)
    name = found[1] if found else "xlbench"
    if found is None or name == "xlbench" or (extra and extra[1] not in EXTRAS):
        return None
    return (extra[1] if extra else ""), name, found[2] or "0"


def _of_extra(extra: str, libraries: Mapping[str, str]) -> Finding:
    """Whether the libraries of an extra ("": of the core) are there, in versions that are not too old."""
    found = {name: _version(name) for name in libraries}
    missing = [name for name, version in found.items() if version is None]
    old = [
        f"{name} {version} (needs {libraries[name]})"
        for name, version in found.items()
        if version is not None and _numbers(version) < _numbers(libraries[name])
    ]
    label, install = extra or "core", f"pip install --upgrade 'xlbench{f'[{extra}]' if extra else ''}'"
    if old or (missing and not extra):
        lacking = [*(f"{name} is not installed" for name in missing), *old]
        return Finding("versions", "problem", f"{label}: {', '.join(lacking)}", install)
    if missing:
        return Finding("versions", "missing", f"{label}: {', '.join(missing)}", install)
    return Finding("versions", "ok", f"{label}: {', '.join(f'{name} {version}' for name, version in found.items())}")


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """The release of a version, for comparisons: 2.13.0+cpu is (2, 13, 0)."""
    return tuple(map(int, re.findall(r"\d+", re.split(r"[^\d.]", version)[0])))


def devices() -> Iterator[Finding]:
    """Processors, and what torch can compute on: asked in a process of its own, as torch takes seconds to import."""
    from xlbench.runs.provenance import processor, threads

    yield Finding("devices", "ok", f"{processor()}, {count_text(threads(), 'thread')}")
    if _version("torch") is None:
        yield Finding("devices", "missing", "accelerators: torch is not installed", "pip install 'xlbench[hf]'")
        return
    try:
        command = [sys.executable, "-P", "-c", _DEVICES]
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEVICE_SECONDS, check=False)
        told = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        yield Finding("devices", "problem", f"torch did not answer within {DEVICE_SECONDS} s", "try 'import torch'")
    except ValueError:
        why = one_line(next(iter(done.stderr.strip().splitlines()[-1:]), f"exit code {done.returncode}"))
        yield Finding("devices", "problem", f"torch cannot be imported: {why}", "pip install --upgrade 'xlbench[hf]'")
    else:
        named = [f"cuda:{number} {name}, {byte_count(size)}" for number, (name, size) in enumerate(told["cuda"])]
        found = "; ".join([*named, *(["mps"] if told["mps"] else [])])
        yield Finding("devices", "ok" if found else "note", f"accelerators: {found or 'none that torch finds'}")


def caches() -> Iterator[Finding]:
    """The cache of vectors, and that of the Hugging Face libraries: where, and whether they can be written."""
    from xlbench.encoding.cache import Cache, default_folder

    folder = default_folder()
    if folder.is_dir():
        with Cache(folder) as cache:
            held = cache.info()
            troubles = [*cache.warnings, *(f"{path} was damaged, and is set aside" for path in held.set_aside)]
        yield Finding("caches", "ok", f"vectors: {folder}, {byte_count(held.bytes)}, {held.entries:,} entries")
        yield from (Finding("caches", "problem", one_line(line), "xlbench cache verify") for line in troubles)
    else:
        yield _made_later("caches", f"vectors: {folder}", folder)
    yield from _writable("caches", folder, "XLBENCH_CACHE, or cache-folder in the configuration, names another")
    hub = hub_folder()
    yield _made_later("caches", f"hub: {hub}", hub)
    yield from _writable("caches", hub, "HF_HOME names another")


def hub_folder() -> Path:
    """Where the libraries of the Hugging Face hub keep what they download; none of them is imported."""
    for variable, below in (("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")):
        if os.environ.get(variable):
            return Path(os.path.expanduser(os.environ[variable]), below)
    return Path(os.path.expanduser("~/.cache/huggingface/hub"))


def results(folder: Path) -> Iterator[Finding]:
    """Where cells are saved."""
    yield _made_later("folders", f"results: {folder}", folder)
    yield from _writable("folders", folder, "--results names another")


def _made_later(part: str, what: str, folder: Path) -> Finding:
    return Finding(part, "ok", what) if folder.is_dir() else Finding(part, "note", f"{what}, not there yet")


def data(folder: str | None) -> Iterator[Finding]:
    """Where data files lie."""
    if not folder:
        remedy = "--data, XLBENCH_DATA, or data in xlbench.toml names it"
        yield Finding("folders", "missing", "data: no folder is named: tasks that need files of your own skip", remedy)
    elif not Path(folder).is_dir():
        yield Finding("folders", "problem", f"data: there is no folder {folder}", "make it, or name another")
    else:
        yield Finding("folders", "ok", f"data: {folder}")


def _writable(part: str, folder: Path, remedy: str) -> Iterator[Finding]:
    """Problems of a folder that is, or is to be, written."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Finding(part, "problem", f"{folder} cannot be written", remedy)
    elif (free := shutil.disk_usage(there).free) < LEAST_FREE:
        yield Finding(part, "problem", f"{folder}: {byte_count(free)} are free on its disk", remedy)


def network(*, online: bool) -> Iterator[Finding]:
    """Whether requests may be made; and, where ``online``, whether the hub answers one."""
    said = [name for name in OFFLINE if os.environ.get(name)] if permissions().offline else []
    if said:
        yield Finding("network", "note", f"offline, as {', '.join(said)} says: what is not at hand is skipped")
    elif not online:
        yield Finding("network", "note", "not asked", "--online asks whether the hub answers")
    elif _version("huggingface-hub") is None:
        yield Finding("network", "missing", "huggingface-hub is not installed", "pip install 'xlbench[hub]'")
    else:
        yield _asked()


def _asked() -> Finding:
    from xlbench import hub

    if hub.answers():
        return Finding("network", "ok", f"{hub.address()} answers")
    remedy = "look at the connection, HTTPS_PROXY and HF_ENDPOINT; with --offline, runs use what is at hand"
    return Finding("network", "problem", f"{hub.address()} does not answer", remedy)
