"""Finds the entry points of the installed plugins, and sifts them by what somebody has chosen; imports none of them."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable
from importlib import metadata
from importlib.metadata import EntryPoint

from xlbench.catalog.catalog import GROUP, Broken, Plugin, ShutOut
from xlbench.catalog.checking import attempt
from xlbench.core.errors import UsageError
from xlbench.core.plugin_choice import OWN, chosen, normalized


def entry_points_of(name: str) -> list[EntryPoint]:
    """The entry points that a name means: a plugin's, its distribution's, or its module's; of a module that is not
    installed as a plugin, one that is made for it. Empty where there is none of these; `UsageError` where it means a
    plugin that is, by choice, not loaded."""
    installed = sorted_entry_points(_installed_entry_points()[0])
    meanings: tuple[Callable[[EntryPoint], bool], ...] = (
        lambda one: one.name == name,
        lambda one: normalized(source_of(one.dist)[0]) == normalized(name),
        lambda one: name in (one.module, one.module.partition(".")[0]),
    )
    for means in meanings:
        if found := [one for one in installed if means(one)]:
            _, shut_out = _sift(found)
            if shut_out:
                raise UsageError(f"the plugin {shut_out[0].label} is not loaded: {shut_out[0].why}")
            return found
    spec, _ = attempt(importlib.util.find_spec, name)
    return [EntryPoint(name, name, GROUP)] if spec is not None else []


def foreign_entry_points() -> list[EntryPoint]:
    """Those of all installed plugins that do not come with xlbench itself, and are not shut out."""
    installed, _, _ = chosen_entry_points()
    return [one for one in sorted_entry_points(installed) if normalized(source_of(one.dist)[0]) != OWN]


def installed_plugins() -> list[Plugin]:
    """The installed plugins, whether or not they are chosen, without importing any."""
    return [Plugin(one.name, *source_of(one.dist)) for one in sorted_entry_points(_installed_entry_points()[0])]


def chosen_entry_points() -> tuple[list[EntryPoint], list[Broken], list[ShutOut]]:
    """Those that are installed and not shut out, what cannot be read, and what is shut out."""
    installed, broken = _installed_entry_points()
    found, shut_out = _sift(sorted_entry_points(installed))
    return found, broken, shut_out


def _sift(entry_points: Iterable[EntryPoint]) -> tuple[list[EntryPoint], list[ShutOut]]:
    """The entry points that the environment's choice lets pass, and the others, with the reason."""
    choice, found, shut_out = chosen(), [], []
    for one in entry_points:
        distribution, version = source_of(one.dist)
        why = choice.why_not(one.name, distribution)
        if why:
            shut_out.append(ShutOut(one.name, distribution, version, why))
        else:
            found.append(one)
    return found, shut_out


def _installed_entry_points() -> tuple[list[EntryPoint], list[Broken]]:
    """The entry points of every distribution on the path; of one that is there twice, the first is what is imported.

    Each distribution is read apart: `importlib.metadata.entry_points` ends at the first unreadable file of anybody.
    """
    seen: set[str] = set()
    found: list[EntryPoint] = []
    broken: list[Broken] = []
    for distribution in metadata.distributions():
        text, _ = attempt(distribution.read_text, "entry_points.txt")
        if not text or not re.search(rf"^\s*\[\s*{GROUP}\s*\]", text, re.MULTILINE):
            continue
        name, version = source_of(distribution)
        if normalized(name) in seen:
            continue
        seen.add(normalized(name))
        ours, why = attempt(_is_own_distribution, distribution)
        found += ours or []
        if why:
            broken.append(Broken("entry_points.txt", name, version, f"cannot be read: {why}"))
    return found, broken


def _is_own_distribution(distribution: metadata.Distribution) -> list[EntryPoint]:
    return [entry_point for entry_point in distribution.entry_points if entry_point.group == GROUP]


def sorted_entry_points(entry_points: Iterable[EntryPoint]) -> list[EntryPoint]:
    """By name, then distribution; what is found twice (a path that is listed twice) counts once."""
    keyed = {(one.name, normalized(source_of(one.dist)[0]), one.value): one for one in reversed(list(entry_points))}
    return [keyed[key] for key in sorted(keyed)]


def source_of(distribution: metadata.Distribution | None) -> tuple[str, str]:
    """Name and version of a distribution; damaged metadata gives "unknown", never an error."""
    if distribution is None:
        return "unknown", ""
    fields, _ = attempt(_fields, distribution)
    name, version = fields or (None, None)
    return name or "unknown", version or ""


def _fields(distribution: metadata.Distribution) -> tuple[str, str]:
    fields = distribution.metadata  # parsed, with all of its README, whenever it is asked for
    return fields["Name"], fields["Version"]
