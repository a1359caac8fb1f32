"""Parses the spec of a class into file, name and arguments."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

from xlbench import UsageError
from xlbench.core.text import did_you_mean
from xlbench_classes import source_code


@dataclass(frozen=True)
class Target:
    """A class (or function) in a file, and the arguments that it is to be called with."""

    text: str
    """The spec as it was given."""
    file: Path
    module: str
    """Dotted name of an importable module; empty for a file."""
    name: str
    arguments: Mapping[str, str]
    """Names and values after the ``?``, percent-decoded."""

    @property
    def root(self) -> Path:
        """The folder from which the file's neighbors are imported: its own, or the one that its package lies in."""
        parts = self.module.count(".") + (self.file.name == "__init__.py")
        return self.file.parents[parts if self.module else 0]

    @property
    def package(self) -> str:
        """The top-level package outside of which no source counts; empty where all of ``root`` counts."""
        top = self.module.partition(".")[0]
        return top if "." in self.module or self.file.name == "__init__.py" or _is_library(self.root) else ""


def is_target(spec: str) -> bool:
    """Whether ``spec`` names a class: ``*.py:name`` does, and ``module:name`` where the module is found.

    A module without a dot counts where its file has that name: another scheme may be called as a library is.
    """
    where, name = _split(spec)
    if not name.isidentifier():
        return _lacks_class(spec)
    if where.endswith(".py"):
        return Path(where).is_file() or ":" not in where
    file = _file_of(where)
    return file is not None and ("." in where or source_code.has_name(file, name))


def target_of(spec: str) -> Target:
    """Take a spec apart. `UsageError` where the file or module is not there, or an argument is given twice."""
    if _lacks_class(spec):
        raise UsageError(f"{spec!r} names a file and no class: write {spec.partition('?')[0]}:CLASS")
    where, name = _split(spec)
    if where.endswith(".py"):
        file, module = Path(where).resolve(), ""
        if not file.is_file():
            raise UsageError(f"{spec!r}: there is no file {where}.{_similar_file(file)}")
    else:
        found, module = _file_of(where), where
        if found is None:
            raise UsageError(f"{spec!r}: there is no module {where} with a source file")
        file = found.resolve()
    arguments: dict[str, str] = {}
    for part in filter(None, spec.partition("?")[2].split("&")):
        parameter, _, value = part.partition("=")
        if parameter in arguments:
            raise UsageError(f"{spec!r} gives {parameter!r} twice")
        arguments[parameter] = unquote(value)
    return Target(spec, file, module, name, arguments)


def _lacks_class(spec: str) -> bool:
    """Whether the class was left out after the file that it is in."""
    where = spec.partition("?")[0]
    return where.endswith(".py") and Path(where).is_file()


def _similar_file(file: Path) -> str:
    """A file that may have been meant."""
    try:
        return did_you_mean(file.name, [other.name for other in file.parent.glob("*.py")])
    except OSError:
        return ""


def _split(spec: str) -> tuple[str, str]:
    where, _, name = spec.partition("?")[0].rpartition(":")
    return where, name


def _file_of(module: str) -> Path | None:
    """The source file of a module, found without importing it or the packages that it is in."""
    names = module.split(".")
    if not all(map(str.isidentifier, names)):
        return None
    found = _top_level(names[0])
    for depth in range(2, len(names) + 1):
        if found is None or found.submodule_search_locations is None:
            return None
        found = PathFinder.find_spec(".".join(names[:depth]), list(found.submodule_search_locations))
    file = Path(found.origin) if found and found.has_location and found.origin else None
    return file if file and file.suffix == ".py" else None


def _top_level(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except (ImportError, ValueError):  # a module in sys.modules without a spec, such as __main__
        return None


def _is_library(folder: Path) -> bool:
    """Whether a folder holds installed libraries, which are told apart by their versions and not by their source."""
    places = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return str(folder) in {str(Path(place).resolve()) for place in places} or folder.name in _LIBRARIES


_LIBRARIES = ("site-packages", "dist-packages", f"python{sys.version_info[0]}.{sys.version_info[1]}")
