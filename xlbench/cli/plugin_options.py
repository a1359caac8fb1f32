"""The options before a command that say which plugins are loaded, for as long as it runs."""

from __future__ import annotations

from collections.abc import Sequence

import click

from xlbench.core.errors import UsageError
from xlbench.core.plugin_choice import PluginChoice, choosing, chosen, normalized
from xlbench.core.text import did_you_mean


def choose(ctx: click.Context, wanted: Sequence[str]) -> None:
    """Load only these plugins, beside those that come with xlbench, until the end of the command.

    Args:
        ctx: The command's.
        wanted: Names of plugins or of their distributions; none: no others.

    Raises:
        UsageError: One is not installed, or is denied.
    """
    choice = PluginChoice(tuple(wanted), chosen().denied)
    if wanted:
        _check(choice)
    ctx.with_resource(choosing(choice))


def _check(choice: PluginChoice) -> None:
    from xlbench.catalog.loading import installed_plugins

    installed = installed_plugins()
    known = {name for one in installed for name in (one.name, one.distribution)}
    for name in choice.wanted or ():
        meant = [one for one in installed if name == one.name or normalized(name) == normalized(one.distribution)]
        if not meant:
            raise UsageError(f"--plugin {name}: no such plugin is installed.{did_you_mean(name, known)} "
                             "See 'xlbench plugins'.")  # fmt: skip
        for one in meant:
            if why := choice.why_not(one.name, one.distribution):
                raise UsageError(f"--plugin {name}: {one.label} cannot be loaded: {why}")
