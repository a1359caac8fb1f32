"""Finds the module of a protocol or a reader: one of this plugin's, or any ``package.module``.

Only somebody else's are looked at here: what they lack is told in one line, before anything is asked of them.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from xlbench import UsageError
from xlbench.core.text import error_text
from xlbench_tasks import protocols, readers

_KNOWN = {"protocol": protocols.PROTOCOLS, "reader": readers.READERS}
_PARTS: Mapping[str, Mapping[str, Any]] = {"protocol": protocols.PARTS, "reader": readers.PARTS}


def allowed(kind: str, given: object) -> Any:
    """What a card may say: the plugin's own names, or any text where a module is meant."""
    return str if isinstance(given, str) and "." in given else _KNOWN[kind]


def module_of(kind: str, name: str, where: str = "") -> ModuleType:
    """The module of a protocol or a reader; `UsageError`, which begins with ``where``, for one that is none."""
    if "." not in name:
        return importlib.import_module(f"xlbench_tasks.{kind}s.{name.replace('-', '_')}")
    what = f"{where} {kind}: {name!r}".strip()
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{what} is no module's name: write package.module")
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        advice = "; install its package, or name its folder in PYTHONPATH" if isinstance(error, ImportError) else ""
        raise UsageError(f"{what} cannot be imported: {error_text(error)}{advice}") from error
    _check(module, _PARTS[kind], what)
    return module


def _check(module: ModuleType, parts: Mapping[str, Any], what: str) -> None:
    if missing := [name for name in parts if not hasattr(module, name)]:
        raise UsageError(f"{what} lacks {', '.join(missing)}")
    for name, kind in parts.items():
        value = getattr(module, name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            words = {int: "a whole number", Mapping: "a mapping", tuple: "a tuple", Callable: "a function"}[kind]
            raise UsageError(f"{what}: {name} is not {words}")
