"""The checks of a whole plugin: that it loads, what its names are worth, and the checks of all that it offers."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlbench.catalog.catalog import Catalog
from xlbench.catalog.checking import attempt
from xlbench.catalog.hooks import Recipe, Scheme
from xlbench.catalog.loading import load, load_with
from xlbench.core.task import Data, Suite
from xlbench.testing.checks import Check, Examination
from xlbench.testing.process import ConformanceError, ask_process, heavy_imports, require_light

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LIMIT = 100
"""Items of a subset that tasks of plugins are checked on."""


class CheckedPlugin:
    """A plugin, by itself and among all that are installed."""

    def __init__(self, entry_point: EntryPoint) -> None:
        self.entry_point = entry_point

    @cached_property
    def alone(self) -> Catalog:
        """What there is of this plugin, beside what is built in."""
        return load([self.entry_point])

    @cached_property
    def among_all(self) -> Catalog:
        """What there is of all plugins."""
        return load_with([self.entry_point])

    @property
    def offers(self) -> Mapping[str, tuple[str, ...]]:
        """Kind -> the names that it offers."""
        own = [plugin for plugin in self.alone.plugins[1:] if plugin.name == self.entry_point.name]
        return own[0].offers if own else {}


@dataclass(frozen=True)
class CheckedItem:
    """A suite, scheme or recipe, and the catalog in which it is used."""

    item: Any
    catalog: Catalog


def data_root() -> Path | None:
    """The folder that XLBENCH_DATA names, if it is there: where no data root is named for checks."""
    root = os.environ.get("XLBENCH_DATA")
    return Path(root) if root and Path(root).is_dir() else None


def examine_plugin(entry_point: EntryPoint, data: Data | None = None, *, stated: bool = False) -> Iterator[Examination]:
    """The checks of a plugin, then those of every item that it offers.

    Args:
        entry_point: The plugin.
        data: What its tasks are asked with; None: the data root of XLBENCH_DATA, and a limit.
        stated: Whether the data root was named for this, so that missing data is a failure.
    """
    plugin = CheckedPlugin(entry_point)
    yield Examination(f"plugin {entry_point.name}", plugin, CHECKS)
    for kind, names in sorted(plugin.offers.items()):
        known = getattr(plugin.alone, kind)
        for name in names:
            if name in known:
                yield _examine_item(kind, known[name], plugin, data or Data(data_root(), limit=LIMIT), stated=stated)


def examine_card(path: str, data: Data, *, stated: bool = False) -> Iterator[Examination]:
    """The checks of the task that a card makes, by its path.

    Raises:
        UsageError: The card cannot be read.
    """
    from xlbench.testing.tasks import examine_task

    for task in load().select_tasks([path]):
        yield examine_task(task, data, stated=stated)


def _examine_item(kind: str, item: Any, plugin: CheckedPlugin, data: Data, *, stated: bool) -> Examination:
    if kind == "models":
        from xlbench.testing.models import examine_model

        return examine_model(item)
    if kind == "tasks":
        from xlbench.testing.tasks import examine_task

        return examine_task(item, data, stated=stated)
    if kind == "engines":
        from xlbench.testing.engines import examine_engine

        return examine_engine(item)
    if kind == "boards":
        from xlbench.testing.boards import examine_board

        return examine_board(item)
    checks: Sequence[Check] = {"suites": OF_SUITES, "schemes": OF_SCHEMES, "recipes": OF_RECIPES}[kind]
    return Examination(f"{kind.removesuffix('s')} {item.name}", CheckedItem(item, plugin.among_all), checks)


def _can_be_loaded(one: CheckedPlugin) -> None:
    if one.alone.broken:
        raise ConformanceError("; ".join(broken.why for broken in one.alone.broken))
    if one.alone.contested:
        (kind, name), *_ = one.alone.contested
        raise ConformanceError(f"it offers two {kind} called {name!r}")


def _offers_something(one: CheckedPlugin) -> None:
    if not any(one.offers.values()):
        raise ConformanceError("its hooks offer nothing")


def _imports_late(one: CheckedPlugin) -> None:
    require_light(ask_process(heavy_imports, {one.entry_point.module: ""}))


def _offers_the_same_again(one: CheckedPlugin) -> None:
    offers = one.offers
    if CheckedPlugin(one.entry_point).offers != offers:
        raise ConformanceError("its hooks offer other names when they are asked again")


def _has_names_of_its_own(one: CheckedPlugin) -> None:
    for kind, names in one.offers.items():
        for name in names:
            claimants = one.among_all.contested.get((kind, name), ())
            others = [plugin.label for plugin in claimants if plugin.name != one.entry_point.name]
            if others:
                raise ConformanceError(f"the name {name!r} ({kind}) is claimed by {', '.join(others)}, too")


def _has_its_tasks(one: CheckedItem) -> None:
    suite: Suite = one.item
    missing = [name for name in suite.tasks if name not in one.catalog.tasks]
    if missing:
        raise ConformanceError(f"it names the task {missing[0]!r}, which no installed plugin offers")
    if not suite.tasks:
        raise ConformanceError("it names no task")


def _leaves_other_specs_alone(one: CheckedItem) -> None:
    scheme: Scheme = one.item
    others = [other for other in one.catalog.schemes.values() if other.name != scheme.name]
    for spec in ("", "a", "no-such-name", "unknown-scheme:some/name?x=1", "./no-such-folder/card.toml", "नमस्ते"):
        answer, failure = attempt(scheme.matches, spec)
        if failure:
            raise ConformanceError(f"matches({spec!r}) fails: {failure}")
        known = any(attempt(other.matches, spec)[0] for other in others)
        if answer and (known or not re.search("[:/]", spec)):
            raise ConformanceError(f"matches({spec!r}) says yes to what is none of its specs")


def _gives_a_command(one: CheckedItem) -> None:
    recipe: Recipe = one.item
    command, failure = attempt(recipe.command)
    if failure:
        raise ConformanceError(f"command() fails: {failure}")
    if not (callable(getattr(command, "make_context", None)) and callable(getattr(command, "invoke", None))):
        raise ConformanceError(f"command() gives {type(command).__name__}, which is no click command")


CHECKS = (
    Check(
        "it can be imported, and its hooks can be asked",
        "what is broken counts for nothing: nobody can name the models and tasks that it was to offer",
        "mend what the reason names; hooks take no arguments and are marked with @xlbench.hookimpl",
        _can_be_loaded,
        basic=True,
    ),
    Check(
        "it offers something",
        "a plugin that offers nothing is a mistake of packaging more often than a wish",
        "yield an item from a hook, and ship the files that it is made from with the package",
        _offers_something,
        basic=True,
    ),
    Check(
        "importing it imports nothing heavy",
        "`xlbench list` and every other command import every plugin: each of them would wait for it",
        "import numpy, torch and the like inside functions that are called later",
        _imports_late,
    ),
    Check(
        "its hooks offer the same when they are asked again",
        "every process asks them anew, workers among them: a name that is gone there is lost cells",
        "make what hooks yield of the package alone: no state, no chance, no generator that is kept",
        _offers_the_same_again,
    ),
    Check(
        "its names are claimed by no other plugin",
        "a name that two plugins claim belongs to neither of them",
        "begin names with your project's, or uninstall the other plugin",
        _has_names_of_its_own,
    ),
)
"""What is asked of a plugin as a whole."""

OF_SUITES = (
    Check(
        "every task of it is there",
        "`xlbench run --suite` ends in an error where one is not",
        "ship the task, or name the distribution that has it among the dependencies",
        _has_its_tasks,
    ),
)
OF_SCHEMES = (
    Check(
        "it leaves specs of others alone",
        "matches is asked about everything that is no name: a spec that two schemes claim is an error for both",
        "say yes to your own prefix alone: spec.startswith('mine:'); and never raise",
        _leaves_other_specs_alone,
    ),
)
OF_RECIPES = (
    Check(
        "command() gives a command",
        "`xlbench train NAME` runs it",
        "return a function that is decorated with @click.command() (or a group), and import what is slow inside it",
        _gives_a_command,
    ),
)
