"""Loads the plugins from their entry points; one that fails takes no other with it.

Whatever a plugin does wrong becomes a `Broken` and takes nothing else down. (pluggy's own
``load_setuptools_entrypoints`` ends at the first import that raises, and of two distributions with the same
entry-point name it drops one without a word.)
"""

from __future__ import annotations

import dataclasses
import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pluggy

from xlbench.catalog.catalog import GROUP, Broken, Catalog, Plugin
from xlbench.catalog.checking import KINDS, SINGULAR, attempt, flaw_of
from xlbench.catalog.entry_points import chosen_entry_points, sorted_entry_points, source_of
from xlbench.catalog.hooks import HOOKS, Hooks
from xlbench.core.text import did_you_mean
from xlbench.core.version import __version__

BUILTIN = EntryPoint("core", "xlbench.builtin", GROUP)
"""The plugin that xlbench itself is: there in every catalog, whatever is installed."""


@dataclass(frozen=True)
class LoadedPlugin:
    """What came of one entry point."""

    plugin: Plugin
    items: tuple[tuple[str, Any], ...] = ()
    """(kind, item), those without flaw."""
    reasons: tuple[str, ...] = ()
    imported: bool = True


def load(entry_points: Iterable[EntryPoint] | None = None) -> Catalog:
    """Load every plugin and ask it what it offers.

    ``entry_points``: those to load, in place of all that are installed and chosen (an empty list: only what is built
    in). They are taken in order of name and distribution. Raises nothing but KeyboardInterrupt: see `Catalog.broken`.
    """
    found, broken, shut_out = chosen_entry_points() if entry_points is None else (list(entry_points), [], [])
    core = _load_one(BUILTIN)
    loaded = [_load_one(entry_point) for entry_point in sorted_entry_points(found)]
    standing, contested, usurped = _resolve_claims(core, loaded)
    broken += [_broken(one.plugin, why) for one in loaded for why in one.reasons]
    broken += usurped
    origins = {claim: plugin for claim, (plugin, _) in standing.items()}
    offered = {kind: {name: item for (of, name), (_, item) in standing.items() if of == kind} for kind in KINDS}
    return Catalog(
        **offered,
        plugins=(core.plugin, *(one.plugin for one in loaded if one.imported)),
        broken=tuple(sorted(broken, key=lambda one: (one.plugin, one.distribution))),
        contested=contested,
        origins=origins,
        shut_out=tuple(shut_out),
    )


def load_with(entry_points: Iterable[EntryPoint]) -> Catalog:
    """The catalog of everything that is installed and chosen, and of these entry points where they are not."""
    installed, _, _ = chosen_entry_points()
    return load([*installed, *entry_points])


def _load_one(entry_point: EntryPoint) -> LoadedPlugin:
    source = ("xlbench", __version__) if entry_point is BUILTIN else source_of(entry_point.dist)
    plugin = Plugin(entry_point.name, *source)
    offering, why = attempt(entry_point.load)
    if why:
        return LoadedPlugin(plugin, reasons=(f"{entry_point.value} cannot be imported: {why}",), imported=False)
    looked, why = attempt(_hooks_of, offering)
    if looked is None:
        return LoadedPlugin(plugin, reasons=(f"{entry_point.value} cannot be looked at: {why}",), imported=False)
    hooks, reasons = looked
    items: list[tuple[str, Any]] = []
    for hook, implementation in hooks:
        good, flaws = _call_hook(hook, implementation)
        items += [(_kind(hook), item) for item in good]
        reasons += flaws
    names = tuple(dict.fromkeys(hook for hook, _ in hooks))
    return LoadedPlugin(
        dataclasses.replace(plugin, hooks=names, offers=names_by_kind(items)), tuple(items), tuple(reasons)
    )


def _kind(hook: str) -> str:
    return hook.removeprefix("xlbench_")


