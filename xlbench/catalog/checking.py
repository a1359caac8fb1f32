"""Checks of what plugins offer, and calls of plugin code whose exceptions become one-line messages."""

from __future__ import annotations

import importlib
import os
import reprlib
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pluggy

from xlbench.catalog.hooks import BoardFormat, Engine, Recipe, Scheme
from xlbench.core.errors import UsageError
from xlbench.core.ids import check_name
from xlbench.core.model import Model
from xlbench.core.record import LOOSE
from xlbench.core.specs import Option
from xlbench.core.task import Metric, Suite, Task
from xlbench.core.text import error_text

KINDS: Mapping[str, type[Any]] = {
    "models": Model, "tasks": Task, "suites": Suite, "schemes": Scheme, "engines": Engine, "boards": BoardFormat,
    "recipes": Recipe,
}  # fmt: skip
"""Kind -> what its hook, ``xlbench_<kind>``, yields."""

T = TypeVar("T")

SINGULAR = {kind: kind.removesuffix("s") for kind in KINDS}


_CALLABLE: Mapping[str, tuple[str, ...]] = {
    "models": ("load",), "tasks": ("subsets", "evaluate"), "schemes": ("matches",), "engines": ("map",),
    "boards": ("render",), "recipes": ("command",),
}  # fmt: skip
_TUPLES: Mapping[str, tuple[str, type]] = {
    "models": ("trained_on", str), "tasks": ("metrics", Metric), "suites": ("tasks", str),
    "schemes": ("options", Option),
}  # fmt: skip
_TEXTS = ("description", "license", "data", "citation", "home", "settings")


def flaw_of(kind: str, item: Any) -> str:
    """`flaw_in` of an item that may raise when it is looked at."""
    flaw, why = attempt(flaw_in, kind, item, check_name)
    return flaw if flaw is not None else f"it cannot be looked at: {why}"


def flaw_in(kind: str, item: Any, check: Callable[[str, object], str]) -> str:
    """What makes an item unusable for everybody who reads the catalog, or the empty string."""
    if not isinstance(item, KINDS[kind]):
        return f"{reprlib.repr(item)} is a {type(item).__name__}, not a {KINDS[kind].__name__}"
    try:
        check(SINGULAR[kind], item.name)
        if kind == "tasks":
            check_name("area", getattr(item, "area", None))
    except UsageError as error:
        return str(error)
    if kind == "suites" and item.name.casefold() == LOOSE:
        return f"suite name {item.name!r} is the name of the board of tasks without a suite: choose another"
    wrong = [f"{name} must be a function" for name in _CALLABLE.get(kind, ()) if not callable(getattr(item, name))]
    if isinstance(item, Task) and item.imports:  # to look at what comes with its modules would import them
        return f"task {item.name!r}: {'; '.join(wrong)}" if wrong else ""
    wrong += [f"{name} must be text" for name in _TEXTS if not isinstance(getattr(item, name, ""), str)]
    name, of = _TUPLES.get(kind, ("name", object))
    members = getattr(item, name)
    if kind in _TUPLES and not (isinstance(members, tuple) and all(isinstance(member, of) for member in members)):
        wrong.append(f"{name} must be a tuple of {of.__name__}")
    if isinstance(item, Task) and item.metrics == ():
        wrong.append("metrics must not be empty")
    if isinstance(item, Scheme) and not (item.model or item.combine or item.tasks or item.suites):
        wrong.append("it makes neither a model nor tasks nor a suite")
    return f"{SINGULAR[kind]} {item.name!r}: {'; '.join(wrong)}" if wrong else ""


def check_label(kind: str, name: object) -> str:
    """What a scheme makes may be called as its spec is, slashes and all, but must fit on one line of a table."""
    if not isinstance(name, str) or not name.isprintable() or not 0 < len(name) <= 500:
        raise UsageError(f"{kind} name {name!r} must be one line of at most 500 characters")
    return name


def attempt(action: Callable[..., T], *arguments: Any) -> tuple[T | None, str]:
    """(result, "") of foreign code, or (None, what it raised). SystemExit and a Rust library's panic count, too."""
    try:
        return action(*arguments), ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - foreign code may raise anything, and takes nothing else down
        return None, error_line(error)


def error_line(error: BaseException) -> str:
    """One line: the kind of error, what it says, and where in the foreign code it was raised."""
    text = error_text(error)
    ours = [os.path.dirname(file) for file in (importlib.__file__, pluggy.__file__, __file__)]
    machinery = ("<frozen", *ours)
    places = [
        f"{os.path.basename(frame.f_code.co_filename)}, line {line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if not frame.f_code.co_filename.startswith(machinery)
    ]
    return f"{text} ({places[-1]})" if places else text
