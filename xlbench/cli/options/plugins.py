"""Which plugins are loaded, by the command line, the environment and the configuration file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xlbench.core.errors import UsageError
from xlbench.core.plugin_choice import DENY_PLUGINS, NO_PLUGINS, PLUGINS, PluginChoice, chosen, normalized
from xlbench.core.text import did_you_mean


@dataclass(frozen=True)
class SourcedChoice:
    """A choice of plugins, and where each of its lists is from."""

    choice: PluginChoice
    wanted_from: str
    denied_from: str


def choose(
    named: Sequence[str] | None, lists: Mapping[str, tuple[str, ...]], where: Mapping[str, str]
) -> SourcedChoice:
    """The choice that counts: the command line, else the environment, else the file; what any of them denies is denied.

    Args:
        named: The plugins of the command line; (): no others than those that come with xlbench; None: it says nothing.
        lists: ``allow`` and ``deny`` of the configuration file, those that are there.
        where: List -> where it stands in the file.

    Raises:
        UsageError: One of the command line is not installed, or is denied.
    """
    by_environment = chosen()
    denied = tuple(dict.fromkeys((*by_environment.denied, *lists.get("deny", ()))))
    sources = [f"environment {DENY_PLUGINS}"] if by_environment.denied else []
    sources += [where["deny"]] if lists.get("deny") else []
    wanted: tuple[str, ...] | None
    if named is not None:
        wanted, source = tuple(named), "command line"
    elif by_environment.wanted is not None:
        wanted, source = by_environment.wanted, f"environment {PLUGINS if by_environment.wanted else NO_PLUGINS}"
    else:
        wanted, source = lists.get("allow"), where.get("allow", "default")
    choice = PluginChoice(wanted, denied)
    if named:
        _check(choice)
    return SourcedChoice(choice, source, " and ".join(sources) or "default")


def _check(choice: PluginChoice) -> None:
    from xlbench.catalog.entry_points import installed_plugins

    installed = installed_plugins()
    known = {name for one in installed for name in (one.name, one.distribution)}
    for name in choice.wanted or ():
        meant = [one for one in installed if name == one.name or normalized(name) == normalized(one.distribution)]
        if not meant:
            guess = did_you_mean(name, known)
            raise UsageError(f"--plugin {name}: no such plugin is installed.{guess} See 'xlbench plugins'.")
        for one in meant:
            if why := choice.why_not(one.name, one.distribution):
                raise UsageError(f"--plugin {name}: {one.label} cannot be loaded: {why}")