def names_by_kind(items: Iterable[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Kind -> names, for what a plugin offers."""
    names: dict[str, set[str]] = defaultdict(set)
    for kind, item in items:
        names[kind].add(item.name)
    return {kind: tuple(sorted(names[kind])) for kind in KINDS if kind in names}


def _hooks_of(offering: Any) -> tuple[list[tuple[str, Any]], list[str]]:
    """The hook implementations of a plugin's object, in the order of `HOOKS`, and what is wrong with others."""
    manager = pluggy.PluginManager(GROUP)
    marked: dict[str, Mapping[str, Any]] = {}
    reasons: list[str] = []
    for attribute in dir(offering):
        options, why = attempt(manager.parse_hookimpl_opts, offering, attribute)
        if why:
            reasons.append(f"{attribute} cannot be looked at: {why}")
        elif options is not None:
            marked[attribute] = options
        elif attribute in HOOKS and inspect.isroutine(getattr(offering, attribute)):
            reasons.append(f"{attribute} is not marked with @xlbench.hookimpl, so it is never asked")
    if not marked and not reasons:
        reasons.append("offers nothing: it has no function that is marked with @xlbench.hookimpl")
    hooks = {attribute: str(options.get("specname") or attribute) for attribute, options in marked.items()}
    misfits = {attribute: _why_not_a_hook(hook, marked[attribute]) for attribute, hook in hooks.items()}
    reasons += [why for why in misfits.values() if why]
    found = [(hook, getattr(offering, name)) for name, hook in hooks.items() if hook in HOOKS and not misfits[name]]
    return sorted(found, key=lambda one: HOOKS.index(one[0])), reasons


def _why_not_a_hook(hook: str, options: Mapping[str, Any]) -> str:
    """Why a marked function is no implementation of a hook, or the empty string."""
    if options.get("wrapper") or options.get("hookwrapper"):
        return f"{hook} is marked as a wrapper: every hook is asked alone, so there is nothing to wrap"
    if hook in HOOKS or options.get("optionalhook"):  # "optional": for versions of xlbench that know more hooks
        return ""
    return f"{hook} is not a hook.{did_you_mean(hook, HOOKS)} The hooks are {', '.join(HOOKS)}"


def _call_hook(hook: str, implementation: Any) -> tuple[list[Any], list[str]]:
    """Call one implementation, alone, to its end: (items without flaw, what is wrong).

    One that raises half-way offers nothing: half of a list is not what its author meant to offer.
    """
    kind = _kind(hook)
    required = _required_arguments(implementation)
    if required:
        takes = f"it takes {', '.join(required)}, and hooks are called without arguments"
        return [], [f"{hook} does not fit its hook: {takes}"]
    manager, why = attempt(_plugin_manager, hook, implementation)
    if manager is None:
        return [], [f"{hook} does not fit its hook: {why}"]
    results, why = attempt(getattr(manager.hook, hook))
    if why:
        return [], [f"{hook} raised {why}"]
    result = results[0] if results else None  # pluggy leaves None out
    if isinstance(result, str | bytes | Mapping) or not isinstance(result, Iterable):
        return [], [f"{hook} returned {type(result).__name__}, not an iterable of {KINDS[kind].__name__}"]
    items: list[Any] | None
    items, why = attempt(list, result)  # a generator raises here
    if items is None:
        return [], [f"{hook} raised {why}"]
    flaws = [flaw_of(kind, item) for item in items]
    good = [item for item, flaw in zip(items, flaws, strict=True) if not flaw]
    return good, [f"{hook} offers something unusable: {flaw}" for flaw in dict.fromkeys(flaws) if flaw]


def _required_arguments(implementation: Any) -> list[str]:
    """Names of the arguments without which a function cannot be called; none where it does not tell."""
    signature, _ = attempt(inspect.signature, implementation)
    kinds = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    parameters = signature.parameters.values() if signature else ()
    return [one.name for one in parameters if one.default is one.empty and one.kind not in kinds]


def _plugin_manager(hook: str, implementation: Any) -> pluggy.PluginManager:
    """A manager that knows this implementation only, checked against the hook's arguments."""
    manager, plugin = pluggy.PluginManager(GROUP), ModuleType("plugin")
    manager.add_hookspecs(Hooks)
    setattr(plugin, hook, implementation)
    manager.register(plugin, "plugin")
    return manager


def _resolve_claims(
    core: LoadedPlugin, loaded: Sequence[LoadedPlugin]
) -> tuple[dict[tuple[str, str], tuple[Plugin, Any]], dict[tuple[str, str], tuple[Plugin, ...]], list[Broken]]:
    """Who owns each (kind, name): one claimant does, several do not; what is built in cannot be taken.

    Suites whose names differ in case alone are claims of one name: their boards would be one file on many systems.
    """
    claims: dict[tuple[str, str], list[tuple[Plugin, Any]]] = defaultdict(list)
    for one in (core, *loaded):
        for kind, item in one.items:
            claims[kind, item.name].append((one.plugin, item))
    alike: dict[tuple[str, str], list[Plugin]] = defaultdict(list)
    for kind, name in sorted(claims):
        alike[kind, _name_key(kind, name)] += [plugin for plugin, _ in claims[kind, name]]
    standing, contested, usurped = {}, {}, []
    for claim in sorted(claims):
        first, *others = claims[claim]
        rivals = alike[claim[0], _name_key(*claim)]
        if len(rivals) > len(claims[claim]):
            contested[claim] = tuple(rivals)
            continue
        if not others or first[0] is core.plugin:
            standing[claim] = first
            why = f"the {SINGULAR[claim[0]]} name {claim[1]!r} is taken: it is built in"
            usurped += [_broken(plugin, why) for plugin, _ in others]
        else:
            contested[claim] = tuple(plugin for plugin, _ in claims[claim])
    return standing, contested, usurped


def _name_key(kind: str, name: str) -> str:
    """What tells names of a kind apart: of suites, which name files, not upper from lower case."""
    return name.casefold() if kind == "suites" else name


def _broken(plugin: Plugin, why: str) -> Broken:
    return Broken(plugin.name, plugin.distribution, plugin.version, why)
